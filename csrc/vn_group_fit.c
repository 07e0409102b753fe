#include "vn_group_fit.h"

#include <math.h>
#include <string.h>

#include "vn_existence.h"
#include "vn_group_internal.h"
#include "vn_team.h"

#define FIT_GROUPS 8   /* groups of a block */
#define SETTLED 1e-3 /* last change of a linear predictor: its square is the error left */
#define ROUNDING 3e-15 /* a residual below may be nothing else */
#define EXTRA 50     /* iterations for that once the residual is small, at most */
#define ROOM 10.0    /* a linear predictor may at most double in one step, and change by this */
#define CUTS 40
#define CUTS_FOR_RESIDUAL 6


/* Where one fit stands. */
typedef struct {
    double residual, change;
    int n_iter;
} progress;

/* The Newton step: theta's part by conjugate gradients, the border's by its Schur complement.
 * Returns 0 where the solver was too slow. */
static int newton_step(vn_small *w, double eta, int patience)
{
    const int endless = 20 * (w->n + 20), m = w->n_border, n = w->rows;
    const int limit = patience ? VN_MIN(patience, endless) : endless;
    if (m > 0) eta *= 0.1; /* the border's part is a difference of solutions */
    if (vn_small_solve(w, w->gradient, eta, limit, w->step) < 0 && patience) return 0;
    if (m == 0) return 1;
    double schur[2][2], rhs[2], y[2] = {0.0, 0.0};
    for (int k = 0; k < m; k++)
        if (vn_small_solve(w, w->border[k], eta, limit, w->solved[k]) < 0 && patience) return 0;
    for (int k = 0; k < m; k++) {
        rhs[k] = w->gradient[n + k] - vn_small_dot(w->border[k], w->step, n);
        for (int j = 0; j < m; j++)
            schur[k][j] = w->corner[k][j] - vn_small_dot(w->border[k], w->solved[j], n);
    }
    if (m == 1) {
        y[0] = rhs[0] / schur[0][0];
    } else {
        const double det = schur[0][0] * schur[1][1] - schur[0][1] * schur[1][0];
        y[0] = (schur[1][1] * rhs[0] - schur[0][1] * rhs[1]) / det;
        y[1] = (schur[0][0] * rhs[1] - schur[1][0] * rhs[0]) / det;
    }
    for (int k = 0; k < m; k++) {
        w->step[n + k] = y[k];
        for (int i = 0; i < n; i++) w->step[i] -= y[k] * w->solved[k][i];
    }
    return 1;
}

static double step_of_gamma(const vn_small *w)
{
    return w->n_border && w->model->has_gamma ? w->step[w->rows] : 0.0;
}

/* Largest change of a linear predictor along the step, and the largest over (ROOM + |predictor|):
 * w->d must hold the predictors at x. */
VN_CLONES
static void changes(const vn_small *w, double gamma_step, double *largest, double *overreach)
{
    double most = 0.0, reach = 0.0;
    const double *restrict step = w->step;
    for (int e = 0; e < w->edges; e++) {
        const double change = fabs(step[w->a[e]] - step[w->b[e]] + gamma_step * w->side[e]);
        const double over = change / (ROOM + fabs(w->d[e]));
        most = change > most ? change : most;
        reach = over > reach ? over : reach;
    }
    *largest = most;
    *overreach = reach;
}

static double objective(vn_small *w, const double *x)
{
    return vn_small_log_likelihood(w, x) - 0.5 * w->model->prior * vn_small_dot(x, x, w->rows);
}

static double slope_along(const vn_small *w, const double *gradient)
{
    double slope = vn_small_dot(gradient, w->step, w->rows);
    for (int k = 0; k < w->n_border; k++) slope += gradient[w->rows + k] * w->step[w->rows + k];
    return slope;
}

