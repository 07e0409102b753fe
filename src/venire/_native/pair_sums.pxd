"""C declarations: csrc/vn_pair_sums.h."""

from libc.stdint cimport int64_t

from venire._native.common cimport vn_status


cdef extern from "vn_pair_sums.h" nogil:
    vn_status vn_pair_sums(int64_t, const int64_t *, const double *, int, const double *, int,
                           double *, double *)
