#include "vn_problem_internal.h"

#include <math.h>

#define TILES 4 /* of a block */

/* Products of the coefficients with rows of K covariates; K is a constant where it is used. */
static inline void add_products(const double *restrict x, const double *restrict beta, int n,
                                int len, double *restrict d)
{
    for (int k = 0; k < len; k++) {
        double sum = 0.0;
        for (int j = 0; j < n; j++) sum += beta[j] * x[(int64_t)k * n + j];
        d[k] += sum;
    }
}

VN_CLONES
static void add_covariates(const vn_problem *p, const double *beta, int64_t first, int len, double *d)
{
    const int n = p->n_covariates;
    const double *x = p->covariates + first * n;
    switch (n) {
    case 1: add_products(x, beta, 1, len, d); break;
    case 2: add_products(x, beta, 2, len, d); break;
    case 3: add_products(x, beta, 3, len, d); break;
    case 4: add_products(x, beta, 4, len, d); break;
    case 8: add_products(x, beta, 8, len, d); break;
    default: add_products(x, beta, n, len, d);
    }
}

VN_CLONES
void vn_differences(const vn_problem *p, const double *x, const vn_tile *t, double *d)
{
    int64_t row = vn_row_of_edge(p, t->edge);
    int k = 0;
    for (int e = 0; e < t->n_edges;) {
        while (p->edge_ptr[row + 1] <= t->edge + e) row++;
        const int stop = (int)VN_MIN(p->edge_ptr[row + 1] - t->edge, (int64_t)t->n_edges);
        const double here = x[row];
        if (p->cell_ptr) {
            for (; e < stop; e++) {
                const double apart = here - x[p->hi[t->edge + e]];
                for (const int end = vn_cells_until(p, t, e); k < end; k++) d[k] = apart;
            }
        } else {
            for (; e < stop; e++) d[e] = here - x[p->hi[t->edge + e]];
        }
    }
    if (p->has_gamma) {
        const double gamma = x[p->n];
        const int8_t *order = p->order + t->cell;
        for (k = 0; k < t->n_cells; k++) d[k] += gamma * (double)order[k];
    }
    if (p->n_covariates) add_covariates(p, x + p->n + p->has_gamma, t->cell, t->n_cells, d);
    if (p->scale)
        for (k = 0; k < t->n_cells; k++) d[k] *= p->scale[t->cell + k];
}

void vn_predictors(const vn_problem *p, const double *x, const vn_tile *t, double *d)
{
    vn_differences(p, x, t, d);
    if (p->offset)
        for (int k = 0; k < t->n_cells; k++) d[k] += p->offset[t->cell + k];
}

VN_CLONES
void vn_moving_columns(const vn_problem *p, const vn_tile *t, double *columns)
{
    const int n = p->n_covariates, len = t->n_cells;
    if (p->has_gamma) {
        const int8_t *order = p->order + t->cell;
        for (int k = 0; k < len; k++) columns[k] = (double)order[k];
        columns += VN_COLUMN;
    }
    const double *x = p->covariates + t->cell * n;
    for (int first = 0; first < len; first += 8) { /* rows of a few lines of the cache */
        const int stop = VN_MIN(len, first + 8);
        for (int j = 0; j < n; j++) {
            double *restrict to = columns + (int64_t)j * VN_COLUMN;
            for (int k = first; k < stop; k++) to[k] = x[(int64_t)k * n + j];
        }
    }
}

VN_CLONES
void vn_tile_dots(const double *x, const double *columns, int n, int len, double *out)
{
    int b = 0;
    for (; b + 4 <= n; b += 4) { /* side by side: one sum alone would wait for itself */
        const double *y0 = columns + (int64_t)b * VN_COLUMN, *y1 = y0 + VN_COLUMN;
        const double *y2 = y1 + VN_COLUMN, *y3 = y2 + VN_COLUMN;
        double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0;
        VN_PRAGMA(omp simd reduction(+:s0, s1, s2, s3))
        for (int k = 0; k < len; k++) {
            s0 += x[k] * y0[k];
            s1 += x[k] * y1[k];
            s2 += x[k] * y2[k];
            s3 += x[k] * y3[k];
        }
        out[b] = s0;
        out[b + 1] = s1;
        out[b + 2] = s2;
        out[b + 3] = s3;
    }
    for (; b < n; b++) {
        const double *y = columns + (int64_t)b * VN_COLUMN;
        double sum = 0.0;
        VN_PRAGMA(omp simd reduction(+:sum))
        for (int k = 0; k < len; k++) sum += x[k] * y[k];
        out[b] = sum;
    }
}

static vn_status tiles_of_block(void *arg, int64_t block, int worker)
{
    const vn_tile_job *j = arg;
    double *scratch = j->scratch ? j->scratch + (int64_t)worker * j->n_scratch : NULL;
    for (int64_t t = block * TILES; t < vn_block_end(j->p->n_tiles, TILES, block); t++)
        j->tile(j, t, scratch);
    return VN_OK;
}

