#include "vn_pool.h"

#include <math.h>
#include <string.h>

#include "vn_team.h"

#define BLOCK_PAIRS 4096            /* pairs of a block, at least */
#define MAX_BLOCKS 64
#define MAX_SUMS ((int64_t)1 << 21) /* numbers in all blocks' sums */
#define GOLD_COUNTS 10.0

/* Blocks of pairs that are summed apart, when each block has `width` sums. */
static int64_t block_count(int64_t n_pairs, int64_t width)
{
    int64_t blocks = VN_MIN((n_pairs + BLOCK_PAIRS - 1) / BLOCK_PAIRS, (int64_t)MAX_BLOCKS);
    blocks = VN_MIN(blocks, MAX_SUMS / VN_MAX(width, (int64_t)1));
    return VN_MAX(blocks, (int64_t)1);
}

static inline int64_t block_start(int64_t n_pairs, int64_t b, int64_t blocks)
{
    return (int64_t)((__int128)n_pairs * b / blocks);
}

/* Add up the blocks' sums, in block order, into the first block's. */
static void add_blocks(double *sums, int64_t width, int64_t blocks)
{
    for (int64_t b = 1; b < blocks; b++)
        for (int64_t i = 0; i < width; i++) sums[i] += sums[b * width + i];
}

/* One judgment as the sums that are kept of it. */
typedef struct { double s, total, square; int64_t runs; int soft; } judgment;

static inline judgment read_cell(const vn_vote_cells *c, int64_t k)
{
    judgment j;
    if (c->count[0]) {
        const double w = c->count[0][k], z = c->count[1][k], l = c->count[2][k];
        j.total = w - l;
        j.square = w + l;
        j.runs = (int64_t)c->count[0][k] + c->count[1][k] + c->count[2][k];
        j.s = (w - l) / ((w + l) + z);
        j.soft = 0;
    } else {
        const double w = c->mass[0][k], z = c->mass[1][k], l = c->mass[2][k];
        j.total = c->total[k];
        j.square = c->square[k];
        j.runs = c->runs[k];
        j.s = (w - l) / ((w + l) + z);
        j.soft = j.total != rint(j.total) || j.square != rint(j.square);
    }
    return j;
}

VN_CLONES
static void signed_block(const vn_vote_table *table, int64_t from, int64_t to, double *s,
                         double *sums, int64_t *n)
{
    for (int64_t k = table->ptr[from]; k < table->ptr[to]; k++) {
        const judgment j = read_cell(&table->cells, k);
        const int64_t t = table->cells.teacher[k];
        s[k] = j.s;
        n[4 * t]++;
        n[4 * t + 1] += j.soft;
        n[4 * t + 3] += j.s == 0.0;
        if (j.runs >= 2 && j.square > 0.0) {
            const double r = (double)j.runs;
            sums[2 * t] += (j.total * j.total - j.square) / (r * (r - 1.0));
            sums[2 * t + 1] += j.square / r;
            n[4 * t + 2]++;
        }
    }
}

/* What the loops over blocks of pairs read and write; each uses what it needs. */
typedef struct {
    const vn_vote_table *table;
    const vn_panel *panel;
    int64_t n_pairs, n_teachers, n_blocks;
    const double *n_eff, *gold;
    double *out[3], *sums;
    int64_t *counts;
} job;

static vn_status signed_of(void *arg, int64_t b, int worker)
{
    const job *j = arg;
    (void)worker;
    signed_block(j->table, block_start(j->n_pairs, b, j->n_blocks),
                 block_start(j->n_pairs, b + 1, j->n_blocks), j->out[0],
                 j->sums + 2 * j->n_teachers * b, j->counts + 4 * j->n_teachers * b);
    return VN_OK;
}

vn_status vn_signed_votes(const vn_vote_table *table, int64_t n_pairs, int64_t n_teachers,
                          int n_threads, vn_poll poll, void *context, double *s,
                          vn_teacher_counts *counts)
{
    const int64_t blocks = block_count(n_pairs, 6 * n_teachers);
    double *sums = vn_calloc((size_t)(2 * n_teachers * blocks) + 1, sizeof(double));
    int64_t *n = vn_calloc((size_t)(4 * n_teachers * blocks) + 1, sizeof(int64_t));
    vn_status status = VN_NO_MEMORY;
    if (!sums || !n) goto done;
    status = vn_team_run(signed_of,
                         &(job){.table = table, .n_pairs = n_pairs, .n_teachers = n_teachers,
                                .n_blocks = blocks, .out = {s}, .sums = sums, .counts = n},
                         blocks, n_threads, poll, context);
    if (status != VN_OK) goto done;
    add_blocks(sums, 2 * n_teachers, blocks);
    for (int64_t t = 0; t < n_teachers; t++) {
        vn_teacher_counts c = {sums[2 * t], sums[2 * t + 1], 0, 0, 0, 0};
        for (int64_t b = 0; b < blocks; b++) {
            const int64_t *own = n + 4 * (n_teachers * b + t);
            c.judged += own[0];
            c.soft += own[1];
            c.repeated += own[2];
            c.ties += own[3];
        }
        counts[t] = c;
    }
done:
    vn_free(sums);
    vn_free(n);
    return status;
}

static inline double weight_of(const vn_panel *p, int64_t k)
{
    return p->cell_weight ? p->cell_weight[k] : p->teacher_weight[p->teacher[k]];
}

