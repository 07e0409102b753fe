"""C declarations: csrc/vn_group_fit.h and vn_group_replicates.h."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t

from venire._native.common cimport vn_poll, vn_status
from venire._native.model cimport vn_model_row
from venire._native.prior cimport vn_prior
from venire._native.resample cimport vn_resample_kind


cdef extern from "vn_group_fit.h" nogil:
    ctypedef struct vn_small_evidence:
        double squares
    ctypedef struct vn_small_model:
        const vn_model_row *model
        vn_prior prior
        double centre
        int has_gamma
        int has_tie
        int free_border
        double fixed[2]
    ctypedef struct vn_grouped:
        int64_t n_groups
        const int64_t *item_ptr
        const int64_t *cell_ptr
        const int32_t *first
        const int32_t *second
        const int8_t *order
        const double *win
        const double *loss
        const double *tie
    ctypedef struct vn_group_options:
        vn_small_model model
        double tol
        int max_iter
        int patience
        int warm
    ctypedef struct vn_group_result:
        double *theta
        double *gamma
        double *log_tie
        double *residual
        int32_t *n_iter
        int32_t *n_parts
        int8_t *status
    vn_status vn_fit_groups(const vn_grouped *, int64_t, int64_t, const vn_group_options *, int,
                            vn_poll, void *, vn_group_result *)
    vn_status vn_group_variances(const vn_grouped *, int64_t, int64_t, const vn_small_model *,
                                 const vn_group_result *, const double *, int, vn_poll, void *,
                                 double *, double *, double *, double *)
    vn_status vn_group_log_likelihoods(const vn_grouped *, int64_t, int64_t,
                                       const vn_small_model *, const vn_group_result *, int,
                                       vn_poll, void *, double *)
    vn_status vn_group_evidence(const vn_grouped *, int64_t, int64_t, const vn_small_model *,
                                const vn_group_result *, int, vn_poll, void *, vn_small_evidence *)
    vn_status vn_group_profile(const vn_grouped *, int64_t, int64_t, const vn_small_model *,
                               const vn_group_result *, double, int, const int32_t *,
                               const int8_t *, int, vn_poll, void *, double *)
    vn_status vn_group_border(const vn_grouped *, int64_t, int64_t, const vn_small_model *,
                              const vn_group_result *, int, vn_poll, void *, double *, double *)


cdef extern from "vn_group_replicates.h" nogil:
    ctypedef enum vn_group_unit:
        VN_UNIT_AUTO
    ctypedef struct vn_group_resampling:
        vn_resample_kind kind
        vn_group_unit unit
        const uint64_t *key
        int64_t begin
        int64_t end
    ctypedef struct vn_group_replicates:
        double *theta
        int64_t item_stride
        double *gamma
        double *log_tie
        double *residual
        int8_t *status
        int32_t *n_iter
        int64_t group_stride
    vn_status vn_group_bootstrap(const vn_grouped *, int64_t, int64_t, const vn_group_options *,
                                 const vn_group_resampling *, const vn_group_result *, int,
                                 vn_poll, void *, vn_group_replicates *)
    vn_status vn_group_summary(const int64_t *, int64_t, int64_t, const double *, int64_t,
                               const int8_t *, int64_t, int, const double *, int, vn_poll,
                               void *, double *, double *, double *)


cdef class Estimates:
    cdef public object theta, gamma, log_tie, residual, n_iter, n_parts, status


cdef class Groups:
    cdef vn_grouped g
    cdef vn_small_model model
    cdef object keep
    cdef int64_t n_items, n_cells
    cdef int threads(self, int64_t start, int64_t stop, int n_threads) except -1
    cdef vn_group_result fitted(self, Estimates e) except *
