"""The items of all groups: labels, positions, the order in which they came, and what is known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.arrays import first_seen
from venire.data.coding import encode_one
from venire.data.frames import collect
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.lookup import GroupLookup
from venire.data.series import plain

__all__ = ["Universe", "is_frame", "keyed"]


class Universe:
    """Groups and their items.

    Parameters
    ----------
    group, item : array_like of shape (n,)
        One row per item.
    gold : array_like of shape (n,), optional
        The truth, nan where it is not known.

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
    gold : ndarray of float64, shape (n_items,), or None
        In the flat order.
    empty : GroupedComparisons
        No comparison of any of the items.

    Raises
    ------
    ValueError
        If lengths differ, there is no row, an item occurs twice in a group, or gold is infinite.
    TypeError
        If labels are neither integers nor text, or gold is no numbers.
    """

    def __init__(self, group: Any, item: Any, gold: ArrayLike | None = None) -> None:
        n, group, item = checks.columns(group=group, item=item)
        empty = np.empty(0, np.int64)
        self.empty = GroupedComparisons(empty, empty, empty, empty, items=(group, item))
        self.groups, self.offsets = self.empty.groups, self.empty.offsets
        self.items = self.empty.items
        self._lookup = GroupLookup(self.groups, self.offsets, self.items)
        self.flat = self._lookup.item(self._lookup.group(group, "group"), item, "item")
        if len(self.items) != n:
            new = first_seen(self.flat)
            at = self.flat[np.argmin(new)]
            home = self.groups[self.group_of_item[at]]
            home = home.item() if isinstance(home, np.generic) else home
            checks.every(new, "item", f"is listed twice in group {home!r}", self.items[self.flat])
        self.gold = None if gold is None else self.to_flat(self._known(gold))

    @classmethod
    def read(cls, items: Any, gold: Any = None) -> Self:
        """From a pair of columns, or from a data frame, in which gold may be a column, too."""
        if is_frame(items):
            names = {"group": "group", "item": "item"}
            columns = keyed(items, names | ({"gold": gold} if isinstance(gold, str) else {}))
            return cls(columns["group"], columns["item"], columns.get("gold", gold))
        if not isinstance(items, (tuple, list)) or len(items) != 2:
            reason = "must be a pair (group, item) of arrays, or a data frame"
            checks.fail("items", reason, kind=TypeError)
        return cls(items[0], items[1], gold)

    def _known(self, gold: Any) -> NDArray[np.float64]:
        values = checks.numeric(gold, "gold").astype(np.float64)
        if values.shape != (self.n_items,):
            checks.fail("gold", f"has shape {values.shape}, but there are {self.n_items} items")
        rule = "must be finite, or nan where nothing is known"
        checks.every(~np.isinf(values), "gold", rule, values)
        return values

    def columns(self) -> dict[str, NDArray[Any]]:
        """What it was made of, row by row as given."""
        group, item = self.given()
        known = {} if self.gold is None else {"gold": self.gold[self.flat]}
        return {"group": group, "item": item} | known

    def rows(self, group: Any, item: Any, name: str) -> NDArray[np.int64]:
        """Flat positions of the rows of a table that must have each item once."""
        places = self._lookup.group(group, f"{name} group")
        at = self._lookup.item(places, item, f"{name} item")
        checks.every(first_seen(at), name, "has two rows of one item", self.items[at])
        if len(at) < self.n_items:
            lost = int(np.setdiff1d(np.arange(self.n_items), at)[0])
            home = self.groups[self.group_of_item[lost]]
            checks.fail(name, f"has no row of item {self.items[lost]!r} of group {home!r}")
        return at

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
    def order(self) -> NDArray[np.int64]:
        """Row of each flat item."""
        return np.argsort(self.flat)

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


def is_frame(x: Any) -> bool:
    """Whether x has columns with names."""
    return isinstance(x, Mapping) or hasattr(x, "columns") or hasattr(x, "column_names")


def keyed(frame: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """Columns of a data frame, or of a mapping of arrays, by argument."""
    return {name: plain(column) for name, column in collect(frame, names).items()}
