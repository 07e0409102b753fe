"""Judgments pooled: views on arrays around csrc/vn_pool*.c."""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

from venire._native.signals cimport poll_signals, raise_pending


cdef extern from "vn_votes.h" nogil:
    ctypedef enum vn_status:
        VN_OK
        VN_INTERRUPTED
    ctypedef int (*vn_poll)(void *) noexcept nogil
    ctypedef struct vn_vote_cells:
        int32_t *teacher
        int32_t *count[3]
        double *mass[3]
        int32_t *runs
        double *total
        double *square
    ctypedef struct vn_vote_table:
        const int64_t *ptr
        vn_vote_cells cells


cdef extern from "vn_pool.h" nogil:
    ctypedef struct vn_panel:
        int64_t n_pairs
        int64_t n_teachers
        const int64_t *ptr
        const int32_t *teacher
        const double *s
        const double *teacher_weight
        const double *cell_weight
    ctypedef struct vn_teacher_counts:
        double agree
        double whole
        int64_t repeated
        int64_t judged
        int64_t soft
        int64_t ties
    vn_status vn_signed_votes(const vn_vote_table *, int64_t, int64_t, int, vn_poll, void *,
                              double *, vn_teacher_counts *)
    vn_status vn_pool(const vn_panel *, int, vn_poll, void *, double *, double *, double *,
                      double *)
    vn_status vn_vouch(const vn_panel *, const double *, const double *, int, vn_poll, void *,
                       double *, double *)
    vn_status vn_pool_correlated(const vn_panel *, const double *, int, vn_poll, void *, double *,
                                 double *, double *, double *, double *)
    vn_status vn_comoments(const vn_panel *, const double *, const uint8_t *, int, vn_poll, void *,
                           double *, double *, double *)


COUNTS = np.dtype([("agree", "f8"), ("whole", "f8"), ("repeated", "i8"), ("judged", "i8"),
                   ("soft", "i8"), ("ties", "i8")])


cdef void *address(array) except? NULL:
    """Address of a contiguous array's data; the caller keeps the array."""
    cdef size_t at = array.ctypes.data
    return <void *>at


cdef double *doubles(array) except? NULL:
    return NULL if array is None else <double *>address(array)


cdef void check(vn_status status) except *:
    if status == VN_INTERRUPTED:
        raise_pending()
    if status != VN_OK:
        raise MemoryError("not enough memory to pool the votes")


def signed_votes(const int64_t[::1] ptr not None, dict columns, int64_t n_teachers, int n_threads):
    """Signed votes of the cells, and a record array of what is counted of each teacher."""
    cdef vn_vote_table table
    cdef int64_t n_pairs = ptr.shape[0] - 1
    memset(&table, 0, sizeof(table))
    table.ptr = &ptr[0]
    table.cells.teacher = <int32_t *>address(columns["teacher"])
    for k, name in enumerate(("win", "tie", "loss")):
        if "total" in columns:
            table.cells.mass[k] = <double *>address(columns[name])
        else:
            table.cells.count[k] = <int32_t *>address(columns[name])
    if "total" in columns:
        table.cells.total = <double *>address(columns["total"])
        table.cells.square = <double *>address(columns["square"])
        table.cells.runs = <int32_t *>address(columns["runs"])
    s = np.empty(len(columns["teacher"]))
    counts = np.zeros(n_teachers, COUNTS)
    cdef double *out = doubles(s)
    cdef vn_teacher_counts *c = <vn_teacher_counts *>address(counts)
    cdef vn_status status
    with nogil:
        status = vn_signed_votes(&table, n_pairs, n_teachers, n_threads, poll_signals, NULL, out, c)
    check(status)
    return s, counts


cdef class Panel:
    """Cells and their signed votes, to be pooled with this or that weight."""

    cdef vn_panel panel
    cdef object arrays
    cdef int n_threads

    def __init__(self, ptr, teacher, s, int64_t n_teachers, int n_threads):
        """Arrays must be contiguous: int64, int32 and float64."""
        self.arrays = (ptr, teacher, s)
        self.panel.n_pairs = len(ptr) - 1
        self.panel.n_teachers = n_teachers
        self.panel.ptr = <const int64_t *>address(ptr)
        self.panel.teacher = <const int32_t *>address(teacher)
        self.panel.s = doubles(s)
        self.n_threads = n_threads if len(teacher) >= 1 << 15 else 1

    cdef vn_panel weighted(self, weight, bint by_cell) except *:
        cdef vn_panel p = self.panel
        p.teacher_weight = NULL
        p.cell_weight = NULL
        if by_cell:
            p.cell_weight = doubles(weight)
        else:
            p.teacher_weight = doubles(weight)
        return p

    def pool(self, weight, bint by_cell=False):
        """Sum, mean, n_eff of each pair, and each teacher's share of the weight, over the pairs."""
        cdef vn_panel p = self.weighted(weight, by_cell)
        total, mean, n_eff = (np.empty(p.n_pairs) for _ in range(3))
        share = np.empty(p.n_teachers)
        cdef double *a = doubles(total)
        cdef double *b = doubles(mean)
        cdef double *c = doubles(n_eff)
        cdef double *d = doubles(share)
        cdef vn_status status
        with nogil:
            status = vn_pool(&p, self.n_threads, poll_signals, NULL, a, b, c, d)
        check(status)
        return total, mean, n_eff, share

    def vouch(self, weight, bint by_cell=False, n_eff=None, gold=None):
        """Each teacher's sums of |s| and of s (2c - 1)."""
        cdef vn_panel p = self.weighted(weight, by_cell)
        size, match = np.empty(p.n_teachers), np.empty(p.n_teachers)
        cdef double *n = doubles(n_eff)
        cdef double *g = doubles(gold)
        cdef double *a = doubles(size)
        cdef double *b = doubles(match)
        cdef vn_status status
        with nogil:
            status = vn_vouch(&p, n, g, self.n_threads, poll_signals, NULL, a, b)
        check(status)
        return size, match

    def pool_correlated(self, weight, r):
        """Weight of each cell, and what `pool` returns; `r` is contiguous."""
        cdef vn_panel p = self.weighted(weight, False)
        total, mean, n_eff = (np.empty(p.n_pairs) for _ in range(3))
        share, cell = np.empty(p.n_teachers), np.empty(len(self.arrays[1]))
        cdef double *m = doubles(r)
        cdef double *e = doubles(cell)
        cdef double *a = doubles(total)
        cdef double *b = doubles(mean)
        cdef double *c = doubles(n_eff)
        cdef double *d = doubles(share)
        cdef vn_status status
        with nogil:
            status = vn_pool_correlated(&p, m, self.n_threads, poll_signals, NULL, e, a, b, c, d)
        check(status)
        return cell, total, mean, n_eff, share

    def comoments(self, x, keep=None):
        """Sums of x_s x_t, of x_s^2, and the number, over the pairs that both judged."""
        cdef vn_panel p = self.panel
        cdef int64_t n = p.n_teachers
        product, square, common = (np.empty((n, n)) for _ in range(3))
        cdef double *v = doubles(x)
        cdef const uint8_t *k = NULL if keep is None else <const uint8_t *>address(keep)
        cdef double *a = doubles(product)
        cdef double *b = doubles(square)
        cdef double *c = doubles(common)
        cdef vn_status status
        with nogil:
            status = vn_comoments(&p, v, k, self.n_threads, poll_signals, NULL, a, b, c)
        check(status)
        return product, square, common
