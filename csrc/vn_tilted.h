/* Normal distributions tilted by the likelihood of a comparison: one integral each.
 *
 * A difference x is normal with mean m and variance v before a comparison is seen that `win` and
 * `loss` tell of. With Z the mean of its likelihood L over x, the moments of x afterwards are
 *     E x = m + v g,  Var x = v - v^2 h,  g = d log Z / dm, h = -d^2 log Z / dm^2 in (0, 1 / v).
 * The integral is by Gauss and Hermite's nodes about the mode of L(x) N(x; m, v), in the unit that its
 * curvature there says: exact to many digits, for L is log-concave. */
#ifndef VN_TILTED_H
#define VN_TILTED_H

#include "vn_model.h"

#define VN_TILTED_NODES 13

/* Nodes and log (weight / density at the node) of the standard normal: of the caller's making. */
typedef struct {
    double node[VN_TILTED_NODES], log_weight[VN_TILTED_NODES];
} vn_tilted_rule;

/* g, h and, with l the log-likelihood, E (l')^2 and E (-l'') of n comparisons under a model of half
 * ties; `mode` holds guesses, and gets the modes. v > 0 and finite; win, loss >= 0. */
vn_status vn_tilted(const vn_model_row *model, const vn_tilted_rule *rule, int64_t n,
                    const double *m, const double *v, const double *win, const double *loss,
                    int n_threads, vn_poll poll, void *context, double *mode, double *g, double *h,
                    double *slope2, double *bend);

#endif
