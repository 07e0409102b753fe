"""Bootstrap replicates of fits: views around csrc/vn_draws.c, vn_replicates.c and
vn_replicate_edges.c."""

import numpy as np

from libc.stdint cimport INT32_MAX, int8_t, int32_t, int64_t, uint64_t

from venire._native.border cimport at, at_if, codes, member, same, team, within
from venire._native.common cimport VN_BAD_VALUE, VN_OK, VN_TOO_LARGE, check, poll_signals, vn_status
from venire._native.model cimport row_of, vn_model_row
from venire._native.prior cimport prior_of


KINDS = {"multinomial": 0, "poisson": 1, "bayesian": 2}
LANES = 32


def too_many(most):
    """What is wrong with so many comparisons of one kind."""
    return (f"weight: {most:g} comparisons of one pair and outcome are too many to resample by "
            "number: at most 10**7; draw with scheme='bayesian', or cells instead of outcomes")


cdef class Draws:
    """Draws over units of `count` (n,) rows each, which are at least 1."""

    cdef vn_draws *d
    cdef uint64_t key[2]
    cdef readonly int64_t n

    def __cinit__(self, str kind, const double[::1] count not None, key):
        cdef vn_status status
        cdef const double *c = at(count, count.shape[0], "count")
        within(count.shape[0], 1, INT32_MAX, "count (length)")
        self.key[0], self.key[1] = key
        self.n = count.shape[0]
        status = vn_draws_new(<vn_resample_kind>member(KINDS, kind, "kind"), self.n, c, &self.d)
        if status == VN_TOO_LARGE:
            raise ValueError(too_many(np.max(count)))
        if status == VN_BAD_VALUE:
            raise ValueError("count: is not finite, or below 1")
        check(status, "for the tables of the draws")

    def __dealloc__(self):
        vn_draws_free(self.d)

    def replicate(self, int64_t r):
        """The draws of one replicate, (n,) float64."""
        out = np.empty(self.n)
        cdef double[::1] view = out
        with nogil:
            vn_draws_block(self.d, self.key, r, 1, &view[0])
        return out


cdef int resampled(
    vn_replicates *p, Draws draws, int64_t n_items, const int32_t[::1] first,
    const int32_t[::1] second, const int32_t[::1] edge, const int32_t[::1] unit,
    const int8_t[::1] outcome, const double[::1] mass,
) except -1:
    """Point at edges and the rows that are drawn."""
    cdef int64_t k, n = first.shape[0], n_rows = edge.shape[0]
    cdef int wrong = 0
    within(n_items, 1, INT32_MAX, "n_items")
    within(n, 1, INT32_MAX, "first (length)")
    within(n_rows, 1, INT32_MAX, "edge (length)")
    p.n_items, p.n_edges, p.n_rows, p.n_units = n_items, n, n_rows, draws.n
    p.first, p.second = at(first, n, "first"), at(second, n, "second")
    p.edge, p.unit = at(edge, n_rows, "edge"), at_if(unit, n_rows, "unit")
    p.outcome, p.mass = at(outcome, n_rows, "outcome"), at_if(mass, n_rows, "mass")
    codes(p.first, n, n_items, "first")
    codes(p.second, n, n_items, "second")
    codes(p.edge, n_rows, n, "edge")
    if unit is None:
        same(n_rows, draws.n, "edge")
    else:
        codes(p.unit, n_rows, draws.n, "unit")
    for k in range(n_rows):
        wrong |= (p.outcome[k] < 0) | (p.outcome[k] > 2) | (k > 0 and p.edge[k] < p.edge[k - 1])
    if wrong:
        raise ValueError("edge, outcome: edges are not in order, or an outcome is not 0, 1 or 2")
    return 0


