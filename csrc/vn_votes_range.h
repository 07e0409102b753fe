/* The records of one range of pairs -> its cells. */
#ifndef VN_VOTES_RANGE_H
#define VN_VOTES_RANGE_H

#include "vn_votes_internal.h"

/* A record: pair << pair_shift | teacher << 2 | vote + 1 as the pair's first item sees it. Rows of
 * probabilities have instead 1 in the last place where first and second are to be exchanged. */
typedef struct {
    int item_bits;  /* of the larger item in a pair; 0: ready ids */
    int pair_bits;
    int pair_shift;
} vn_vote_key;

/* `row` is NULL where the rows are plain counts. Both arrays are used up. */
vn_status vn_votes_range(const vn_vote_rows *rows, const vn_vote_key *key, uint64_t *records,
                         uint32_t *row, int64_t n, vn_vote_block *out);

#endif
