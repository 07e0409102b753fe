"""Rows of votes to cells of (pair, teacher): views on arrays around csrc/vn_votes*.c."""

import numpy as np

from libc.stdint cimport INT32_MAX, INT64_MAX, int8_t, int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memset

from venire._native.border cimport at, at_if, codes, offsets, same, steps, team, within
from venire._native.common cimport VN_BAD_VALUE, VN_TOO_LARGE, check, poll_signals, vn_status


HARD = ("win", "tie", "loss")
SOFT = ("win", "tie", "loss", "total", "square", "runs")
SWAPPED = ("swapped_runs", "swapped_total")


class BadRow(Exception):
    """Row `args[0]` compares an item with itself, or its vote is not -1, 0 or 1."""


class OutOfRange(Exception):
    """A pair is not in the range that was given for it."""


class TooManyBits(Exception):
    """Pair and teacher do not fit into one key."""


cdef const void *integers(array, int64_t n, str name) except? NULL:
    """Where signed integers of any width start."""
    cdef int size = array.dtype.itemsize
    if array.dtype.kind != "i" or array.shape != (n,) or not array.flags.c_contiguous:
        raise ValueError(f"{name}: has shape {array.shape} and type {array.dtype}, not ({n},), int")
    cdef size_t start = array.ctypes.data
    return <const void *>start if n and size <= 8 else NULL


cdef vn_ints ints(array, int64_t n, int64_t low, code, str name) except *:
    """A view of n integers; `array` and `code` must be contiguous and stay alive."""
    cdef vn_ints x
    x.data = integers(array, n, name)
    x.size = array.dtype.itemsize
    x.low = low
    x.code = NULL
    if code is not None:  # of all values there are
        within(x.size, 1, 2, f"{name} (bytes)")
        within(low, -(1 << 8 * x.size - 1), -(1 << 8 * x.size - 1), f"{name} (low)")
        x.code = at[int32_t](code, 1 << 8 * x.size, f"{name} (codes)")
    return x


cdef int point(vn_vote_cells *c, dict columns, int64_t n) except -1:
    """Point at the columns of a table of n cells."""
    memset(c, 0, sizeof(vn_vote_cells))
    c.teacher = <int32_t *>at[int32_t](columns["teacher"], n, "teacher")
    for k, name in enumerate(HARD):
        if "total" in columns:
            c.mass[k] = <double *>at[double](columns[name], n, name)
        else:
            c.count[k] = <int32_t *>at[int32_t](columns[name], n, name)
    if "total" in columns:
        c.total = <double *>at[double](columns["total"], n, "total")
        c.square = <double *>at[double](columns["square"], n, "square")
        c.runs = <int32_t *>at[int32_t](columns["runs"], n, "runs")
    if "swapped_runs" in columns:
        c.swapped_runs = <int32_t *>at[int32_t](columns["swapped_runs"], n, "swapped_runs")
        c.swapped_total = <double *>at[double](columns["swapped_total"], n, "swapped_total")
    return 0


def _empty(int64_t n_cells, bint hard, bint swapped):
    columns = {"teacher": np.empty(n_cells, np.int32)}
    for name in (HARD if hard else SOFT) + (SWAPPED if swapped else ()):
        counts = hard or name in ("runs", "swapped_runs")
        columns[name] = np.empty(n_cells, np.int32 if counts else np.float64)
    return columns


def mark(array, int64_t low, int n_threads):
    """Which of the values low ... low + 2^bits - 1 occur in an int8 or int16 array."""
    cdef int64_t n = len(array)
    cdef vn_ints x = ints(array, n, low, None, "array")
    within(x.size, 1, 2, "array (bytes)")
    within(low, -(1 << 8 * x.size - 1), -(1 << 8 * x.size - 1), "low")
    n_threads = team(n_threads)
    seen = np.zeros(1 << 8 * array.dtype.itemsize, np.uint8)
    cdef uint8_t[::1] view = seen
    cdef vn_status status
    with nogil:
        status = vn_votes_mark(&x, n, n_threads, poll_signals, NULL, &view[0])
    check(status, "to aggregate the votes")
    return seen


