#include "vn_replicates.h"

#include <math.h>

#include "vn_replicates_internal.h"
#include "vn_team.h"

#define MOST 200.0   /* |x| from which strengths might leave the range of double */
#define GROWS 4.0    /* a residual that grows by this is given up */

static void block_free(vn_replicate_block *w)
{
    if (!w) return;
    double *arrays[] = {w->draw, w->a, w->b, w->fixed, w->mass, w->x, w->strength, w->g, w->step};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) vn_free(arrays[k]);
    vn_free(w->up);
    vn_free(w->down);
    vn_free(w->reach);
    vn_free(w);
}

static vn_replicate_block *block_new(const vn_replicates *p)
{
    vn_replicate_block *w = vn_calloc(1, sizeof *w);
    if (!w) return NULL;
    const size_t lane = sizeof(double) * LANES, edges = (size_t)p->n_edges;
    const size_t items = (size_t)p->n_items + 1;
    double **arrays[] = {&w->draw, &w->a, &w->b, &w->fixed, &w->mass, &w->x, &w->strength, &w->g,
                         &w->step};
    const size_t counts[] = {(size_t)p->n_units, edges, edges, items, items, items, items, items,
                             items};
    int lost = 0;
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        lost |= !(*arrays[k] = vn_aligned_alloc(64, lane * VN_MAX(counts[k], 1)));
    w->up = vn_malloc(sizeof(uint32_t) * VN_MAX(edges, 1));
    w->down = vn_malloc(sizeof(uint32_t) * VN_MAX(edges, 1));
    w->reach = vn_malloc(sizeof(uint32_t) * items);
    if (!lost && w->up && w->down && w->reach) return w;
    block_free(w);
    return NULL;
}

/* step = inverse x g, then x += step in active lanes; four columns at a time. */
VN_CLONES
static void take_step(const vn_replicates *p, vn_replicate_block *w)
{
    const int64_t n = p->n_items + p->has_tie;
    for (int64_t i = 0; i < n; i++) {
        double sum[LANES] = {0.0};
        const double *restrict row = p->inverse + i * n;
        for (int64_t j = 0; j < n; j++) {
            const double *restrict g = w->g + LANES * j;
            for (int l = 0; l < LANES; l++) sum[l] += row[j] * g[l];
        }
        double *restrict step = w->step + LANES * i;
        for (int l = 0; l < LANES; l++) step[l] = sum[l];
    }
    for (int64_t i = 0; i < n; i++)
        for (int l = 0; l < LANES; l++)
            w->x[LANES * i + l] += w->active[l] != 0.0 ? w->step[LANES * i + l] : 0.0;
}

/* Lanes whose parameters left the range in which the kernels work. */
static uint32_t out_of_range(const vn_replicates *p, const vn_replicate_block *w)
{
    const int64_t n = p->n_items;
    uint32_t bad = 0;
    for (int l = 0; l < LANES; l++) {
        double most = 0.0;
        for (int64_t i = 0; i < n + p->has_tie; i++) {
            const double x = fabs(w->x[LANES * i + l]);
            most = x <= most ? most : x;
        }
        const int below = p->has_tie && !(w->x[LANES * n + l] > p->model->least_log_tie + 1e-6);
        bad |= (uint32_t)(!(most < MOST) || below) << l;
    }
    return bad;
}

static vn_status iterate(const vn_replicates *p, vn_poll poll, void *context, vn_replicate_block *w,
                         double *residual, int8_t *status, int32_t *n_iter)
{
    const int64_t work = LANES * (p->n_items * p->n_items + 10 * p->n_edges); /* of an iteration */
    const int64_t every = VN_MAX(100000000 / VN_MAX(work, 1), 1);
    const int64_t n = p->n_items + p->has_tie;
    double now[LANES], last[LANES];
    for (int64_t i = 0; i < n; i++)
        for (int l = 0; l < LANES; l++) w->x[LANES * i + l] = p->start[i];
    for (int l = 0; l < LANES; l++) {
        w->active[l] = status[l] == VN_REPLICATE_DONE ? 1.0 : 0.0;
        last[l] = INFINITY;
        residual[l] = NAN;
        n_iter[l] = 0;
    }
    for (int k = 0;; k++) {
        double left = 0.0;
        vn_replicate_gradient(p, w, now);
        const uint32_t bad = out_of_range(p, w);
        for (int l = 0; l < LANES; l++) {
            if (w->active[l] == 0.0) continue;
            residual[l] = now[l];
            n_iter[l] = k;
            const int lost = bad >> l & 1 || !(now[l] <= GROWS * last[l]) || k == p->max_iter;
            /* a step at least: draws of enormous masses may differ by less than the tolerance */
            if (k && now[l] <= p->tol) w->active[l] = 0.0;
            else if (lost) {
                w->active[l] = 0.0;
                status[l] = VN_REPLICATE_UNSURE;
            }
            last[l] = VN_MIN(last[l], now[l]);
            left += w->active[l];
        }
        if (left == 0.0) return VN_OK;
        if (k % every == every - 1 && poll && poll(context)) return VN_INTERRUPTED;
        take_step(p, w);
    }
}

