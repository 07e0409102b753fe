/* The part of pooling that looks at teachers two by two. */
#include <string.h>

#include "vn_pool.h"

#define BLOCK_PAIRS 256
#define MAX_BLOCKS 16
#define MAX_SUMS ((int64_t)1 << 25) /* numbers in all blocks' sums */
#define SLICE ((int64_t)1 << 28) /* products between two looks for an interrupt */

/* Blocks of pairs that are summed apart, when each block has `width` sums. */
static int64_t block_count(int64_t n_pairs, int64_t width)
{
    const int64_t blocks = VN_MIN(n_pairs / BLOCK_PAIRS, (int64_t)MAX_BLOCKS);
    return VN_MAX(VN_MIN(blocks, MAX_SUMS / VN_MAX(width, (int64_t)1)), (int64_t)1);
}

static inline int64_t block_start(int64_t n_pairs, int64_t b, int64_t blocks)
{
    return (int64_t)((__int128)n_pairs * b / blocks);
}

VN_CLONES
static void pool_block(const vn_panel *p, const double *r, int64_t from, int64_t to,
                       double *cell_weight, double *sum, double *mean, double *n_eff, double *share)
{
    for (int64_t q = from; q < to; q++) {
        const int64_t begin = p->ptr[q], end = p->ptr[q + 1];
        double total = 0.0, signed_total = 0.0, spread = 0.0;
        for (int64_t k = begin; k < end; k++) {
            const double *row = r + (int64_t)p->teacher[k] * p->n_teachers;
            double crowd = 0.0;
            for (int64_t i = begin; i < end; i++) crowd += row[p->teacher[i]];
            const double e = p->teacher_weight[p->teacher[k]] / crowd;
            cell_weight[k] = e;
            total += e;
            signed_total += e * p->s[k];
        }
        for (int64_t k = begin; k < end; k++) {
            const double *row = r + (int64_t)p->teacher[k] * p->n_teachers;
            double with = 0.0;
            for (int64_t i = begin; i < end; i++) with += row[p->teacher[i]] * cell_weight[i];
            spread += cell_weight[k] * with;
        }
        const int some = total > 0.0;
        sum[q] = total;
        mean[q] = some ? signed_total / total : 0.0;
        n_eff[q] = some ? total * total / spread : 0.0;
        for (int64_t k = begin; k < end && some; k++)
            share[p->teacher[k]] += cell_weight[k] / total;
    }
}

vn_status vn_pool_correlated(const vn_panel *p, const double *r, int n_threads, double *cell_weight,
                             double *sum, double *mean, double *n_eff, double *share)
{
    const int64_t n_teachers = p->n_teachers, blocks = block_count(p->n_pairs, n_teachers);
    double *shares = vn_calloc((size_t)(n_teachers * blocks) + 1, sizeof(double));
    if (!shares) return VN_NO_MEMORY;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 1))
    for (int64_t b = 0; b < blocks; b++)
        pool_block(p, r, block_start(p->n_pairs, b, blocks), block_start(p->n_pairs, b + 1, blocks),
                   cell_weight, sum, mean, n_eff, shares + n_teachers * b);
    memset(share, 0, sizeof(double) * (size_t)n_teachers);
    for (int64_t b = 0; b < blocks; b++)
        for (int64_t t = 0; t < n_teachers; t++) share[t] += shares[n_teachers * b + t];
    vn_free(shares);
    return VN_OK;
}

static void comoments_block(const vn_panel *p, const double *x, const uint8_t *keep, int64_t from,
                            int64_t to, double *product, double *square, double *common)
{
    const int64_t n = p->n_teachers;
    for (int64_t q = from; q < to; q++) {
        if (keep && !keep[q]) continue;
        for (int64_t k = p->ptr[q]; k < p->ptr[q + 1]; k++) {
            const int64_t row = p->teacher[k] * n;
            const double own = x[k], own_square = x[k] * x[k];
            for (int64_t i = p->ptr[q]; i < p->ptr[q + 1]; i++) {
                const int64_t at = row + p->teacher[i];
                product[at] += own * x[i];
                square[at] += own_square;
                common[at] += 1.0;
            }
        }
    }
}

/* End of the slice of pairs that starts at `from`: a fraction of a second's work. */
static int64_t slice_end(const vn_panel *p, int64_t from)
{
    int64_t work = 0, q = from;
    while (q < p->n_pairs && (work < SLICE || q == from)) {
        const int64_t n = p->ptr[q + 1] - p->ptr[q];
        work += n * n;
        q++;
    }
    return q;
}

vn_status vn_comoments(const vn_panel *p, const double *x, const uint8_t *keep, int n_threads,
                       vn_poll poll, void *context, double *product, double *square, double *common)
{
    const int64_t size = p->n_teachers * p->n_teachers, blocks = block_count(p->n_pairs, 3 * size);
    double *sums = vn_calloc((size_t)(3 * size * blocks) + 1, sizeof(double));
    if (!sums) return VN_NO_MEMORY;
    for (int64_t from = 0; from < p->n_pairs;) {
        const int64_t end = slice_end(p, from), n = end - from;
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 1))
        for (int64_t b = 0; b < blocks; b++) {
            double *own = sums + 3 * size * b;
            comoments_block(p, x, keep, from + block_start(n, b, blocks),
                            from + block_start(n, b + 1, blocks), own, own + size, own + 2 * size);
        }
        from = end;
        if (poll && poll(context)) {
            vn_free(sums);
            return VN_INTERRUPTED;
        }
    }
    for (int64_t b = 1; b < blocks; b++)
        for (int64_t i = 0; i < 3 * size; i++) sums[i] += sums[3 * size * b + i];
    memcpy(product, sums, sizeof(double) * (size_t)size);
    memcpy(square, sums + size, sizeof(double) * (size_t)size);
    memcpy(common, sums + 2 * size, sizeof(double) * (size_t)size);
    vn_free(sums);
    return VN_OK;
}
