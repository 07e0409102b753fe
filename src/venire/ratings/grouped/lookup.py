"""Labels of (group, item) to positions in the flat arrays of a grouped fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core import checks
from venire.data.coding import encode_one

__all__ = ["GroupLookup"]


class GroupLookup:
    """Positions of groups among `groups`, and of their items in the flat `items`.

    Parameters
    ----------
    groups : ndarray, shape (n_groups,)
        Distinct labels, in any order: integers or text.
    offsets : ndarray of int64, shape (n_groups + 1,)
        The items of group k are ``items[offsets[k]:offsets[k + 1]]``.
    items : ndarray, shape (n_items,)
        Labels, ascending within each group.

    Notes
    -----
    A column of n labels costs one pass of coding, a search for each distinct group, and for items
    a binary search within the group, all rows at once: O(n log(largest group)).
    """

    def __init__(self, groups: Any, offsets: Any, items: Any) -> None:
        self.groups, self.items = _plain(groups), _plain(items)
        self.offsets = np.asarray(offsets, np.int64)
        self._order: np.ndarray | None = None
        if len(self.groups) and bool((self.groups[1:] < self.groups[:-1]).any()):
            self._order = np.argsort(self.groups, kind="stable")
        self._sorted = self.groups if self._order is None else self.groups[self._order]

    def group(self, labels: Any, name: str, n: int | None = None) -> np.ndarray:
        """Positions of groups, (n,) int64.

        Parameters
        ----------
        labels : array_like of shape (n,)
            Integers or text, from whatever `Comparisons` takes.
        name : str
            The argument's name, for messages.
        n : int, optional
            How many there must be.

        Raises
        ------
        ValueError
            If a label is unknown; names the argument, the first such row and the label.
        TypeError
            If labels are neither integers nor text.
        """
        distinct, codes = _coded(labels, name, n)
        out = self._places(distinct)[codes]
        if (out < 0).any():
            bad = int(np.argmax(out < 0))
            checks.fail(name, "is not a group of the fit", bad, distinct[codes[bad]])
        return out

    def item(self, group: np.ndarray, labels: Any, name: str) -> np.ndarray:
        """Positions of items in the flat arrays, (n,) int64.

        Parameters
        ----------
        group : ndarray of int64, shape (n,)
            Position of each row's group.
        labels : array_like of shape (n,)
            Labels of items.
        name : str
            The argument's name, for messages.

        Raises
        ------
        ValueError
            If a group has no such item; names the argument, the first such row, the label and the
            group.
        TypeError
            If labels are neither integers nor text.
        """
        distinct, codes = _coded(labels, name, len(group))
        wanted, possible = _like(distinct, self.items)
        low, end = self.offsets[group], self.offsets[group + 1]
        if possible.all() and len(self.items):
            low, found = self._search(low, end, wanted[codes])
        else:
            # some label cannot be an item at all: the first row with one is what to tell, unless
            # an earlier row is wrong too, which is found without it
            first = int(np.argmin(possible[codes])) if len(self.items) else 0
            if first:
                self.item(group[:first], distinct[codes[:first]], name)
            found = np.arange(len(codes)) < first
        if not found.all():
            bad = int(np.argmin(found))
            home = self.groups[group[bad]]
            home = home.item() if isinstance(home, np.generic) else home
            checks.fail(name, f"is not an item of group {home!r}", bad, distinct[codes[bad]])
        return low

    def matching(self, groups: Any, offsets: np.ndarray, items: Any) -> np.ndarray:
        """Position of each item of other groups, laid out in the same way; -1 where unknown."""
        group = np.repeat(self._places(_plain(groups)), np.diff(offsets))
        labels, possible = _like(_plain(items), self.items)
        known = np.flatnonzero(possible & (group >= 0))
        out = np.full(len(labels), -1, np.int64)
        low, end = self.offsets[group[known]], self.offsets[group[known] + 1]
        at, found = self._search(low, end, labels[known])
        out[known[found]] = at[found]
        return out

    def _places(self, labels: np.ndarray) -> np.ndarray:
        """Position of each label among the groups; -1 where unknown."""
        wanted, possible = _like(labels, self.groups)
        place = np.full(len(labels), -1, np.int64)
        if len(self.groups):
            near = np.searchsorted(self._sorted, wanted[possible])
            near[near == len(self.groups)] = 0
            found = self._sorted[near] == wanted[possible]
            near = near if self._order is None else self._order[near]
            place[possible] = np.where(found, near, -1)
        return place

    def _search(
        self, low: np.ndarray, end: np.ndarray, label: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where each label stands, or would, from `low` to `end`; and whether it does."""
        if not len(self.items):
            return low, np.zeros(len(low), bool)
        high = end.copy()
        last = len(self.items) - 1
        longest = int((end - low).max(initial=0))
        for _ in range(longest.bit_length()):
            middle = (low + high) // 2
            open_ = low < high
            smaller = open_ & (self.items[np.minimum(middle, last)] < label)
            low = np.where(smaller, middle + 1, low)
            high = np.where(open_ & ~smaller, middle, high)
        return low, (low < end) & (self.items[np.minimum(low, last)] == label)


def _coded(labels: Any, name: str, n: int | None) -> tuple[np.ndarray, np.ndarray]:
    return encode_one(labels, name, n=n)


def _plain(labels: Any) -> np.ndarray:
    """Integers or an object array of text."""
    array = np.asarray(labels)
    return array if array.dtype.kind in "iuO" else array.astype(object)


def _like(labels: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`labels` in the type of `known`, and which of them that type can hold."""
    if labels.dtype.kind == known.dtype.kind:
        return labels, np.ones(len(labels), bool)
    if labels.dtype.kind == "O" or known.dtype.kind == "O":
        return labels, np.zeros(len(labels), bool)
    if known.dtype.kind == "u":
        possible = labels >= 0
    else:
        possible = labels <= np.uint64(np.iinfo(np.int64).max)
    return labels.astype(np.uint64 if known.dtype.kind == "u" else np.int64), possible
