/* Rows of comparisons -> cells: one per unordered pair and order class (and cluster, date and row of
 * covariates), sorted by (lo, hi, order, cluster, date, covariates).
 *
 * The way for items of any number, clusters and rows that are not plain counts; few items are counted
 * (vn_count.h). Rows are radix sorted, stably, so sums are taken in row order and do not depend on the
 * number of threads. Memory is O(rows + cells). */
#ifndef VN_CELLS_H
#define VN_CELLS_H

#include "vn_common.h"

/* Rows. `second`, `order`, ... have n_rows entries; a NULL array means what its comment says. */
typedef struct {
    int64_t n_rows;
    int64_t n_items;
    const int32_t *first;   /* positions in [0, n_items) */
    const int32_t *second;
    const double *score;    /* share of first, in [0, 1]; NULL: every row has `one_score` */
    double one_score;
    const double *weight;   /* NULL: 1 */
    const int8_t *order;    /* +1 first, -1 second, 0 nobody had the advantage; NULL: +1 */
    /* what cells are kept apart by besides; NULL: nothing */
    const int32_t *cluster;
    const int64_t *date;
    int n_covariates;
    const double *covariates; /* n_covariates of each row, of first less second; finite */
    /* rows that are already masses (win != NULL): score and weight are not read */
    const double *win;
    const double *loss;
    const double *tie;      /* NULL: 0 */
    const double *square;   /* sum of weight * score^2 seen from first; NULL: win + tie / 4 */
} vn_rows;

typedef struct vn_sorted vn_sorted;

/* First pass: sort. Sizes come back in the arguments; free *out with vn_sorted_free.
 * `has_tie`, `has_square`: whether those outputs carry information (else they may be NULL below).
 * VN_BAD_VALUE: row *bad_row does not compare two items. VN_TOO_LARGE: more than 2^30 items or,
 * where the rows are not plain counts, 2^32 rows. */
vn_status vn_sort_rows(const vn_rows *rows, int n_threads, vn_poll poll, void *context,
                       vn_sorted **out, int64_t *n_cells, int64_t *n_pairs, int *has_tie,
                       int *has_square, int64_t *bad_row);

/* Cells, to be written: what rows do not have, or carries no information, may be NULL. */
typedef struct {
    int64_t *row_ptr; /* n_items + 1: the cells of `lo` */
    int32_t *hi;
    int8_t *order;
    int32_t *cluster;
    int64_t *date;
    double *covariates; /* of lo less hi */
    double *win, *loss, *tie, *square;
} vn_cells_out;

/* Second pass. */
vn_status vn_write_cells(const vn_rows *rows, const vn_sorted *sorted, int n_threads, vn_poll poll,
                         void *context, const vn_cells_out *out);

void vn_sorted_free(vn_sorted *sorted);

#endif
