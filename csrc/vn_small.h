/* One small fit in the memory of one worker: graph, derivatives, solves.
 *
 * The Newton matrix is kept as jagged diagonals: items become rows sorted by degree, largest first,
 * and slot s holds the s-th neighbour of every row that has more than s. A product is then one plain
 * loop per slot over consecutive rows, whatever the degrees are. Slots are padded with zeros to
 * VN_LANES rows, so that no loop has a remainder. Everything lies in arrays that are allocated once
 * per worker and grow with the largest fit seen. */
#ifndef VN_SMALL_H
#define VN_SMALL_H

#include "vn_common.h"
#include "vn_model.h"
#include "vn_prior.h"
#include "vn_watch.h"

#define VN_LANES 8
#define VN_SMALL_BORDER 2

/* What a fit is, besides its comparisons. */
typedef struct {
    const vn_model_row *model;
    vn_prior prior;    /* of the items in their order */
    double centre;     /* the mean that all have: theta is this much more than what is fitted */
    int has_gamma;     /* there is an order effect, */
    int has_tie;       /* and a tie parameter */
    int free_border;   /* they are estimated in each fit; else `fixed` holds them */
    double fixed[VN_SMALL_BORDER]; /* gamma and log tie as present, in this order */
} vn_small_model;

/* Cells of one fit: first < second are items, counted from 0; sorted by (first, second). */
typedef struct {
    int64_t n_items, n_cells;
    const int32_t *first, *second;
    const int8_t *order;
    const double *win, *loss, *tie; /* tie may be NULL */
} vn_small_cells;

typedef struct {
    int n, rows;              /* items; rounded up to VN_LANES */
    int n_edges, edges;       /* likewise */
    int n_slots, n_entries;
    int n_border;             /* parameters beside theta that are estimated */
    double total;             /* weight of all comparisons */
    const vn_small_model *model;
    vn_prior prior;           /* of the rows */

    int32_t *row;             /* row of each item */
    int32_t *part;            /* component of each row, from 0; */
    int n_parts;              /* how many there are */
    int32_t *a, *b;           /* rows of each edge's items */
    int32_t *at_a, *at_b;     /* entries of each edge, in the row of a and in that of b */
    int32_t *col;             /* per entry: row of the neighbour */
    int32_t *slot, *reach;    /* first entry of each slot; how many rows it covers, padded */
    double *win, *loss, *tie, *side; /* per edge; side: +1, 0, -1 */
    double *d, *g, *h, *dt;   /* per edge */
    double *val, *pull;       /* per entry: curvature; slope as the row sees it */
    double *mean, *precision; /* per row: of the prior, where it is by item */
    double *mass, *per_mass;  /* per row: weight of its comparisons and prior, and 1 / it (0 if none) */
    double *diag, *per_diag;
    double *border[VN_SMALL_BORDER], corner[VN_SMALL_BORDER][VN_SMALL_BORDER];
    double *solved[VN_SMALL_BORDER]; /* H^-1 border */
    double *x, *trial, *gradient, *next, *step; /* rows, then the border's entries */
    double *r, *z, *p, *q;    /* of the solver; */
    double reached;           /* what eta its last call reached */

    int n_more, room_more;    /* edges that vn_small_more added beside the slots: */
    int32_t *more_a, *more_b; /* rows */
    double *more;             /* and curvatures, which the diagonal has too */

    vn_watch *watch;          /* shared by the workers, or NULL */
    int worker;

    int capacity_n, capacity_edges;
    void *block_n, *block_edges; /* what the arrays are cut from */
} vn_small;

void vn_small_free(vn_small *w);

/* Take over one fit. `connected`: it is known to have one component. VN_NO_MEMORY. */
vn_status vn_small_load(vn_small *w, const vn_small_cells *cells, const vn_small_model *model,
                        int connected);

/* Slopes and curvatures at d of every edge: g, h, dt and sums of the tie parameter's two. */
void vn_small_links(vn_small *w, double log_tie, double *sums);

/* Shift x (rows) in each component to where the prior's penalty is least, which costs no likelihood:
 * to the mean 0 where all items have one prior, or none. */
void vn_small_level(vn_small *w, double *x);

/* Gradient at x (rows + border), and the matrix, border and corner that go with it; returns the
 * residual: the largest |gradient| over the weight it belongs to. */
double vn_small_derivatives(vn_small *w, const double *x, double *gradient);

/* Largest |g| over the weight of the row's comparisons. */
double vn_small_largest_ratio(const vn_small *w, const double *g);

/* Start from the shares of the outcomes: one Newton step whose linear predictors are, edge by edge,
 * near what the outcomes say. Writes theta into x. */
void vn_small_start(vn_small *w, double *x);

/* x (rows) = about H^-1 rhs by conjugate gradients, to `eta` of the right-hand side in the norm of
 * the preconditioner; returns the iterations, -1 when `limit` was reached. */
int vn_small_solve(vn_small *w, const double *rhs, double eta, int limit, double *x);

/* The same in float32 and in registers; -1 where it does not apply, or did not get there. */
int vn_small_solve_wide(vn_small *w, const double *rhs, double eta, int limit, double *x);

/* Largest |rhs - H x| over the weight of the row's comparisons. */
double vn_small_left(vn_small *w, const double *rhs, const double *x);

/* Where Newton's method stands. */
typedef struct {
    double residual, change; /* change: largest of a linear predictor in the last step */
    int n_iter;
} vn_small_progress;

typedef enum {
    VN_SMALL_CONVERGED,
    VN_SMALL_LIMIT, /* of iterations, or no step helps; or the watch is over */
    VN_SMALL_SLOW   /* a solve took more than `patience` iterations (0: as many as it takes) */
} vn_small_end;

/* Maximise the penalised log-likelihood from w->x, where the parameters are left. */
vn_small_end vn_small_newton(vn_small *w, double tol, int max_iter, int patience, vn_small_progress *at);

/* Add to the matrix an edge of curvature x that no comparison is behind. VN_NO_MEMORY. */
vn_status vn_small_more(vn_small *w, int a, int b, double x);

typedef double vn_lanes[VN_LANES];

/* vn_small_solve for VN_LANES right-hand sides at once: r, which is used up; p and q are room for as
 * many rows. May be called from several workers. */
void vn_small_solve_lanes(const vn_small *w, vn_lanes *restrict r, double eta, int limit,
                          vn_lanes *restrict x, vn_lanes *restrict p, vn_lanes *restrict q, int worker);

double vn_small_log_likelihood(vn_small *w, const double *x);

double vn_small_dot(const double *restrict x, const double *restrict y, int n);

#endif
