"""Rankings as they are given become one flat list of labels, with marks where each begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadInput, fail
from venire._core.foreign import local

__all__ = ["Listed", "about_lists", "lists_of", "offsets_of"]

_RULE = "must be a list of labels, best first"
_TIES = (list, tuple)  # a place that several items share


class Listed(NamedTuple):
    """Labels of all rankings, one after the other, best first.

    Ranking i has those from ``offsets[i]`` to ``offsets[i + 1]``; the first ``ranked[i]`` of them
    are in order (None: all). `tied` marks what shares the place of the label before it.
    """

    item: Any
    offsets: NDArray[np.int64]
    tied: NDArray[np.bool_] | None = None
    ranked: NDArray[np.int32] | None = None


def offsets_of(sizes: Any) -> NDArray[np.int64]:
    """Where each of consecutive runs of these sizes begins, and where the last one ends."""
    out = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=out[1:])
    return out


# ---- lists ---------------------------------------------------------------------------------------


def lists_of(x: Any, name: str, *, ties: bool = True) -> Listed:
    """The labels of lists, or of the rows of an array of two dimensions."""
    x = local(x, name)
    if hasattr(x, "columns") or hasattr(x, "column_names") or isinstance(x, Mapping):
        cure = "say Rankings.from_frame(frame, ...)"
        fail(name, f"must be a list of rankings, got {type(x).__name__}", cure=cure, kind=TypeError)
    if hasattr(x, "__array__") and getattr(x, "ndim", 1) != 1:
        x = checks.array(x, name)
        if x.ndim != 2:
            fail(name, f"must have one or two dimensions, has {x.ndim}")
        n, m = x.shape
        return Listed(x.reshape(-1), np.arange(n + 1) * m)
    rows = checks.listed(x, name)
    plain = True
    for kind in set(map(type, rows)):
        plain = plain and issubclass(kind, _TIES)
    if not plain:
        rows = [_row(row, at, name) for at, row in enumerate(rows)]
    flat = list(chain.from_iterable(rows))
    offsets = offsets_of(np.fromiter(map(len, rows), np.int64, len(rows)))
    if ties and any(issubclass(kind, (*_TIES, np.ndarray)) for kind in set(map(type, flat))):
        return _with_ties(rows, name)
    return Listed(flat, offsets)


def _row(row: Any, at: int, name: str) -> Any:
    """One ranking as a list or a tuple."""
    if isinstance(row, _TIES):
        return row
    row = local(row, f"{name}[{at}]")
    if isinstance(row, np.ndarray) and row.ndim != 1:
        fail(name, _RULE, at, row, kind=TypeError)
    if row is None or isinstance(
        row, (str, bytes, Mapping, set, frozenset, int, float, np.generic)
    ):
        cure = "a single ranking is a list of one: [[...]]" if isinstance(row, str) else ""
        fail(name, _RULE, at, row, cure=cure, kind=TypeError)
    if isinstance(row, np.ndarray):
        return row.tolist() if row.dtype.kind in "OU" else row
    return checks.listed(row, f"{name}[{at}]")


def _with_ties(rows: Any, name: str) -> Listed:
    """The labels of lists some of whose places are lists of items that share them."""
    flat: list[Any] = []
    tied: list[bool] = []
    sizes = np.zeros(len(rows), np.int64)
    for at, row in enumerate(rows):
        before = len(flat)
        for place, entry in enumerate(row):
            if not isinstance(entry, (*_TIES, np.ndarray)):
                flat.append(entry)
                tied.append(False)
                continue
            if len(entry) == 0:
                fail(f"{name}[{at}]", "nobody has this place", place, entry)
            flat.extend(entry)
            tied.extend([False] + [True] * (len(entry) - 1))
        sizes[at] = len(flat) - before
    return Listed(flat, offsets_of(sizes), np.array(tied, bool))


@contextmanager
def about_lists(lists: Mapping[str, Listed]) -> Iterator[None]:
    """Errors about a position of the flat list tell the ranking, and the position within it."""
    try:
        yield
    except BadInput as error:
        if error.argument in lists and error.position is not None:
            offsets = lists[error.argument].offsets
            at = int(np.searchsorted(offsets, error.position, side="right")) - 1
            error.position -= int(offsets[at])
            error.argument = f"{error.argument}[{at}]"
        raise
