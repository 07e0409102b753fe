/* Shared by the files that sort rows to cells only. */
#ifndef VN_CELLS_INTERNAL_H
#define VN_CELLS_INTERNAL_H

#include "vn_cells.h"
#include "vn_radix.h"

struct vn_sorted {
    int bits;             /* of an item position in a key */
    int soft;             /* masses come from the rows, not from the outcome bits */
    int has_tie;          /* maybe */
    int has_square;       /* squares are not those of wins, losses and ties */
    int n_chunks;
    uint64_t *keys;       /* sorted, one per row */
    uint32_t *row;        /* the row each key came from; NULL: rows were sorted or are not needed */
    int64_t *chunk_cells; /* cells before each chunk of rows */
    int64_t n_cells, n_pairs;
};

static inline uint32_t vn_source_row(const vn_sorted *s, int64_t r)
{
    return s->row ? s->row[r] : (uint32_t)r;
}

static inline int vn_has_strata(const vn_rows *rows)
{
    return rows->cluster || rows->date || rows->n_covariates;
}

/* Whether the row of this key, which has a stratum, has lo second: lo sees its covariates from the
 * other side. */
static inline int vn_is_turned(uint64_t key) { return (int)(key >> 1 & 1); }

/* Sort the rows of each key by stratum, those of one in their order; bit 0 of keys: a cell starts. */
vn_status vn_sort_strata(const vn_rows *rows, vn_sorted *s, const vn_crew *by);

#endif
