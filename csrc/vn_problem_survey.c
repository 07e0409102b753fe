/* What the cells of a problem are, apart from any fit: edges, weights, sizes of covariates; whether they
 * determine coefficients, and whether outcomes hold them. */
#include "vn_problem_internal.h"

#include <math.h>
#include <string.h>

int64_t vn_edges_of_cells(int64_t n, const int64_t *row_ptr, const int32_t *cell_hi, int64_t room,
                          int64_t *edge_ptr, int32_t *hi, int64_t *cell_ptr)
{
    int64_t e = 0;
    for (int64_t i = 0; i < n; i++) {
        edge_ptr[i] = e;
        for (int64_t k = row_ptr[i]; k < row_ptr[i + 1];) {
            const int32_t other = cell_hi[k];
            if (e == room) return -1;
            cell_ptr[e] = k;
            hi[e++] = other;
            const int64_t end = VN_MIN(row_ptr[i + 1], k + VN_TILE);
            while (k < end && cell_hi[k] == other) k++;
        }
    }
    edge_ptr[n] = e;
    cell_ptr[e] = row_ptr[n];
    return e;
}

static void weights_of(const vn_problem *p, const vn_tile *t, double *weight)
{
    const double *win = p->win + t->cell, *loss = p->loss + t->cell;
    const double *tie = p->tie ? p->tie + t->cell : NULL;
    for (int k = 0; k < t->n_cells; k++) weight[k] = win[k] + loss[k] + (tie ? tie[k] : 0.0);
}

/* For each covariate its largest size and its sum of sizes, weighted, in the sums of the tile. */
VN_CLONES
static void weigh_tile(const vn_tile_job *j, int64_t tile, double *columns)
{
    vn_problem *p = j->changed;
    double weight[VN_TILE], *sums = p->tile_sums + tile * p->n_sums;
    const vn_tile t = vn_tile_of(p, tile);
    weights_of(p, &t, weight);
    for (int e = 0, k = 0; e < t.n_edges; e++) {
        double sum = 0.0;
        for (const int end = vn_cells_until(p, &t, e); k < end; k++) sum += weight[k];
        p->slope[t.edge + e] = sum;
    }
    if (!p->n_covariates) return;
    vn_moving_columns(p, &t, columns);
    for (int a = 0; a < p->n_covariates; a++) {
        const double *x = columns + (int64_t)(p->has_gamma + a) * VN_TILE;
        double most = 0.0, sum = 0.0;
        VN_PRAGMA(omp simd reduction(max:most) reduction(+:sum))
        for (int k = 0; k < t.n_cells; k++) {
            const double size = fabs(x[k]);
            most = size > most ? size : most;
            sum += weight[k] * size;
        }
        sums[2 * a] = most;
        sums[2 * a + 1] = sum;
    }
}

vn_status vn_problem_weigh(vn_problem *p, int n_threads, vn_poll poll, void *context)
{
    vn_tile_job j = {.tile = weigh_tile, .p = p, .changed = p,
                     .n_scratch = p->n_covariates ? VN_TILE * vn_n_moving(p) : 0};
    const vn_status status = vn_over_tiles(&j, n_threads, poll, context);
    for (int a = 0; a < p->n_covariates; a++) {
        double most = 0.0, sum = 0.0;
        for (int64_t t = 0; t < p->n_tiles; t++) {
            const double *sums = p->tile_sums + t * p->n_sums + 2 * a;
            most = fmax(most, sums[0]);
            sum += sums[1];
        }
        p->unit[p->has_gamma + a] = most > 0.0 ? most : 1.0;
        p->border_mass[p->has_gamma + a] = most > 0.0 ? sum / most : 0.0;
    }
    return status;
}

/* ---- do outcomes hold a direction? ------------------------------------------------------------- */

static void margins_of(const vn_tile_job *j, int64_t tile, double *scratch)
{
    const vn_problem *p = j->p;
    double d[VN_TILE], least = INFINITY, largest = -INFINITY;
    const vn_tile t = vn_tile_of(p, tile);
    (void)scratch;
    vn_differences(p, j->step, &t, d);
    for (int k = 0; k < t.n_cells; k++) {
        const int64_t c = t.cell + k;
        const int tied = p->tie && p->tie[c] > 0.0;
        if (p->win[c] > 0.0 || tied) {
            least = fmin(least, d[k]);
            largest = fmax(largest, d[k]);
        }
        if (p->loss[c] > 0.0 || tied) {
            least = fmin(least, -d[k]);
            largest = fmax(largest, -d[k]);
        }
    }
    j->out[2 * tile] = least;
    j->out[2 * tile + 1] = largest;
}

