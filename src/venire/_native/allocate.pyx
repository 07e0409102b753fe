"""Which pairs to ask next: views on arrays around csrc/vn_allocate.c."""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint64_t, uint8_t

from venire._native.signals cimport poll_signals, raise_pending


cdef extern from "vn_allocate.h" nogil:
    ctypedef enum vn_status:
        VN_OK
        VN_NO_MEMORY
        VN_INTERRUPTED
    ctypedef int (*vn_poll)(void *) noexcept nogil
    ctypedef enum vn_criterion:
        VN_PICK_D
    ctypedef struct vn_allocate_votes:
        int64_t n_groups
        const int64_t *item_ptr
        const int64_t *cell_ptr
        const int32_t *first
        const int32_t *second
        const double *win
        const double *loss
        const double *tie
        const double *mean
        double precision
    ctypedef struct vn_allocate_asks:
        const int64_t *ptr
        const int32_t *first
        const int32_t *second
        const int64_t *pending
    ctypedef struct vn_allocate_options:
        vn_criterion criterion
        int votes_per_ask
        double rho
        int64_t top
        int64_t candidates
        uint64_t key[2]
        const double *residual
        const double *noise
        int dense
        int sketch
    vn_status vn_allocate(const vn_allocate_votes *, const vn_allocate_asks *,
                          const vn_allocate_options *, int64_t, int64_t, int, vn_poll, void *,
                          const int64_t *, int32_t *, int32_t *, double *)
    vn_status vn_held_out(const vn_allocate_votes *, const uint8_t *, int64_t, int64_t, int,
                          vn_poll, void *, double *)


CRITERIA = {"D": 0, "A": 1, "top": 2, "sd": 3, "residual": 4, "given": 5}


cdef const double *doubles(const double[::1] x):
    return &x[0] if x is not None and x.shape[0] else NULL


cdef const int32_t *ints(const int32_t[::1] x):
    return &x[0] if x.shape[0] else NULL


cdef class Votes:
    """Cells of groups and the prior of theta; arrays are kept, not copied, and not checked."""

    cdef vn_allocate_votes v
    cdef object keep

    def __cinit__(
        self,
        const int64_t[::1] item_ptr not None,
        const int64_t[::1] cell_ptr not None,
        const int32_t[::1] first not None,
        const int32_t[::1] second not None,
        const double[::1] win not None,
        const double[::1] loss not None,
        const double[::1] tie,
        const double[::1] mean not None,
        double precision,
    ):
        self.keep = (item_ptr, cell_ptr, first, second, win, loss, tie, mean)
        self.v.n_groups = item_ptr.shape[0] - 1
        self.v.item_ptr, self.v.cell_ptr = &item_ptr[0], &cell_ptr[0]
        self.v.first, self.v.second = ints(first), ints(second)
        self.v.win, self.v.loss, self.v.tie = doubles(win), doubles(loss), doubles(tie)
        self.v.mean, self.v.precision = doubles(mean), precision

    def held_out(self, const uint8_t[::1] held not None, int64_t start, int64_t stop,
                 int n_threads, double[::1] loss not None):
        """Losses of the cells that are held, of the groups [start, stop), into `loss`."""
        cdef vn_status status = VN_OK
        if stop > start and held.shape[0]:
            with nogil:
                status = vn_held_out(&self.v, &held[0], start, stop, n_threads, poll_signals, NULL,
                                     &loss[0])
        if status == VN_INTERRUPTED:
            raise_pending()
        if status != VN_OK:
            raise MemoryError("not enough memory for the fits of the groups")

    def pick(
        self,
        const int64_t[::1] ask_ptr not None,
        const int32_t[::1] ask_first not None,
        const int32_t[::1] ask_second not None,
        const int64_t[::1] pending not None,
        const int64_t[::1] pick_ptr not None,
        int32_t[::1] first not None,
        int32_t[::1] second not None,
        double[::1] gain not None,
        int64_t start,
        int64_t stop,
        int n_threads,
        *,
        str criterion,
        key,
        int votes_per_ask,
        double rho,
        int64_t top,
        int64_t candidates,
        const double[::1] residual=None,
        const double[::1] noise=None,
        int dense,
        int sketch,
    ):
        """Picks of the groups [start, stop) into first, second and gain, at pick_ptr."""
        cdef vn_allocate_asks asks
        cdef vn_allocate_options o
        cdef vn_status status = VN_OK
        asks.ptr, asks.pending = &ask_ptr[0], &pending[0] if pending.shape[0] else NULL
        asks.first, asks.second = ints(ask_first), ints(ask_second)
        o.criterion = <vn_criterion><int>CRITERIA[criterion]
        o.votes_per_ask, o.rho, o.top, o.candidates = votes_per_ask, rho, top, candidates
        o.key[0], o.key[1] = key
        o.residual, o.noise = doubles(residual), doubles(noise)
        o.dense, o.sketch = dense, sketch
        if gain.shape[0] == 0:
            return
        with nogil:
            status = vn_allocate(&self.v, &asks, &o, start, stop, n_threads, poll_signals, NULL,
                                 &pick_ptr[0], &first[0], &second[0], &gain[0])
        if status == VN_INTERRUPTED:
            raise_pending()
        if status != VN_OK:
            raise MemoryError("not enough memory for the covariance of a group of each thread")
