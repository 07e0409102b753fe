/* Kernels of Beta posteriors over arrays.
 *
 * Inputs are `n` values, or one value for all where the step given after the pointer is 0 (else it
 * is 1). Shapes are positive and finite. Results do not depend on n_threads. Not checked.
 * VN_INTERRUPTED: `poll` asked to stop. */
#ifndef VN_BETA_H
#define VN_BETA_H

#include "vn_common.h"

typedef struct {
    const double *at;
    int step; /* 0: one value for all; 1: one for each */
} vn_values;

/* I_x(a, b), or 1 - I_x(a, b) where `upper`; x in [0, 1]. */
vn_status vn_beta_cdf(int64_t n, vn_values a, vn_values b, vn_values x, int upper, int n_threads,
                      vn_poll poll, void *context, double *out);

/* The same of one point. */
double vn_beta_cdf_at(double a, double b, double x, int upper);

/* Log of the density at x in [0, 1]: infinite, of either sign, at an end where the density is. */
vn_status vn_beta_log_density(int64_t n, vn_values a, vn_values b, vn_values x, int n_threads,
                              vn_poll poll, void *context, double *out);
double vn_beta_log_density_at(double a, double b, double x);

/* x with I_x(a, b) = q, q in [0, 1]. */
vn_status vn_beta_quantile(int64_t n, vn_values a, vn_values b, vn_values q, int n_threads,
                           vn_poll poll, void *context, double *out);

/* P(X > Y) for independent X ~ Beta(a, b), Y ~ Beta(c, d). */
vn_status vn_beta_greater(int64_t n, vn_values a, vn_values b, vn_values c, vn_values d,
                          int n_threads, vn_poll poll, void *context, double *out);

/* Draws number first, first + 1, ...: number i depends on the key, i and its shapes only. */
vn_status vn_beta_sample(int64_t n, vn_values a, vn_values b, const uint64_t key[2], uint64_t first,
                         int n_threads, vn_poll poll, void *context, double *out);

typedef enum { VN_BETA_MEAN, VN_BETA_VARIANCE, VN_BETA_STD, VN_BETA_ENTROPY } vn_beta_moment;
vn_status vn_beta_moments(int64_t n, vn_values a, vn_values b, vn_beta_moment which, int n_threads,
                          vn_poll poll, void *context, double *out);

/* Kullback-Leibler divergence of Beta(c, d) from Beta(a, b), in nats: E log(f_ab / f_cd) under f_ab. */
vn_status vn_beta_divergence(int64_t n, vn_values a, vn_values b, vn_values c, vn_values d,
                             int n_threads, vn_poll poll, void *context, double *out);

/* Digamma and trigamma of z > 0; either output may be NULL. */
void vn_digammas(int64_t n, const double *z, double *digamma, double *trigamma);

#endif
