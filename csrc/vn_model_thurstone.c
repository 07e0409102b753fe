/* Thurstone Case V (1927, doi:10.1037/h0070288): P(first wins) = Phi(d). */
#include "vn_model_half_ties.h"

#define INVERSE_ROOT_TWO_PI 0.3989422804014327
#define ROOT_TWO_OVER_PI 0.7978845608028654

/* With phi the density: the likely side's slope is phi(x) / Phi(x), the unlikely side's
 * m = phi(x) / Phi(-x). m (m - x) loses digits by cancellation for large x and is summed as its
 * asymptotic series there. */
static inline double curve_behind(double x, double m)
{
    const double u = 1.0 / (x * x + 1e-300);
    const double series
        = 1.0 - u * (1.0 - u * (6.0 - u * (50.0 - u * (518.0 - u * (6354.0 - u * 89782.0)))));
    return x > 30.0 ? series : m * (m - x);
}

static inline vn_link normal(double x)
{
    const double falls = vn_exp_neg(-0.5 * x * x), tail = vn_scaled_tail(x);
    const double likely = INVERSE_ROOT_TWO_PI * falls / (1.0 - 0.5 * falls * tail);
    const double m = ROOT_TWO_OVER_PI / tail;
    return (vn_link){.log_ahead = log1p(-0.5 * falls * tail),
                     .log_behind = -0.5 * x * x + log(0.5 * tail),
                     .slope_ahead = likely,
                     .slope_behind = m,
                     .curve_ahead = likely * (likely + x),
                     .curve_behind = curve_behind(x, m)};
}

/* What the template makes but for h, whose products are formed from the left, the mass first. */
VN_CLONES
static void derivatives(const vn_model_row *row, const double *restrict d,
                        const double *restrict win, const double *restrict loss, const double *tie,
                        double t, int len, double *restrict g, double *restrict h, double *dt,
                        double *sums)
{
    (void)row; (void)tie; (void)t; (void)dt; (void)sums;
    for (int k = 0; k < len; k++) {
        const double x = fabs(d[k]);
        const double e = vn_exp_neg(-0.5 * x * x);
        const double tail = vn_scaled_tail(x);
        const double likely = INVERSE_ROOT_TWO_PI * e / (1.0 - 0.5 * e * tail);
        const double m = ROOT_TWO_OVER_PI / tail;
        const double curve = curve_behind(x, m);
        const double favoured = d[k] >= 0.0 ? win[k] : loss[k];
        const double other = d[k] >= 0.0 ? loss[k] : win[k];
        const double slope = favoured * likely - other * m;
        g[k] = d[k] >= 0.0 ? slope : -slope;
        h[k] = favoured * likely * (likely + x) + other * curve;
    }
}

VN_CLONES
static void advantage(const vn_model_row *row, int64_t n, double *d)
{
    (void)row;
    for (int64_t k = 0; k < n; k++) d[k] = erf(d[k] * M_SQRT1_2);
}

VN_HALF_TIES_LOG_LIKELIHOOD(normal)
VN_HALF_TIES_INFORMATION(normal)
VN_HALF_TIES_REPLICATES(normal)
VN_HALF_TIES_ROW(vn_thurstone, "thurstone", 0.6)
