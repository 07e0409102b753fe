/* Does a unique finite maximum of the likelihood exist? The conditions, and why they are the right
 * ones, are in venire.reference.existence. */
#ifndef VN_EXISTENCE_H
#define VN_EXISTENCE_H

#include "vn_graph.h"

typedef enum {
    VN_EXISTS = 0,
    VN_STRENGTHS_UNBOUNDED = 1,    /* a weak component is not strongly connected */
    VN_ORDER_UNBOUNDED_AGAINST = 2, /* no closed walk of wins leads against the order advantage, */
    VN_ORDER_UNBOUNDED_WITH = 3,    /* or with it, on balance */
    VN_TIE_UNBOUNDED = 4,          /* no closed walk has more wins than ties */
    VN_ORDER_NOT_HELD = 5,         /* the same two where a prior bounds the strengths */
    VN_TIE_NOT_HELD = 6
} vn_absence;

/* `prior`: a prior bounds theta. *reason is a vn_absence, *n_weak the number of weak components.
 * labels (n entries) gets the weak component of each item. O(n + cells), more for an order effect
 * or a tie parameter without a prior (vn_negative_cycle). */
vn_status vn_existence(const vn_cells *c, int order_effect, int free_tie, int prior, vn_poll poll,
                       void *context, int32_t *labels, int64_t *n_weak, int *reason);

#endif
