#include <math.h>

#include "vn_beta.h"
#include "vn_beta_math.h"
#include "vn_team.h"

#define BLOCK 1024        /* values with logarithms */
#define SIMPLE_BLOCK 16384 /* without */

/* digamma(z) = log z - 1/(2z) - rest(z); the rest without cancellation, from 8 up and by steps. */
static double digamma_rest(double z)
{
    if (z >= 8.0) return vn_digamma_rest_large(z);
    double sum = 0.0;
    const double up = z + 8.0;
    for (int64_t k = 0; k < 8; k++) sum += 1.0 / (z + k);
    return log(z) - 0.5 / z - (log(up) - 0.5 / up - vn_digamma_rest_large(up) - sum);
}

static double trigamma_of(double z)
{
    double sum = 0.0;
    for (; z < 12.0; z += 1.0) sum += 1.0 / (z * z);
    const double w = 1.0 / z, w2 = w * w;
    double s = 7.0 / 6.0;
    s = s * w2 - 691.0 / 2730.0;
    s = s * w2 + 5.0 / 66.0;
    s = s * w2 - 1.0 / 30.0;
    s = s * w2 + 1.0 / 42.0;
    s = s * w2 - 1.0 / 30.0;
    s = s * w2 + 1.0 / 6.0;
    return sum + w + w2 * (0.5 + s * w);
}

void vn_digammas(int64_t n, const double *z, double *digamma, double *trigamma)
{
    for (int64_t k = 0; k < n; k++) {
        if (digamma) digamma[k] = log(z[k]) - 0.5 / z[k] - digamma_rest(z[k]);
        if (trigamma) trigamma[k] = trigamma_of(z[k]);
    }
}

/* log B - (a - 1) digamma(a) - (b - 1) digamma(b) + (n - 2) digamma(n), with the logarithms of large
 * numbers cancelled by hand. */
static double entropy_of(double a, double b)
{
    const double n = a + b;
    if (a == 1.0 && b == 1.0) return 0.0;
    const double gammas = vn_stirling(a) + vn_stirling(b) - vn_stirling(n);
    const double rests = (a - 1.0) * digamma_rest(a) + (b - 1.0) * digamma_rest(b)
                       - (n - 2.0) * digamma_rest(n);
    return 0.5 * (log(a / n) + log(b / n) - log(n)) + 0.9189385332046727
         + (0.5 - 0.5 / a - 0.5 / b + 1.0 / n) + gammas + rests;
}

/* log Gamma(c) - log Gamma(a) - (c - a) digamma(a) >= 0: how far log Gamma lies above its tangent at
 * a, less the part a ((1 + r) log(1 + r) - r), r = c/a - 1, which is returned in `main`. */
static double above_tangent(double a, double c, double *main)
{
    const double r = (c - a) / a, excess = vn_log_excess(-r, c / a, 0.0); /* r - log(1 + r) */
    *main = a * (r * r - (1.0 + r) * excess);
    return 0.5 * excess + (c - a) * digamma_rest(a) + (vn_stirling(c) - vn_stirling(a));
}

static double divergence_of(double a, double b, double c, double d)
{
    double main_a, main_b, main_n;
    if (a == c && b == d) return 0.0;
    const double rest = above_tangent(a, c, &main_a) + above_tangent(b, d, &main_b)
                      - above_tangent(a + b, c + d, &main_n);
    return VN_MAX((main_a - main_n) + main_b + rest, 0.0);
}

VN_CLONES
static void simple(int64_t from, int64_t to, vn_values a, vn_values b, vn_beta_moment which,
                   double *restrict out)
{
    if (which == VN_BETA_MEAN)
        for (int64_t k = from; k < to; k++) {
            const double ak = a.at[k * a.step], bk = b.at[k * b.step];
            out[k] = ak / (ak + bk);
        }
    else if (which == VN_BETA_VARIANCE)
        for (int64_t k = from; k < to; k++) {
            const double ak = a.at[k * a.step], bk = b.at[k * b.step], n = ak + bk;
            out[k] = ak / n * (bk / n) / (n + 1.0);
        }
    else
        for (int64_t k = from; k < to; k++) {
            const double ak = a.at[k * a.step], bk = b.at[k * b.step], n = ak + bk;
            out[k] = sqrt(ak / n * (bk / n) / (n + 1.0));
        }
}

typedef struct {
    int64_t n;
    vn_values a, b, c, d;
    vn_beta_moment which;
    double *out;
} job;

static vn_status simple_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    (void)worker;
    simple(block * SIMPLE_BLOCK, vn_block_end(j->n, SIMPLE_BLOCK, block), j->a, j->b, j->which,
           j->out);
    return VN_OK;
}

static vn_status entropy_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t end = vn_block_end(j->n, BLOCK, block);
    (void)worker;
    for (int64_t k = block * BLOCK; k < end; k++)
        j->out[k] = entropy_of(j->a.at[k * j->a.step], j->b.at[k * j->b.step]);
    return VN_OK;
}

vn_status vn_beta_moments(int64_t n, vn_values a, vn_values b, vn_beta_moment which, int n_threads,
                          vn_poll poll, void *context, double *out)
{
    const int has_logs = which == VN_BETA_ENTROPY;
    return vn_team_run(has_logs ? entropy_block : simple_block,
                       &(job){.n = n, .a = a, .b = b, .which = which, .out = out},
                       vn_n_blocks(n, has_logs ? BLOCK : SIMPLE_BLOCK), n_threads, poll, context);
}

static vn_status divergence_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t end = vn_block_end(j->n, BLOCK, block);
    (void)worker;
    for (int64_t k = block * BLOCK; k < end; k++)
        j->out[k] = divergence_of(j->a.at[k * j->a.step], j->b.at[k * j->b.step],
                                  j->c.at[k * j->c.step], j->d.at[k * j->d.step]);
    return VN_OK;
}

vn_status vn_beta_divergence(int64_t n, vn_values a, vn_values b, vn_values c, vn_values d,
                             int n_threads, vn_poll poll, void *context, double *out)
{
    return vn_team_run(divergence_block, &(job){.n = n, .a = a, .b = b, .c = c, .d = d, .out = out},
                       vn_n_blocks(n, BLOCK), n_threads, poll, context);
}
