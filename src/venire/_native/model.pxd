"""The models by their number: csrc/vn_model.h."""

cdef extern from "vn_model.h" nogil:
    ctypedef enum vn_model:
        VN_BRADLEY_TERRY
        VN_THURSTONE
        VN_DAVIDSON
        VN_RAO_KUPPER
