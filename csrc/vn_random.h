/* Counter-based random numbers: the same key and counter give the same numbers, in any order and on
 * any number of threads. Threefry-2x64 with 20 rounds (Salmon, Moraes, Dror and Shaw 2011,
 * doi:10.1145/2063384.2063405); it vectorises. */
#ifndef VN_RANDOM_H
#define VN_RANDOM_H

#include <math.h>
#include <stdint.h>

#include "vn_math.h"

static inline void vn_threefry_step(uint64_t *x, uint64_t *y, int turn)
{
    *x += *y;
    *y = (*y << turn | *y >> (64 - turn)) ^ *x;
}

/* Two words for the counter (c0, c1). */
static inline void vn_threefry(const uint64_t key[2], uint64_t c0, uint64_t c1, uint64_t *word0,
                               uint64_t *word1)
{
    const uint64_t k2 = key[0] ^ key[1] ^ 0x1bd11bdaa9fc1a22ULL;
    uint64_t x = c0 + key[0], y = c1 + key[1];
    vn_threefry_step(&x, &y, 16), vn_threefry_step(&x, &y, 42);
    vn_threefry_step(&x, &y, 12), vn_threefry_step(&x, &y, 31);
    x += key[1], y += k2 + 1;
    vn_threefry_step(&x, &y, 16), vn_threefry_step(&x, &y, 32);
    vn_threefry_step(&x, &y, 24), vn_threefry_step(&x, &y, 21);
    x += k2, y += key[0] + 2;
    vn_threefry_step(&x, &y, 16), vn_threefry_step(&x, &y, 42);
    vn_threefry_step(&x, &y, 12), vn_threefry_step(&x, &y, 31);
    x += key[0], y += key[1] + 3;
    vn_threefry_step(&x, &y, 16), vn_threefry_step(&x, &y, 32);
    vn_threefry_step(&x, &y, 24), vn_threefry_step(&x, &y, 21);
    x += key[1], y += k2 + 4;
    vn_threefry_step(&x, &y, 16), vn_threefry_step(&x, &y, 42);
    vn_threefry_step(&x, &y, 12), vn_threefry_step(&x, &y, 31);
    x += k2, y += key[0] + 5;
    *word0 = x;
    *word1 = y;
}

/* Uniform in (0, 1): the 52 highest bits, at the middle of their cell. */
static inline double vn_uniform(uint64_t word)
{
    const uint64_t bits = word >> 12 | 0x3ff0000000000000ULL;
    double one_to_two;
    memcpy(&one_to_two, &bits, sizeof bits);
    return one_to_two - (1.0 - 0x1p-53);
}

/* cos(2 pi t) and sin(2 pi t) for t in (0, 1), to 1e-15 absolute. */
static inline void vn_circle(double t, double *cosine, double *sine)
{
    /* a quarter turn at a time: 2 pi t = quarter pi/2 + r, |r| <= pi/4 */
    const double shift = 0x1.8p52, quarter = (4.0 * t + shift) - shift;
    const double r = (4.0 * t - quarter) * 1.5707963267948966, r2 = r * r;
    double s = -7.6471637318198165e-13; /* Taylor's coefficients: 1/15! and so on */
    s = s * r2 + 1.0 / 6227020800.0;
    s = s * r2 - 1.0 / 39916800.0;
    s = s * r2 + 1.0 / 362880.0;
    s = s * r2 - 1.0 / 5040.0;
    s = s * r2 + 1.0 / 120.0;
    s = s * r2 - 1.0 / 6.0;
    s = r + r * r2 * s;
    double c = -1.1470745597729725e-11; /* 1/14! */
    c = c * r2 + 1.0 / 479001600.0;
    c = c * r2 - 1.0 / 3628800.0;
    c = c * r2 + 1.0 / 40320.0;
    c = c * r2 - 1.0 / 720.0;
    c = c * r2 + 1.0 / 24.0;
    c = 1.0 - 0.5 * r2 + r2 * r2 * c;
    const int odd = quarter == 1.0 || quarter == 3.0;
    const double even_cos = odd ? s : c, even_sin = odd ? c : s;
    *cosine = quarter == 1.0 || quarter == 2.0 ? -even_cos : even_cos;
    *sine = quarter == 2.0 || quarter == 3.0 ? -even_sin : even_sin;
}

/* Two independent normal variates from the two words of a counter (Box and Muller 1958,
 * doi:10.1214/aoms/1177706645). */
static inline void vn_normals(uint64_t word0, uint64_t word1, double *one, double *two)
{
    const double radius = sqrt(-2.0 * vn_log(vn_uniform(word0)));
    double cosine, sine;
    vn_circle(vn_uniform(word1), &cosine, &sine);
    *one = radius * cosine;
    *two = radius * sine;
}

#endif
