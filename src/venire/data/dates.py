"""Dates and times as labels: text of ISO 8601, as in "2024-01-05" or "2024-01-05 18:30:00"."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["DATED", "arrow_labels", "labelled"]

DATED = ("group", "cluster")  # arguments of which dates are labels

_NO_ZEROS = (r"(\.\d*?)0+(\D|$)", r"\1\2"), (r"\.(\D|$)", r"\1")


def labelled(column: Any) -> Any:
    """A column of labels, its dates and times as text; any other column as it is.

    What is missing stays missing, and so does what is no date among dates.
    """
    library = type(column).__module__.split(".")[0]
    if library == "pyarrow":
        return arrow_labels(column)
    if library == "polars" and column.dtype.is_temporal():
        return _objects(column.to_list())
    kind: Any = getattr(column, "dtype", None)
    if library == "pandas" and kind is not None:
        values = np.asarray(getattr(getattr(column, "array", column), "categories", column))
        return _objects(column.astype(object)) if _is_date(values) else column
    if getattr(kind, "kind", "") == "M":
        unit = "D" if np.datetime_data(kind)[0] in ("Y", "M", "W", "D") else "us"
        return _objects(np.asarray(column).astype(f"datetime64[{unit}]").astype(object))
    if isinstance(column, (np.ndarray, list, tuple)) and _is_date(column):
        return _objects(column)
    return column


def _is_date(values: Any) -> bool:
    """Whether the first value that is not missing is a date."""
    if getattr(getattr(values, "dtype", None), "kind", "O") not in "OM":
        return False
    first = next((v for v in values if v is not None), None)
    return isinstance(first, (datetime.date, np.datetime64))


def _objects(values: Any) -> list[Any]:
    """Python's dates as text."""
    known: dict[Any, Any] = {}
    return [known[v] if v in known else known.setdefault(v, _text(v)) for v in values]


def _text(value: Any) -> Any:
    if type(value).__name__ == "NaTType" or not isinstance(value, (datetime.date, np.datetime64)):
        return None if value != value else value
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value).replace("T", " ")
    how: dict[str, Any] = {"sep": " "} if isinstance(value, datetime.datetime) else {}
    text: Callable[..., str] = value.isoformat
    return text(**how).rstrip("0") if "." in text() and "+" not in text() else text(**how)


def arrow_labels(column: Any) -> Any:
    """The same of an Arrow column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind) and pa.types.is_temporal(kind.value_type):
        column, kind = column.cast(kind.value_type), kind.value_type
    if not pa.types.is_temporal(kind):
        return column
    text = column.cast(pa.string())
    for pattern, kept in _NO_ZEROS:
        text = pc.replace_substring_regex(text, pattern, kept)
    return text
