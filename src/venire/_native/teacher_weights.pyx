"""Teachers judged by a fit, their votes weighted: views on arrays around csrc/vn_teacher_weights.c."""

import numpy as np

from libc.stdint cimport INT32_MAX, INT64_MAX, int32_t, int64_t
from libc.string cimport memset

from venire._native.border cimport at, at_if, cells_of_groups, codes, offsets, room, same, steps
from venire._native.border cimport team, within
from venire._native.common cimport check, poll_signals, vn_status
from venire._native.model cimport row_of


cdef enum:
    SMALL = 1 << 15  # cells below which starting threads costs more than it saves


def expected_votes(
    const int64_t[::1] item_ptr not None,
    const int64_t[::1] row_ptr not None,
    const int32_t[::1] first not None,
    const int32_t[::1] second not None,
    const double[::1] theta not None,
    const double[::1] variance not None,
    str model,
    double share,
    int n_threads,
):
    """2p - 1 of each row, by a model of half ties; see venire.reference.expected_votes."""
    cdef int64_t n = first.shape[0], n_items = theta.shape[0]
    cdef int64_t n_groups = steps(item_ptr, "item_ptr")
    cdef vn_group_rows rows
    cdef vn_status status
    offsets(item_ptr, 0, n_items, "item_ptr")
    same(row_ptr.shape[0], n_groups + 1, "row_ptr")
    offsets(row_ptr, 0, n, "row_ptr")
    rows.n_groups, rows.item_ptr, rows.row_ptr = n_groups, &item_ptr[0], &row_ptr[0]
    rows.first = at(first, n, "first")
    rows.second = at(second, n, "second")
    rows.theta = at(theta, n_items, "theta")
    rows.variance = at(variance, n, "variance")
    rows.model, rows.share = row_of(model), share
    if rows.model.has_tie:
        raise ValueError(f"model: {model} has ties")
    cells_of_groups(item_ptr, row_ptr, rows.first, rows.second, 0, n_groups)
    result = np.empty(n)
    cdef double *out = room[double](result, n, "expected")
    cdef int threads = team(n_threads) if n >= SMALL else 1
    if n:
        with nogil:
            status = vn_expected_votes(&rows, threads, poll_signals, NULL, out)
        check(status, "to judge the teachers")
    return result


cdef class RowVotes:
    """The judgments of each row of a fit; `pair`: the row's pair, None where they are the same."""

    def __init__(self, const int64_t[::1] ptr not None, dict columns, int64_t n_teachers,
                 int64_t n_rows, const int64_t[::1] pair, int n_threads):
        """Columns are those of a table of votes."""
        cdef const int32_t[::1] teacher = columns["teacher"]
        cdef int64_t k, n_pairs = steps(ptr, "ptr"), n = teacher.shape[0]
        cdef int wrong = 0
        self.arrays = (ptr, dict(columns), pair)
        offsets(ptr, 0, n, "ptr")
        within(n_teachers, 0, INT32_MAX, "n_teachers")
        within(n_rows, 0, INT64_MAX if pair is not None else n_pairs, "n_rows")
        self.rows.n_rows, self.rows.n_teachers = n_rows, n_teachers
        self.rows.pair = at_if(pair, n_rows, "pair")
        for k in range(n_rows if pair is not None else 0):
            wrong |= (pair[k] < 0) | (pair[k] >= n_pairs)
        if wrong:
            raise ValueError(f"pair: holds a code that is not from 0 to {n_pairs - 1}")
        memset(&self.rows.votes, 0, sizeof(vn_vote_table))
        self.rows.votes.ptr = &ptr[0]
        self.rows.votes.cells.teacher = <int32_t *>at(teacher, n, "teacher")
        codes(self.rows.votes.cells.teacher, n, n_teachers, "teacher")
        for q, name in enumerate(("win", "tie", "loss")):
            if "total" in columns:
                self.rows.votes.cells.mass[q] = <double *>at[double](columns[name], n, name)
            else:
                self.rows.votes.cells.count[q] = <int32_t *>at[int32_t](columns[name], n, name)
        if "total" in columns:
            self.rows.votes.cells.runs = <int32_t *>at[int32_t](columns["runs"], n, "runs")
            self.rows.votes.cells.total = <double *>at[double](columns["total"], n, "total")
        if "swapped_runs" in columns:
            self.rows.votes.cells.swapped_runs = <int32_t *>at[int32_t](
                columns["swapped_runs"], n, "swapped_runs")
            self.rows.votes.cells.swapped_total = <double *>at[double](
                columns["swapped_total"], n, "swapped_total")
        self.n_threads = team(n_threads) if n >= SMALL else 1

    def masses(self, weight=None):
        """Wins and losses of each row, the votes weighted by teacher; ties are half of each."""
        win, loss = np.empty(self.rows.n_rows), np.empty(self.rows.n_rows)
        cdef const double *e = at_if[double](weight, self.rows.n_teachers, "weight")
        cdef double *w = room[double](win, self.rows.n_rows, "win")
        cdef double *l = room[double](loss, self.rows.n_rows, "loss")
        cdef vn_status status
        with nogil:
            status = vn_weighted_masses(&self.rows, e, self.n_threads, poll_signals, NULL, w, l)
        check(status, "to judge the teachers")
        return win, loss

    def agreement(self, expected not None):
        """Each teacher's sums of |s| and of s (2p - 1), and its number of judgments."""
        size, match = np.empty(self.rows.n_teachers), np.empty(self.rows.n_teachers)
        judged = np.empty(self.rows.n_teachers, np.int64)
        cdef const double *d = at[double](expected, self.rows.n_rows, "expected")
        cdef double *a = room[double](size, self.rows.n_teachers, "size")
        cdef double *b = room[double](match, self.rows.n_teachers, "match")
        cdef int64_t *c = room[int64_t](judged, self.rows.n_teachers, "judged")
        cdef vn_status status
        with nogil:
            status = vn_teacher_agreement(&self.rows, d, self.n_threads, poll_signals, NULL, a, b,
                                          c)
        check(status, "to judge the teachers")
        return size, match, judged
