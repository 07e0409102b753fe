"""C declarations: csrc/vn_cluster_scores.h."""

from libc.stdint cimport int32_t, int64_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_cluster_scores.h" nogil:
    ctypedef struct vn_clustered:
        int64_t n, n_cells, n_clusters
        const int64_t *i
        const int64_t *j
        const int32_t *cluster
        const double *slope
        int n_moving
        const double *moving
        const double *tie_slope

    vn_status vn_cluster_scores(const vn_clustered *, vn_poll, void *, int64_t *, int32_t *,
                                double *, double *)
    vn_status vn_score_products(int64_t, int64_t, int64_t, const int64_t *, const int32_t *,
                                const double *, int, const double *, double *, double *)
