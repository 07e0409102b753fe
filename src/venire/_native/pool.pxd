"""C declarations: csrc/vn_pool.h."""

from libc.stdint cimport int32_t, int64_t, uint8_t

from venire._native.common cimport vn_poll, vn_status
from venire._native.votes cimport vn_vote_cells, vn_vote_table


cdef extern from "vn_pool.h" nogil:
    ctypedef struct vn_panel:
        int64_t n_pairs
        int64_t n_teachers
        const int64_t *ptr
        const int32_t *teacher
        const double *s
        const double *teacher_weight
        const double *cell_weight
    ctypedef struct vn_teacher_counts:
        double agree
        double whole
        int64_t repeated
        int64_t judged
        int64_t soft
        int64_t ties
    vn_status vn_signed_votes(const vn_vote_table *, int64_t, int64_t, int, vn_poll, void *,
                              double *, vn_teacher_counts *)
    vn_status vn_pool(const vn_panel *, int, vn_poll, void *, double *, double *, double *,
                      double *)
    vn_status vn_vouch(const vn_panel *, const double *, const double *, int, vn_poll, void *,
                       double *, double *)
    vn_status vn_pool_correlated(const vn_panel *, const double *, int, vn_poll, void *, double *,
                                 double *, double *, double *, double *)
    vn_status vn_comoments(const vn_panel *, const double *, const uint8_t *, int, vn_poll, void *,
                           double *, double *, double *)
