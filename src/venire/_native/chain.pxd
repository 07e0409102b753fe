"""C declarations: csrc/vn_chain.h."""

from libc.stdint cimport int32_t, int64_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_chain.h" nogil:
    ctypedef struct vn_chain:
        int64_t n_blocks
        const int64_t *ptr
        const int64_t *start
        const int64_t *link_ptr
        const int32_t *here
        const int32_t *there
        double weight
        double *blocks
    vn_status vn_chain_factor(const vn_chain *, int, vn_poll, void *, double *)
    vn_status vn_chain_solve(const vn_chain *, int64_t, double *)
    vn_status vn_chain_inverse(const vn_chain *, int, vn_poll, void *, double *)
