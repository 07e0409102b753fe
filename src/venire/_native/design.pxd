"""C declarations: csrc/vn_design.h."""

from libc.stdint cimport int32_t, int64_t, uint64_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_design.h" nogil:
    ctypedef enum vn_design_method:
        VN_DESIGN_CYCLES
        VN_DESIGN_RANDOM
    ctypedef struct vn_design:
        vn_design_method method
        int64_t n_groups
        int64_t degree
        int64_t stream
        const int64_t *n_items
        const int64_t *ask_ptr
        const int64_t *used_ptr
        const int32_t *used_first
        const int32_t *used_second
    vn_status vn_design_pairs(const vn_design *, const uint64_t *, int, vn_poll, void *, int32_t *,
                              int32_t *, int64_t *)
