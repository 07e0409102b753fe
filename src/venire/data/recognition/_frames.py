"""Some rows of a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from venire._core import checks

__all__ = ["frame_sample"]

_ROWS = 1000


def frame_sample(frame: Any, n: int = _ROWS) -> dict[Any, Sequence[Any]]:
    """Values of all columns in the first rows and in some of the later ones, `n` at most.

    Of a lazy frame those of the first rows.
    """
    if isinstance(frame, Mapping):
        for name, column in frame.items():
            if isinstance(column, (str, bytes, Mapping)) or not isinstance(column, Iterable):
                checks.fail(str(name), "must be a column", value=column, kind=TypeError)
        return {name: _some(column, n) for name, column in frame.items()}
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


def _some(values: Any, n: int) -> list[Any]:
    """Some values of a column of any library, or of a list."""
    if not hasattr(values, "__len__") or not hasattr(values, "__getitem__"):
        values = list(values)
    rows = _rows(len(values), n) if len(values) > n else range(len(values))
    at = getattr(values, "iloc", values)
    found = [at[i] for i in rows]
    return [
        v.as_py() if hasattr(v, "as_py") else v.item() if hasattr(v, "item") else v for v in found
    ]