def aggregate(
    teacher,
    int64_t n_teachers,
    int n_threads,
    *,
    pair=None,
    int64_t pair_low=0,
    int64_t n_pairs=0,
    first=None,
    second=None,
    int64_t n_items=0,
    int64_t teacher_low=0,
    teacher_code=None,
    vote=None,
    probability=None,
    double strength=1.0,
    weight=None,
    swapped=None,
    int64_t dense=4,
):
    """Cells of the rows, sorted by (pair, teacher): see venire.reference.votes.

    Arrays are contiguous and of the types in csrc/vn_votes.h; pairs and teachers are taken to be in
    range. Ready pair ids are counted in a table if it has at most `dense` places a row; that way
    `n_pairs` need be no more than a guess: 32-bit ids outside it raise OutOfRange. Returns ptr (one
    more entry than pairs), the pairs' keys (None: all ids up to the largest that occurs), the bits of
    the second item in a key, and a dict of columns: teacher; win, tie, loss (int32 counts, or float64
    masses with total, square and runs); swapped_runs and swapped_total if `swapped` is given.
    """
    cdef vn_vote_rows rows
    cdef vn_vote_blocks *blocks = NULL
    cdef int64_t found_pairs = 0, found_cells = 0, bad = -1
    cdef vn_status status
    cdef bint hard, counted
    cdef vn_vote_cells cells
    cdef int bits = 0
    memset(&rows, 0, sizeof(rows))
    cdef int64_t n = len(teacher)
    within(n, 1, INT64_MAX, "teacher (length)")
    within(n_teachers, 1, INT32_MAX, "n_teachers")
    rows.n_rows, rows.n_teachers = n, n_teachers
    n_threads = team(n_threads) if n >= 1 << 15 else 1
    rows.teacher = ints(teacher, n, teacher_low, teacher_code, "teacher")
    if pair is not None:
        rows.pair = ints(pair, n, pair_low, None, "pair")
        rows.n_pairs = n_pairs
    else:
        rows.first, rows.second = at[int32_t](first, n, "first"), at[int32_t](second, n, "second")
        rows.n_items = n_items
    rows.vote = at_if[int8_t](vote, n, "vote")
    if vote is None:
        same(probability.shape[1], 3, "probability (columns)")
        rows.probability = at[double](probability.reshape(-1), 3 * n, "probability")
    rows.strength = strength
    rows.weight = at_if[double](weight, n, "weight")
    rows.swapped = at_if[uint8_t](swapped, n, "swapped")
    hard = vn_votes_are_hard(&rows)
    counted = hard and pair is not None and n_pairs * n_teachers <= dense * rows.n_rows
    if not counted and vn_votes_bits(&rows) > 64:
        raise TooManyBits
    with nogil:
        if counted:
            status = vn_votes_count(&rows, n_threads, poll_signals, NULL, &blocks, &found_pairs,
                                    &found_cells, &bad)
        else:
            status = vn_votes_sort(&rows, n_threads, poll_signals, NULL, &blocks, &found_pairs,
                                   &found_cells, &bad)
    if status == VN_BAD_VALUE:
        raise OutOfRange if bad < 0 else BadRow(int(bad))
    if status == VN_TOO_LARGE:
        raise ValueError("at most 2**31 - 1 votes per call; append the rest")
    check(status, "to aggregate the votes")
    try:
        ptr = np.empty(found_pairs + 1, np.int64)
        keys = None if counted else np.empty(found_pairs, np.uint64)
        columns = _empty(found_cells, hard, swapped is not None)
        point(&cells, columns, found_cells)
        write(blocks, n_threads, ptr, keys, &bits, &cells)
    finally:
        vn_vote_blocks_free(blocks)
    return ptr, keys, bits, columns


cdef int write(vn_vote_blocks *blocks, int n_threads, int64_t[::1] ptr, uint64_t[::1] keys,
               int *bits, vn_vote_cells *cells) except -1:
    cdef int64_t *p = &ptr[0]
    cdef uint64_t *k = NULL if keys is None or keys.shape[0] == 0 else &keys[0]
    cdef vn_status status
    with nogil:
        status = vn_votes_write(blocks, n_threads, poll_signals, NULL, p, k, bits, cells)
    return check(status, "to aggregate the votes")


cdef int source(vn_vote_table *t, const int64_t[::1] ptr, dict columns, const int32_t[::1] places,
                const int32_t[::1] to) except -1:
    """Point at a table that is read; `places` and `to` must be of its pairs and teachers."""
    cdef int64_t k, n = len(columns["teacher"]), n_pairs = steps(ptr, "ptr"), n_to = to.shape[0]
    cdef int wrong = 0
    offsets(ptr, 0, n, "ptr")
    t.ptr = &ptr[0]
    point(&t.cells, columns, n)
    codes(t.cells.teacher, n, n_to, "teacher")
    for k in range(places.shape[0]):
        wrong |= (places[k] < -1) | (places[k] >= n_pairs)
    for k in range(n_to):
        wrong |= to[k] < 0 or to[k] == INT32_MAX or (k and to[k] <= to[k - 1])
    if wrong:
        raise ValueError("at, to: not places of pairs and ascending codes of teachers")
    return 0


def merge(
    ptr_a, dict a, ptr_b, dict b, const int32_t[::1] at_a not None,
    const int32_t[::1] at_b not None, const int32_t[::1] to_a not None,
    const int32_t[::1] to_b not None, int n_threads,
):
    """Both tables together.

    `at_a`, `at_b`: the place of each pair of the result in the table, -1 where it has none; `to_a`,
    `to_b`: the ascending new codes of its teachers. The result holds counts if both do. Returns
    ptr and the columns.
    """
    cdef vn_vote_union both
    cdef vn_vote_cells cells
    cdef vn_status status
    cdef int64_t n_pairs = at_a.shape[0]
    both.n_pairs = n_pairs
    both.at_a, both.at_b = at(at_a, n_pairs, "at_a"), at(at_b, n_pairs, "at_b")
    both.to_a = at(to_a, to_a.shape[0], "to_a")
    both.to_b = at(to_b, to_b.shape[0], "to_b")
    n_threads = team(n_threads) if n_pairs >= 1 << 12 else 1
    source(&both.a, ptr_a, a, at_a, to_a)
    source(&both.b, ptr_b, b, at_b, to_b)
    ptr = np.empty(n_pairs + 1, np.int64)
    cdef int64_t[::1] p = ptr
    with nogil:
        status = vn_votes_merge_sizes(&both, n_threads, poll_signals, NULL, &p[0])
    check(status, "to aggregate the votes")
    hard = "total" not in a and "total" not in b
    columns = _empty(ptr[n_pairs], hard, "swapped_runs" in a or "swapped_runs" in b)
    point(&cells, columns, ptr[n_pairs])
    with nogil:
        status = vn_votes_merge(&both, n_threads, poll_signals, NULL, &p[0], &cells)
    check(status, "to aggregate the votes")
    return ptr, columns
