"""C declarations: csrc/vn_ridge.h."""

from libc.stdint cimport int32_t, int64_t, uint8_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_ridge.h" nogil:
    ctypedef struct vn_sparse_rows:
        int64_t n_rows
        int64_t n_columns
        const int64_t *ptr
        const int32_t *column
        const double *value
    vn_status vn_ridge_step(const vn_sparse_rows *, const double *, const double *, const double *,
                            const uint8_t *, int, vn_poll, void *, double *)
