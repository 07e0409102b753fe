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
    vn_status vn_weak_components(const vn_cells *, vn_poll, void *, int32_t *, int64_t *)
    vn_status vn_strong_components(const vn_cells *, vn_poll, void *, int32_t *, int64_t *)


cdef extern from "vn_existence.h" nogil:
    vn_status vn_existence(const vn_cells *, int, int, int, vn_poll, void *, int32_t *, int64_t *,
                           int *)


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
                status = vn_strong_components(&self.c, poll_signals, NULL, &out[0], &count)
            else:
                status = vn_weak_components(&self.c, poll_signals, NULL, &out[0], &count)
        if status == VN_INTERRUPTED:
            raise_pending()
        if status != VN_OK:
            raise MemoryError("not enough memory for the components")
        return labels, int(count)

    def existence(self, bint order_effect, bint free_tie, bint prior):
        """(labels, absence): the weak components, and why no unique finite fit exists, 0 if one
        does: the vn_absence of csrc/vn_existence.h."""
        labels = np.empty(self.c.n, np.int32)
        cdef int32_t[::1] out = labels
        cdef int64_t n_weak = 0
        cdef int reason = 0
        cdef vn_status status
        with nogil:
            status = vn_existence(&self.c, order_effect, free_tie, prior, poll_signals, NULL,
                                  &out[0], &n_weak, &reason)
        if status == VN_INTERRUPTED:
            raise_pending()
        if status != VN_OK:
            raise MemoryError("not enough memory to look whether a fit exists")
        return labels, reason
