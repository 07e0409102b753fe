"""Block tridiagonal systems: a view around csrc/vn_chain.c."""

import numpy as np

from libc.stdint cimport int32_t, int64_t

from venire._native.border cimport at, offsets, room, same, steps, team
from venire._native.common cimport check, poll_signals, vn_status


cdef int ascending(const int64_t[::1] ptr, const int64_t[::1] link_ptr, const int32_t[::1] x,
                   int64_t shift, str name) except -1:
    """Links of each block must be of its rows (or, shifted by one, of the next one's), ascending."""
    cdef int64_t t, a, before, n
    cdef int wrong = 0
    for t in range(link_ptr.shape[0] - 1):
        before, n = -1, ptr[t + shift + 1] - ptr[t + shift]
        for a in range(link_ptr[t], link_ptr[t + 1]):
            wrong |= x[a] <= before
            before = x[a]
        wrong |= before >= n
    if wrong:
        raise ValueError(f"{name}: not ascending rows of the blocks")
    return 0


cdef class Chain:
    """A block tridiagonal matrix, which `factor` leaves factored in its blocks.

    `ptr` (n_blocks + 1) bounds the rows of each block, `link_ptr` (n_blocks) the links of each with
    the next one, of which `here` and `there` are the rows; `blocks` are all blocks by rows, of which
    the lower triangles count. Arrays are kept, not copied.
    """

    cdef vn_chain c
    cdef object keep
    cdef int n_threads
    cdef readonly double log_determinant

    def __cinit__(
        self,
        const int64_t[::1] ptr not None,
        const int64_t[::1] link_ptr not None,
        const int32_t[::1] here not None,
        const int32_t[::1] there not None,
        double[::1] blocks not None,
        double weight,
        int n_threads=1,
    ):
        cdef int64_t n = steps(ptr, "ptr"), n_links = here.shape[0], t
        offsets(ptr, 0, ptr[n], "ptr")
        same(link_ptr.shape[0], max(n, 1), "link_ptr")
        offsets(link_ptr, 0, n_links, "link_ptr")
        start = np.concatenate([[0], np.cumsum(np.diff(ptr) ** 2)]).astype(np.int64)
        cdef const int64_t[::1] begins = start
        self.keep = (ptr, link_ptr, here, there, blocks, start)
        self.c.n_blocks, self.c.ptr, self.c.start = n, &ptr[0], &begins[0]
        self.c.link_ptr = at(link_ptr, max(n, 1), "link_ptr")
        self.c.here, self.c.there = at(here, n_links, "here"), at(there, n_links, "there")
        ascending(ptr, link_ptr, here, 0, "here")
        ascending(ptr, link_ptr, there, 1, "there")
        self.c.weight, self.c.blocks = weight, room(blocks, begins[n], "blocks")
        self.n_threads = team(n_threads)
        cdef vn_status status
        cdef double log_determinant = 0.0
        with nogil:
            status = vn_chain_factor(&self.c, self.n_threads, poll_signals, NULL, &log_determinant)
        check(status, "to factor the blocks")
        self.log_determinant = log_determinant

    def solve(self, double[:, ::1] rows not None):
        """The inverse times each of some rows, in place."""
        cdef int64_t k = rows.shape[0], n = self.c.ptr[self.c.n_blocks]
        same(rows.shape[1], n, "rows (columns)")
        cdef vn_status status
        if k == 0 or n == 0:
            return
        with nogil:
            status = vn_chain_solve(&self.c, k, &rows[0, 0])
        check(status, "to solve with the blocks")

    def inverse(self, double[::1] out not None):
        """The diagonal blocks of the inverse into `out`, laid out like the blocks."""
        cdef double *x = room(out, self.c.start[self.c.n_blocks], "out")
        cdef vn_status status
        with nogil:
            status = vn_chain_inverse(&self.c, self.n_threads, poll_signals, NULL, x)
        check(status, "to invert the blocks")
