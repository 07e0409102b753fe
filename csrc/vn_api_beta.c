/* The Beta functions of venire.h. */
#include <math.h>

#include "vn_api.h"
#include "vn_beta.h"

#define LEAST 1e-10 /* shapes outside are not tested */
#define MOST 1e12

static inline int is_shape(double a) { return a >= LEAST && a <= MOST; }
static inline int is_share(double x) { return x >= 0.0 && x <= 1.0; }
static inline vn_values all_of(const double *array) { return (vn_values){array, 1}; }

double venire_beta_cdf(double alpha, double beta, double x)
{
    if (!is_shape(alpha) || !is_shape(beta) || !is_share(x)) return NAN;
    return vn_beta_cdf_at(alpha, beta, x, 0);
}

double venire_beta_sf(double alpha, double beta, double x)
{
    if (!is_shape(alpha) || !is_shape(beta) || !is_share(x)) return NAN;
    return vn_beta_cdf_at(alpha, beta, x, 1);
}

double venire_beta_logpdf(double alpha, double beta, double x)
{
    if (!is_shape(alpha) || !is_shape(beta) || !is_share(x)) return NAN;
    return vn_beta_log_density_at(alpha, beta, x);
}

double venire_beta_quantile(double alpha, double beta, double q)
{
    double out = NAN;
    if (is_shape(alpha) && is_shape(beta) && is_share(q))
        vn_beta_quantile(1, all_of(&alpha), all_of(&beta), all_of(&q), 1, NULL, NULL, &out);
    return out;
}

double venire_beta_greater(double alpha, double beta, double other_alpha, double other_beta)
{
    double out = NAN;
    if (is_shape(alpha) && is_shape(beta) && is_shape(other_alpha) && is_shape(other_beta))
        vn_beta_greater(1, all_of(&alpha), all_of(&beta), all_of(&other_alpha), all_of(&other_beta), 1,
                        NULL, NULL, &out);
    return out;
}

int venire_beta_update(double win, double loss, double tie, double *alpha, double *beta)
{
    return venire_beta_update_many(1, &win, &loss, &tie, NULL, alpha, beta);
}

typedef struct {
    const char *name;
    const double *array;
    double low, high;
} input;

/* Inputs and the output of n numbers each. */
static int check(int64_t n, const input *in, int n_in, const double *out, venire_call *call,
                 vn_api_how *how)
{
    VN_API_TRY(vn_api_open(call, how));
    VN_API_TRY(vn_api_count(call, "n", n));
    for (int k = 0; k < n_in; k++) VN_API_TRY(vn_api_array(call, in[k].name, n, in[k].array));
    VN_API_TRY(vn_api_array(call, "out", n, out));
    for (int k = 0; k < n_in; k++)
        VN_API_TRY(vn_api_range(call, in[k].name, n, in[k].array, in[k].low, in[k].high));
    return VENIRE_OK;
}

/* The two shapes and x or q. */
static int check_three(int64_t n, const double *alpha, const double *beta, const char *name,
                       const double *x, const double *out, venire_call *call, vn_api_how *how)
{
    const input in[] = {
        {"alpha", alpha, LEAST, MOST}, {"beta", beta, LEAST, MOST}, {name, x, 0.0, 1.0}};
    return check(n, in, 3, out, call, how);
}

int venire_beta_cdf_many(int64_t n, const double *alpha, const double *beta, const double *x,
                         venire_call *call, double *out)
{
    vn_api_how how;
    VN_API_TRY(check_three(n, alpha, beta, "x", x, out, call, &how));
    return (int)vn_beta_cdf(n, all_of(alpha), all_of(beta), all_of(x), 0, how.n_threads, how.poll,
                            how.context, out);
}

int venire_beta_sf_many(int64_t n, const double *alpha, const double *beta, const double *x,
                        venire_call *call, double *out)
{
    vn_api_how how;
    VN_API_TRY(check_three(n, alpha, beta, "x", x, out, call, &how));
    return (int)vn_beta_cdf(n, all_of(alpha), all_of(beta), all_of(x), 1, how.n_threads, how.poll,
                            how.context, out);
}

int venire_beta_logpdf_many(int64_t n, const double *alpha, const double *beta, const double *x,
                            venire_call *call, double *out)
{
    vn_api_how how;
    VN_API_TRY(check_three(n, alpha, beta, "x", x, out, call, &how));
    return (int)vn_beta_log_density(n, all_of(alpha), all_of(beta), all_of(x), how.n_threads, how.poll,
                                    how.context, out);
}

int venire_beta_quantile_many(int64_t n, const double *alpha, const double *beta, const double *q,
                              venire_call *call, double *out)
{
    vn_api_how how;
    VN_API_TRY(check_three(n, alpha, beta, "q", q, out, call, &how));
    return (int)vn_beta_quantile(n, all_of(alpha), all_of(beta), all_of(q), how.n_threads, how.poll,
                                 how.context, out);
}

int venire_beta_greater_many(int64_t n, const double *alpha, const double *beta,
                             const double *other_alpha, const double *other_beta, venire_call *call,
                             double *out)
{
    const input in[] = {{"alpha", alpha, LEAST, MOST},
                        {"beta", beta, LEAST, MOST},
                        {"other_alpha", other_alpha, LEAST, MOST},
                        {"other_beta", other_beta, LEAST, MOST}};
    vn_api_how how;
    VN_API_TRY(check(n, in, 4, out, call, &how));
    return (int)vn_beta_greater(n, all_of(alpha), all_of(beta), all_of(other_alpha),
                                all_of(other_beta), how.n_threads, how.poll, how.context, out);
}

int venire_beta_update_many(int64_t n, const double *win, const double *loss, const double *tie,
                            venire_call *call, double *alpha, double *beta)
{
    const input in[] = {{"win", win, 0.0, VN_API_MASS},
                        {"loss", loss, 0.0, VN_API_MASS},
                        {"alpha", alpha, LEAST, MOST},
                        {"beta", beta, LEAST, MOST}};
    vn_api_how how;
    VN_API_TRY(check(n, in, 4, alpha, call, &how));
    VN_API_TRY(vn_api_range(call, "tie", n, tie, 0.0, VN_API_MASS));
    for (int64_t k = 0; k < n; k++) {
        const double half = tie ? 0.5 * tie[k] : 0.0;
        alpha[k] = alpha[k] + win[k] + half;
        beta[k] = beta[k] + loss[k] + half;
    }
    return VENIRE_OK;
}