vn_status vn_over_tiles(vn_tile_job *j, int n_threads, vn_poll poll, void *context)
{
    const int64_t n_blocks = vn_n_blocks(j->p->n_tiles, TILES);
    if (j->n_scratch) {
        const int workers = vn_team_size(n_threads, n_blocks);
        j->scratch = vn_malloc(sizeof(double) * (size_t)j->n_scratch * (size_t)workers);
        if (!j->scratch) return VN_NO_MEMORY;
    }
    const vn_status status = vn_team_run(tiles_of_block, j, n_blocks, n_threads, poll, context);
    vn_free(j->scratch);
    j->scratch = NULL;
    return status;
}

static void likelihood(const vn_tile_job *j, int64_t tile, double *scratch)
{
    const vn_problem *p = j->p;
    const double log_tie = p->has_tie ? j->x[p->n + vn_n_moving(p)] : 0.0;
    double d[VN_TILE];
    const vn_tile t = vn_tile_of(p, tile);
    (void)scratch;
    vn_predictors(p, j->x, &t, d);
    j->out[tile] = p->model->log_likelihood(p->model, d, p->win + t.cell, p->loss + t.cell,
                                            p->tie ? p->tie + t.cell : NULL, log_tie, t.n_cells);
}

double vn_direct_penalty(const vn_problem *p, const double *x)
{
    double direct = 0.0;
    for (int64_t i = 0; p->direct.precision && i < p->n; i++) {
        const double miss = p->direct.mean[i] - (x[i] + (p->has_level ? x[p->n] : 0.0));
        direct += p->direct.precision[i] * miss * miss;
    }
    return 0.5 * direct;
}

vn_status vn_problem_log_likelihood(const vn_problem *p, const double *x, int n_threads, vn_poll poll,
                                    void *context, double *out)
{
    vn_tile_job j = {.tile = likelihood, .p = p, .x = x, .out = p->tile_sums};
    const vn_status status = vn_over_tiles(&j, n_threads, poll, context);
    *out = vn_ordered_sum(p->tile_sums, p->n_tiles) - vn_direct_penalty(p, x);
    return status;
}

vn_status vn_problem_objective(const vn_problem *p, const double *x, int n_threads, vn_poll poll,
                               void *context, double *out)
{
    const vn_status status = vn_problem_log_likelihood(p, x, n_threads, poll, context, out);
    *out -= vn_prior_penalty(&p->prior, x, p->n);
    return status;
}

static void largest_difference(const vn_tile_job *j, int64_t tile, double *scratch)
{
    double d[VN_TILE], largest = 0.0;
    const vn_tile t = vn_tile_of(j->p, tile);
    (void)scratch;
    j->out[tile] = 0.0;
    if (vn_is_left_out(j->p, tile)) return;
    vn_differences(j->p, j->step, &t, d);
    for (int k = 0; k < t.n_cells; k++) largest = fabs(d[k]) > largest ? fabs(d[k]) : largest;
    j->out[tile] = largest;
}

static void overreach(const vn_tile_job *j, int64_t tile, double *scratch)
{
    double d[VN_TILE], change[VN_TILE], largest = 0.0;
    const vn_tile t = vn_tile_of(j->p, tile);
    (void)scratch;
    vn_predictors(j->p, j->x, &t, d);
    vn_differences(j->p, j->step, &t, change);
    for (int k = 0; k < t.n_cells; k++) {
        const double reach = fabs(change[k]) / (j->room + fabs(d[k]));
        largest = reach > largest ? reach : largest;
    }
    j->out[tile] = largest;
}

static double largest_of(const double *x, int64_t n)
{
    double largest = 0.0;
    for (int64_t k = 0; k < n; k++) largest = x[k] > largest ? x[k] : largest;
    return largest;
}

vn_status vn_problem_largest_difference(const vn_problem *p, const double *step, int n_threads,
                                        vn_poll poll, void *context, double *out)
{
    vn_tile_job j = {.tile = largest_difference, .p = p, .step = step, .out = p->tile_sums};
    const vn_status status = vn_over_tiles(&j, n_threads, poll, context);
    *out = largest_of(p->tile_sums, p->n_tiles);
    return status;
}

vn_status vn_problem_overreach(const vn_problem *p, const double *x, const double *step, double room,
                               int n_threads, vn_poll poll, void *context, double *out)
{
    vn_tile_job j = {.tile = overreach, .p = p, .x = x, .step = step, .out = p->tile_sums,
                     .room = room};
    const vn_status status = vn_over_tiles(&j, n_threads, poll, context);
    *out = largest_of(p->tile_sums, p->n_tiles);
    return status;
}

double vn_problem_reach(const vn_problem *p, const double *step)
{
    double theta = 0.0, rest = 0.0, scale = 1.0;
    for (int64_t i = 0; i < p->n; i++) theta = fmax(theta, fabs(step[i]));
    for (int b = 0; b < p->n_border - p->has_tie; b++) rest += fabs(step[p->n + b]) * p->unit[b];
    for (int64_t k = 0; p->scale && k < p->n_edges; k++) scale = fmax(scale, fabs(p->scale[k]));
    return scale * (2.0 * theta + rest);
}
