/* Weighted sums of products for many sets of weights at once: what all replicates of a linear
 * regression need.
 *
 * Equivalent NumPy code, with q = d (d + 1) / 2 products of columns a <= b, in the order of
 * numpy.triu_indices(d):
 *
 *     a, b = np.triu_indices(d)
 *     grams += weights @ (z[:, a] * z[:, b])
 *
 * The products are never held for more than 256 rows; each is used for all replicates while it is in
 * the cache. A sum is added up in the order of blocks of 256 rows, so that neither the number of
 * threads nor the other replicates change it. */
#ifndef VN_GRAM_H
#define VN_GRAM_H

#include "vn_common.h"

/* z is (n, d) and contiguous; weights are (n_resamples, n) with `stride` numbers from row to row,
 * counts or, where counts is NULL, real numbers. grams (n_resamples, q) is added to. */
vn_status vn_weighted_grams(int64_t n, int64_t d, const double *z, int64_t n_resamples,
                            const int32_t *counts, const double *real, int64_t stride,
                            int n_threads, double *grams);

#endif
