/* Shared by the files of the problem only: vn_problem.c and those that pass over its edges. */
#ifndef VN_PROBLEM_INTERNAL_H
#define VN_PROBLEM_INTERNAL_H

#include "vn_problem.h"

#define VN_TILE 1024 /* edges */
#define VN_TILE_SUMS 8

/* The item `lo` of edge e. */
static inline int64_t vn_row_of_edge(const vn_problem *p, int64_t e)
{
    int64_t lo = 0, hi = p->n;
    while (hi - lo > 1) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (p->edge_ptr[mid] <= e) lo = mid; else hi = mid;
    }
    return lo;
}

/* Tile t has the edges [*first, *first + returned). */
static inline int vn_edges_of_tile(const vn_problem *p, int64_t tile, int64_t *first)
{
    *first = tile * VN_TILE;
    return (int)VN_MIN((int64_t)VN_TILE, p->n_edges - *first);
}

/* Linear predictors of the edges [first, first + len); and less their offsets, linear in x. */
void vn_predictors(const vn_problem *p, const double *x, int64_t first, int len, double *d);
void vn_differences(const vn_problem *p, const double *x, int64_t first, int len, double *d);

/* The arguments of a loop over tiles, and what it does with one; each uses what it needs. */
typedef struct vn_tile_job {
    void (*tile)(const struct vn_tile_job *j, int64_t tile);
    const vn_problem *p;
    vn_problem *changed;
    const double *x, *step;
    double *out, room;
} vn_tile_job;

vn_status vn_over_tiles(vn_tile_job *j, int n_threads, vn_poll poll, void *context);

#endif
