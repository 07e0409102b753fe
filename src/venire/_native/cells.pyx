"""Rows of comparisons to cells, and these to edges: views on arrays around vn_count.c, vn_cells.c,
vn_merge.c, vn_join.c and a function of vn_problem_survey.c."""

import numpy as np

cimport numpy as cnp
from libc.stdint cimport INT32_MAX, INT64_MAX, int8_t, int32_t, int64_t, uint8_t

from venire._native.border cimport at, at_if, codes, offsets, room, room_if, same, steps, team
from venire._native.border cimport within
from venire._native.common cimport VN_BAD_VALUE, VN_OK, VN_TOO_LARGE, check, poll_signals, vn_status
from venire._native.problem cimport VN_TILE, vn_edges_of_cells

cnp.import_array()


class SelfComparison(Exception):
    """Row `args[0]` compares an item with itself."""


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
    if array.shape[0] != 1 or n == 1:
        same(array.shape[0], n, "a column")
        c.stride = cnp.PyArray_STRIDE(array, 0)
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
    n_threads = team(n_threads)
    within(n, 1, INT64_MAX, "first")
    same(second.shape[0], n, "second")
    if (score is None) == (win is None) or (win is None) != (loss is None):
        raise ValueError("score, or win and loss: one of the two")
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
    if status == VN_TOO_LARGE or status == VN_BAD_VALUE:
        return None
    check(status, "to aggregate the comparisons")
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
        out_tie = room_if(tie_view, n_cells, "tie")
        out_square = room_if(square_view, n_cells, "square")
        with nogil:
            n_pairs = vn_counted_write(
                state, n_threads, &code[0], items, &row_ptr[0], &hi_view[0], &order_view[0],
                &win_view[0], &loss_view[0], out_tie, out_square)
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
    const int64_t[::1] date=None,
    const double[:, ::1] covariates=None,
):
    """Cells of the rows, sorted by (first, second, order, cluster, date, covariates): see
    venire.reference.aggregate.

    Inputs are not checked, except that no item meets itself. Returns row_ptr (n_items + 1), second,
    order, cluster, win, loss, tie, square, n_pairs, date, covariates; tie and square are None where
    they hold no information (no ties; only hard outcomes).
    """
    cdef vn_rows rows
    cdef vn_cells_out out
    cdef vn_sorted *state = NULL
    cdef int64_t n_cells = 0, n_pairs = 0, bad = -1
    cdef int has_tie = 0, has_square = 0
    cdef vn_status status
    cdef const double[::1] scores = None if isinstance(score, float) else score
    cdef int64_t n = first.shape[0]
    within(n, 1, INT64_MAX, "first")
    within(n_items, 1, INT64_MAX, "n_items")
    set_rows(&rows, n_items, first, second, score if scores is None else 1.0, scores, weight, order,
             win, loss, tie, square)
    rows.cluster = at_if(cluster, n, "cluster")
    rows.date = at_if(date, n, "date")
    if covariates is not None:
        same(covariates.shape[0], n, "covariates")
        within(covariates.shape[1], 1, INT32_MAX, "covariates")
        rows.n_covariates = <int>covariates.shape[1]
        rows.covariates = &covariates[0, 0]
    n_threads = team(n_threads)
    with nogil:
        status = vn_sort_rows(&rows, n_threads, poll_signals, NULL, &state, &n_cells, &n_pairs,
                              &has_tie, &has_square, &bad)
    if status == VN_BAD_VALUE and first[bad] == second[bad]:
        raise SelfComparison(int(bad))
    if status == VN_BAD_VALUE:
        raise ValueError(f"first, second: row {bad} holds no two of {n_items} positions")
    if status == VN_TOO_LARGE:
        raise ValueError("at most 2**30 items and, with soft scores or weights, 2**32 rows per call")
    check(status, "to aggregate the comparisons")
    cdef int64_t[::1] row_ptr, date_view = None
    cdef int32_t[::1] hi_view, cluster_view = None
    cdef int8_t[::1] order_view
    cdef double[::1] win_view, loss_view, tie_view = None, square_view = None
    cdef double[:, ::1] x_view
    try:
        pointers = np.empty(n_items + 1, np.int64)
        hi = np.empty(n_cells, np.int32)
        orders = np.empty(n_cells, np.int8)
        clusters = None if cluster is None else np.empty(n_cells, np.int32)
        dates = None if date is None else np.empty(n_cells, np.int64)
        x = None if covariates is None else np.empty((n_cells, covariates.shape[1]))
        wins = np.empty(n_cells)
        losses = np.empty(n_cells)
        ties = np.empty(n_cells) if has_tie else None
        squares = np.empty(n_cells) if has_square else None
        row_ptr, hi_view, order_view, win_view, loss_view = pointers, hi, orders, wins, losses
        cluster_view, date_view, tie_view, square_view = clusters, dates, ties, squares
        out.row_ptr, out.hi, out.order = &row_ptr[0], &hi_view[0], &order_view[0]
        out.win, out.loss = &win_view[0], &loss_view[0]
        out.cluster = room_if(cluster_view, n_cells, "cluster")
        out.date = room_if(date_view, n_cells, "date")
        out.covariates = NULL
        if x is not None:
            x_view = x
            out.covariates = &x_view[0, 0]
        out.tie = room_if(tie_view, n_cells, "tie")
        out.square = room_if(square_view, n_cells, "square")
        with nogil:
            status = vn_write_cells(&rows, state, n_threads, poll_signals, NULL, &out)
    finally:
        vn_sorted_free(state)
    check(status, "to aggregate the comparisons")
    if ties is not None and not ties.any():
        ties = None
    return pointers, hi, orders, clusters, wins, losses, ties, squares, int(n_pairs), dates, x


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
    cdef int64_t n_items = steps(row_ptr, "row_ptr"), n = second.shape[0]
    cdef vn_status status
    offsets(row_ptr, 0, n, "row_ptr")
    within(n_pairs, 0, n, "n_pairs")
    n_threads = team(n_threads)
    pointers, hi = np.empty(n_items + 1, np.int64), np.empty(n_pairs, np.int32)
    wins, losses = np.empty(n_pairs), np.empty(n_pairs)
    ties = None if half_ties or tie is None else np.empty(n_pairs)
    cdef int64_t[::1] out_ptr = pointers
    cdef int32_t[::1] out_hi = hi
    cdef double[::1] out_win = wins, out_loss = losses, out_tie = ties
    cdef const int32_t *in_hi = at(second, n, "second")
    codes(in_hi, n, n_items, "second")
    cdef const double *in_win = at(win, n, "win")
    cdef const double *in_loss = at(loss, n, "loss")
    cdef const double *in_tie = at_if(tie, n, "tie")
    cdef int32_t *to_hi = room(out_hi, n_pairs, "second")
    cdef double *to_win = room(out_win, n_pairs, "win")
    cdef double *to_loss = room(out_loss, n_pairs, "loss")
    cdef double *to_tie = room_if(out_tie, n_pairs, "tie")
    with nogil:
        status = vn_merge_classes(n_items, n_pairs, &row_ptr[0], in_hi, in_win, in_loss, in_tie,
                                  half_ties, n_threads, &out_ptr[0], to_hi, to_win, to_loss,
                                  to_tie)
    if status != VN_OK:
        raise ValueError(f"n_pairs: is {n_pairs}, but the cells have {out_ptr[n_items]} pairs")
    return pointers, hi, wins, losses, ties


