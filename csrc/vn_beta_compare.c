/* P(X > Y) for independent X ~ Beta(a, b), Y ~ Beta(c, d): the integral over s = logit(x) of
 *   k(s) = f_ab(s) F_cd(s),
 * where X is made the narrower of the two: P(X > Y) = P(1 - Y > 1 - X). k is analytic, positive and
 * log-concave, so the trapezoidal rule in t with s = mode + width (t + 2 bend sinh(t)), even steps
 * over the bends of log k and doubling ones along its straight tails, converges exponentially
 * (Takahasi and Mori 1974, doi:10.2977/prims/1195192451): exact to rounding with some sixty points,
 * a few hundred where shapes are near 0, and small probabilities keep their relative accuracy. */
#include <math.h>

#include "vn_beta.h"
#include "vn_beta_core.h"
#include "vn_beta_math.h"
#include "vn_team.h"

#define PAIRS 32
#define STEP_NARROW 0.35 /* where the width is far below 1 k is nearly a normal density */
#define STEP_WIDE 0.15 /* else its singularities at log odds pi i count */
#define FAR 600.0 /* log odds that double can still tell from 0 and 1 */
#define DROP 42.0 /* where log k has fallen by this the rest is nothing */

typedef struct {
    double a[PAIRS], b[PAIRS], c[PAIRS], d[PAIRS]; /* X narrower than Y */
    double mode[PAIRS], width[PAIRS], bend[PAIRS], left[PAIRS], right[PAIRS];
} pairs;

/* log k, its slope and minus its second derivative, well enough to find one's way, at `at`. */
static void look(const pairs *w, int len, const double *at, double *log_k, double *slope,
                 double *curve)
{
    vn_beta_block s;
    double inside[PAIRS] = {0.0};
    for (int64_t k = 0; k < len; k++) {
        inside[k] = fmax(fmin(at[k], FAR), -FAR);
        s.a[k] = w->c[k];
        s.b[k] = w->d[k];
    }
    vn_beta_place(&s, inside, len);
    vn_beta_tails(&s, len);
    for (int64_t k = 0; k < len; k++) {
        const double density = exp(s.log_density[k]);
        const double lower = s.other[k] != 0.0 ? fmax(1.0 - density * s.ratio[k], 0x1p-54) : 0.0;
        const double rise = s.other[k] != 0.0 ? density / lower : 1.0 / s.ratio[k];
        log_k[k] = s.other[k] != 0.0 ? log(lower) : s.log_density[k] + log(s.ratio[k]);
        slope[k] = rise;
        curve[k] = fmax(rise * (rise - s.slope[k]), 0.0);
        s.a[k] = w->a[k];
        s.b[k] = w->b[k];
    }
    vn_beta_densities(&s, len);
    for (int64_t k = 0; k < len; k++) {
        slope[k] += s.slope[k];
        curve[k] += (w->a[k] + w->b[k]) * s.x[k] * s.y[k];
        log_k[k] += s.log_density[k] + slope[k] * (at[k] - inside[k]);
    }
}

/* How far from the mode log k has fallen by DROP, on the left (-1) or the right (1): Newton's method,
 * which for a concave function comes down to the solution from outside after its first step. */
static void find_reach(const pairs *w, int len, double sign, const double *top,
                       const double *curve, double *reach)
{
    double at[PAIRS], log_k[PAIRS], slope[PAIRS], unused[PAIRS], most[PAIRS];
    for (int64_t k = 0; k < len; k++) {
        /* far out log k is linear, and the bends are at log odds within 40 of each other */
        most[k] = 80.0 + DROP / (sign < 0.0 ? w->a[k] + w->c[k] : w->b[k]);
        reach[k] = fmin(sqrt(2.0 * DROP / curve[k]), most[k]);
    }
    for (int step = 0; step < 6; step++) {
        for (int64_t k = 0; k < len; k++) at[k] = w->mode[k] + sign * reach[k];
        look(w, len, at, log_k, slope, unused);
        for (int64_t k = 0; k < len; k++) {
            const double next
                = reach[k] + (DROP - (top[k] - log_k[k])) / fmax(-sign * slope[k], 1e-9);
            reach[k] = fmax(fmin(next, most[k]), 0.1 * reach[k]);
        }
    }
}

/* t >= 0 with t + 2 bend sinh(t) = r. */
static double unstretch(double r, double bend)
{
    double t = fmin(r, asinh(r / (2.0 * bend)));
    for (int step = 0; step < 4; step++)
        t -= (t + 2.0 * bend * sinh(t) - r) / (1.0 + 2.0 * bend * cosh(t));
    return t;
}

/* Near enough to the mode of k, by Newton's method between bounds: it lies above the mode of f_ab,
 * and the slope of log F_cd is at most c. */
