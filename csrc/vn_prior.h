/* Independent normal priors of theta: they add -1/2 sum precision_i (theta_i - mean_i)^2 to the
 * log-likelihood.
 *
 * One number stands for all items where they have one precision and the mean 0. (A mean that all
 * share moves all theta by as much: what is fitted is theta less that mean.) The arrays belong to
 * whoever filled them. */
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

/* Derivative at theta_i = x. */
static inline double vn_prior_slope(const vn_prior *p, int64_t i, double x)
{
    return p->precision ? p->precision[i] * (p->mean[i] - x) : -p->all * x;
}

/* 1/2 sum precision_i (x_i - mean_i)^2 */
double vn_prior_penalty(const vn_prior *p, const double *x, int64_t n);

/* Item i's part of the weight that its derivative is held against: what is known of it a priori
 * counts like comparisons, since rounding of the derivative grows with it. One number for all items
 * is no part: they are near 0, and so is what is rounded. */
static inline double vn_prior_weight(const vn_prior *p, int64_t i)
{
    return p->precision ? p->precision[i] : 0.0;
}

/* The priors of the n items from `first` on, counted from 0; equal ones as one number, their mean in
 * *centre (untouched where it is already one number). */
vn_prior vn_prior_of(const vn_prior *p, int64_t first, int64_t n, double *centre);

#endif
