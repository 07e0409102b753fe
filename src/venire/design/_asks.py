"""Asks so far and asks that are out, checked and sorted by group."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.data.grouped_comparisons import GroupedComparisons

__all__ = ["Asks", "asks_of", "joined"]

_PARTS = ("group", "first", "second")
BLOCK = 1 << 20  # rows that are looked at together


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
            reason = f"must be (group, first, second), has {len(x)} parts"
            checks.fail(name, reason, kind=TypeError)
        columns = x
    else:
        columns = tuple(getattr(x, part, None) for part in _PARTS)
        if any(part is None for part in columns):
            reason = "must be a PairDesign, an Allocation or (group, first, second), got "
            checks.fail(name, reason + type(x).__name__, kind=TypeError)
    group, first, second = (
        _positions(part, f"{name}: {what}") for part, what in zip(columns, _PARTS, strict=True)
    )
    for part, what in ((first, "first"), (second, "second")):
        if len(part) != len(group):
            checks.fail(f"{name}: {what}", f"has {len(part)} rows, but group has {len(group)}")
    sizes = np.diff(c.offsets)
    for start in range(0, len(group), BLOCK):
        rows = slice(start, start + BLOCK)
        _check_rows(group[rows], first[rows], second[rows], sizes, name, start)
    if (group[1:] < group[:-1]).any():
        order = np.argsort(group, kind="stable")
        group, first, second = group[order], first[order], second[order]
    offsets = np.searchsorted(group, np.arange(c.n_groups + 1)).astype(np.int64)
    return Asks(
        offsets,
        np.ascontiguousarray(first, np.int32),
        np.ascontiguousarray(second, np.int32),
    )


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
    first, second = np.empty_like(c.first), np.empty_like(c.second)
    without = []
    for start in range(0, len(first), BLOCK):
        cells = slice(start, start + BLOCK)
        mass = c.win[cells] + c.loss[cells]
        if c.cells.tie is not None:
            mass += c.cells.tie[cells]
        without.append(start + np.flatnonzero(mass == 0.0))
        turned = c.order[cells] < 0
        first[cells] = np.where(turned, c.second[cells], c.first[cells])
        second[cells] = np.where(turned, c.first[cells], c.second[cells])
    dropped = np.concatenate([np.empty(0, np.int64), *without])
    offsets = c.cell_offsets - np.searchsorted(dropped, c.cell_offsets)
    if len(dropped):
        first, second = np.delete(first, dropped), np.delete(second, dropped)
    return Asks(offsets, first, second)


def _positions(x: Any, name: str) -> np.ndarray:
    array = checks.integers(x, name)
    if array.ndim != 1:
        checks.fail(name, f"must be one-dimensional, has {array.ndim} dimensions")
    return array


def _check_rows(
    group: np.ndarray, first: np.ndarray, second: np.ndarray, sizes: np.ndarray, name: str,
    start: int,
) -> None:  # fmt: skip
    """Refuse positions that are out of range, and an item beside itself."""

    def refuse(bad: np.ndarray, what: str, reason: str, value: np.ndarray) -> None:
        if bad.any():
            at = int(np.argmax(bad))
            size = len(sizes) if what == ": group" else int(sizes[group[at]])
            checks.fail(name + what, reason.format(size), start + at, int(value[at]))

    rule = "must be a position among {} groups"
    refuse((group < 0) | (group >= len(sizes)), ": group", rule, group)
    own = sizes[group]
    for part, what in ((first, ": first"), (second, ": second")):
        rule = "must be a position among {} items in the group"
        refuse((part < 0) | (part >= own), what, rule, part)
    refuse(first == second, "", "an item is compared with itself", first)
