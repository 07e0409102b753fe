"""Fits of many groups and their replicates: views on arrays around csrc/vn_group_fit.c and
csrc/vn_group_replicates.c."""

import numpy as np

from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t

from venire._native.signals cimport poll_signals, raise_pending


cdef extern from "vn_group_fit.h" nogil:
    ctypedef enum vn_status:
        VN_OK
        VN_NO_MEMORY
        VN_INTERRUPTED
        VN_TOO_LARGE
    ctypedef int (*vn_poll)(void *) noexcept nogil
    ctypedef enum vn_model:
        VN_BRADLEY_TERRY
    ctypedef struct vn_small_model:
        vn_model model
        double prior
        int has_gamma
        int has_tie
        int free_border
        double fixed[2]
    ctypedef struct vn_grouped:
        int64_t n_groups
        const int64_t *item_ptr
        const int64_t *cell_ptr
        const int32_t *first
        const int32_t *second
        const int8_t *order
        const double *win
        const double *loss
        const double *tie
    ctypedef struct vn_group_options:
        vn_small_model model
        double tol
        int max_iter
        int patience
        int warm
    ctypedef struct vn_group_result:
        double *theta
        double *gamma
        double *log_tie
        double *residual
        int32_t *n_iter
        int32_t *n_parts
        int8_t *status
    vn_status vn_fit_groups(const vn_grouped *, int64_t, int64_t, const vn_group_options *, int,
                            vn_poll, void *, vn_group_result *)
    vn_status vn_group_variances(const vn_grouped *, int64_t, int64_t, const vn_small_model *,
                                 const vn_group_result *, const double *, int, vn_poll, void *,
                                 double *, double *, double *, double *)
    vn_status vn_group_log_likelihoods(const vn_grouped *, int64_t, int64_t,
                                       const vn_small_model *, const vn_group_result *, int,
                                       vn_poll, void *, double *)
    vn_status vn_group_border(const vn_grouped *, int64_t, int64_t, const vn_small_model *,
                              const vn_group_result *, int, vn_poll, void *, double *, double *)


cdef extern from "vn_group_replicates.h" nogil:
    ctypedef enum vn_resample_kind:
        VN_MULTINOMIAL
    ctypedef enum vn_group_unit:
        VN_UNIT_AUTO
    ctypedef struct vn_group_resampling:
        vn_resample_kind kind
        vn_group_unit unit
        const uint64_t *key
        int64_t begin
        int64_t end
    ctypedef struct vn_group_replicates:
        double *theta
        int64_t item_stride
        double *gamma
        double *log_tie
        double *residual
        int8_t *status
        int32_t *n_iter
        int64_t group_stride
    vn_status vn_group_bootstrap(const vn_grouped *, int64_t, int64_t, const vn_group_options *,
                                 const vn_group_resampling *, const vn_group_result *, int,
                                 vn_poll, void *, vn_group_replicates *)
    vn_status vn_group_summary(const int64_t *, int64_t, int64_t, const double *, int64_t,
                               const int8_t *, int64_t, int, const double *, int, vn_poll,
                               void *, double *, double *, double *)


MODELS = {"bradley-terry": 0, "thurstone": 1, "davidson": 2, "rao-kupper": 3}

KINDS = {"multinomial": 0, "poisson": 1, "bayesian": 2}
UNITS = {"auto": 0, "outcomes": 1, "cells": 2}

#: Status of a group by the native layer's code; the last is an order to the caller, not a result.
STATUSES = ("converged", "not identified", "no comparisons", "iteration limit", "elsewhere")
ELSEWHERE = 4

cdef enum:
    SMALL = 4000  # cells below which starting threads costs more than it saves


cdef int check(vn_status status, str what) except -1:
    if status == VN_INTERRUPTED:
        raise_pending()
    if status != VN_OK:
        raise MemoryError(what)
    return 0


cdef class Estimates:
    """Arrays that a fit fills: theta by item; gamma, log_tie, residual, n_iter, n_parts and status
    by group. gamma and log_tie are None unless each group has its own."""

    cdef public object theta, gamma, log_tie, residual, n_iter, n_parts, status

    def __init__(self, int64_t n_items, int64_t n_groups, bint gamma, bint log_tie):
        self.theta = np.zeros(n_items)
        self.gamma = np.zeros(n_groups) if gamma else None
        self.log_tie = np.zeros(n_groups) if log_tie else None
        self.residual = np.zeros(n_groups)
        self.n_iter = np.zeros(n_groups, np.int32)
        self.n_parts = np.zeros(n_groups, np.int32)
        self.status = np.zeros(n_groups, np.int8)


