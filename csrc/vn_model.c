#include "vn_model.h"

#include <math.h>

#include "vn_math.h"

VN_CLONES
static void bradley_terry(const double *restrict d, const double *restrict win,
                          const double *restrict loss, const double *tie, double t, int len,
                          double *restrict g, double *restrict h, double *dt, double *sums)
{
    (void)tie; (void)t; (void)dt; (void)sums;
    for (int k = 0; k < len; k++) {
        const double e = vn_exp_neg(-fabs(d[k]));
        const double big = 1.0 / (1.0 + e), small = e * big;
        const double up = d[k] >= 0.0 ? big : small, down = d[k] >= 0.0 ? small : big;
        g[k] = win[k] * down - loss[k] * up;
        h[k] = (win[k] + loss[k]) * big * small;
    }
}

/* With x = |d|: the likely side's score is phi(x) / Phi(x), the unlikely side's m = phi(x) / Phi(-x).
 * m (m - x) loses digits by cancellation for large x and is summed as its asymptotic series there. */
VN_CLONES
static void thurstone(const double *restrict d, const double *restrict win,
                      const double *restrict loss, const double *tie, double t, int len,
                      double *restrict g, double *restrict h, double *dt, double *sums)
{
    (void)tie; (void)t; (void)dt; (void)sums;
    for (int k = 0; k < len; k++) {
        const double x = fabs(d[k]);
        const double e = vn_exp_neg(-0.5 * x * x);
        const double tail = vn_scaled_tail(x);
        const double likely = 0.3989422804014327 * e / (1.0 - 0.5 * e * tail);
        const double m = 0.7978845608028654 / tail;
        const double u = 1.0 / (x * x + 1e-300);
        const double series
            = 1.0 - u * (1.0 - u * (6.0 - u * (50.0 - u * (518.0 - u * (6354.0 - u * 89782.0)))));
        const double curve = x > 30.0 ? series : m * (m - x);
        const double favoured = d[k] >= 0.0 ? win[k] : loss[k];
        const double other = d[k] >= 0.0 ? loss[k] : win[k];
        const double slope = favoured * likely - other * m;
        g[k] = d[k] >= 0.0 ? slope : -slope;
        h[k] = favoured * likely * (likely + x) + other * curve;
    }
}

VN_CLONES
static void davidson(const double *restrict d, const double *restrict win,
                     const double *restrict loss, const double *restrict tie, double t, int len,
                     double *restrict g, double *restrict h, double *restrict dt,
                     double *restrict sums)
{
    const double nu = exp(t);
    double t1 = 0.0, t2 = 0.0;
    VN_PRAGMA(omp simd reduction(+:t1, t2))
    for (int k = 0; k < len; k++) {
        const double half = vn_exp_neg(-0.5 * fabs(d[k])), e = half * half;
        const double scale = 1.0 / (1.0 + e + nu * half);
        const double big = scale, small = e * scale, p_tie = nu * half * scale;
        const double up = d[k] >= 0.0 ? big : small, down = d[k] >= 0.0 ? small : big;
        const double total = win[k] + loss[k] + tie[k];
        /* half the difference of actual and expected wins; (win + tie/2) down' - ... without
         * subtracting totals: up + p_tie/2 is the expected share of first */
        const double share = up + 0.5 * p_tie, other = down + 0.5 * p_tie;
        g[k] = (win[k] + 0.5 * tie[k]) * other - (loss[k] + 0.5 * tie[k]) * share;
        h[k] = total * (big * small + 0.25 * p_tie * (big + small));
        dt[k] = -0.5 * total * p_tie * (up - down);
        t1 += tie[k] * (up + down) - (win[k] + loss[k]) * p_tie;
        t2 += total * p_tie * (up + down);
    }
    sums[0] += t1;
    sums[1] += t2;
}

VN_CLONES
static void rao_kupper(const double *restrict d, const double *restrict win,
                       const double *restrict loss, const double *restrict tie, double t, int len,
                       double *restrict g, double *restrict h, double *restrict dt,
                       double *restrict sums)
{
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

vn_model_derivatives vn_derivatives(vn_model model)
{
    static const vn_model_derivatives table[] = {bradley_terry, thurstone, davidson, rao_kupper};
    return table[model];
}

/* log of the logistic function */
static inline double log_logistic(double x)
{
    return (x < 0.0 ? x : 0.0) - log1p(vn_exp_neg(-fabs(x)));
}

static inline double log_normal(double x)
{
    if (x >= 0.0) return log1p(-0.5 * vn_exp_neg(x > 40.0 ? -800.0 : -0.5 * x * x) * vn_scaled_tail(x));
    return -0.5 * x * x + log(0.5 * vn_scaled_tail(-x));
}

/* mass * value, where no mass means no contribution even if value is infinite */
static inline double term(double mass, double value) { return mass > 0.0 ? mass * value : 0.0; }

double vn_log_likelihood(vn_model model, const double *d, const double *win, const double *loss,
                         const double *tie, double t, int len)
{
    double sum = 0.0;
    const double nu = exp(t);
    const double tie_constant = t > 0.0 ? 2.0 * t + log(-expm1(-2.0 * t)) : -INFINITY;
    for (int k = 0; k < len; k++) {
        switch (model) {
        case VN_BRADLEY_TERRY: {
            const double x = fabs(d[k]), unlikely = d[k] >= 0.0 ? loss[k] : win[k];
            sum -= (win[k] + loss[k]) * log1p(vn_exp_neg(-x)) + term(unlikely, x);
            break;
        }
        case VN_THURSTONE:
            sum += term(win[k], log_normal(d[k])) + term(loss[k], log_normal(-d[k]));
            break;
        case VN_DAVIDSON: {
            const double x = 0.5 * fabs(d[k]), half = vn_exp_neg(-x);
            const double norm = x + log1p(half * half + nu * half);
            sum += term(win[k], 0.5 * d[k] - norm) + term(loss[k], -0.5 * d[k] - norm)
                 + term(tie[k], t - norm);
            break;
        }
        case VN_RAO_KUPPER: {
            const double x = log_logistic(d[k] - t), y = log_logistic(-d[k] - t);
            sum += term(win[k], x) + term(loss[k], y) + term(tie[k], tie_constant + x + y);
            break;
        }
        }
    }
    return sum;
}
