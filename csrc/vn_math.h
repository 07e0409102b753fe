/* Elementary functions that the compiler can vectorise (no calls, no branches), for double.
 * Errors were measured against 50-digit arithmetic; each comment gives the largest seen, in units
 * of 2^-53 relative. */
#ifndef VN_MATH_H
#define VN_MATH_H

#include <stdint.h>
#include <string.h>

/* exp(x) for x <= 0; exactly 0 below -708. (2) */
static inline double vn_exp_neg(double x)
{
    const double shift = 0x1.8p52;
    const double clamped = x < -708.0 ? -708.0 : x;
    const double t = clamped * 0x1.71547652b82fep0 + shift; /* 1 / ln 2 */
    const double n = t - shift;
    double r = clamped - n * 0x1.62e42fefa3800p-1; /* ln 2 in two parts: 42 bits, the rest */
    r -= n * 0x1.ef35793c76730p-45;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    int64_t bits;
    memcpy(&bits, &t, sizeof bits);
    const int64_t scale_bits = (int64_t)((uint64_t)bits << 52) + ((int64_t)1023 << 52);
    double scale;
    memcpy(&scale, &scale_bits, sizeof scale);
    return x < -708.0 ? 0.0 : p * scale;
}

/* exp(x^2/2) * erfc(x/sqrt 2) for x >= 0: twice the normal upper tail over exp(-x^2/2). (4)
 * (1 + x) times it is a polynomial in (x - 5)/(x + 5): the substitution of Shepherd and Laframboise
 * (1981, doi:10.1090/S0025-5718-1981-0595058-X), coefficients fitted for this scaling. */
static inline double vn_scaled_tail(double x)
{
    static const double c[24] = {
        9.23031659700075502e-01, -1.83104563668018083e-01, 6.20607368519274158e-02,
        2.00047047704587644e-02, -5.28020859326166145e-02, 4.90739264873573042e-02,
        -3.03408308050297261e-02, 1.30440013355677918e-02, -3.35214468910894009e-03,
        1.55831948186779980e-05, 3.64668290232876861e-04, -1.07215162229744405e-04,
        -1.97921955185595636e-05, 1.81196493625132785e-05, -1.40692893670742028e-07,
        -2.61489720384751731e-06, 2.55756443641874020e-07, 3.92556198401823737e-07,
        -5.25724101797975074e-08, -6.19040351160841358e-08, 7.25474632680240180e-09,
        8.80231924551985086e-09, -5.64415445812597291e-10, -7.63163252526590591e-10};
    const double y = (x - 5.0) / (x + 5.0);
    double p = c[23];
#if defined(__GNUC__)
#pragma GCC unroll 24 /* a loop in here would keep the callers from being vectorised */
#endif
    for (int i = 22; i >= 0; i--) p = p * y + c[i];
    return p / (1.0 + x);
}

#define VN_LN2_HIGH 0x1.62e42fefa3800p-1 /* 42 bits: products with an exponent are exact */
#define VN_LN2_LOW 0x1.ef35793c76730p-45

/* Normal x > 0 as mantissa * 2^exponent, the mantissa in [sqrt(1/2), sqrt 2). */
static inline void vn_split(double x, double *mantissa, double *exponent)
{
    const uint64_t half_root = 0x3fe6a09e667f3bcdULL, bias = 0x3ffULL << 52;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint64_t steps = (bits - half_root + bias) >> 52; /* exponent + 1023 */
    const uint64_t fraction = bits - (steps << 52) + bias;
    const uint64_t whole = steps | 0x4330000000000000ULL; /* 2^52 + steps, as a double */
    double e;
    memcpy(mantissa, &fraction, sizeof fraction);
    memcpy(&e, &whole, sizeof e);
    *exponent = e - (0x1p52 + 1023.0);
}

/* log(x) for normal x > 0, by 2 atanh(s) of the mantissa. (1.5) */
static inline double vn_log(double x)
{
    double m, e;
    vn_split(x, &m, &e);
    const double f = m - 1.0, s = f / (m + 1.0), s2 = s * s;
    double t = 2.0 / 21.0;
    t = t * s2 + 2.0 / 19.0;
    t = t * s2 + 2.0 / 17.0;
    t = t * s2 + 2.0 / 15.0;
    t = t * s2 + 2.0 / 13.0;
    t = t * s2 + 2.0 / 11.0;
    t = t * s2 + 2.0 / 9.0;
    t = t * s2 + 2.0 / 7.0;
    t = t * s2 + 2.0 / 5.0;
    t = t * s2 + 2.0 / 3.0;
    /* 2 s = f - f s: the rounding of s then weighs little */
    const double low = s * (f - s2 * t);
    return e * VN_LN2_HIGH + (f - (low - e * VN_LN2_LOW));
}

/* log(1 + x) for 0 <= x <= 1: what 1 + x rounds away is put back. (2) */
static inline double vn_log1p(double x)
{
    const double u = 1.0 + x;
    return vn_log(u) + (x - (u - 1.0)) / u;
}

#endif
