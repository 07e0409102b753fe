"""Sums of votes that come in batches: a view on csrc/vn_vote_sums.c."""

import numpy as np

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from venire._native.border cimport at, at_if, member, same, team
from venire._native.common cimport VN_BAD_VALUE, VN_NO_MEMORY, VN_OK, VN_TOO_LARGE, check, poll_signals
from venire._native.common cimport vn_status
from venire._native.votes cimport vn_vote_cells, vn_vote_rows


KINDS = ("keys", "hard", "soft", "swapped")  # each holds what those before it do
cdef dict NUMBERS = {
    "keys": VN_SUMS_KEYS, "hard": VN_SUMS_HARD, "soft": VN_SUMS_SOFT, "swapped": VN_SUMS_SWAPPED,
}
PURPOSE = "to add up the votes"


class BadRow(Exception):
    """Row `args[0]` compares an item with itself, or its vote is not -1, 0 or 1."""


cdef int done(vn_status status) except -1:
    if status == VN_TOO_LARGE:
        raise ValueError("at most 2**31 - 2 judgments")
    return check(status, PURPOSE)


cdef class Sums:
    """Records by key, see csrc/vn_vote_sums.h.

    Parameters
    ----------
    kind : {"keys", "hard", "soft", "swapped"}
    """

    cdef vn_vote_sums *sums
    cdef readonly str kind
    cdef bint is_open

    def __cinit__(self, str kind):
        self.sums = vn_vote_sums_new(<vn_sums_kind>member(NUMBERS, kind, "kind"))
        if self.sums == NULL:
            done(VN_NO_MEMORY)
        self.kind = kind
        self.is_open = True

    def __dealloc__(self):
        vn_vote_sums_free(self.sums)

    def __len__(self):
        return vn_vote_sums_size(self.sums)

    @property
    def nbytes(self):
        """Memory of the records and of the table that finds them."""
        return vn_vote_sums_bytes(self.sums)

    @property
    def stride(self):
        """Bytes of a record."""
        return vn_vote_sums_stride(self.sums)

    @property
    def most(self):
        """Most runs of a record."""
        return vn_vote_sums_most(self.sums)

    cdef int require_open(self) except -1:
        if not self.is_open:
            raise ValueError("sums that were recoded are added to no more")
        return 0

    def find(self, const uint64_t[::1] major not None, const uint64_t[::1] minor not None):
        """Numbers of keys, new ones where they are not there."""
        cdef int64_t n = major.shape[0]
        cdef const uint64_t *one = at(major, n, "major")
        cdef const uint64_t *two = at(minor, n, "minor")
        cdef vn_status status
        self.require_open()
        codes = np.empty(n, np.int32)
        if n == 0:
            return codes
        cdef int32_t[::1] out = codes
        with nogil:
            status = vn_vote_sums_find(self.sums, one, two, n, &out[0])
        done(status)
        return codes

    def add(
        self, const int32_t[::1] teacher not None, *, const int64_t[::1] pair=None,
        const int32_t[::1] first=None, const int32_t[::1] second=None,
        const int32_t[::1] group=None, const int8_t[::1] vote=None, probability=None,
        double strength=1.0, const double[::1] weight=None, const uint8_t[::1] swapped=None,
    ):
        """Add rows; those with weights, probabilities or orders want sums of that kind."""
        cdef vn_vote_rows rows
        cdef int64_t n = teacher.shape[0], bad = -1
        cdef vn_status status
        cdef const int64_t *pairs = at_if(pair, n, "pair")
        cdef const int32_t *groups = at_if(group, n, "group")
        self.require_open()
        memset(&rows, 0, sizeof(rows))
        rows.n_rows = n
        rows.teacher.data = at(teacher, n, "teacher")
        rows.teacher.size = 4
        if pair is None:
            rows.first, rows.second = at(first, n, "first"), at(second, n, "second")
        rows.vote = at_if(vote, n, "vote")
        if vote is None:
            same(probability.shape[1], 3, "probability (columns)")
            rows.probability = at[double](probability.reshape(-1), 3 * n, "probability")
        rows.strength = strength
        rows.weight = at_if(weight, n, "weight")
        rows.swapped = at_if(swapped, n, "swapped")
        wanted = "swapped" if swapped is not None else "soft"
        if vote is not None and weight is None and swapped is None:
            wanted = "hard"
        if KINDS.index(wanted) > KINDS.index(self.kind):
            raise ValueError(f"sums of kind {self.kind} hold no {wanted} votes")
        if n == 0:
            return
        with nogil:
            status = vn_vote_sums_add(self.sums, &rows, pairs, groups, poll_signals, NULL, &bad)
        if status == VN_BAD_VALUE:
            raise BadRow(int(bad))
        done(status)

    cdef int places(
        self, vn_sums_places *to, const int32_t[::1] pair, const int32_t[::1] group,
        const int32_t[::1] item, const int32_t[::1] teacher, bint by_items, Sums of,
    ) except -1:
        """New numbers of the records of some sums."""
        cdef const int32_t[::1] major = group if by_items else pair
        cdef int64_t n_major = 0 if major is None else major.shape[0]
        cdef int64_t n_items = 0 if item is None else item.shape[0]
        cdef int64_t n_teachers = 0 if teacher is None else teacher.shape[0]
        to.pair = at_if(pair, 0 if pair is None else pair.shape[0], "pair")
        to.group = at_if(group, 0 if group is None else group.shape[0], "group")
        to.item, to.teacher = at_if(item, n_items, "item"), at_if(teacher, n_teachers, "teacher")
        to.by_items = by_items
        if not vn_vote_sums_fit(of.sums, to, n_major, n_items, n_teachers):
            raise ValueError("places: fewer than there are numbers")
        return 0

    def seen(self, *, bint by_items, int64_t n_major, int64_t n_items, int64_t n_teachers):
        """Which of so many numbers occur: of pairs, or of groups; of items; of teachers."""
        cdef vn_sums_places to
        cdef int32_t anything = 0
        cdef uint8_t *pointer[3]
        cdef uint8_t[::1] view
        memset(&to, 0, sizeof(to))
        to.by_items = by_items
        to.pair = to.group = to.item = to.teacher = &anything
        if not vn_vote_sums_fit(self.sums, &to, n_major, n_items, n_teachers):
            raise ValueError("seen: fewer than there are numbers")
        out = []
        for k, n in enumerate((n_major, n_items, n_teachers)):
            out.append(np.zeros(max(n, 1), np.uint8))
            view = out[k]
            pointer[k] = &view[0]
        vn_vote_sums_mark(self.sums, by_items, pointer[0], pointer[1] if by_items else NULL,
                          pointer[2])
        return [marks[:n] for marks, n in zip(out, (n_major, n_items, n_teachers))]

    def merge(self, Sums other not None, *, bint by_items, pair=None, group=None, item=None,
              teacher=None):
        """Add other sums, of this kind or a simpler one; the arrays say what numbers become."""
        cdef vn_sums_places to
        cdef vn_status status
        self.require_open()
        if KINDS.index(other.kind) > KINDS.index(self.kind):
            raise ValueError(f"sums of kind {self.kind} hold no {other.kind} votes")
        if other is self:
            raise ValueError("sums are not merged with themselves")
        self.places(&to, pair, group, item, teacher, by_items, other)
        with nogil:
            status = vn_vote_sums_merge(self.sums, other.sums, &to)
        done(status)

    def finish(self, *, bint by_items, bint is_signed, int n_threads, pair=None, group=None,
               item=None, teacher=None):
        """Sorted by numbers that the arrays say, for good.

        Returns ptr (one more entry than pairs); of each pair the major word of its key, and the
        other item; and the columns of the cells.
        """
        cdef vn_sums_places to
        cdef vn_vote_cells cells
        cdef vn_status status
        cdef int64_t n = vn_vote_sums_size(self.sums), n_pairs = 0, n_cells = 0
        cdef int64_t[::1] p
        cdef uint64_t[::1] m
        cdef int32_t[::1] o
        self.require_open()
        self.places(&to, pair, group, item, teacher, by_items, self)
        self.is_open = False
        n_threads = team(n_threads)
        order = np.empty(max(n, 1), np.uint32)
        cdef uint32_t[::1] at_order = order
        with nogil:
            vn_vote_sums_recode(self.sums, &to)
            status = vn_vote_sums_sort(self.sums, is_signed, n_threads, poll_signals, NULL,
                                       &at_order[0], &n_pairs, &n_cells)
        done(status)
        ptr, major = np.empty(n_pairs + 1, np.int64), np.empty(max(n_pairs, 1), np.uint64)
        other = np.empty(max(n_pairs, 1), np.int32)
        p, m, o = ptr, major, other
        columns = self.columns(n_cells, &cells)
        with nogil:
            vn_vote_sums_write(self.sums, &at_order[0], &p[0], &m[0], &o[0], &cells)
        return ptr, major[:n_pairs], other[:n_pairs], columns

    cdef dict columns(self, int64_t n, vn_vote_cells *cells):
        """Room for the columns of n cells, and pointers at it."""
        cdef int32_t[::1] whole
        cdef double[::1] real
        cdef int64_t size = max(n, 1)
        memset(cells, 0, sizeof(vn_vote_cells))
        out = {"teacher": np.empty(size, np.int32)}
        whole = out["teacher"]
        cells.teacher = &whole[0]
        for k, name in enumerate(("win", "tie", "loss")):
            out[name] = np.empty(size, np.int32 if self.kind == "hard" else np.float64)
            if self.kind == "hard":
                whole = out[name]
                cells.count[k] = &whole[0]
            else:
                real = out[name]
                cells.mass[k] = &real[0]
        if self.kind != "hard":
            for name in ("total", "square"):
                out[name] = np.empty(size)
            out["runs"] = np.empty(size, np.int32)
            real, whole = out["total"], out["runs"]
            cells.total, cells.runs = &real[0], &whole[0]
            real = out["square"]
            cells.square = &real[0]
        if self.kind == "swapped":
            out["swapped_runs"], out["swapped_total"] = np.empty(size, np.int32), np.empty(size)
            whole, real = out["swapped_runs"], out["swapped_total"]
            cells.swapped_runs, cells.swapped_total = &whole[0], &real[0]
        return {name: column[:n] for name, column in out.items()}

    def records(self):
        """All records as they lie: uint8, shape (n, stride)."""
        cdef int64_t n = vn_vote_sums_size(self.sums)
        out = np.empty((n, vn_vote_sums_stride(self.sums)), np.uint8)
        cdef uint8_t[:, ::1] view = out
        if n:
            vn_vote_sums_copy(self.sums, &view[0, 0])
        return out

    def restore(self, const uint8_t[:, ::1] records not None):
        """Put what `records` gave into sums that are empty."""
        cdef int64_t n = records.shape[0]
        same(records.shape[1], vn_vote_sums_stride(self.sums), "records (bytes of one)")
        same(vn_vote_sums_size(self.sums), 0, "sums")
        cdef vn_status status = VN_OK
        if n:
            status = vn_vote_sums_restore(self.sums, &records[0, 0], n)
        if status == VN_BAD_VALUE:
            raise ValueError("records: a key comes twice, or a sum is none")
        done(status)
