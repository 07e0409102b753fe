/* Rao and Kupper (1967, doi:10.1080/01621459.1967.10482901): P(first wins) = 1 / (1 + eta exp(-d)),
 * eta = exp(t) >= 1; what the two wins leave is the tie. */
#include <math.h>

#include "vn_math.h"
#include "vn_mm_internal.h"
#include "vn_model.h"
#include "vn_replicates_internal.h"

extern const vn_model_row vn_bradley_terry, vn_rao_kupper;

VN_CLONES
static void derivatives(const vn_model_row *row, const double *restrict d,
                        const double *restrict win, const double *restrict loss,
                        const double *restrict tie, double t, int len, double *restrict g,
                        double *restrict h, double *restrict dt, double *restrict sums)
{
    (void)row;
    /* d/dt log(e^{2t} - 1) = 2 + 2/(e^{2t} - 1); minus its second derivative is 4 e^{2t}/(...)^2 */
    const double m1 = expm1(2.0 * t);
    const double slope = t > 0.0 ? 2.0 + 2.0 / m1 : 0.0;
    const double curve = t > 0.0 ? 4.0 / m1 * (1.0 + 1.0 / m1) : 0.0; /* 0 where m1 overflows */
    double t1 = 0.0, t2 = 0.0;
    VN_PRAGMA(omp simd reduction(+:t1, t2))
    for (int k = 0; k < len; k++) {
        const double x = d[k] - t, y = -d[k] - t;
        const double ex = vn_exp_neg(-fabs(x)), ey = vn_exp_neg(-fabs(y));
        const double bx = 1.0 / (1.0 + ex), sx = ex * bx, by = 1.0 / (1.0 + ey), sy = ey * by;
        const double miss_x = x >= 0.0 ? sx : bx, miss_y = y >= 0.0 ? sy : by; /* 1 - P */
        const double a = win[k] + tie[k], b = loss[k] + tie[k];
        const double ha = a * bx * sx, hb = b * by * sy;
        g[k] = a * miss_x - b * miss_y;
        h[k] = ha + hb;
        dt[k] = hb - ha;
        t1 += tie[k] * slope - a * miss_x - b * miss_y;
        t2 += ha + hb + tie[k] * curve;
    }
    sums[0] += t1;
    sums[1] += t2;
}

/* log of the logistic function */
static inline double log_logistic(double x)
{
    return (x < 0.0 ? x : 0.0) - log1p(vn_exp_neg(-fabs(x)));
}

static double log_likelihood(const vn_model_row *row, const double *d, const double *win,
                             const double *loss, const double *tie, double t, int len)
{
    (void)row;
    const double tie_constant = t > 0.0 ? 2.0 * t + log(-expm1(-2.0 * t)) : -INFINITY;
    double sum = 0.0;
    for (int k = 0; k < len; k++) {
        const double x = log_logistic(d[k] - t), y = log_logistic(-d[k] - t);
        sum += vn_term(win[k], x) + vn_term(loss[k], y) + vn_term(tie[k], tie_constant + x + y);
    }
    return sum;
}

static double log_tie(double share) { return log((1.0 + share) / (1.0 - share)); }

VN_CLONES
static void replicate_gradient(const vn_replicates *p, vn_replicate_block *w)
{
    const double *restrict eta = w->strength + LANES * p->n_items;
    double lost[LANES] = {0.0};
    for (int64_t e = 0; e < p->n_edges; e++) {
        const double *restrict a = w->a + LANES * e, *restrict b = w->b + LANES * e;
        const double *restrict si = w->strength + LANES * (int64_t)p->first[e];
        const double *restrict sj = w->strength + LANES * (int64_t)p->second[e];
        double *restrict gi = w->g + LANES * (int64_t)p->first[e];
        double *restrict gj = w->g + LANES * (int64_t)p->second[e];
        for (int l = 0; l < LANES; l++) {
            const double miss_i = a[l] * (eta[l] * sj[l] / (si[l] + eta[l] * sj[l]));
            const double miss_j = b[l] * (eta[l] * si[l] / (sj[l] + eta[l] * si[l]));
            gi[l] += miss_i - miss_j;
            gj[l] += miss_j - miss_i;
            lost[l] += miss_i + miss_j;
        }
    }
    for (int l = 0; l < LANES; l++) {
        const double slope = 2.0 + 2.0 / (eta[l] * eta[l] - 1.0);
        w->rest[l] = w->ties[l] * slope - lost[l];
    }
}

static inline void pulls(double eta, double x, double y, double a, double b, double *up, double *down)
{
    *up += a * eta * y / (x + eta * y);
    *down += b * eta * x / (y + eta * x);
}

static inline void tie_pulls(double eta, double x, double y, double win, double loss, double tie,
                             double *up, double *down)
{
    const double a = win + tie, b = loss + tie;
    (void)up;
    *down += a * y / (x + eta * y) + b * x / (y + eta * x);
}

/* S (eta^2 - 1) = 2 ties eta */
static inline double new_tie(double ties, double up, double down)
{
    const double k = ties / down;
    (void)up;
    return k + sqrt(k * k + 1.0);
}

static vn_status sweep(const vn_problem *p, vn_poll poll, void *context, double *pi, double *home,
                       double *tie)
{
    const vn_mm_law law = {pulls, tie_pulls, new_tie, 1.0};
    return vn_mm_sweep(p, &law, poll, context, pi, home, tie);
}

const vn_model_row vn_rao_kupper = {.name = "rao-kupper",
                                    .derivatives = derivatives,
                                    .log_likelihood = log_likelihood,
                                    .start_unit = 1.0,
                                    .without_ties = &vn_bradley_terry,
                                    .has_tie = 1,
                                    .least_log_tie = 0.0,
                                    .log_tie = log_tie,
                                    .sweep = sweep,
                                    .parts = {{1, 0, 0}, {0, 1, 0}, {1, 1, 0}},
                                    .power = 1.0,
                                    .replicate_gradient = replicate_gradient};
