/* One fit's comparisons as a graph: edges with masses, the log-likelihood's derivatives, and the
 * Newton matrix (a vn_laplacian with a few bordering rows: for gamma, the coefficients of covariates
 * and log tie, or for the level).
 *
 * What is compared is a cell: masses, order, covariates. An edge is two items and their cells, one of
 * its own or up to VN_TILE: what an item's row of the matrix sees of them are sums. Coefficients are
 * given and told in the covariates' own units; the matrix has them in units in which no covariate is
 * larger than 1, whatever their sizes.
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

#define VN_TILE 1024 /* cells that are worked on at a time */

typedef struct vn_problem {
    /* what the caller owns: edges sorted by (lo, hi), parallel edges allowed */
    int64_t n, n_edges;
    const int64_t *edge_ptr; /* n + 1: edges of `lo` */
    const int32_t *hi;
    const int64_t *cell_ptr; /* n_edges + 1: cells of each edge, 1 to VN_TILE; NULL: cell e is edge e's */
    const int8_t *order;     /* of each cell, as all that follows; NULL without an order effect */
    const double *win, *loss; /* of lo; ties added half and half in half-tie models */
    const double *tie;       /* NULL in half-tie models */
    const double *scale;     /* NULL: 1. A cell's predictor is offset + scale x (theta_lo - theta_hi */
    const double *offset;    /* NULL: 0    + gamma x order + coefficients x covariates) */
    int n_covariates;
    const double *covariates; /* n_covariates of each cell, of lo less hi */
    vn_prior prior, direct;  /* of theta; direct observations of it, those of precision 0 being none */
    const vn_model_row *model;
    int has_gamma, has_tie;  /* border theta, coefficients between the two */
    int has_level;           /* instead of these: the level that direct observations share */
    int stride;              /* 1; more: derivatives, what comes with a gradient and the largest difference
                                are of every so many-th tile only */

    /* what the problem owns */
    vn_laplacian h;          /* theta block of the negative Hessian */
    int64_t *lower_ptr;      /* n + 1: where the entries of j < i start, less the upper ones before */
    uint32_t *lower;         /* edge of each lower entry */
    char *edge;              /* of each edge, summed over its cells: see vn_problem_internal.h */
    int64_t edge_size;       /* bytes */
    double *mass;            /* per item: weight of its comparisons (T_i), observations and prior */
    double total;            /* weight of all comparisons; with a level, of direct observations */
    double mass_ratio;       /* largest over smallest positive mass */
    int n_border;
    double *unit;            /* n_border: of each such parameter, one over its own; */
    double *border_mass;     /* n_border: weight that its derivative belongs to, in that unit */
    double **border;         /* n: bordering columns */
    double *corner;          /* n_border x n_border */
    int64_t n_tiles;
    int64_t *tile_ptr;       /* n_tiles + 1: edges of each tile; NULL where there is no cell_ptr */
    int n_sums;
    double *tile_sums;       /* n_tiles x n_sums */
} vn_problem;

/* The edges of cells that are sorted by (lo, hi), row_ptr (n + 1) being those of lo: edge_ptr (n + 1),
 * hi and cell_ptr, with room for `room` edges (one more of cell_ptr). An edge has at most VN_TILE
 * cells; two items have several where that is too few. Returns how many, -1 if there is no room. */
int64_t vn_edges_of_cells(int64_t n, const int64_t *row_ptr, const int32_t *cell_hi, int64_t room,
                          int64_t *edge_ptr, int32_t *hi, int64_t *cell_ptr);

/* Build everything but the values. VN_TOO_LARGE: 2^32 edges or more. */
vn_status vn_problem_build(vn_problem *p, int n_threads, vn_poll poll, void *context);
void vn_problem_free(vn_problem *p);

/* The Newton matrix's diagonal follows a prior that was changed (from one number to another). */
void vn_problem_prior_changed(vn_problem *p);

/* Another precision, the same for all items. `by_item`: what p->prior.precision points to, where that
 * is not NULL; it is overwritten. */
void vn_problem_set_precision(vn_problem *p, double precision, double *by_item);

/* y (n + n_border) = Newton matrix x: as the derivatives left it, with the diagonal of that time. */
void vn_problem_times(const vn_problem *p, const double *x, int n_threads, double *y);

/* Gradient (n + n_border entries) at parameters (theta, then gamma, coefficients and log tie as
 * present, or the level), and the Newton matrix into p->h, p->border and p->corner. */
vn_status vn_problem_derivatives(vn_problem *p, const double *parameters, int n_threads, vn_poll poll,
                                 void *context, double *gradient);

/* The same gradient, and the log-likelihood, for less than the two of them: the matrix stays what the
 * last derivatives left. */
vn_status vn_problem_gradient(vn_problem *p, const double *parameters, int n_threads, vn_poll poll,
                              void *context, double *gradient, double *log_likelihood);

/* Log-likelihood without the prior's term. */
vn_status vn_problem_log_likelihood(const vn_problem *p, const double *parameters, int n_threads,
                                    vn_poll poll, void *context, double *out);

/* What a fit maximises: the log-likelihood less the prior's penalty. */
vn_status vn_problem_objective(const vn_problem *p, const double *parameters, int n_threads,
                               vn_poll poll, void *context, double *out);

/* What no predictor changes by more than along step. */
double vn_problem_reach(const vn_problem *p, const double *step);

/* Largest |change of a cell's predictor along step|. */
vn_status vn_problem_largest_difference(const vn_problem *p, const double *step, int n_threads,
                                        vn_poll poll, void *context, double *out);

/* Largest |change of a cell's predictor along step| / (room + |predictor at parameters|). */
vn_status vn_problem_overreach(const vn_problem *p, const double *parameters, const double *step,
                               double room, int n_threads, vn_poll poll, void *context, double *out);

/* Least and largest, over the outcomes that were seen, of what `direction` does for the predictor as
 * the winner sees it; a tie is a win each way. Where the least is not below 0 and the largest is
 * above, the likelihood rises along `direction` for ever. */
vn_status vn_problem_margins(const vn_problem *p, const double *direction, int n_threads,
                             vn_poll poll, void *context, double *least, double *largest);

/* Products of what is left of the columns beside theta (order, covariates; in their own units) when a
 * multiple of differences of items, `fitted` (n for each column), is taken off: `gram`, of as many rows
 * and columns, weighted by the cells' masses. */
vn_status vn_problem_gram(const vn_problem *p, const double *fitted, int n_threads, vn_poll poll,
                          void *context, double *gram);

/* Of the same columns, of the matrix as it is: `whole`, the corner, and `within`, what of it comes from
 * differences between the cells of one edge, so from no item. Both in the matrix's units. */
vn_status vn_problem_within(const vn_problem *p, int n_threads, vn_poll poll, void *context,
                            double *within, double *whole);

#endif
