/* The quantile by Halley's method on the log of the smaller tail as a function of s = logit(x).
 *
 * That function h is concave with slope f / F (f the log-odds density), so a step from the left of
 * the solution never leaves it, and one from the right lands on its left: it converges from
 * anywhere, with three times the digits at each step. Where the upper tail is the smaller one the
 * sides are exchanged. Shapes near 0 have their own solution in vn_beta_small.c. */
#include <math.h>

#include "vn_beta.h"
#include "vn_beta_core.h"
#include "vn_beta_math.h"
#include "vn_team.h"

#define MAX_STEPS 200
#define NO_LOG_ODDS 1e300
#define CLOSE 3e-5 /* a step that starts this near, relative, ends exact */

typedef struct {
    double a[VN_BETA_BLOCK], b[VN_BETA_BLOCK], log_q[VN_BETA_BLOCK], s[VN_BETA_BLOCK];
    double q[VN_BETA_BLOCK];
    int at[VN_BETA_BLOCK]; /* where the result goes */
    int len;
} pending;

/* First guess: Abramowitz and Stegun 26.5.22 where both shapes are above 1; else a power of x at
 * the end where most of the mass is, by the two-piece approximation of f. Any guess would do. */
VN_CLONES
static void guess(pending *restrict w)
{
    for (int64_t k = 0; k < w->len; k++) {
        const double a = w->a[k], b = w->b[k];
        const double t = sqrt(-2.0 * w->log_q[k]); /* normal quantile: 26.2.23 */
        const double z = t - (2.515517 + t * (0.802853 + t * 0.010328))
                           / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
        const double p = 1.0 / (2.0 * a - 1.0), q = 1.0 / (2.0 * b - 1.0), h = 2.0 / (p + q);
        const double c = (z * z - 3.0) / 6.0;
        const double root = sqrt(VN_MAX(h + c, 0.0));
        const double move = z * root / h - (q - p) * (c + 5.0 / 6.0 - 2.0 / (3.0 * h));
        w->s[k] = vn_log(a / b) - 2.0 * move;
    }
    int small = 0;
    for (int64_t k = 0; k < w->len; k++) small += w->a[k] <= 1.0 || w->b[k] <= 1.0;
    if (!small) return;
    for (int64_t k = 0; k < w->len; k++) {
        const double a = w->a[k], b = w->b[k], n = a + b;
        const double left = vn_exp_neg(a * vn_log(a / n)) / a;
        const double right = vn_exp_neg(b * vn_log(b / n)) / b, sum = left + right;
        const double up = (w->log_q[k] + vn_log(a * sum)) / a;
        const double down = (vn_log(1.0 - w->q[k]) + vn_log(b * sum)) / b;
        const double s = w->q[k] * sum <= left ? VN_MIN(up, 3.0) : VN_MAX(-down, -3.0);
        w->s[k] = a <= 1.0 || b <= 1.0 ? s : w->s[k];
    }
}

/* One step; far[k] says whether another one is needed. */
VN_CLONES
static void move(const vn_beta_block *restrict block, pending *restrict w, double *restrict far)
{
    for (int64_t k = 0; k < w->len; k++) {
        const double log_f = block->log_density[k], rising = VN_MAX(log_f, 0.0);
        const double density = vn_exp_neg(log_f - rising) / vn_exp_neg(-rising);
        const double rest = VN_MAX(1.0 - density * block->ratio[k], 0x1p-54); /* if it was the other */
        const int other = block->other[k] != 0.0;
        const double log_tail = other ? vn_log(rest) : log_f + vn_log(block->ratio[k]);
        const double ratio = other ? rest / VN_MAX(density, 1e-300) : block->ratio[k];
        const double h = log_tail - w->log_q[k];
        const double bend = 1.0 - block->slope[k] * ratio; /* in (0, 1) */
        const double step = h * ratio / VN_MAX(1.0 + 0.5 * h * bend, 0.5);
        const double most = 2.0 + fabs(w->s[k]);
        w->s[k] -= VN_MAX(VN_MIN(step, most), -most);
        far[k] = fabs(h) > CLOSE && fabs(step) > 1e-15 * fabs(w->s[k]) ? 1.0 : 0.0;
    }
}

