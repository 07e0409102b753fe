"""C declarations: csrc/vn_sums.h."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t

from venire._native.cells cimport vn_cells_out, vn_rows
from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_sums.h" nogil:
    ctypedef struct vn_sums:
        pass
    ctypedef struct vn_sums_out:
        int32_t *lo
        int32_t *hi
        int8_t *order
        double *win
        double *loss
        double *tie
        double *square
        double *other
    vn_sums *vn_sums_new()
    void vn_sums_free(vn_sums *)
    vn_status vn_sums_add(vn_sums *, const vn_rows *, const double *, int, int, vn_poll, void *,
                          int64_t *)
    int64_t vn_sums_size(const vn_sums *)
    int64_t vn_sums_bytes(const vn_sums *)
    int64_t vn_sums_codes(const vn_sums *)
    void vn_sums_mark(const vn_sums *, uint8_t *)
    int vn_sums_is_soft(const vn_sums *)
    vn_status vn_sums_scale(vn_sums *, double)
    void vn_sums_read(const vn_sums *, const vn_sums_out *)
    vn_status vn_sums_write(const vn_sums *, const int32_t *, int64_t, int64_t, int, vn_poll,
                            void *, const vn_cells_out *, int64_t *, int *)
