#include "vn_teacher_weights.h"

#include <math.h>

#include "vn_math.h"
#include "vn_team.h"

#define BLOCK_ROWS 16384 /* rows of a block, at least */
#define MAX_BLOCKS 64
#define CHUNK 4096 /* rows that are looked up at a time */
#define GROUPS 64  /* groups, likewise */

/* Masses of one judgment. */
typedef struct {
    double win, tie, loss;
} masses;

static inline masses masses_of(const vn_vote_cells *c, int64_t k)
{
    if (c->count[0]) return (masses){c->count[0][k], c->count[1][k], c->count[2][k]};
    return (masses){c->mass[0][k], c->mass[1][k], c->mass[2][k]};
}

static inline int64_t pair_of(const vn_row_votes *v, int64_t row) { return v->pair ? v->pair[row] : row; }

/* What the loops below read and write; each uses what it needs. */
typedef struct {
    const vn_row_votes *votes;
    const double *weight, *expected;
    double *win, *loss;
    int64_t n_blocks;
    double *sums;
    int64_t *judged;
} job;

static vn_status masses_of_rows(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const vn_row_votes *v = j->votes;
    const double *weight = j->weight;
    const int64_t end = vn_block_end(v->n_rows, CHUNK, block);
    (void)worker;
    for (int64_t r = block * CHUNK; r < end; r++) {
        const int64_t q = pair_of(v, r);
        double w = 0.0, l = 0.0;
        for (int64_t k = v->votes.ptr[q]; k < v->votes.ptr[q + 1]; k++) {
            const masses m = masses_of(&v->votes.cells, k);
            const double e = weight ? weight[v->votes.cells.teacher[k]] : 1.0;
            w += e * (m.win + 0.5 * m.tie);
            l += e * (m.loss + 0.5 * m.tie);
        }
        j->win[r] = w;
        j->loss[r] = l;
    }
    return VN_OK;
}

vn_status vn_weighted_masses(const vn_row_votes *v, const double *weight, int n_threads,
                             vn_poll poll, void *context, double *win, double *loss)
{
    return vn_team_run(masses_of_rows,
                       &(job){.votes = v, .weight = weight, .win = win, .loss = loss},
                       vn_n_blocks(v->n_rows, CHUNK), n_threads, poll, context);
}

VN_CLONES
static void differences(const int32_t *restrict first, const int32_t *restrict second, int64_t n,
                        const double *restrict theta, const double *variance, double share,
                        double *expected)
{
    for (int64_t r = 0; r < n; r++)
        expected[r] = (theta[first[r]] - theta[second[r]]) / sqrt(1.0 + share * variance[r]);
}

typedef struct {
    const vn_group_rows *rows;
    double *expected;
} expectation;

static vn_status expected_of_groups(void *arg, int64_t block, int worker)
{
    const expectation *e = arg;
    const vn_group_rows *v = e->rows;
    const int64_t end = vn_block_end(v->n_groups, GROUPS, block);
    (void)worker;
    for (int64_t g = block * GROUPS; g < end; g++) {
        const int64_t from = v->row_ptr[g], n = v->row_ptr[g + 1] - from;
        differences(v->first + from, v->second + from, n, v->theta + v->item_ptr[g],
                    v->variance + from, v->share, e->expected + from);
        v->model->advantage(v->model, n, e->expected + from);
    }
    return VN_OK;
}

vn_status vn_expected_votes(const vn_group_rows *rows, int n_threads, vn_poll poll, void *context,
                            double *expected)
{
    return vn_team_run(expected_of_groups, &(expectation){rows, expected},
                       vn_n_blocks(rows->n_groups, GROUPS), n_threads, poll, context);
}

static void agreement_block(const vn_row_votes *v, const double *expected, int64_t from, int64_t to,
                            double *sums, int64_t *judged)
{
    for (int64_t r = from; r < to; r++) {
        const double d = expected[r];
        if (isnan(d)) continue;
        const int64_t q = pair_of(v, r);
        for (int64_t k = v->votes.ptr[q]; k < v->votes.ptr[q + 1]; k++) {
            const int64_t t = v->votes.cells.teacher[k];
            const masses m = masses_of(&v->votes.cells, k);
            const double s = (m.win - m.loss) / (m.win + m.loss + m.tie);
            sums[2 * t] += fabs(s);
            sums[2 * t + 1] += s * d;
            judged[t]++;
        }
    }
}

static vn_status agreement(void *arg, int64_t b, int worker)
{
    const job *j = arg;
    const int64_t rows = j->votes->n_rows, n = j->votes->n_teachers;
    (void)worker;
    agreement_block(j->votes, j->expected, rows * b / j->n_blocks, rows * (b + 1) / j->n_blocks,
                    j->sums + 2 * n * b, j->judged + n * b);
    return VN_OK;
}

vn_status vn_teacher_agreement(const vn_row_votes *v, const double *expected, int n_threads,
                               vn_poll poll, void *context, double *size, double *match,
                               int64_t *judged)
{
    const int64_t n = v->n_teachers;
    const int64_t blocks = VN_MAX((int64_t)1, VN_MIN(v->n_rows / BLOCK_ROWS, (int64_t)MAX_BLOCKS));
    double *sums = vn_calloc((size_t)(2 * n * blocks) + 1, sizeof(double));
    int64_t *counts = vn_calloc((size_t)(n * blocks) + 1, sizeof(int64_t));
    vn_status status = VN_NO_MEMORY;
    if (!sums || !counts) goto done;
    status = vn_team_run(agreement,
                         &(job){.votes = v, .expected = expected, .n_blocks = blocks, .sums = sums,
                                .judged = counts},
                         blocks, n_threads, poll, context);
    if (status != VN_OK) goto done;
    for (int64_t t = 0; t < n; t++) {
        size[t] = match[t] = 0.0;
        judged[t] = 0;
        for (int64_t b = 0; b < blocks; b++) {
            size[t] += sums[2 * (n * b + t)];
            match[t] += sums[2 * (n * b + t) + 1];
            judged[t] += counts[n * b + t];
        }
    }
done:
    vn_free(sums);
    vn_free(counts);
    return status;
}
