#include <math.h>

#include "vn_group_internal.h"
#include "vn_small_inverse.h"

/* Load group k with its parameters in w->x; *ready is 0 where it has no fit. */
static vn_status load(vn_small *w, const vn_grouped *g, int64_t k, const vn_small_model *model,
                      const vn_group_result *fit, vn_small_model *own, int *ready)
{
    const vn_small_cells c = vn_group_cells_of(g, k);
    *ready = vn_group_is_fitted(g, fit, k);
    if (!*ready) return VN_OK;
    *own = vn_group_model(model, &c);
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

vn_status vn_group_variances(const vn_grouped *g, int64_t from, int64_t to, const vn_small_model *model,
                             const vn_group_result *fit, const double *border, int n_threads,
                             double *variance, double *difference, double *gamma_variance,
                             double *log_tie_variance)
{
    vn_status status = VN_OK;
    VN_PRAGMA(omp parallel num_threads(n_threads))
    {
        vn_small w = {0};
        vn_small_inverse s = {0};
        vn_small_model own;
        VN_PRAGMA(omp for schedule(dynamic, 4))
        for (int64_t k = from; k < to; k++) {
            int ready;
            double corner[4] = {NAN, NAN, NAN, NAN};
            vn_status one = load(&w, g, k, model, fit, &own, &ready);
            if (one == VN_OK && ready) {
                vn_small_derivatives(&w, w.x, w.gradient);
                one = vn_small_variances(&s, &w, border, w.trial, corner);
                double *out = variance + g->item_ptr[k];
                for (int i = 0; one == VN_OK && i < w.n; i++) out[i] = w.trial[w.row[i]];
                if (one == VN_OK && difference) {
                    const vn_small_cells c = vn_group_cells_of(g, k);
                    vn_small_difference_variances(&s, &w, border ? border : corner, w.d);
                    spread_edges(&c, own.has_gamma, w.d, difference + g->cell_ptr[k]);
                }
                if (gamma_variance && own.has_gamma) gamma_variance[k] = corner[0];
                if (log_tie_variance && own.has_tie)
                    log_tie_variance[k] = own.has_gamma ? corner[3] : corner[0];
            }
            if (one != VN_OK) {
                VN_PRAGMA(omp atomic write)
                status = one;
            }
        }
        vn_small_free(&w);
        vn_small_inverse_free(&s);
    }
    return status;
}

vn_status vn_group_log_likelihoods(const vn_grouped *g, int64_t from, int64_t to,
                                   const vn_small_model *model, const vn_group_result *fit,
                                   int n_threads, double *value)
{
    vn_status status = VN_OK;
    VN_PRAGMA(omp parallel num_threads(n_threads))
    {
        vn_small w = {0};
        vn_small_model own;
        VN_PRAGMA(omp for schedule(dynamic, 8))
        for (int64_t k = from; k < to; k++) {
            int ready;
            const vn_status one = load(&w, g, k, model, fit, &own, &ready);
            if (one == VN_OK && ready) value[k] = vn_small_log_likelihood(&w, w.x);
            if (one != VN_OK) {
                VN_PRAGMA(omp atomic write)
                status = one;
            }
        }
        vn_small_free(&w);
    }
    return status;
}

vn_status vn_group_border(const vn_grouped *g, int64_t from, int64_t to, const vn_small_model *model,
                          const vn_group_result *fit, int n_threads, double *slope, double *schur)
{
    vn_status status = VN_OK;
    const int m = model->has_gamma + model->has_tie;
    VN_PRAGMA(omp parallel num_threads(n_threads))
    {
        vn_small w = {0};
        vn_small_model own;
        VN_PRAGMA(omp for schedule(dynamic, 8))
        for (int64_t k = from; k < to; k++) {
            int ready;
            const vn_status one = load(&w, g, k, model, fit, &own, &ready);
            for (int q = 0; one == VN_OK && ready && q < m; q++) {
                if (q == 0) vn_small_derivatives(&w, w.x, w.gradient);
                /* the last digits of the curvature decide nothing: the slope does */
                vn_small_solve(&w, w.border[q], 1e-8, 20 * w.n + 200, w.solved[q]);
                slope[2 * k + q] = w.gradient[w.rows + q];
                for (int r = 0; r < m; r++)
                    schur[4 * k + 2 * q + r]
                        = w.corner[q][r] - vn_small_dot(w.border[r], w.solved[q], w.rows);
            }
            if (one != VN_OK) {
                VN_PRAGMA(omp atomic write)
                status = one;
            }
        }
        vn_small_free(&w);
    }
    return status;
}