cdef double *doubles(x) except? NULL:
    """Where an array starts. What a call only reads may be read-only."""
    cdef const double[::1] view
    if x is None or not len(x):
        return NULL
    view = x
    return <double *>&view[0]


cdef vn_group_result result_of(Estimates e):
    cdef vn_group_result r
    cdef const int32_t[::1] n_iter = e.n_iter, n_parts = e.n_parts
    cdef const int8_t[::1] status = e.status
    r.theta, r.gamma, r.log_tie = doubles(e.theta), doubles(e.gamma), doubles(e.log_tie)
    r.residual = doubles(e.residual)
    r.n_iter = <int32_t *>&n_iter[0] if n_iter.shape[0] else NULL
    r.n_parts = <int32_t *>&n_parts[0] if n_parts.shape[0] else NULL
    r.status = <int8_t *>&status[0] if status.shape[0] else NULL
    return r


cdef class Groups:
    """Cells of groups and a model; arrays are kept, not copied, and not checked.

    `gamma`, `tie`: the model has an order effect and a tie parameter; `shared`: they have the values
    of `fixed`, else each group has its own.
    """

    cdef vn_grouped g
    cdef vn_small_model model
    cdef object keep
    cdef const int64_t[::1] cell_ptr

    def __cinit__(
        self,
        str model,
        const int64_t[::1] item_ptr not None,
        const int64_t[::1] cell_ptr not None,
        const int32_t[::1] first not None,
        const int32_t[::1] second not None,
        const int8_t[::1] order not None,
        const double[::1] win not None,
        const double[::1] loss not None,
        const double[::1] tie=None,
        *,
        double prior=0.0,
        bint gamma=False,
        bint has_tie=False,
        bint shared=False,
    ):
        self.keep = (item_ptr, cell_ptr, first, second, order, win, loss, tie)
        self.cell_ptr = cell_ptr
        self.g.n_groups = item_ptr.shape[0] - 1
        self.g.item_ptr = &item_ptr[0]
        self.g.cell_ptr = &cell_ptr[0]
        self.g.tie = NULL
        if first.shape[0]:
            self.g.first = &first[0]
            self.g.second = &second[0]
            self.g.order = &order[0]
            self.g.win = &win[0]
            self.g.loss = &loss[0]
            if tie is not None:
                self.g.tie = &tie[0]
        self.model.model = <vn_model><int>MODELS[model]
        self.model.prior = prior
        self.model.has_gamma = gamma
        self.model.has_tie = has_tie
        self.model.free_border = not shared
        self.model.fixed[0] = self.model.fixed[1] = 0.0

    def fix(self, values):
        """Values of the shared gamma and log tie, as present."""
        for k, value in enumerate(values):
            self.model.fixed[k] = value

    cdef int threads(self, int64_t start, int64_t stop, int n_threads):
        return n_threads if self.cell_ptr[stop] - self.cell_ptr[start] > SMALL else 1

    def fit(self, Estimates e not None, int64_t start, int64_t stop, *, double tol, int max_iter,
            int patience, bint warm, int n_threads):
        """Fit the groups [start, stop) whose status is 0; where `warm`, from what `e` holds."""
        cdef vn_group_result r = result_of(e)
        cdef vn_group_options o
        o.model, o.tol, o.max_iter, o.patience = self.model, tol, max_iter, patience
        o.warm = warm
        cdef int threads = self.threads(start, stop, n_threads)
        cdef vn_status status
        with nogil:
            status = vn_fit_groups(&self.g, start, stop, &o, threads, poll_signals, NULL, &r)
        check(status, "not enough memory to fit the groups")

    def variances(self, Estimates e not None, int64_t start, int64_t stop, out, difference_out,
                  gamma_out, log_tie_out, border, int n_threads):
        """Variances of theta into `out`, of the cells' differences (or None), and of each group's
        own gamma and log tie (or None); `border`: the inverse Schur complement (4,) of shared ones,
        or None."""
        cdef vn_group_result r = result_of(e)
        cdef double *v = doubles(out)
        cdef double *dv = doubles(difference_out)
        cdef double *gv = doubles(gamma_out)
        cdef double *tv = doubles(log_tie_out)
        cdef double *b = doubles(border)
        cdef int threads = self.threads(start, stop, n_threads)
        cdef vn_status status
        with nogil:
            status = vn_group_variances(&self.g, start, stop, &self.model, &r, b, threads,
                                        poll_signals, NULL, v, dv, gv, tv)
        check(status, "not enough memory for the standard errors")

    def log_likelihoods(self, Estimates e not None, int64_t start, int64_t stop, out,
                        int n_threads):
        """Log-likelihood of each group, without the prior, into `out`."""
        cdef vn_group_result r = result_of(e)
        cdef double *v = doubles(out)
        cdef int threads = self.threads(start, stop, n_threads)
        cdef vn_status status
        with nogil:
            status = vn_group_log_likelihoods(&self.g, start, stop, &self.model, &r, threads,
                                              poll_signals, NULL, v)
        check(status, "not enough memory for the log-likelihoods")

    def border(self, Estimates e not None, int64_t start, int64_t stop, slope, schur,
               int n_threads):
        """Slopes (n_groups, 2) of the log-likelihood in the shared parameters, and Schur
        complements (n_groups, 2, 2)."""
        cdef vn_group_result r = result_of(e)
        cdef double *s = doubles(slope)
        cdef double *c = doubles(schur)
        cdef int threads = self.threads(start, stop, n_threads)
        cdef vn_status status
        with nogil:
            status = vn_group_border(&self.g, start, stop, &self.model, &r, threads,
                                     poll_signals, NULL, s, c)
        check(status, "not enough memory for the shared parameters")

    def bootstrap(self, Estimates e not None, int64_t start, int64_t stop,
                  const uint64_t[:, ::1] keys not None, int64_t begin, int64_t end, out, *, str kind,
                  str unit, double tol, int max_iter, int patience, int n_threads):
        """Replicates begin <= r < end of the groups [start, stop), which `e` holds the fits of, into
        `out`: theta (end - begin, items), gamma and log_tie (or None), residual, status and n_iter
        (end - begin, groups), whose rows may be longer than these."""
        cdef vn_group_result fit = result_of(e)
        cdef vn_group_resampling how
        cdef vn_group_replicates r
        cdef vn_group_options o
        o.model, o.tol, o.max_iter, o.patience = self.model, tol, max_iter, patience
        how.kind = <vn_resample_kind><int>KINDS[kind]
        how.unit = <vn_group_unit><int>UNITS[unit]
        how.key, how.begin, how.end = &keys[0, 0], begin, end
        cdef double[:, :] theta = out.theta, residual = out.residual, gamma, log_tie
        cdef int8_t[:, :] state = out.status
        cdef int32_t[:, :] n_iter = out.n_iter
        if not (start < stop and begin < end and theta.shape[1]):
            return
        r.theta, r.item_stride = &theta[0, 0], theta.strides[0] // sizeof(double)
        r.residual, r.group_stride = &residual[0, 0], residual.strides[0] // sizeof(double)
        r.status, r.n_iter = &state[0, 0], &n_iter[0, 0]
        r.gamma = r.log_tie = NULL
        if out.gamma is not None:
            gamma = out.gamma
            r.gamma = &gamma[0, 0]
        if out.log_tie is not None:
            log_tie = out.log_tie
            r.log_tie = &log_tie[0, 0]
        cdef vn_status status
        with nogil:
            status = vn_group_bootstrap(&self.g, start, stop, &o, &how, &fit, n_threads,
                                        poll_signals, NULL, &r)
        if status == VN_TOO_LARGE:
            raise ValueError("a cell has more than 10**7 comparisons: too many to resample")
        check(status, "not enough memory for the replicates of a group")


