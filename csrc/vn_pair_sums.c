#include "vn_pair_sums.h"

#include "vn_team.h"

#define BLOCK 8192 /* cells, about */

typedef struct {
    int64_t n_pairs, n_blocks;
    const int64_t *ptr;
    const double *weight, *moving;
    int m;
    double *sums, *corners; /* of each block, m * (m + 1) / 2: the lower half by rows */
} job;

/* The first pair that starts at this cell or behind it. */
static int64_t pair_at(const job *j, int64_t cell)
{
    int64_t low = 0, high = j->n_pairs;
    while (low < high) {
        const int64_t mid = low + (high - low) / 2;
        if (j->ptr[mid] < cell) low = mid + 1; else high = mid;
    }
    return low;
}

/* m is a constant where this is used. */
__attribute__((always_inline)) static inline void sum_pairs(const job *j, int64_t from, int64_t to,
                                                            int m, double *restrict corner)
{
    for (int64_t p = from; p < to; p++) {
        double *restrict own = j->sums + p * (1 + m);
        for (int a = 0; a <= m; a++) own[a] = 0.0;
        for (int64_t k = j->ptr[p]; k < j->ptr[p + 1]; k++) {
            const double w = j->weight[k];
            const double *x = j->moving + k * m;
            own[0] += w;
            for (int a = 0, at = 0; a < m; a++) {
                const double part = w * x[a];
                own[1 + a] += part;
                for (int b = 0; b <= a; b++) corner[at++] += part * x[b];
            }
        }
    }
}

VN_CLONES
static void sum_block(const job *j, int64_t from, int64_t to, double *corner)
{
    switch (j->m) {
    case 1: sum_pairs(j, from, to, 1, corner); break;
    case 2: sum_pairs(j, from, to, 2, corner); break;
    case 4: sum_pairs(j, from, to, 4, corner); break;
    case 8: sum_pairs(j, from, to, 8, corner); break;
    default: sum_pairs(j, from, to, j->m, corner);
    }
}

static vn_status one_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t n_cells = j->ptr[j->n_pairs];
    (void)worker;
    const int64_t from = pair_at(j, vn_chunk_start(n_cells, block, j->n_blocks));
    const int64_t to = pair_at(j, vn_chunk_start(n_cells, block + 1, j->n_blocks));
    sum_block(j, from, to, j->corners + block * j->m * (j->m + 1) / 2);
    return VN_OK;
}

vn_status vn_pair_sums(int64_t n_pairs, const int64_t *ptr, const double *weight, int m,
                       const double *moving, int n_threads, double *sums, double *corner)
{
    const int64_t n_blocks = VN_MAX(ptr[n_pairs] / BLOCK, 1), half = (int64_t)m * (m + 1) / 2;
    job j = {n_pairs, n_blocks, ptr, weight, moving, m, sums, NULL};
    j.corners = vn_calloc((size_t)(n_blocks * VN_MAX(half, 1)), sizeof(double));
    if (!j.corners) return VN_NO_MEMORY;
    const vn_status status = vn_team_run(one_block, &j, n_blocks, n_threads, NULL, NULL);
    for (int64_t b = 1; b < n_blocks; b++)
        for (int64_t k = 0; k < half; k++) j.corners[k] += j.corners[b * half + k];
    const double *sum = j.corners;
    for (int a = 0; a < m; a++, sum += a)
        for (int b = 0; b <= a; b++) corner[a * m + b] = corner[b * m + a] = sum[b];
    vn_free(j.corners);
    return status;
}
