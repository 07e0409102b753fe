/* The edges that one replicate of a sparse fit has. */
#ifndef VN_REPLICATE_EDGES_H
#define VN_REPLICATE_EDGES_H

#include "vn_replicates.h"

/* Edges with mass, sorted like those of `p` (by `first`), where the units are drawn `draw` times;
 * `number` says which of those of `p` each is, of which there are less than 2^31.
 *
 * Room: `ptr` n_items + 1; the others n_edges. `tie` NULL: ties count half a win to each. `*ties`:
 * comparisons that were ties. Returns the number of edges. Uses of `p` the counts, `first`, `second`,
 * `edge`, `unit`, `outcome` and `mass`. */
int64_t vn_replicate_edges(const vn_replicates *p, const int8_t *order, const double *draw,
                           int64_t *ptr, int32_t *second, int8_t *kept_order, int32_t *number,
                           double *win, double *loss, double *tie, double *ties);

#endif