def summary(const int64_t[::1] ptr not None, theta, status, const double[::1] probs not None,
            int n_threads):
    """Mean, standard deviation and quantiles (n_columns, n_probs) of the columns of theta
    (n_resamples, n_columns), of those replicates whose status (n_resamples, n_groups) is 0; the
    columns ptr[k] - ptr[0] to ptr[k + 1] - ptr[0] are those of group k."""
    cdef double[:, :] draws = theta
    cdef int8_t[:, :] state = status
    cdef int64_t n_groups = ptr.shape[0] - 1, n = ptr[n_groups] - ptr[0]
    cdef int n_probs = probs.shape[0]
    mean, deviation, quantiles = np.empty(n), np.empty(n), np.empty((n, n_probs))
    if n == 0 or draws.shape[0] == 0:
        for array in (mean, deviation, quantiles):
            array.fill(np.nan)
        return mean, deviation, quantiles
    cdef double *m = doubles(mean)
    cdef double *d = doubles(deviation)
    cdef double *q = doubles(quantiles.reshape(-1))
    cdef const double *p = &probs[0] if n_probs else NULL
    cdef vn_status failed
    with nogil:
        failed = vn_group_summary(&ptr[0], n_groups, draws.shape[0], &draws[0, 0],
                                  draws.strides[0] // sizeof(double), &state[0, 0],
                                  state.strides[0], n_probs, p, n_threads, poll_signals, NULL, m, d,
                                  q)
    check(failed, "not enough memory to sort the replicates")
    return mean, deviation, quantiles
