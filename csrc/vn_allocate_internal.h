/* What the files of the allocation share: one group in the memory of one worker. */
#ifndef VN_ALLOCATE_INTERNAL_H
#define VN_ALLOCATE_INTERNAL_H

#include "vn_allocate.h"
#include "vn_vector.h"

#define VN_HISTORY 64  /* picks that are kept beside the covariance */
#define VN_PANEL 8     /* pivots that are swept together */
#define VN_N_DRAWS 64  /* of theta, for the chance to be in the top */

/* Streams of a group: high bits of the counter. */
#define VN_STREAM_CANDIDATE 0
#define VN_STREAM_SIDE ((uint64_t)1 << 60)
#define VN_STREAM_NORMAL ((uint64_t)2 << 60)
#define VN_STREAM_SIGN ((uint64_t)3 << 60)

/* One array in place of another, contents lost; 0 without memory. */
static inline int vn_renew(void *pointer, int64_t count, size_t size)
{
    void **array = pointer;
    vn_free(*array);
    *array = vn_malloc((size_t)VN_MAX(count, 1) * size);
    return *array != NULL;
}

typedef struct {
    vn_small small;        /* the votes and the information; knows the asks besides */
    vn_small_model model;  /* with the group's priors */
    int n;                 /* items */
    int32_t *item;         /* n: of each row of the fit */
    double *theta;         /* n, by item like all that follows */

    int dense;             /* there is a matrix: */
    double *c;             /* n x stride, symmetric */
    int stride, n_history;
    double *history;       /* VN_HISTORY x stride */
    double factor[VN_HISTORY];
    double *panel, *turned; /* VN_PANEL x stride */

    int32_t *first, *second; /* room for the cells that have votes, */
    double *win, *loss, *d;  /* and for those that are held */
    int64_t room_n, room_cells, room_matrix;
    int64_t work;          /* operations since the last look at the watch */
} vn_posterior;

/* Whether to stop; looked up after every 20 million operations or so. */
static inline int vn_posterior_stops(vn_posterior *w, int64_t operations)
{
    w->work += operations;
    if (w->work <= 20000000) return 0;
    w->work = 0;
    return vn_watch_stops(w->small.watch, w->small.worker);
}

void vn_posterior_free(vn_posterior *w);

/* Take over group k without the cells that are held (NULL: none). VN_NO_MEMORY. */
vn_status vn_posterior_load(vn_posterior *w, const vn_grouped *g, const vn_small_model *model,
                            int64_t k, const uint8_t *held);

/* theta: the mode; small: the information there. Wrong where the watch is over. */
void vn_posterior_mode(vn_posterior *w);

/* Log-likelihood at the mode of the cells of group k that are held. */
double vn_posterior_held(vn_posterior *w, const vn_grouped *g, int64_t k, const uint8_t *held);

/* The covariance as a matrix, or its solver made ready. VN_NO_MEMORY, VN_INTERRUPTED. */
vn_status vn_posterior_covariance(vn_posterior *w, int dense);

/* out (n) = C (e_i - e_j) */
void vn_posterior_column(vn_posterior *w, int i, int j, double *out);

/* out (n) = C v */
void vn_posterior_multiply(vn_posterior *w, const double *v, double *out);

/* C -= x / (1 + x R) column column'; column is that of the pair (i, j), R its variance. */
vn_status vn_posterior_update(vn_posterior *w, int i, int j, double x, double r,
                              const double *column);

/* Add the picks that are kept beside it to the matrix. */
void vn_posterior_flush(vn_posterior *w);

/* out (n) = (votes and prior, each times the root of its information and the number that `draw`
 * has for it) of covariance C^-1; draw counts edges, then items, then asks. */
void vn_posterior_noise(const vn_posterior *w, const double *draw, double *out);

/* chance (n) of each item to be among the first `top`: share of draws. VN_NO_MEMORY. */
vn_status vn_posterior_chance(vn_posterior *w, int64_t top, const uint64_t key[2], uint64_t group,
                              double *chance);

#endif
