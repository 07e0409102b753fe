/* Rows of many groups -> items and cells of each group.
 *
 * A group's rows are read once, by one worker, in its own memory: labels become positions among the
 * sorted distinct labels of the group, rows are sorted by (lo, hi, order) and added up. The rows of
 * one cell are added in an order that depends on their values alone, so the result does not depend
 * on the order of the rows, nor on the number of threads. */
#ifndef VN_GROUP_CELLS_H
#define VN_GROUP_CELLS_H

#include "vn_common.h"

typedef struct {
    int64_t n_rows;
    int64_t n_compared;     /* rows from here on compare nothing: they only name their first item */
    const int32_t *first32, *second32; /* labels: these, */
    const int64_t *first64, *second64; /* or these */
    const double *score;    /* share of first; NULL: every row has `one_score` */
    double one_score;
    const double *weight;   /* NULL: 1; rows of weight 0 only name their items */
    const int8_t *order;    /* NULL: +1 */
    const double *win, *loss, *tie; /* rows that are masses (win != NULL): score is not read */
    int64_t n_groups;
    const int64_t *row_ptr; /* n_groups + 1: rows of each group, */
    const uint32_t *row;    /* through this permutation; NULL: as they stand */
    const int64_t *item_ptr; /* not NULL: first32 and second32 are positions among so many items of the
                              * group, all of which there are; labels are not written */
} vn_group_rows;

/* What is wrong with a row, besides its position. */
typedef enum {
    VN_ROW_FINE = 0, VN_ROW_SELF = 1, VN_ROW_SCORE = 2, VN_ROW_WEIGHT = 3,
    VN_ROW_WIN = 4, VN_ROW_LOSS = 5, VN_ROW_TIE = 6, VN_ROW_FIRST = 7, VN_ROW_SECOND = 8,
    VN_ROW_ORDER = 9
} vn_row_fault;

/* Group boundaries where labels (or codes) stand in non-decreasing order: *sorted is 0 if they do
 * not, else n_groups and, when row_ptr is not NULL, the n_groups + 1 boundaries. Either of the two
 * arrays is NULL. */
vn_status vn_group_runs(const int32_t *label32, const int64_t *label64, int64_t n, int n_threads,
                        vn_poll poll, void *context, int *sorted, int64_t *n_groups,
                        int64_t *row_ptr);

/* Rows by group, in their own order inside each: code in [0, n_groups). */
vn_status vn_group_sort(const int32_t *code, int64_t n, int64_t n_groups, int n_threads,
                        vn_poll poll, void *context, int64_t *row_ptr, uint32_t *row);

/* Fill item_ptr and cell_ptr (n_groups + 1), the labels of the items (room for 2 n_rows) and the
 * cells (room for n_rows), group after group from the beginning of each array: what lies behind is not
 * touched. `tie` must be zero on entry, and is written where there are ties only; *has_tie says whether
 * there are any, *has_soft whether a score was neither 0, 1/2 nor 1. VN_BAD_VALUE: *bad_row is the
 * first row with a *fault. */
vn_status vn_group_cells(const vn_group_rows *rows, int n_threads, vn_poll poll, void *context,
                         int64_t *item_ptr, int64_t *cell_ptr, int64_t *label, int32_t *first,
                         int32_t *second, int8_t *order, double *win, double *loss, double *tie,
                         int *has_tie, int *has_soft, int64_t *bad_row, int *fault);

#endif
