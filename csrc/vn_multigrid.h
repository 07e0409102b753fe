/* Aggregation multigrid for Laplacians: vertices are matched along heavy edges into groups of four
 * (eight on dense graphs; the square of that in the first step), the groups form the next coarser
 * graph, and each level is smoothed by damped Jacobi; coarse problems are solved by at most two
 * flexible conjugate-gradient steps (K-cycle: Notay 2010, ETNA 37, 123-146). Groups are found once;
 * weights are refreshed. */
#ifndef VN_MULTIGRID_H
#define VN_MULTIGRID_H

#include "vn_groups.h"
#include "vn_laplacian.h"

#define VN_MAX_LEVELS 40

typedef struct {
    vn_laplacian a;       /* level 0 is a view of the caller's matrix */
    vn_groups groups;     /* the vertices of the next level */
    double *r, *x, *p, *q, *v, *partial, *work;
} vn_level;

typedef struct {
    int n_levels;
    vn_level level[VN_MAX_LEVELS];
    double *factor;       /* dense Cholesky factor of the last level, or NULL */
    int shared;           /* groups, coarse matrices and factor are another's */
} vn_multigrid;

vn_status vn_multigrid_build(const vn_laplacian *a, int n_threads, vn_poll poll, void *context,
                             vn_multigrid *out);
vn_status vn_multigrid_refresh(vn_multigrid *m, int n_threads, vn_poll poll, void *context);
/* x = M r, for one cycle M. */
void vn_multigrid_apply(vn_multigrid *m, const double *r, double *x, int n_threads);
void vn_multigrid_free(vn_multigrid *m);

/* The multigrid of `m` for `a`, another weighting of the same vertices: its groups, coarse matrices
 * and factor are used as they are, by reference, and never refreshed. */
vn_status vn_multigrid_share(const vn_multigrid *m, const vn_laplacian *a, vn_multigrid *out);

/* The vertices group by group, groups of groups first: an order in which neighbours are near. NULL
 * in *order where there is one level only. */
vn_status vn_multigrid_order(const vn_multigrid *m, int32_t **order);
/* Go on with `a`, the matrix renumbered by that order. */
void vn_multigrid_renumber(vn_multigrid *m, const vn_laplacian *a, const int32_t *order);

#endif
