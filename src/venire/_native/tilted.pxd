"""C declarations: csrc/vn_tilted.h."""

from libc.stdint cimport int64_t

from venire._native.common cimport vn_poll, vn_status
from venire._native.model cimport vn_model_row


cdef extern from "vn_tilted.h" nogil:
    int VN_TILTED_NODES
    ctypedef struct vn_tilted_rule:
        double *node
        double *log_weight
    vn_status vn_tilted(const vn_model_row *, const vn_tilted_rule *, int64_t, const double *,
                        const double *, const double *, const double *, int, vn_poll, void *,
                        double *, double *, double *, double *, double *)
