#include "vn_problem_internal.h"

#include <math.h>

#define TILES 4 /* of a block */

VN_CLONES
void vn_differences(const vn_problem *p, const double *x, int64_t first, int len, double *d)
{
    int64_t row = vn_row_of_edge(p, first), e = first;
    const int64_t end = first + len;
    while (e < end) {
        while (p->edge_ptr[row + 1] <= e) row++;
        const int64_t stop = VN_MIN(p->edge_ptr[row + 1], end);
        const double here = x[row];
        for (; e < stop; e++) d[e - first] = here - x[p->hi[e]];
    }
    if (p->has_gamma) {
        const double gamma = x[p->n];
        for (int k = 0; k < len; k++) d[k] += gamma * (double)p->order[first + k];
    }
    if (p->scale)
        for (int k = 0; k < len; k++) d[k] *= p->scale[first + k];
}

void vn_predictors(const vn_problem *p, const double *x, int64_t first, int len, double *d)
{
    vn_differences(p, x, first, len, d);
    if (p->offset)
        for (int k = 0; k < len; k++) d[k] += p->offset[first + k];
}

static vn_status tiles_of_block(void *arg, int64_t block, int worker)
{
    const vn_tile_job *j = arg;
    (void)worker;
    for (int64_t t = block * TILES; t < vn_block_end(j->p->n_tiles, TILES, block); t++)
        j->tile(j, t);
    return VN_OK;
}

vn_status vn_over_tiles(vn_tile_job *j, int n_threads, vn_poll poll, void *context)
{
    const int64_t n_blocks = vn_n_blocks(j->p->n_tiles, TILES);
    return vn_team_run(tiles_of_block, j, n_blocks, n_threads, poll, context);
}

static void likelihood(const vn_tile_job *j, int64_t tile)
{
    const vn_problem *p = j->p;
    const double log_tie = p->has_tie ? j->x[p->n + p->has_gamma] : 0.0;
    double d[VN_TILE];
    int64_t first;
    const int len = vn_edges_of_tile(p, tile, &first);
    vn_predictors(p, j->x, first, len, d);
    j->out[tile] = p->model->log_likelihood(d, p->win + first, p->loss + first,
                                            p->tie ? p->tie + first : NULL, log_tie, len);
}

vn_status vn_problem_log_likelihood(const vn_problem *p, const double *x, int n_threads, vn_poll poll,
                                    void *context, double *out)
{
    vn_tile_job j = {.tile = likelihood, .p = p, .x = x, .out = p->tile_sums};
    const vn_status status = vn_over_tiles(&j, n_threads, poll, context);
    double direct = 0.0;
    for (int64_t i = 0; p->direct.precision && i < p->n; i++) {
        const double miss = p->direct.mean[i] - (x[i] + (p->has_level ? x[p->n] : 0.0));
        direct += p->direct.precision[i] * miss * miss;
    }
    *out = vn_ordered_sum(p->tile_sums, p->n_tiles) - 0.5 * direct;
    return status;
}

vn_status vn_problem_objective(const vn_problem *p, const double *x, int n_threads, vn_poll poll,
                               void *context, double *out)
{
    const vn_status status = vn_problem_log_likelihood(p, x, n_threads, poll, context, out);
    *out -= vn_prior_penalty(&p->prior, x, p->n);
    return status;
}

static void largest_difference(const vn_tile_job *j, int64_t tile)
{
    double d[VN_TILE], largest = 0.0;
    int64_t first;
    const int len = vn_edges_of_tile(j->p, tile, &first);
    vn_differences(j->p, j->step, first, len, d);
    for (int k = 0; k < len; k++) largest = fabs(d[k]) > largest ? fabs(d[k]) : largest;
    j->out[tile] = largest;
}

static void overreach(const vn_tile_job *j, int64_t tile)
{
    double d[VN_TILE], change[VN_TILE], largest = 0.0;
    int64_t first;
    const int len = vn_edges_of_tile(j->p, tile, &first);
    vn_predictors(j->p, j->x, first, len, d);
    vn_differences(j->p, j->step, first, len, change);
    for (int k = 0; k < len; k++) {
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
