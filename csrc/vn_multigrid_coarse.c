#include "vn_multigrid_internal.h"

#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* What is found of each row of the coarse matrix. */
typedef enum { COUNT, PATTERN, VALUES } found;

/* Rows [from, to) of the coarse matrix. */
static void coarse_rows(const vn_level *fine, vn_laplacian *coarse, int64_t from, int64_t to,
                        found what, double *sum, int32_t *list)
{
    const vn_laplacian *a = &fine->a;
    for (int64_t g = from; g < to; g++) {
        int64_t n_found = 0;
        double extra = 0.0;
        for (int64_t m = fine->groups.member_ptr[g]; m < fine->groups.member_ptr[g + 1]; m++) {
            const int32_t v = fine->groups.member[m];
            extra += a->extra[v];
            for (int64_t k = a->ptr[v]; k < a->ptr[v + 1]; k++) {
                const int32_t u = fine->groups.of[a->col[k]];
                if (u == (int32_t)g) continue;
                if (what == VALUES) {
                    sum[u] += (double)a->val[k];
                } else if (sum[u] == 0.0) {
                    sum[u] = 1.0;
                    list[n_found++] = u;
                }
            }
        }
        if (what == VALUES) {
            for (int64_t k = coarse->ptr[g]; k < coarse->ptr[g + 1]; k++) {
                coarse->val[k] = (float)sum[coarse->col[k]];
                sum[coarse->col[k]] = 0.0;
            }
            coarse->extra[g] = extra;
        } else {
            for (int64_t k = 0; k < n_found; k++) sum[list[k]] = 0.0;
            if (what == PATTERN) {
                qsort(list, (size_t)n_found, sizeof(int32_t), by_id);
                memcpy(coarse->col + coarse->ptr[g], list, sizeof(int32_t) * (size_t)n_found);
            } else {
                coarse->ptr[g + 1] = n_found;
            }
        }
    }
}

/* Scratch of one worker, made at its first block: zero sums, and what was found. */
typedef struct {
    double *sum;
    int32_t *list;
} coarse_scratch;

typedef struct {
    const vn_level *fine;
    vn_laplacian *coarse;
    found what;
    coarse_scratch *scratch;
} coarse_job;

static vn_status coarse_block(void *arg, int64_t block, int worker)
{
    const coarse_job *j = arg;
    coarse_scratch *w = &j->scratch[worker];
    const int64_t n = j->coarse->n;
    if (!w->sum) w->sum = vn_calloc((size_t)n, sizeof(double));
    if (!w->list) w->list = vn_malloc(sizeof(int32_t) * (size_t)n);
    if (!w->sum || !w->list) return VN_NO_MEMORY;
    coarse_rows(j->fine, j->coarse, VN_BLOCK_GROUPS * block,
                vn_block_end(n, VN_BLOCK_GROUPS, block), j->what, w->sum, w->list);
    return VN_OK;
}

static vn_status coarse_pass(const vn_level *fine, vn_laplacian *coarse, found what, int n_threads,
                             vn_poll poll, void *context)
{
    const int64_t n_blocks = vn_n_blocks(coarse->n, VN_BLOCK_GROUPS);
    const int threads = n_blocks > 8 ? n_threads : 1, n_workers = vn_team_size(threads, n_blocks);
    coarse_job j = {fine, coarse, what, vn_calloc((size_t)n_workers, sizeof(coarse_scratch))};
    if (!j.scratch) return VN_NO_MEMORY;
    const vn_status status = vn_team_run(coarse_block, &j, n_blocks, threads, poll, context);
    for (int w = 0; w < n_workers; w++) {
        vn_free(j.scratch[w].sum);
        vn_free(j.scratch[w].list);
    }
    vn_free(j.scratch);
    return status;
}

vn_status vn_coarse_pattern(const vn_level *fine, int64_t n, vn_laplacian *coarse, int n_threads,
                            vn_poll poll, void *context)
{
    coarse->n = n;
    coarse->ptr = vn_calloc((size_t)n + 1, sizeof(int64_t));
    if (!coarse->ptr) return VN_NO_MEMORY;
    vn_status status = coarse_pass(fine, coarse, COUNT, n_threads, poll, context);
    if (status != VN_OK) return status;
    for (int64_t g = 0; g < n; g++) coarse->ptr[g + 1] += coarse->ptr[g];
    coarse->col = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(coarse->ptr[n], 1));
    coarse->val = vn_calloc((size_t)VN_MAX(coarse->ptr[n], 1), sizeof(float));
    if (!coarse->col || !coarse->val) return VN_NO_MEMORY;
    status = coarse_pass(fine, coarse, PATTERN, n_threads, poll, context);
    return status == VN_OK ? vn_laplacian_finish(coarse) : status;
}

vn_status vn_coarse_values(const vn_level *fine, vn_laplacian *coarse, int n_threads, vn_poll poll,
                           void *context)
{
    const vn_status status = coarse_pass(fine, coarse, VALUES, n_threads, poll, context);
    if (status == VN_OK) vn_laplacian_diagonal(coarse, n_threads);
    return status;
}
