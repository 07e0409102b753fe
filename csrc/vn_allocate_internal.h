/* What the files of the allocation share: one group in the memory of one thread. */
#ifndef VN_ALLOCATE_INTERNAL_H
#define VN_ALLOCATE_INTERNAL_H


#include "vn_allocate.h"

#define VN_HISTORY 64  /* picks that are kept beside the covariance */
#define VN_PANEL 8     /* pivots that are swept together */
#define VN_N_DRAWS 64  /* of theta, for the chance to be in the top */
#define VN_LANES_SOLVED 8 /* right-hand sides that are solved together */

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
    int n;                 /* items */
    int64_t n_edges;       /* pairs with votes */
    double precision;
    const double *mean;

    int32_t *a, *b;        /* items of each edge, a < b; */
    double *win, *loss;    /* its masses; */
    double *h;             /* its curvature at theta */
    int64_t *start;        /* n + 1: entries of each item in: */
    int32_t *other;        /* the neighbour, */
    int64_t *edge;         /* the edge, */
    double *value;         /* its curvature */
    double *theta, *trial, *slope, *next, *step, *diagonal; /* n */
    double *r, *z, *p, *q;                                  /* n, of the solver */

    int64_t n_extra, room_extra; /* asks that the covariance knows besides the votes: */
    int32_t *extra_a, *extra_b;  /* pairs */
    double *extra_x;             /* and what they tell */

    int dense;             /* there is a matrix: */
    double *c;             /* n x stride, symmetric */
    int stride, n_history;
    double *history;       /* VN_HISTORY x stride */
    double factor[VN_HISTORY];
    double *panel, *turned; /* VN_PANEL x stride */

    int64_t room_n, room_edges, room_matrix;
    double *block_n;

    vn_poll poll;          /* NULL on all threads but the caller's */
    void *context;
    volatile int *stop;    /* shared by the threads; */
    int64_t work;          /* operations since the last poll */
} vn_posterior;

/* Whether to stop; asks after every 20 million operations or so. */
static inline int vn_posterior_stops(vn_posterior *w, int64_t operations)
{
    w->work += operations;
    if (w->poll && w->work > 20000000) {
        w->work = 0;
        if (w->poll(w->context)) *w->stop = 1;
    }
    return *w->stop;
}

void vn_posterior_free(vn_posterior *w);

/* Take over group k without the cells that are held (NULL: none). VN_NO_MEMORY. */
vn_status vn_posterior_load(vn_posterior *w, const vn_allocate_votes *v, int64_t k,
                            const uint8_t *held);

/* theta: the mode; h and value: the curvature there. */
void vn_posterior_mode(vn_posterior *w);

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
 * has for it) of covariance C^-1; draw counts edges, then items, then extra asks. */
void vn_posterior_noise(const vn_posterior *w, const double *draw, double *out);

/* x = (H + extra)^-1 rhs by conjugate gradients, to `eta` of the right-hand side. */
void vn_posterior_solve(vn_posterior *w, const double *rhs, double eta, double *x);

/* out -= the sum of factor[k] times row k of `rows`; lengths are multiples of VN_PANEL. */
void vn_subtract_rows(int64_t length, int k, const double *factor, const double *rows,
                      int64_t stride, double *out);

/* chance (n) of each item to be among the first `top`: share of draws. VN_NO_MEMORY. */
vn_status vn_posterior_chance(vn_posterior *w, int64_t top, const uint64_t key[2], uint64_t group,
                              double *chance);

#endif
