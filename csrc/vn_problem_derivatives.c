#include "vn_problem_internal.h"

#include <string.h>

/* What cells hold, summed for each edge of a tile. */
VN_CLONES
static void sums_of_edges(const vn_problem *p, const vn_tile *t, const double *of_cell, double *sums)
{
    if (!p->cell_ptr) {
        memcpy(sums, of_cell, sizeof(double) * (size_t)t->n_edges);
        return;
    }
    for (int e = 0, k = 0; e < t->n_edges; e++) {
        const int end = vn_cells_until(p, t, e);
        double sum = 0.0;
        VN_PRAGMA(omp simd reduction(+:sum))
        for (int c = k; c < end; c++) sum += of_cell[c];
        sums[e] = sum;
        k = end;
    }
}

static void bend(vn_problem *p, const vn_tile *t, int b, const double *of_cell)
{
    double sums[VN_TILE];
    const double size = 1.0 / p->unit[b];
    sums_of_edges(p, t, of_cell, sums);
    for (int e = 0; e < t->n_edges; e++)
        vn_bends_of(p, t->edge + e)[1 + b] = (float)(sums[e] * size);
}

VN_CLONES
static void multiply(const double *x, const double *y, int len, double *restrict out)
{
    for (int k = 0; k < len; k++) out[k] = x[k] * y[k];
}

/* The border's part of a tile: bends of its edges, and the lower half of the corner by rows. `columns`
 * are those that move predictors. */
static void border_of(vn_problem *p, const vn_tile *t, const double *columns, const double *h,
                      const double *dt, const double *of_tie, double *corner)
{
    double curved[VN_TILE];
    const int n_moving = vn_n_moving(p);
    for (int a = 0; a < n_moving; a++, corner += a) {
        const double *x = columns + (int64_t)a * VN_COLUMN;
        multiply(h, x, t->n_cells, curved);
        bend(p, t, a, curved);
        vn_tile_dots(curved, columns, a + 1, t->n_cells, corner);
    }
    if (!p->has_tie) return;
    bend(p, t, n_moving, dt);
    vn_tile_dots(dt, columns, n_moving, t->n_cells, corner);
    corner[n_moving] = of_tie[1];
}

/* The border's slopes of a tile. */
static void border_slopes_of(const vn_problem *p, const vn_tile *t, const double *columns,
                             const double *g, const double *of_tie, double *sums)
{
    const int n_moving = vn_n_moving(p);
    vn_tile_dots(g, columns, n_moving, t->n_cells, sums);
    if (p->has_tie) sums[n_moving] = of_tie[0];
}

/* Derivatives of one tile: slopes and curvatures of its edges, and border terms; or slopes, and the
 * tile's log-likelihood. */
VN_CLONES
static void derivatives_of(vn_problem *p, const double *x, int64_t tile, double *likelihood,
                           double *columns)
{
    double d[VN_TILE], g[VN_TILE], h[VN_TILE], dt[VN_TILE], of_tie[2] = {0.0, 0.0};
    const vn_tile t = vn_tile_of(p, tile);
    const int len = t.n_cells;
    const double log_tie = p->has_tie ? x[p->n + vn_n_moving(p)] : 0.0;
    const double *win = p->win + t.cell, *loss = p->loss + t.cell;
    const double *tie = p->tie ? p->tie + t.cell : NULL;
    vn_predictors(p, x, &t, d);
    if (likelihood)
        *likelihood = p->model->log_likelihood(p->model, d, win, loss, tie, log_tie, len);
    p->model->derivatives(p->model, d, win, loss, tie, log_tie, len, g, h, dt, of_tie);
    if (p->scale) {
        const double *scale = p->scale + t.cell;
        for (int k = 0; k < len; k++) {
            g[k] *= scale[k];
            h[k] *= scale[k] * scale[k];
            if (p->has_tie) dt[k] *= scale[k];
        }
    }
    double *sums = d; /* of the edges: the predictors are done with */
    sums_of_edges(p, &t, g, sums);
    for (int e = 0; e < t.n_edges; e++) *vn_slope_of(p, t.edge + e) = sums[e];
    const int has_border = p->n_border != p->has_level;
    double *of_border = p->tile_sums + tile * p->n_sums;
    if (has_border) {
        if (columns) vn_moving_columns(p, &t, columns);
        border_slopes_of(p, &t, columns, g, of_tie, of_border);
    }
    if (likelihood) return;
    for (int k = 0; k < len; k++) {
        const double floor = 1e-20 * (win[k] + loss[k]);
        h[k] = h[k] > floor ? h[k] : floor;
    }
    sums_of_edges(p, &t, h, sums);
    for (int e = 0; e < t.n_edges; e++) vn_bends_of(p, t.edge + e)[0] = (float)sums[e];
    if (has_border) border_of(p, &t, columns, h, dt, of_tie, of_border + p->n_border);
}

