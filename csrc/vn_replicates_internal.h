/* One block of replicates in the memory of one worker. */
#ifndef VN_REPLICATES_INTERNAL_H
#define VN_REPLICATES_INTERNAL_H

#include "vn_replicates.h"

#define LANES VN_REPLICATE_LANES

typedef struct vn_replicate_block {
    double *draw;           /* n_units */
    double *a, *b;          /* n_edges each: see vn_replicate_masses */
    double *fixed, *mass;   /* n_items each: what the gradient starts from; weight of comparisons */
    double *x, *strength, *g, *step; /* n_items + 1 each */
    uint32_t *up, *down;    /* n_edges: lanes in which first (second) won */
    uint32_t *reach;        /* n_items */
    double total[LANES], ties[LANES], rest[LANES]; /* rest: of the gradient in the log of tie */
    double active[LANES];   /* 1: still iterated, 0 */
} vn_replicate_block;

/* Masses of the block from its draws; `a` and `b` as the model's row parts them. */
void vn_replicate_masses(const vn_replicates *p, vn_replicate_block *w);

/* Lanes in which everything is reachable along wins both ways (bits). */
uint32_t vn_replicate_connected(const vn_replicates *p, vn_replicate_block *w);

/* Gradient at x into g; the largest ratio to the weights into residual. */
void vn_replicate_gradient(const vn_replicates *p, vn_replicate_block *w, double *residual);

#endif
