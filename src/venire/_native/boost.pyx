"""Re-weighting of boosting: views around csrc/vn_boost.c."""

import numpy as np

from libc.stdint cimport int64_t, uint8_t

from venire._native.border cimport at, room, team, within


cdef extern from "vn_boost.h" nogil:
    ctypedef enum vn_status:
        VN_OK
    ctypedef enum vn_boost_state:
        pass
    ctypedef enum vn_boost_loss:
        pass
    ctypedef struct vn_boost_step:
        vn_boost_state state
        double error
        double alpha
    vn_status vn_boost_samme(int64_t, const double *, const uint8_t *, double, double, int,
                             double *, vn_boost_step *)
    vn_status vn_boost_r2(int64_t, const double *, const double *, vn_boost_loss, double, int,
                          double *, vn_boost_step *)


def samme(const double[::1] weight not None, const uint8_t[::1] wrong not None, double n_classes,
          double rate, int n_threads):
    """(new weights, state, error, alpha); see csrc/vn_boost.h."""
    cdef int64_t n = weight.shape[0]
    result = np.empty(n)
    cdef const double *w = at(weight, n, "weight")
    cdef const uint8_t *x = at(wrong, n, "wrong")
    cdef double *out = room[double](result, n, "weight")
    cdef vn_boost_step step
    cdef vn_status status
    n_threads = team(n_threads)
    with nogil:
        status = vn_boost_samme(n, w, x, n_classes, rate, n_threads, out,
                                &step)
    if status != VN_OK:
        raise MemoryError("not enough memory to boost")
    return result, <int>step.state, step.error, step.alpha


def r2(const double[::1] weight not None, const double[::1] difference not None, int loss,
       double rate, int n_threads):
    """(new weights, state, error, alpha); loss is 0 linear, 1 square, 2 exponential."""
    cdef int64_t n = weight.shape[0]
    result = np.empty(n)
    cdef const double *w = at(weight, n, "weight")
    cdef const double *x = at(difference, n, "difference")
    cdef double *out = room[double](result, n, "weight")
    cdef vn_boost_step step
    cdef vn_status status
    n_threads = team(n_threads)
    within(loss, 0, 2, "loss")
    with nogil:
        status = vn_boost_r2(n, w, x, <vn_boost_loss>loss, rate, n_threads,
                             out, &step)
    if status != VN_OK:
        raise MemoryError("not enough memory to boost")
    return result, <int>step.state, step.error, step.alpha
