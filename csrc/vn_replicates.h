/* Fits of many bootstrap replicates of one dense problem at a time: chord Newton.
 *
 * Every replicate starts from the full fit and steps by the inverse of the full fit's information:
 * x += A g(x). Replicates stand side by side, [item][lane], so that gradients need no gathers. What
 * does not converge so, or has perhaps no finite fit, is reported and left to others. */
#ifndef VN_REPLICATES_H
#define VN_REPLICATES_H

#include "vn_draws.h"
#include "vn_model.h"
#include "vn_prior.h"

#define VN_REPLICATE_LANES 32

typedef enum {
    VN_REPLICATE_DONE = 0,
    VN_REPLICATE_NO_FIT = 1,    /* no finite fit */
    VN_REPLICATE_UNSURE = 2,    /* did not converge, or existence is not plain: look again */
    VN_REPLICATE_NOT_CONVERGED = 3,
    VN_REPLICATE_NOTHING = 4    /* nothing to resample: no fit, or less than two draws */
} vn_replicate_status;

/* What is resampled: rows (sorted by edge) of `mass` comparisons that share edge and outcome, drawn
 * as often as their unit. */
typedef struct vn_replicates {
    const vn_model_row *model;
    int has_tie;              /* log of the tie parameter follows theta */
    vn_prior prior;
    int64_t n_items, n_edges, n_rows, n_units;
    const int32_t *first, *second; /* of each edge */
    const int32_t *edge;      /* of each row */
    const int32_t *unit;      /* of each row; NULL: row k is unit k */
    const int8_t *outcome;    /* of each row: 0 first won, 1 second won, 2 tie */
    const double *mass;       /* of each row; NULL: 1 */
    const int32_t *component; /* of each item */
    const double *inverse;    /* (n_items + has_tie)^2 */
    const double *start;      /* n_items + has_tie */
    double tol;
    int max_iter;
} vn_replicates;

/* Replicates from <= r < to: theta (to - from) x n_items, tie parameters (to - from, or NULL),
 * residual, status and iterations of each. */
vn_status vn_replicates_fit(const vn_replicates *p, const vn_draws *d, const uint64_t key[2],
                            int64_t from, int64_t to, int n_threads, vn_poll poll, void *context,
                            double *theta, double *log_tie, double *residual, int8_t *status,
                            int32_t *n_iter);

/* a (n x n, symmetric positive definite) becomes its inverse; VN_BAD_VALUE where it is not. Not LAPACK:
 * below 100 items that takes two to five times as long, and its threads spin on after every call,
 * beside those that fit the replicates. */
vn_status vn_dense_inverse(int64_t n, double *a);

#endif
