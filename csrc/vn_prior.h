/* Independent normal priors of theta: they add -1/2 sum precision_i (theta_i - mean_i)^2 to the
 * log-likelihood.
 *
 * One number stands for all items where they have one precision and the mean 0. (A mean that all share
 * moves all theta by as much: it is added after the fit.) Who owns the arrays is who fills them. */
#ifndef VN_PRIOR_H
#define VN_PRIOR_H

#include "vn_common.h"

typedef struct {
    const double *mean, *precision; /* one for each item; both NULL: 0 and `all` */
    double all;                     /* 0: no prior */
} vn_prior;

static inline int vn_prior_is_given(const vn_prior *p) { return p->precision || p->all > 0.0; }

static inline double vn_prior_precision(const vn_prior *p, int64_t i)
{
    return p->precision ? p->precision[i] : p->all;
}

static inline double vn_prior_mean(const vn_prior *p, int64_t i) { return p->mean ? p->mean[i] : 0.0; }

/* Derivative at theta_i = x. */
static inline double vn_prior_slope(const vn_prior *p, int64_t i, double x)
{
    return p->precision ? p->precision[i] * (p->mean[i] - x) : -p->all * x;
}

/* The priors of the items from `first` on, which are then counted from 0. */
static inline vn_prior vn_prior_from(const vn_prior *p, int64_t first)
{
    if (!p->precision) return *p;
    return (vn_prior){.mean = p->mean + first, .precision = p->precision + first};
}

#endif