/* 1, or less where a predictor would be carried far into saturation or a bound be reached. */
static double first_length(const vn_small *w, double overreach)
{
    double length = overreach > 1.0 ? 1.0 / overreach : 1.0;
    const int t = w->rows + w->model->has_gamma;
    if (w->n_border && w->model->has_tie && w->step[t] < 0.0)
        length = fmin(length, 0.9 * (w->x[t] - w->model->model->least_log_tie) / -w->step[t]);
    return length;
}

/* Move x along the step as far as it helps; the rules are those of the single fit's driver. Returns
 * 0 when no length makes progress. */
static int line_search(vn_small *w, double slope, double length, progress *at)
{
    const int size = w->rows + w->n_border;
    double before = NAN;
    for (int cut = 0; cut < CUTS; cut++) {
        for (int i = 0; i < size; i++) w->trial[i] = w->x[i] + length * w->step[i];
        const double residual = vn_small_derivatives(w, w->trial, w->next);
        if (residual > 2.0 * at->residual && cut < CUTS_FOR_RESIDUAL) {
            length *= 0.5;
            continue;
        }
        const double new_slope = slope_along(w, w->next);
        int good = -0.1 * slope <= new_slope;
        if (!good) {
            if (isnan(before)) before = objective(w, w->x);
            const double after = objective(w, w->trial);
            good = after - before >= 1e-4 * length * slope - 4e-16 * fabs(before);
        }
        if (good) {
            double *swap = w->x;
            w->x = w->trial;
            w->trial = swap;
            swap = w->gradient;
            w->gradient = w->next;
            w->next = swap;
            at->residual = residual;
            return 1;
        }
        length *= fmin(0.5, fmax(0.1, slope / (slope - new_slope)));
    }
    return 0;
}

/* Take the step unverified where that is safe: what the linear system leaves, and at most the square
 * of the largest change of a predictor, which bounds the part that is not linear, are far below the
 * tolerance; and so is the solver's error in theta, as far as it can tell. */
static int finish(vn_small *w, const vn_group_options *o, double change, progress *at)
{
    if (w->n_border || change * change > 0.1 * o->tol) return 0; /* the system is theta's alone */
    const double left = vn_small_left(w, w->gradient, w->step) + change * change;
    double most = 0.0;
    for (int i = 0; i < w->rows; i++) most = fabs(w->step[i]) > most ? fabs(w->step[i]) : most;
    if (!(left <= 0.1 * o->tol && w->reached * most <= o->tol)) return 0;
    for (int i = 0; i < w->rows; i++) w->x[i] += w->step[i];
    at->residual = left;
    at->change = change;
    at->n_iter++;
    return 1;
}

/* One more step, unverified: it costs no derivatives, and takes off most of the error left. */
static void polish(vn_small *w, const vn_group_options *o, const progress *at)
{
    if (!(at->residual > ROUNDING) || !newton_step(w, 0.02, o->patience)) return;
    double most = 0.0;
    for (int i = 0; i < w->rows + w->n_border; i++) most = fmax(most, fabs(w->step[i]));
    for (int i = 0; most <= SETTLED && i < w->rows + w->n_border; i++) w->x[i] += w->step[i];
}

static vn_group_status newton(vn_group_space *space, const vn_group_options *o, progress *at)
{
    vn_small *w = &space->small;
    int extra = 0;
    at->residual = vn_small_derivatives(w, w->x, w->gradient);
    at->change = 0.0;
    while (at->n_iter < o->max_iter && extra < EXTRA
           && (at->residual > 0.5 * o->tol || at->change > SETTLED)) {
        /* as exactly as the step is good; the last one to a part of the tolerance */
        double eta = fmax(fmin(0.1, 3.0 * at->residual), 0.05 * o->tol / at->residual);
        if (at->residual <= 0.5 * o->tol) {
            extra++;
            eta = 1e-9;
        }
        if (vn_watch_stops(space->watch, space->worker)) return VN_GROUP_ITERATION_LIMIT;
        if (!newton_step(w, eta, o->patience)) return VN_GROUP_ELSEWHERE;
        const double slope = slope_along(w, w->gradient);
        if (!(slope > 0.0)) break;
        double change, overreach;
        changes(w, step_of_gamma(w), &change, &overreach);
        if (finish(w, o, change, at)) return VN_GROUP_CONVERGED;
        const double length = first_length(w, overreach);
        if (!line_search(w, slope, length, at)) break;
        at->change = change;
        at->n_iter++;
    }
    if (!(at->residual <= o->tol && at->change <= SETTLED)) return VN_GROUP_ITERATION_LIMIT;
    polish(w, o, at);
    return VN_GROUP_CONVERGED;
}

