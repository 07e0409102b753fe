/* The log density of Beta distributions: that of the log odds (vn_beta_core.h) less log x (1 - x). */
#include <math.h>

#include "vn_beta.h"
#include "vn_beta_core.h"
#include "vn_math.h"
#include "vn_team.h"

/* At x = 0; with both shapes exchanged at 1. */
static double at_end(double a, double b)
{
    if (a == 1.0) return log(b);
    return a < 1.0 ? INFINITY : -INFINITY;
}

double vn_beta_log_density_at(double a, double b, double x)
{
    if (!(x > 0.0)) return at_end(a, b);
    if (!(x < 1.0)) return at_end(b, a);
    const double y = 1.0 - x;
    return vn_beta_point_density(a, b, x, y, (1.0 - y) - x) - (log(x) + log1p(-x));
}

/* Points [from, from + len), len <= VN_BETA_BLOCK. */
VN_CLONES
static void densities_at(int64_t from, int len, vn_values a, vn_values b, vn_values x, double *out)
{
    vn_beta_block s;
    int outside = 0;
    for (int64_t k = 0; k < len; k++) {
        const double xk = x.at[(from + k) * x.step];
        const int inside = xk >= 0x1p-1022 && xk < 1.0;
        s.a[k] = a.at[(from + k) * a.step];
        s.b[k] = b.at[(from + k) * b.step];
        s.x[k] = inside ? xk : 0.5;
        s.y[k] = 1.0 - s.x[k];
        s.y_rest[k] = (1.0 - s.y[k]) - s.x[k];
        outside += !inside;
    }
    vn_beta_densities(&s, len);
    for (int64_t k = 0; k < len; k++)
        out[k] = s.log_density[k] - (vn_log(s.x[k]) + (vn_log(s.y[k]) + s.y_rest[k] / s.y[k]));
    for (int64_t k = 0; outside && k < len; k++) {
        const double xk = x.at[(from + k) * x.step];
        if (!(xk >= 0x1p-1022 && xk < 1.0)) out[k] = vn_beta_log_density_at(s.a[k], s.b[k], xk);
    }
}

typedef struct {
    int64_t n;
    vn_values a, b, x;
    double *out;
} job;

static vn_status density_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t end = vn_block_end(j->n, VN_BETA_TURN, block);
    (void)worker;
    for (int64_t k = block * VN_BETA_TURN; k < end; k += VN_BETA_BLOCK)
        densities_at(k, (int)VN_MIN(end - k, (int64_t)VN_BETA_BLOCK), j->a, j->b, j->x, j->out + k);
    return VN_OK;
}

vn_status vn_beta_log_density(int64_t n, vn_values a, vn_values b, vn_values x, int n_threads,
                              vn_poll poll, void *context, double *out)
{
    return vn_team_run(density_block, &(job){n, a, b, x, out}, vn_n_blocks(n, VN_BETA_TURN),
                       n_threads, poll, context);
}
