/* Judgments of a panel pooled into one share per pair, and what each teacher's agreement is worth.
 *
 * A judgment is a signed vote s in [-1, 1]. Everything is computed from s, so that exchanging first and
 * second of any pairs changes signs and nothing else. Sums over pairs are taken in fixed blocks and
 * added in block order: a result does not depend on the number of threads. VN_INTERRUPTED: `poll`
 * asked to stop. */
#ifndef VN_POOL_H
#define VN_POOL_H

#include "vn_votes.h"

typedef struct {
    int64_t n_pairs, n_teachers;
    const int64_t *ptr;          /* n_pairs + 1 */
    const int32_t *teacher;      /* one per cell */
    const double *s;             /* one per cell */
    const double *teacher_weight; /* e of each teacher; or */
    const double *cell_weight;    /* e of each cell; NULL: the teacher's */
} vn_panel;

/* What is counted of one teacher. */
typedef struct {
    double agree, whole; /* sums of [(sum s)^2 - sum s^2] / (R (R - 1)) and of sum s^2 / R, R >= 2 */
    int64_t repeated;    /* judgments that these are over: R >= 2 and some vote not a tie */
    int64_t judged, soft; /* judgments; those with a run that is no plain vote */
    int64_t ties;         /* judgments with s = 0 */
} vn_teacher_counts;

/* Signed votes of a table's cells, and the counts of its teachers (n_teachers, set here). */
vn_status vn_signed_votes(const vn_vote_table *table, int64_t n_pairs, int64_t n_teachers,
                          int n_threads, vn_poll poll, void *context, double *s,
                          vn_teacher_counts *counts);

/* Sum e, sum e s / sum e and (sum e)^2 / sum e^2 of each pair (0 where it has no weight), and each
 * teacher's sum of e / sum e over the pairs. */
vn_status vn_pool(const vn_panel *panel, int n_threads, vn_poll poll, void *context, double *sum,
                  double *mean, double *n_eff, double *share);

/* Each teacher's sums of |s| and of s (2c - 1), c being what the others on the pair say, shrunken by
 * their number; a pair with gold has c = gold and counts ten times. n_eff: of the pool, NULL: from
 * the weights. gold: NaN where not known, NULL: nowhere. */
vn_status vn_vouch(const vn_panel *panel, const double *n_eff, const double *gold, int n_threads,
                   vn_poll poll, void *context, double *size, double *match);

/* Pool with weights e_t / sum_j R_tj over the j that vote on the pair; n_eff = (sum e)^2 / e'Re.
 * r is n_teachers x n_teachers. Writes the weight of each cell, and what vn_pool writes. */
vn_status vn_pool_correlated(const vn_panel *panel, const double *r, int n_threads, vn_poll poll,
                             void *context, double *cell_weight, double *sum, double *mean,
                             double *n_eff, double *share);

/* Over the pairs that two teachers both judged: sums of x_s x_t, of x_s^2 (row s), and their number.
 * x is one per cell; pairs with keep = 0 are left out (NULL: none). All n_teachers x n_teachers. */
vn_status vn_comoments(const vn_panel *panel, const double *x, const uint8_t *keep, int n_threads,
                       vn_poll poll, void *context, double *product, double *square,
                       double *common);

#endif
