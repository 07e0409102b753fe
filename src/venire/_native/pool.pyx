"""Judgments pooled: views on arrays around csrc/vn_pool*.c."""

import numpy as np

from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t
from libc.string cimport memset

from venire._native.border cimport at, at_if, codes, offsets, room, same, steps, team, within
from venire._native.common cimport check, poll_signals, vn_status


COUNTS = np.dtype([("agree", "f8"), ("whole", "f8"), ("repeated", "i8"), ("judged", "i8"),
                   ("soft", "i8"), ("ties", "i8")])


def signed_votes(const int64_t[::1] ptr not None, dict columns, int64_t n_teachers, int n_threads):
    """Signed votes of the cells, and a record array of what is counted of each teacher."""
    cdef vn_vote_table table
    cdef const int32_t[::1] teacher = columns["teacher"]
    cdef int64_t n_pairs = steps(ptr, "ptr"), n = teacher.shape[0]
    offsets(ptr, 0, n, "ptr")
    within(n_teachers, 0, INT32_MAX, "n_teachers")
    memset(&table, 0, sizeof(table))
    table.ptr = &ptr[0]
    table.cells.teacher = <int32_t *>at(teacher, n, "teacher")
    codes(table.cells.teacher, n, n_teachers, "teacher")
    for k, name in enumerate(("win", "tie", "loss")):
        if "total" in columns:
            table.cells.mass[k] = <double *>at[double](columns[name], n, name)
        else:
            table.cells.count[k] = <int32_t *>at[int32_t](columns[name], n, name)
    if "total" in columns:
        table.cells.total = <double *>at[double](columns["total"], n, "total")
        table.cells.square = <double *>at[double](columns["square"], n, "square")
        table.cells.runs = <int32_t *>at[int32_t](columns["runs"], n, "runs")
    s = np.empty(n)
    counts = np.zeros(n_teachers, COUNTS)
    n_threads = team(n_threads)
    cdef double *out = room[double](s, n, "s")
    cdef uint8_t *c = room[uint8_t](counts.view(np.uint8), n_teachers * COUNTS.itemsize, "counts")
    cdef vn_status status
    with nogil:
        status = vn_signed_votes(&table, n_pairs, n_teachers, n_threads, poll_signals, NULL, out,
                                 <vn_teacher_counts *>c)
    check(status, "to pool the votes")
    return s, counts


cdef class Panel:
    """Cells and their signed votes, to be pooled with this or that weight."""

    cdef vn_panel panel
    cdef object arrays
    cdef int n_threads

    cdef int64_t n_cells

    def __init__(self, const int64_t[::1] ptr not None, const int32_t[::1] teacher not None,
                 const double[::1] s not None, int64_t n_teachers, int n_threads):
        self.arrays = (ptr, teacher, s)
        self.n_cells = teacher.shape[0]
        self.panel.n_pairs = steps(ptr, "ptr")
        self.panel.n_teachers = n_teachers
        within(n_teachers, 0, INT32_MAX, "n_teachers")
        offsets(ptr, 0, self.n_cells, "ptr")
        self.panel.ptr = &ptr[0]
        self.panel.teacher = at(teacher, self.n_cells, "teacher")
        codes(self.panel.teacher, self.n_cells, n_teachers, "teacher")
        self.panel.s = at(s, self.n_cells, "s")
        self.n_threads = team(n_threads) if self.n_cells >= 1 << 15 else 1

    cdef vn_panel weighted(self, weight, bint by_cell) except *:
        cdef vn_panel p = self.panel
        p.teacher_weight = NULL
        p.cell_weight = NULL
        if by_cell:
            p.cell_weight = at[double](weight, self.n_cells, "weight")
        else:
            p.teacher_weight = at[double](weight, p.n_teachers, "weight")
        return p

    def pool(self, weight, bint by_cell=False):
        """Sum, mean, n_eff of each pair, and each teacher's share of the weight, over the pairs."""
        cdef vn_panel p = self.weighted(weight, by_cell)
        total, mean, n_eff = (np.empty(p.n_pairs) for _ in range(3))
        share = np.empty(p.n_teachers)
        cdef double *a = room[double](total, p.n_pairs, "total")
        cdef double *b = room[double](mean, p.n_pairs, "mean")
        cdef double *c = room[double](n_eff, p.n_pairs, "n_eff")
        cdef double *d = room[double](share, p.n_teachers, "share")
        cdef vn_status status
        with nogil:
            status = vn_pool(&p, self.n_threads, poll_signals, NULL, a, b, c, d)
        check(status, "to pool the votes")
        return total, mean, n_eff, share

    def vouch(self, weight, bint by_cell=False, n_eff=None, gold=None):
        """Each teacher's sums of |s| and of s (2c - 1)."""
        cdef vn_panel p = self.weighted(weight, by_cell)
        size, match = np.empty(p.n_teachers), np.empty(p.n_teachers)
        cdef const double *n = at_if[double](n_eff, p.n_pairs, "n_eff")
        cdef const double *g = at_if[double](gold, p.n_pairs, "gold")
        cdef double *a = room[double](size, p.n_teachers, "size")
        cdef double *b = room[double](match, p.n_teachers, "match")
        cdef vn_status status
        with nogil:
            status = vn_vouch(&p, n, g, self.n_threads, poll_signals, NULL, a, b)
        check(status, "to pool the votes")
        return size, match

    def pool_correlated(self, weight, const double[:, ::1] r not None):
        """Weight of each cell, and what `pool` returns; `r` is contiguous."""
        cdef vn_panel p = self.weighted(weight, False)
        total, mean, n_eff = (np.empty(p.n_pairs) for _ in range(3))
        share, cell = np.empty(p.n_teachers), np.empty(self.n_cells)
        same(r.shape[0], p.n_teachers, "r")
        same(r.shape[1], p.n_teachers, "r (columns)")
        cdef const double *m = &r[0, 0] if p.n_teachers else NULL
        cdef double *e = room[double](cell, self.n_cells, "cell")
        cdef double *a = room[double](total, p.n_pairs, "total")
        cdef double *b = room[double](mean, p.n_pairs, "mean")
        cdef double *c = room[double](n_eff, p.n_pairs, "n_eff")
        cdef double *d = room[double](share, p.n_teachers, "share")
        cdef vn_status status
        with nogil:
            status = vn_pool_correlated(&p, m, self.n_threads, poll_signals, NULL, e, a, b, c, d)
        check(status, "to pool the votes")
        return cell, total, mean, n_eff, share

    def comoments(self, x, keep=None):
        """Sums of x_s x_t, of x_s^2, and the number, over the pairs that both judged."""
        cdef vn_panel p = self.panel
        cdef int64_t n = p.n_teachers
        product, square, common = (np.empty((n, n)) for _ in range(3))
        cdef const double *v = at[double](x, self.n_cells, "x")
        cdef const uint8_t *k = at_if[uint8_t](keep, p.n_pairs, "keep")
        cdef double *a = room[double](product.reshape(-1), n * n, "product")
        cdef double *b = room[double](square.reshape(-1), n * n, "square")
        cdef double *c = room[double](common.reshape(-1), n * n, "common")
        cdef vn_status status
        with nogil:
            status = vn_comoments(&p, v, k, self.n_threads, poll_signals, NULL, a, b, c)
        check(status, "to pool the votes")
        return product, square, common
