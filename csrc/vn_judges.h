/* Votes of judges with slopes and position biases of their own: sums over the votes, by pair and by
 * judge.
 *
 * A look is what one judge says of one pair in one order: win of `mass` votes for the pair's first
 * item, at log-odds a_k d + g_k o, with d = theta_first - theta_second, o = 1 where first was shown
 * first, -1 where second was. Looks are held twice, by row (pair) and by judge, so that either sum is
 * taken in one sweep without a race: blocks depend on the data alone, and sums are added in the order
 * of blocks. VN_INTERRUPTED: `poll` asked to stop. */
#ifndef VN_JUDGES_H
#define VN_JUDGES_H

#include "vn_teacher_weights.h"

/* A code is place << 3 | outcome << 1 | o < 0; the place is a judge's, or a row's in the second order;
 * the outcome is twice the win of a look of mass 1, where `win` is NULL. */
#define VN_LOOK_BITS 3
#define VN_MOST_PLACES ((int64_t)1 << 29)

typedef struct {
    uint32_t *code;
    double *win, *mass; /* NULL: all looks are single votes */
} vn_look_columns;

typedef struct {
    int64_t n_rows, n_judges, n_looks;
    int has_order;      /* orders were recorded */
    int64_t *row_ptr;   /* n_rows + 1 */
    int64_t *judge_ptr; /* n_judges + 1 */
    vn_look_columns by_row, by_judge;
} vn_looks;

/* row_ptr of the votes, and whether all looks are single votes; looks without mass are left out. */
vn_status vn_looks_count(const vn_row_votes *votes, int n_threads, vn_poll poll, void *context,
                         int64_t *row_ptr, int *single);

/* The looks in both orders; counts and row_ptr are there, columns are written, and judge_ptr. */
vn_status vn_looks_fill(const vn_row_votes *votes, int n_threads, vn_poll poll, void *context,
                        vn_looks *looks);

/* Derivative of the log-likelihood in each row's d, and minus the second one, (n_rows); `difference`
 * may be NaN: so are they. */
vn_status vn_looks_by_row(const vn_looks *looks, const double *difference, const double *slope,
                          const double *bias, int n_threads, vn_poll poll, void *context,
                          double *score, double *curve);

/* Sums over the looks of a judge, of rows whose difference is known; p = the probability of a vote for
 * first, h = p (1 - p), h' and h'' its derivatives in the log-odds, v = variance of the row's d, r =
 * win - mass p, all by mass:
 *   r d, r o;  h d d, h d o, h;  v h, v h' d, v h' o, v h'' d d, v h'' d o, v h'';  mass. */
#define VN_JUDGE_SUMS 12
vn_status vn_looks_by_judge(const vn_looks *looks, const double *difference, const double *variance,
                            const double *slope, const double *bias, int n_threads, vn_poll poll,
                            void *context, double *sums);

/* Log-likelihood of each judge's looks of rows whose difference is known. */
vn_status vn_looks_likelihood(const vn_looks *looks, const double *difference, const double *slope,
                              const double *bias, int n_threads, vn_poll poll, void *context,
                              double *value);

#endif