vn_status vn_problem_margins(const vn_problem *p, const double *direction, int n_threads,
                             vn_poll poll, void *context, double *least, double *largest)
{
    *least = INFINITY;
    *largest = -INFINITY;
    double *out = vn_malloc(sizeof(double) * 2 * (size_t)VN_MAX(p->n_tiles, 1));
    if (!out) return VN_NO_MEMORY;
    vn_tile_job j = {.tile = margins_of, .p = p, .step = direction, .out = out};
    const vn_status status = vn_over_tiles(&j, n_threads, poll, context);
    for (int64_t t = 0; status == VN_OK && t < p->n_tiles; t++) {
        *least = fmin(*least, out[2 * t]);
        *largest = fmax(*largest, out[2 * t + 1]);
    }
    vn_free(out);
    return status;
}

/* ---- are columns determined? ------------------------------------------------------------------- */

VN_CLONES
static void take_off(const vn_problem *p, const vn_tile *t, const double *fitted, double unit,
                     double *restrict x)
{
    int64_t row = vn_row_of_edge(p, t->edge);
    for (int e = 0, k = 0; e < t->n_edges; e++) {
        while (p->edge_ptr[row + 1] <= t->edge + e) row++;
        const double apart = unit * (fitted[row] - fitted[p->hi[t->edge + e]]);
        for (const int end = vn_cells_until(p, t, e); k < end; k++) x[k] -= apart;
    }
}

static void gram_of(const vn_tile_job *j, int64_t tile, double *columns)
{
    const vn_problem *p = j->p;
    const int n = vn_n_moving(p);
    double weight[VN_TILE], *weighed = columns + (int64_t)n * VN_TILE;
    double *out = j->out + tile * n * (n + 1) / 2;
    const vn_tile t = vn_tile_of(p, tile);
    weights_of(p, &t, weight);
    vn_moving_columns(p, &t, columns);
    for (int a = 0; a < n; a++, out += a) {
        double *x = columns + (int64_t)a * VN_TILE;
        take_off(p, &t, j->x + a * p->n, p->unit[a], x);
        for (int k = 0; k < t.n_cells; k++) {
            x[k] /= p->unit[a];
            weighed[k] = weight[k] * x[k];
        }
        for (int b = 0; b <= a; b++)
            out[b] = vn_tile_dot(weighed, columns + (int64_t)b * VN_TILE, t.n_cells);
    }
}

vn_status vn_problem_gram(const vn_problem *p, const double *fitted, int n_threads, vn_poll poll,
                          void *context, double *gram)
{
    const int n = vn_n_moving(p), half = n * (n + 1) / 2;
    double *out = vn_calloc((size_t)VN_MAX(p->n_tiles, 1) * (size_t)VN_MAX(half, 1), sizeof(double));
    if (!out) return VN_NO_MEMORY;
    vn_tile_job j = {.tile = gram_of, .p = p, .x = fitted, .out = out,
                     .n_scratch = VN_TILE * (n + 1)};
    const vn_status status = vn_over_tiles(&j, n_threads, poll, context);
    for (int64_t t = 1; t < p->n_tiles; t++)
        for (int k = 0; k < half; k++) out[k] += out[t * half + k];
    const double *sum = out;
    for (int a = 0; a < n; a++, sum += a)
        for (int b = 0; b <= a; b++) gram[a * n + b] = gram[b * n + a] = sum[b];
    vn_free(out);
    return status;
}

/* What edges have of the corner as a whole: of one, the product of its sums over its curvature. */
static void between_of(const vn_tile_job *j, int64_t tile, double *scratch)
{
    const vn_problem *p = j->p;
    const int n = vn_n_moving(p), half = n * (n + 1) / 2;
    double *out = j->out + tile * half;
    const vn_tile t = vn_tile_of(p, tile);
    (void)scratch;
    int64_t row = vn_row_of_edge(p, t.edge);
    for (int64_t e = t.edge; e < t.edge + t.n_edges; e++) {
        while (p->edge_ptr[row + 1] <= e) row++;
        const double curve = (double)p->h.val[p->lower_ptr[row + 1] + e];
        double *sum = out;
        for (int a = 0; curve > 0.0 && a < n; a++, sum += a)
            for (int b = 0; b <= a; b++)
                sum[b] += (double)p->bend[a][e] * (double)p->bend[b][e] / curve;
    }
}

vn_status vn_problem_within(const vn_problem *p, int n_threads, vn_poll poll, void *context,
                            double *within, double *whole)
{
    const int n = vn_n_moving(p), half = n * (n + 1) / 2;
    double *out = vn_calloc((size_t)VN_MAX(p->n_tiles, 1) * (size_t)VN_MAX(half, 1), sizeof(double));
    if (!out) return VN_NO_MEMORY;
    vn_tile_job j = {.tile = between_of, .p = p, .out = out};
    const vn_status status = vn_over_tiles(&j, n_threads, poll, context);
    for (int64_t t = 1; t < p->n_tiles; t++)
        for (int k = 0; k < half; k++) out[k] += out[t * half + k];
    const double *sum = out;
    for (int a = 0; a < n; a++, sum += a)
        for (int b = 0; b <= a; b++) {
            const double all = p->corner[a * p->n_border + b];
            whole[a * n + b] = whole[b * n + a] = all;
            within[a * n + b] = within[b * n + a] = all - sum[b];
        }
    vn_free(out);
    return status;
}
