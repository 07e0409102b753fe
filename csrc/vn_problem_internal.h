/* Shared by the files of the problem only: vn_problem.c and those that pass over its edges. */
#ifndef VN_PROBLEM_INTERNAL_H
#define VN_PROBLEM_INTERNAL_H

#include "vn_problem.h"

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

/* A tile: consecutive edges, and their cells. */
typedef struct {
    int64_t edge, cell; /* the first of each */
    int n_edges, n_cells;
} vn_tile;

static inline vn_tile vn_tile_of(const vn_problem *p, int64_t tile)
{
    vn_tile t = {.edge = tile * VN_TILE, .cell = tile * VN_TILE};
    if (p->tile_ptr) {
        t.edge = p->tile_ptr[tile];
        t.n_edges = (int)(p->tile_ptr[tile + 1] - t.edge);
        t.cell = p->cell_ptr[t.edge];
        t.n_cells = (int)(p->cell_ptr[t.edge + t.n_edges] - t.cell);
    } else {
        t.n_edges = t.n_cells = (int)VN_MIN((int64_t)VN_TILE, p->n_edges - t.edge);
    }
    return t;
}

/* Whether a tile is left out of samples. */
static inline int vn_is_left_out(const vn_problem *p, int64_t tile)
{
    return p->stride > 1 && tile % p->stride;
}

/* Where the cells of the tile's edge e end, counted from its first. */
static inline int vn_cells_until(const vn_problem *p, const vn_tile *t, int e)
{
    return p->cell_ptr ? (int)(p->cell_ptr[t->edge + e + 1] - t->cell) : e + 1;
}

/* What an edge is to its items, in one place, since an item's edges lie far apart: the slope dl/dd; and
 * the curvature and, for each column of the border, what its entries sum. */
static inline double *vn_slope_of(const vn_problem *p, int64_t e)
{
    return (double *)(p->edge + e * p->edge_size);
}

static inline float *vn_bends_of(const vn_problem *p, int64_t e)
{
    return (float *)(p->edge + e * p->edge_size + sizeof(double));
}

/* How many parameters beside theta move predictors: the order effect and the coefficients. */
static inline int vn_n_moving(const vn_problem *p) { return p->has_gamma + p->n_covariates; }

/* Linear predictors of a tile's cells; and less their offsets, linear in x. */
void vn_predictors(const vn_problem *p, const double *x, const vn_tile *t, double *d);
void vn_differences(const vn_problem *p, const double *x, const vn_tile *t, double *d);

/* The columns beside theta that move predictors, of a tile's cells, VN_COLUMN from one to the next. */
#define VN_COLUMN (VN_TILE + 8) /* no power of two: columns would evict each other from the cache */
void vn_moving_columns(const vn_problem *p, const vn_tile *t, double *columns);

/* The weight of each edge's cells in the place of its slope; units and weights of the coefficients. */
vn_status vn_problem_weigh(vn_problem *p, int n_threads, vn_poll poll, void *context);

/* Products of x with each of n columns. */
void vn_tile_dots(const double *x, const double *columns, int n, int len, double *out);

/* What direct observations at such parameters take off the log-likelihood. */
double vn_direct_penalty(const vn_problem *p, const double *x);

/* The arguments of a loop over tiles, and what it does with one; each uses what it needs. */
typedef struct vn_tile_job {
    void (*tile)(const struct vn_tile_job *j, int64_t tile, double *scratch);
    int n_scratch; /* doubles that `tile` needs */
    double *scratch;
    const vn_problem *p;
    vn_problem *changed;
    const double *x, *step;
    double *likelihoods; /* of each tile, where derivatives are not to be of the matrix */
    double *out, room;
} vn_tile_job;

vn_status vn_over_tiles(vn_tile_job *j, int n_threads, vn_poll poll, void *context);

#endif
