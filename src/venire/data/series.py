"""One column, whatever library it comes from: its numbers, its distinct values, its gaps."""

from __future__ import annotations

from contextlib import suppress
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.arrow import arrow_array
from venire._core.checks import fail
from venire.data.coding import Encoded, Encoder, encode_one

__all__ = [
    "Labels",
    "distinct",
    "floats",
    "is_full",
    "is_missing",
    "kept",
    "missing",
    "plain",
    "stacked",
    "taken_at",
]

_NULLS = ("NoneType", "NAType", "NaTType")


def plain(column: Any) -> Any:
    """The library's own column behind a narwhals series."""
    return column.to_native() if hasattr(column, "to_native") else column


def floats(column: Any, name: str) -> np.ndarray:
    """A column of numbers as an array; a missing value or a word is an error.

    Parameters
    ----------
    column : narwhals series, Arrow column or array_like
    name : str
        Argument to name in errors.

    Returns
    -------
    ndarray of bool, integers or floats, shape (n,)
    """
    array = _from_arrow(plain(column), name)
    if array is None:
        array = _array(_checked(column, name), name)
    if array.dtype.kind in "biuf":
        return array
    return np.array([_number(value, name, row) for row, value in enumerate(array)], np.float64)


def distinct(column: Any, name: str) -> tuple[list[Any], np.ndarray]:
    """Distinct values of a column of words, numbers or truth values, and each row's index.

    Returns
    -------
    values : list of str, int, float or bool
    codes : ndarray of integers, shape (n,)
        Row i holds ``values[codes[i]]``.
    """
    array = _from_arrow(plain(column), name, "bfg")
    if array is None and not _is_arrow(plain(column)) and not _is_arrow_text(plain(column)):
        array = _array(_checked(column, name), name)
        if array.dtype == object:
            array = _narrowed(array)
    if array is not None and array.dtype.kind in "bf":
        if np.isnan(array).any():
            fail(name, "a value is missing (null)", int(np.argmax(np.isnan(array))))
        values, codes = np.unique(array, return_inverse=True)
        return values.tolist(), codes
    if array is not None and array.dtype.kind == "O":
        if not set(map(type, array.tolist())) <= {str, np.str_}:
            return _of_any_type(array, name)
        column = array
    values, codes = encode_one(plain(column), name)
    return values.tolist(), codes


def _of_any_type(array: np.ndarray, name: str) -> tuple[list[Any], np.ndarray]:
    """Distinct values of words, numbers and truth values side by side."""
    places: dict[Any, int] = {}
    codes = np.empty(len(array), np.int64)
    for row, value in enumerate(array.tolist()):
        if is_missing(value):
            fail(name, "a value is missing (null)", row)
        if not isinstance(value, (str, Number, np.generic)):
            fail(name, "must be a word or a number", row, value, kind=TypeError)
        key = (isinstance(value, (bool, np.bool_)), value)  # True is no 1
        codes[row] = places.setdefault(key, len(places))
    return [value for _, value in places], codes


def _is_arrow(column: Any) -> bool:
    """Whether a column is read through the Arrow interface (pandas would import pyarrow for it)."""
    return hasattr(column, "__arrow_c_stream__") and not _is_pandas(column)


def _is_arrow_text(column: Any) -> bool:
    """Whether it is text of pandas that Arrow holds, which is coded where it lies."""
    dtype = getattr(column, "dtype", None)
    is_text = str(dtype).startswith(("str", "large_str"))
    return _is_pandas(column) and is_text and getattr(dtype, "storage", "") == "pyarrow"


def _is_pandas(column: Any) -> bool:
    return type(column).__module__.split(".")[0] == "pandas"


def _from_arrow(column: Any, name: str, formats: str = "bcCsSiIlLfg") -> np.ndarray | None:
    """An Arrow column of truth values or numbers as an array; None if it is something else."""
    if not _is_arrow(column):
        return None
    from venire._native.arrow import chunks

    with checks.about(name):
        read = chunks(column)
    pieces, row = [], 0
    for chunk in read:
        null = chunk.first_null()
        if null >= 0:
            fail(name, "a value is missing (null)", row + null)
        if chunk.format not in tuple(formats) or chunk.dictionary is not None:
            return None
        pieces.append(chunk.truths() if chunk.format == "b" else np.asarray(chunk))
        row += len(chunk)
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate(pieces) if pieces else np.empty(0)


