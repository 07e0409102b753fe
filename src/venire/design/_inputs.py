"""Arguments of designs made canonical: sizes of groups, and what was asked before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.design._design import PairDesign

__all__ = ["MOST", "Used", "positions", "sizes", "used_pairs"]

MOST = 2**31 - 1  # items of a group: positions are int32


class Used(NamedTuple):
    """Pairs that were asked, by group: those of group k are ptr[k] <= u < ptr[k + 1]."""

    ptr: NDArray[np.int64]
    first: NDArray[np.int32]
    second: NDArray[np.int32]


def _integers(x: Any, name: str, least: int, most: int, rule: str) -> np.ndarray:
    """Integers from `least` to `most`, of one dimension."""
    array = checks.integers(x, name)
    if array.ndim != 1:
        checks.fail(name, f"must be one-dimensional, has {array.ndim} dimensions")
    if array.size and (array.min() < least or array.max() > most):
        at = int(np.argmax((array < least) | (array > most)))
        checks.fail(name, rule, at, array[at])
    return array


def positions(x: Any, name: str) -> np.ndarray:
    """Positions, >= 0, as int64."""
    array = _integers(x, name, 0, MOST, "must be >= 0")
    return array.astype(np.int64, copy=False)


def sizes(n_items: Any) -> tuple[NDArray[np.int64], bool]:
    """Items of each group, int64; and whether it was one number, for one group."""
    if checks.length(n_items, "n_items") is None and not isinstance(n_items, Iterable):
        return np.array([checks.whole(n_items, "n_items", 2, MOST)], np.int64), True
    rule = f"must be from 0 to {MOST}"
    array = _integers(n_items, "n_items", 0, MOST, rule)
    return np.ascontiguousarray(array, dtype=np.int64), False


def used_pairs(used: Any, n_items: NDArray[np.int64]) -> Used | None:
    """What was asked, by group; None where nothing was."""
    if used is None:
        return None
    if isinstance(used, PairDesign):
        if len(used.n_items) != len(n_items):
            checks.fail(
                "used", f"is a design of {len(used.n_items)} groups, but there are {len(n_items)}"
            )
        differs = used.n_items != n_items
        if differs.any():
            at = int(np.argmax(differs))
            checks.fail("used", f"has another number of items than {n_items[at]}", at,
                         used.n_items[at])  # fmt: skip
        return Used(used.offsets, used.first, used.second) if len(used) else None
    if not isinstance(used, (tuple, list)) or len(used) not in (2, 3):
        checks.fail(
            "used",
            "must be a PairDesign, (first, second) of one group, or (group, first, second)",
            kind=TypeError,
        )
    names = ("used group", "used first", "used second")[-len(used) :]
    columns = [_column(x, name) for x, name in zip(used, names, strict=True)]
    for column, name in zip(columns[1:], names[1:], strict=True):
        if len(column) != len(columns[0]):
            checks.fail(name, f"has {len(column)} rows, but {names[0]} has {len(columns[0])}")
    if len(used) == 2 and len(n_items) != 1:
        checks.fail("used", f"needs a group for each pair: there are {len(n_items)} groups")
    if not len(columns[0]):
        return None
    first, second = columns[-2:]
    group = columns[0] if len(used) == 3 else np.zeros(len(first), np.int64)
    return _by_group(group, first, second, n_items)


def _column(x: Any, name: str) -> np.ndarray:
    rule = "must be a position, counted from 0"
    return _integers(x, name, 0, MOST, rule)


def _by_group(
    group: np.ndarray, first: np.ndarray, second: np.ndarray, n_items: NDArray[np.int64]
) -> Used:
    """The rows checked against the groups, and sorted by group if they are not."""
    outside = group >= len(n_items)
    if outside.any():
        at = int(np.argmax(outside))
        checks.fail("used group", f"there are {len(n_items)} groups", at, group[at])
    size = n_items[group]
    for column, name in ((first, "used first"), (second, "used second")):
        outside = column >= size
        if outside.any():
            at = int(np.argmax(outside))
            checks.fail(name, f"its group has {size[at]} items", at, column[at])
    same = first == second
    if same.any():
        at = int(np.argmax(same))
        checks.fail("used second", "must differ from first", at, second[at])
    if (group[1:] < group[:-1]).any():
        order = np.argsort(group, kind="stable")
        first, second = first[order], second[order]
    ptr = np.zeros(len(n_items) + 1, np.int64)
    np.cumsum(np.bincount(group, minlength=len(n_items)), out=ptr[1:])
    return Used(ptr, np.ascontiguousarray(first, np.int32), np.ascontiguousarray(second, np.int32))
