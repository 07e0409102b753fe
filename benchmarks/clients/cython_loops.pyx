"""Scalar kernels of venire and of SciPy in the same loops, and fits."""

from libc.stdint cimport int32_t, int64_t
from scipy.special.cython_special cimport betainc, betaincinv

cimport venire.kernels as vk

vk.import_venire()


def cdf(const double[::1] alpha, const double[::1] beta, const double[::1] x, double[::1] out):
    cdef Py_ssize_t k
    with nogil:
        for k in range(out.shape[0]):
            out[k] = vk.beta_cdf(alpha[k], beta[k], x[k])


def cdf_scipy(const double[::1] alpha, const double[::1] beta, const double[::1] x, double[::1] out):
    cdef Py_ssize_t k
    with nogil:
        for k in range(out.shape[0]):
            out[k] = betainc(alpha[k], beta[k], x[k])


def quantile(const double[::1] alpha, const double[::1] beta, const double[::1] q, double[::1] out):
    cdef Py_ssize_t k
    with nogil:
        for k in range(out.shape[0]):
            out[k] = vk.beta_quantile(alpha[k], beta[k], q[k])


def quantile_scipy(const double[::1] alpha, const double[::1] beta, const double[::1] q,
                   double[::1] out):
    cdef Py_ssize_t k
    with nogil:
        for k in range(out.shape[0]):
            out[k] = betaincinv(alpha[k], beta[k], q[k])


def fits(int times, const int32_t[::1] first, const int32_t[::1] second, const double[::1] win,
         const double[::1] loss, double[::1] theta):
    cdef int k, status = 0
    with nogil:
        for k in range(times):
            status |= vk.fit_small(0, 0.1, theta.shape[0], first.shape[0], &first[0], &second[0],
                                   &win[0], &loss[0], &theta[0])
    return status