def _checked(column: Any, name: str) -> Any:
    """A series or an array without nulls."""
    if hasattr(column, "null_count") and hasattr(column, "to_native"):
        if column.null_count() > 0:
            fail(name, "a value is missing (null)", int(np.argmax(column.is_null().to_numpy())))
        return column
    if _is_pandas(column) and hasattr(column, "isna"):
        missing = np.asarray(column.isna())
        if missing.any():
            fail(name, "a value is missing (null)", int(np.argmax(missing)))
    array = checks.array(column, name) if hasattr(column, "__array__") else _objects(column, name)
    if array.ndim != 1:
        fail(name, f"must be one-dimensional, has {array.ndim} dimensions")
    if array.dtype == object:
        kinds = {kind.__name__ for kind in set(map(type, array.tolist()))}
        for row, value in enumerate(array.tolist() if kinds & {*_NULLS} else ()):
            if type(value).__name__ in _NULLS:
                fail(name, "a value is missing (null)", row)
    return array


def _objects(column: Any, name: str) -> np.ndarray:
    """A list as an array that keeps each object what it is, or as numbers if all are."""
    values = checks.listed(column, name)
    checks.all_shown(values, name)
    return _narrowed(np.fromiter(values, dtype=object, count=len(values)))


def _narrowed(array: np.ndarray) -> np.ndarray:
    """An array of objects that are all truth values, or all numbers, as an array of those."""
    types = set(map(type, array.tolist()))
    if types and all(issubclass(t, (bool, np.bool_)) for t in types):
        return array.astype(bool)
    if any(issubclass(t, (bool, np.bool_)) for t in types):
        return array
    if types and all(issubclass(t, (int, np.integer)) for t in types):
        fits = all(-(2**63) <= v < 2**63 for v in array.tolist())
        return array.astype(np.int64) if fits else array
    numbers = (int, float, np.integer, np.floating)
    if types and all(issubclass(t, numbers) or t.__name__ == "Decimal" for t in types):
        with suppress(OverflowError):
            return array.astype(np.float64)
    return array


def _array(column: Any, name: str) -> np.ndarray:
    try:
        return column.to_numpy() if hasattr(column, "to_native") else column
    except Exception as error:  # of a type that NumPy does not have
        fail(name, f"cannot be read as an array ({error})", kind=TypeError)


def _number(value: Any, name: str, row: int) -> float:
    try:
        if not isinstance(value, np.complexfloating):  # float() drops what is imaginary of it
            return float(value)
    except Exception:
        pass
    fail(name, "must be a number", row, value)


def is_full(column: Any) -> bool:
    """Whether a column has no null, as far as that is known without looking at each row."""
    if isinstance(column, Encoded):
        return not missing(column).any()
    if type(column) is np.ndarray or isinstance(column, (list, tuple)):
        if getattr(column, "dtype", np.dtype(object)).kind in "biuU":
            return True
        return set(map(type, column)) <= {str, int} if isinstance(column, (list, tuple)) else False
    if _is_pandas(column) and hasattr(column, "isna"):
        return not bool(column.isna().any())
    nulls = getattr(column, "null_count", None)
    nulls = nulls() if callable(nulls) else nulls
    is_float = str(getattr(column, "dtype", getattr(column, "type", ""))).lower().startswith("f")
    return nulls is not None and int(nulls) == 0 and not is_float


def missing(column: Any, name: str = "vote") -> NDArray[np.bool_]:
    """Where a column has nothing: a null, NaN, or blank text."""
    if isinstance(column, Encoded) and column.interim:
        return column.codes < 0
    if isinstance(column, Encoded):
        blank = [isinstance(x, str) and not x.strip() for x in column.items.tolist()]
        return np.array([*blank, True])[column.codes]  # of which -1 is the last
    if hasattr(column, "to_native"):
        mask = column.is_null()
        if column.dtype.is_float():
            mask = mask | column.is_nan().fill_null(True)
        elif str(column.dtype) == "String":
            mask = mask | (column.str.strip_chars() == "").fill_null(True)
        return np.asarray(mask.to_numpy(), bool)
    if type(column).__module__.split(".")[0] == "pyarrow":
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            text = column.cast(kind)
            column = pc.if_else(pc.equal(pc.utf8_trim_whitespace(text), ""), None, text)
        mask = column.is_null(nan_is_null=True)
        return np.asarray(mask.to_numpy(zero_copy_only=False), bool)
    array = checks.array(column, name, object)
    if array.ndim != 1:
        fail(name, f"must be one-dimensional, has {array.ndim} dimensions")
    if array.dtype.kind == "f":
        return np.isnan(array)
    if array.dtype == object or array.dtype.kind in "UT":
        return np.array([is_missing(v) for v in array.tolist()], bool)
    return np.zeros(len(array), bool)


