/* A Newton step of a generalised linear model with a ridge penalty, over sparse rows.
 *
 * For the few hundred unknowns of stacked teachers. A library of linear algebra would do it with
 * threads of its own, which wait for one another at every one of hundreds of small steps: on a busy
 * machine that takes ten times as long as the arithmetic. */
#ifndef VN_RIDGE_H
#define VN_RIDGE_H

#include "vn_common.h"

/* Row r has the cells ptr[r] to ptr[r + 1]; columns ascend in a row. */
typedef struct {
    int64_t n_rows, n_columns;
    const int64_t *ptr;
    const int32_t *column;
    const double *value;
} vn_sparse_rows;

/* step = (X' diag(curvature) X + diag(ridge))^-1 gradient over the columns that are `free`; 0
 * elsewhere. Not checked: curvature >= 0, ridge > 0. O(n_columns^2) memory.
 *
 * Equivalent NumPy code, x being the rows written out:
 *
 *     xf = x[:, free]
 *     h = (xf.T * curvature) @ xf + np.diag(ridge[free])
 *     step[free] = np.linalg.solve(h, gradient[free]) */
vn_status vn_ridge_step(const vn_sparse_rows *x, const double *curvature, const double *ridge,
                        const double *gradient, const uint8_t *free, int n_threads, vn_poll poll,
                        void *context, double *step);

#endif
