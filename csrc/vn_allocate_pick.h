/* Picks of one group in the memory of one thread. */
#ifndef VN_ALLOCATE_PICK_H
#define VN_ALLOCATE_PICK_H

#include "vn_allocate_internal.h"

typedef struct {
    vn_posterior posterior;

    int64_t n_candidates;
    int32_t *a, *b, *asked; /* items of each, a < b; asks of the pair so far */
    double *delta;          /* |theta_a - theta_b| */
    double *weight;         /* effective votes of one more ask */
    double *r, *spread;     /* d'C d and, for VN_PICK_A and VN_PICK_TOP, d'C M C d */
    double *fixed;          /* for VN_PICK_RESIDUAL */
    double *score;
    double blur;            /* P at a difference of variance r is about that at d / sqrt(1 + blur r) */

    int32_t *lead;          /* by item: first less second */
    int64_t *ask_start;     /* n + 1: asks by their smaller item, */
    int32_t *ask_other;     /* the larger one, */
    int64_t *ask_number;    /* and when it was */
    double *metric, *column, *best, *turned, *scaled; /* n, padded */

    int64_t room_n, room_candidates, room_asks;
    double *block_n, *block_candidates;

    int n_threads;          /* for one large group */
} vn_picker;

void vn_picker_free(vn_picker *w);

/* Picks of group k, as in vn_allocate. */
vn_status vn_pick_group(vn_picker *w, const vn_grouped *votes, const vn_small_model *model,
                        const vn_allocate_asks *asks, const vn_allocate_options *o, int64_t k,
                        int64_t n_picks, int32_t *first, int32_t *second, double *gain);

/* r (or spread, where `metric`) of all candidates from random combinations: VN_NO_MEMORY. */
vn_status vn_sketch(vn_picker *w, const vn_allocate_options *o, uint64_t group,
                    const double *metric, double *out);

#endif