void vn_group_space_free(vn_group_space *w)
{
    vn_small_free(&w->small);
    vn_free(w->row_ptr);
}

static int64_t *row_ptr_of(vn_group_space *w, const vn_small_cells *c)
{
    if (c->n_items + 1 > w->room) {
        vn_free(w->row_ptr);
        w->room = 2 * (c->n_items + 1);
        w->row_ptr = vn_malloc(sizeof(int64_t) * (size_t)w->room);
        if (!w->row_ptr) {
            w->room = 0;
            return NULL;
        }
    }
    memset(w->row_ptr, 0, sizeof(int64_t) * (size_t)(c->n_items + 1));
    for (int64_t k = 0; k < c->n_cells; k++) w->row_ptr[c->first[k] + 1]++;
    for (int64_t i = 0; i < c->n_items; i++) w->row_ptr[i + 1] += w->row_ptr[i];
    return w->row_ptr;
}

/* Whether a unique finite fit exists; labels of the components are not needed here. */
static vn_status is_identified(vn_group_space *w, const vn_small_cells *c, const vn_small_model *m, int *yes)
{
    const int gamma = m->free_border && m->has_gamma, tie = m->free_border && m->has_tie;
    *yes = 1;
    if (m->prior > 0.0 && !gamma && !tie) return VN_OK;
    int64_t *row_ptr = row_ptr_of(w, c);
    if (!row_ptr) return VN_NO_MEMORY;
    const vn_cells graph = {.n = c->n_items, .row_ptr = row_ptr, .hi = c->second, .order = c->order,
                            .win = c->win, .loss = c->loss, .tie = c->tie};
    int64_t n_weak;
    int reason;
    int32_t *labels = (int32_t *)w->small.p; /* room for twice as many */
    const vn_status status = vn_existence(&graph, gamma, tie, m->prior > 0.0, NULL, NULL, labels,
                                          &n_weak, &reason);
    *yes = reason == VN_EXISTS;
    return status;
}

static void start_border(vn_small *w, const vn_small_cells *c)
{
    if (!w->n_border || !w->model->has_tie) return;
    double ties = 0.0;
    for (int64_t k = 0; k < c->n_cells; k++) ties += c->tie[k];
    const double share = ties / w->total; /* as if all items were equal */
    w->x[w->rows + w->model->has_gamma] = w->model->model->log_tie(share);
}

static void keep(const vn_group_result *out, const vn_group_options *o, vn_small *w, int64_t items,
                 int64_t k)
{
    vn_small_centre(w, w->x); /* costs no likelihood, and a prior only gains by it */
    for (int i = 0; i < w->n; i++) out->theta[items + i] = w->x[w->row[i]];
    if (!o->model.free_border) return;
    if (o->model.has_gamma) out->gamma[k] = w->x[w->rows];
    if (o->model.has_tie) {
        const double none = o->model.model->least_log_tie;
        out->log_tie[k] = w->model->has_tie ? w->x[w->rows + w->model->has_gamma] : none;
    }
}

