"""Votes of judges with slopes and position biases: views on arrays around csrc/vn_judges.c."""

import numpy as np

from libc.stdint cimport int64_t, uint32_t

from venire._native.border cimport at, room, room_if, team
from venire._native.common cimport check, poll_signals, vn_status
from venire._native.teacher_weights cimport RowVotes

SUMS = VN_JUDGE_SUMS

cdef enum:
    SMALL = 1 << 14  # looks below which starting threads costs more than it saves


cdef class Looks:
    """What each judge says of each row in each order, by row and by judge.

    Attributes
    ----------
    n_looks : int
    has_order : bool
    """

    cdef vn_looks looks
    cdef object arrays
    cdef int n_threads
    cdef readonly int64_t n_looks
    cdef readonly bint has_order

    def __init__(self, RowVotes votes not None, int n_threads):
        cdef int64_t rows = votes.rows.n_rows, n = votes.rows.n_teachers, k
        cdef int single = 0, threads = team(n_threads)
        cdef vn_status status
        row_ptr, judge_ptr = np.empty(rows + 1, np.int64), np.empty(n + 1, np.int64)
        self.looks.n_rows, self.looks.n_judges = rows, n
        self.looks.row_ptr = room[int64_t](row_ptr, rows + 1, "row_ptr")
        self.looks.judge_ptr = room[int64_t](judge_ptr, n + 1, "judge_ptr")
        with nogil:
            status = vn_looks_count(&votes.rows, threads, poll_signals, NULL, self.looks.row_ptr,
                                    &single)
        check(status, "to lay out the votes of judges")
        k = self.n_looks = self.looks.n_looks = row_ptr[rows]
        self.has_order = self.looks.has_order = votes.rows.votes.cells.swapped_runs != NULL
        self.n_threads = threads if k >= SMALL else 1
        codes = [np.empty(k, np.uint32) for _ in range(2)]
        masses = [None if single else np.empty(k) for _ in range(4)]
        self.arrays = (row_ptr, judge_ptr, codes, masses)
        self.looks.by_row.code = room[uint32_t](codes[0], k, "code")
        self.looks.by_judge.code = room[uint32_t](codes[1], k, "code")
        self.looks.by_row.win = room_if[double](masses[0], k, "win")
        self.looks.by_row.mass = room_if[double](masses[1], k, "mass")
        self.looks.by_judge.win = room_if[double](masses[2], k, "win")
        self.looks.by_judge.mass = room_if[double](masses[3], k, "mass")
        with nogil:
            status = vn_looks_fill(&votes.rows, self.n_threads, poll_signals, NULL, &self.looks)
        check(status, "to lay out the votes of judges")

    def by_row(self, difference, slope, bias):
        """Derivative of the log-likelihood in each row's difference, and minus the second one."""
        score, curve = np.empty(self.looks.n_rows), np.empty(self.looks.n_rows)
        cdef const double *d = at[double](difference, self.looks.n_rows, "difference")
        cdef const double *a = at[double](slope, self.looks.n_judges, "slope")
        cdef const double *g = at[double](bias, self.looks.n_judges, "bias")
        cdef double *s = room[double](score, self.looks.n_rows, "score")
        cdef double *c = room[double](curve, self.looks.n_rows, "curve")
        cdef vn_status status
        with nogil:
            status = vn_looks_by_row(&self.looks, d, a, g, self.n_threads, poll_signals, NULL, s, c)
        check(status, "to add up the votes of judges")
        return score, curve

    def by_judge(self, difference, variance, slope, bias):
        """Sums over each judge's looks, (n_judges, SUMS); see csrc/vn_judges.h."""
        sums = np.empty(self.looks.n_judges * SUMS)
        cdef const double *d = at[double](difference, self.looks.n_rows, "difference")
        cdef const double *v = at[double](variance, self.looks.n_rows, "variance")
        cdef const double *a = at[double](slope, self.looks.n_judges, "slope")
        cdef const double *g = at[double](bias, self.looks.n_judges, "bias")
        cdef double *out = room[double](sums, sums.size, "sums")
        cdef vn_status status
        with nogil:
            status = vn_looks_by_judge(&self.looks, d, v, a, g, self.n_threads, poll_signals, NULL,
                                       out)
        check(status, "to add up the votes of judges")
        return sums.reshape(self.looks.n_judges, SUMS)

    def log_likelihood(self, difference, slope, bias):
        """Log-likelihood of each judge's votes, (n_judges,)."""
        value = np.empty(self.looks.n_judges)
        cdef const double *d = at[double](difference, self.looks.n_rows, "difference")
        cdef const double *a = at[double](slope, self.looks.n_judges, "slope")
        cdef const double *g = at[double](bias, self.looks.n_judges, "bias")
        cdef double *out = room[double](value, self.looks.n_judges, "value")
        cdef vn_status status
        with nogil:
            status = vn_looks_likelihood(&self.looks, d, a, g, self.n_threads, poll_signals, NULL,
                                         out)
        check(status, "to add up the votes of judges")
        return value
