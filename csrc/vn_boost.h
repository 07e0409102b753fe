/* One step of boosting by re-weighting: SAMME (Zhu, Zou, Rosset and Hastie 2009,
 * doi:10.4310/SII.2009.v2.n3.a8) and AdaBoost.R2 (Drucker 1997).
 *
 * Equivalent NumPy code, for weights w that add up to 1:
 *
 *     samme:  error = w @ wrong
 *             alpha = rate * log((1 - error) / error * (n_classes - 1))
 *             w *= exp(alpha * wrong);  w /= w.sum()
 *     r2:     loss = shape(abs(difference) / abs(difference)[w > 0].max())
 *             error = w @ loss;  beta = error / (1 - error);  alpha = -rate * log(beta)
 *             w *= beta ** (rate * (1 - loss));  w /= w.sum()
 *
 * Weights above 0 are kept at VN_BOOST_LEAST or above, those of 0 stay 0. Sums are added up by fixed
 * blocks, so that the number of threads changes nothing.
 *
 * Not checked: weights are finite, >= 0 and not all 0; differences are finite; rate > 0. */
#ifndef VN_BOOST_H
#define VN_BOOST_H

#include "vn_common.h"

#define VN_BOOST_LEAST 2.220446049250313e-16

typedef enum { VN_BOOST_GOES_ON = 0, VN_BOOST_PERFECT = 1, VN_BOOST_USELESS = 2 } vn_boost_state;
typedef enum { VN_BOOST_LINEAR = 0, VN_BOOST_SQUARE = 1, VN_BOOST_EXPONENTIAL = 2 } vn_boost_loss;

typedef struct {
    vn_boost_state state; /* USELESS: no better than chance (samme), error >= 1/2 (r2) */
    double error;         /* weighted, from 0 to 1 */
    double alpha;         /* what the learner counts for: 1 if perfect, 0 if useless */
} vn_boost_step;

/* next (n) gets the new weights; where boosting ends it gets the old ones divided by their sum.
 * It may be the array weight itself. */
vn_status vn_boost_samme(int64_t n, const double *weight, const uint8_t *wrong, double n_classes,
                         double rate, int n_threads, double *next, vn_boost_step *step);
vn_status vn_boost_r2(int64_t n, const double *weight, const double *difference, vn_boost_loss loss,
                      double rate, int n_threads, double *next, vn_boost_step *step);

#endif
