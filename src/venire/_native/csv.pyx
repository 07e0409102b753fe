"""Delimited text to columns, block by block. What a dialect is, is found out in `venire.io`."""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from venire._native.border cimport at, within
from venire._native.common cimport VN_BAD_VALUE, VN_NO_MEMORY, VN_OK, VN_TOO_LARGE, check, vn_status
from venire._native.labels cimport vn_table, vn_table_free, vn_table_new, vn_table_size

SLACK = VN_CSV_SLACK
LONGEST = VN_CSV_LONGEST


cdef class Splitter:
    """How rows are split, and which columns are wanted.

    Parameters
    ----------
    place : ndarray of int32, shape (n_columns,)
        Of each column of the table: its position among those wanted, or -1.
    delimiter, newline, quote : int
        Bytes; a quote of 0 is none.
    trim : bool
        Blanks around a field are no part of it.
    """

    cdef vn_csv how
    cdef object array
    cdef readonly int n_wanted

    def __cinit__(self, const int32_t[::1] place not None, int delimiter, int newline, int quote,
                  bint trim):
        for value in (delimiter, newline, quote):
            within(value, 0, 255, "a byte")
        self.array = place
        self.how.n_columns = place.shape[0]
        self.how.place = at(place, place.shape[0], "place")
        self.how.delimiter, self.how.newline = delimiter, newline
        self.how.quote, self.how.trim = quote, trim
        wanted = sorted(place[column] for column in range(place.shape[0]) if place[column] >= 0)
        if wanted != list(range(len(wanted))):
            raise ValueError("place: does not give each wanted column one position")
        self.n_wanted = len(wanted)

    def cut(self, const uint8_t[::1] block not None, int64_t n):
        """Bytes of the whole rows among the first n of a block."""
        cdef int64_t whole = 0
        within(n, 0, block.shape[0], "n")
        if n:
            with nogil:
                whole = vn_csv_cut(&block[0], n, &self.how)
        return whole

    def split(self, uint8_t[::1] block not None, int64_t n, int64_t stop=-1):
        """Split the first n bytes of a block, which are whole rows and end with a newline.

        `SLACK` further bytes of the block must be there. It is written to.

        Returns
        -------
        Fields
        """
        cdef Fields out = Fields.__new__(Fields)
        cdef int64_t most, n_rows = 0, n_fields = 0, used = 0
        cdef vn_status status = VN_OK
        within(n, 0, min(block.shape[0] - VN_CSV_SLACK, VN_CSV_LONGEST), "n")
        if n:
            within(block[n - 1], self.how.newline, self.how.newline, "the last byte")
            with nogil:
                most = vn_csv_most(&block[0], n, self.how.newline)
        else:
            most = 0
        out.block = block
        out.start = np.empty((max(self.n_wanted, 1), max(most, 1)), np.uint32)
        out.length = np.empty((max(self.n_wanted, 1), max(most, 1)), np.uint32)
        if n:
            with nogil:
                status = vn_csv_split(&block[0], n, &self.how, most, stop, &out.start[0, 0],
                                      &out.length[0, 0], &n_rows, &n_fields, &used)
        out.is_uneven = status == VN_BAD_VALUE
        if not out.is_uneven:
            check(status, "for fields")
        out.n_rows, out.n_fields, out.used = n_rows, n_fields, used
        return out


cdef class Fields:
    """The wanted fields of a block.

    Attributes
    ----------
    n_rows : int
        Rows that were split.
    is_uneven : bool
        The next row has `n_fields` fields, not as many as there are columns.
    used : int
        Where the first row that was not split begins.
    """

    cdef uint8_t[::1] block
    cdef uint32_t[:, ::1] start
    cdef uint32_t[:, ::1] length
    cdef readonly int64_t n_rows
    cdef readonly int64_t n_fields
    cdef readonly int64_t used
    cdef readonly bint is_uneven

    def codes(self, int which, int64_t most_keys):
        """Codes of the fields of a wanted column, -1 where there is nothing, and its texts.

        Returns
        -------
        codes : ndarray of int32, shape (n_rows,)
        offsets : ndarray of int32
        data : ndarray of uint8
            Arrow's way to keep text.
        None if there are more than `most_keys` texts.
        """
        cdef int64_t n = self.n_rows, n_keys
        cdef int32_t[::1] out, ends
        cdef uint8_t[::1] bytes_
        cdef vn_status status = VN_OK
        within(which, 0, self.start.shape[0] - 1, "which")
        codes = np.empty(n, np.int32)
        out = codes
        cdef vn_table *table = vn_table_new()
        try:
            if table == NULL:
                check(VN_NO_MEMORY, "for the table of texts")
            if n:
                with nogil:
                    status = vn_csv_code(&self.block[0], &self.start[which, 0],
                                         &self.length[which, 0], n, most_keys, table, &out[0])
            if status == VN_TOO_LARGE:
                return None
            check(status, "for the table of texts")
            n_keys = vn_table_size(table)
            offsets = np.empty(n_keys + 1, np.int32)
            ends = offsets
            vn_csv_keys(table, &ends[0], NULL)
            data = np.empty(max(ends[n_keys], 1), np.uint8)
            bytes_ = data
            vn_csv_keys(table, &ends[0], &bytes_[0])
        finally:
            vn_table_free(table)
        return codes, offsets, data

    def texts(self, int which):
        """The fields of a wanted column: offsets and data, as of `codes`; "" where nothing is."""
        cdef int64_t n = self.n_rows
        within(which, 0, self.start.shape[0] - 1, "which")
        offsets = np.empty(n + 1, np.int32)
        cdef int32_t[::1] ends = offsets
        cdef uint8_t[::1] bytes_
        with nogil:
            vn_csv_gather(&self.block[0], &self.start[which, 0], &self.length[which, 0], n,
                          &ends[0], NULL)
        data = np.empty(max(ends[n], 1), np.uint8)
        bytes_ = data
        with nogil:
            vn_csv_gather(&self.block[0], &self.start[which, 0], &self.length[which, 0], n,
                          &ends[0], &bytes_[0])
        return offsets, data
