"""C declarations: csrc/vn_gram.h."""

from libc.stdint cimport int32_t, int64_t

from venire._native.common cimport vn_status


cdef extern from "vn_gram.h" nogil:
    vn_status vn_weighted_grams(int64_t, int64_t, const double *, int64_t, const int32_t *,
                                const double *, int64_t, int, double *)
