"""Fits of many groups and their replicates: views on arrays around csrc/vn_group_fit.c and
csrc/vn_group_replicates.c."""

import numpy as np

from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t

from venire._native.border cimport at, at_if, member, offsets, room, room_if, same, steps, team
from venire._native.border cimport within
from venire._native.common cimport VN_BAD_VALUE, VN_TOO_LARGE, check, poll_signals, vn_status
from venire._native.model cimport row_of
from venire._native.prior cimport prior_of
from venire._native.replicates import too_many


KINDS = {"multinomial": 0, "poisson": 1, "bayesian": 2}
UNITS = {"auto": 0, "outcomes": 1, "cells": 2}

#: Status of a group by the native layer's code; the last is an order to the caller, not a result.
STATUSES = ("converged", "not identified", "no comparisons", "iteration limit", "elsewhere")
ELSEWHERE = 4

cdef enum:
    SMALL = 4000  # cells below which starting threads costs more than it saves


cdef class Estimates:
    """Arrays that a fit fills: theta by item; gamma, log_tie, residual, n_iter, n_parts and status
    by group. gamma and log_tie are None unless each group has its own."""

    def __init__(self, int64_t n_items, int64_t n_groups, bint gamma, bint log_tie):
        self.theta = np.zeros(n_items)
        self.gamma = np.zeros(n_groups) if gamma else None
        self.log_tie = np.zeros(n_groups) if log_tie else None
        self.residual = np.zeros(n_groups)
        self.n_iter = np.zeros(n_groups, np.int32)
        self.n_parts = np.zeros(n_groups, np.int32)
        self.status = np.zeros(n_groups, np.int8)


cdef vn_group_result result_of(Estimates e, int64_t n_items, int64_t n_groups) except *:
    """Where the arrays start. What a call only reads may be read-only."""
    cdef vn_group_result r
    r.theta = <double *>at[double](e.theta, n_items, "theta")
    r.gamma = <double *>at_if[double](e.gamma, n_groups, "gamma")
    r.log_tie = <double *>at_if[double](e.log_tie, n_groups, "log_tie")
    r.residual = <double *>at[double](e.residual, n_groups, "residual")
    r.n_iter = <int32_t *>at[int32_t](e.n_iter, n_groups, "n_iter")
    r.n_parts = <int32_t *>at[int32_t](e.n_parts, n_groups, "n_parts")
    r.status = <int8_t *>at[int8_t](e.status, n_groups, "status")
    return r


cdef int sorted_cells(const vn_grouped *g) except -1:
    """Cells of each group must be of two of its items, first below second, each (first, second,
    order) once and in this order: a pair that came more often would not fit its item's row."""
    cdef int64_t k, c, n, key, before
    cdef int64_t a, b, most
    cdef int wrong
    for k in range(g.n_groups):
        n = g.item_ptr[k + 1] - g.item_ptr[k]
        before = most = -1
        wrong = 0
        for c in range(g.cell_ptr[k], g.cell_ptr[k + 1]):
            a, b = g.first[c], g.second[c]
            key = a << 33 | b << 2 | <int64_t>(g.order[c] + 1)
            wrong |= (a < 0) | (a >= b) | (g.order[c] < -1) | (g.order[c] > 1) | (key <= before)
            most = max(most, b)
            before = key
        if wrong or most >= n:
            raise ValueError(f"first, second: not the sorted cells of the {n} items of group {k}")
    return 0


cdef int rows(Py_ssize_t *shape, Py_ssize_t *strides, int64_t size, int64_t stride, int64_t n,
              int64_t n_columns, str name) except -1:
    """Room for n rows of n_columns numbers of `size` bytes, `stride` apart where that is not 0."""
    same(shape[0], n, name)
    within(n_columns, 0, shape[1], f"{name} (columns)")
    if shape[1] > 1 and strides[1] != size or stride and strides[0] != stride * size:
        raise ValueError(f"{name}: rows are not contiguous, or not as far apart as the others'")
    return 0