def edges_of_cells(const int64_t[::1] row_ptr not None, const int32_t[::1] second not None,
                   int64_t n_pairs):
    """edge_ptr, hi, cell_ptr: the edges of cells that are sorted by pair; a pair of very many cells
    has several."""
    cdef int64_t n = steps(row_ptr, "row_ptr"), n_cells = second.shape[0], n_edges
    offsets(row_ptr, 0, n_cells, "row_ptr")
    within(n_pairs, 0, n_cells, "n_pairs")
    cdef int64_t room_for = n_pairs + n_cells // VN_TILE
    edge_ptr, hi = np.empty(n + 1, np.int64), np.empty(room_for, np.int32)
    cell_ptr = np.empty(room_for + 1, np.int64)
    cdef int64_t[::1] out_edge = edge_ptr, out_cell = cell_ptr
    cdef int32_t *out_hi = room[int32_t](hi, room_for, "hi")
    cdef const int32_t *cell_hi = at(second, n_cells, "second")
    with nogil:
        n_edges = vn_edges_of_cells(n, &row_ptr[0], cell_hi, room_for, &out_edge[0], out_hi,
                                    &out_cell[0])
    if n_edges < 0:
        raise ValueError(f"n_pairs: is {n_pairs}, but the cells have more pairs")
    return edge_ptr, hi[:n_edges], cell_ptr[: n_edges + 1]


