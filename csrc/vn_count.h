/* Rows of comparisons among few items, read once and as they are: counted in a table with a slot for
 * every ordered pair.
 *
 * No array as long as the rows is written. Whole outcomes are counted, three counters to a word;
 * soft scores, weights and masses are added up in the order of the rows. What
 * is unusual (a label beyond the range, a score beyond [0, 1], an item against itself) ends the pass
 * at once and is left to a slower way that can say where it is. */
#ifndef VN_COUNT_H
#define VN_COUNT_H

#include "vn_common.h"

typedef enum {
    VN_I8, VN_I16, VN_I32, VN_I64, VN_U8, VN_U16, VN_U32, VN_U64, VN_F32, VN_F64
} vn_kind;

/* A column of numbers where they lie. stride: bytes from one to the next, 0 if one stands for all. */
typedef struct {
    const char *data; /* NULL: there is no such column */
    int64_t stride;
    vn_kind kind;
} vn_column;

/* Either score, or win and loss (and tie, or not); weight, or not. */
typedef struct {
    int64_t n_rows; /* at least 1 */
    vn_column first, second; /* integers */
    vn_column score, weight;
    vn_column win, loss, tie;
    vn_column order; /* integers -1, 0, 1; without: 1 */
} vn_columns;

typedef struct vn_counted vn_counted;

/* First pass. VN_TOO_LARGE: the labels spread too widely for a table; VN_BAD_VALUE: something is
 * wrong with a row. Neither is kept in *out, which otherwise is to be freed with vn_counted_free.
 * *low is the label at position 0 of the range, of n_range labels; used[k] (n_range bytes, owned by
 * *out) says whether label low + k occurs. */
vn_status vn_count(const vn_columns *c, int n_threads, vn_poll poll, void *context, vn_counted **out,
                   int64_t *low, int64_t *n_range, const uint8_t **used, int64_t *n_cells,
                   int *has_tie, int *has_square);

/* Second pass: the cells, sorted by (lo, hi, order). code[k] is the item that label low + k stands
 * for, among n_items, in the same order; row_ptr has n_items + 1 entries. tie and square may be NULL.
 * Returns the number of pairs. */
int64_t vn_counted_write(const vn_counted *t, int n_threads, const int32_t *code, int64_t n_items,
                         int64_t *row_ptr, int32_t *hi, int8_t *order, double *win, double *loss,
                         double *tie, double *square);

void vn_counted_free(vn_counted *t);

#endif
