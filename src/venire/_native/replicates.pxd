"""C declarations: csrc/vn_replicates.h and vn_replicate_edges.h."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t

from venire._native.common cimport vn_poll, vn_status
from venire._native.model cimport vn_model_row
from venire._native.prior cimport vn_prior
from venire._native.resample cimport vn_resample_kind


cdef extern from "vn_replicates.h" nogil:
    ctypedef struct vn_draws:
        pass
    ctypedef struct vn_replicates:
        const vn_model_row *model
        int has_tie
        vn_prior prior
        int64_t n_items
        int64_t n_edges
        int64_t n_rows
        int64_t n_units
        const int32_t *first
        const int32_t *second
        const int32_t *edge
        const int32_t *unit
        const int8_t *outcome
        const double *mass
        const int32_t *component
        const double *inverse
        const double *start
        double tol
        int max_iter
    vn_status vn_draws_new(vn_resample_kind, int64_t, const double *, vn_draws **)
    void vn_draws_free(vn_draws *)
    void vn_draws_block(const vn_draws *, const uint64_t *, int64_t, int, double *)
    vn_status vn_replicates_fit(const vn_replicates *, const vn_draws *, const uint64_t *, int64_t,
                                int64_t, int, vn_poll, void *, double *, double *, double *,
                                int8_t *, int32_t *)
    vn_status vn_dense_inverse(int64_t, double *)


cdef extern from "vn_replicate_edges.h" nogil:
    int64_t vn_replicate_edges(const vn_replicates *, const int8_t *, const double *, int64_t *,
                               int32_t *, int8_t *, int32_t *, double *, double *, double *, double *)
