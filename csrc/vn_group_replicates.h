/* Bootstrap replicates of many small fits: parallel over groups and blocks of replicates.
 *
 * Replicate r of a group draws from a stream of the group's own key, as a single fit with that key
 * does (vn_draws.h), and is fitted by Newton's method from the group's own fit: nothing depends on
 * the other groups, on how groups and replicates are cut, or on the threads. */
#ifndef VN_GROUP_REPLICATES_H
#define VN_GROUP_REPLICATES_H

#include "vn_group_fit.h"
#include "vn_replicates.h"

typedef enum {
    VN_UNIT_AUTO = 0,     /* outcomes where all masses of the group are whole, else cells */
    VN_UNIT_OUTCOMES = 1, /* comparisons of one pair, order class (where it matters) and outcome */
    VN_UNIT_CELLS = 2     /* cells, with all that they hold */
} vn_group_unit;

typedef struct {
    vn_resample_kind kind;
    vn_group_unit unit;
    const uint64_t *key;  /* 2 for each group */
    int64_t begin, end;   /* replicates */
} vn_group_resampling;

/* Replicates begin <= r < end of the groups from <= k < to: row r - begin, item i of group k in the
 * column item_ptr[k] + i - item_ptr[from], group k in the column k - from. */
typedef struct {
    double *theta;        /* rows of `item_stride`; NaN: no finite fit */
    int64_t item_stride;
    double *gamma, *log_tie; /* rows of `group_stride`; NULL where no group has its own */
    double *residual;
    int8_t *status;       /* vn_replicate_status */
    int32_t *n_iter;
    int64_t group_stride;
} vn_group_replicates;

/* `options` say how each replicate is fitted (`warm` is not looked at); a group whose status is
 * VN_GROUP_ELSEWHERE is left alone, and one of which a replicate needs other means gets it.
 * VN_TOO_LARGE: more than VN_POISSON_MEAN comparisons of one kind in a group. VN_INTERRUPTED. */
vn_status vn_group_bootstrap(const vn_grouped *g, int64_t from, int64_t to,
                             const vn_group_options *options, const vn_group_resampling *how,
                             const vn_group_result *fit, int n_threads, vn_poll poll, void *context,
                             vn_group_replicates *out);

/* Mean, standard deviation (of a sample) and quantiles (linear interpolation, n_probs for each
 * column) of the replicates that are VN_REPLICATE_DONE; NaN where there are less than two. The
 * columns ptr[k] - ptr[0] .. ptr[k + 1] - ptr[0] of theta (n_resamples rows of `stride`) share the
 * column k of status (rows of `status_stride`). */
vn_status vn_group_summary(const int64_t *ptr, int64_t n_groups, int64_t n_resamples,
                           const double *theta, int64_t stride, const int8_t *status,
                           int64_t status_stride, int n_probs, const double *probs, int n_threads,
                           vn_poll poll, void *context, double *mean, double *deviation,
                           double *quantiles);

#endif
