#include "vn_prior.h"

#include "vn_vector.h"

double vn_prior_penalty(const vn_prior *p, const double *x, int64_t n)
{
    if (!p->precision) return 0.5 * p->all * vn_dot(x, x, n);
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double miss = x[i] - p->mean[i];
        sum += p->precision[i] * miss * miss;
    }
    return 0.5 * sum;
}

vn_prior vn_prior_of(const vn_prior *p, int64_t first, int64_t n, double *centre)
{
    if (!p->precision) return *p;
    const double *mean = p->mean + first, *precision = p->precision + first;
    for (int64_t i = 1; i < n; i++)
        if (mean[i] != mean[0] || precision[i] != precision[0])
            return (vn_prior){.mean = mean, .precision = precision};
    if (n == 0) return (vn_prior){.all = 1.0}; /* a prior, of nothing */
    *centre = mean[0];
    return (vn_prior){.all = precision[0]};
}