/* A tile that is left out. */
static void no_derivatives(vn_problem *p, int64_t tile)
{
    const vn_tile t = vn_tile_of(p, tile);
    memset(p->edge + t.edge * p->edge_size, 0, (size_t)(t.n_edges * p->edge_size));
    memset(p->tile_sums + tile * p->n_sums, 0, sizeof(double) * (size_t)p->n_sums);
}

#define AT_ONCE 16 /* columns of the border */
#define AHEAD 12   /* edges that are fetched before they are needed */

/* Row i of the columns [from, from + n) of the border; of the first ones, the row of h and the sum of
 * slopes, too. */
static inline double gather_row(vn_problem *p, int64_t i, int from, int n)
{
    vn_laplacian *h = &p->h;
    float *upper = h->val + p->lower_ptr[i + 1], *lower = h->val + p->edge_ptr[i];
    double g = 0.0, b[AT_ONCE] = {0.0};
    for (int64_t e = p->edge_ptr[i]; e < p->edge_ptr[i + 1]; e++) {
        const float *bends = vn_bends_of(p, e);
        if (from == 0) {
            g += *vn_slope_of(p, e);
            upper[e] = bends[0];
        }
        for (int q = 0; q < n; q++) b[q] += (double)bends[1 + from + q];
    }
    for (int64_t k = p->lower_ptr[i]; k < p->lower_ptr[i + 1]; k++) {
        if (k + AHEAD < p->n_edges) __builtin_prefetch(vn_slope_of(p, p->lower[k + AHEAD]));
        const float *bends = vn_bends_of(p, p->lower[k]);
        if (from == 0) {
            g -= *vn_slope_of(p, p->lower[k]);
            lower[k] = bends[0];
        }
        for (int q = 0; q < n; q++) b[q] -= (double)bends[1 + from + q];
    }
    for (int q = 0; q < n; q++) p->border[from + q][i] = b[q];
    return g;
}

/* The sum of slopes of item i. */
static inline double gather_slopes(const vn_problem *p, int64_t i)
{
    double g = 0.0;
    for (int64_t e = p->edge_ptr[i]; e < p->edge_ptr[i + 1]; e++) g += *vn_slope_of(p, e);
    for (int64_t k = p->lower_ptr[i]; k < p->lower_ptr[i + 1]; k++) {
        if (k + AHEAD < p->n_edges) __builtin_prefetch(vn_slope_of(p, p->lower[k + AHEAD]));
        g -= *vn_slope_of(p, p->lower[k]);
    }
    return g;
}

/* Rows of h, unless only slopes were asked for, sums of slopes and border terms. */
VN_CLONES
static void block_gather(vn_problem *p, const double *x, int slopes_only, double *gradient,
                         int64_t from, int64_t to)
{
    const int n_bend = p->n_border - p->has_level;
    const double level = p->has_level ? x[p->n] : 0.0;
    for (int64_t i = from; i < to; i++) {
        double g = vn_prior_slope(&p->prior, i, x[i]);
        if (p->direct.precision) g += vn_prior_slope(&p->direct, i, x[i] + level);
        if (slopes_only) {
            gradient[i] = g + gather_slopes(p, i);
            continue;
        }
        int q = 0;
        do {
            g += gather_row(p, i, q, VN_MIN(n_bend - q, AT_ONCE));
            q += AT_ONCE;
        } while (q < n_bend);
        gradient[i] = g;
    }
}

