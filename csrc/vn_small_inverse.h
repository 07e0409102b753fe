/* The inverse of a small fit's Newton matrix, whole: for standard errors.
 *
 * Items with few neighbours are eliminated one after another, fewest first; what is left when the
 * rest is nearly complete is inverted as a dense matrix; then the eliminated items' rows follow from
 * those of their neighbours. A sparse graph costs a small part of a dense inverse. Without a prior
 * the last item of each component is taken as the origin (its rows are zero): centring makes the
 * pseudo-inverse of it. */
#ifndef VN_SMALL_INVERSE_H
#define VN_SMALL_INVERSE_H

#include "vn_small.h"

/* Memory of one thread; grows with the largest fit seen. */
typedef struct {
    int room;           /* items */
    int stride;         /* of the matrices, for this fit */
    int words;          /* of a set of items */
    double *matrix;     /* room x stride: what is left of the Newton matrix, by row of the fit */
    double *inverse;    /* room x stride, by place */
    uint64_t *linked;   /* room x words: neighbours that are left */
    int32_t *degree;    /* room; INT32_MAX once eliminated */
    int32_t *list;      /* neighbours of the item in hand */
    int32_t *place;     /* of each row of the fit in `inverse` */
    int32_t *gone;      /* rows in the order of their elimination */
    int64_t *start;     /* room + 1: where the neighbours of the k-th one stand in: */
    int32_t *link;      /* rows, */
    double *share;      /* and weights: the row of `inverse` is the weighted sum of theirs */
    double *pivot;
    int64_t link_room;
    double *sum;        /* room */
    int32_t *left;      /* room: items left in each component */
} vn_small_inverse;

void vn_small_inverse_free(vn_small_inverse *s);

/* Variances of theta, centred in each component, by row, from the matrix that vn_small_derivatives
 * left in `w`. A border that is estimated adds its part; `border` (the inverse of the border's Schur
 * complement, 2 x 2, or NULL) is used instead where it is estimated outside; own is written with the
 * inverse Schur complement of this fit where w estimates a border. */
vn_status vn_small_variances(vn_small_inverse *s, vn_small *w, const double *border, double *variance,
                             double *own);

#endif
