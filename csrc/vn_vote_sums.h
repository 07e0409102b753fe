/* Sums of votes that come in batches: a record for each judgment, found by its key in a hash table.
 *
 * A key is two words: `major` is the pair's label or number, or group << 32 | one item; `minor` is
 * other item << 32 | teacher. Items are in the order of their numbers; vn_vote_sums_recode puts them
 * into another, and turns the votes with them. Records are numbered in order of first sight. Rows
 * are added in their order, so that the cut into batches changes no bit; memory is O(records). */
#ifndef VN_VOTE_SUMS_H
#define VN_VOTE_SUMS_H

#include "vn_votes.h"

typedef struct vn_vote_sums vn_vote_sums;

typedef enum {
    VN_SUMS_KEYS,   /* keys and no more */
    VN_SUMS_HARD,   /* counts of hard votes without weights and orders */
    VN_SUMS_SOFT,   /* masses */
    VN_SUMS_SWAPPED /* masses, and those of the rows that were shown in the other order */
} vn_sums_kind;

/* NULL when memory is short. */
vn_vote_sums *vn_vote_sums_new(vn_sums_kind kind);
void vn_vote_sums_free(vn_vote_sums *s);
int64_t vn_vote_sums_size(const vn_vote_sums *s);  /* number of records */
int64_t vn_vote_sums_bytes(const vn_vote_sums *s); /* of memory */

/* Numbers of n keys, which are added where they are new. VN_TOO_LARGE, here and below: there are
 * 2^31 - 1 records. */
vn_status vn_vote_sums_find(vn_vote_sums *s, const uint64_t *major, const uint64_t *minor,
                            int64_t n, int32_t *code);

/* Add rows about `pair`, or about rows->first and rows->second of `group` (may be NULL).
 * rows->teacher is of 4 bytes, without a table; rows->pair, and the numbers of how many there are,
 * are not looked at. VN_BAD_VALUE: *bad compares an item with itself, or has a vote other than -1, 0
 * and 1; the rows before it were added. */
vn_status vn_vote_sums_add(vn_vote_sums *s, const vn_vote_rows *rows, const int64_t *pair,
                           const int32_t *group, vn_poll poll, void *context, int64_t *bad);

/* New numbers of old ones; NULL: they stay. */
typedef struct {
    const int32_t *pair;  /* or */
    const int32_t *group, *item;
    const int32_t *teacher;
    int by_items;   /* are pairs two items? */
} vn_sums_places;

/* Are all numbers of records below these? (Those that are not asked about may be as they like.) */
int vn_vote_sums_fit(const vn_vote_sums *s, const vn_sums_places *to, int64_t n_major,
                     int64_t n_items, int64_t n_teachers);

/* Mark the numbers that occur; the arrays have room for them (vn_vote_sums_fit), or are NULL. */
void vn_vote_sums_mark(const vn_vote_sums *s, int by_items, uint8_t *major, uint8_t *items,
                       uint8_t *teachers);

/* Add the records of b, which is of the same kind or of a simpler one, in their order. */
vn_status vn_vote_sums_merge(vn_vote_sums *s, const vn_vote_sums *b, const vn_sums_places *to);

/* Numbers become others, for good: afterwards records can be read, sorted and written only. */
void vn_vote_sums_recode(vn_vote_sums *s, const vn_sums_places *to);

/* The records by (major, minor), majors as signed numbers if `is_signed`; how many pairs there are,
 * and how many cells: records that have a run. */
vn_status vn_vote_sums_sort(const vn_vote_sums *s, int is_signed, int n_threads, vn_poll poll,
                            void *context, uint32_t *order, int64_t *n_pairs, int64_t *n_cells);

/* In that order: ptr has n_pairs + 1 entries, major and other (the other item) n_pairs. */
void vn_vote_sums_write(const vn_vote_sums *s, const uint32_t *order, int64_t *ptr,
                        uint64_t *major, int32_t *other, vn_vote_cells *cells);

/* Most runs that a record has. */
int64_t vn_vote_sums_most(const vn_vote_sums *s);

/* Bytes of a record; all of them as they lie, to be stored; and the way back, into
 * sums that are empty. VN_BAD_VALUE: a key comes twice, or a sum is none. */
int64_t vn_vote_sums_stride(const vn_vote_sums *s);
void vn_vote_sums_copy(const vn_vote_sums *s, uint8_t *out);
vn_status vn_vote_sums_restore(vn_vote_sums *s, const uint8_t *records, int64_t n);

#endif
