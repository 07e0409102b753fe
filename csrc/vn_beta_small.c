/* Shapes near 0, where I_x(a, b) is near a constant over many decades of x: the power series
 *   I_x(a, b) = x^a / (a B(a, b)) * (1 + a S),   S = sum over m >= 1 of (1-b)(2-b)...(m-b)/m! x^m/(a+m)
 * in logarithms, all of which are proportional to a: so both tails keep their relative accuracy. */
#include <math.h>

#include "vn_beta_core.h"
#include "vn_beta_math.h"

/* log Gamma(z + a) - log Gamma(z), relative accuracy for small a. */
static double log_rise(double z, double a)
{
    double sum = 0.0;
    for (; z < 10.0; z += 1.0) sum -= log1p(a / z);
    return sum + ((z + a - 0.5) * log1p(a / z) - a) + a * log(z)
         + (vn_stirling_large(1.0 / (z + a)) - vn_stirling_large(1.0 / z));
}

static double series(double a, double b, double x)
{
    double term = 1.0, sum = 0.0;
    for (int m = 1; m < 500; m++) {
        term *= (m - b) / m * x;
        const double add = term / (a + m);
        sum += add;
        if (fabs(add) <= 1e-17 * fabs(sum) || term == 0.0) break;
    }
    return sum;
}

void vn_beta_small_tails(double a, double b, double x, double *lower, double *upper)
{
    const double log_ab = log_rise(1.0, a) - log_rise(b, a); /* log(a B(a, b)) */
    const double t = a * log(x) - log_ab + log1p(a * series(a, b, x));
    *lower = exp(t);
    *upper = -expm1(t);
}

/* The smaller side of it: log x with I_x(a, b) = exp(log_q), if x <= limit. */
static int solve(double a, double b, double log_q, double *log_x)
{
    const double limit = fmin(0.5, 2.0 / b), log_ab = log_rise(1.0, a) - log_rise(b, a);
    const double goal = log_q + log_ab, most = log(limit);
    if (a * most + log1p(a * series(a, b, limit)) < goal) return 0;
    double t = fmin(goal / a, most);
    for (int step = 0; step < 60; step++) {
        const double x = exp(t), sum = a * series(a, b, x);
        const double slope = exp((b - 1.0) * log1p(-x)) / (1.0 + sum);
        const double move = (t - (goal - log1p(sum)) / a) / slope;
        const double next = fmin(t - move, most);
        const int done = fabs(next - t) <= 1e-16 * fabs(t);
        t = next;
        if (done || x == 0.0) break;
    }
    *log_x = t;
    return 1;
}

int vn_beta_small_quantile(double a, double b, double log_q, double log_p, double *log_x)
{
    if (a < VN_BETA_SMALL && solve(a, b, log_q, log_x)) return 1;
    if (b < VN_BETA_SMALL && solve(b, a, log_p, log_x)) return 2;
    return 0;
}
