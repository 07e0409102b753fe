#include "vn_teacher_weights.h"

#include <math.h>
#include <string.h>

#include "vn_math.h"

#define BLOCK_ROWS 16384 /* rows of a block, at least */
#define MAX_BLOCKS 64
#define CHUNK 4096 /* rows of a thread's turn, or groups */

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

void vn_weighted_masses(const vn_row_votes *v, const double *weight, int n_threads, double *win,
                        double *loss)
{
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static, CHUNK))
    for (int64_t r = 0; r < v->n_rows; r++) {
        const int64_t q = pair_of(v, r);
        double w = 0.0, l = 0.0;
        for (int64_t k = v->votes.ptr[q]; k < v->votes.ptr[q + 1]; k++) {
            const masses m = masses_of(&v->votes.cells, k);
            const double e = weight ? weight[v->votes.cells.teacher[k]] : 1.0;
            w += e * (m.win + 0.5 * m.tie);
            l += e * (m.loss + 0.5 * m.tie);
        }
        win[r] = w;
        loss[r] = l;
    }
}

VN_CLONES
static void expected_of_group(const int32_t *restrict first, const int32_t *restrict second, int64_t n,
                              const double *restrict theta, const double *variance, int normal,
                              double *expected)
{
    const double share = normal ? 1.0 : M_PI / 8.0;
    for (int64_t r = 0; r < n; r++)
        expected[r] = (theta[first[r]] - theta[second[r]]) / sqrt(1.0 + share * variance[r]);
    if (normal) {
        for (int64_t r = 0; r < n; r++) expected[r] = erf(expected[r] * M_SQRT1_2);
        return;
    }
    for (int64_t r = 0; r < n; r++) {
        const double e = vn_exp_neg(-fabs(expected[r]));
        expected[r] = copysign((1.0 - e) / (1.0 + e), expected[r]);
    }
}

void vn_expected_votes(int64_t n_groups, const int64_t *item_ptr, const int64_t *row_ptr,
                       const int32_t *first, const int32_t *second, const double *theta,
                       const double *variance, int normal, int n_threads, double *expected)
{
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 64))
    for (int64_t g = 0; g < n_groups; g++) {
        const int64_t from = row_ptr[g];
        expected_of_group(first + from, second + from, row_ptr[g + 1] - from, theta + item_ptr[g],
                          variance + from, normal, expected + from);
    }
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

vn_status vn_teacher_agreement(const vn_row_votes *v, const double *expected, int n_threads,
                               double *size, double *match, int64_t *judged)
{
    const int64_t n = v->n_teachers;
    const int64_t blocks = VN_MAX((int64_t)1, VN_MIN(v->n_rows / BLOCK_ROWS, (int64_t)MAX_BLOCKS));
    double *sums = vn_calloc((size_t)(2 * n * blocks) + 1, sizeof(double));
    int64_t *counts = vn_calloc((size_t)(n * blocks) + 1, sizeof(int64_t));
    vn_status status = VN_NO_MEMORY;
    if (!sums || !counts) goto done;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(dynamic, 1))
    for (int64_t b = 0; b < blocks; b++)
        agreement_block(v, expected, v->n_rows * b / blocks, v->n_rows * (b + 1) / blocks,
                        sums + 2 * n * b, counts + n * b);
    for (int64_t t = 0; t < n; t++) {
        size[t] = match[t] = 0.0;
        judged[t] = 0;
        for (int64_t b = 0; b < blocks; b++) {
            size[t] += sums[2 * (n * b + t)];
            match[t] += sums[2 * (n * b + t) + 1];
            judged[t] += counts[n * b + t];
        }
    }
    status = VN_OK;
done:
    vn_free(sums);
    vn_free(counts);
    return status;
}
