"""Rows of comparisons to cells: views on arrays around csrc/vn_cells.c."""

import numpy as np

from libc.stdint cimport int8_t, int32_t, int64_t


cdef extern from "vn_cells.h" nogil:
    ctypedef enum vn_status:
        VN_OK
        VN_NO_MEMORY
        VN_TOO_LARGE
        VN_BAD_VALUE
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
        const double *win
        const double *loss
        const double *tie
        const double *square
    ctypedef struct vn_sorted:
        pass
    vn_status vn_sort_rows(const vn_rows *, int, vn_sorted **, int64_t *, int64_t *, int *, int *,
                           int64_t *)
    vn_status vn_write_cells(const vn_rows *, const vn_sorted *, int, int64_t *, int32_t *,
                             int8_t *, int32_t *, double *, double *, double *, double *)
    void vn_sorted_free(vn_sorted *)
    vn_status vn_merge_classes(int64_t, const int64_t *, const int32_t *, const double *,
                               const double *, const double *, int, int, int64_t *, int32_t *,
                               double *, double *, double *)


class SelfComparison(Exception):
    """Row `args[0]` compares an item with itself."""


cdef const double *doubles(const double[::1] view) noexcept nogil:
    return NULL if view is None or view.shape[0] == 0 else &view[0]


cdef double *out_doubles(double[::1] view) noexcept nogil:
    return NULL if view is None or view.shape[0] == 0 else &view[0]


def aggregate(
    int64_t n_items,
    const int32_t[::1] first not None,
    const int32_t[::1] second not None,
    int n_threads,
    *,
    score=1.0,
    const double[::1] weight=None,
    const int8_t[::1] order=None,
    const int32_t[::1] cluster=None,
    const double[::1] win=None,
    const double[::1] loss=None,
    const double[::1] tie=None,
    const double[::1] square=None,
):
    """Cells of the rows, sorted by (first, second, order): see venire.reference.aggregate.

    Inputs are not checked, except that no item meets itself. Rows with a `cluster` must be sorted
    by it. Returns row_ptr (n_items + 1), second, order, cluster, win, loss, tie, square, n_pairs;
    tie and square are None where they hold no information (no ties; only hard outcomes).
    """
    cdef vn_rows rows
    cdef vn_sorted *state = NULL
    cdef int64_t n_cells = 0, n_pairs = 0, bad = -1
    cdef int has_tie = 0, has_square = 0
    cdef vn_status status
    cdef const double[::1] scores
    rows.n_rows = first.shape[0]
    if rows.n_rows < 1 << 15:  # starting threads costs more than they save
        n_threads = 1
    rows.n_items = n_items
    rows.first = &first[0]
    rows.second = &second[0]
    rows.score = NULL
    rows.one_score = 1.0
    if isinstance(score, float):
        rows.one_score = score
    else:
        scores = score
        rows.score = &scores[0]
    rows.weight = doubles(weight)
    rows.order = NULL if order is None else &order[0]
    rows.cluster = NULL if cluster is None else &cluster[0]
    rows.win = doubles(win)
    rows.loss = doubles(loss)
    rows.tie = doubles(tie)
    rows.square = doubles(square)
    with nogil:
        status = vn_sort_rows(&rows, n_threads, &state, &n_cells, &n_pairs, &has_tie, &has_square,
                              &bad)
    if status == VN_BAD_VALUE:
        raise SelfComparison(int(bad))
    if status == VN_TOO_LARGE:
        raise ValueError("at most 2**30 items and, with soft scores or weights, 2**32 rows per call")
    if status != VN_OK:
        raise MemoryError("not enough memory to aggregate the comparisons")
    cdef int64_t[::1] row_ptr
    cdef int32_t[::1] hi_view, cluster_view = None
    cdef int8_t[::1] order_view
    cdef double[::1] win_view, loss_view, tie_view = None, square_view = None
    try:
        pointers = np.empty(n_items + 1, np.int64)
        hi = np.empty(n_cells, np.int32)
        orders = np.empty(n_cells, np.int8)
        clusters = None if cluster is None else np.empty(n_cells, np.int32)
        wins = np.empty(n_cells)
        losses = np.empty(n_cells)
        ties = np.empty(n_cells) if has_tie else None
        squares = np.empty(n_cells) if has_square else None
        row_ptr, hi_view, order_view, win_view, loss_view = pointers, hi, orders, wins, losses
        cluster_view, tie_view, square_view = clusters, ties, squares
        with nogil:
            status = vn_write_cells(
                &rows, state, n_threads, &row_ptr[0], &hi_view[0], &order_view[0],
                NULL if cluster_view is None else &cluster_view[0], &win_view[0], &loss_view[0],
                out_doubles(tie_view), out_doubles(square_view))
    finally:
        vn_sorted_free(state)
    if status != VN_OK:
        raise MemoryError("not enough memory to aggregate the comparisons")
    if ties is not None and not ties.any():
        ties = None
    return pointers, hi, orders, clusters, wins, losses, ties, squares, int(n_pairs)


def merge_classes(
    const int64_t[::1] row_ptr not None,
    const int32_t[::1] second not None,
    const double[::1] win not None,
    const double[::1] loss not None,
    const double[::1] tie,
    int64_t n_pairs,
    bint half_ties,
    int n_threads,
):
    """Order classes of each pair added up: row_ptr, second, win, loss, tie (None if `half_ties`)."""
    cdef int64_t n_items = row_ptr.shape[0] - 1
    pointers, hi = np.empty(n_items + 1, np.int64), np.empty(n_pairs, np.int32)
    wins, losses = np.empty(n_pairs), np.empty(n_pairs)
    ties = None if half_ties or tie is None else np.empty(n_pairs)
    cdef int64_t[::1] out_ptr = pointers
    cdef int32_t[::1] out_hi = hi
    cdef double[::1] out_win = wins, out_loss = losses, out_tie = ties
    if win.shape[0] < 1 << 15:
        n_threads = 1
    with nogil:
        vn_merge_classes(n_items, &row_ptr[0], &second[0], &win[0], &loss[0], doubles(tie),
                         half_ties, n_threads, &out_ptr[0], &out_hi[0], &out_win[0], &out_loss[0],
                         out_doubles(out_tie))
    return pointers, hi, wins, losses, ties
