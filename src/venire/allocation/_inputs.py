"""Arguments of `allocate` made canonical: cells, asks, predictions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire import _checks
from venire._grouping import Grouping
from venire.grouped_comparisons import GroupedComparisons

_PARTS = ("group", "first", "second")

__all__ = ["Asks", "asks_of", "centred_prediction", "items_of", "joined", "some_groups", "whole"]


class Asks(NamedTuple):
    """Asks group by group, in the order shown: those of group k start at ``offsets[k]``."""

    offsets: np.ndarray
    first: np.ndarray
    second: np.ndarray

    @property
    def group(self) -> np.ndarray:
        """Position of each ask's group."""
        sizes = np.diff(self.offsets)
        return np.repeat(np.arange(len(sizes)), sizes)


def whole(x: Any, name: str, low: int = 1) -> int:
    """`x` as an int of at least `low`."""
    if isinstance(x, (bool, np.bool_)) or not isinstance(x, (int, np.integer)):
        _checks.fail(name, "must be an integer", value=x, kind=TypeError)
    if x < low:
        _checks.fail(name, f"must be at least {low}", value=x)
    return int(x)


def masses(c: GroupedComparisons) -> tuple[np.ndarray, np.ndarray]:
    """Wins and losses of each cell's first, half of a tie in either."""
    if c._tie is None:
        return c.win, c.loss
    return c.win + 0.5 * c._tie, c.loss + 0.5 * c._tie


def some_groups(c: GroupedComparisons, chosen: np.ndarray) -> GroupedComparisons:
    """The groups at the positions `chosen`, by themselves."""

    def taken(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sizes = np.diff(offsets)[chosen]
        new = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return new, np.repeat(offsets[chosen] - new[:-1], sizes) + np.arange(new[-1])

    offsets, items = taken(c.offsets)
    cell_offsets, cells = taken(c.cell_offsets)
    return GroupedComparisons._of(
        Grouping(
            groups=c.groups[chosen],
            offsets=offsets,
            cell_offsets=cell_offsets,
            items=c.items[items],
            first=c.first[cells],
            second=c.second[cells],
            order=c.order[cells],
            win=c.win[cells],
            loss=c.loss[cells],
            tie=None if c._tie is None else c._tie[cells],
            is_soft=c._is_soft,
        )
    )


def items_of(offsets: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Flat positions of the items of the groups `chosen`."""
    sizes = np.diff(offsets)[chosen]
    new = np.concatenate([[0], np.cumsum(sizes)])
    return np.repeat(offsets[chosen] - new[:-1], sizes) + np.arange(new[-1])


def asks_of(x: Any, c: GroupedComparisons, name: str) -> Asks:
    """Asks given as an object with group, first and second, or as a tuple of them.

    None: for ``asked`` one ask for each pair and order that has votes, for ``pending`` none.
    """
    if x is None:
        if name == "pending":
            empty = np.empty(0, np.int32)
            return Asks(np.zeros(c.n_groups + 1, np.int64), empty, empty)
        return _voted(c)
    columns: tuple[Any, ...]
    if isinstance(x, tuple):
        if len(x) != 3:
            _checks.fail(
                name, f"must be (group, first, second), has {len(x)} parts", kind=TypeError
            )
        columns = x
    else:
        columns = tuple(getattr(x, part, None) for part in _PARTS)
        if any(part is None for part in columns):
            reason = "must be a PairDesign, an Allocation or (group, first, second), got "
            _checks.fail(name, reason + type(x).__name__, kind=TypeError)
    arrays = [
        _positions(part, f"{name}: {what}") for part, what in zip(columns, _PARTS, strict=True)
    ]
    for part, what in zip(arrays, _PARTS, strict=True):
        if len(part) != len(arrays[0]):
            _checks.fail(f"{name}: {what}", f"has {len(part)} rows, but group has {len(arrays[0])}")
    group, first, second = arrays
    _within(group, np.full(len(group), c.n_groups), f"{name}: group", "groups")
    sizes = np.diff(c.offsets)[group]
    for part, what in ((first, "first"), (second, "second")):
        _within(part, sizes, f"{name}: {what}", "items in the group")
    same = np.flatnonzero(first == second)
    if len(same):
        _checks.fail(name, "an item is compared with itself", int(same[0]), int(first[same[0]]))
    if len(group) and (group[1:] < group[:-1]).any():
        order = np.argsort(group, kind="stable")
        group, first, second = group[order], first[order], second[order]
    counts = np.bincount(group, minlength=c.n_groups)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Asks(offsets, first.astype(np.int32), second.astype(np.int32))


def joined(asked: Asks, pending: Asks) -> Asks:
    """Of each group the asks of `asked`, then those of `pending`."""
    if not len(pending.first):
        return asked
    group = np.concatenate([asked.group, pending.group])
    order = np.argsort(group, kind="stable")
    first = np.concatenate([asked.first, pending.first])[order]
    second = np.concatenate([asked.second, pending.second])[order]
    return Asks(asked.offsets + pending.offsets, first, second)


def _voted(c: GroupedComparisons) -> Asks:
    win, loss = masses(c)
    kept = win + loss > 0.0
    turned = c.order[kept] < 0
    first, second = c.first[kept], c.second[kept]
    before = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    return Asks(
        before[c.cell_offsets],
        np.where(turned, second, first).astype(np.int32),
        np.where(turned, first, second).astype(np.int32),
    )


def _positions(x: Any, name: str) -> np.ndarray:
    array = np.asarray(x)
    if array.ndim != 1:
        _checks.fail(name, f"must be one-dimensional, has {array.ndim} dimensions")
    if array.dtype.kind not in "iu" and len(array):
        _checks.fail(
            name, f"must hold positions (integers), has dtype {array.dtype}", kind=TypeError
        )
    return array.astype(np.int64)


def _within(x: np.ndarray, size: np.ndarray, name: str, what: str) -> None:
    bad = np.flatnonzero((x < 0) | (x >= size))
    if len(bad):
        at = int(bad[0])
        _checks.fail(name, f"must be a position among {int(size[at])} {what}", at, int(x[at]))


def centred_prediction(prediction: Any, c: GroupedComparisons) -> np.ndarray | None:
    """Predictions with mean 0 in each group; 0 where there is none (nan); None if there are none.

    The mean is that of the items that have a prediction.
    """
    if prediction is None:
        return None
    x = np.asarray(prediction)
    if x.dtype.kind not in "iuf":
        _checks.fail("prediction", f"must hold numbers, has dtype {x.dtype}", kind=TypeError)
    if x.shape != (c.n_items,):
        _checks.fail("prediction", f"must have shape ({c.n_items},), has {x.shape}")
    x = x.astype(np.float64)
    bad = np.flatnonzero(np.isinf(x))
    if len(bad):
        _checks.fail("prediction", "must be finite, or nan for none", int(bad[0]), x[bad[0]])
    known = ~np.isnan(x)
    if not known.any():
        return None
    x[~known] = 0.0
    group = np.repeat(np.arange(c.n_groups), np.diff(c.offsets))
    total = np.bincount(group, x, c.n_groups)
    count = np.bincount(group, known, c.n_groups)
    x -= (total / np.maximum(count, 1))[group]
    x[~known] = 0.0
    return x
