"""Rows of comparisons to cells: views on arrays around csrc/vn_count.c and csrc/vn_cells.c."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t

from venire._native.signals cimport poll_signals, raise_pending

cnp.import_array()


cdef extern from "vn_count.h" nogil:
    ctypedef int (*vn_poll)(void *) noexcept
    ctypedef enum vn_status:
        VN_OK
        VN_NO_MEMORY
        VN_INTERRUPTED
        VN_TOO_LARGE
        VN_BAD_VALUE
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
        const double *win
        const double *loss
        const double *tie
        const double *square
    ctypedef struct vn_sorted:
        pass
    vn_status vn_sort_rows(const vn_rows *, int, vn_poll, void *, vn_sorted **, int64_t *,
                           int64_t *, int *, int *, int64_t *)
    vn_status vn_write_cells(const vn_rows *, const vn_sorted *, int, vn_poll, void *, int64_t *,
                             int32_t *, int8_t *, int32_t *, double *, double *, double *,
                             double *)
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


cdef dict KINDS = {
    "i1": VN_I8, "i2": VN_I16, "i4": VN_I32, "i8": VN_I64, "b1": VN_U8, "u1": VN_U8, "u2": VN_U16,
    "u4": VN_U32, "u8": VN_U64, "f4": VN_F32, "f8": VN_F64,
}  # fmt: skip


cdef bint set_column(vn_column *c, object x, int64_t n, bint whole) except -1:
    """Point to an array of n numbers, or of one that stands for all; whether that can be done."""
    c.data = NULL
    c.stride = 0
    if x is None:
        return True
    cdef cnp.ndarray array = x
    cdef object kind = KINDS.get(array.dtype.str[1:])
    if kind is None or array.ndim != 1 or not cnp.PyArray_ISBEHAVED_RO(array):
        return False
    if whole and array.dtype.kind not in "iu":
        return False
    if array.shape[0] == n:
        c.stride = cnp.PyArray_STRIDE(array, 0)
    elif array.shape[0] != 1:
        return False
    c.data = <const char *>cnp.PyArray_DATA(array)
    c.kind = <vn_kind><int>kind
    return True


def count(
    cnp.ndarray first not None,
    cnp.ndarray second not None,
    int n_threads,
    *,
    n_items=None,
    score=None,
    weight=None,
    order=None,
    win=None,
    loss=None,
    tie=None,
):
    """Cells of rows of few items, from the columns as they are, in one pass over them.

    Columns are one-dimensional arrays of numbers, the labels integers; all but the labels may hold
    one number that stands for all rows. With `n_items` the labels are positions below it.

    Returns the labels that occur (None if `n_items` is given) and what `aggregate` returns; or None
    where this is not a case for a table, or something is wrong with a row: the general way says
    what.
    """
    cdef vn_columns c
    cdef int64_t n = first.shape[0], low = 0, n_range = 0, n_cells = 0, n_pairs = 0
    cdef const uint8_t *used = NULL
    cdef vn_counted *state = NULL
    cdef int has_tie = 0, has_square = 0
    cdef vn_status status
    c.n_rows = n
    if n == 0 or second.shape[0] != n or (score is None) == (win is None or loss is None):
        return None
    if not (
        set_column(&c.first, first, n, True)
        and set_column(&c.second, second, n, True)
        and set_column(&c.score, score, n, False)
        and set_column(&c.weight, weight, n, False)
        and set_column(&c.win, win, n, False)
        and set_column(&c.loss, loss, n, False)
        and set_column(&c.tie, tie, n, False)
        and set_column(&c.order, order, n, True)
    ):
        return None
    with nogil:
        status = vn_count(&c, n_threads, poll_signals, NULL, &state, &low, &n_range, &used,
                          &n_cells, &has_tie, &has_square)
    if status == VN_INTERRUPTED:
        raise_pending()
    if status == VN_NO_MEMORY:
        raise MemoryError("not enough memory to aggregate the comparisons")
    if status != VN_OK:
        return None
    cdef int64_t[::1] row_ptr
    cdef int32_t[::1] hi_view, code
    cdef int8_t[::1] order_view
    cdef double[::1] win_view, loss_view, tie_view = None, square_view = None
    cdef int64_t items
    try:
        labels = None
        if n_items is not None:
            items = n_items
            if low < 0 or low + n_range > items:
                return None
            codes = np.arange(low, low + n_range, dtype=np.int32)
        else:
            marks = np.asarray(<const uint8_t[:n_range]>used)
            labels = np.flatnonzero(marks)
            items = len(labels)
            codes = np.cumsum(marks, dtype=np.int32)
            codes -= 1
            labels += low
        code = codes
        pointers = np.empty(items + 1, np.int64)
        hi = np.empty(n_cells, np.int32)
        orders = np.empty(n_cells, np.int8)
        wins = np.empty(n_cells)
        losses = np.empty(n_cells)
        ties = np.empty(n_cells) if has_tie else None
        squares = np.empty(n_cells) if has_square else None
        row_ptr, hi_view, order_view, win_view, loss_view = pointers, hi, orders, wins, losses
        tie_view, square_view = ties, squares
        with nogil:
            n_pairs = vn_counted_write(
                state, n_threads, &code[0], items, &row_ptr[0], &hi_view[0], &order_view[0],
                &win_view[0], &loss_view[0], out_doubles(tie_view), out_doubles(square_view))
    finally:
        vn_counted_free(state)
    return labels, (pointers, hi, orders, None, wins, losses, ties, squares, n_pairs)


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
        status = vn_sort_rows(&rows, n_threads, poll_signals, NULL, &state, &n_cells, &n_pairs,
                              &has_tie, &has_square, &bad)
    if status == VN_INTERRUPTED:
        raise_pending()
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
                &rows, state, n_threads, poll_signals, NULL, &row_ptr[0], &hi_view[0],
                &order_view[0], NULL if cluster_view is None else &cluster_view[0], &win_view[0], &loss_view[0],
                out_doubles(tie_view), out_doubles(square_view))
    finally:
        vn_sorted_free(state)
    if status == VN_INTERRUPTED:
        raise_pending()
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
    with nogil:
        vn_merge_classes(n_items, &row_ptr[0], &second[0], &win[0], &loss[0], doubles(tie),
                         half_ties, n_threads, &out_ptr[0], &out_hi[0], &out_win[0], &out_loss[0],
                         out_doubles(out_tie))
    return pointers, hi, wins, losses, ties