cdef class Edges:
    """The edges of one replicate at a time, in arrays that the next one overwrites.

    Edges are sorted by `first`, rows by `edge`. Without `has_tie` ties count half a win to each."""

    cdef vn_replicates p
    cdef Draws draws
    cdef object keep, arrays
    cdef const int8_t[::1] order
    cdef double[::1] draw

    def __cinit__(
        self,
        Draws draws not None,
        int64_t n_items,
        const int32_t[::1] first not None,
        const int32_t[::1] second not None,
        const int8_t[::1] order not None,
        const int32_t[::1] edge not None,
        const int32_t[::1] unit,
        const int8_t[::1] outcome not None,
        const double[::1] mass,
        *,
        bint has_tie,
    ):
        cdef int64_t n = first.shape[0]
        self.draws, self.order = draws, order
        self.keep = (first, second, edge, unit, outcome, mass)
        self.p.has_tie = has_tie
        resampled(&self.p, draws, n_items, first, second, edge, unit, outcome, mass)
        at(order, n, "order")
        self.draw = np.empty(draws.n)
        self.arrays = (
            np.empty(n_items + 1, np.int64), np.empty(n, np.int32), np.empty(n, np.int8),
            np.empty(n, np.int32), np.empty(n), np.empty(n), np.empty(n) if has_tie else None,
        )

    def of(self, int64_t r):
        """ptr, second, order, number, win, loss, tie of replicate r: `number` says which edge each
        is; tie is None where none was drawn."""
        ptr, second, order, number, win, loss, tie = self.arrays
        cdef int64_t[::1] ptr_view = ptr
        cdef int32_t[::1] second_view = second, number_view = number
        cdef int8_t[::1] order_view = order
        cdef double[::1] win_view = win, loss_view = loss, tie_view = tie
        cdef double *ties = &tie_view[0] if self.p.has_tie else NULL
        cdef double total = 0.0
        cdef int64_t n
        with nogil:
            vn_draws_block(self.draws.d, self.draws.key, r, 1, &self.draw[0])
            n = vn_replicate_edges(&self.p, &self.order[0], &self.draw[0], &ptr_view[0],
                                   &second_view[0], &order_view[0], &number_view[0], &win_view[0],
                                   &loss_view[0], ties, &total)
        tied = tie[:n] if self.p.has_tie and total > 0.0 else None
        return ptr, second[:n], order[:n], number[:n], win[:n], loss[:n], tied


def dense_inverse(double[:, ::1] matrix not None):
    """Invert a symmetric positive definite matrix in place; False where it is not."""
    cdef vn_status status
    cdef int64_t n = matrix.shape[0]
    same(matrix.shape[1], n, "matrix")
    if n == 0:
        return True
    with nogil:
        status = vn_dense_inverse(n, &matrix[0, 0])
    return status == VN_OK


def fit_replicates(
    Draws draws not None,
    str model,
    const int32_t[::1] first not None,
    const int32_t[::1] second not None,
    const int32_t[::1] edge not None,
    const int32_t[::1] unit,
    const int8_t[::1] outcome not None,
    const double[::1] mass,
    const int32_t[::1] component not None,
    const double[:, ::1] inverse not None,
    const double[::1] start not None,
    *,
    prior,
    double tol,
    int max_iter,
    int64_t begin,
    int64_t end,
    int n_threads,
):
    """Replicates begin <= r < end: theta, log_tie (or None), residual, status, n_iter."""
    cdef vn_replicates p
    cdef vn_status status
    cdef const vn_model_row *row = row_of(model)
    cdef bint has_tie = row.has_tie
    cdef int64_t n_items = component.shape[0], n_parameters = n_items + has_tie
    resampled(&p, draws, n_items, first, second, edge, unit, outcome, mass)
    p.model, p.has_tie = row, has_tie
    p.prior = prior_of(prior, n_items)
    p.component = at(component, n_items, "component")
    codes(p.component, n_items, n_items, "component")
    same(inverse.shape[0], n_parameters, "inverse")
    same(inverse.shape[1], n_parameters, "inverse (columns)")
    p.inverse, p.start = &inverse[0, 0], at(start, n_parameters, "start")
    p.tol, p.max_iter = tol, max_iter
    within(begin, 0, end, "begin")
    n = end - begin
    n_threads = team(n_threads)
    theta, residual = np.empty((n, p.n_items)), np.empty(n)
    log_tie = np.empty(n) if has_tie else None
    state, n_iter = np.empty(n, np.int8), np.empty(n, np.int32)
    if n == 0:
        return theta, log_tie, residual, state, n_iter
    cdef double[:, ::1] theta_view = theta
    cdef double[::1] residual_view = residual, tie_view
    cdef int8_t[::1] state_view = state
    cdef int32_t[::1] iter_view = n_iter
    cdef double *tie = NULL
    if has_tie:
        tie_view = log_tie
        tie = &tie_view[0]
    with nogil:
        status = vn_replicates_fit(&p, draws.d, draws.key, begin, end, n_threads, poll_signals, NULL,
                                   &theta_view[0, 0], tie, &residual_view[0], &state_view[0],
                                   &iter_view[0])
    check(status, "for a block of replicates of each thread")
    return theta, log_tie, residual, state, n_iter
