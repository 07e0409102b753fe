/* Resampling weights: how often each of n units stands in each replicate.
 *
 * Units lie in strata, one after another; each stratum is resampled by itself. Replicate r has a key
 * of its own, made from (key, r), and unit i of it the counters of its tile: nothing depends on the
 * other replicates, on how the work is cut, or on the threads.
 *
 * A multinomial is drawn as independent Poisson counts of a slightly smaller total, and what is
 * missing as single draws: given its total, a Poisson process is multinomial. A total that came out
 * too large (once in 10^9) is drawn again. A subsample is drawn likewise from Bernoulli variates. */
#ifndef VN_RESAMPLE_H
#define VN_RESAMPLE_H

#include "vn_common.h"

typedef enum {
    VN_MULTINOMIAL = 0,
    VN_POISSON_COUNTS = 1,
    VN_BAYESIAN = 2,
    VN_SUBSAMPLE = 3
} vn_resample_kind;

typedef struct vn_resample vn_resample;

/* `ptr` (n_strata + 1): where each stratum starts; `size` (n_strata): its draws, its expected draws
 * (Poisson), its total weight (Bayesian). `unit` (n_positions, or NULL for 0, 1, ...): the unit of
 * each position that is written. Both are copied, `unit` is not. */
vn_status vn_resample_new(vn_resample_kind kind, int64_t n_strata, const int64_t *ptr,
                          const int64_t *size, int64_t n_positions, const int64_t *unit,
                          vn_resample **out);
void vn_resample_free(vn_resample *s);

/* Replicates from <= r < to, (to - from) x n_positions: `counts`, or `weights` where Bayesian. */
vn_status vn_resample_draw(const vn_resample *s, const uint64_t key[2], int64_t from, int64_t to,
                           int n_threads, vn_poll poll, void *context, int32_t *counts,
                           double *weights);

#endif
