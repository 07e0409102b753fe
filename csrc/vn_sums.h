/* Comparisons added up as they come: a hash table of cells, to which rows are added in any number of
 * pieces.
 *
 * A cell is a pair of codes and an order class. While rows are plain wins, losses and ties it takes 16
 * bytes, three counters among them; the first other row turns all into sums, 48 bytes each. Every
 * sum is taken in the order of the rows, whatever the pieces and the number of threads. Memory is
 * O(cells): a slot and a quarter to a slot and two thirds for each. */
#ifndef VN_SUMS_H
#define VN_SUMS_H

#include "vn_cells.h"

typedef struct vn_sums vn_sums;

/* Returns NULL when memory is short. */
vn_sums *vn_sums_new(void);
void vn_sums_free(vn_sums *sums);

/* Add rows, of which strata are not looked at. n_items: codes are below it; at most 2^30. Where rows are
 * masses `other`, if not NULL, is the square as the second item sees it. `counts`: masses are whole
 * numbers of wins, losses and ties, below 2^53.
 * VN_BAD_VALUE: row *bad_row, the first such, does not compare two items; how many of the rows were
 * added then is not said. VN_NO_MEMORY, VN_INTERRUPTED: the same. */
vn_status vn_sums_add(vn_sums *sums, const vn_rows *rows, const double *other, int counts,
                      int n_threads, vn_poll poll, void *context, int64_t *bad_row);

int64_t vn_sums_size(const vn_sums *sums);  /* cells */
int64_t vn_sums_bytes(const vn_sums *sums); /* memory that they take */
int64_t vn_sums_codes(const vn_sums *sums); /* all codes are below */
int vn_sums_is_soft(const vn_sums *sums);   /* sums, no longer counts */

/* All masses times a number. */
vn_status vn_sums_scale(vn_sums *sums, double by);

/* The cells, in an order that means nothing: arrays of vn_sums_size entries, seen from lo < hi. */
typedef struct {
    int32_t *lo, *hi;
    int8_t *order;
    double *win, *loss, *tie;
    double *square, *other; /* NULL: not asked for */
} vn_sums_out;

/* seen[c] = 1 for each code c of a cell. */
void vn_sums_mark(const vn_sums *sums, uint8_t *seen);

void vn_sums_read(const vn_sums *sums, const vn_sums_out *out);

/* The cells over other codes: place[c], in [0, n_items), is that of code c (of n_codes, all of which
 * that occur have a place of their own); sorted by (lo, hi, order), lo and hi being the smaller and
 * the larger place. Outputs are as of vn_write_cells; `has_tie` says whether any mass is a tie.
 * VN_BAD_VALUE: a code has no place. */
vn_status vn_sums_write(const vn_sums *sums, const int32_t *place, int64_t n_codes, int64_t n_items,
                        int n_threads, vn_poll poll, void *context, const vn_cells_out *out,
                        int64_t *n_pairs, int *has_tie);

#endif
