/* Bootstrap draws over units that stand for several rows each, for many replicates at a time.
 *
 * Unit u stands for `count[u]` exchangeable rows. A replicate draws as many rows as there are: the
 * units' draws are multinomial, or Poisson of means `count`, or gamma variates of these shapes scaled
 * to the same total (what Dirichlet weights of the rows add up to). Streams as in vn_resample.h: unit
 * u of replicate r has the same words there. */
#ifndef VN_DRAWS_H
#define VN_DRAWS_H

#include "vn_common.h"
#include "vn_resample.h"

typedef struct vn_draws vn_draws;

/* `count` (n), copied: whole numbers; doubles, so that gamma variates may have any shape.
 * VN_BAD_VALUE: one is below 1, or their sum is not finite. VN_TOO_LARGE: one is over
 * VN_POISSON_MEAN, and what is drawn are counts. */
vn_status vn_draws_new(vn_resample_kind kind, int64_t n, const double *count, vn_draws **out);
void vn_draws_free(vn_draws *d);

/* Replicates first <= r < first + lanes, at most 64: n x lanes. */
void vn_draws_block(const vn_draws *d, const uint64_t key[2], int64_t first, int lanes, double *out);

#endif
