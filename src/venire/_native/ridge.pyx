"""Newton steps with a ridge penalty: a view around csrc/vn_ridge.c."""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t

from venire._native.signals cimport poll_signals, raise_pending


cdef extern from "vn_ridge.h" nogil:
    ctypedef enum vn_status:
        VN_OK
        VN_INTERRUPTED
    ctypedef int (*vn_poll)(void *) noexcept nogil
    ctypedef struct vn_sparse_rows:
        int64_t n_rows
        int64_t n_columns
        const int64_t *ptr
        const int32_t *column
        const double *value
    vn_status vn_ridge_step(const vn_sparse_rows *, const double *, const double *, const double *,
                            const uint8_t *, int, vn_poll, void *, double *)


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
    cdef int64_t n_rows = ptr.shape[0] - 1, n = ridge.shape[0]
    cdef vn_status status
    cdef vn_sparse_rows x
    if curvature.shape[0] != n_rows or n_rows < 1 or n < 1:
        raise ValueError("curvature: one for each row")
    if gradient.shape[0] != n or free.shape[0] != n or value.shape[0] != column.shape[0]:
        raise ValueError("gradient, ridge, free: one for each column; value: one for each cell")
    if ptr[0] != 0 or ptr[n_rows] != column.shape[0] or column.shape[0] == 0:
        raise ValueError("ptr: must go from 0 to the number of cells")
    step = np.empty(n)
    cdef double[::1] out = step
    x.n_rows, x.n_columns = n_rows, n
    x.ptr, x.column, x.value = &ptr[0], &column[0], &value[0]
    with nogil:
        status = vn_ridge_step(&x, &curvature[0], &ridge[0], &gradient[0], &free[0], n_threads,
                               poll_signals, NULL, &out[0])
    if status == VN_INTERRUPTED:
        raise_pending()
    if status != VN_OK:
        raise MemoryError("not enough memory for the weights of the teachers")
    return step
