"""Kernels of Beta posteriors: views around csrc/vn_beta.h.

Every array is one-dimensional float64 of length n, or of length 1 where it holds for all; n is
given. Values are taken to be in range. Results go into `out`, of length n, where it is given."""

import numpy as np

from libc.stdint cimport int64_t, uint64_t

from venire._native.border cimport at, member, room, team
from venire._native.common cimport check, poll_signals, vn_status


MOMENTS = {"mean": 0, "variance": 1, "std": 2, "entropy": 3}


cdef inline vn_values values(const double[::1] array, int64_t n, str name) except *:
    cdef vn_values v
    v.step = array is not None and array.shape[0] == n and n > 1
    v.at = at(array, n if v.step else 1, name)
    return v


def cdf(int64_t n, const double[::1] a, const double[::1] b, const double[::1] x, bint upper,
        int n_threads, out=None):
    """I_x(a, b), or 1 - I_x(a, b) where `upper`, shape (n,)."""
    out = np.empty(n) if out is None else out
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double *to = room[double](out, n, "out")
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b"), vx = values(x, n, "x")
    cdef vn_status status
    with nogil:
        status = vn_beta_cdf(n, va, vb, vx, upper, n_threads, poll_signals, NULL, to)
    check(status, "for the posteriors")
    return out


def quantile(int64_t n, const double[::1] a, const double[::1] b, const double[::1] q,
             int n_threads, out=None):
    """x with I_x(a, b) = q, shape (n,)."""
    out = np.empty(n) if out is None else out
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double *to = room[double](out, n, "out")
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b"), vq = values(q, n, "q")
    cdef vn_status status
    with nogil:
        status = vn_beta_quantile(n, va, vb, vq, n_threads, poll_signals, NULL, to)
    check(status, "for the posteriors")
    return out


def greater(int64_t n, const double[::1] a, const double[::1] b, const double[::1] c,
            const double[::1] d, int n_threads, out=None):
    """P(X > Y) for X ~ Beta(a, b), Y ~ Beta(c, d), shape (n,)."""
    out = np.empty(n) if out is None else out
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double *to = room[double](out, n, "out")
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b")
    cdef vn_values vc = values(c, n, "c"), vd = values(d, n, "d")
    cdef vn_status status
    with nogil:
        status = vn_beta_greater(n, va, vb, vc, vd, n_threads, poll_signals, NULL, to)
    check(status, "for the posteriors")
    return out


def sample(int64_t n, const double[::1] a, const double[::1] b, uint64_t key0, uint64_t key1,
           int n_threads, out=None):
    """Draws, shape (n,): number i depends on the key, i and its shapes only."""
    out = np.empty(n) if out is None else out
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double *to = room[double](out, n, "out")
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b")
    cdef uint64_t[2] key
    cdef vn_status status
    key[0] = key0
    key[1] = key1
    with nogil:
        status = vn_beta_sample(n, va, vb, key, 0, n_threads, poll_signals, NULL, to)
    check(status, "for the posteriors")
    return out


def moment(str which, int64_t n, const double[::1] a, const double[::1] b, int n_threads, out=None):
    """The mean, variance, std or entropy, shape (n,)."""
    out = np.empty(n) if out is None else out
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double *to = room[double](out, n, "out")
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b")
    cdef vn_beta_moment name = <vn_beta_moment>member(MOMENTS, which, "which")
    cdef vn_status status
    with nogil:
        status = vn_beta_moments(n, va, vb, name, n_threads, poll_signals, NULL, to)
    check(status, "for the posteriors")
    return out


def divergence(int64_t n, const double[::1] a, const double[::1] b, const double[::1] c,
               const double[::1] d, int n_threads, out=None):
    """KL(Beta(a, b) || Beta(c, d)), shape (n,)."""
    out = np.empty(n) if out is None else out
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double *to = room[double](out, n, "out")
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b")
    cdef vn_values vc = values(c, n, "c"), vd = values(d, n, "d")
    cdef vn_status status
    with nogil:
        status = vn_beta_divergence(n, va, vb, vc, vd, n_threads, poll_signals, NULL, to)
    check(status, "for the posteriors")
    return out


def digammas(const double[::1] z not None):
    """(digamma, trigamma) of z, each of shape (n,)."""
    first, second = np.empty(z.shape[0]), np.empty(z.shape[0])
    cdef double[::1] one = first, two = second
    if z.shape[0]:
        with nogil:
            vn_digammas(z.shape[0], &z[0], &one[0], &two[0])
    return first, second
