"""Labels to codes: integer scans and tables of distinct keys. The rules are in `venire.data.coding`."""

import numpy as np

from cpython.bool cimport PyBool_Check
from cpython.exc cimport PyErr_CheckSignals
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_Check
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_Check, PyUnicode_DecodeUTF8
from libc.stdint cimport INT32_MAX, INT64_MAX, int32_t, int64_t, uint8_t, uintptr_t

from venire._native.border cimport at, at_if, codes, same, team, within
from venire._native.common cimport VN_NO_MEMORY, VN_OK, VN_TOO_LARGE, check, poll_signals
from venire._native.common cimport vn_calloc, vn_free, vn_status


ctypedef fused integer:
    int32_t
    int64_t

cdef enum:
    BATCH = 64
    ASKED = 1 << 16  # labels in Python objects between two looks for an interrupt

cdef dict TEXT_KINDS = {"u": VN_TEXT_32, "U": VN_TEXT_64, "vu": VN_TEXT_VIEW}


cdef int counted(vn_status status) except -1:
    if status == VN_TOO_LARGE:
        raise ValueError("labels: more than 2**31 - 2 distinct labels")
    return check(status, "for the table of distinct labels")


def value_range(const integer[::1] x not None, int n_threads):
    """Smallest and largest value of a non-empty int32 or int64 array."""
    cdef integer low = 0, high = 0
    within(x.shape[0], 1, INT64_MAX, "x (length)")
    n_threads = team(n_threads)
    with nogil:
        if integer is int32_t:
            vn_range_i32(&x[0], x.shape[0], n_threads, &low, &high)
        else:
            vn_range_i64(&x[0], x.shape[0], n_threads, &low, &high)
    return low, high


def mark(const integer[::1] x not None, int64_t low, uint8_t[::1] seen not None, int n_threads):
    """Set ``seen[x - low] = 1``; returns the number of marks now set. Others mark nothing."""
    cdef int64_t marks = 0
    within(seen.shape[0], 1, INT64_MAX, "seen (length)")
    n_threads = team(n_threads)
    if x.shape[0] == 0:
        return marks
    with nogil:
        if integer is int32_t:
            marks = vn_mark_i32(&x[0], x.shape[0], low, seen.shape[0], n_threads, &seen[0])
        else:
            marks = vn_mark_i64(&x[0], x.shape[0], low, seen.shape[0], n_threads, &seen[0])
    return marks


def take(
    const integer[::1] x not None, int64_t low, const int32_t[::1] table, int n_threads,
    int64_t size=INT32_MAX,
):
    """``table[x - low]``, or ``x - low`` where `table` is None, as int32.

    What lies outside of the table, or of low ... low + size - 1, is taken for low.
    """
    codes = np.empty(x.shape[0], np.int32)
    cdef int32_t[::1] out = codes
    cdef const int32_t *entries = NULL
    if x.shape[0] == 0:
        return codes
    if table is not None and table.shape[0] > 0:
        entries = &table[0]
        size = table.shape[0]
    within(size, 1, INT32_MAX, "size")
    n_threads = team(n_threads)
    with nogil:
        if integer is int32_t:
            vn_take_i32(&x[0], x.shape[0], low, size, entries, n_threads, &out[0])
        else:
            vn_take_i64(&x[0], x.shape[0], low, size, entries, n_threads, &out[0])
    return codes


def integers(sequence, int64_t[::1] out not None):
    """Read Python and NumPy integers into `out`; returns the first position that holds none.

    A result of ``len(out)`` means that all of them are integers that fit.
    """
    cdef Py_ssize_t i, n = out.shape[0]
    cdef int overflow = 0
    same(n, len(sequence), "out")
    for i in range(n):
        if i % ASKED == 0:
            PyErr_CheckSignals()
        value = sequence[i]
        if not PyLong_Check(value) or PyBool_Check(value):
            if not isinstance(value, np.integer):
                return i
            value = int(value)
        out[i] = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow != 0:
            return i
    return n