def is_missing(value: Any) -> bool:
    """Whether a cell is empty: a null, NaN, or blank text."""
    if type(value).__name__ in _NULLS:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, float) and value != value


class Labels:
    """Codes columns that share their labels and that may come in pieces; -1 where there is none.

    Parameters
    ----------
    names : tuple of str
        The arguments' names, for the messages.
    n_threads : int, optional
    """

    def __init__(self, names: tuple[str, ...], n_threads: int | None = None) -> None:
        self.names = names
        self._encoder = Encoder(names, n_threads)
        self._kept: list[list[NDArray[np.bool_]]] = [[] for _ in names]
        self._has_gaps = False

    def add(self, *columns: Any) -> None:
        """Add rows: one column for each name."""
        full = []
        for column, name, kept_rows in zip(columns, self.names, self._kept, strict=True):
            keep = np.ones(len(column), bool)
            if getattr(column, "null_count", 0):
                keep = ~missing(column, name)
                self._has_gaps = True
            kept_rows.append(keep)
            full.append(kept(column, keep) if keep.any() else [])
        self._encoder.add(*full)

    def finish(self) -> tuple[np.ndarray, list[NDArray[np.int32]]]:
        """Return the labels and each column's codes; nothing may be added afterwards."""
        items, codes = self._encoder.finish()
        return items, [self._placed(c, k) for c, k in zip(codes, self._kept, strict=True)]

    def _placed(self, codes: NDArray[np.int32], keep: list[NDArray[np.bool_]]) -> Any:
        if not self._has_gaps:
            return codes
        rows = np.concatenate(keep)
        out = np.full(len(rows), -1, np.int32)
        out[rows] = codes
        return out


def kept(column: Any, keep: NDArray[np.bool_]) -> Any:
    """The rows of a column that are to stay."""
    if keep.all():
        return column
    if isinstance(column, Encoded):
        return Encoded(column.items, column.codes[keep], column.interim)
    if isinstance(column, np.ndarray):
        return column[keep]
    if hasattr(column, "to_native"):
        return column.filter(keep.tolist())
    if type(column).__module__.split(".")[0] == "pandas":
        return column[keep]
    if type(column).__module__.split(".")[0] == "pyarrow":
        return column.filter(arrow_array(keep))
    if hasattr(column, "filter"):
        return column.filter(keep)
    return np.fromiter(column, dtype=object, count=len(column))[keep]


def stacked(parts: list[Any]) -> Any:
    """The same column of several runs, one after the other."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], Encoded):
        codes = np.concatenate([p.codes for p in parts])
        return Encoded(parts[0].items, codes, parts[0].interim)
    if type(parts[0]).__module__.split(".")[0] == "pyarrow":
        import pyarrow as pa

        chunks = [c for p in parts for c in getattr(p, "chunks", [p])]
        return pa.chunked_array(chunks)
    if not isinstance(parts[0], np.ndarray):
        parts = [np.fromiter(_listed(p), dtype=object) for p in parts]
    return np.concatenate(parts)


def taken_at(column: Any, rows: NDArray[np.int64]) -> Any:
    """Rows of a column, in this order."""
    if isinstance(column, Encoded):
        return Encoded(column.items, column.codes[rows], column.interim)
    if isinstance(column, np.ndarray):
        return column[rows]
    if type(column).__module__.split(".")[0] == "pyarrow":
        return column.take(arrow_array(rows))
    return np.fromiter(_listed(column), object)[rows]


def _listed(column: Any) -> list[Any]:
    for name in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, name):
            return list(getattr(column, name)())
    return list(column)
