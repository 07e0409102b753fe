/* Pieces of the Beta distribution that the compiler can vectorise (no calls, no branches).
 *
 * Large terms never meet: densities are taken around their mode, gamma functions as what Stirling's
 * formula leaves over. Errors are given for double, relative unless said. */
#ifndef VN_BETA_MATH_H
#define VN_BETA_MATH_H

#include <math.h>
#include <stdint.h>

#include "vn_math.h"

/* What Stirling's formula for log Gamma leaves over, for z = 1/w >= 8 (absolute error 2e-17):
 * log Gamma(z) = (z - 1/2) log z - z + log(2 pi)/2 + this. */
static inline double vn_stirling_large(double w)
{
    const double w2 = w * w;
    double s = 43867.0 / 244188.0;
    s = s * w2 - 3617.0 / 122400.0;
    s = s * w2 + 1.0 / 156.0;
    s = s * w2 - 691.0 / 360360.0;
    s = s * w2 + 1.0 / 1188.0;
    s = s * w2 - 1.0 / 1680.0;
    s = s * w2 + 1.0 / 1260.0;
    s = s * w2 - 1.0 / 360.0;
    s = s * w2 + 1.0 / 12.0;
    return s * w;
}

/* z (z + 1) ... (z + 7) = Gamma(z + 8) / Gamma(z) */
static inline double vn_eight_steps(double z)
{
    return (z * (z + 1.0)) * ((z + 2.0) * (z + 3.0)) * (((z + 4.0) * (z + 5.0)) * ((z + 6.0) * (z + 7.0)));
}

/* The same for any z >= 1e-290; below 8 from eight steps up (absolute error 1e-14). */
static inline double vn_stirling(double z)
{
    const int large = z >= 8.0;
    const double low = large ? 1.0 : z, up = low + 8.0;
    const double rest = vn_stirling_large(1.0 / (large ? z : up));
    const double moved = (up - 0.5) * vn_log(up) - (low - 0.5) * vn_log(low)
                       - vn_log(vn_eight_steps(low)) - 8.0;
    return large ? rest : rest + moved;
}

/* What it leaves over for digamma, z >= 8 (2e-17 absolute): log z - 1/(2z) - digamma(z). */
static inline double vn_digamma_rest_large(double z)
{
    const double w = 1.0 / z, w2 = w * w;
    double s = -3617.0 / 8160.0;
    s = s * w2 + 1.0 / 12.0;
    s = s * w2 - 691.0 / 32760.0;
    s = s * w2 + 1.0 / 132.0;
    s = s * w2 - 1.0 / 240.0;
    s = s * w2 + 1.0 / 252.0;
    s = s * w2 - 1.0 / 120.0;
    s = s * w2 + 1.0 / 12.0;
    return s * w2;
}

/* -log(1 - u) - u >= 0 for u < 1, given also rest = 1 - u, which must be exact where u is near 1
 * and is not used for u in (-0.5, 0.35); `lift` is subtracted from its logarithm. (6 * 2^-53)
 * Both forms are the series of 2 atanh(s): of -log(1 - u), or of the log of rest's mantissa. */
static inline double vn_log_excess(double u, double rest, double lift)
{
    const int near = u > -0.5 && u < 0.35;
    double m, e;
    vn_split(rest, &m, &e);
    const double s = (near ? u : m - 1.0) / (near ? 2.0 - u : m + 1.0), s2 = s * s;
    double t = 1.0 / 25.0;
    t = t * s2 + 1.0 / 23.0;
    t = t * s2 + 1.0 / 21.0;
    t = t * s2 + 1.0 / 19.0;
    t = t * s2 + 1.0 / 17.0;
    t = t * s2 + 1.0 / 15.0;
    t = t * s2 + 1.0 / 13.0;
    t = t * s2 + 1.0 / 11.0;
    t = t * s2 + 1.0 / 9.0;
    t = t * s2 + 1.0 / 7.0;
    t = t * s2 + 1.0 / 5.0;
    t = t * s2 + 1.0 / 3.0;
    const double cubic = 2.0 * s * s2 * t;
    const double log_rest = e * VN_LN2_HIGH + (2.0 * s + (cubic + e * VN_LN2_LOW));
    return near ? u * s + cubic : lift - log_rest - u;
}

#endif