static vn_status fit_block(const vn_replicates *p, const vn_draws *d, const uint64_t key[2],
                           int64_t first, int lanes, vn_poll poll, void *context,
                           vn_replicate_block *w, double *theta, double *log_tie, double *residual,
                           int8_t *status, int32_t *n_iter)
{
    double res[LANES];
    int8_t state[LANES];
    int32_t iterations[LANES];
    vn_draws_block(d, key, first, LANES, w->draw);
    vn_replicate_masses(p, w);
    const uint32_t sure = vn_replicate_connected(p, w);
    for (int l = 0; l < LANES; l++) {
        state[l] = VN_REPLICATE_DONE;
        const int connected = sure >> l & 1;
        if (l >= lanes) state[l] = VN_REPLICATE_UNSURE;
        else if (p->has_tie) state[l] = connected && w->ties[l] > 0.0 ? 0 : VN_REPLICATE_UNSURE;
        else if (!vn_prior_is_given(&p->prior) && !connected) state[l] = VN_REPLICATE_NO_FIT;
    }
    const vn_status result = iterate(p, poll, context, w, res, state, iterations);
    if (result != VN_OK) return result;
    for (int l = 0; l < lanes; l++) {
        residual[l] = res[l];
        status[l] = state[l];
        n_iter[l] = iterations[l];
        if (log_tie) log_tie[l] = w->x[LANES * p->n_items + l];
    }
    for (int64_t i = 0; i < p->n_items; i++)
        for (int l = 0; l < lanes; l++) theta[l * p->n_items + i] = w->x[LANES * i + l];
    return VN_OK;
}

typedef struct {
    const vn_replicates *p;
    const vn_draws *d;
    const uint64_t *key;
    int64_t from, to;
    double *theta, *log_tie, *residual;
    int8_t *status;
    int32_t *n_iter;
    vn_replicate_block **scratch; /* of each worker, made at its first block */
    vn_poll poll;
    void *context;
} job;

static vn_status fit_one(void *arg, int64_t k, int worker)
{
    const job *j = arg;
    const int64_t at = k * LANES;
    const int lanes = (int)VN_MIN(j->to - j->from - at, (int64_t)LANES);
    if (!j->scratch[worker]) j->scratch[worker] = block_new(j->p);
    if (!j->scratch[worker]) return VN_NO_MEMORY;
    return fit_block(j->p, j->d, j->key, j->from + at, lanes, worker == 0 ? j->poll : NULL,
                     j->context, j->scratch[worker], j->theta + at * j->p->n_items,
                     j->log_tie ? j->log_tie + at : NULL, j->residual + at, j->status + at,
                     j->n_iter + at);
}

vn_status vn_replicates_fit(const vn_replicates *p, const vn_draws *d, const uint64_t key[2],
                            int64_t from, int64_t to, int n_threads, vn_poll poll, void *context,
                            double *theta, double *log_tie, double *residual, int8_t *status,
                            int32_t *n_iter)
{
    const int64_t n_blocks = vn_n_blocks(to - from, LANES);
    const int n_workers = vn_team_size(n_threads, n_blocks);
    job j = {p, d, key, from, to, theta, log_tie, residual, status, n_iter, NULL, poll, context};
    j.scratch = vn_calloc((size_t)n_workers, sizeof *j.scratch);
    if (!j.scratch) return VN_NO_MEMORY;
    const vn_status result = vn_team_run(fit_one, &j, n_blocks, n_threads, poll, context);
    for (int w = 0; w < n_workers; w++) block_free(j.scratch[w]);
    vn_free(j.scratch);
    return result;
}

VN_CLONES
vn_status vn_dense_inverse(int64_t n, double *a)
{
    /* Gauss-Jordan in place; a positive definite matrix needs no pivoting */
    for (int64_t k = 0; k < n; k++) {
        double *restrict pivot_row = a + k * n;
        const double pivot = pivot_row[k];
        if (!(pivot > 0.0)) return VN_BAD_VALUE;
        pivot_row[k] = 1.0;
        for (int64_t j = 0; j < n; j++) pivot_row[j] /= pivot;
        for (int64_t i = 0; i < n; i++) {
            if (i == k) continue;
            double *restrict row = a + i * n;
            const double factor = row[k];
            row[k] = 0.0;
            for (int64_t j = 0; j < n; j++) row[j] -= factor * pivot_row[j];
        }
    }
    return VN_OK;
}
