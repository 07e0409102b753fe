"""Resampling weights: views around csrc/vn_resample.c."""

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint64_t

from venire._native.border cimport at, at_if, member, offsets, room, same, steps, team, within
from venire._native.common cimport VN_TOO_LARGE, check, poll_signals, vn_status


KINDS = {"multinomial": 0, "poisson": 1, "bayesian": 2, "subsample": 3}

cdef enum:
    PIECE = 1 << 24  # numbers between two looks for Ctrl-C


def words(key, c0, c1):
    """Two 64-bit words for each counter (c0, c1) of the stream `key`, in the shape of c0; see
    venire.reference.threefry."""
    counters = np.ascontiguousarray(c0, np.uint64)
    shape = counters.shape
    cdef const uint64_t[::1] a = counters.ravel()
    cdef const uint64_t[::1] b = np.ascontiguousarray(
        np.broadcast_to(np.asarray(c1, np.uint64), shape)
    ).ravel()
    cdef int64_t i, n = a.shape[0]
    cdef uint64_t k[2]
    k[0], k[1] = key
    first, second = np.empty(n, np.uint64), np.empty(n, np.uint64)
    cdef uint64_t *x = room[uint64_t](first, n, "first")
    cdef uint64_t *y = room[uint64_t](second, n, "second")
    with nogil:
        for i in range(n):
            vn_threefry(k, a[i], b[i], &x[i], &y[i])
    return first.reshape(shape), second.reshape(shape)


cdef class Resampler:
    """Strata of units, `ptr` (n_strata + 1,) and `size` (n_strata,), and the unit of each position
    (None: units are positions)."""

    cdef vn_resample *s
    cdef object keep
    cdef uint64_t key[2]
    cdef bint real
    cdef readonly int64_t n_positions

    def __cinit__(self, str kind, const int64_t[::1] ptr not None, const int64_t[::1] size not None,
                  int64_t n_positions, const int64_t[::1] unit, key):
        cdef vn_status status
        cdef int64_t k, most, n_units, n_strata = steps(ptr, "ptr")
        cdef int wrong = 0
        n_units = ptr[n_strata]
        offsets(ptr, 0, n_units, "ptr")
        same(size.shape[0], n_strata, "size")
        within(n_positions, 0, INT64_MAX, "n_positions")
        if unit is None:
            same(n_positions, n_units, "n_positions")
        else:
            same(unit.shape[0], n_positions, "unit")
            for k in range(n_positions):
                wrong |= (unit[k] < 0) | (unit[k] >= n_units)
        if wrong:
            raise ValueError(f"unit: holds a code that is not from 0 to {n_units - 1}")
        for k in range(n_strata):
            most = ptr[k + 1] - ptr[k] if kind == "subsample" else INT64_MAX >> 1
            within(size[k], 0, most, "size")
        self.keep = unit
        self.real = kind == "bayesian"
        self.n_positions = n_positions
        self.key[0], self.key[1] = key
        status = vn_resample_new(<vn_resample_kind>member(KINDS, kind, "kind"), n_strata, &ptr[0],
                                 at(size, n_strata, "size"), n_positions,
                                 at_if(unit, n_positions, "unit"), &self.s)
        if status == VN_TOO_LARGE:
            raise ValueError("size: more than 10**7 draws for each unit")
        check(status, "for the tables of the draws")

    def __dealloc__(self):
        vn_resample_free(self.s)

    def draw(self, int64_t start, int64_t stop, int n_threads, out=None):
        """Replicates start <= r < stop: (stop - start, n_positions), int32, or float64 weights;
        into `out` of that shape where it is given."""
        cdef int64_t n = self.n_positions
        within(start, 0, stop, "start")
        n_threads = team(n_threads)
        if out is None:
            out = np.empty((stop - start, n), np.float64 if self.real else np.int32)
        cdef int32_t[:, ::1] counts
        cdef double[:, ::1] weights
        cdef int32_t *c = NULL
        cdef double *w = NULL
        cdef int64_t r = start, to, step = max(PIECE // max(n, 1), 2 * n_threads)
        cdef vn_status status
        if self.real:
            weights = out
        else:
            counts = out
        same(len(out), stop - start, "out")
        same(out.shape[1], n, "out")
        while r < stop and n:
            to = min(stop, r + step)
            if self.real:
                w = &weights[r - start, 0]
            else:
                c = &counts[r - start, 0]
            with nogil:
                status = vn_resample_draw(self.s, self.key, r, to, n_threads, poll_signals, NULL, c,
                                          w)
            check(status, "for a replicate of each thread")
            PyErr_CheckSignals()
            r = to
        return out
