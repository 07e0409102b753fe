/* Bradley and Terry (1952, doi:10.2307/2334029): P(first wins) = 1 / (1 + exp(-d)). Its gradients and
 * sums over replicates need one exponential an item, not one a pair: they are written by hand. */
#include "vn_mm_internal.h"
#include "vn_model_half_ties.h"

VN_CLONES
static void derivatives(const vn_model_row *row, const double *restrict d,
                        const double *restrict win, const double *restrict loss, const double *tie,
                        double t, int len, double *restrict g, double *restrict h, double *dt,
                        double *sums)
{
    (void)row; (void)tie; (void)t; (void)dt; (void)sums;
    for (int k = 0; k < len; k++) {
        const double e = vn_exp_neg(-fabs(d[k]));
        const double big = 1.0 / (1.0 + e), small = e * big;
        const double up = d[k] >= 0.0 ? big : small, down = d[k] >= 0.0 ? small : big;
        g[k] = win[k] * down - loss[k] * up;
        h[k] = (win[k] + loss[k]) * big * small;
    }
}

VN_CLONES
static double log_likelihood(const vn_model_row *row, const double *d, const double *win,
                             const double *loss, const double *tie, double t, int len)
{
    double sum = 0.0;
    (void)row; (void)tie; (void)t;
    VN_PRAGMA(omp simd reduction(-:sum))
    for (int k = 0; k < len; k++) {
        const double x = fabs(d[k]), unlikely = d[k] >= 0.0 ? loss[k] : win[k];
        const double lost = unlikely > 0.0 ? unlikely * x : 0.0;
        sum -= (win[k] + loss[k]) * vn_log1p(vn_exp_neg(-x)) + lost;
    }
    return sum;
}

VN_CLONES
static void advantage(const vn_model_row *row, int64_t n, double *d)
{
    (void)row;
    for (int64_t k = 0; k < n; k++) {
        const double e = vn_exp_neg(-fabs(d[k]));
        d[k] = copysign((1.0 - e) / (1.0 + e), d[k]);
    }
}

VN_CLONES
static void information(const vn_model_row *row, int64_t n, double *d)
{
    (void)row;
    for (int64_t k = 0; k < n; k++) {
        const double e = vn_exp_neg(-fabs(d[k])), per = 1.0 / (1.0 + e);
        d[k] = e * per * per;
    }
}

VN_CLONES
static void replicate_gradient(const vn_replicates *p, vn_replicate_block *w)
{
    for (int64_t e = 0; e < p->n_edges; e++) {
        const double *restrict n = w->a + LANES * e;
        const double *restrict si = w->strength + LANES * (int64_t)p->first[e];
        const double *restrict sj = w->strength + LANES * (int64_t)p->second[e];
        double *restrict gi = w->g + LANES * (int64_t)p->first[e];
        double *restrict gj = w->g + LANES * (int64_t)p->second[e];
        for (int l = 0; l < LANES; l++) {
            const double q = n[l] / (si[l] + sj[l]);
            gi[l] -= q * si[l];
            gj[l] -= q * sj[l];
        }
    }
}

static vn_status sweep(const vn_problem *p, vn_poll poll, void *context, double *pi, double *home,
                       double *tie)
{
    const vn_mm_law law = {vn_mm_root_pulls, NULL, NULL, 0.0}; /* without a middle */
    return vn_mm_sweep(p, &law, poll, context, pi, home, tie);
}

extern const vn_model_row vn_bradley_terry;
const vn_model_row vn_bradley_terry = {.name = "bradley-terry",
                                       .derivatives = derivatives,
                                       .log_likelihood = log_likelihood,
                                       .start_unit = 1.0,
                                       .without_ties = &vn_bradley_terry,
                                       .advantage = advantage,
                                       .information = information,
                                       .sweep = sweep,
                                       .parts = {{1, 0, 1}, {1, 0, 0}, {1, 0, 0.5}},
                                       .has_scores = 1,
                                       .power = 1.0,
                                       .replicate_gradient = replicate_gradient};
