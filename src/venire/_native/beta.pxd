"""C declarations: csrc/vn_beta.h."""

from libc.stdint cimport int64_t, uint64_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_beta.h" nogil:
    ctypedef struct vn_values:
        const double *at
        int step
    ctypedef enum vn_beta_moment:
        VN_BETA_MEAN
        VN_BETA_VARIANCE
        VN_BETA_STD
        VN_BETA_ENTROPY
    vn_status vn_beta_cdf(int64_t, vn_values, vn_values, vn_values, int, int, vn_poll, void *,
                          double *)
    vn_status vn_beta_quantile(int64_t, vn_values, vn_values, vn_values, int, vn_poll, void *,
                               double *)
    vn_status vn_beta_greater(int64_t, vn_values, vn_values, vn_values, vn_values, int, vn_poll,
                              void *, double *)
    vn_status vn_beta_sample(int64_t, vn_values, vn_values, const uint64_t *, uint64_t, int, vn_poll,
                             void *, double *)
    vn_status vn_beta_moments(int64_t, vn_values, vn_values, vn_beta_moment, int, vn_poll, void *,
                              double *)
    vn_status vn_beta_divergence(int64_t, vn_values, vn_values, vn_values, vn_values, int, vn_poll,
                                 void *, double *)
    void vn_digammas(int64_t, const double *, double *, double *)
