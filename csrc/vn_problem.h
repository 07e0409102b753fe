/* One fit's comparisons as a graph: edges with masses, the log-likelihood's derivatives, and the
 * Newton matrix (a vn_laplacian with up to two bordering rows, for gamma and log tie, or for the
 * level).
 *
 * Besides comparisons, items may have been observed directly, all with one unknown level: `direct`
 * is a prior of theta_i + level, part of the log-likelihood, and adds the lesser of its precision and
 * the root of that to the item's weight: rounding grows with it, yet a level is found from what such
 * observations leave over. */
#ifndef VN_PROBLEM_H
#define VN_PROBLEM_H

#include "vn_laplacian.h"
#include "vn_model.h"
#include "vn_prior.h"

#define VN_MAX_BORDER 2

typedef struct vn_problem {
    /* what the caller owns: edges sorted by (lo, hi), parallel edges allowed */
    int64_t n, n_edges;
    const int64_t *edge_ptr; /* n + 1: edges of `lo` */
    const int32_t *hi;
    const int8_t *order;     /* NULL without an order effect */
    const double *win, *loss; /* of lo; ties added half and half in half-tie models */
    const double *tie;       /* NULL in half-tie models */
    const double *scale;     /* NULL: 1. An edge's predictor is offset + scale x (theta_lo - theta_hi */
    const double *offset;    /* NULL: 0    + gamma x order) */
    vn_prior prior, direct;  /* of theta; direct observations of it, those of precision 0 being none */
    const vn_model_row *model;
    int has_gamma, has_tie;  /* which parameters border theta, in this order */
    int has_level;           /* instead of these: the level that direct observations share */

    /* what the problem owns */
    vn_laplacian h;          /* theta block of the negative Hessian */
    int64_t *lower_ptr;      /* n + 1: where the entries of j < i start, less the upper ones before */
    uint32_t *lower;         /* edge of each lower entry */
    double *slope;           /* dl/dd of each edge */
    double *mass;            /* per item: weight of its comparisons (T_i), observations and prior */
    double total;            /* weight of all comparisons; with a level, of direct observations */
    double mass_ratio;       /* largest over smallest positive mass */
    int n_border;
    double *border[VN_MAX_BORDER];      /* n: bordering columns */
    double corner[VN_MAX_BORDER][VN_MAX_BORDER];
    float *bend[VN_MAX_BORDER];         /* per edge: what `border` sums */
    int64_t n_tiles;
    double *tile_sums;       /* n_tiles x 8 */
} vn_problem;

/* Build everything but the values. VN_TOO_LARGE: 2^32 edges or more. */
vn_status vn_problem_build(vn_problem *p, int n_threads, vn_poll poll, void *context);
void vn_problem_free(vn_problem *p);

/* The Newton matrix's diagonal follows a prior that was changed (from one number to another). */
void vn_problem_prior_changed(vn_problem *p);

/* Another precision, the same for all items. `by_item`: what p->prior.precision points to, where that
 * is not NULL; it is overwritten. */
void vn_problem_set_precision(vn_problem *p, double precision, double *by_item);

/* y (n + n_border) = Newton matrix x, and the whole matrix, row after row: as the derivatives left it,
 * with the diagonal of that time. */
void vn_problem_times(const vn_problem *p, const double *x, int n_threads, double *y);
void vn_problem_dense(const vn_problem *p, double *out);

/* Gradient (n + n_border entries) at parameters (theta, then gamma and log tie as present, or the
 * level), and the Newton matrix into p->h, p->border and p->corner. */
vn_status vn_problem_derivatives(vn_problem *p, const double *parameters, int n_threads, vn_poll poll,
                                 void *context, double *gradient);

/* Log-likelihood without the prior's term. */
vn_status vn_problem_log_likelihood(const vn_problem *p, const double *parameters, int n_threads,
                                    vn_poll poll, void *context, double *out);

/* What a fit maximises: the log-likelihood less the prior's penalty. */
vn_status vn_problem_objective(const vn_problem *p, const double *parameters, int n_threads,
                               vn_poll poll, void *context, double *out);

/* Largest |change of an edge's predictor along step|. */
vn_status vn_problem_largest_difference(const vn_problem *p, const double *step, int n_threads,
                                        vn_poll poll, void *context, double *out);

/* Largest |change of an edge's predictor along step| / (room + |predictor at parameters|). */
vn_status vn_problem_overreach(const vn_problem *p, const double *parameters, const double *step,
                               double room, int n_threads, vn_poll poll, void *context, double *out);

#endif
