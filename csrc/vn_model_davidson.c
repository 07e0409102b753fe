/* Davidson (1970, doi:10.1080/01621459.1970.10481082): the probabilities of a win, a loss and a tie are
 * proportional to exp(d / 2), exp(-d / 2) and nu = exp(t). */
#include <math.h>

#include "vn_math.h"
#include "vn_mm_internal.h"
#include "vn_model.h"
#include "vn_replicates_internal.h"

extern const vn_model_row vn_bradley_terry, vn_davidson;

VN_CLONES
static void derivatives(const vn_model_row *row, const double *restrict d,
                        const double *restrict win, const double *restrict loss,
                        const double *restrict tie, double t, int len, double *restrict g,
                        double *restrict h, double *restrict dt, double *restrict sums)
{
    (void)row;
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

static double log_likelihood(const vn_model_row *row, const double *d, const double *win,
                             const double *loss, const double *tie, double t, int len)
{
    (void)row;
    const double nu = exp(t);
    double sum = 0.0;
    for (int k = 0; k < len; k++) {
        const double x = 0.5 * fabs(d[k]), half = vn_exp_neg(-x);
        const double norm = x + log1p(half * half + nu * half);
        sum += vn_term(win[k], 0.5 * d[k] - norm) + vn_term(loss[k], -0.5 * d[k] - norm)
             + vn_term(tie[k], t - norm);
    }
    return sum;
}

static double log_tie(double share) { return log(2.0 * share / (1.0 - share)); }

/* The strengths are square roots here. */
VN_CLONES
static void replicate_gradient(const vn_replicates *p, vn_replicate_block *w)
{
    const double *restrict nu = w->strength + LANES * p->n_items;
    double tied[LANES] = {0.0};
    for (int64_t e = 0; e < p->n_edges; e++) {
        const double *restrict n = w->a + LANES * e;
        const double *restrict si = w->strength + LANES * (int64_t)p->first[e];
        const double *restrict sj = w->strength + LANES * (int64_t)p->second[e];
        double *restrict gi = w->g + LANES * (int64_t)p->first[e];
        double *restrict gj = w->g + LANES * (int64_t)p->second[e];
        for (int l = 0; l < LANES; l++) {
            const double i2 = si[l] * si[l], j2 = sj[l] * sj[l], tie = nu[l] * si[l] * sj[l];
            const double q = n[l] / (i2 + j2 + tie);
            gi[l] -= q * (i2 + 0.5 * tie);
            gj[l] -= q * (j2 + 0.5 * tie);
            tied[l] += q * tie;
        }
    }
    for (int l = 0; l < LANES; l++) w->rest[l] = w->ties[l] - tied[l];
}

static inline void tie_pulls(double nu, double x, double y, double win, double loss, double tie,
                             double *up, double *down)
{
    const double middle = sqrt(x * y), inverse = 1.0 / (x + y + nu * middle);
    *up += tie * (x + y) * inverse;
    *down += (win + loss) * middle * inverse;
}

static inline double new_tie(double ties, double up, double down)
{
    (void)ties;
    return up / down;
}

static vn_status sweep(const vn_problem *p, vn_poll poll, void *context, double *pi, double *home,
                       double *tie)
{
    const vn_mm_law law = {vn_mm_root_pulls, tie_pulls, new_tie, 0.5};
    return vn_mm_sweep(p, &law, poll, context, pi, home, tie);
}

const vn_model_row vn_davidson = {.name = "davidson",
                                  .derivatives = derivatives,
                                  .log_likelihood = log_likelihood,
                                  .start_unit = 1.0,
                                  .without_ties = &vn_bradley_terry,
                                  .has_tie = 1,
                                  .least_log_tie = -INFINITY,
                                  .log_tie = log_tie,
                                  .sweep = sweep,
                                  .parts = {{1, 0, 1}, {1, 0, 0}, {1, 0, 0.5}},
                                  .has_scores = 1,
                                  .power = 0.5,
                                  .replicate_gradient = replicate_gradient};
