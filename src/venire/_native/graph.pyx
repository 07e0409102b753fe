"""Components and cycles of the graph of comparisons: views around csrc/vn_graph.c."""

import numpy as np

from libc.stdint cimport int8_t, int32_t, int64_t

from venire._native.border cimport at, at_if, codes, offsets, room, steps
from venire._native.common cimport check, poll_signals, vn_status


cdef class Graph:
    """Cells of comparisons as a graph; arrays are kept, not copied."""

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
        cdef int64_t n = second.shape[0]
        self.keep = (row_ptr, second, order, win, loss, tie)
        self.c.n = steps(row_ptr, "row_ptr")
        offsets(row_ptr, 0, n, "row_ptr")
        self.c.row_ptr = &row_ptr[0]
        self.c.hi, self.c.order = at(second, n, "second"), at(order, n, "order")
        self.c.win, self.c.loss = at(win, n, "win"), at(loss, n, "loss")
        self.c.tie = at_if(tie, n, "tie")
        codes(self.c.hi, n, self.c.n, "second")

    def components(self, bint strong):
        """(labels, n_components): components are numbered by their first item."""
        labels = np.empty(self.c.n, np.int32)
        cdef int32_t *out = room[int32_t](labels, self.c.n, "labels")
        cdef int64_t count = 0
        cdef vn_status status
        with nogil:
            if strong:
                status = vn_strong_components(&self.c, poll_signals, NULL, out, &count)
            else:
                status = vn_weak_components(&self.c, poll_signals, NULL, out, &count)
        check(status, "for the components")
        return labels, int(count)

    def existence(self, bint order_effect, bint free_tie, bint prior):
        """(labels, absence): the weak components, and why no unique finite fit exists, 0 if one
        does: the vn_absence of csrc/vn_existence.h."""
        labels = np.empty(self.c.n, np.int32)
        cdef int32_t *out = room[int32_t](labels, self.c.n, "labels")
        cdef int64_t n_weak = 0
        cdef int reason = 0
        cdef vn_status status
        with nogil:
            status = vn_existence(&self.c, order_effect, free_tie, prior, poll_signals, NULL,
                                  out, &n_weak, &reason)
        check(status, "to look whether a fit exists")
        return labels, reason
