"""C declarations: csrc/vn_group_cells.h."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint32_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_group_cells.h" nogil:
    ctypedef struct vn_group_rows:
        int64_t n_rows
        int64_t n_compared
        const int32_t *first32
        const int32_t *second32
        const int64_t *first64
        const int64_t *second64
        const double *score
        double one_score
        const double *weight
        const int8_t *order
        const double *win
        const double *loss
        const double *tie
        int64_t n_groups
        const int64_t *row_ptr
        const uint32_t *row
        const int64_t *item_ptr
    vn_status vn_group_runs(const int32_t *, const int64_t *, int64_t, int, vn_poll, void *, int *,
                            int64_t *, int64_t *)
    vn_status vn_group_sort(const int32_t *, int64_t, int64_t, int, vn_poll, void *, int64_t *,
                            uint32_t *)
    vn_status vn_group_cells(const vn_group_rows *, int, vn_poll, void *, int64_t *, int64_t *,
                             int64_t *, int32_t *, int32_t *, int8_t *, double *, double *,
                             double *, int *, int *, int64_t *, int *)
