/* Which pairs of items are asked, and which of the two is shown first, in many groups at once.
 *
 * VN_DESIGN_CYCLES: Hamiltonian cycles through random permutations, each pair in the direction of
 * its cycle; an odd degree adds a matching, which is every second edge of one more cycle. A pair that
 * was asked is repaired: with p the cycle and p[a], p[a + 1] the pair, p[a + 1 .. b] is reversed for
 * a random b, if that leaves no more repeats. Tries end at 200 n for each cycle (64 items moved
 * count as a try), or at the number of repeats that the items' free partners make unavoidable. Where
 * nothing was asked before and repeats are left (cycles that take most pairs may leave no other
 * one), the group gets Walecki's cycles, which share no edge, on a random permutation.
 * A group of at most degree + 1 items has all its pairs, as a round robin on a random permutation.
 * VN_DESIGN_RANDOM: distinct pairs, in random order.
 *
 * Group k draws from a stream of its own, made of (key, stream + k): it depends on nothing else.
 * Its asks are n degree / 2, rounded down (an odd n leaves one item of the matching out), or all
 * n (n - 1) / 2 pairs where degree >= n - 1.
 *
 * VN_BAD_VALUE: a used pair is of one item, or of none of its group. Not checked: 0 <= items < 2^31,
 * pointers as said. */
#ifndef VN_DESIGN_H
#define VN_DESIGN_H

#include "vn_common.h"

typedef enum { VN_DESIGN_CYCLES = 0, VN_DESIGN_RANDOM = 1 } vn_design_method;

typedef struct {
    vn_design_method method;
    int64_t n_groups, degree, stream;
    const int64_t *n_items;  /* (n_groups) */
    const int64_t *ask_ptr;  /* (n_groups + 1): where the asks of each group go */
    const int64_t *used_ptr; /* (n_groups + 1): what was asked before; NULL: nothing */
    const int32_t *used_first, *used_second;
} vn_design;

/* first, second: positions within the group, by ask; repeats: asks of each group whose pair was
 * asked before or twice. `poll` is called by the calling thread now and then. */
vn_status vn_design_pairs(const vn_design *d, const uint64_t key[2], int n_threads, vn_poll poll,
                          void *context, int32_t *first, int32_t *second, int64_t *repeats);

#endif
