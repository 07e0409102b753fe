/* Sums and largest values of vectors. Sums are taken in blocks: the same for any number of threads. */
#ifndef VN_VECTOR_H
#define VN_VECTOR_H

#include "vn_common.h"

/* x . y */
double vn_dot(const double *x, const double *y, int64_t n);

/* max |x[i]| / scale[i], or |x[i]| where that scale is not positive; NULL: all scales are 1. NaN if any
 * x is. */
double vn_largest(const double *x, const double *scale, int64_t n);

/* out (length) -= the sum over the k rows, `stride` apart, of factor[r] times row r. */
void vn_subtract_rows(int64_t length, int k, const double *factor, const double *rows, int64_t stride,
                      double *out);

#endif
