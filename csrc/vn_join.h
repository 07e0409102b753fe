/* Two sets of cells over the same items -> one, in a pass over both: what a few new rows cost is not
 * a sort of all cells. */
#ifndef VN_JOIN_H
#define VN_JOIN_H

#include "vn_common.h"

/* Cells sorted by (lo, hi, order, stratum), each key once: those of `lo` are row_ptr[lo] to
 * row_ptr[lo + 1]. `stratum` is NULL where none are kept apart (in both sets, or in neither), `tie`
 * where nobody tied, `square` where it is win + tie / 4. */
typedef struct {
    int64_t *row_ptr;
    int32_t *hi;
    int8_t *order;
    int32_t *stratum;
    double *win, *loss, *tie, *square;
} vn_join_cells;

/* First pass: out_ptr (n_items + 1) of both together, and how many pairs of b are not in a. */
vn_status vn_join_count(int64_t n_items, const vn_join_cells *a, const vn_join_cells *b,
                        int n_threads, vn_poll poll, void *context, int64_t *out_ptr,
                        int64_t *n_new_pairs);

/* Second pass: the cells of both, with masses added up; out->row_ptr is what the first has found, and
 * an array that is NULL is left out. */
vn_status vn_join_write(int64_t n_items, const vn_join_cells *a, const vn_join_cells *b,
                        int n_threads, vn_poll poll, void *context, const vn_join_cells *out);

#endif
