#include <math.h>

#include "vn_beta.h"
#include "vn_beta_core.h"
#include "vn_beta_math.h"
#include "vn_team.h"

/* I_x(a, b), or 1 - I_x(a, b) where `upper`, from what vn_beta_tails says of a point. */
static inline double value_of(double log_density, double ratio, int other, int upper)
{
    const double rising = VN_MAX(log_density, 0.0);
    const double density = vn_exp_neg(log_density - rising) / vn_exp_neg(-rising);
    const double value = VN_MIN(density * ratio, 1.0);
    return other == (upper != 0) ? value : 1.0 - value;
}

VN_CLONES
static int finish(const vn_beta_block *restrict s, int len, int upper, double *restrict out)
{
    int small = 0;
    for (int64_t k = 0; k < len; k++) {
        out[k] = value_of(s->log_density[k], s->ratio[k], s->other[k] != 0.0, upper);
        small += s->a[k] < VN_BETA_SMALL || s->b[k] < VN_BETA_SMALL;
    }
    return small;
}

/* The value where the point has a formula of its own; returns whether it has. */
static int small_value(double a, double b, double x, double y, int upper, double *out)
{
    double low, high;
    const int side = vn_beta_small_case(a, b, x, y);
    if (side == 1) vn_beta_small_tails(a, b, x, &low, &high);
    else if (side == 2) vn_beta_small_tails(b, a, y, &high, &low);
    else return 0;
    *out = upper ? high : low;
    return 1;
}

void vn_beta_values(const vn_beta_block *s, int len, int upper, double *out)
{
    if (!finish(s, len, upper, out)) return;
    for (int64_t k = 0; k < len; k++)
        small_value(s->a[k], s->b[k], s->x[k], s->y[k], upper, out + k);
}

double vn_beta_cdf_at(double a, double b, double x, int upper)
{
    if (!(x > 0.0 && x < 1.0)) return (x >= 1.0) == (upper == 0) ? 1.0 : 0.0;
    const double y = 1.0 - x;
    double value;
    if ((a < VN_BETA_SMALL || b < VN_BETA_SMALL) && small_value(a, b, x, y, upper, &value)) return value;
    const vn_beta_point at = vn_beta_point_at(a, b, x, y, (1.0 - y) - x);
    return value_of(at.log_density, at.ratio, at.other, upper);
}

VN_CLONES
void vn_beta_place(vn_beta_block *restrict s, const double *restrict log_odds, int len)
{
    for (int64_t k = 0; k < len; k++) {
        const double t = log_odds[k], e = vn_exp_neg(-fabs(t)), big = 1.0 / (1.0 + e);
        s->x[k] = t >= 0.0 ? big : e * big;
        s->y[k] = t >= 0.0 ? e * big : big;
        s->y_rest[k] = 0.0;
    }
}

/* Returns how many points are at an end of [0, 1]. */
VN_CLONES
static int load(vn_beta_block *restrict s, int64_t from, int len, vn_values a, vn_values b,
                vn_values x)
{
    int ends = 0;
    for (int64_t k = 0; k < len; k++) {
        const double xk = x.at[(from + k) * x.step];
        const int inside = xk > 0.0 && xk < 1.0;
        s->a[k] = a.at[(from + k) * a.step];
        s->b[k] = b.at[(from + k) * b.step];
        s->x[k] = inside ? xk : 0.5;
        s->y[k] = 1.0 - s->x[k];
        s->y_rest[k] = (1.0 - s->y[k]) - s->x[k];
        ends += !inside;
    }
    return ends;
}

/* Points [from, from + len), len <= VN_BETA_BLOCK. */
static void tails_at(int64_t from, int len, vn_values a, vn_values b, vn_values x, int upper,
                     double *out)
{
    vn_beta_block s;
    const int ends = load(&s, from, len, a, b, x);
    vn_beta_tails(&s, len);
    vn_beta_values(&s, len, upper, out);
    for (int64_t k = 0; ends && k < len; k++) {
        const double xk = x.at[(from + k) * x.step];
        if (!(xk > 0.0 && xk < 1.0)) out[k] = (xk >= 1.0) == (upper == 0) ? 1.0 : 0.0;
    }
}

typedef struct {
    int64_t n;
    vn_values a, b, x;
    int upper;
    double *out;
} job;

static vn_status cdf_block(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t end = vn_block_end(j->n, VN_BETA_TURN, block);
    (void)worker;
    for (int64_t k = block * VN_BETA_TURN; k < end; k += VN_BETA_BLOCK)
        tails_at(k, (int)VN_MIN(end - k, (int64_t)VN_BETA_BLOCK), j->a, j->b, j->x, j->upper,
                 j->out + k);
    return VN_OK;
}

vn_status vn_beta_cdf(int64_t n, vn_values a, vn_values b, vn_values x, int upper, int n_threads,
                      vn_poll poll, void *context, double *out)
{
    return vn_team_run(cdf_block, &(job){n, a, b, x, upper, out}, vn_n_blocks(n, VN_BETA_TURN),
                       n_threads, poll, context);
}
