/* A weighted graph Laplacian plus a diagonal, stored by rows, and its products.
 *
 * Weights are float32: rounding each of them changes the quadratic form by a factor within 1e-7 of
 * one, so a preconditioner or a Newton matrix loses nothing, and memory traffic halves. Products are
 * taken as sums of w * (x_i - x_j), without cancellation, in float64. */
#ifndef VN_LAPLACIAN_H
#define VN_LAPLACIAN_H

#include "vn_team.h"

typedef struct {
    int64_t n;
    int64_t *ptr;     /* n + 1 */
    int32_t *col;     /* ptr[n] */
    float *val;       /* ptr[n], >= 0 */
    double *extra;    /* n, >= 0: what the diagonal has beyond the row's weights */
    double *diag;     /* n: sum of the row's weights + extra */
    int64_t n_blocks; /* rows block[b] .. block[b + 1]: the unit of work and of partial sums */
    int64_t *block;
} vn_laplacian;

/* Allocate extra (zero), diag and the blocks for a matrix whose ptr is set. */
vn_status vn_laplacian_finish(vn_laplacian *a);
void vn_laplacian_free(vn_laplacian *a);

/* Blocks of a matrix of n rows and so many entries, however its rows are ordered: at most this many. */
int64_t vn_laplacian_most_blocks(int64_t n, int64_t entries);

/* Does the rows [from, to) of block `block`. */
typedef void (*vn_rows_body)(void *job, int64_t block, int64_t from, int64_t to);

/* Run `body`, which looks at the entries of a block or at its rows only, over the blocks of a; too
 * little work is not worth other threads. */
void vn_laplacian_run(const vn_laplacian *a, vn_rows_body body, void *job, int n_threads);
void vn_laplacian_run_rows(const vn_laplacian *a, vn_rows_body body, void *job, int n_threads);

/* Rows [from, to) of y = A x; returns their part of x.y. */
double vn_laplacian_apply_rows(const vn_laplacian *a, const double *x, double *y, int64_t from,
                               int64_t to);

/* diag from val and extra. */
void vn_laplacian_diagonal(vn_laplacian *a, int n_threads);

/* r = b - A x (r may be b). */
void vn_laplacian_residual(const vn_laplacian *a, const double *x, const double *b, double *r,
                           int n_threads);

/* x += omega * D^-1 (b - A x), through `work` of n entries: one damped Jacobi step. */
void vn_laplacian_smooth(const vn_laplacian *a, const double *b, double omega, double *x,
                         double *work, int n_threads);

static inline double vn_ordered_sum(const double *partial, int64_t n)
{
    double sum = 0.0;
    for (int64_t b = 0; b < n; b++) sum += partial[b];
    return sum;
}

#endif
