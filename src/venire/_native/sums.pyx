"""Comparisons added up as they come: views on arrays around vn_sums.c and vn_sums_write.c."""

import numpy as np

from libc.stdint cimport INT64_MAX, int8_t, int32_t, int64_t, uint8_t

from venire._native.border cimport at, at_if, room, room_if, same, team, within
from venire._native.cells cimport set_rows, vn_cells_out, vn_rows
from venire._native.common cimport VN_BAD_VALUE, VN_NO_MEMORY, VN_TOO_LARGE, check, poll_signals
from venire._native.common cimport vn_status


cdef class CellTable:
    """A table of cells to which rows are added: see venire.reference.sums.

    After an error in `add` it is of no use any more. One thread at a time may use it.
    """

    cdef vn_sums *sums

    def __cinit__(self):
        self.sums = vn_sums_new()
        if self.sums == NULL:
            check(VN_NO_MEMORY, "for the table of cells")

    def __dealloc__(self):
        vn_sums_free(self.sums)

    def __len__(self):
        return vn_sums_size(self.sums)

    @property
    def nbytes(self):
        """Memory of the cells."""
        return int(vn_sums_bytes(self.sums))

    @property
    def is_soft(self):
        """Whether they are sums, not counts."""
        return bool(vn_sums_is_soft(self.sums))

    def add(
        self,
        int64_t n_codes,
        const int32_t[::1] first not None,
        const int32_t[::1] second not None,
        int n_threads,
        *,
        score=1.0,
        const double[::1] weight=None,
        const int8_t[::1] order=None,
        const double[::1] win=None,
        const double[::1] loss=None,
        const double[::1] tie=None,
        const double[::1] square=None,
        const double[::1] other=None,
        bint counts=False,
    ):
        """Add rows of codes below `n_codes`.

        `counts`: the masses are whole numbers of plain wins, losses and ties. Returns the first row
        that does not compare two items, or None.
        """
        cdef vn_rows rows
        cdef const double[::1] scores = None if isinstance(score, float) else score
        cdef int64_t n = first.shape[0], bad = -1
        cdef vn_status status
        if n == 0:
            return None
        within(n_codes, 1, INT64_MAX, "n_codes")
        set_rows(&rows, n_codes, first, second, score if scores is None else 1.0, scores, weight,
                 order, win, loss, tie, square)
        cdef const double *others = at_if(other, n, "other")
        n_threads = team(n_threads)
        with nogil:
            status = vn_sums_add(self.sums, &rows, others, counts, n_threads, poll_signals, NULL,
                                 &bad)
        if status == VN_BAD_VALUE:
            return int(bad)
        if status == VN_TOO_LARGE:
            raise ValueError("at most 2**30 items and 2**31 slots for cells")
        check(status, "to add up the comparisons")
        return None

    def mark(self, uint8_t[::1] seen not None):
        """Set ``seen[c] = 1`` for each code c of a cell."""
        within(seen.shape[0], vn_sums_codes(self.sums), INT64_MAX, "seen (length)")
        if seen.shape[0]:
            vn_sums_mark(self.sums, &seen[0])

    def scale(self, double by):
        """Multiply all masses."""
        check(vn_sums_scale(self.sums, by), "to add up the comparisons")

    def read(self):
        """lo, hi, order, win, loss, tie, square and other of the cells, in an order that means
        nothing; the last two are None where all are counts."""
        cdef int64_t n = vn_sums_size(self.sums)
        cdef vn_sums_out out
        lo, hi, order = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int8)
        win, loss, tie = np.empty(n), np.empty(n), np.empty(n)
        square = np.empty(n) if self.is_soft else None
        other = np.empty(n) if self.is_soft else None
        out.lo, out.hi = room[int32_t](lo, n, "lo"), room[int32_t](hi, n, "hi")
        out.order = room[int8_t](order, n, "order")
        out.win, out.loss = room[double](win, n, "win"), room[double](loss, n, "loss")
        out.tie = room[double](tie, n, "tie")
        out.square = room_if[double](square, n, "square")
        out.other = room_if[double](other, n, "other")
        with nogil:
            vn_sums_read(self.sums, &out)
        return lo, hi, order, win, loss, tie, square, other

    def write(self, const int32_t[::1] place not None, int64_t n_items, bint squares, int n_threads):
        """What `venire._native.cells.aggregate` returns, of these cells over other codes.

        place[c], from 0 to n_items - 1, is that of code c; `squares`: where they are known.
        """
        cdef int64_t n = vn_sums_size(self.sums), n_codes = place.shape[0], n_pairs = 0
        cdef vn_cells_out out
        cdef int has_tie = 0
        cdef vn_status status
        within(n_items, 1, INT64_MAX, "n_items")
        pointers = np.empty(n_items + 1, np.int64)
        hi, orders = np.empty(n, np.int32), np.empty(n, np.int8)
        wins, losses, ties = np.empty(n), np.empty(n), np.empty(n)
        found = np.empty(n) if squares and self.is_soft else None
        out.row_ptr = room[int64_t](pointers, n_items + 1, "row_ptr")
        out.hi = room[int32_t](hi, n, "second")
        out.order = room[int8_t](orders, n, "order")
        out.cluster = NULL
        out.date = NULL
        out.covariates = NULL
        out.win, out.loss = room[double](wins, n, "win"), room[double](losses, n, "loss")
        out.tie = room[double](ties, n, "tie")
        out.square = room_if[double](found, n, "square")
        cdef const int32_t *places = at(place, n_codes, "place")
        n_threads = team(n_threads)
        with nogil:
            status = vn_sums_write(self.sums, places, n_codes, n_items, n_threads, poll_signals,
                                   NULL, &out, &n_pairs, &has_tie)
        if status == VN_BAD_VALUE:
            raise ValueError(f"place: a code that occurs has none from 0 to {n_items - 1}")
        check(status, "to add up the comparisons")
        return (pointers, hi, orders, None, wins, losses, ties if has_tie else None, found,
                int(n_pairs))
