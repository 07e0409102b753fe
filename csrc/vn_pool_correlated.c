/* The part of pooling that looks at teachers two by two. */
#include <string.h>

#include "vn_pool.h"
#include "vn_team.h"

#define BLOCK_PAIRS 256
#define MAX_BLOCKS 16      /* of tables of teachers by teachers */
#define MAX_POOL_BLOCKS 4096
#define MAX_SUMS ((int64_t)1 << 25) /* numbers in all blocks' sums */
#define SLICE ((int64_t)1 << 28) /* products of a run: with few blocks more of them would last too long */

/* Blocks of pairs that are summed apart, at most `most`, when each block has `width` sums. */
static int64_t block_count(int64_t n_pairs, int64_t most, int64_t width)
{
    const int64_t blocks = VN_MIN(n_pairs / BLOCK_PAIRS, most);
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

/* What the loops over blocks of pairs read and write; each uses what it needs. */
typedef struct {
    const vn_panel *panel;
    const double *r, *x;
    const uint8_t *keep;
    int64_t from, n, n_blocks; /* the pairs [from, from + n) */
    double *cell_weight, *out[3], *sums;
} job;

static vn_status pool_of(void *arg, int64_t b, int worker)
{
    const job *j = arg;
    (void)worker;
    pool_block(j->panel, j->r, block_start(j->n, b, j->n_blocks),
               block_start(j->n, b + 1, j->n_blocks), j->cell_weight, j->out[0], j->out[1],
               j->out[2], j->sums + j->panel->n_teachers * b);
    return VN_OK;
}

vn_status vn_pool_correlated(const vn_panel *p, const double *r, int n_threads, vn_poll poll,
                             void *context, double *cell_weight, double *sum, double *mean,
                             double *n_eff, double *share)
{
    const int64_t n_teachers = p->n_teachers;
    const int64_t blocks = block_count(p->n_pairs, MAX_POOL_BLOCKS, n_teachers);
    double *shares = vn_calloc((size_t)(n_teachers * blocks) + 1, sizeof(double));
    if (!shares) return VN_NO_MEMORY;
    const vn_status status
        = vn_team_run(pool_of,
                      &(job){.panel = p, .r = r, .n = p->n_pairs, .n_blocks = blocks,
                             .cell_weight = cell_weight, .out = {sum, mean, n_eff}, .sums = shares},
                      blocks, n_threads, poll, context);
    memset(share, 0, sizeof(double) * (size_t)n_teachers);
    for (int64_t b = 0; b < blocks; b++)
        for (int64_t t = 0; t < n_teachers; t++) share[t] += shares[n_teachers * b + t];
    vn_free(shares);
    return status;
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

static vn_status comoments_of(void *arg, int64_t b, int worker)
{
    const job *j = arg;
    const int64_t size = j->panel->n_teachers * j->panel->n_teachers;
    double *own = j->sums + 3 * size * b;
    (void)worker;
    comoments_block(j->panel, j->x, j->keep, j->from + block_start(j->n, b, j->n_blocks),
                    j->from + block_start(j->n, b + 1, j->n_blocks), own, own + size,
                    own + 2 * size);
    return VN_OK;
}

vn_status vn_comoments(const vn_panel *p, const double *x, const uint8_t *keep, int n_threads,
                       vn_poll poll, void *context, double *product, double *square, double *common)
{
    const int64_t size = p->n_teachers * p->n_teachers;
    const int64_t blocks = block_count(p->n_pairs, MAX_BLOCKS, 3 * size);
    vn_status status = VN_OK;
    double *sums = vn_calloc((size_t)(3 * size * blocks) + 1, sizeof(double));
    if (!sums) return VN_NO_MEMORY;
    for (int64_t from = 0; from < p->n_pairs && status == VN_OK;) {
        const int64_t end = slice_end(p, from);
        status = vn_team_run(comoments_of,
                             &(job){.panel = p, .x = x, .keep = keep, .from = from,
                                    .n = end - from, .n_blocks = blocks, .sums = sums},
                             blocks, n_threads, poll, context);
        from = end;
    }
    for (int64_t b = 1; b < blocks; b++)
        for (int64_t i = 0; i < 3 * size; i++) sums[i] += sums[3 * size * b + i];
    memcpy(product, sums, sizeof(double) * (size_t)size);
    memcpy(square, sums + size, sizeof(double) * (size_t)size);
    memcpy(common, sums + 2 * size, sizeof(double) * (size_t)size);
    vn_free(sums);
    return status;
}