static void derive(const vn_tile_job *j, int64_t tile, double *scratch)
{
    double *likelihood = j->likelihoods ? j->likelihoods + tile : NULL;
    if (vn_is_left_out(j->p, tile)) no_derivatives(j->changed, tile);
    else derivatives_of(j->changed, j->x, tile, likelihood, scratch);
}

static vn_status gather_rows(void *arg, int64_t block, int worker)
{
    const vn_tile_job *j = arg;
    (void)worker;
    block_gather(j->changed, j->x, j->likelihoods != NULL, j->out, j->p->h.block[block],
                 j->p->h.block[block + 1]);
    return VN_OK;
}

/* The border's slopes and, unless these are all, its corner from the sums of the tiles. */
static void border_sums(vn_problem *p, int slopes_only, double *gradient)
{
    const int n = p->n_border, n_sums = slopes_only ? n : p->n_sums;
    double *sums = p->tile_sums; /* of the first tile, to which the others are added */
    for (int64_t t = 1; t < p->n_tiles; t++)
        for (int k = 0; k < n_sums; k++) sums[k] += p->tile_sums[t * p->n_sums + k];
    if (slopes_only) {
        memcpy(gradient, sums, sizeof(double) * (size_t)n);
        return;
    }
    const double *corner = sums + n;
    for (int a = 0; a < n; a++, corner += a) {
        gradient[a] = sums[a];
        for (int b = 0; b <= a; b++)
            p->corner[a * n + b] = p->corner[b * n + a] = corner[b] / p->unit[a] / p->unit[b];
    }
}

/* With `likelihoods`, of each tile, the gradient and these; else the gradient and the matrix. */
static vn_status derive_all(vn_problem *p, const double *x, double *likelihoods, int n_threads,
                            vn_poll poll, void *context, double *gradient)
{
    const int slopes_only = likelihoods != NULL;
    vn_tile_job j = {.tile = derive, .p = p, .changed = p, .x = x, .out = gradient,
                     .likelihoods = likelihoods,
                     .n_scratch = VN_COLUMN * vn_n_moving(p)};
    vn_status status = vn_over_tiles(&j, n_threads, poll, context);
    if (status == VN_OK)
        status = vn_team_run(gather_rows, &j, p->h.n_blocks, n_threads, poll, context);
    if (status != VN_OK) return status;
    if (!slopes_only) vn_laplacian_diagonal(&p->h, n_threads);
    if (p->has_level) {
        double slope = 0.0, curvature = 0.0;
        for (int64_t i = 0; i < p->n; i++) {
            slope += vn_prior_slope(&p->direct, i, x[i] + x[p->n]);
            curvature += p->direct.precision[i];
        }
        gradient[p->n] = slope;
        p->corner[0] = curvature;
    } else if (p->n_border) {
        border_sums(p, slopes_only, gradient + p->n);
    }
    return VN_OK;
}

vn_status vn_problem_derivatives(vn_problem *p, const double *x, int n_threads, vn_poll poll,
                                 void *context, double *gradient)
{
    return derive_all(p, x, NULL, n_threads, poll, context, gradient);
}

vn_status vn_problem_gradient(vn_problem *p, const double *x, int n_threads, vn_poll poll,
                              void *context, double *gradient, double *log_likelihood)
{
    double *likelihoods = vn_calloc((size_t)VN_MAX(p->n_tiles, 1), sizeof(double));
    if (!likelihoods) return VN_NO_MEMORY;
    const vn_status status = derive_all(p, x, likelihoods, n_threads, poll, context, gradient);
    *log_likelihood = vn_ordered_sum(likelihoods, p->n_tiles) - vn_direct_penalty(p, x);
    vn_free(likelihoods);
    return status;
}
