/* The graph of comparisons: connected components, and cycles of negative length.
 *
 * Cells are given by rows: those of `lo` are row_ptr[lo] .. row_ptr[lo + 1]. A cell is an edge from
 * winner to loser for every side that won something; ties (tie may be NULL) count each way. */
#ifndef VN_GRAPH_H
#define VN_GRAPH_H

#include "vn_common.h"

typedef struct {
    int64_t n;
    const int64_t *row_ptr;
    const int32_t *hi;
    const int8_t *order;
    const double *win, *loss, *tie;
} vn_cells;

/* labels[i] numbers the component of item i, components in order of their first item. */
vn_status vn_weak_components(const vn_cells *c, vn_poll poll, void *context, int32_t *labels,
                             int64_t *n_components);
vn_status vn_strong_components(const vn_cells *c, vn_poll poll, void *context, int32_t *labels,
                               int64_t *n_components);

/* Is everything reachable from item 0 along wins, and item 0 from everything? Found out by sweeps over
 * the cells in alternating direction, far cheaper than components where few sweeps are enough; *yes
 * is 0 also when `sweeps` were not. */
vn_status vn_strongly_connected(const vn_cells *c, int sweeps, vn_poll poll, void *context, int *yes);

/* Look for a cycle of negative length in the graph with an edge
 *   winner -> loser of length p * order - q for each kind of win (order seen from the winner), and
 *   i -> j of length p * order_i + q, and back, for each tie,
 * by Bellman-Ford with sweeps in alternating direction (Yen 1970). *found is 0 or 1; the cycle's
 * sums of orders and of -1 / +1 (wins / ties) come back. O(n + cells) a sweep, at most n sweeps. */
vn_status vn_negative_cycle(const vn_cells *c, int64_t p, int64_t q, vn_poll poll, void *context,
                            int *found, int64_t *order_sum, int64_t *gap_sum);

#endif
