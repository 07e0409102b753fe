"""C declarations: csrc/vn_ranking.h."""

from libc.stdint cimport int32_t, int64_t, uint8_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_ranking.h" nogil:
    ctypedef struct vn_ranking_data:
        int64_t n_items
        int64_t n_rankings
        const int64_t *offsets
        const int32_t *item
        const int32_t *ranked
        const uint8_t *tied
    ctypedef struct vn_rankings:
        pass
    vn_status vn_rankings_new(const vn_ranking_data *, int, vn_poll, void *, vn_rankings **)
    void vn_rankings_free(vn_rankings *)
    vn_status vn_rankings_weigh(vn_rankings *, const double *, int, vn_poll, void *)
    const double *vn_rankings_chosen(const vn_rankings *)
    const double *vn_rankings_mass(const vn_rankings *)
    vn_status vn_rankings_pull(vn_rankings *, const double *, int, vn_poll, void *, double *, double *)
    vn_status vn_rankings_log_likelihood(vn_rankings *, const double *, int, vn_poll, void *, double *)
    vn_status vn_rankings_pairs(vn_rankings *, vn_poll, void *, int64_t *, const int64_t **,
                                const int32_t **)
    vn_status vn_rankings_curvature(vn_rankings *, const double *, int, vn_poll, void *, double *)
    vn_status vn_rankings_scores(vn_rankings *, const double *, int, vn_poll, void *, double *)
    vn_status vn_rankings_connected(const vn_rankings *, vn_poll, void *, int32_t *, int64_t *, int *)
    void vn_rankings_arcs(const vn_rankings *, int64_t *, int32_t *)
