/* Exact elimination of the vertices of degree one and two of a Laplacian (chains, trees, leaves).
 *
 * The pattern is found once; numbers are refreshed for each new set of weights. No subtraction
 * occurs, so a zero pivot (the last vertex of a component that vanishes) is exactly zero. What
 * remains, the core, is a Laplacian again. */
#ifndef VN_ELIMINATE_H
#define VN_ELIMINATE_H

#include "vn_laplacian.h"

typedef struct {
    int64_t n_steps;         /* in order; a step removes a vertex or merges two parallel edges */
    int32_t *vertex;         /* removed vertex; -1: merge edge_b into edge_a */
    int32_t *a, *b;          /* its neighbours, -1 where there is none */
    int64_t *edge_a, *edge_b, *fill; /* edges to them, and the edge that takes their place */
    double *share_a, *share_b, *inverse; /* w_a / W, w_b / W, 1 / W */
    int64_t n_edges;         /* original edges and fill */
    double *weight;          /* of each edge, during a refresh */
    double *extra;           /* n: diagonal surplus, during a refresh */
    int32_t *core_of;        /* n: position in the core, -1 where removed */
    int32_t *vertex_of;      /* core.n: its inverse */
    int64_t *core_edge;      /* edge of each entry of the core */
    vn_laplacian core;
} vn_elimination;

/* Find the pattern in `a`, whose edges are laid out as in vn_problem: lower_ptr and lower name them.
 * `parallel`: two vertices may share several edges. *worthwhile is 0, and nothing is kept, where
 * fewer than 1 in 20 vertices would go. */
vn_status vn_eliminate_pattern(const vn_laplacian *a, const int64_t *lower_ptr,
                               const uint32_t *lower, int64_t n_edges, int parallel, vn_poll poll,
                               void *context, vn_elimination *out, int *worthwhile);

/* Weights of the core from those of `a`. */
void vn_eliminate_refresh(vn_elimination *e, const vn_laplacian *a, const int64_t *lower_ptr,
                          int n_threads);

/* r of the core from r of all vertices (r is changed); then x of all from x of the core. */
void vn_eliminate_forward(const vn_elimination *e, double *r, double *core_r);
void vn_eliminate_back(const vn_elimination *e, const double *r, const double *core_x, double *x);

void vn_elimination_free(vn_elimination *e);

#endif
