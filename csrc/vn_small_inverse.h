/* A factor of a small fit's Newton matrix, and what standard errors need of the inverse.
 *
 * Items with few neighbours are eliminated one after another, fewest first; what is left when the
 * rest is nearly complete is inverted as a dense matrix. The diagonal of the whole inverse follows
 * from the entries between an eliminated item and its neighbours alone (Takahashi, Fagan and Chen
 * 1973; Erisman and Tinney 1975, doi:10.1145/360680.360704). Without a prior the last item of each
 * component is the origin (its row and column are zero): centring makes the pseudo-inverse of it. */
#ifndef VN_SMALL_INVERSE_H
#define VN_SMALL_INVERSE_H

#include "vn_small.h"

/* Memory of one worker; grows with the largest fit seen. */
typedef struct {
    int room;           /* items */
    int stride;         /* of the matrices, for this fit */
    int words;          /* of a set of items */
    int n_gone, n_core;
    double *matrix;     /* room x stride, by row of the fit, lower triangle: what is left of H */
    double *inverse;    /* room x stride, by place, symmetric: the entries that are needed */
    uint64_t *linked;   /* room x words: neighbours that are left */
    int32_t *degree;    /* room; INT32_MAX once eliminated */
    int32_t *list;      /* neighbours of the item in hand, ascending */
    double *entry;      /* and what links it with them; later the pivots of the core, 1 of an origin */
    int32_t *place;     /* of each row of the fit in `inverse`: the core first, then as they return */
    int32_t *gone;      /* rows in the order of their elimination */
    int64_t *start;     /* room + 1: where the neighbours of the k-th one stand in: */
    int32_t *link;      /* rows, */
    int64_t link_room;
    double *share;      /* and weights: its row of the inverse is the weighted sum of theirs */
    double *pivot;      /* 1 over the pivot of the k-th one; 0: an origin */
    double *work;       /* room */
    int32_t *core;      /* rows that were not eliminated */
    int32_t *left;      /* room: items left in each component */
} vn_small_inverse;

void vn_small_inverse_free(vn_small_inverse *s);

/* Variances of theta, centred in each component, by row, from the matrix that vn_small_derivatives
 * left in `w`. A border that is estimated adds its part; `border` (the inverse of the border's Schur
 * complement, 2 x 2, or NULL) is used instead where it is estimated outside; own is written with the
 * inverse Schur complement of this fit where w estimates a border. */
vn_status vn_small_variances(vn_small_inverse *s, vn_small *w, const double *border, double *variance,
                             double *own);

/* After that: x (by row of the fit) = inverse of theta's block x. */
void vn_small_inverse_solve(const vn_small_inverse *s, double *x);

/* Log of the determinant of theta's block; without a prior, of it without a row and a column for each
 * component, which is that of any other such row and column. */
double vn_small_log_det(const vn_small_inverse *s);

/* After vn_small_variances: the variance of the difference of each edge's two items, by edge. `border`
 * is the inverse Schur complement that was used there: the one that was given, else what it wrote. */
void vn_small_difference_variances(const vn_small_inverse *s, const vn_small *w, const double *border,
                                   double *variance);

#endif
