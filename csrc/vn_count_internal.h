/* Shared by vn_count.c and vn_count_cells.c only. */
#ifndef VN_COUNT_INTERNAL_H
#define VN_COUNT_INTERNAL_H

#include "vn_count.h"
#include "vn_team.h"

/* Three counters of a slot to a word; the highest bit of each says that it is time to empty it. */
#define VN_COUNTER 21
#define VN_GUARDS ((uint64_t)1 << 20 | (uint64_t)1 << 41 | (uint64_t)1 << 62)

static inline int64_t vn_counter(uint64_t word, int outcome)
{
    return (int64_t)(word >> (VN_COUNTER * outcome) & (((uint64_t)1 << VN_COUNTER) - 1));
}

enum { VN_LOSS = 0, VN_TIE = 1, VN_WIN = 2, VN_SQUARE = 3, VN_SUMS = 4 };

struct vn_counted {
    vn_columns columns;
    int64_t low, high, size, n_slots;
    int flags;
    int is_whole;                  /* counters, else sums */
    uint64_t *word[VN_TEAM_MOST];  /* each worker's counters, of the item that the slot names first */
    int64_t *wide[VN_TEAM_MOST];   /* what counters that filled up held, three to a slot */
    double *sum;                   /* of the smaller item */
    uint8_t *used;                 /* labels that occur */
    /* once settled: word[0] says what a slot holds, in wide[0] or sum or itself */
    int64_t *row_cells;            /* cells of each smaller item */
    int64_t n_cells;
    int has_tie;
};

/* Bring the tables together, count the cells and mark the labels that occur. VN_BAD_VALUE: there is
 * no cell. */
vn_status vn_counted_settle(vn_counted *t, int n_threads);

#endif
