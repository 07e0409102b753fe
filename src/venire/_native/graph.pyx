"""Components and cycles of the graph of comparisons: views around csrc/vn_graph.c."""

import numpy as np

from libc.stdint cimport int8_t, int32_t, int64_t

from venire._native.signals cimport poll_signals, raise_pending


cdef extern from "vn_graph.h" nogil:
    ctypedef enum vn_status:
        VN_OK
        VN_NO_MEMORY
        VN_INTERRUPTED
    ctypedef int (*vn_poll)(void *) noexcept nogil
    ctypedef struct vn_cells:
        int64_t n
        const int64_t *row_ptr
        const int32_t *hi
        const int8_t *order
        const double *win
        const double *loss
        const double *tie
    vn_status vn_weak_components(const vn_cells *, int32_t *, int64_t *)
    vn_status vn_strong_components(const vn_cells *, int32_t *, int64_t *)
    vn_status vn_strongly_connected(const vn_cells *, int, int *)
    vn_status vn_negative_cycle(const vn_cells *, int64_t, int64_t, vn_poll, void *, int *,
                                int64_t *, int64_t *)


cdef class Graph:
    """Cells of comparisons as a graph; arrays are kept, not copied, and not checked."""

    cdef vn_cells c
    cdef object keep

    def __cinit__(
        self,
        const int64_t[::1] row_ptr not None,
        const int32_t[::1] second not None,
        const int8_t[::1] order not None,
        const double[::1] win not None,
        const double[::1] loss not None,
        const double[::1] tie=None,
    ):
        self.keep = (row_ptr, second, order, win, loss, tie)
        self.c.n = row_ptr.shape[0] - 1
        self.c.row_ptr = &row_ptr[0]
        self.c.tie = NULL
        if second.shape[0]:
            self.c.hi = &second[0]
            self.c.order = &order[0]
            self.c.win = &win[0]
            self.c.loss = &loss[0]
            self.c.tie = NULL if tie is None else &tie[0]

    def components(self, bint strong):
        """(labels, n_components): components are numbered by their first item."""
        labels = np.empty(self.c.n, np.int32)
        cdef int32_t[::1] out = labels
        cdef int64_t count = 0
        cdef vn_status status
        with nogil:
            if strong:
                status = vn_strong_components(&self.c, &out[0], &count)
            else:
                status = vn_weak_components(&self.c, &out[0], &count)
        if status != VN_OK:
            raise MemoryError("not enough memory for the components")
        return labels, int(count)

    def strongly_connected(self, int sweeps=8):
        """True if all items are in one strong component; False also when sweeps did not show it."""
        cdef int yes = 0
        cdef vn_status status
        with nogil:
            status = vn_strongly_connected(&self.c, sweeps, &yes)
        if status != VN_OK:
            raise MemoryError("not enough memory for the components")
        return bool(yes)

    def negative_cycle(self, int64_t p, int64_t q):
        """Sums of orders and of gaps over a cycle of negative length, or None.

        Edges: winner -> loser of length p * order - q for each win, both ways of length
        p * order + q for each tie; the gap is -1 for a win and +1 for a tie.
        """
        cdef int found = 0
        cdef int64_t order_sum = 0, gap_sum = 0
        cdef vn_status status
        with nogil:
            status = vn_negative_cycle(&self.c, p, q, poll_signals, NULL, &found, &order_sum,
                                       &gap_sum)
        if status == VN_INTERRUPTED:
            raise_pending()
        if status != VN_OK:
            raise MemoryError("not enough memory to look for cycles")
        return (int(order_sum), int(gap_sum)) if found else None
