/* Dense Cholesky factor of a small Laplacian. */
#ifndef VN_DENSE_H
#define VN_DENSE_H

#include "vn_laplacian.h"

/* The factor is lower, row major, n x n, with inverse pivots on its diagonal. The last vertex of
 * each component has a pivot that is zero but for rounding and is left out: its inverse is 0. */
void vn_dense_factor(const vn_laplacian *a, double *l);

/* x = A^-1 b. */
void vn_dense_solve(const double *l, int64_t n, const double *b, double *x);

#endif
