/* The four paired-comparison models as data: what one cell adds to the log-likelihood.
 *
 * d = theta_first - theta_second + gamma * order is the cell's linear predictor, t the log of the
 * tie parameter (Davidson: log nu; Rao-Kupper: log eta). Half-tie models are given ties already
 * added half to each side. The Python twin is venire.reference.links.cell_terms. */
#ifndef VN_MODEL_H
#define VN_MODEL_H

#include "vn_common.h"

typedef enum { VN_BRADLEY_TERRY = 0, VN_THURSTONE = 1, VN_DAVIDSON = 2, VN_RAO_KUPPER = 3 } vn_model;

/* Derivatives of the log-likelihood of `len` cells:
 *   g[k] = dl/dd, h[k] = -d2l/dd2 >= 0;
 * in tie models also
 *   dt[k] = -d2l/(dd dt), sums[0] += sum of dl/dt, sums[1] += sum of -d2l/dt2.
 * `tie` and `dt` are not touched by half-tie models. Safe for |d| <= 1e300. */
typedef void (*vn_model_derivatives)(const double *d, const double *win, const double *loss,
                                     const double *tie, double t, int len, double *g, double *h,
                                     double *dt, double *sums);
vn_model_derivatives vn_derivatives(vn_model model);

/* Log-likelihood of `len` cells, without binomial coefficients; same conventions. */
double vn_log_likelihood(vn_model model, const double *d, const double *win, const double *loss,
                         const double *tie, double t, int len);

#endif
