/* Shared by the files of sums only: the table of cells. */
#ifndef VN_SUMS_INTERNAL_H
#define VN_SUMS_INTERNAL_H

#include "vn_sums.h"

/* Tables, told apart by the first bits of a key's hash: each grows by itself, and is one thread's. */
#define VN_SUMS_PARTS 64

#define VN_SUMS_MOST ((int64_t)1 << 25)

#define VN_SUMS_COUNTER 21 /* bits of a counter: losses, ties, wins from the lowest on */
#define VN_SUMS_MASK (((uint64_t)1 << VN_SUMS_COUNTER) - 1)
#define VN_SUMS_HIGH /* the highest bit of each counter */                                          \
    ((uint64_t)1 << (VN_SUMS_COUNTER - 1) | (uint64_t)1 << (2 * VN_SUMS_COUNTER - 1)                  \
     | (uint64_t)1 << (3 * VN_SUMS_COUNTER - 1))

enum { VN_S_WIN, VN_S_LOSS, VN_S_TIE, VN_S_SQUARE, VN_S_OTHER, VN_S_SUMS };

/* Keys: lo << 32 | hi << 2 | order + 1. As lo < hi none is 0, which marks an empty slot. */
typedef struct {
    uint64_t key, count;
} vn_sums_counted;

typedef struct {
    uint64_t key;
    double sum[VN_S_SUMS];
} vn_sums_summed;

typedef struct {
    char *slot;       /* n_slots of vn_sums_counted or vn_sums_summed */
    int64_t n_slots;  /* whole lines, below VN_SUMS_MOST */
    int64_t n_cells;
} vn_sums_part;

struct vn_sums {
    vn_sums_part part[VN_SUMS_PARTS];
    int64_t n_codes; /* codes are below it */
    int is_soft;
    vn_sums *spill; /* what counters could not hold: sums, of some of the cells */
};

static inline uint64_t vn_sums_hash(uint64_t key)
{
    uint64_t h = (key ^ key >> 32) * 0x9E3779B97F4A7C15u;
    h ^= h >> 29;
    return h * 0xBF58476D1CE4E5B9u;
}

static inline int vn_sums_part_of(uint64_t hash) { return (int)(hash >> 58); }

#define VN_SUMS_LINE 4 /* slots of counters in a line of the cache: a search begins with such a line */

static inline int64_t vn_sums_home(const vn_sums_part *p, uint64_t hash)
{
    const uint64_t lines = (uint64_t)p->n_slots / VN_SUMS_LINE;
    return (int64_t)((hash >> 26 & 0xFFFFFFFFu) * lines >> 32) * VN_SUMS_LINE;
}

static inline int64_t vn_sums_slot_bytes(const vn_sums *s)
{
    return s->is_soft ? (int64_t)sizeof(vn_sums_summed) : (int64_t)sizeof(vn_sums_counted);
}

static inline uint64_t vn_sums_key_at(const vn_sums_part *p, int64_t slot, int64_t size)
{
    return *(const uint64_t *)(const void *)(p->slot + slot * size);
}

/* The sums of a cell of `s` that are held elsewhere; NULL: none. */
const double *vn_sums_spilt(const vn_sums *s, uint64_t key);

/* All that a slot holds. */
static inline void vn_sums_masses(const vn_sums *s, const char *slot, double *sum)
{
    if (s->is_soft) {
        const vn_sums_summed *x = (const vn_sums_summed *)(const void *)slot;
        for (int k = 0; k < VN_S_SUMS; k++) sum[k] = x->sum[k];
        return;
    }
    const vn_sums_counted *x = (const vn_sums_counted *)(const void *)slot;
    sum[VN_S_LOSS] = (double)(x->count & VN_SUMS_MASK);
    sum[VN_S_TIE] = (double)(x->count >> VN_SUMS_COUNTER & VN_SUMS_MASK);
    sum[VN_S_WIN] = (double)(x->count >> (2 * VN_SUMS_COUNTER) & VN_SUMS_MASK);
    const double *more = s->spill ? vn_sums_spilt(s, x->key) : NULL;
    for (int k = VN_S_WIN; more && k <= VN_S_TIE; k++) sum[k] += more[k];
    sum[VN_S_SQUARE] = sum[VN_S_WIN] + 0.25 * sum[VN_S_TIE];
    sum[VN_S_OTHER] = sum[VN_S_LOSS] + 0.25 * sum[VN_S_TIE];
}

#endif
