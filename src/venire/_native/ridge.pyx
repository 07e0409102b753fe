"""Newton steps with a ridge penalty: a view around csrc/vn_ridge.c."""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t

from venire._native.border cimport at, offsets, room, steps, team, within
from venire._native.common cimport check, poll_signals, vn_status


def ridge_step(
    const int64_t[::1] ptr not None,
    const int32_t[::1] column not None,
    const double[::1] value not None,
    const double[::1] curvature not None,
    const double[::1] ridge not None,
    const double[::1] gradient not None,
    const uint8_t[::1] free not None,
    int n_threads,
):
    """(X' diag(curvature) X + diag(ridge))^-1 gradient over the free columns, 0 elsewhere.

    Row r of X has the cells ptr[r] to ptr[r + 1], whose columns ascend and are in range.
    """
    cdef int64_t r, k, last, n_rows = steps(ptr, "ptr"), n = ridge.shape[0]
    cdef vn_status status
    cdef vn_sparse_rows x
    cdef int wrong = 0
    within(n, 1, 1 << 30, "ridge (length)")  # its square counts bytes
    offsets(ptr, 0, column.shape[0], "ptr")
    x.n_rows, x.n_columns, x.ptr = n_rows, n, &ptr[0]
    x.column = at(column, column.shape[0], "column")
    x.value = at(value, column.shape[0], "value")
    for r in range(n_rows):
        last = -1
        for k in range(ptr[r], ptr[r + 1]):
            wrong |= column[k] <= last
            last = column[k]
        wrong |= last >= n
    if wrong:
        raise ValueError(f"column: does not ascend from 0 to {n - 1} at most in each row")
    cdef const double *c = at(curvature, n_rows, "curvature")
    cdef const double *d = at(ridge, n, "ridge")
    cdef const double *g = at(gradient, n, "gradient")
    cdef const uint8_t *f = at(free, n, "free")
    step = np.empty(n)
    cdef double *out = room[double](step, n, "step")
    n_threads = team(n_threads)
    with nogil:
        status = vn_ridge_step(&x, c, d, g, f, n_threads, poll_signals, NULL, out)
    check(status, "for the weights of the teachers")
    return step
