"""C declarations: csrc/vn_random.h and csrc/vn_resample.h."""

from libc.stdint cimport int32_t, int64_t, uint64_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_random.h" nogil:
    void vn_threefry(const uint64_t *, uint64_t, uint64_t, uint64_t *, uint64_t *)


cdef extern from "vn_resample.h" nogil:
    ctypedef enum vn_resample_kind:
        VN_MULTINOMIAL
    ctypedef struct vn_resample:
        pass
    vn_status vn_resample_new(vn_resample_kind, int64_t, const int64_t *, const int64_t *, int64_t,
                              const int64_t *, vn_resample **)
    void vn_resample_free(vn_resample *)
    vn_status vn_resample_draw(const vn_resample *, const uint64_t *, int64_t, int64_t, int,
                               vn_poll, void *, int32_t *, double *)