/* From log odds, where they are given, to the points. */
VN_CLONES
static void finish(const double *restrict log_odds, int len, double *restrict out)
{
    for (int64_t k = 0; k < len; k++) {
        const double e = vn_exp_neg(-fabs(log_odds[k])), big = 1.0 / (1.0 + e);
        const double x = log_odds[k] >= 0.0 ? big : e * big;
        out[k] = log_odds[k] == NO_LOG_ODDS ? out[k] : x;
    }
}

VN_CLONES
static void take_logs(pending *restrict w)
{
    int tiny = 0;
    for (int64_t k = 0; k < w->len; k++) {
        w->log_q[k] = vn_log(VN_MAX(w->q[k], 0x1p-1022));
        tiny += w->q[k] < 0x1p-1022;
    }
    for (int64_t k = 0; tiny && k < w->len; k++)
        if (w->q[k] < 0x1p-1022) w->log_q[k] = log(w->q[k]);
}

/* Take what has a formula of its own; the others are noted in `w`, with the sides exchanged where
 * the upper tail is smaller (`at` is then negative: ~position). */
static void sort_out(int64_t from, int len, vn_values a, vn_values b, vn_values q, pending *w,
                     double *out)
{
    w->len = 0;
    for (int64_t k = 0; k < len; k++) {
        double ak = a.at[(from + k) * a.step], bk = b.at[(from + k) * b.step], t;
        double qk = q.at[(from + k) * q.step];
        if (!(qk > 0.0 && qk < 1.0)) {
            out[k] = qk;
            continue;
        }
        if (VN_MIN(ak, bk) < VN_BETA_SMALL) {
            const int side = vn_beta_small_quantile(ak, bk, log(qk), log1p(-qk), &t);
            if (side) {
                out[k] = side == 1 ? exp(t) : -expm1(t);
                continue;
            }
        }
        const int exchange = qk > 0.5;
        const int j = w->len++;
        w->a[j] = exchange ? bk : ak;
        w->b[j] = exchange ? ak : bk;
        w->q[j] = exchange ? 1.0 - qk : qk;
        w->at[j] = exchange ? ~k : k;
    }
    take_logs(w);
}

static void solve(int64_t from, int len, vn_values a, vn_values b, vn_values q, double *out)
{
    vn_beta_block block;
    pending w;
    double far[VN_BETA_BLOCK], log_odds[VN_BETA_BLOCK];
    for (int64_t k = 0; k < len; k++) log_odds[k] = NO_LOG_ODDS;
    sort_out(from, len, a, b, q, &w, out);
    guess(&w);
    for (int step = 0; w.len && step < MAX_STEPS; step++) {
        for (int64_t k = 0; k < w.len; k++) {
            block.a[k] = w.a[k];
            block.b[k] = w.b[k];
        }
        vn_beta_place(&block, w.s, w.len);
        vn_beta_tails(&block, w.len);
        move(&block, &w, far);
        int left = 0;
        for (int64_t k = 0; k < w.len; k++) {
            const int at = w.at[k];
            if (far[k] == 0.0 || step == MAX_STEPS - 1) {
                log_odds[at < 0 ? ~at : at] = at < 0 ? -w.s[k] : w.s[k];
                continue;
            }
            w.a[left] = w.a[k];
            w.b[left] = w.b[k];
            w.q[left] = w.q[k];
            w.log_q[left] = w.log_q[k];
            w.s[left] = w.s[k];
            w.at[left++] = at;
        }
        w.len = left;
    }
    finish(log_odds, len, out);
}

typedef struct {
    int64_t n;
    vn_values a, b, q;
    double *out;
} job;

static vn_status quantile_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t end = vn_block_end(j->n, VN_BETA_TURN, block);
    (void)worker;
    for (int64_t k = block * VN_BETA_TURN; k < end; k += VN_BETA_BLOCK)
        solve(k, (int)VN_MIN(end - k, (int64_t)VN_BETA_BLOCK), j->a, j->b, j->q, j->out + k);
    return VN_OK;
}

vn_status vn_beta_quantile(int64_t n, vn_values a, vn_values b, vn_values q, int n_threads,
                           vn_poll poll, void *context, double *out)
{
    return vn_team_run(quantile_block, &(job){n, a, b, q, out}, vn_n_blocks(n, VN_BETA_TURN),
                       n_threads, poll, context);
}