cdef class KeyTables:
    """Tables of distinct keys that are filled side by side, one by each thread.

    The `add` methods return codes, and the owner of each VN_LABEL_ROWS of them: the table that they
    are codes of (None: table 0 alone). `recode` wants both back.

    Parameters
    ----------
    n_tables : int
        Number of tables, and of threads that fill them.
    """

    cdef vn_table **tables
    cdef int32_t **ranks
    cdef readonly int n_tables
    cdef object rank_arrays

    def __cinit__(self, int n_tables):
        cdef int t
        within(n_tables, 1, INT32_MAX, "n_tables")
        n_tables = min(n_tables, VN_TEAM_MOST)
        self.tables = <vn_table **>vn_calloc(n_tables, sizeof(void *))
        self.ranks = <int32_t **>vn_calloc(n_tables, sizeof(void *))
        if self.tables == NULL or self.ranks == NULL:
            counted(VN_NO_MEMORY)
        self.n_tables = n_tables
        for t in range(n_tables):
            self.tables[t] = vn_table_new()
            if self.tables[t] == NULL:
                counted(VN_NO_MEMORY)

    def __dealloc__(self):
        cdef int t
        if self.tables != NULL:
            for t in range(self.n_tables):
                vn_table_free(self.tables[t])
        vn_free(self.tables)
        vn_free(self.ranks)

    cdef _add(self, const vn_text *text, int64_t n, int n_threads):
        codes, owner = np.empty(n, np.int32), np.empty(vn_n_blocks(n, VN_LABEL_ROWS), np.uint8)
        cdef int32_t[::1] out = codes
        cdef uint8_t[::1] table = owner
        cdef vn_status status = VN_OK
        n_threads = min(team(n_threads), self.n_tables)
        if n > 0:
            with nogil:
                status = vn_tables_add(self.tables, n_threads, text, n, poll_signals, NULL,
                                       &table[0], &out[0])
        counted(status)
        return codes, owner

    def add_numbers(self, const int64_t[::1] x not None, int n_threads):
        """Codes of 8-byte numbers, and their owners."""
        cdef vn_text text
        text.kind = VN_KEY_8
        text.data = at(x, x.shape[0], "x")
        return self._add(&text, x.shape[0], n_threads)

    def add_ucs4(self, x, int n_threads):
        """The same of a contiguous NumPy array of dtype U in native byte order."""
        cdef vn_text text
        cdef int64_t n = x.shape[0]
        text.kind = VN_TEXT_UCS4
        text.width = x.dtype.itemsize // 4
        text.data = NULL
        if n * text.width > 0:
            text.data = at[int32_t](x.view(np.int32), n * text.width, "x")
        return self._add(&text, n, n_threads)

    def add_text(self, format, uintptr_t data, uintptr_t index, int64_t n, int n_threads):
        """The same of n rows of Arrow text, given as `venire._native.arrow.Chunk.text` says."""
        cdef vn_text text
        text.kind = TEXT_KINDS[format]
        text.data = <const void *>data
        text.index = <const void *>index
        return self._add(&text, n, n_threads)

    def add_objects(self, sequence):
        """Codes, by table 0, of Python strings; and the first position that holds none.

        Returns
        -------
        codes : ndarray of int32
        n_read : int
            Length of the sequence if all are strings, else the position of the first other object.
        """
        cdef Py_ssize_t i = 0, n = len(sequence), length
        cdef int64_t in_batch = 0
        cdef const uint8_t *key[BATCH]
        cdef int64_t lengths[BATCH]
        codes = np.empty(n, np.int32)
        cdef int32_t[::1] out = codes
        alive = []
        while i < n:
            if i % ASKED == 0:
                PyErr_CheckSignals()
            value = sequence[i]
            if not PyUnicode_Check(value):
                break
            alive.append(value)
            try:
                key[in_batch] = <const uint8_t *>PyUnicode_AsUTF8AndSize(value, &length)
            except UnicodeEncodeError:
                value = (<str>value).encode("utf-8", "surrogatepass")
                alive.append(value)
                key[in_batch] = <const uint8_t *>(<char *>value)
                length = len(value)
            lengths[in_batch] = length
            in_batch += 1
            i += 1
            if in_batch == BATCH or i == n:
                counted(vn_table_add(self.tables[0], key, lengths, in_batch, &out[i - in_batch]))
                in_batch = 0
                alive.clear()
        return codes, i

    def rank(self, int numbers=0):
        """Number all keys in sorted order; returns the code in table 0 of each rank.

        `numbers`: 0 text, 1 signed, 2 unsigned. After this nothing may be added.
        """
        cdef int t
        cdef int64_t total = 0, n_keys = 0
        cdef vn_status status
        cdef int32_t[::1] view
        for t in range(self.n_tables):
            total += vn_table_size(self.tables[t])
        self.rank_arrays = []
        for t in range(self.n_tables):
            room = total if t == 0 else vn_table_size(self.tables[t])
            array = np.empty(max(room, 1), np.int32)
            self.rank_arrays.append(array)
            view = array
            self.ranks[t] = &view[0]
        order = np.empty(max(total, 1), np.int32)
        view = order
        with nogil:
            status = vn_tables_rank(self.tables, self.n_tables, numbers, self.n_tables,
                                    poll_signals, NULL, self.ranks, &view[0], &n_keys)
        counted(status)
        return order[:n_keys]

    def recode(self, int32_t[::1] codes not None, const uint8_t[::1] owner):
        """Turn codes that an `add` method gave into ranks, in place."""
        cdef int64_t b, n = codes.shape[0], n_blocks = vn_n_blocks(n, VN_LABEL_ROWS)
        cdef const uint8_t *table = at_if(owner, n_blocks, "owner")
        cdef vn_status status
        cdef int most = 0
        for b in range(0 if owner is None else n_blocks):
            most = max(most, owner[b])
        within(most, 0, -1 if self.rank_arrays is None else self.n_tables - 1, "owner (tables)")
        if n == 0:
            return
        with nogil:
            status = vn_tables_recode(self.ranks, table, n, self.n_tables, poll_signals, NULL,
                                      &codes[0])
        counted(status)

    cdef int own(self, const int32_t[::1] order) except -1:
        """Codes that table 0 has."""
        cdef int64_t n = order.shape[0]
        return codes(at(order, n, "order"), n, vn_table_size(self.tables[0]), "order")

    def texts(self, const int32_t[::1] order not None):
        """Array of the keys of table 0, as Python strings, in the given order."""
        cdef int64_t i, length = 0
        cdef const uint8_t *key
        out = np.empty(order.shape[0], object)
        self.own(order)
        for i in range(order.shape[0]):
            if i % ASKED == 0:
                PyErr_CheckSignals()
            key = vn_table_key(self.tables[0], order[i], &length)
            out[i] = PyUnicode_DecodeUTF8(<const char *>key, length, "surrogatepass")
        return out

    def numbers(self, const int32_t[::1] order not None):
        """Array of int64 of the keys of table 0 in the given order."""
        cdef int64_t i, length = 0
        out = np.empty(order.shape[0], np.int64)
        self.own(order)
        cdef int64_t[::1] view = out
        for i in range(order.shape[0]):
            view[i] = (<const int64_t *>vn_table_key(self.tables[0], order[i], &length))[0]
        return out
