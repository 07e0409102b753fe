"""C declarations: csrc/vn_teacher_weights.h."""

from libc.stdint cimport int32_t, int64_t

from venire._native.common cimport vn_poll, vn_status
from venire._native.model cimport vn_model_row
from venire._native.votes cimport vn_vote_cells, vn_vote_table


cdef extern from "vn_teacher_weights.h" nogil:
    ctypedef struct vn_row_votes:
        int64_t n_rows
        int64_t n_teachers
        const int64_t *pair
        vn_vote_table votes
    ctypedef struct vn_group_rows:
        int64_t n_groups
        const int64_t *item_ptr
        const int64_t *row_ptr
        const int32_t *first
        const int32_t *second
        const double *theta
        const double *variance
        const vn_model_row *model
        double share
    vn_status vn_weighted_masses(const vn_row_votes *, const double *, int, vn_poll, void *,
                                 double *, double *)
    vn_status vn_expected_votes(const vn_group_rows *, int, vn_poll, void *, double *)
    vn_status vn_teacher_agreement(const vn_row_votes *, const double *, int, vn_poll, void *,
                                   double *, double *, int64_t *)


cdef class RowVotes:
    cdef vn_row_votes rows
    cdef object arrays
    cdef int n_threads
