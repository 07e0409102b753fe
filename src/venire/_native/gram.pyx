"""Weighted Gram matrices of many replicates: a view around csrc/vn_gram.c."""

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t

from venire._native.border cimport same, team
from venire._native.common cimport VN_OK, check, vn_status


def weighted_grams(const double[:, ::1] z not None, weights not None, int n_threads):
    """(n_resamples, d (d + 1) / 2): weighted sums of products of columns, as triu_indices has them.

    weights is (n_resamples, n), int32 or float64, contiguous.
    """
    cdef int64_t n = z.shape[0], d = z.shape[1], k = weights.shape[0]
    result = np.zeros((k, d * (d + 1) // 2))
    same(weights.shape[1], n, "weights")
    n_threads = team(n_threads)
    cdef double[:, ::1] out = result
    cdef const int32_t[:, ::1] counts
    cdef const double[:, ::1] real
    cdef const int32_t *c = NULL
    cdef const double *r = NULL
    if k == 0 or n == 0 or d == 0:
        return result
    if weights.dtype == np.int32:
        counts = weights
        c = &counts[0, 0]
    else:
        real = weights
        r = &real[0, 0]
    # whole blocks of rows between two looks for Ctrl-C
    cdef int64_t step = max(256, (1 << 31) // (1 + k * d * d) // 256 * 256), start, rows
    cdef vn_status status = VN_OK
    for start in range(0, n, step):
        rows = min(step, n - start)
        with nogil:
            status = vn_weighted_grams(
                rows, d, &z[start, 0], k,
                NULL if c == NULL else c + start, NULL if r == NULL else r + start, n, n_threads,
                &out[0, 0],
            )
        check(status, "for the sums of products")
        PyErr_CheckSignals()
    return result
