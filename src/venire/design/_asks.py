"""Asks and sizes of groups made canonical: what was asked so far, and what it may be about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.foreign import local
from venire.design._design import PairDesign

__all__ = ["MOST", "Asks", "asks_of", "joined", "positions", "sizes"]

MOST = 2**31 - 1  # items of a group: positions are int32
BLOCK = 1 << 20  # rows that are looked at together
_PARTS = ("group", "first", "second")


class Asks(NamedTuple):
    """Asks group by group, in the order shown: those of group k start at ``offsets[k]``."""

    offsets: NDArray[np.int64]
    first: NDArray[np.int32]
    second: NDArray[np.int32]

    @property
    def group(self) -> NDArray[np.int64]:
        """Position of each ask's group."""
        sizes = np.diff(self.offsets)
        return np.repeat(np.arange(len(sizes)), sizes)


def positions(x: Any, name: str, rule: str = "must be >= 0", most: int = MOST) -> NDArray[np.int64]:
    """Integers from 0 to `most`, of one dimension, as int64."""
    array = checks.integers(x, name)
    if array.ndim != 1:
        checks.fail(name, f"must be one-dimensional, has {array.ndim} dimensions")
    if array.size and (array.min() < 0 or array.max() > most):
        at = int(np.argmax((array < 0) | (array > most)))
        checks.fail(name, rule, at, array[at])
    return np.ascontiguousarray(array, np.int64)


def sizes(n_items: Any) -> tuple[NDArray[np.int64], bool]:
    """Items of each group; and whether it was one number, for one group."""
    n_items = local(n_items, "n_items")
    if checks.length(n_items, "n_items") is None and not isinstance(n_items, Iterable):
        return np.array([checks.whole(n_items, "n_items", 2, MOST)], np.int64), True
    return positions(n_items, "n_items", f"must be from 0 to {MOST}"), False


def asks_of(x: Any, n_items: NDArray[np.int64], name: str) -> Asks:
    """A design, an allocation or (group, first, second), of groups of `n_items`.

    Of a single group (first, second) will do. None: no asks.
    """
    if x is None:
        nothing = np.empty(0, np.int32)
        return Asks(np.zeros(len(n_items) + 1, np.int64), nothing, nothing)
    if isinstance(x, PairDesign):
        x.require_groups(n_items, name)
        return Asks(x.offsets, x.first, x.second)
    parts = x if isinstance(x, (tuple, list)) else [getattr(x, part, None) for part in _PARTS]
    if len(parts) == 2 and len(n_items) == 1:
        first = checks.column(parts[0], f"{name}: first")
        parts = (np.zeros(checks.length(first, f"{name}: first") or 0, np.int64), first, parts[1])
    if len(parts) != 3 or any(part is None for part in parts):
        got = f"has {len(parts)} parts and there are {len(n_items)} groups"
        if not isinstance(x, (tuple, list)):
            got = f"got {type(x).__name__}"
        reason = f"must be a PairDesign, an Allocation or (group, first, second), {got}"
        checks.fail(name, reason, kind=TypeError)
    names = [f"{name}: {part}" for part in _PARTS]
    rule = f"must be a position among {len(n_items)} groups"
    group = positions(parts[0], names[0], rule, len(n_items) - 1)
    first, second = (_items(parts[k], group, n_items, names[k]) for k in (1, 2))
    if len(same := np.flatnonzero(first == second)):
        checks.fail(name, "an item is compared with itself", int(same[0]), int(first[same[0]]))
    if (group[1:] < group[:-1]).any():
        order = np.argsort(group, kind="stable")
        group, first, second = group[order], first[order], second[order]
    offsets = np.searchsorted(group, np.arange(len(n_items) + 1)).astype(np.int64)
    return Asks(offsets, first, second)


def _items(
    x: Any, group: NDArray[np.int64], n_items: NDArray[np.int64], name: str
) -> NDArray[np.int32]:
    """Positions of items within their groups."""
    array = checks.integers(x, name)
    if array.ndim != 1:
        checks.fail(name, f"must be one-dimensional, has {array.ndim} dimensions")
    if len(array) != len(group):
        checks.fail(name, f"has {len(array)} rows, but group has {len(group)}")
    for start in range(0, len(group), BLOCK):
        rows = slice(start, start + BLOCK)
        own = n_items[group[rows]]
        bad = (array[rows] < 0) | (array[rows] >= own)
        if bad.any():
            at = int(np.argmax(bad))
            rule = f"must be a position among {own[at]} items in the group"
            checks.fail(name, rule, start + at, array[start + at])
    return np.ascontiguousarray(array, np.int32)


def joined(asked: Asks, pending: Asks) -> Asks:
    """Of each group the asks of `asked`, then those of `pending`."""
    if not len(pending.first):
        return asked
    group = np.concatenate([asked.group, pending.group])
    order = np.argsort(group, kind="stable")
    first = np.concatenate([asked.first, pending.first])[order]
    second = np.concatenate([asked.second, pending.second])[order]
    return Asks(asked.offsets + pending.offsets, first, second)
