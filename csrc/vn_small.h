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

#define VN_LANES 8
#define VN_SMALL_BORDER 2

/* What a fit is, besides its comparisons. */
typedef struct {
    const vn_model_row *model;
    double prior;      /* precision */
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
    double *mass, *per_mass;  /* per row: weight of its comparisons, and 1 / it (0 if none) */
    double *diag, *per_diag;
    double *border[VN_SMALL_BORDER], corner[VN_SMALL_BORDER][VN_SMALL_BORDER];
    double *solved[VN_SMALL_BORDER]; /* H^-1 border */
    double *x, *trial, *gradient, *next, *step; /* rows, then the border's entries */
    double *r, *z, *p, *q;    /* of the solver; */
    double reached;           /* what eta its last call reached */

    int capacity_n, capacity_edges;
    void *block_n, *block_edges; /* what the arrays are cut from */
} vn_small;

void vn_small_free(vn_small *w);

/* Take over one fit. `connected`: it is known to have one component. VN_NO_MEMORY. */
vn_status vn_small_load(vn_small *w, const vn_small_cells *cells, const vn_small_model *model,
                        int connected);

/* Slopes and curvatures at d of every edge: g, h, dt and sums of the tie parameter's two. */
void vn_small_links(vn_small *w, double log_tie, double *sums);

/* Subtract from x (rows) its mean in each component. */
void vn_small_centre(vn_small *w, double *x);

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

double vn_small_log_likelihood(vn_small *w, const double *x);

double vn_small_dot(const double *restrict x, const double *restrict y, int n);

#endif
