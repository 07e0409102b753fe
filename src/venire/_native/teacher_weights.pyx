"""Teachers judged by a fit, their votes weighted: views on arrays around csrc/vn_teacher_weights.c."""

import numpy as np

from libc.stdint cimport int32_t, int64_t
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
    ctypedef struct vn_vote_table:
        const int64_t *ptr
        vn_vote_cells cells


cdef extern from "vn_teacher_weights.h" nogil:
    ctypedef struct vn_row_votes:
        int64_t n_rows
        int64_t n_teachers
        const int64_t *pair
        vn_vote_table votes
    ctypedef struct vn_group_rows:
        int64_t n_groups
        const int64_t *item_ptr
        const int64_t *row_ptr
        const int32_t *first
        const int32_t *second
        const double *theta
        const double *variance
        int normal
    vn_status vn_weighted_masses(const vn_row_votes *, const double *, int, vn_poll, void *,
                                 double *, double *)
    vn_status vn_expected_votes(const vn_group_rows *, int, vn_poll, void *, double *)
    vn_status vn_teacher_agreement(const vn_row_votes *, const double *, int, vn_poll, void *,
                                   double *, double *, int64_t *)


cdef enum:
    SMALL = 1 << 15  # cells below which starting threads costs more than it saves


cdef int check(vn_status status) except -1:
    if status == VN_INTERRUPTED:
        raise_pending()
    if status != VN_OK:
        raise MemoryError("not enough memory to judge the teachers")
    return 0


cdef void *address(array) except? NULL:
    """Address of a contiguous array's data; the caller keeps the array."""
    cdef size_t at = array.ctypes.data
    return <void *>at


def expected_votes(
    const int64_t[::1] item_ptr not None,
    const int64_t[::1] row_ptr not None,
    const int32_t[::1] first not None,
    const int32_t[::1] second not None,
    const double[::1] theta not None,
    const double[::1] variance not None,
    bint normal,
    int n_threads,
):
    """2p - 1 of each row; see venire.reference.expected_votes."""
    cdef int64_t n = first.shape[0]
    cdef vn_group_rows rows
    cdef vn_status status
    out = np.empty(n)
    cdef double[::1] view = out
    cdef int threads = n_threads if n >= SMALL else 1
    if n:
        rows = vn_group_rows(item_ptr.shape[0] - 1, &item_ptr[0], &row_ptr[0], &first[0],
                             &second[0], &theta[0], &variance[0], normal)
        with nogil:
            status = vn_expected_votes(&rows, threads, poll_signals, NULL, &view[0])
        check(status)
    return out


cdef class RowVotes:
    """The judgments of each row of a fit; `pair`: the row's pair, None where they are the same."""

    cdef vn_row_votes rows
    cdef object arrays
    cdef int n_threads

    def __init__(self, ptr, dict columns, int64_t n_teachers, int64_t n_rows, pair, int n_threads):
        """Arrays are contiguous: ptr and pair int64, columns as those of a table of votes."""
        self.arrays = (ptr, columns, pair)
        self.rows.n_rows, self.rows.n_teachers = n_rows, n_teachers
        self.rows.pair = NULL if pair is None else <const int64_t *>address(pair)
        memset(&self.rows.votes, 0, sizeof(vn_vote_table))
        self.rows.votes.ptr = <const int64_t *>address(ptr)
        self.rows.votes.cells.teacher = <int32_t *>address(columns["teacher"])
        for k, name in enumerate(("win", "tie", "loss")):
            if "total" in columns:
                self.rows.votes.cells.mass[k] = <double *>address(columns[name])
            else:
                self.rows.votes.cells.count[k] = <int32_t *>address(columns[name])
        self.n_threads = n_threads if len(columns["teacher"]) >= SMALL else 1

    def masses(self, weight=None):
        """Wins and losses of each row, the votes weighted by teacher; ties are half of each."""
        win, loss = np.empty(self.rows.n_rows), np.empty(self.rows.n_rows)
        cdef double *e = NULL if weight is None else <double *>address(weight)
        cdef double *w = <double *>address(win)
        cdef double *l = <double *>address(loss)
        cdef vn_status status
        with nogil:
            status = vn_weighted_masses(&self.rows, e, self.n_threads, poll_signals, NULL, w, l)
        check(status)
        return win, loss

    def agreement(self, expected not None):
        """Each teacher's sums of |s| and of s (2p - 1), and its number of judgments."""
        size, match = np.empty(self.rows.n_teachers), np.empty(self.rows.n_teachers)
        judged = np.empty(self.rows.n_teachers, np.int64)
        cdef double *d = <double *>address(expected)
        cdef double *a = <double *>address(size)
        cdef double *b = <double *>address(match)
        cdef int64_t *c = <int64_t *>address(judged)
        cdef vn_status status
        with nogil:
            status = vn_teacher_agreement(&self.rows, d, self.n_threads, poll_signals, NULL, a, b,
                                          c)
        check(status)
        return size, match, judged
