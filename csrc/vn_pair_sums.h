/* What cells put into a form: sums over the cells of each pair, and over all.
 *
 * Equivalent NumPy code, with columns = [ones, moving] and starts those of pairs:
 *
 *     sums = np.add.reduceat(weight[:, None] * columns, starts)
 *     corner = moving.T @ (weight[:, None] * moving)
 */
#ifndef VN_PAIR_SUMS_H
#define VN_PAIR_SUMS_H

#include "vn_common.h"

/* `ptr` (n_pairs + 1): cells of each pair; weight and moving, m of each cell; sums (n_pairs, 1 + m);
 * corner (m, m). The result does not depend on n_threads. */
vn_status vn_pair_sums(int64_t n_pairs, const int64_t *ptr, const double *weight, int m,
                       const double *moving, int n_threads, double *sums, double *corner);

#endif