/* Sums of one pair. */
typedef struct { double e, es, ee; } pool;

static inline pool pool_pair(const vn_panel *p, int64_t q)
{
    pool x = {0.0, 0.0, 0.0};
    for (int64_t k = p->ptr[q]; k < p->ptr[q + 1]; k++) {
        const double e = weight_of(p, k);
        x.e += e;
        x.es += e * p->s[k];
        x.ee += e * e;
    }
    return x;
}

VN_CLONES
static void pool_block(const vn_panel *p, int64_t from, int64_t to, double *sum, double *mean,
                       double *n_eff, double *share)
{
    for (int64_t q = from; q < to; q++) {
        const pool x = pool_pair(p, q);
        const int some = x.e > 0.0;
        const double inverse = some ? 1.0 / x.e : 0.0;
        sum[q] = x.e;
        mean[q] = some ? x.es / x.e : 0.0;
        n_eff[q] = some ? x.e * x.e / x.ee : 0.0;
        for (int64_t k = p->ptr[q]; k < p->ptr[q + 1]; k++)
            share[p->teacher[k]] += weight_of(p, k) * inverse;
    }
}

static vn_status pool_of(void *arg, int64_t b, int worker)
{
    const job *j = arg;
    (void)worker;
    pool_block(j->panel, block_start(j->n_pairs, b, j->n_blocks),
               block_start(j->n_pairs, b + 1, j->n_blocks), j->out[0], j->out[1], j->out[2],
               j->sums + j->n_teachers * b);
    return VN_OK;
}

vn_status vn_pool(const vn_panel *p, int n_threads, vn_poll poll, void *context, double *sum,
                  double *mean, double *n_eff, double *share)
{
    const int64_t n_teachers = p->n_teachers, blocks = block_count(p->n_pairs, n_teachers);
    double *shares = vn_calloc((size_t)(n_teachers * blocks) + 1, sizeof(double));
    if (!shares) return VN_NO_MEMORY;
    const vn_status status
        = vn_team_run(pool_of,
                      &(job){.panel = p, .n_pairs = p->n_pairs, .n_teachers = n_teachers,
                             .n_blocks = blocks, .out = {sum, mean, n_eff}, .sums = shares},
                      blocks, n_threads, poll, context);
    add_blocks(shares, n_teachers, blocks);
    memcpy(share, shares, sizeof(double) * (size_t)n_teachers);
    vn_free(shares);
    return status;
}

/* What the others say, as 2c - 1: their mean, shrunken by one less than the effective number. */
static inline double others_say(const pool *x, double n_eff, double e, double s)
{
    const double n = VN_MAX(n_eff - 1.0, 0.0);
    const double mean = (x->es - e * s) / (x->e - e);
    return n / (1.0 + n) * VN_MAX(VN_MIN(mean, 1.0), -1.0);
}

VN_CLONES
static void vouch_block(const vn_panel *p, const double *n_eff, const double *gold, int64_t from,
                        int64_t to, double *sums)
{
    for (int64_t q = from; q < to; q++) {
        const int known = gold && !isnan(gold[q]);
        const int64_t begin = p->ptr[q], end = p->ptr[q + 1];
        if (!known && end - begin < 2) continue; /* nobody checks it */
        const pool x = pool_pair(p, q);
        if (!(x.e > 0.0)) continue;
        const double n = n_eff ? n_eff[q] : x.e * x.e / x.ee;
        const double truth = known ? 2.0 * gold[q] - 1.0 : 0.0, counts = known ? GOLD_COUNTS : 1.0;
        for (int64_t k = begin; k < end; k++) {
            const double s = p->s[k], e = weight_of(p, k);
            const double d = known ? truth : others_say(&x, n, e, s);
            double *own = sums + 2 * (int64_t)p->teacher[k];
            own[0] += counts * fabs(s);
            own[1] += counts * (s * d);
        }
    }
}

static vn_status vouch_of(void *arg, int64_t b, int worker)
{
    const job *j = arg;
    (void)worker;
    vouch_block(j->panel, j->n_eff, j->gold, block_start(j->n_pairs, b, j->n_blocks),
                block_start(j->n_pairs, b + 1, j->n_blocks), j->sums + 2 * j->n_teachers * b);
    return VN_OK;
}

vn_status vn_vouch(const vn_panel *p, const double *n_eff, const double *gold, int n_threads,
                   vn_poll poll, void *context, double *size, double *match)
{
    const int64_t n_teachers = p->n_teachers, blocks = block_count(p->n_pairs, 2 * n_teachers);
    double *sums = vn_calloc((size_t)(2 * n_teachers * blocks) + 1, sizeof(double));
    if (!sums) return VN_NO_MEMORY;
    const vn_status status
        = vn_team_run(vouch_of,
                      &(job){.panel = p, .n_pairs = p->n_pairs, .n_teachers = n_teachers,
                             .n_blocks = blocks, .n_eff = n_eff, .gold = gold, .sums = sums},
                      blocks, n_threads, poll, context);
    add_blocks(sums, 2 * n_teachers, blocks);
    for (int64_t t = 0; t < n_teachers; t++) {
        size[t] = sums[2 * t];
        match[t] = sums[2 * t + 1];
    }
    vn_free(sums);
    return status;
}
