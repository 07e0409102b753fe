/* Which pairs to ask next, group by group: posterior of theta at its mode, and picks of pairs that
 * change its covariance one after the other. The definition is venire.reference.allocation. The model is
 * one of half ties, with a prior that is given, and without an order effect.
 *
 * A group of at most `dense` items has its covariance C as a matrix; picks are kept beside it as
 * rank-one terms until there are many. In a larger group C is applied by conjugate gradients and the
 * variances of the candidates come from random combinations of the votes (Spielman and Srivastava
 * 2011, doi:10.1137/080734029). */
#ifndef VN_ALLOCATE_H
#define VN_ALLOCATE_H

#include "vn_group_fit.h"

/* Asks so far, in the order shown; the last pending[k] of group k have no votes yet. */
typedef struct {
    const int64_t *ptr;
    const int32_t *first, *second;
    const int64_t *pending;
} vn_allocate_asks;

typedef enum {
    VN_PICK_D,
    VN_PICK_A,
    VN_PICK_TOP,
    VN_PICK_SD,
    VN_PICK_RESIDUAL,
    VN_PICK_GIVEN
} vn_criterion;

typedef struct {
    vn_criterion criterion;
    int votes_per_ask;
    double rho;
    int64_t top, candidates;
    uint64_t key[2];
    const double *residual, *noise; /* by item, for VN_PICK_RESIDUAL */
    int dense;                      /* most items of a group whose covariance is a matrix */
    int sketch;                     /* random combinations in a larger one */
} vn_allocate_options;

/* Picks of the groups [start, stop) into first, second and gain, at pick_ptr[k]; with VN_PICK_GIVEN
 * first and second are read and only gain is written. VN_NO_MEMORY, VN_INTERRUPTED. */
vn_status vn_allocate(const vn_grouped *votes, const vn_small_model *model,
                      const vn_allocate_asks *asks, const vn_allocate_options *options,
                      int64_t start, int64_t stop, int n_threads, vn_poll poll, void *context, const int64_t *pick_ptr, int32_t *first,
                      int32_t *second, double *gain);

/* loss[k], for the groups [start, stop): negative log-likelihood of the cells that are held, at the
 * mode of the others. VN_NO_MEMORY, VN_INTERRUPTED. */
vn_status vn_held_out(const vn_grouped *votes, const vn_small_model *model, const uint8_t *held,
                      int64_t start, int64_t stop, int n_threads, vn_poll poll, void *context,
                      double *loss);

#endif