static void refuse(const vn_group_result *out, const vn_group_options *o, vn_group_status why,
                   const vn_small_cells *c, int64_t items, int64_t k)
{
    out->status[k] = (int8_t)why;
    const double value = why == VN_GROUP_NO_COMPARISONS ? 0.0 : NAN;
    for (int64_t i = 0; i < c->n_items; i++) out->theta[items + i] = value;
    out->residual[k] = value;
    out->n_iter[k] = 0;
    if (o->model.free_border && o->model.has_gamma) out->gamma[k] = NAN;
    if (o->model.free_border && o->model.has_tie) out->log_tie[k] = NAN;
}

vn_status vn_group_fit_one(vn_group_space *space, const vn_grouped *g, int64_t k,
                           const vn_group_options *o, vn_group_result *out)
{
    vn_small *w = &space->small;
    const int64_t items = g->item_ptr[k];
    const vn_small_cells c = vn_group_cells_of(g, k);
    if (c.n_cells == 0) {
        out->n_parts[k] = (int32_t)c.n_items;
        refuse(out, o, VN_GROUP_NO_COMPARISONS, &c, items, k);
        return VN_OK;
    }
    const vn_small_model model = vn_group_model(&o->model, &c);
    vn_status status = vn_small_load(w, &c, &model, 0);
    if (status != VN_OK) return status;
    out->n_parts[k] = w->n_parts;
    int yes;
    status = is_identified(space, &c, &model, &yes);
    if (status != VN_OK) return status;
    if (!yes) {
        refuse(out, o, VN_GROUP_NOT_IDENTIFIED, &c, items, k);
        return VN_OK;
    }
    if (o->warm) {
        vn_group_parameters(w, out, items, k);
    } else {
        start_border(w, &c);
        vn_small_start(w, w->x);
    }
    vn_small_centre(w, w->x);
    progress at = {0};
    vn_group_status how = newton(space, o, &at);
    if (vn_watch_over(space->watch)) return VN_INTERRUPTED;
    if (how == VN_GROUP_CONVERGED && w->n_parts > 1 && model.prior == 0.0)
        how = VN_GROUP_NOT_IDENTIFIED; /* each component by itself: no common scale */
    out->status[k] = (int8_t)how;
    out->residual[k] = at.residual;
    out->n_iter[k] = at.n_iter;
    keep(out, o, w, items, k);
    return VN_OK;
}

typedef struct {
    const vn_grouped *g;
    int64_t from, to;
    const vn_group_options *options;
    vn_group_result *out;
    vn_group_space *space;
    vn_watch watch;
} fit_job;

static vn_status fit_groups(void *arg, int64_t block, int worker)
{
    fit_job *j = arg;
    vn_group_space *space = &j->space[worker];
    space->watch = &j->watch;
    space->worker = worker;
    const int64_t stop = VN_MIN(j->from + (block + 1) * FIT_GROUPS, j->to);
    for (int64_t k = j->from + block * FIT_GROUPS; k < stop; k++) {
        if (j->out->status[k] != VN_GROUP_CONVERGED) continue;
        const vn_status status = vn_group_fit_one(space, j->g, k, j->options, j->out);
        if (status != VN_OK) return status;
    }
    return VN_OK;
}

vn_status vn_fit_groups(const vn_grouped *g, int64_t from, int64_t to, const vn_group_options *o,
                        int n_threads, vn_poll poll, void *context, vn_group_result *out)
{
    const int64_t n_blocks = vn_n_blocks(to - from, FIT_GROUPS);
    const int n_workers = vn_team_size(n_threads, n_blocks);
    fit_job j = {.g = g, .from = from, .to = to, .options = o, .out = out,
                 .watch = {.poll = poll, .context = context}};
    j.space = vn_calloc((size_t)n_workers, sizeof *j.space);
    if (!j.space) return VN_NO_MEMORY;
    const vn_status status
        = vn_team_run(fit_groups, &j, n_blocks, n_threads, vn_watch_poll, &j.watch);
    for (int k = 0; k < n_workers; k++) vn_group_space_free(&j.space[k]);
    vn_free(j.space);
    return vn_watch_over(&j.watch) ? VN_INTERRUPTED : status;
}
