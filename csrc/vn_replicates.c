#include "vn_replicates.h"

#include <math.h>
#include <string.h>

#include "vn_replicates_internal.h"

#define MOST 200.0   /* |x| from which strengths might leave the range of double */
#define GROWS 4.0    /* a residual that grows by this is given up */

static void block_free(vn_replicate_block *w)
{
    double *arrays[] = {w->draw, w->a, w->b, w->fixed, w->mass, w->x, w->strength, w->g, w->step};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) vn_free(arrays[k]);
    vn_free(w->up);
    vn_free(w->down);
    vn_free(w->reach);
}

static int block_new(const vn_replicates *p, vn_replicate_block *w)
{
    const size_t lane = sizeof(double) * LANES, edges = (size_t)p->n_edges;
    const size_t items = (size_t)p->n_items + 1;
    memset(w, 0, sizeof *w);
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
    return lost || !w->up || !w->down || !w->reach;
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
        const int below = p->model == VN_RAO_KUPPER && !(w->x[LANES * n + l] > 1e-6);
        bad |= (uint32_t)(!(most < MOST) || below) << l;
    }
    return bad;
}

static void iterate(const vn_replicates *p, vn_replicate_block *w, double *residual, int8_t *status,
                    int32_t *n_iter)
{
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
            if (now[l] <= p->tol) w->active[l] = 0.0;
            else if (lost) {
                w->active[l] = 0.0;
                status[l] = VN_REPLICATE_UNSURE;
            }
            last[l] = VN_MIN(last[l], now[l]);
            left += w->active[l];
        }
        if (left == 0.0) return;
        take_step(p, w);
    }
}

static void fit_block(const vn_replicates *p, const vn_draws *d, const uint64_t key[2], int64_t first,
                      int lanes, vn_replicate_block *w, double *theta, double *log_tie,
                      double *residual, int8_t *status, int32_t *n_iter)
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
        else if (p->prior == 0.0 && !connected) state[l] = VN_REPLICATE_NO_FIT;
    }
    iterate(p, w, res, state, iterations);
    for (int l = 0; l < lanes; l++) {
        residual[l] = res[l];
        status[l] = state[l];
        n_iter[l] = iterations[l];
        if (log_tie) log_tie[l] = w->x[LANES * p->n_items + l];
    }
    for (int64_t i = 0; i < p->n_items; i++)
        for (int l = 0; l < lanes; l++) theta[l * p->n_items + i] = w->x[LANES * i + l];
}

vn_status vn_replicates_fit(const vn_replicates *p, const vn_draws *d, const uint64_t key[2],
                            int64_t from, int64_t to, int n_threads, double *theta, double *log_tie,
                            double *residual, int8_t *status, int32_t *n_iter)
{
    (void)n_threads;
    int failed = 0;
    const int64_t n_blocks = (to - from + LANES - 1) / LANES;
    VN_PRAGMA(omp parallel num_threads((int)VN_MIN((int64_t)n_threads, n_blocks)))
    {
        vn_replicate_block w;
        const int lost = block_new(p, &w);
        if (lost) {
            VN_PRAGMA(omp atomic write)
            failed = 1;
        }
        VN_PRAGMA(omp for schedule(dynamic, 1))
        for (int64_t k = 0; k < n_blocks; k++) {
            if (lost) continue;
            const int64_t at = k * LANES;
            const int lanes = (int)VN_MIN(to - from - at, (int64_t)LANES);
            fit_block(p, d, key, from + at, lanes, &w, theta + at * p->n_items,
                      log_tie ? log_tie + at : NULL, residual + at, status + at, n_iter + at);
        }
        block_free(&w);
    }
    return failed ? VN_NO_MEMORY : VN_OK;
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
