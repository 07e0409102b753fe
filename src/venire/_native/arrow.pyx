"""Columns that come through the Arrow C data interface: taken over as they are, in place.

`chunks(column)` accepts whatever has ``__arrow_c_array__`` or ``__arrow_c_stream__`` (PyArrow,
Polars, pandas and others), so none of those libraries is imported here.
"""

import numpy as np

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t, uint8_t, uintptr_t
from libc.string cimport memset


# Format character of the interface -> type string of NumPy's array interface.
cdef dict NUMBERS = {
    "c": "<i1", "C": "<u1", "s": "<i2", "S": "<u2", "i": "<i4", "I": "<u4", "l": "<i8",
    "L": "<u8", "f": "<f4", "g": "<f8",
}


cdef class Schema:
    """Type of a column; released with the object."""

    cdef ArrowSchema own

    def __dealloc__(self):
        if self.own.release != NULL:
            self.own.release(&self.own)


cdef class Chunk:
    """One array of a column, or the dictionary of one.

    An array of numbers without nulls turns into a NumPy array, without a copy, by `numpy.asarray`.
    """

    cdef ArrowArray own  # released here; that of a dictionary is owned by its parent
    cdef ArrowArray *array
    cdef ArrowSchema *schema
    cdef object owner  # keeps the schema and the parent alive

    def __dealloc__(self):
        if self.own.release != NULL:
            self.own.release(&self.own)

    def __len__(self):
        return self.array.length

    @property
    def format(self):
        """Format string of the interface: "u" utf8, "i" int32 ... (of a dictionary's indices)."""
        return self.schema.format.decode()

    @property
    def dictionary(self):
        """The dictionary, None where there is none."""
        if self.schema.dictionary == NULL or self.array.dictionary == NULL:
            return None
        cdef Chunk chunk = Chunk.__new__(Chunk)
        chunk.array = self.array.dictionary
        chunk.schema = self.schema.dictionary
        chunk.owner = self
        return chunk

    def first_null(self):
        """Position of the first null, -1 without one."""
        cdef int64_t n = self.array.length
        if n == 0 or self.array.null_count == 0:
            return -1
        if self.schema.format[0] == b"n":
            return 0
        if self.array.n_buffers == 0 or self.array.buffers[0] == NULL:
            return -1
        return vn_first_null(<const uint8_t *>self.array.buffers[0], self.array.offset, n)

    def text(self):
        """Where the text is: (format, address of the data, address of the first row's index).

        The addresses are valid as long as this object lives. None if this is no text.
        """
        cdef int64_t width
        format = self.format
        if format == "u":
            width = 4
        elif format == "U":
            width = 8
        elif format == "vu":
            width = 16
        else:
            return None
        cdef const char *index = <const char *>self.array.buffers[1] + width * self.array.offset
        if format == "vu":  # the data are in any number of buffers, whose addresses follow
            return format, <uintptr_t>(self.array.buffers + 2), <uintptr_t>index
        return format, <uintptr_t>self.array.buffers[2], <uintptr_t>index

    def truths(self):
        """Array of the truth values of a column of format "b", nulls as they happen to lie."""
        cdef const uint8_t *bits = <const uint8_t *>self.array.buffers[1]
        cdef int64_t i, at, n = self.array.length, offset = self.array.offset
        out = np.empty(n, np.bool_)
        cdef uint8_t[::1] view = out.view(np.uint8)
        for i in range(n):
            at = offset + i
            view[i] = bits[at >> 3] >> (at & 7) & 1
        return out

    @property
    def __array_interface__(self):
        code = NUMBERS.get(self.format)
        if code is None:
            raise TypeError(f"a column of Arrow format {self.format!r} holds no numbers")
        cdef uintptr_t start = 0
        if self.array.length > 0:
            start = <uintptr_t>self.array.buffers[1] + <uintptr_t>(
                self.array.offset * <int64_t>int(code[2])
            )
        return {
            "version": 3,
            "shape": (self.array.length,),
            "typestr": code,
            "data": (start, True) if start else b"",
        }


def chunks(column):
    """Return the list of a column's non-empty chunks.

    Parameters
    ----------
    column : object with ``__arrow_c_array__`` or ``__arrow_c_stream__``

    Returns
    -------
    list of Chunk

    Raises
    ------
    ValueError
        If the column's own library fails to hand it out.
    """
    cdef Schema schema = Schema.__new__(Schema)
    cdef Chunk chunk
    cdef ArrowSchema *given_schema
    cdef ArrowArray *given_array
    cdef ArrowArrayStream *stream
    cdef int code
    if hasattr(column, "__arrow_c_array__"):
        schema_capsule, array_capsule = column.__arrow_c_array__()
        given_schema = <ArrowSchema *>PyCapsule_GetPointer(schema_capsule, "arrow_schema")
        given_array = <ArrowArray *>PyCapsule_GetPointer(array_capsule, "arrow_array")
        schema.own = given_schema[0]
        given_schema.release = NULL
        chunk = Chunk.__new__(Chunk)
        chunk.own = given_array[0]
        given_array.release = NULL
        adopt(chunk, schema)
        return [chunk] if len(chunk) else []
    capsule = column.__arrow_c_stream__()
    stream = <ArrowArrayStream *>PyCapsule_GetPointer(capsule, "arrow_array_stream")
    code = stream.get_schema(stream, &schema.own)
    if code != 0:
        raise ValueError(stream_error(stream, code))
    found = []
    while True:
        chunk = Chunk.__new__(Chunk)
        memset(&chunk.own, 0, sizeof(ArrowArray))
        code = stream.get_next(stream, &chunk.own)
        if code != 0:
            raise ValueError(stream_error(stream, code))
        if chunk.own.release == NULL:
            return found
        adopt(chunk, schema)
        if len(chunk):
            found.append(chunk)


cdef void adopt(Chunk chunk, Schema schema):
    chunk.array = &chunk.own
    chunk.schema = &schema.own
    chunk.owner = schema


cdef str stream_error(ArrowArrayStream *stream, int code):
    cdef const char *text = stream.get_last_error(stream)
    return f"reading an Arrow stream failed with code {code}" if text == NULL else text.decode()
