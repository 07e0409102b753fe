/* Profile-likelihood intervals of the strengths of one small fit.
 *
 * The bounds of theta_i (less the mean of its component, or less an anchor) are where the largest
 * log-likelihood, prior included, with theta_i held there is z^2 / 2 below the largest of all: Newton
 * under one linear constraint inside a search for one number (Venzon and Moolgavkar 1988,
 * doi:10.2307/2347496). With `jeffreys` it is the log-likelihood without the prior, plus half the log
 * of the determinant of its information (Firth 1993, doi:10.1093/biomet/80.1.27; Heinze and Schemper
 * 2002, doi:10.1002/sim.1047): bounds exist wherever items are linked. */
#ifndef VN_SMALL_PROFILE_H
#define VN_SMALL_PROFILE_H

#include "vn_small_inverse.h"

/* Memory of one worker; grows with the largest fit seen. */
typedef struct {
    vn_small_inverse inverse;
    int jeffreys;
    double own[4];      /* inverse Schur complement of the border */
    double value, best; /* what is maximised: at w->x, and its largest */
    int room_n, room_edges;
    double *top;        /* parameters where it is largest */
    double *contrast, *along; /* c, and M^-1 c */
    double *variance;   /* not used */
    double *of_d, *with_tie;  /* per edge: variance of d, covariance with log tie */
    double *up, *tie_up, *bend; /* per edge: derivatives of h and dt */
    void *block_n, *block_edges;
} vn_small_profile;

void vn_small_profile_free(vn_small_profile *p);

/* After vn_small_load, with parameters in w->x near the fit (its prior NULL where jeffreys): find the
 * largest value. *found is 0 where there is none. VN_NO_MEMORY. */
vn_status vn_small_profile_start(vn_small_profile *p, vn_small *w, int jeffreys, int *found);

/* Then for any item (a row of the fit): its bounds, of theta less that of row `anchor` or, where that
 * is negative, less the mean of its component (theta itself where priors go by item). NaN: none. */
vn_status vn_small_profile_bounds(vn_small_profile *p, vn_small *w, int item, int anchor, double z,
                                  double *lower, double *upper);

#endif
