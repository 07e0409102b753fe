/* The paired-comparison models as data: one row a model. Whatever the C layer must know of a model
 * stands in its row; nothing else asks which model it is.
 *
 * d = theta_first - theta_second + gamma * order is a cell's linear predictor. Every model is
 *   symmetric: swapping the items is d -> -d, with wins and losses exchanged (cells are stored one way
 *     round);
 *   log-concave: -d2 log P / dd2 >= 0 for each outcome, jointly in (d, t) with a tie parameter
 *     (Newton's method needs it);
 *   safe: value, slope and curvature are right to |d| = 1e4 and finite far beyond.
 * A tie is half a win to each side, and cells are given with ties already added so, or it is an
 * outcome of its own with a parameter whose log is t (Davidson: log nu; Rao-Kupper: log eta). Without
 * ties such a model is another, `without_ties`.
 *
 * To add a model: one file vn_model_<name>.c with its functions and its row, and its name in the list
 * in vn_model.c. For a model of half ties vn_model_half_ties.h makes all functions from one, its
 * link; vn_model_custom.h makes a row of functions that a caller brings. The Python twin is
 * venire.models. */
#ifndef VN_MODEL_H
#define VN_MODEL_H

#include "vn_common.h"

struct vn_model_row;
struct vn_problem;
struct vn_replicates;
struct vn_replicate_block;

/* The functions of a row get the row.
 *
 * Derivatives of the log-likelihood of `len` cells:
 *   g[k] = dl/dd, h[k] = -d2l/dd2 >= 0;
 * where a tie is an outcome also
 *   dt[k] = -d2l/(dd dt), sums[0] += sum of dl/dt, sums[1] += sum of -d2l/dt2.
 * `tie`, `t`, `dt` and `sums` are not touched by half-tie models. */
typedef void (*vn_model_derivatives)(const struct vn_model_row *row, const double *d,
                                     const double *win, const double *loss, const double *tie,
                                     double t, int len, double *g, double *h, double *dt,
                                     double *sums);

/* Log-likelihood of `len` cells, without binomial coefficients; same conventions. */
typedef double (*vn_model_log_likelihood)(const struct vn_model_row *row, const double *d,
                                          const double *win, const double *loss, const double *tie,
                                          double t, int len);

typedef struct vn_model_row {
    const char *name;
    vn_model_derivatives derivatives;
    vn_model_log_likelihood log_likelihood;
    double start_unit; /* of theta: how many a difference of one logit is, about, where fits start */

    /* where a tie is an outcome of its own: */
    const struct vn_model_row *without_ties; /* the model where there are none; else itself */
    int has_tie;
    double least_log_tie;             /* bound of t, and its value where no tie was seen */
    double (*log_tie)(double share);  /* t that gives this share of ties between equals */

    /* P(first wins) - P(second wins) of n predictors, in place; NULL where a tie is an outcome */
    void (*advantage)(const struct vn_model_row *row, int64_t n, double *d);

    /* what one comparison is expected to tell of d, p'^2 / (p (1 - p)), at n predictors, in place; NULL
     * likewise */
    void (*information)(const struct vn_model_row *row, int64_t n, double *d);

    /* one sweep of Newman's iteration over a problem, see vn_mm.h; NULL: there is none */
    vn_status (*sweep)(const struct vn_problem *p, vn_poll poll, void *context, double *pi,
                       double *home, double *tie);

    /* replicates, side by side (vn_replicates_internal.h) */
    double parts[3][3]; /* by outcome (first won, second won, tie): of a, of b, of first's score */
    int has_scores;     /* gradients start from the scores, and `a` is all comparisons; else from 0 */
    double power;       /* gradients read strengths exp(power * theta), exp(t); 0: theta itself */
    void (*replicate_gradient)(const struct vn_replicates *p, struct vn_replicate_block *w);
} vn_model_row;

/* The row of this name, NULL if there is none; the k-th row, NULL after the last. */
const vn_model_row *vn_model_named(const char *name);
const vn_model_row *vn_model_at(int k);

/* The derivatives of n cells one by one: g, h and, where a tie is an outcome (else NULL), gt = dl/dt,
 * dt and ht = -d2l/dt2 of each. */
void vn_model_cells(const vn_model_row *model, int64_t n, const double *d, const double *win,
                    const double *loss, const double *tie, double t, double *g, double *h, double *gt,
                    double *dt, double *ht);

/* mass * value, where no mass means no contribution even if value is infinite */
static inline double vn_term(double mass, double value) { return mass > 0.0 ? mass * value : 0.0; }

#endif
