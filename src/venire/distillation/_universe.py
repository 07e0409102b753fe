"""The items of all groups: labels, positions, and the order in which the caller gave them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.coding import encode_one
from venire.data.frames import collect
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.series import plain
from venire.ratings.grouped.lookup import GroupLookup

__all__ = ["Universe", "keyed"]


class Universe:
    """Groups and their items.

    Parameters
    ----------
    group, item : array_like of shape (n,)
        One row per item.

    Attributes
    ----------
    groups : ndarray of shape (n_groups,)
        Labels, sorted.
    offsets : ndarray of int64, shape (n_groups + 1,)
        Group k has the flat items ``offsets[k]`` to ``offsets[k + 1]``.
    items : ndarray of shape (n_items,)
        Labels, ascending within each group: the flat order.
    flat : ndarray of int64, shape (n_items,)
        Flat position of each row as it was given.

    Raises
    ------
    ValueError
        If lengths differ, there is no row, or an item occurs twice in a group.
    TypeError
        If labels are neither integers nor text.
    """

    def __init__(self, group: Any, item: Any) -> None:
        n, group, item = checks.columns(group=group, item=item)
        empty = np.empty(0, np.int64)
        self.empty = GroupedComparisons(empty, empty, empty, items=(group, item))
        self.groups, self.offsets = self.empty.groups, self.empty.offsets
        self.items = self.empty.items
        self.lookup = GroupLookup(self.groups, self.offsets, self.items)
        self.flat = self.lookup.item(self.lookup.group(group, "group"), item, "item")
        if len(self.items) != n:
            self._refuse_twice(item)

    def _refuse_twice(self, item: Any) -> None:
        order = np.argsort(self.flat, kind="stable")
        again = np.zeros(len(order), bool)
        again[order[1:]] = self.flat[order[1:]] == self.flat[order[:-1]]
        at = int(np.argmax(again))
        label = self.groups[self.group_of_item[self.flat[at]]]
        label = label.item() if isinstance(label, np.generic) else label
        checks.fail("item", f"is listed twice in group {label!r}", at, self.items[self.flat[at]])

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.groups)

    @property
    def n_items(self) -> int:
        """Number of items of all groups."""
        return len(self.items)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Items of each group."""
        return np.diff(self.offsets)

    @property
    def n_pairs(self) -> int:
        """Pairs of two items of one group."""
        return int((self.sizes * (self.sizes - 1) // 2).sum())

    @cached_property
    def group_of_item(self) -> NDArray[np.int64]:
        """Position of the group of each flat item."""
        return np.repeat(np.arange(self.n_groups), self.sizes)

    @cached_property
    def coded(self) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """Distinct labels of items, and the position among them of each flat item."""
        return encode_one(self.items, "item")

    def given(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Labels of groups and items, row by row as they were given."""
        return self.groups[self.group_of_item[self.flat]], self.items[self.flat]

    def to_flat(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Values of the rows as given, in flat order."""
        out = np.empty_like(rows)
        out[self.flat] = rows
        return out


def keyed(frame: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """Columns of a data frame, or of a mapping of arrays, by argument."""
    return {name: plain(column) for name, column in collect(frame, names).items()}
