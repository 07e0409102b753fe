/* Shared by vn_vote_sums*.c only. */
#ifndef VN_VOTE_SUMS_INTERNAL_H
#define VN_VOTE_SUMS_INTERNAL_H

#include <string.h>

#include "vn_vote_sums.h"
#include "vn_votes_internal.h"

#define VN_SUMS_BATCH 64 /* keys whose places are fetched ahead */

typedef struct { uint64_t major, minor; } vn_sum_key;

/* What the kinds have one after the other; a record of a kind is cut off behind its part. */
typedef struct { vn_sum_key key; int32_t count[3], spare; } vn_hard_sum;
typedef struct {
    vn_sum_key key;
    double mass[3], total, square;
    int32_t runs, swapped_runs;
    double shown[2]; /* totals of the rows in the order as written, and of the others */
} vn_soft_sum;

struct vn_vote_sums {
    vn_sums_kind kind;
    int64_t stride; /* bytes of a record */
    int64_t n, room;
    void *memory;
    uint8_t *record; /* in it, at the start of a line of the cache: few records lie in two */
    uint32_t *slot; /* number + 1 of a record; 0: free */
    int64_t n_slots; /* a power of two */
};

static inline vn_sum_key *vn_sum_key_at(const vn_vote_sums *s, int64_t k)
{
    return (vn_sum_key *)(void *)(s->record + k * s->stride);
}

/* The places of up to VN_SUMS_BATCH keys, new ones for those that have none. */
vn_status vn_vote_sums_places(vn_vote_sums *s, const uint64_t *major, const uint64_t *minor, int n,
                    int32_t *place);

#endif
