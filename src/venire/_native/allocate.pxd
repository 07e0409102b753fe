"""C declarations: csrc/vn_allocate.h."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from venire._native.common cimport vn_poll, vn_status
from venire._native.grouped cimport vn_grouped, vn_small_model


cdef extern from "vn_allocate.h" nogil:
    ctypedef enum vn_criterion:
        VN_PICK_D
        VN_PICK_RESIDUAL
        VN_PICK_GIVEN
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
    vn_status vn_allocate(const vn_grouped *, const vn_small_model *, const vn_allocate_asks *,
                          const vn_allocate_options *, int64_t, int64_t, int, vn_poll, void *,
                          const int64_t *, int32_t *, int32_t *, double *)
    vn_status vn_held_out(const vn_grouped *, const vn_small_model *, const uint8_t *, int64_t,
                          int64_t, int, vn_poll, void *, double *)
