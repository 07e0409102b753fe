"""One column, whatever library it comes from: its numbers, its distinct values, its gaps."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.checks import fail
from venire.data.coding import encode_one

__all__ = ["distinct", "floats", "plain"]


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
    if array is None and not _is_arrow(plain(column)):
        array = _array(_checked(column, name), name)
        if array.dtype == object:
            array = _narrowed(array)
    if array is not None and array.dtype.kind in "bf":
        if np.isnan(array).any():
            fail(name, "a value is missing (null)", int(np.argmax(np.isnan(array))))
        values, codes = np.unique(array, return_inverse=True)
        return values.tolist(), codes
    if array is not None and array.dtype.kind == "O":
        column = array
    values, codes = encode_one(plain(column), name)
    return values.tolist(), codes


def _is_arrow(column: Any) -> bool:
    """Whether a column is read through the Arrow interface (pandas would import pyarrow for it)."""
    return hasattr(column, "__arrow_c_stream__") and not _is_pandas(column)


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
        for row, value in enumerate(array):
            if value is None or type(value).__name__ in ("NAType", "NaTType"):
                fail(name, "a value is missing (null)", row)
    return array


def _objects(column: Any, name: str) -> np.ndarray:
    """A list as an array that keeps each object what it is, or as numbers if all are."""
    values = checks.listed(column, name)
    checks.all_shown(values, name)
    return _narrowed(np.fromiter(values, dtype=object, count=len(values)))


def _narrowed(array: np.ndarray) -> np.ndarray:
    """An array of objects that are all truth values, or all numbers, as an array of those."""
    types = {type(v) for v in array.tolist()}
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
        return float(value)
    except Exception:
        fail(name, "must be a number", row, value)
