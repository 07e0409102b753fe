"""Columns of labels as they come: NumPy, lists, pandas, and everything with the Arrow interface.

`read_column` finds out what a column is, refuses what cannot be a label, and hands the rows to an
`Encoder` as integers or as codes of text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from venire._core.checks import about, array, fail, listed
from venire._core.foreign import local

if TYPE_CHECKING:
    from venire.data.coding import Encoder

__all__ = ["read_column"]

_RULE = "must be integers or text"
_NULL = "a value is missing (null)"


def read_column(encoder: Encoder, which: int, x: Any) -> None:
    """Hand the rows of one column to an encoder.

    Parameters
    ----------
    encoder : Encoder
    which : int
        Which of the encoder's columns it is.
    x : array_like of shape (n,)

    Raises
    ------
    TypeError
        If a label is neither an integer nor text, or both kinds occur.
    ValueError
        If a label is missing, or is a number with a fraction.
    """
    if hasattr(x, "items") and hasattr(x, "codes") and type(x).__name__ == "Encoded":
        x = x.items[x.codes]
    x = local(x, encoder.names[which])
    library = type(x).__module__.split(".")[0]
    if library == "pandas":
        _read_pandas(encoder, which, x)
    elif hasattr(x, "__arrow_c_array__") or hasattr(x, "__arrow_c_stream__"):
        _read_arrow(encoder, which, x)
    elif hasattr(x, "__array__"):
        plain = x if type(x) is np.ndarray else array(x, encoder.names[which])
        _read_numpy(encoder, which, plain)
    elif isinstance(x, (str, bytes)) or not hasattr(x, "__iter__"):
        fail(encoder.names[which], "must be an array of labels", value=x, kind=TypeError)
    else:
        _read_objects(encoder, which, listed(x, encoder.names[which]))


def _null(encoder: Encoder, which: int, position: int) -> NoReturn:
    fail(encoder.names[which], _NULL, encoder.row(which) + position)


def _refuse(encoder: Encoder, which: int, what: str) -> NoReturn:
    fail(encoder.names[which], f"{_RULE}, not {what}", kind=TypeError)


def _read_numpy(encoder: Encoder, which: int, x: np.ndarray) -> None:
    if x.ndim != 1:
        fail(encoder.names[which], f"must be one-dimensional, has {x.ndim} dimensions")
    kind = x.dtype.kind
    if kind in "iu":
        encoder.put(which, "integer", x)
    elif kind == "f":
        encoder.put(which, "integer", _whole(encoder, which, x))
    elif kind == "U":
        native = np.require(x, x.dtype.newbyteorder("="), ["C", "A"])
        codes, owner = encoder.tables.add_ucs4(native, encoder.threads(len(x)))
        encoder.put(which, "text", codes, owner)
    elif kind in "OT":
        _read_objects(encoder, which, x if kind == "O" else x.astype(object))
    else:
        words = {"b": "true and false", "S": "bytes (decode them first)", "M": "dates"}
        _refuse(encoder, which, words.get(kind, x.dtype.name))


def _whole(encoder: Encoder, which: int, x: np.ndarray) -> np.ndarray:
    """Floats that are whole numbers as int64: what integers become where some were missing."""
    name = encoder.names[which]
    whole = (np.floor(x) == x) & (np.abs(x) < np.float64(2.0**63))
    if not whole.all():
        at = int(np.argmin(whole))
        if np.isnan(x[at]):
            _null(encoder, which, at)
        fail(name, f"{_RULE}, not fractions", encoder.row(which) + at, x[at])
    return x.astype(np.int64)


def _read_objects(encoder: Encoder, which: int, x: Any) -> None:
    """Python objects: all of them str, or all of them integers."""
    from venire._native.labels import integers

    n = len(x)
    if n == 0:
        return
    if isinstance(x[0], str):
        codes, n_read = encoder.tables.add_objects(x)
        if n_read == n:
            encoder.put(which, "text", codes)
            return
    else:
        numbers = np.empty(n, np.int64)
        n_read = integers(x, numbers)
        if n_read == n:
            encoder.put(which, "integer", numbers)
            return
    _explain(encoder, which, x, n_read)
    floats = np.empty(n)  # numbers, some of them floats
    for at, value in enumerate(x):
        if np.iscomplexobj(value):
            fail(encoder.names[which], _RULE, encoder.row(which) + at, value, kind=TypeError)
        try:
            floats[at] = value
        except OverflowError:
            name = encoder.names[which]
            fail(name, "must be within the range of int64", encoder.row(which) + at, value)
        except (TypeError, ValueError):
            fail(encoder.names[which], _RULE, encoder.row(which) + at, value, kind=TypeError)
    encoder.put(which, "integer", _whole(encoder, which, floats))


def _explain(encoder: Encoder, which: int, x: Any, position: int) -> None:
    """Raise the error about x[position]; returns if that is a float among numbers."""
    name, value, row = encoder.names[which], x[position], encoder.row(which) + position
    missing = value is None or type(value).__name__ in ("NAType", "NaTType")
    missing = missing or isinstance(value, np.ma.MaskedArray)
    if missing or (isinstance(value, (float, np.floating)) and np.isnan(value)):
        _null(encoder, which, position)
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_)):
        if not isinstance(x[0], str):
            fail(name, "integers must fit int64", row, value)
    elif isinstance(value, (float, np.floating)):
        others = (v for v in x if isinstance(v, (str, bytes, bool, np.bool_)) or v is None)
        if next(others, x) is x:
            return
    elif not isinstance(value, str):
        fail(name, _RULE, row, value, kind=TypeError)
    fail(
        name,
        f"must all be of one type, and the first is {x[0]!r}",
        row,
        value,
        kind=TypeError,
    )


def _read_pandas(encoder: Encoder, which: int, x: Any) -> None:
    """A pandas Series, Index or extension array."""
    if getattr(x, "ndim", 1) != 1 or not hasattr(x, "dtype"):
        fail(encoder.names[which], "must be one-dimensional: give one column")
    values, dtype = getattr(x, "array", x), x.dtype
    if hasattr(values, "categories") and hasattr(values, "codes"):
        codes = np.asarray(values.codes)
        if len(codes) and codes.min() < 0:
            _null(encoder, which, int(np.argmax(codes < 0)))
        _read_dictionary(encoder, which, codes, values.categories)
    elif type(dtype).__name__ == "ArrowDtype" or getattr(dtype, "storage", "") == "pyarrow":
        _read_arrow(encoder, which, values.__arrow_array__())
    elif isinstance(dtype, np.dtype):
        _read_numpy(encoder, which, np.asarray(x))
    else:  # an extension type, nullable integers for one
        missing = np.asarray(x.isna())
        if missing.any():
            _null(encoder, which, int(np.argmax(missing)))
        _read_numpy(encoder, which, np.asarray(x, dtype=getattr(dtype, "numpy_dtype", None)))


def _read_arrow(encoder: Encoder, which: int, x: Any) -> None:
    """Anything with the Arrow C data interface."""
    from venire._native.arrow import chunks

    with about(encoder.names[which]):
        read = chunks(x)
    for chunk in read:
        null = chunk.first_null()
        if null >= 0:
            _null(encoder, which, null)
        dictionary = chunk.dictionary
        if dictionary is not None:
            _read_dictionary(encoder, which, np.asarray(chunk), dictionary)
            continue
        text = chunk.text()
        if text is not None:
            n = len(chunk)
            codes, owner = encoder.tables.add_text(*text, n, encoder.threads(n))
            encoder.put(which, "text", codes, owner)
        elif chunk.format in tuple("cCsSiIlLfg"):
            _read_numpy(encoder, which, np.asarray(chunk))
        else:
            words = {"b": "true and false", "z": "bytes", "Z": "bytes", "vz": "bytes"}
            _refuse(encoder, which, words.get(chunk.format, f"Arrow type {chunk.format!r}"))


def _read_dictionary(encoder: Encoder, which: int, index: np.ndarray, values: Any) -> None:
    """Rows that point into a dictionary: its entries are coded, the rows looked up."""
    from venire._native.labels import take

    index = _index(index)
    if not len(index):
        return
    if hasattr(values, "first_null"):  # an Arrow chunk
        null, text = values.first_null(), values.text()
        if null >= 0:
            hit = index == null
            if hit.any():
                _null(encoder, which, int(np.argmax(hit)))
        if text is None:
            if values.format not in tuple("cCsSiIlL"):
                _refuse(encoder, which, f"Arrow type {values.format!r}")
            _read_numpy(encoder, which, np.asarray(values)[index])
            return
        table, _ = encoder.tables.add_text(*text, len(values), 1)
    else:
        array = np.asarray(values)
        if array.dtype.kind not in "OUT":
            _read_numpy(encoder, which, array[index])
            return
        entries = array.astype(object)
        table, n_read = encoder.tables.add_objects(entries)
        if n_read < len(entries):
            _read_objects(encoder, which, entries[index])
            return
    encoder.put(which, "text", take(index, 0, table, encoder.n_threads), mapped=True)


def _index(index: np.ndarray) -> np.ndarray:
    """Indices as contiguous int32 or int64."""
    if index.dtype == np.uint32:
        return np.ascontiguousarray(index).view(np.int32)
    wide = index.dtype.itemsize == 8
    return np.ascontiguousarray(index, dtype=np.int64 if wide else np.int32)
