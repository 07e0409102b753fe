/* A Laplacian with its vertices renumbered so that neighbours stand near each other in memory: on
 * graphs whose numbering says nothing about who meets whom, products are several times faster. */
#ifndef VN_RENUMBER_H
#define VN_RENUMBER_H

#include "vn_laplacian.h"

typedef struct {
    int32_t *order;    /* old number of each new one */
    vn_laplacian a;
} vn_renumbered;

/* Mean distance |i - j| of neighbours, as a share of n; rows are sampled. A random numbering has
 * a third. */
double vn_neighbour_distance(const vn_laplacian *a);

/* `order` is taken over. The values come with vn_renumber_refresh. */
vn_status vn_renumber_build(const vn_laplacian *a, int32_t *order, int n_threads, vn_renumbered *out);
void vn_renumber_refresh(vn_renumbered *b, const vn_laplacian *a, int n_threads);
void vn_renumber_free(vn_renumbered *b);

/* y[new] = x[old], and back. */
void vn_renumber_gather(const vn_renumbered *b, const double *x, double *y);
void vn_renumber_scatter(const vn_renumbered *b, const double *y, double *x);

#endif
