/* Poisson variates from one 32-bit word each. Probabilities are whole numbers that add up to 2^32:
 * each is right to 2^-32, and tails beyond that are cut.
 *
 * Up to VN_POISSON_STEPS values are found by inversion, which the compiler can vectorise; more by an
 * alias table (Walker 1977, doi:10.1145/355744.355749): column c of 2^bits is chosen by a word's
 * highest bits; its lower bits, seen as a 32-bit fraction, choose between the column's own value and
 * another one. */
#ifndef VN_POISSON_H
#define VN_POISSON_H

#include "vn_common.h"

/* Largest mean: the values of a table are kept as 16-bit distances from `low`. */
#define VN_POISSON_MEAN 1e7
#define VN_POISSON_STEPS 16

typedef struct {
    int32_t low;      /* smallest value */
    int bits;         /* 1 to 16; 0: by inversion, */
    uint32_t step[VN_POISSON_STEPS]; /* the value is low + how many of these a word exceeds */
    uint64_t *column; /* threshold << 32 | other << 16 | own */
} vn_poisson;

/* The table of Poisson(mean), 0 <= mean <= VN_POISSON_MEAN; to be freed with vn_free(t->column). */
vn_status vn_poisson_table(double mean, vn_poisson *t);

/* By inversion. */
static inline int32_t vn_poisson_small(const vn_poisson *t, uint32_t word)
{
    int32_t value = t->low;
#if defined(__GNUC__)
#pragma GCC unroll 16
#endif
    for (int k = 0; k < VN_POISSON_STEPS; k++) value += word > t->step[k];
    return value;
}

/* By the alias table. */
static inline int32_t vn_poisson_value(const vn_poisson *t, uint32_t word)
{
    const uint64_t column = t->column[word >> (32 - t->bits)];
    const uint32_t fraction = word << t->bits, values = (uint32_t)column;
    return t->low + (int32_t)(fraction < (uint32_t)(column >> 32) ? values & 0xffff : values >> 16);
}

#endif
