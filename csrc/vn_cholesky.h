/* Approximate Cholesky factor of a Laplacian (after Kyng and Sachdeva 2016,
 * doi:10.1109/FOCS.2016.68).
 *
 * Vertices are eliminated in order of about least degree. The clique that elimination would leave
 * among k neighbours is replaced by k - 1 sampled edges of the same expectation, so the factor stays
 * as sparse as the graph; degree one and two are exact. The samples depend on the graph alone.
 * Graphs with many edges per vertex are thinned first. Serial. */
#ifndef VN_CHOLESKY_H
#define VN_CHOLESKY_H

#include "vn_laplacian.h"

typedef struct {
    int64_t n;
    int32_t *vertex;   /* in order of elimination */
    int64_t *ptr;      /* n + 1: entries of each step */
    int32_t *other;    /* neighbours at that time */
    float *share;      /* their share of the pivot: w / W */
    double *inverse;   /* 1 / W, 0 for the last vertex of a component without a prior */
    double *work;      /* n */
    int shared;        /* all but `work` is another's */
} vn_cholesky;

vn_status vn_cholesky_build(const vn_laplacian *a, vn_poll poll, void *context, vn_cholesky *out);
/* x = (L D L')^-1 r */
void vn_cholesky_apply(const vn_cholesky *c, const double *r, double *x);
void vn_cholesky_free(vn_cholesky *c);
/* The same factor with scratch of its own, by reference. */
vn_status vn_cholesky_share(const vn_cholesky *c, vn_cholesky *out);

#endif
