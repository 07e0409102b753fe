#include "vn_model_custom.h"

#include "vn_replicates_internal.h"

#define BLOCK 256 /* cells of a call that needs memory of its own: on the stack */

static const vn_model_custom *of(const vn_model_row *row) { return (const vn_model_custom *)row; }

static void derivatives(const vn_model_row *row, const double *d, const double *win,
                        const double *loss, const double *tie, double t, int len, double *g,
                        double *h, double *dt, double *sums)
{
    (void)tie; (void)t; (void)dt; (void)sums;
    if (len > 0) of(row)->cell(d, win, loss, len, g, h);
}

static double log_likelihood(const vn_model_row *row, const double *d, const double *win,
                             const double *loss, const double *tie, double t, int len)
{
    (void)tie; (void)t;
    return len > 0 ? of(row)->value(d, win, loss, len) : 0.0;
}

/* Slopes of a win, F'/F at d, and of a loss, -F'/F at -d. */
static void slopes(const vn_model_row *row, int len, const double *d, double *win, double *loss)
{
    double one[BLOCK], none[BLOCK], curve[BLOCK];
    for (int k = 0; k < len; k++) one[k] = 1.0, none[k] = 0.0;
    of(row)->cell(d, one, none, len, win, curve);
    of(row)->cell(d, none, one, len, loss, curve);
}

/* F(d) and F(-d) are as the size of the slopes of a loss and of a win: both are F' divided by them. */
static void advantage(const vn_model_row *row, int64_t n, double *d)
{
    double win[BLOCK], loss[BLOCK];
    for (int64_t k = 0; k < n; k += BLOCK) {
        const int len = (int)VN_MIN(BLOCK, n - k);
        slopes(row, len, d + k, win, loss);
        for (int l = 0; l < len; l++) d[k + l] = (win[l] + loss[l]) / (loss[l] - win[l]);
    }
}

static void information(const vn_model_row *row, int64_t n, double *d)
{
    double win[BLOCK], loss[BLOCK];
    for (int64_t k = 0; k < n; k += BLOCK) {
        const int len = (int)VN_MIN(BLOCK, n - k);
        slopes(row, len, d + k, win, loss);
        for (int l = 0; l < len; l++) d[k + l] = -win[l] * loss[l];
    }
}

static void replicate_gradient(const vn_replicates *p, vn_replicate_block *w)
{
    double d[BLOCK], g[BLOCK], h[BLOCK];
    for (int64_t e = 0; e < p->n_edges; e += BLOCK / LANES) {
        const int len = (int)VN_MIN(BLOCK / LANES, p->n_edges - e);
        for (int k = 0; k < len; k++) {
            const double *xi = w->x + LANES * (int64_t)p->first[e + k];
            const double *xj = w->x + LANES * (int64_t)p->second[e + k];
            for (int l = 0; l < LANES; l++) d[LANES * k + l] = xi[l] - xj[l];
        }
        of(p->model)->cell(d, w->a + LANES * e, w->b + LANES * e, LANES * len, g, h);
        for (int k = 0; k < len; k++) {
            double *gi = w->g + LANES * (int64_t)p->first[e + k];
            double *gj = w->g + LANES * (int64_t)p->second[e + k];
            for (int l = 0; l < LANES; l++) {
                gi[l] += g[LANES * k + l];
                gj[l] -= g[LANES * k + l];
            }
        }
    }
}

void vn_model_custom_row(vn_model_custom *model, const char *name, vn_cell_function cell,
                         vn_value_function value)
{
    const double zero = 0.0, one = 1.0;
    double slope, curve; /* half of it is the density between equals; the logistic one's is 1/4 */
    cell(&zero, &one, &zero, 1, &slope, &curve);
    *model = (vn_model_custom){
        .row = {.name = name, .derivatives = derivatives, .log_likelihood = log_likelihood,
                .start_unit = 0.5 / slope, .without_ties = &model->row, .advantage = advantage,
                .information = information, .parts = {{1, 0, 0}, {0, 1, 0}, {0.5, 0.5, 0}},
                .replicate_gradient = replicate_gradient},
        .cell = cell, .value = value};
}
