/* Shared by vn_cells.c and vn_cells_table.c only. */
#ifndef VN_CELLS_INTERNAL_H
#define VN_CELLS_INTERNAL_H

#include "vn_cells.h"

struct vn_sorted {
    int bits;             /* of an item position in a key */
    int soft;             /* masses come from the rows, not from the outcome bits */
    int has_tie;
    int n_chunks;
    uint64_t *keys;       /* sorted, one per row; NULL when `table` is used */
    uint32_t *row;        /* the row each key came from; NULL: rows were sorted or are not needed */
    int64_t *chunk_cells; /* cells before each chunk of rows (or of items, with a table) */
    int64_t n_cells, n_pairs;
    uint32_t *table;      /* loss, tie, win of each slot; see vn_cells_table.c */
};

/* Count hard outcomes, fewer than 2^32 of them, in a direct table. *soft is set, and nothing is kept,
 * when a score turns out to be neither 0, 1/2 nor 1. */
vn_status vn_table_count(const vn_rows *rows, int n_threads, vn_sorted *s, int *soft,
                         int64_t *bad_row);

vn_status vn_table_write(const vn_rows *rows, const vn_sorted *s, int n_threads,
                         int64_t *row_ptr, int32_t *hi, int8_t *order, double *win, double *loss,
                         double *tie);

#endif
