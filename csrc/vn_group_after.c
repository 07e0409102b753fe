#include <math.h>

#include "vn_group_internal.h"
#include "vn_small_evidence.h"
#include "vn_team.h"

/* Load group k with its parameters in w->x; *ready is 0 where it has no fit. */
static vn_status load(vn_small *w, const vn_grouped *g, int64_t k, const vn_small_model *model,
                      const vn_group_result *fit, vn_small_model *own, int *ready)
{
    const vn_small_cells c = vn_group_cells_of(g, k);
    *ready = vn_group_is_fitted(g, fit, k);
    if (!*ready) return VN_OK;
    *own = vn_group_model(model, &c, g->item_ptr[k]);
    const vn_status status = vn_small_load(w, &c, own, fit->n_parts[k] == 1);
    if (status == VN_OK) vn_group_parameters(w, fit, g->item_ptr[k], k);
    return status;
}

/* One number per edge, written to the cells: order classes of a pair may share an edge. */
static void spread_edges(const vn_small_cells *c, int has_gamma, const double *by_edge, double *by_cell)
{
    for (int64_t k = 0, e = -1; k < c->n_cells; k++) {
        const int again = !has_gamma && k > 0 && c->first[k] == c->first[k - 1]
            && c->second[k] == c->second[k - 1];
        e += !again;
        by_cell[k] = by_edge[e];
    }
}

/* Memory of one worker. */
typedef struct {
    vn_small small;
    vn_small_inverse inverse;
} space;

/* What the three share, and what each fills (NULL: not that). */
typedef struct job {
    vn_status (*one)(const struct job *, space *, int64_t k);
    const vn_grouped *g;
    int64_t from, to;
    const vn_small_model *model;
    const vn_group_result *fit;
    const double *border;
    double *variance, *difference, *gamma_variance, *log_tie_variance;
    double *value;
    double *slope, *schur;
    vn_small_evidence *evidence;
    space *spaces;
} job;

static vn_status one_group(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    return j->one(j, &j->spaces[worker], j->from + block);
}

static vn_status run(job *j, int n_threads, vn_poll poll, void *context)
{
    const int n_workers = vn_team_size(n_threads, j->to - j->from);
    j->spaces = vn_calloc((size_t)n_workers, sizeof *j->spaces);
    if (!j->spaces) return VN_NO_MEMORY;
    const vn_status status = vn_team_run(one_group, j, j->to - j->from, n_threads, poll, context);
    for (int k = 0; k < n_workers; k++) {
        vn_small_free(&j->spaces[k].small);
        vn_small_inverse_free(&j->spaces[k].inverse);
    }
    vn_free(j->spaces);
    return status;
}

static vn_status variances(const job *j, space *s, int64_t k)
{
    vn_small *w = &s->small;
    vn_small_model own;
    int ready;
    double corner[4] = {NAN, NAN, NAN, NAN};
    vn_status status = load(w, j->g, k, j->model, j->fit, &own, &ready);
    if (status != VN_OK || !ready) return status;
    vn_small_derivatives(w, w->x, w->gradient);
    status = vn_small_variances(&s->inverse, w, j->border, w->trial, corner);
    if (status != VN_OK) return status;
    double *out = j->variance + j->g->item_ptr[k];
    for (int i = 0; i < w->n; i++) out[i] = w->trial[w->row[i]];
    if (j->difference) {
        const vn_small_cells c = vn_group_cells_of(j->g, k);
        vn_small_difference_variances(&s->inverse, w, j->border ? j->border : corner, w->d);
        spread_edges(&c, own.has_gamma, w->d, j->difference + j->g->cell_ptr[k]);
    }
    if (j->gamma_variance && own.has_gamma) j->gamma_variance[k] = corner[0];
    if (j->log_tie_variance && own.has_tie)
        j->log_tie_variance[k] = own.has_gamma ? corner[3] : corner[0];
    return VN_OK;
}

vn_status vn_group_variances(const vn_grouped *g, int64_t from, int64_t to, const vn_small_model *model,
                             const vn_group_result *fit, const double *border, int n_threads,
                             vn_poll poll, void *context, double *variance, double *difference,
                             double *gamma_variance, double *log_tie_variance)
{
    job j = {.one = variances, .g = g, .from = from, .to = to, .model = model, .fit = fit,
             .border = border, .variance = variance, .difference = difference,
             .gamma_variance = gamma_variance, .log_tie_variance = log_tie_variance};
    return run(&j, n_threads, poll, context);
}

static vn_status log_likelihoods(const job *j, space *s, int64_t k)
{
    vn_small_model own;
    int ready;
    const vn_status status = load(&s->small, j->g, k, j->model, j->fit, &own, &ready);
    if (status == VN_OK && ready) j->value[k] = vn_small_log_likelihood(&s->small, s->small.x);
    return status;
}

vn_status vn_group_log_likelihoods(const vn_grouped *g, int64_t from, int64_t to,
                                   const vn_small_model *model, const vn_group_result *fit,
                                   int n_threads, vn_poll poll, void *context, double *value)
{
    job j = {.one = log_likelihoods, .g = g, .from = from, .to = to, .model = model, .fit = fit,
             .value = value};
    return run(&j, n_threads, poll, context);
}

static vn_status border(const job *j, space *s, int64_t k)
{
    vn_small *w = &s->small;
    vn_small_model own;
    const int m = j->model->has_gamma + j->model->has_tie;
    int ready;
    const vn_status status = load(w, j->g, k, j->model, j->fit, &own, &ready);
    if (status != VN_OK || !ready) return status;
    vn_small_derivatives(w, w->x, w->gradient);
    for (int q = 0; q < m; q++) {
        /* the last digits of the curvature decide nothing: the slope does */
        vn_small_solve(w, w->border[q], 1e-8, 20 * w->n + 200, w->solved[q]);
        j->slope[2 * k + q] = w->gradient[w->rows + q];
        for (int r = 0; r < m; r++)
            j->schur[4 * k + 2 * q + r]
                = w->corner[q][r] - vn_small_dot(w->border[r], w->solved[q], w->rows);
    }
    return VN_OK;
}

vn_status vn_group_border(const vn_grouped *g, int64_t from, int64_t to, const vn_small_model *model,
                          const vn_group_result *fit, int n_threads, vn_poll poll, void *context,
                          double *slope, double *schur)
{
    job j = {.one = border, .g = g, .from = from, .to = to, .model = model, .fit = fit,
             .slope = slope, .schur = schur};
    return run(&j, n_threads, poll, context);
}

static vn_status evidence(const job *j, space *s, int64_t k)
{
    vn_small *w = &s->small;
    vn_small_model own;
    int ready;
    double corner[4] = {0.0, 0.0, 0.0, 0.0};
    vn_status status = load(w, j->g, k, j->model, j->fit, &own, &ready);
    if (status != VN_OK || !ready) return status;
    vn_small_derivatives(w, w->x, w->gradient);
    status = vn_small_variances(&s->inverse, w, NULL, w->gradient, corner);
    if (status == VN_OK)
        vn_small_find_evidence(&s->inverse, w, w->gradient, corner, &j->evidence[k - j->from]);
    return status;
}

vn_status vn_group_evidence(const vn_grouped *g, int64_t from, int64_t to, const vn_small_model *model,
                            const vn_group_result *fit, int n_threads, vn_poll poll, void *context,
                            vn_small_evidence *out)
{
    job j = {.one = evidence, .g = g, .from = from, .to = to, .model = model, .fit = fit,
             .evidence = out};
    return run(&j, n_threads, poll, context);
}