cdef int set_cells(vn_join_cells *c, tuple x, int64_t n_items) except -1:
    """Point to row_ptr, second, order, stratum, win, loss, tie and square of cells."""
    cdef const int64_t[::1] row_ptr = x[0]
    cdef const int32_t[::1] hi = x[1], stratum = x[3]
    cdef const int8_t[::1] order = x[2]
    cdef const double[::1] win = x[4], loss = x[5], tie = x[6], square = x[7]
    cdef int64_t n = hi.shape[0]
    same(steps(row_ptr, "row_ptr"), n_items, "row_ptr")
    offsets(row_ptr, 0, n, "row_ptr")
    c.row_ptr = <int64_t *>&row_ptr[0]
    c.hi, c.order = <int32_t *>at(hi, n, "second"), <int8_t *>at(order, n, "order")
    c.stratum = <int32_t *>at_if(stratum, n, "stratum")
    c.win, c.loss = <double *>at(win, n, "win"), <double *>at(loss, n, "loss")
    c.tie, c.square = <double *>at_if(tie, n, "tie"), <double *>at_if(square, n, "square")
    return 0


def join(int64_t n_items, tuple a not None, tuple b not None, int64_t n_pairs, int n_threads):
    """Cells of both, masses added up: see venire.reference.merge.

    `a` and `b` are (row_ptr, second, order, stratum, win, loss, tie, square) as `aggregate` returns
    them, of the same items, with strata in both or in neither; `n_pairs` are the pairs of a. Returns
    what `aggregate` does.
    """
    cdef vn_join_cells one, other, out
    cdef int64_t n, n_new = 0
    cdef vn_status status
    within(n_items, 1, INT64_MAX, "n_items")
    if (a[3] is None) != (b[3] is None):
        raise ValueError("stratum: of one of two sets of cells only")
    set_cells(&one, a, n_items)
    set_cells(&other, b, n_items)
    n_threads = team(n_threads)
    pointers = np.empty(n_items + 1, np.int64)
    cdef int64_t[::1] row_ptr = pointers, where = np.empty(len(b[1]) + 1, np.int64)
    with nogil:
        status = vn_join_count(n_items, &one, &other, n_threads, poll_signals, NULL, &where[0],
                               &row_ptr[0], &n_new)
    check(status, "to merge the comparisons")
    n = row_ptr[n_items]
    found = (
        pointers,
        np.empty(n, np.int32),
        np.empty(n, np.int8),
        None if a[3] is None else np.empty(n, np.int32),
        np.empty(n),
        np.empty(n),
        None if a[6] is None and b[6] is None else np.empty(n),
        None if a[7] is None and b[7] is None else np.empty(n),
    )
    set_cells(&out, found, n_items)
    with nogil:
        status = vn_join_write(n_items, &one, &other, &where[0], n_threads, poll_signals, NULL,
                               &out)
    check(status, "to merge the comparisons")
    return *found, int(n_pairs + n_new)
