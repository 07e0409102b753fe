"""C declarations: csrc/vn_judges.h."""

from libc.stdint cimport int64_t, uint32_t

from venire._native.common cimport vn_poll, vn_status
from venire._native.teacher_weights cimport vn_row_votes


cdef extern from "vn_judges.h" nogil:
    enum:
        VN_JUDGE_SUMS
    ctypedef struct vn_look_columns:
        uint32_t *code
        double *win
        double *mass
    ctypedef struct vn_looks:
        int64_t n_rows
        int64_t n_judges
        int64_t n_looks
        int has_order
        int64_t *row_ptr
        int64_t *judge_ptr
        vn_look_columns by_row
        vn_look_columns by_judge
    vn_status vn_looks_count(const vn_row_votes *, int, vn_poll, void *, int64_t *, int *)
    vn_status vn_looks_fill(const vn_row_votes *, int, vn_poll, void *, vn_looks *)
    vn_status vn_looks_by_row(const vn_looks *, const double *, const double *, const double *,
                              int, vn_poll, void *, double *, double *)
    vn_status vn_looks_by_judge(const vn_looks *, const double *, const double *, const double *,
                                const double *, int, vn_poll, void *, double *)
    vn_status vn_looks_likelihood(const vn_looks *, const double *, const double *, const double *,
                                  int, vn_poll, void *, double *)
