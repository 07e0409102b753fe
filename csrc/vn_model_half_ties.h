/* A model in which a tie is half a win to each side, made from its link.
 *
 * P(first wins) = F(d), F(-d) = 1 - F(d), log F concave. The author of a model writes one function,
 * static inline and without branches if the loops are to be vectorised, of x = |d| >= 0:
 *
 *     static inline vn_link name(double x);
 *
 * and the macros below make from it whatever a row holds. Where a loop written by hand is faster, the
 * model has that one instead. What a loop does not use of a link the compiler leaves out. */
#ifndef VN_MODEL_HALF_TIES_H
#define VN_MODEL_HALF_TIES_H

#include <math.h>

#include "vn_math.h"
#include "vn_model.h"
#include "vn_replicates_internal.h"

/* Of the side that is ahead, F(x), and of the one behind, F(-x): log F, its derivative F'/F and minus
 * its second derivative, each by the side's own predictor. All but the logs are >= 0. */
typedef struct {
    double log_ahead, log_behind;
    double slope_ahead, slope_behind;
    double curve_ahead, curve_behind;
} vn_link;

#define VN_HALF_TIES_DERIVATIVES(link)                                                              \
    VN_CLONES                                                                                       \
    static void derivatives(const vn_model_row *row, const double *restrict d,                      \
                            const double *restrict win, const double *restrict loss,                \
                            const double *tie, double t, int len, double *restrict g,               \
                            double *restrict h, double *dt, double *sums)                           \
    {                                                                                               \
        (void)row; (void)tie; (void)t; (void)dt; (void)sums;                                        \
        for (int k = 0; k < len; k++) {                                                             \
            const vn_link f = link(fabs(d[k]));                                                     \
            const double favoured = d[k] >= 0.0 ? win[k] : loss[k];                                 \
            const double other = d[k] >= 0.0 ? loss[k] : win[k];                                    \
            const double slope = favoured * f.slope_ahead - other * f.slope_behind;                 \
            g[k] = d[k] >= 0.0 ? slope : -slope;                                                    \
            h[k] = favoured * f.curve_ahead + other * f.curve_behind;                               \
        }                                                                                           \
    }

#define VN_HALF_TIES_LOG_LIKELIHOOD(link)                                                           \
    static double log_likelihood(const vn_model_row *row, const double *d, const double *win,       \
                                 const double *loss, const double *tie, double t, int len)          \
    {                                                                                               \
        double sum = 0.0;                                                                           \
        (void)row; (void)tie; (void)t;                                                              \
        for (int k = 0; k < len; k++) {                                                             \
            const vn_link f = link(fabs(d[k]));                                                     \
            sum += vn_term(win[k], d[k] >= 0.0 ? f.log_ahead : f.log_behind)                        \
                 + vn_term(loss[k], d[k] >= 0.0 ? f.log_behind : f.log_ahead);                      \
        }                                                                                           \
        return sum;                                                                                 \
    }

#define VN_HALF_TIES_ADVANTAGE(link)                                                                \
    static void advantage(const vn_model_row *row, int64_t n, double *d)                            \
    {                                                                                               \
        (void)row;                                                                                  \
        for (int64_t k = 0; k < n; k++) {                                                           \
            const vn_link f = link(fabs(d[k]));                                                     \
            d[k] = copysign(exp(f.log_ahead) - exp(f.log_behind), d[k]);                            \
        }                                                                                           \
    }

#define VN_HALF_TIES_INFORMATION(link)                                                              \
    VN_CLONES                                                                                       \
    static void information(const vn_model_row *row, int64_t n, double *d)                          \
    {                                                                                               \
        (void)row;                                                                                  \
        for (int64_t k = 0; k < n; k++) {                                                           \
            const vn_link f = link(fabs(d[k]));                                                     \
            d[k] = f.slope_ahead * f.slope_behind;                                                  \
        }                                                                                           \
    }

#define VN_HALF_TIES_REPLICATES(link)                                                               \
    VN_CLONES                                                                                       \
    static void replicate_gradient(const vn_replicates *p, vn_replicate_block *w)                   \
    {                                                                                               \
        for (int64_t e = 0; e < p->n_edges; e++) {                                                  \
            const double *restrict a = w->a + LANES * e, *restrict b = w->b + LANES * e;            \
            const double *restrict xi = w->x + LANES * (int64_t)p->first[e];                        \
            const double *restrict xj = w->x + LANES * (int64_t)p->second[e];                       \
            double *restrict gi = w->g + LANES * (int64_t)p->first[e];                              \
            double *restrict gj = w->g + LANES * (int64_t)p->second[e];                             \
            for (int l = 0; l < LANES; l++) {                                                       \
                const double d = xi[l] - xj[l];                                                     \
                const vn_link f = link(fabs(d));                                                    \
                const double up = d >= 0.0 ? f.slope_ahead : f.slope_behind;                        \
                const double down = d >= 0.0 ? f.slope_behind : f.slope_ahead;                      \
                const double slope = a[l] * up - b[l] * down;                                       \
                gi[l] += slope;                                                                     \
                gj[l] -= slope;                                                                     \
            }                                                                                       \
        }                                                                                           \
    }

/* The row `row` of the model `title`, from the four functions above. */
#define VN_HALF_TIES_ROW(row, title, unit)                                                          \
    extern const vn_model_row row;                                                                  \
    const vn_model_row row = {                                                                      \
        .name = title, .derivatives = derivatives, .log_likelihood = log_likelihood,                \
        .start_unit = unit, .without_ties = &row, .advantage = advantage,                           \
        .information = information,                                                                 \
        .parts = {{1, 0, 0}, {0, 1, 0}, {0.5, 0.5, 0}}, .replicate_gradient = replicate_gradient};

#define VN_HALF_TIES_MODEL(row, title, unit, link)                                                  \
    VN_HALF_TIES_DERIVATIVES(link)                                                                  \
    VN_HALF_TIES_LOG_LIKELIHOOD(link)                                                               \
    VN_HALF_TIES_ADVANTAGE(link)                                                                    \
    VN_HALF_TIES_INFORMATION(link)                                                                  \
    VN_HALF_TIES_REPLICATES(link)                                                                   \
    VN_HALF_TIES_ROW(row, title, unit)

#endif
