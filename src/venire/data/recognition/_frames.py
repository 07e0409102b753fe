"""Some rows of a data frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.foreign import local

__all__ = ["frame_sample"]

_ROWS = 1000


def frame_sample(frame: Any, n: int = _ROWS) -> dict[Any, Sequence[Any]]:
    """Values of all columns in the first rows and in some of the later ones, `n` at most.

    Of a lazy frame those of the first rows.
    """
    if isinstance(frame, Mapping):
        frame = {name: local(column, str(name)) for name, column in frame.items()}
        for name, column in frame.items():
            if isinstance(column, (str, bytes, Mapping, set)) or not hasattr(column, "__len__"):
                rule = "must be an array or a list, to find what it says"
                checks.fail(str(name), rule, value=column, kind=TypeError)
        return {name: _some(str(name), column, n) for name, column in frame.items()}
    import narwhals as nw

    try:
        data: Any = nw.from_native(frame)
    except TypeError:
        rule = "must be a data frame or a mapping of arrays"
        checks.fail("frame", rule, value=frame, kind=TypeError)
    if isinstance(data, nw.LazyFrame):
        data = data.head(n).collect()
    if len(data) > n:
        data = data[_rows(len(data), n)]
    return {name: data.get_column(name).to_list() for name in data.columns}


def _rows(n_rows: int, n: int) -> list[int]:
    """The first half of `n` rows, and as many of the rest."""
    half = n // 2
    step = max((n_rows - half) // (n - half), 1)
    return [*range(half), *range(half, n_rows, step)][:n]


def _some(name: str, values: Any, n: int) -> list[Any]:
    """Some values of a column of any library, or of a list."""
    at = getattr(values, "iloc", values)
    try:
        rows = _rows(len(values), n) if len(values) > n else range(len(values))
        return [_plain(at[i]) for i in rows]
    except Exception as error:  # of an object of whatever kind
        checks.fail(name, f"cannot be read ({type(error).__name__}: {error})", kind=TypeError)


def _plain(value: Any) -> Any:
    if hasattr(value, "as_py"):
        return value.as_py()
    return value.item() if isinstance(value, np.generic) else value
