"""C declarations: csrc/vn_graph.h and vn_existence.h."""

from libc.stdint cimport int8_t, int32_t, int64_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_graph.h" nogil:
    ctypedef struct vn_cells:
        int64_t n
        const int64_t *row_ptr
        const int32_t *hi
        const int8_t *order
        const double *win
        const double *loss
        const double *tie
    vn_status vn_weak_components(const vn_cells *, vn_poll, void *, int32_t *, int64_t *)
    vn_status vn_strong_components(const vn_cells *, vn_poll, void *, int32_t *, int64_t *)


cdef extern from "vn_existence.h" nogil:
    vn_status vn_existence(const vn_cells *, int, int, int, vn_poll, void *, int32_t *, int64_t *,
                           int *)
