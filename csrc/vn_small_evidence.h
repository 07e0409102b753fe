/* What the evidence of a small fit says of the precision of its prior, one number for all items. */
#ifndef VN_SMALL_EVIDENCE_H
#define VN_SMALL_EVIDENCE_H

#include "vn_small_inverse.h"

/* With m = theta - mean, A the Newton matrix with the prior's precision on theta and w = A^-1 m: */
typedef struct {
    double squares;    /* |m|^2 */
    double bend;       /* m.w */
    double trace;      /* of A^-1, theta's block */
    double of_squares; /* sum of the squares of its diagonal */
    double skew;       /* tr(A^-1 H'[w]): how A changes along w */
    double more;       /* parameters besides theta that are estimated in this fit */
} vn_small_evidence;

/* After vn_small_variances at w->x, which wrote `variance` (it must not be one of w->trial, w->next and
 * w->step) and, where w estimates a border, its inverse Schur complement `own`. Uses w up. */
void vn_small_find_evidence(const vn_small_inverse *s, vn_small *w, const double *variance,
                            const double *own, vn_small_evidence *out);

#endif
