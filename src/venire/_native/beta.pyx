"""Kernels of Beta posteriors: views around csrc/vn_beta.h.

Every array is one-dimensional float64 of length n, or of length 1 where it holds for all; n is
given. Values are taken to be in range. Long calls are cut in pieces so that Ctrl-C works."""

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int64_t, uint64_t

from venire._native.border cimport at, member, team


cdef extern from "vn_beta.h" nogil:
    ctypedef struct vn_values:
        const double *at
        int step
    ctypedef enum vn_beta_moment:
        VN_BETA_MEAN
        VN_BETA_VARIANCE
        VN_BETA_STD
        VN_BETA_ENTROPY
    void vn_beta_cdf(int64_t, vn_values, vn_values, vn_values, int, int, double *)
    void vn_beta_quantile(int64_t, vn_values, vn_values, vn_values, int, double *)
    void vn_beta_greater(int64_t, vn_values, vn_values, vn_values, vn_values, int, double *)
    void vn_beta_sample(int64_t, vn_values, vn_values, const uint64_t *, uint64_t, int, double *)
    void vn_beta_moments(int64_t, vn_values, vn_values, vn_beta_moment, int, double *)
    void vn_beta_divergence(int64_t, vn_values, vn_values, vn_values, vn_values, int, double *)
    void vn_digammas(int64_t, const double *, double *, double *)


MOMENTS = {"mean": 0, "variance": 1, "std": 2, "entropy": 3}

cdef enum:
    PIECE = 1 << 18  # a multiple of every block of the kernels
    PIECE_OF_PAIRS = 1 << 12


cdef inline vn_values values(const double[::1] array, int64_t n, str name) except *:
    cdef vn_values v
    v.step = array is not None and array.shape[0] == n and n > 1
    v.at = at(array, n if v.step else 1, name)
    return v


cdef inline vn_values behind(vn_values v, int64_t count) noexcept nogil:
    v.at += count * v.step
    return v


def cdf(int64_t n, const double[::1] a, const double[::1] b, const double[::1] x, bint upper,
        int n_threads):
    """I_x(a, b), or 1 - I_x(a, b) where `upper`, shape (n,)."""
    out = np.empty(n)
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double[::1] view = out
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b"), vx = values(x, n, "x")
    cdef int64_t k
    for k in range(0, n, PIECE):
        with nogil:
            vn_beta_cdf(min(n - k, PIECE), behind(va, k), behind(vb, k), behind(vx, k), upper,
                        n_threads, &view[k])
        PyErr_CheckSignals()
    return out


def quantile(int64_t n, const double[::1] a, const double[::1] b, const double[::1] q,
             int n_threads):
    """x with I_x(a, b) = q, shape (n,)."""
    out = np.empty(n)
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double[::1] view = out
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b"), vq = values(q, n, "q")
    cdef int64_t k
    for k in range(0, n, PIECE):
        with nogil:
            vn_beta_quantile(min(n - k, PIECE), behind(va, k), behind(vb, k), behind(vq, k),
                             n_threads, &view[k])
        PyErr_CheckSignals()
    return out


def greater(int64_t n, const double[::1] a, const double[::1] b, const double[::1] c,
            const double[::1] d, int n_threads):
    """P(X > Y) for X ~ Beta(a, b), Y ~ Beta(c, d), shape (n,)."""
    out = np.empty(n)
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double[::1] view = out
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b")
    cdef vn_values vc = values(c, n, "c"), vd = values(d, n, "d")
    cdef int64_t k
    for k in range(0, n, PIECE_OF_PAIRS):
        with nogil:
            vn_beta_greater(min(n - k, PIECE_OF_PAIRS), behind(va, k), behind(vb, k),
                            behind(vc, k), behind(vd, k), n_threads, &view[k])
        PyErr_CheckSignals()
    return out


def sample(int64_t n, const double[::1] a, const double[::1] b, uint64_t key0, uint64_t key1,
           int n_threads):
    """Draws, shape (n,): number i depends on the key, i and its shapes only."""
    out = np.empty(n)
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double[::1] view = out
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b")
    cdef uint64_t[2] key
    cdef int64_t k
    key[0] = key0
    key[1] = key1
    for k in range(0, n, PIECE):
        with nogil:
            vn_beta_sample(min(n - k, PIECE), behind(va, k), behind(vb, k), key, k, n_threads,
                           &view[k])
        PyErr_CheckSignals()
    return out


def moment(str which, int64_t n, const double[::1] a, const double[::1] b, int n_threads):
    """The mean, variance, std or entropy, shape (n,)."""
    out = np.empty(n)
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double[::1] view = out
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b")
    cdef vn_beta_moment name = <vn_beta_moment>member(MOMENTS, which, "which")
    cdef int64_t k
    for k in range(0, n, 16 * PIECE):
        with nogil:
            vn_beta_moments(min(n - k, 16 * PIECE), behind(va, k), behind(vb, k), name, n_threads,
                            &view[k])
        PyErr_CheckSignals()
    return out


def divergence(int64_t n, const double[::1] a, const double[::1] b, const double[::1] c,
               const double[::1] d, int n_threads):
    """KL(Beta(a, b) || Beta(c, d)), shape (n,)."""
    out = np.empty(n)
    n_threads = team(n_threads)
    if n == 0:
        return out
    cdef double[::1] view = out
    cdef vn_values va = values(a, n, "a"), vb = values(b, n, "b")
    cdef vn_values vc = values(c, n, "c"), vd = values(d, n, "d")
    cdef int64_t k
    for k in range(0, n, PIECE):
        with nogil:
            vn_beta_divergence(min(n - k, PIECE), behind(va, k), behind(vb, k), behind(vc, k),
                               behind(vd, k), n_threads, &view[k])
        PyErr_CheckSignals()
    return out


def digammas(const double[::1] z not None):
    """(digamma, trigamma) of z, each of shape (n,)."""
    first, second = np.empty(z.shape[0]), np.empty(z.shape[0])
    cdef double[::1] one = first, two = second
    if z.shape[0]:
        with nogil:
            vn_digammas(z.shape[0], &z[0], &one[0], &two[0])
    return first, second