cdef class Groups:
    """Cells of groups and a model; arrays are kept, not copied.

    `gamma`, `tie`: the model has an order effect and a tie parameter; `shared`: they have the values
    of `fixed`, else each group has its own.
    """


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
        prior=None,
        bint gamma=False,
        bint shared=False,
    ):
        cdef int64_t n = first.shape[0], n_groups = steps(item_ptr, "item_ptr")
        self.keep = (item_ptr, cell_ptr, first, second, order, win, loss, tie, prior)
        self.n_items, self.n_cells = item_ptr[n_groups], n
        offsets(item_ptr, 0, self.n_items, "item_ptr")
        same(cell_ptr.shape[0], n_groups + 1, "cell_ptr")
        offsets(cell_ptr, 0, n, "cell_ptr")
        self.g.n_groups, self.g.item_ptr, self.g.cell_ptr = n_groups, &item_ptr[0], &cell_ptr[0]
        self.g.first, self.g.second = at(first, n, "first"), at(second, n, "second")
        self.g.order, self.g.tie = at(order, n, "order"), at_if(tie, n, "tie")
        self.g.win, self.g.loss = at(win, n, "win"), at(loss, n, "loss")
        sorted_cells(&self.g)
        self.model.model = row_of(model)
        if self.model.model.has_tie:
            at(tie, n, "tie")
        self.model.prior = prior_of(prior, self.n_items)
        self.model.centre = 0.0 if prior is None else prior.centre
        self.model.has_gamma = gamma
        self.model.has_tie = self.model.model.has_tie
        self.model.free_border = not shared
        self.model.fixed[0] = self.model.fixed[1] = 0.0

    def fix(self, values):
        """Values of the shared gamma and log tie, as present."""
        within(len(values), 0, 2, "values")
        for k, value in enumerate(values):
            self.model.fixed[k] = value

    def set_precision(self, double precision):
        """Another precision of all items' prior, also in the array where they go by item."""
        cdef double *by_item = <double *>self.model.prior.precision
        cdef int64_t i
        if by_item == NULL:
            self.model.prior.all = precision
        else:
            for i in range(self.n_items):
                by_item[i] = precision

    cdef int threads(self, int64_t start, int64_t stop, int n_threads) except -1:
        within(stop, 0, self.g.n_groups, "stop")
        within(start, 0, stop, "start")
        return team(n_threads) if self.g.cell_ptr[stop] - self.g.cell_ptr[start] > SMALL else 1

    cdef vn_group_result fitted(self, Estimates e) except *:
        cdef vn_group_result r = result_of(e, self.n_items, self.g.n_groups)
        if self.model.free_border and self.g.n_groups:
            if self.model.has_gamma and r.gamma == NULL or self.model.has_tie and r.log_tie == NULL:
                raise ValueError("gamma, log_tie: is None, but each group has its own")
        return r

    def fit(self, Estimates e not None, int64_t start, int64_t stop, *, double tol, int max_iter,
            int patience, bint warm, int n_threads):
        """Fit the groups [start, stop) whose status is 0; where `warm`, from what `e` holds."""
        cdef vn_group_result r = self.fitted(e)
        cdef vn_group_options o
        o.model, o.tol, o.max_iter, o.patience = self.model, tol, max_iter, patience
        o.warm = warm
        cdef int threads = self.threads(start, stop, n_threads)
        cdef vn_status status
        with nogil:
            status = vn_fit_groups(&self.g, start, stop, &o, threads, poll_signals, NULL, &r)
        check(status, "to fit the groups")

    def variances(self, Estimates e not None, int64_t start, int64_t stop, out, difference_out,
                  gamma_out, log_tie_out, border, int n_threads):
        """Variances of theta into `out`, of the cells' differences (or None), and of each group's
        own gamma and log tie (or None); `border`: the inverse Schur complement (4,) of shared ones,
        or None."""
        cdef vn_group_result r = self.fitted(e)
        cdef double *v = room[double](out, self.n_items, "out")
        cdef double *dv = room_if[double](difference_out, self.n_cells, "difference_out")
        cdef double *gv = room_if[double](gamma_out, self.g.n_groups, "gamma_out")
        cdef double *tv = room_if[double](log_tie_out, self.g.n_groups, "log_tie_out")
        cdef const double *b = at_if[double](border, 4, "border")
        cdef int threads = self.threads(start, stop, n_threads)
        cdef vn_status status
        with nogil:
            status = vn_group_variances(&self.g, start, stop, &self.model, &r, b, threads,
                                        poll_signals, NULL, v, dv, gv, tv)
        check(status, "for the standard errors")

    def log_likelihoods(self, Estimates e not None, int64_t start, int64_t stop, out,
                        int n_threads):
        """Log-likelihood of each group, without the prior, into `out`."""
        cdef vn_group_result r = self.fitted(e)
        cdef double *v = room[double](out, self.g.n_groups, "out")
        cdef int threads = self.threads(start, stop, n_threads)
        cdef vn_status status
        with nogil:
            status = vn_group_log_likelihoods(&self.g, start, stop, &self.model, &r, threads,
                                              poll_signals, NULL, v)
        check(status, "for the log-likelihoods")

    def evidence(self, Estimates e not None, int64_t start, int64_t stop, int n_threads):
        """What the groups [start, stop) say of the precision of their prior, (stop - start, 6): |m|^2,
        m.w, tr A^-1, the sum of squares of its diagonal, tr(A^-1 H'[w]), and the number of parameters
        besides theta; see csrc/vn_small_evidence.h. Zeros where there is no fit."""
        cdef vn_group_result r = self.fitted(e)
        cdef int threads = self.threads(start, stop, n_threads)
        found = np.zeros((stop - start, sizeof(vn_small_evidence) // sizeof(double)))
        cdef double *out = room[double](found.reshape(-1), found.size, "found")
        cdef vn_status status
        with nogil:
            status = vn_group_evidence(&self.g, start, stop, &self.model, &r, threads, poll_signals,
                                       NULL, <vn_small_evidence *>out)
        check(status, "for the evidence")
        return found

    def profile(self, Estimates e not None, int64_t start, int64_t stop, out, *, double z,
                bint jeffreys, anchor, wanted, int n_threads):
        """Profile-likelihood bounds of theta into `out` (n_items, 2), of the items that are `wanted`
        (int8, or None: all); `anchor` (int32, by group, or None): positions that theta is relative
        to."""
        cdef vn_group_result r = self.fitted(e)
        cdef double *b = room[double](out.reshape(-1), 2 * self.n_items, "out")
        cdef const int32_t *a = at_if[int32_t](anchor, self.g.n_groups, "anchor")
        cdef const int8_t *w = at_if[int8_t](wanted, self.n_items, "wanted")
        cdef int64_t k
        for k in range(self.g.n_groups if a != NULL else 0):
            within(a[k], -1, self.g.item_ptr[k + 1] - self.g.item_ptr[k] - 1, "anchor")
        cdef int threads = self.threads(start, stop, n_threads)
        cdef vn_status status
        with nogil:
            status = vn_group_profile(&self.g, start, stop, &self.model, &r, z, jeffreys, a, w,
                                      threads, poll_signals, NULL, b)
        check(status, "for the profiles")

    def border(self, Estimates e not None, int64_t start, int64_t stop, slope, schur,
               int n_threads):
        """Slopes (n_groups, 2) of the log-likelihood in the shared parameters, and Schur
        complements (n_groups, 2, 2)."""
        cdef vn_group_result r = self.fitted(e)
        cdef double *s = room[double](slope, 2 * self.g.n_groups, "slope")
        cdef double *c = room[double](schur, 4 * self.g.n_groups, "schur")
        cdef int threads = self.threads(start, stop, n_threads)
        cdef vn_status status
        with nogil:
            status = vn_group_border(&self.g, start, stop, &self.model, &r, threads,
                                     poll_signals, NULL, s, c)
        check(status, "for the shared parameters")

    def bootstrap(self, Estimates e not None, int64_t start, int64_t stop,
                  const uint64_t[:, ::1] keys not None, int64_t begin, int64_t end, out, *, str kind,
                  str unit, double tol, int max_iter, int patience, int n_threads):
        """Replicates begin <= r < end of the groups [start, stop), which `e` holds the fits of, into
        `out`: theta (end - begin, items), gamma and log_tie (or None), residual, status and n_iter
        (end - begin, groups), whose rows may be longer than these."""
        cdef vn_group_result fit = self.fitted(e)
        cdef vn_group_resampling how
        cdef vn_group_replicates r
        cdef vn_group_options o
        o.model, o.tol, o.max_iter, o.patience = self.model, tol, max_iter, patience
        how.kind = <vn_resample_kind>member(KINDS, kind, "kind")
        how.unit = <vn_group_unit>member(UNITS, unit, "unit")
        same(keys.shape[0], self.g.n_groups, "keys")
        same(keys.shape[1], 2, "keys (words)")
        within(begin, 0, end, "begin")
        within(stop, 0, self.g.n_groups, "stop")
        within(start, 0, stop, "start")
        cdef double[:, :] theta = out.theta, residual = out.residual, gamma, log_tie
        cdef int8_t[:, :] state = out.status
        cdef int32_t[:, :] n_iter = out.n_iter
        cdef int64_t n = end - begin, n_groups = stop - start
        cdef int64_t n_items = self.g.item_ptr[stop] - self.g.item_ptr[start]
        if not (n_groups and n and n_items):
            return
        how.key, how.begin, how.end = &keys[0, 0], begin, end
        rows(theta.shape, theta.strides, sizeof(double), 0, n, n_items, "theta")
        cdef int64_t stride = residual.strides[0] // <int64_t>sizeof(double)
        rows(residual.shape, residual.strides, sizeof(double), stride, n, n_groups, "residual")
        rows(state.shape, state.strides, 1, stride, n, n_groups, "status")
        rows(n_iter.shape, n_iter.strides, sizeof(int32_t), stride, n, n_groups, "n_iter")
        r.theta, r.item_stride = &theta[0, 0], theta.strides[0] // sizeof(double)
        r.residual, r.group_stride = &residual[0, 0], residual.strides[0] // sizeof(double)
        r.status, r.n_iter = &state[0, 0], &n_iter[0, 0]
        r.gamma = r.log_tie = NULL
        if out.gamma is not None:
            gamma = out.gamma
            rows(gamma.shape, gamma.strides, sizeof(double), stride, n, n_groups, "gamma")
            r.gamma = &gamma[0, 0]
        if out.log_tie is not None:
            log_tie = out.log_tie
            rows(log_tie.shape, log_tie.strides, sizeof(double), stride, n, n_groups, "log_tie")
            r.log_tie = &log_tie[0, 0]
        cdef vn_status status
        n_threads = team(n_threads)
        with nogil:
            status = vn_group_bootstrap(&self.g, start, stop, &o, &how, &fit, n_threads,
                                        poll_signals, NULL, &r)
        if status == VN_TOO_LARGE:
            masses = [np.max(x) for x in self.keep[5:8] if x is not None]
            raise ValueError(too_many(max(masses)))
        if status == VN_BAD_VALUE:
            raise ValueError("win, loss, tie: outcomes are drawn by number, but one is not whole")
        check(status, "for the replicates of a group")


def summary(const int64_t[::1] ptr not None, theta, status, const double[::1] probs not None,
            int n_threads):
    """Mean, standard deviation and quantiles (n_columns, n_probs) of the columns of theta
    (n_resamples, n_columns), of those replicates whose status (n_resamples, n_groups) is 0; the
    columns ptr[k] - ptr[0] to ptr[k + 1] - ptr[0] are those of group k."""
    cdef const double[:, :] draws = theta
    cdef const int8_t[:, :] state = status
    cdef int64_t n_groups = steps(ptr, "ptr"), n = ptr[n_groups] - ptr[0], n_probs = probs.shape[0]
    offsets(ptr, ptr[0], ptr[n_groups], "ptr")
    rows(draws.shape, draws.strides, sizeof(double), 0, draws.shape[0], n, "theta")
    rows(state.shape, state.strides, 1, 0, draws.shape[0], n_groups, "status")
    mean, deviation, quantiles = np.empty(n), np.empty(n), np.empty((n, n_probs))
    if n == 0 or draws.shape[0] == 0:
        for array in (mean, deviation, quantiles):
            array.fill(np.nan)
        return mean, deviation, quantiles
    cdef double *m = room[double](mean, n, "mean")
    cdef double *d = room[double](deviation, n, "deviation")
    cdef double *q = room[double](quantiles.reshape(-1), n * n_probs, "quantiles")
    cdef const double *p = at(probs, n_probs, "probs")
    cdef vn_status failed
    n_threads = team(n_threads)
    with nogil:
        failed = vn_group_summary(&ptr[0], n_groups, draws.shape[0], &draws[0, 0],
                                  draws.strides[0] // <int64_t>sizeof(double), &state[0, 0],
                                  state.strides[0], n_probs, p, n_threads, poll_signals, NULL, m, d,
                                  q)
    check(failed, "to sort the replicates")
    return mean, deviation, quantiles
