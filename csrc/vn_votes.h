/* Rows of votes -> a sparse (pair x teacher) table: one cell for each judgment, sorted by pair and
 * teacher.
 *
 * Two ways, one result. Hard votes about ready pair ids whose table would be well filled are packed
 * into 16 or 32 bits, partitioned by blocks of pairs and counted in the cache; everything else becomes
 * 64-bit records, partitioned by ranges of pairs and sorted (stably, so sums are taken in row order)
 * inside each. Blocks are independent, and a result does not depend on their number. Memory is
 * O(rows + cells): 2 to 4 bytes a row the first way, 8 to 12 the second. */
#ifndef VN_VOTES_H
#define VN_VOTES_H

#include "vn_common.h"

/* Integers of `size` 1, 2, 4 or 8 bytes; value - low is the code, or code[value - low] where a table
 * is given. */
typedef struct {
    const void *data;
    int size;
    int64_t low;
    const int32_t *code;
} vn_ints;

typedef struct {
    int64_t n_rows, n_teachers;
    vn_ints teacher;
    vn_ints pair;    /* ready ids in [0, n_pairs); or data NULL and */
    int64_t n_pairs;
    const int32_t *first, *second; /* positions in [0, n_items) */
    int64_t n_items;
    const int8_t *vote;        /* 1 first, 0 tie, -1 second; NULL: probabilities */
    const double *probability; /* n_rows x 3: win, tie, loss of first */
    double strength;           /* pseudo-votes of a row of probabilities */
    const double *weight;      /* NULL: 1; a row of weight 0 makes its pair, but no cell */
    const uint8_t *swapped;    /* the row was shown in the other order; NULL: not recorded */
} vn_vote_rows;

/* One entry per cell. Hard tables have the counts, the others the rest. */
typedef struct {
    int32_t *teacher;
    int32_t *count[3];      /* win, tie, loss */
    double *mass[3];        /* win, tie, loss: sums of weights */
    int32_t *runs;          /* rows */
    double *total, *square; /* sums of signed votes and of their squares, not weighted */
    int32_t *swapped_runs;  /* the same of the rows that were swapped */
    double *swapped_total;
} vn_vote_cells;

/* Are the rows plain counts: hard votes without weights and orders? */
static inline int vn_votes_are_hard(const vn_vote_rows *r)
{
    return r->vote && !r->weight && !r->swapped;
}

typedef struct vn_vote_blocks vn_vote_blocks;

/* The bits that a record of vn_votes_sort needs; at most 64 are there. */
int vn_votes_bits(const vn_vote_rows *rows);

/* First pass. Free *out with vn_vote_blocks_free. VN_BAD_VALUE: *bad_row compares an item with
 * itself, or has a vote other than -1, 0 and 1. vn_votes_count wants hard votes, ready pair ids and
 * 4 * n_pairs * n_teachers below 2^32 a block. Its *n_pairs is one more than the largest id, ids
 * without votes are counted; *bad_row = -1: an id is not in [0, rows->n_pairs).
 * VN_INTERRUPTED, here and below: `poll` asked to stop. */
vn_status vn_votes_count(const vn_vote_rows *rows, int n_threads, vn_poll poll, void *context,
                         vn_vote_blocks **out, int64_t *n_pairs, int64_t *n_cells,
                         int64_t *bad_row);
vn_status vn_votes_sort(const vn_vote_rows *rows, int n_threads, vn_poll poll, void *context,
                        vn_vote_blocks **out, int64_t *n_pairs, int64_t *n_cells,
                        int64_t *bad_row);

/* Second pass: ptr has n_pairs + 1 entries; key, if not NULL, n_pairs: first << bits | second, or
 * the pair's id; *bits comes back. Arrays of `cells` that are NULL are not written. */
vn_status vn_votes_write(const vn_vote_blocks *blocks, int n_threads, vn_poll poll, void *context,
                         int64_t *ptr, uint64_t *key, int *bits, vn_vote_cells *cells);

void vn_vote_blocks_free(vn_vote_blocks *blocks);

/* Mark the values that occur: seen[value - low] = 1, of 1- or 2-byte integers. */
vn_status vn_votes_mark(const vn_ints *x, int64_t n, int n_threads, vn_poll poll, void *context,
                        uint8_t *seen);

/* A table to read from, hard or not. */
typedef struct {
    const int64_t *ptr;
    vn_vote_cells cells;
} vn_vote_table;

/* Both tables together. at_a[p], at_b[p]: the pair's place in each, -1 where it has none;
 * to_a, to_b: each teacher's new code, ascending. First pass: ptr (n_pairs + 1). */
typedef struct {
    vn_vote_table a, b;
    int64_t n_pairs;
    const int32_t *at_a, *at_b, *to_a, *to_b;
} vn_vote_union;

vn_status vn_votes_merge_sizes(const vn_vote_union *both, int n_threads, vn_poll poll,
                               void *context, int64_t *ptr);
vn_status vn_votes_merge(const vn_vote_union *both, int n_threads, vn_poll poll, void *context,
                         const int64_t *ptr, vn_vote_cells *out);

#endif