static void find_frame(pairs *w, int len)
{
    double low[PAIRS], high[PAIRS], top[PAIRS], slope[PAIRS], curve[PAIRS];
    double left[PAIRS], right[PAIRS];
    for (int64_t k = 0; k < len; k++) {
        low[k] = w->mode[k] = log(w->a[k] / w->b[k]);
        high[k] = log((w->a[k] + w->c[k]) / w->b[k]) + (w->d[k] < 1.0 ? 10.0 : 0.0);
    }
    for (int step = 0; step < 24; step++) {
        look(w, len, w->mode, top, slope, curve);
        for (int64_t k = 0; k < len && step < 23; k++) {
            if (slope[k] > 0.0) low[k] = w->mode[k];
            else high[k] = w->mode[k];
            const double next = w->mode[k] + slope[k] / curve[k];
            w->mode[k] = next >= low[k] && next <= high[k] ? next : 0.5 * (low[k] + high[k]);
        }
    }
    find_reach(w, len, -1.0, top, curve, left);
    find_reach(w, len, 1.0, top, curve, right);
    for (int64_t k = 0; k < len; k++) {
        const double width = fmin(1.0 / sqrt(curve[k]), fmin(left[k], right[k]) / 9.0);
        /* log k bends from about -log(max(b, d)) to log(max(a, c)): up to there steps are even */
        const double start = -log(fmax(fmax(w->b[k], w->d[k]), 1.0)) - 3.0;
        const double end = log(fmax(fmax(w->a[k], w->c[k]), 1.0)) + 3.0;
        const double bends = fmax(fmin(w->mode[k] - start, left[k]), fmin(end - w->mode[k], right[k]));
        w->width[k] = fmin(width, 1.0);
        w->bend[k] = exp(width < 0.2 ? -5.0 : -3.0 - fmax(bends, 2.0) / w->width[k]);
        w->left[k] = unstretch(left[k] / w->width[k], w->bend[k]);
        w->right[k] = unstretch(right[k] / w->width[k], w->bend[k]);
    }
}

/* The sum of k(s) ds/dt over `len` points from t on. */
static double part(const pairs *w, int i, double t, double step, int len)
{
    const double a = w->a[i], b = w->b[i], c = w->c[i], d = w->d[i];
    vn_beta_block s;
    double log_odds[VN_BETA_BLOCK], beyond[VN_BETA_BLOCK], weight[VN_BETA_BLOCK];
    double lower[VN_BETA_BLOCK], upper[VN_BETA_BLOCK], sum = 0.0;
    int far = 0;
    log_odds[0] = 0.0;
    for (int64_t k = 0; k < len; k++) {
        const double tk = t + step * k, e = exp(tk), inverse = 1.0 / e;
        const double at = w->mode[i] + w->width[i] * (tk + w->bend[i] * (e - inverse));
        log_odds[k] = fmax(fmin(at, FAR), -FAR);
        beyond[k] = fabs(at) - fabs(log_odds[k]);
        weight[k] = 1.0 + w->bend[i] * (e + inverse);
        far += at > FAR;
        s.a[k] = c;
        s.b[k] = d;
    }
    vn_beta_place(&s, log_odds, len);
    vn_beta_tails(&s, len);
    vn_beta_values(&s, len, 0, lower);
    if (far) vn_beta_values(&s, len, 1, upper);
    for (int64_t k = 0; k < len; k++) {
        s.a[k] = a;
        s.b[k] = b;
    }
    vn_beta_densities(&s, len);
    for (int64_t k = 0; k < len; k++) {
        const double rising = VN_MAX(s.log_density[k], 0.0);
        double density = vn_exp_neg(s.log_density[k] - rising) / vn_exp_neg(-rising);
        if (beyond[k] > 0.0) { /* where x or 1 - x leaves the range of double all is exponential */
            density *= exp(-(log_odds[k] > 0.0 ? b : a) * beyond[k]);
            lower[k] = log_odds[k] > 0.0 ? 1.0 - upper[k] * exp(-d * beyond[k])
                                         : lower[k] * exp(-c * beyond[k]);
        }
        sum += weight[k] * lower[k] * density;
    }
    return sum;
}

static double integrate(const pairs *w, int i)
{
    const double step = fmin(STEP_NARROW, STEP_WIDE / w->width[i]);
    const int before = (int)ceil(w->left[i] / step), n = before + (int)ceil(w->right[i] / step) + 1;
    double sum = 0.0;
    for (int64_t k = 0; k < n; k += VN_BETA_BLOCK)
        sum += part(w, i, step * (k - before), step, VN_MIN(n - k, VN_BETA_BLOCK));
    return VN_MIN(sum * step * w->width[i], 1.0);
}

static void compare(int64_t from, int len, vn_values a, vn_values b, vn_values c, vn_values d,
                    double *out)
{
    pairs w;
    for (int64_t k = 0; k < len; k++) {
        const int64_t i = from + k;
        const double x0 = a.at[i * a.step], x1 = b.at[i * b.step];
        const double y0 = c.at[i * c.step], y1 = d.at[i * d.step];
        const int turn = x0 * (x1 / (x0 + x1)) < y0 * (y1 / (y0 + y1));
        w.a[k] = turn ? y1 : x0;
        w.b[k] = turn ? y0 : x1;
        w.c[k] = turn ? x1 : y0;
        w.d[k] = turn ? x0 : y1;
    }
    find_frame(&w, len);
    for (int64_t k = 0; k < len; k++) out[k] = integrate(&w, k);
}

typedef struct {
    int64_t n;
    vn_values a, b, c, d;
    double *out;
} job;

static vn_status compare_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t from = block * PAIRS, end = vn_block_end(j->n, PAIRS, block);
    (void)worker;
    compare(from, (int)(end - from), j->a, j->b, j->c, j->d, j->out + from);
    return VN_OK;
}

vn_status vn_beta_greater(int64_t n, vn_values a, vn_values b, vn_values c, vn_values d,
                          int n_threads, vn_poll poll, void *context, double *out)
{
    return vn_team_run(compare_block, &(job){n, a, b, c, d, out}, vn_n_blocks(n, PAIRS), n_threads,
                       poll, context);
}
