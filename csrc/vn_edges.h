/* The pairs of one group's items that were asked: a bit for each pair of a small group, a hash table
 * for a large one. Memory is the caller's, and sized by `vn_edges_need`. */
#ifndef VN_EDGES_H
#define VN_EDGES_H

#include "vn_common.h"

#define VN_EDGES_DENSE 2048 /* items up to which pairs have bits: 512 KiB */

typedef struct {
    int64_t n, count; /* items; distinct pairs */
    int64_t row;      /* words of an item's row of bits, 0 where pairs are hashed */
    uint64_t mask;    /* slots - 1 */
    uint64_t *word;   /* the rows of bits, or the slots: 0, or 1 + lower * n + higher */
    int32_t *degree;  /* (n) distinct pairs of each item */
} vn_edges;

/* Words for up to n_pairs pairs of n items. */
static inline int64_t vn_edges_need(int64_t n, int64_t n_pairs)
{
    if (n <= VN_EDGES_DENSE) return n * ((n + 63) / 64);
    int64_t slots = 64;
    while (slots < 2 * n_pairs) slots *= 2;
    return slots;
}

/* An empty set over `word` (vn_edges_need) and `degree` (n), both zero. */
static inline void vn_edges_start(vn_edges *e, int64_t n, int64_t n_pairs, uint64_t *word,
                                  int32_t *degree)
{
    e->n = n;
    e->count = 0;
    e->row = n <= VN_EDGES_DENSE ? (n + 63) / 64 : 0;
    e->mask = (uint64_t)vn_edges_need(n, n_pairs) - 1;
    e->word = word;
    e->degree = degree;
}

static inline uint64_t vn_edges_slot(const vn_edges *e, uint64_t code)
{
    const uint64_t mixed = code * 0x9e3779b97f4a7c15ULL;
    uint64_t k = (mixed ^ mixed >> 32) & e->mask;
    while (e->word[k] && e->word[k] != code) k = (k + 1) & e->mask;
    return k;
}

static inline uint64_t vn_edges_code(const vn_edges *e, int32_t i, int32_t j)
{
    return 1 + (uint64_t)VN_MIN(i, j) * (uint64_t)e->n + (uint64_t)VN_MAX(i, j);
}

/* Whether the pair was asked, in either order. */
static inline int vn_edges_has(const vn_edges *e, int32_t i, int32_t j)
{
    if (e->row) return (int)(e->word[i * e->row + (j >> 6)] >> (j & 63) & 1);
    return e->word[vn_edges_slot(e, vn_edges_code(e, i, j))] != 0;
}

/* Add a pair; whether it is new. */
static inline int vn_edges_add(vn_edges *e, int32_t i, int32_t j)
{
    if (vn_edges_has(e, i, j)) return 0;
    if (e->row) {
        e->word[i * e->row + (j >> 6)] |= 1ULL << (j & 63);
        e->word[j * e->row + (i >> 6)] |= 1ULL << (i & 63);
    } else {
        const uint64_t code = vn_edges_code(e, i, j);
        e->word[vn_edges_slot(e, code)] = code;
    }
    e->degree[i]++;
    e->degree[j]++;
    e->count++;
    return 1;
}

#endif
