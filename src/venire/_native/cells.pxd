"""C declarations: csrc/vn_count.h, vn_cells.h, vn_merge.h and vn_join.h."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t

from venire._native.border cimport at, at_if
from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_count.h" nogil:
    ctypedef enum vn_kind:
        VN_I8
        VN_I16
        VN_I32
        VN_I64
        VN_U8
        VN_U16
        VN_U32
        VN_U64
        VN_F32
        VN_F64
    ctypedef struct vn_column:
        const char *data
        int64_t stride
        vn_kind kind
    ctypedef struct vn_columns:
        int64_t n_rows
        vn_column first, second
        vn_column score, weight
        vn_column win, loss, tie
        vn_column order
    ctypedef struct vn_counted:
        pass
    vn_status vn_count(const vn_columns *, int, vn_poll, void *, vn_counted **, int64_t *,
                       int64_t *, const uint8_t **, int64_t *, int *, int *)
    int64_t vn_counted_write(const vn_counted *, int, const int32_t *, int64_t, int64_t *,
                             int32_t *, int8_t *, double *, double *, double *, double *)
    void vn_counted_free(vn_counted *)


cdef extern from "vn_cells.h" nogil:
    ctypedef struct vn_rows:
        int64_t n_rows
        int64_t n_items
        const int32_t *first
        const int32_t *second
        const double *score
        double one_score
        const double *weight
        const int8_t *order
        const int32_t *cluster
        const int64_t *date
        int n_covariates
        const double *covariates
        const double *win
        const double *loss
        const double *tie
        const double *square
    ctypedef struct vn_sorted:
        pass
    vn_status vn_sort_rows(const vn_rows *, int, vn_poll, void *, vn_sorted **, int64_t *,
                           int64_t *, int *, int *, int64_t *)
    ctypedef struct vn_cells_out:
        int64_t *row_ptr
        int32_t *hi
        int8_t *order
        int32_t *cluster
        int64_t *date
        double *covariates
        double *win
        double *loss
        double *tie
        double *square
    vn_status vn_write_cells(const vn_rows *, const vn_sorted *, int, vn_poll, void *,
                             const vn_cells_out *)
    void vn_sorted_free(vn_sorted *)


cdef extern from "vn_merge.h" nogil:
    vn_status vn_merge_classes(int64_t, int64_t, const int64_t *, const int32_t *, const double *,
                               const double *, const double *, int, int, int64_t *, int32_t *,
                               double *, double *, double *)


cdef extern from "vn_join.h" nogil:
    ctypedef struct vn_join_cells:
        int64_t *row_ptr
        int32_t *hi
        int8_t *order
        int32_t *stratum
        double *win
        double *loss
        double *tie
        double *square
    vn_status vn_join_count(int64_t, const vn_join_cells *, const vn_join_cells *, int, vn_poll,
                            void *, int64_t *, int64_t *, int64_t *)
    vn_status vn_join_write(int64_t, const vn_join_cells *, const vn_join_cells *,
                            const int64_t *, int, vn_poll, void *, const vn_join_cells *)


cdef inline int set_rows(
    vn_rows *rows,
    int64_t n_items,
    const int32_t[::1] first,
    const int32_t[::1] second,
    double one_score,
    const double[::1] scores,
    const double[::1] weight,
    const int8_t[::1] order,
    const double[::1] win,
    const double[::1] loss,
    const double[::1] tie,
    const double[::1] square,
) except -1:
    """Point to columns of one length, without clusters, dates and covariates."""
    cdef int64_t n = first.shape[0]
    rows.n_rows, rows.n_items = n, n_items
    rows.first, rows.second = at(first, n, "first"), at(second, n, "second")
    rows.score, rows.one_score = at_if(scores, n, "score"), one_score
    rows.weight, rows.order = at_if(weight, n, "weight"), at_if(order, n, "order")
    rows.cluster, rows.date = NULL, NULL
    rows.n_covariates, rows.covariates = 0, NULL
    rows.win, rows.tie = at_if(win, n, "win"), at_if(tie, n, "tie")
    rows.loss = NULL if win is None else at(loss, n, "loss")
    rows.square = at_if(square, n, "square")
    return 0
