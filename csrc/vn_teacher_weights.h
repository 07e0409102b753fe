/* What a fit of many groups says of the teachers whose votes it is of, and their votes weighted by it.
 *
 * A row is a cell of the fit: one pair of items of one group, on which some teachers voted. Sums over
 * rows are taken in fixed blocks and added in block order: a result does not depend on the number of
 * threads. VN_INTERRUPTED: `poll` asked to stop. */
#ifndef VN_TEACHER_WEIGHTS_H
#define VN_TEACHER_WEIGHTS_H

#include "vn_model.h"
#include "vn_votes.h"

typedef struct {
    int64_t n_rows, n_teachers;
    const int64_t *pair; /* of each row, in `votes`; NULL: row r is pair r */
    vn_vote_table votes;
} vn_row_votes;

/* Sums over each row's judgments of w_t (win + tie / 2) and of w_t (loss + tie / 2). weight: of each
 * teacher, NULL: 1. */
vn_status vn_weighted_masses(const vn_row_votes *rows, const double *weight, int n_threads,
                             vn_poll poll, void *context, double *win, double *loss);

/* 2p - 1 of each row of the groups, p being the expected probability that its first item is better:
 * that of the model at k (theta_first - theta_second), k = 1 / sqrt(1 + share v); v is the variance of
 * the difference, `share` what it adds to the link's, which is 1. `expected` may be `variance`. NaN
 * where theta is. */
typedef struct {
    int64_t n_groups;
    const int64_t *item_ptr, *row_ptr;
    const int32_t *first, *second;
    const double *theta, *variance;
    const vn_model_row *model; /* half ties */
    double share;
} vn_group_rows;

vn_status vn_expected_votes(const vn_group_rows *rows, int n_threads, vn_poll poll, void *context,
                            double *expected);

/* Each teacher's sums of |s| and of s (2p - 1) over its judgments s (signed, the mean of their runs),
 * and their number. Rows whose 2p - 1 is NaN are left out. */
vn_status vn_teacher_agreement(const vn_row_votes *rows, const double *expected, int n_threads,
                               vn_poll poll, void *context, double *size, double *match,
                               int64_t *judged);

#endif
