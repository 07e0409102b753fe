"""Sums over the cells of pairs: a view around csrc/vn_pair_sums.c."""

import numpy as np

from libc.stdint cimport int64_t

from venire._native.border cimport at, same, team
from venire._native.common cimport VN_OK, check, vn_status


def pair_sums(
    const int64_t[::1] ptr not None,
    const double[::1] weight not None,
    const double[:, ::1] moving not None,
    int n_threads,
):
    """(sums, corner), (n_pairs, 1 + m) and (m, m): of weight and of weight times each column over the
    cells of each pair, and of weight times products of columns over all; `ptr` (n_pairs + 1)."""
    cdef int64_t n_pairs = ptr.shape[0] - 1, count = weight.shape[0], p
    cdef int m = <int>moving.shape[1], wrong = n_pairs < 0 or ptr[0] != 0 or ptr[n_pairs] != count
    same(moving.shape[0], count, "moving")
    for p in range(n_pairs):
        wrong |= ptr[p + 1] < ptr[p]
    if wrong:
        raise ValueError("ptr: does not cut the cells into pairs")
    sums, corner = np.zeros((n_pairs, 1 + m)), np.zeros((m, m))
    n_threads = team(n_threads)
    if count == 0:
        return sums, corner
    cdef double[:, ::1] to_sums = sums, to_corner = corner
    cdef const double *w = at(weight, count, "weight")
    cdef const double *x = &moving[0, 0] if m else NULL
    cdef double *to = &to_corner[0, 0] if m else NULL
    cdef vn_status status
    with nogil:
        status = vn_pair_sums(n_pairs, &ptr[0], w, m, x, n_threads, &to_sums[0, 0], to)
    check(status, "for the sums over pairs")
    return sums, corner
