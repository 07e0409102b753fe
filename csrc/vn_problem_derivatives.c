#include "vn_problem_internal.h"

/* Derivatives of one tile of edges: slopes, curvatures into the upper entries of h, border terms. */
VN_CLONES
static void derivatives_of(vn_problem *p, const double *x, int64_t tile)
{
    double d[VN_TILE], h[VN_TILE], dt[VN_TILE], model_sums[2] = {0.0, 0.0};
    int64_t first;
    const int len = vn_edges_of_tile(p, tile, &first);
    const double t = p->has_tie ? x[p->n + p->has_gamma] : 0.0;
    const double *win = p->win + first, *loss = p->loss + first;
    const double *tie = p->tie ? p->tie + first : NULL;
    double *g = p->slope + first, *sums = p->tile_sums + tile * VN_TILE_SUMS;
    vn_predictors(p, x, first, len, d);
    p->model->derivatives(d, win, loss, tie, t, len, g, h, dt, model_sums);
    if (p->scale) {
        const double *scale = p->scale + first;
        for (int k = 0; k < len; k++) {
            g[k] *= scale[k];
            h[k] *= scale[k] * scale[k];
            if (p->has_tie) dt[k] *= scale[k];
        }
    }
    for (int k = 0; k < len; k++) {
        const double floor = 1e-20 * (win[k] + loss[k]);
        h[k] = h[k] > floor ? h[k] : floor;
    }
    /* upper entries stand at lower_ptr[lo + 1] + edge */
    int64_t row = vn_row_of_edge(p, first), e = first;
    while (e < first + len) {
        while (p->edge_ptr[row + 1] <= e) row++;
        const int64_t stop = VN_MIN(p->edge_ptr[row + 1], first + len);
        float *out = p->h.val + p->lower_ptr[row + 1];
        for (; e < stop; e++) out[e] = (float)h[e - first];
    }
    for (int k = 0; k < VN_TILE_SUMS; k++) sums[k] = 0.0;
    int b = 0;
    if (p->has_gamma) {
        const int8_t *order = p->order + first;
        float *bend = p->bend[b++] + first;
        for (int k = 0; k < len; k++) {
            const double o = (double)order[k];
            bend[k] = (float)(h[k] * o);
            sums[0] += g[k] * o;
            sums[1] += h[k] * o * o;
            if (p->has_tie) sums[2] += dt[k] * o;
        }
    }
    if (p->has_tie) {
        float *bend = p->bend[b] + first;
        for (int k = 0; k < len; k++) bend[k] = (float)dt[k];
        sums[3] = model_sums[0];
        sums[4] = model_sums[1];
    }
}

/* Row sums of the slopes and border terms, and the lower entries of h from the upper ones. */
VN_CLONES
static void block_gather(vn_problem *p, const double *x, double *gradient, int64_t from, int64_t to)
{
    vn_laplacian *h = &p->h;
    const int n_bend = p->n_border - p->has_level;
    const double level = p->has_level ? x[p->n] : 0.0;
    for (int64_t i = from; i < to; i++) {
        double g = vn_prior_slope(&p->prior, i, x[i]);
        if (p->direct.precision) g += vn_prior_slope(&p->direct, i, x[i] + level);
        double b[VN_MAX_BORDER] = {0.0, 0.0};
        for (int64_t k = p->edge_ptr[i]; k < p->edge_ptr[i + 1]; k++) g += p->slope[k];
        for (int64_t k = p->lower_ptr[i]; k < p->lower_ptr[i + 1]; k++) {
            const uint32_t e = p->lower[k];
            const int64_t at = k + p->edge_ptr[i];
            g -= p->slope[e];
            h->val[at] = h->val[p->lower_ptr[h->col[at] + 1] + (int64_t)e];
        }
        for (int q = 0; q < n_bend; q++) {
            for (int64_t k = p->edge_ptr[i]; k < p->edge_ptr[i + 1]; k++)
                b[q] += (double)p->bend[q][k];
            for (int64_t k = p->lower_ptr[i]; k < p->lower_ptr[i + 1]; k++)
                b[q] -= (double)p->bend[q][p->lower[k]];
            p->border[q][i] = b[q];
        }
        gradient[i] = g;
    }
}

static void derive(const vn_tile_job *j, int64_t tile) { derivatives_of(j->changed, j->x, tile); }

static vn_status gather_rows(void *arg, int64_t block, int worker)
{
    const vn_tile_job *j = arg;
    (void)worker;
    block_gather(j->changed, j->x, j->out, j->p->h.block[block], j->p->h.block[block + 1]);
    return VN_OK;
}

vn_status vn_problem_derivatives(vn_problem *p, const double *x, int n_threads, vn_poll poll,
                                 void *context, double *gradient)
{
    vn_tile_job j = {.tile = derive, .p = p, .changed = p, .x = x, .out = gradient};
    vn_status status = vn_over_tiles(&j, n_threads, poll, context);
    if (status == VN_OK)
        status = vn_team_run(gather_rows, &j, p->h.n_blocks, n_threads, poll, context);
    if (status != VN_OK) return status;
    vn_laplacian_diagonal(&p->h, n_threads);
    double sums[VN_TILE_SUMS] = {0.0};
    for (int64_t t = 0; t < p->n_tiles; t++)
        for (int k = 0; k < VN_TILE_SUMS; k++) sums[k] += p->tile_sums[t * VN_TILE_SUMS + k];
    const int g = 0, t = p->has_gamma;
    if (p->has_gamma) {
        gradient[p->n] = sums[0];
        p->corner[g][g] = sums[1];
    }
    if (p->has_tie) {
        gradient[p->n + t] = sums[3];
        p->corner[t][t] = sums[4];
    }
    if (p->has_gamma && p->has_tie) p->corner[0][1] = p->corner[1][0] = sums[2];
    if (p->has_level) {
        double slope = 0.0, curvature = 0.0;
        for (int64_t i = 0; i < p->n; i++) {
            slope += vn_prior_slope(&p->direct, i, x[i] + x[p->n]);
            curvature += p->direct.precision[i];
        }
        gradient[p->n] = slope;
        p->corner[0][0] = curvature;
    }
    return VN_OK;
}
