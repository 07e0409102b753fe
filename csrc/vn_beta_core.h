/* Both tails of Beta distributions at a block of points: what the cdf, the quantile and the
 * comparison of two posteriors share. Internal to the C layer. */
#ifndef VN_BETA_CORE_H
#define VN_BETA_CORE_H

#include "vn_common.h"

#define VN_BETA_BLOCK 256 /* points in one call; every array below has this length */
#define VN_BETA_TURN (4 * VN_BETA_BLOCK) /* points that a thread takes at a time */
#define VN_BETA_SMALL 0.25 /* below this a shape has formulas of its own: vn_beta_small.c */

typedef struct {
    /* in: shapes, point and its complement; x + y = 1, y_rest what rounding took from y */
    double a[VN_BETA_BLOCK], b[VN_BETA_BLOCK];
    double x[VN_BETA_BLOCK], y[VN_BETA_BLOCK], y_rest[VN_BETA_BLOCK];
    /* out: slope = a y - b x of the log-density of logit(x); that log-density;
     * other = 1 where the upper tail was computed, 0 where the lower; tail / density */
    double slope[VN_BETA_BLOCK], log_density[VN_BETA_BLOCK];
    double other[VN_BETA_BLOCK], ratio[VN_BETA_BLOCK];
} vn_beta_block;

/* Fill the outputs of the first `len` points, each strictly between 0 and 1. Points behind `len`
 * up to a multiple of 16 are overwritten with harmless values.
 *
 * Equivalent, with I the regularised incomplete beta function and f = x^a y^b / B(a, b):
 *   log_density = log f
 *   ratio       = (I_y(b, a) if other else I_x(a, b)) / f
 * The tail that is computed is the one whose point lies before its mean, or a little after. */
void vn_beta_tails(vn_beta_block *block, int len);

/* The outputs for one point, without a block: see vn_beta_block. */
typedef struct {
    double slope, log_density, ratio;
    int other;
} vn_beta_point;
vn_beta_point vn_beta_point_at(double a, double b, double x, double y, double y_rest);
double vn_beta_point_density(double a, double b, double x, double y, double y_rest); /* its log */

/* `slope` and `log_density` alone. */
void vn_beta_densities(vn_beta_block *block, int len);

/* From the outputs of vn_beta_tails: I_x(a, b), or 1 - I_x(a, b) where `upper`. */
void vn_beta_values(const vn_beta_block *block, int len, int upper, double *out);

/* Points from their log odds. */
void vn_beta_place(vn_beta_block *block, const double *log_odds, int len);

/* I_x(a, b) and 1 - I_x(a, b) for a < VN_BETA_SMALL, x <= 1/2, b x <= 2: see vn_beta_small.c. */
void vn_beta_small_tails(double a, double b, double x, double *lower, double *upper);

/* Whether the point is one for vn_beta_small_tails: 1 by a, 2 by b with both sides exchanged. */
static inline int vn_beta_small_case(double a, double b, double x, double y)
{
    if (a < VN_BETA_SMALL && x <= 0.5 && b * x <= 2.0) return 1;
    if (b < VN_BETA_SMALL && y <= 0.5 && a * y <= 2.0) return 2;
    return 0;
}

/* Solve I_x(a, b) = q where the solution is a point for vn_beta_small_tails. Returns 1 and log x if
 * it is by a, 2 and log(1 - x) if it is by b, else 0. log_q = log q, log_p = log(1 - q). */
int vn_beta_small_quantile(double a, double b, double log_q, double log_p, double *log_x);

#endif
