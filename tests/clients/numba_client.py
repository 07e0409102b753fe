"""Every function of venire.jit, called from compiled code."""

from __future__ import annotations

import numba as nb
import numpy as np

from venire import jit

compiled = nb.njit(cache=True, nogil=True)
model = jit.model


@compiled
def beta_cdf(alpha, beta, x):
    return jit.beta_cdf(alpha, beta, x)


@compiled
def beta_sf(alpha, beta, x):
    return jit.beta_sf(alpha, beta, x)


@compiled
def beta_logpdf(alpha, beta, x):
    return jit.beta_logpdf(alpha, beta, x)


@compiled
def beta_quantile(alpha, beta, q):
    return jit.beta_quantile(alpha, beta, q)


@compiled
def beta_greater(a, b, c, d):
    return jit.beta_greater(a, b, c, d)


@compiled
def beta_update(win, loss, tie, alpha, beta):
    return jit.beta_update(win, loss, tie, alpha, beta)


@compiled
def beta_cdf_many(alpha, beta, x, out, n_threads=1):
    jit.beta_cdf_many(alpha, beta, x, out)


@compiled
def beta_sf_many(alpha, beta, x, out, n_threads=1):
    jit.beta_sf_many(alpha, beta, x, out)


@compiled
def beta_logpdf_many(alpha, beta, x, out, n_threads=1):
    jit.beta_logpdf_many(alpha, beta, x, out)


@compiled
def beta_quantile_many(alpha, beta, q, out, n_threads=1):
    jit.beta_quantile_many(alpha, beta, q, out)


@compiled
def beta_greater_many(a, b, c, d, out, n_threads=1):
    jit.beta_greater_many(a, b, c, d, out)


@compiled
def link_probability(model, outcome, d, log_tie):
    return jit.link(model, d, outcome, log_tie)


@compiled
def link_slope(model, outcome, d, log_tie):
    return jit.link_slope(model, d, outcome, log_tie)


@compiled
def link_curvature(model, outcome, d, log_tie):
    return jit.link_curvature(model, d, outcome, log_tie)


@compiled
def cells_log_likelihood(model, d, win, loss, tie, log_tie):
    return jit.cells_log_likelihood(model, d, win, loss, tie, log_tie)


@compiled
def cells_derivatives(model, d, win, loss, tie, log_tie, slope, curvature):
    jit.cells_derivatives(model, d, win, loss, tie, log_tie, slope, curvature)


@compiled
def stream_uniform(key0, key1, i):
    return jit.stream_uniform(key0, key1, i)


@compiled
def stream_normal(key0, key1, i):
    return jit.stream_normal(key0, key1, i)


@compiled
def stream_beta(key0, key1, i, alpha, beta):
    return jit.stream_beta(key0, key1, i, alpha, beta)


@compiled
def stream_poisson(key0, key1, i, mean):
    return jit.stream_poisson(key0, key1, i, mean)


@compiled
def stream_uniform_many(key0, key1, first, out):
    jit.stream_uniform_many(key0, key1, first, out)


@compiled
def stream_normal_many(key0, key1, first, out):
    jit.stream_normal_many(key0, key1, first, out)


@compiled
def stream_beta_many(key0, key1, first, alpha, beta, out):
    jit.stream_beta_many(key0, key1, first, alpha, beta, out)


@compiled
def stream_poisson_many(key0, key1, first, mean, out):
    jit.stream_poisson_many(key0, key1, first, mean, out)


@compiled
def multinomial_counts(key0, key1, first, n_draws, out, n_threads=1):
    jit.multinomial_counts(key0, key1, first, n_draws, out)


@compiled
def bootstrap_counts(key0, key1, first, count, out, n_threads=1):
    jit.bootstrap_counts(key0, key1, first, count, out)


@compiled
def fit_small(model, precision, first, second, win, loss, theta):
    return jit.fit_small(first, second, win, loss, theta, model, precision)


# --- from loops over threads, and from ufuncs -----------------------------------------------------


@nb.njit(parallel=True, cache=True)
def cdf_in_parallel(alpha, beta, x):
    out = np.empty(len(x))
    for k in nb.prange(len(x)):
        out[k] = jit.beta_cdf(alpha[k], beta[k], x[k])
    return out


@nb.vectorize(cache=True)
def cdf_ufunc(alpha, beta, x):
    return jit.beta_cdf(alpha, beta, x)


@nb.njit(parallel=True, cache=True)
def fits_in_parallel(row_ptr, item_ptr, first, second, win, loss, theta, status, precision):
    for k in nb.prange(len(status)):
        rows, items = slice(row_ptr[k], row_ptr[k + 1]), slice(item_ptr[k], item_ptr[k + 1])
        status[k] = jit.fit_small(
            first[rows], second[rows], win[rows], loss[rows], theta[items], 0, precision
        )
