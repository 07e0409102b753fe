"""Rows of many groups to items and cells: views on arrays around vn_group_cells.c and vn_group_one.c."""

import mmap

import numpy as np

from libc.stdint cimport INT32_MAX, int8_t, int32_t, int64_t, uint32_t

from venire._native.border cimport at, at_if, offsets, same, steps, team, within
from venire._native.common cimport VN_BAD_VALUE, VN_TOO_LARGE, check, poll_signals, vn_status


#: What is wrong with a row, by the native layer's code.
FAULTS = (None, "self", "score", "weight", "win", "loss", "tie")

cdef enum:
    SMALL = 1 << 15  # rows below which starting threads costs more than it saves


class BadRow(Exception):
    """Row `args[0]` is wrong: `args[1]`, one of FAULTS, says how."""


cdef const int32_t *narrow(x, int64_t n, str name) except? NULL:
    return at[int32_t](x, n, name) if x.dtype == np.int32 else NULL


cdef const int64_t *wide(x, int64_t n, str name) except? NULL:
    return NULL if x.dtype == np.int32 else at[int64_t](x, n, name)


cdef int aggregated(vn_status status) except -1:
    if status == VN_TOO_LARGE:
        raise ValueError("at most 2**32 - 2 rows per call, unless they are sorted by group")
    return check(status, "to aggregate the comparisons")


def zeros(n):
    """Zeros of which a page is in memory once it was written to, a small one at a time."""
    return np.frombuffer(mmap.mmap(-1, 8 * max(n, 1), flags=mmap.MAP_PRIVATE), np.float64)


def runs(labels not None, int n_threads):
    """Where the groups of a column in non-decreasing order start, and its length; None if it
    descends somewhere. `labels` is int32 or int64."""
    cdef int64_t n = len(labels), n_groups = 0
    cdef int is_sorted = 0
    cdef const int32_t *a = narrow(labels, n, "labels")
    cdef const int64_t *b = wide(labels, n, "labels")
    cdef int threads = team(n_threads) if n > SMALL else 1
    cdef vn_status status
    with nogil:
        status = vn_group_runs(a, b, n, threads, poll_signals, NULL, &is_sorted, &n_groups, NULL)
    aggregated(status)
    if not is_sorted:
        return None
    row_ptr = np.empty(n_groups + 1, np.int64)
    cdef int64_t[::1] out = row_ptr
    with nogil:
        status = vn_group_runs(a, b, n, threads, poll_signals, NULL, &is_sorted, &n_groups,
                               &out[0])
    aggregated(status)
    return row_ptr


def sort(const int32_t[::1] codes not None, int64_t n_groups, int n_threads):
    """(row_ptr, row): the rows of each group, in their own order."""
    cdef int64_t n = codes.shape[0]
    within(n_groups, 0, INT32_MAX, "n_groups")
    row_ptr, row = np.empty(n_groups + 1, np.int64), np.empty(n, np.uint32)
    cdef int64_t[::1] out_ptr = row_ptr
    cdef uint32_t[::1] out_row = row
    cdef int threads = team(n_threads) if n > SMALL else 1
    cdef vn_status status
    with nogil:
        status = vn_group_sort(&codes[0] if n else NULL, n, n_groups, threads, poll_signals, NULL,
                               &out_ptr[0], &out_row[0] if n else NULL)
    aggregated(status)
    return row_ptr, row


def aggregate(
    first not None,
    second not None,
    const int64_t[::1] row_ptr not None,
    int n_threads,
    *,
    const uint32_t[::1] row=None,
    n_compared=None,
    score=1.0,
    const double[::1] weight=None,
    const int8_t[::1] order=None,
    const double[::1] win=None,
    const double[::1] loss=None,
    const double[::1] tie=None,
):
    """Items and cells of each group: see venire.reference.grouped.

    Labels are both int32 or both int64. Returns item_ptr, cell_ptr, labels (int64), first, second,
    order, win, loss, tie (None where there is none) and whether a score was soft.
    """
    cdef vn_group_rows r
    cdef int64_t n = len(first), n_groups = steps(row_ptr, "row_ptr")
    offsets(row_ptr, 0, n, "row_ptr")
    r.n_rows = n
    r.n_compared = n if n_compared is None else n_compared
    within(r.n_compared, 0, n, "n_compared")
    same(second.dtype.itemsize, first.dtype.itemsize, "second (bytes of a label)")
    r.first32, r.second32 = narrow(first, n, "first"), narrow(second, n, "second")
    r.first64, r.second64 = wide(first, n, "first"), wide(second, n, "second")
    r.score = NULL
    r.one_score = 1.0
    if isinstance(score, float):
        r.one_score = score
    else:
        r.score = at[double](score, n, "score")
    r.weight, r.order = at_if(weight, n, "weight"), at_if(order, n, "order")
    r.win, r.tie = at_if(win, n, "win"), at_if(tie, n, "tie")
    r.loss = NULL if win is None else at(loss, n, "loss")
    r.n_groups = n_groups
    r.row_ptr = &row_ptr[0]
    r.row = at_if(row, n, "row")
    r.item_ptr = NULL
    # room for the most there can be: pages that are not written cost nothing
    item_ptr, cell_ptr = np.zeros(n_groups + 1, np.int64), np.zeros(n_groups + 1, np.int64)
    labels, ties = np.empty(max(2 * n, 1), np.int64), zeros(n)
    lo, hi, orders = (np.empty(max(n, 1), t) for t in (np.int32, np.int32, np.int8))
    wins, losses = np.empty(max(n, 1)), np.empty(max(n, 1))
    cdef int64_t[::1] items_view = item_ptr, cells_view = cell_ptr, labels_view = labels
    cdef int32_t[::1] lo_view = lo, hi_view = hi
    cdef int8_t[::1] orders_view = orders
    cdef double[::1] wins_view = wins, losses_view = losses, ties_view = ties
    cdef int has_tie = 0, has_soft = 0, fault = 0
    cdef int64_t bad_row = -1
    cdef int threads = team(n_threads) if n > SMALL else 1
    cdef vn_status status
    with nogil:
        status = vn_group_cells(&r, threads, poll_signals, NULL, &items_view[0], &cells_view[0],
                                &labels_view[0], &lo_view[0], &hi_view[0], &orders_view[0],
                                &wins_view[0], &losses_view[0], &ties_view[0], &has_tie, &has_soft,
                                &bad_row, &fault)
    if status == VN_BAD_VALUE:
        raise BadRow(int(bad_row), FAULTS[fault])
    aggregated(status)
    del items_view, cells_view, labels_view, lo_view, hi_view, orders_view, wins_view
    del losses_view, ties_view
    labels.resize(int(item_ptr[n_groups]), refcheck=False)
    n_cells = int(cell_ptr[n_groups])
    for array in (lo, hi, orders, wins, losses):
        array.resize(n_cells, refcheck=False)
    return (item_ptr, cell_ptr, labels, lo, hi, orders, wins, losses,
            ties[:n_cells] if has_tie else None, bool(has_soft))
