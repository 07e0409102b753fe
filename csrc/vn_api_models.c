/* The models of venire.h: links and cells. */
#include <math.h>
#include <string.h>

#include "vn_api.h"
#include "vn_model.h"

#define CELLS 512 /* that are worked on at a time */

static const vn_model_row *row_of(int32_t model) { return model < 0 ? NULL : vn_model_at(model); }

int32_t venire_model(const char *name)
{
    for (int k = 0; name && vn_model_at(k); k++)
        if (!strcmp(vn_model_at(k)->name, name)) return k;
    return -1;
}

const char *venire_model_name(int32_t model)
{
    const vn_model_row *row = row_of(model);
    return row ? row->name : NULL;
}

int venire_model_has_tie(int32_t model)
{
    const vn_model_row *row = row_of(model);
    return row && row->has_tie;
}

/* One comparison that ended so. */
typedef struct {
    const vn_model_row *row;
    double win, loss, tie;
} single;

static int single_of(int32_t model, int32_t outcome, double d, double log_tie, single *s)
{
    *s = (single){row_of(model), outcome == VENIRE_WIN, outcome == VENIRE_LOSS, outcome == VENIRE_TIE};
    if (!s->row || outcome < VENIRE_WIN || outcome > VENIRE_TIE || !isfinite(d)) return 0;
    if (!s->row->has_tie) return outcome != VENIRE_TIE;
    return log_tie >= s->row->least_log_tie && log_tie < INFINITY;
}

double venire_link_probability(int32_t model, int32_t outcome, double d, double log_tie)
{
    single s;
    if (!single_of(model, outcome, d, log_tie, &s)) return NAN;
    return exp(s.row->log_likelihood(s.row, &d, &s.win, &s.loss, &s.tie, log_tie, 1));
}

/* d log P / dd and -d2 log P / dd2 */
static void slopes_of(const single *s, double d, double log_tie, double *slope, double *curvature)
{
    double between, sums[2] = {0.0, 0.0};
    s->row->derivatives(s->row, &d, &s->win, &s->loss, &s->tie, log_tie, 1, slope, curvature, &between,
                        sums);
}

double venire_link_slope(int32_t model, int32_t outcome, double d, double log_tie)
{
    single s;
    double slope, curvature;
    if (!single_of(model, outcome, d, log_tie, &s)) return NAN;
    slopes_of(&s, d, log_tie, &slope, &curvature);
    return slope;
}

double venire_link_curvature(int32_t model, int32_t outcome, double d, double log_tie)
{
    single s;
    double slope, curvature;
    if (!single_of(model, outcome, d, log_tie, &s)) return NAN;
    slopes_of(&s, d, log_tie, &slope, &curvature);
    return curvature;
}

/* Cells of a call, some at a time: ties are added half and half where they are no outcome. */
typedef struct {
    const vn_model_row *row;
    const double *d, *win, *loss, *tie;
} cells;

static int open_cells(int32_t model, int64_t n, double log_tie, venire_call *call, cells *c)
{
    vn_api_how how;
    VN_API_TRY(vn_api_open(call, &how));
    c->row = row_of(model);
    if (!c->row) return vn_api_fault(call, VENIRE_NO_MODEL, "model", -1, model);
    VN_API_TRY(vn_api_count(call, "n", n));
    VN_API_TRY(vn_api_array(call, "d", n, c->d));
    VN_API_TRY(vn_api_array(call, "win", n, c->win));
    VN_API_TRY(vn_api_array(call, "loss", n, c->loss));
    VN_API_TRY(vn_api_range(call, "d", n, c->d, -VN_API_MOST, VN_API_MOST));
    VN_API_TRY(vn_api_range(call, "win", n, c->win, 0.0, VN_API_MASS));
    VN_API_TRY(vn_api_range(call, "loss", n, c->loss, 0.0, VN_API_MASS));
    VN_API_TRY(vn_api_range(call, "tie", n, c->tie, 0.0, VN_API_MASS));
    if (c->row->has_tie && !(log_tie >= c->row->least_log_tie && log_tie < INFINITY))
        return vn_api_fault(call, VENIRE_BAD_VALUE, "log_tie", -1, log_tie);
    return VENIRE_OK;
}

/* Masses of `len` cells from `from` on, as the model counts them. */
static void masses(const cells *c, int64_t from, int len, double mass[3][CELLS])
{
    for (int k = 0; k < len; k++) {
        const double tie = c->tie ? c->tie[from + k] : 0.0, half = c->row->has_tie ? 0.0 : 0.5 * tie;
        mass[0][k] = c->win[from + k] + half;
        mass[1][k] = c->loss[from + k] + half;
        mass[2][k] = tie;
    }
}

int venire_cells_log_likelihood(int32_t model, int64_t n, const double *d, const double *win,
                                const double *loss, const double *tie, double log_tie,
                                venire_call *call, double *value)
{
    cells c = {.d = d, .win = win, .loss = loss, .tie = tie};
    double mass[3][CELLS];
    VN_API_TRY(open_cells(model, n, log_tie, call, &c));
    VN_API_TRY(vn_api_array(call, "value", 1, value));
    double sum = 0.0;
    for (int64_t k = 0; k < n; k += CELLS) {
        const int len = (int)VN_MIN(n - k, (int64_t)CELLS);
        masses(&c, k, len, mass);
        sum += c.row->log_likelihood(c.row, d + k, mass[0], mass[1], mass[2], log_tie, len);
    }
    *value = sum;
    return VENIRE_OK;
}

int venire_cells_derivatives(int32_t model, int64_t n, const double *d, const double *win,
                             const double *loss, const double *tie, double log_tie,
                             venire_call *call, double *slope, double *curvature)
{
    cells c = {.d = d, .win = win, .loss = loss, .tie = tie};
    double mass[3][CELLS], between[CELLS], sums[2] = {0.0, 0.0};
    VN_API_TRY(open_cells(model, n, log_tie, call, &c));
    VN_API_TRY(vn_api_array(call, "slope", n, slope));
    VN_API_TRY(vn_api_array(call, "curvature", n, curvature));
    for (int64_t k = 0; k < n; k += CELLS) {
        const int len = (int)VN_MIN(n - k, (int64_t)CELLS);
        masses(&c, k, len, mass);
        c.row->derivatives(c.row, d + k, mass[0], mass[1], mass[2], log_tie, len, slope + k,
                           curvature + k, between, sums);
    }
    return VENIRE_OK;
}
