"""Labels to positions among known labels, of one list or of the items of many groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core import checks
from venire.data.coding import encode_one

__all__ = ["GroupLookup", "Lookup", "typed"]


class Lookup:
    """Positions of labels among known ones.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        Distinct labels in any order: integers, or text.
    """

    def __init__(self, labels: Any) -> None:
        self.labels: np.ndarray = _plain(labels)
        self._table: dict[Any, int] | None = None
        self._order: np.ndarray | None = None
        if self.labels.dtype == object:
            self._table = {label: k for k, label in enumerate(self.labels.tolist())}
        elif bool((self.labels[1:] < self.labels[:-1]).any()):
            self._order = np.argsort(self.labels, kind="stable")

    def places(self, labels: np.ndarray) -> np.ndarray:
        """Position of each label, as int64; -1 where it is unknown."""
        if self._table is not None:
            found = (_get(self._table, label) for label in labels.tolist())
            return np.fromiter(found, np.int64, len(labels))
        if labels.dtype.kind not in "iu":  # objects, or whole floats
            whole = np.array([_is_whole(label) for label in labels.tolist()], bool)
            place = np.full(len(labels), -1, np.int64)
            if whole.any():
                place[whole] = self.places(labels[whole].astype(np.int64))
            return place
        if not len(self.labels):
            return np.full(len(labels), -1, np.int64)
        wanted, possible = _like(labels, self.labels)
        near = np.searchsorted(self.labels, wanted, sorter=self._order)
        near[near == len(self.labels)] = 0
        near = near if self._order is None else self._order[near]
        return np.where(possible & (self.labels[near] == wanted), near, -1)

    def __call__(self, labels: Any, name: str) -> np.ndarray:
        """Positions of `labels`, an array of any shape or one label, as int64.

        Raises
        ------
        ValueError
            If a label is unknown; names the argument, the first such position and the label.
        """
        array = checks.array(labels, name, object)  # 7 is not the label "7"
        flat = array.ravel()
        place = self.places(flat)
        if (place < 0).any():
            bad = int(np.argmax(place < 0))
            rule = "must be the label of an item of this fit"
            checks.fail(name, rule, bad if array.ndim else None, flat[bad])
        return place.reshape(array.shape)

    def some(self, labels: Any, name: str) -> np.ndarray:
        """Positions of one label, or of some in a row, (n,)."""
        chosen = self(labels, name)
        if chosen.ndim > 1:
            checks.fail(name, f"must be one-dimensional, has {chosen.ndim} dimensions")
        return np.atleast_1d(chosen)

    def pairs(
        self, first: Any, second: Any, names: tuple[str, str], apart: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Positions of two lots of labels, broadcast against each other; `apart` says which items
        compare: those of one number. None: all."""
        i, j = self(first, names[0]), self(second, names[1])
        try:
            i, j = np.broadcast_arrays(i, j)
        except ValueError:
            reason = f"has shape {j.shape}, which does not go with {i.shape} of {names[0]}"
            checks.fail(names[1], reason)
        if apart is not None and (apart[i] != apart[j]).any():
            k = int(np.argmax(np.ravel(apart[i] != apart[j])))
            a, b = (self.labels[[np.ravel(x)[k]]].tolist()[0] for x in (i, j))
            raise ValueError(
                f"{a!r} and {b!r} cannot be compared: they are in different components, each "
                "fitted by itself; a prior would put all items on one scale"
            )
        return i, j


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
        self.groups: Lookup = Lookup(groups)
        self.items: np.ndarray = _plain(items)
        self.offsets: np.ndarray = np.asarray(offsets, np.int64)

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
        distinct, codes = encode_one(labels, name, n=n)
        out = self.groups.places(distinct)[codes]
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
        distinct, codes = encode_one(labels, name, n=len(group))
        wanted, possible = _like(distinct, self.items)
        rows = np.flatnonzero(possible[codes])  # of labels that can be items at all
        out, found = np.zeros(len(codes), np.int64), np.zeros(len(codes), bool)
        low, end = self.offsets[group[rows]], self.offsets[group[rows] + 1]
        out[rows], found[rows] = self._search(low, end, wanted[codes[rows]])
        if not found.all():
            bad = int(np.argmin(found))
            home = self.groups.labels[group[bad]]
            home = home.item() if isinstance(home, np.generic) else home
            checks.fail(name, f"is not an item of group {home!r}", bad, distinct[codes[bad]])
        return out

    def matching(self, groups: Any, offsets: np.ndarray, items: Any) -> np.ndarray:
        """Position of each item of other groups, laid out in the same way; -1 where unknown."""
        group = np.repeat(self.groups.places(_plain(groups)), np.diff(offsets))
        labels, possible = _like(_plain(items), self.items)
        known = np.flatnonzero(possible & (group >= 0))
        out = np.full(len(labels), -1, np.int64)
        low, end = self.offsets[group[known]], self.offsets[group[known] + 1]
        at, found = self._search(low, end, labels[known])
        out[known[found]] = at[found]
        return out

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


def typed(text: str, labels: np.ndarray) -> str | int | None:
    """The label among `labels` that is written so, of whatever type they are; None: there is none.

    Examples
    --------
    >>> typed("7", np.array([5, 7])), typed("7", np.array(["7"], object)), typed("x", np.array([5]))
    (7, '7', None)
    """
    label: str | int = text
    if labels.dtype.kind in "iu":
        try:
            label = int(text)
        except ValueError:
            return None
    return label if bool((labels == label).any()) else None


def _get(table: dict[Any, int], label: Any) -> int:
    try:
        return table.get(label, -1)
    except TypeError:  # not hashable
        return -1


def _is_whole(label: Any) -> bool:
    """Whether a label is a whole number that an int64 holds."""
    if isinstance(label, bool) or not isinstance(label, (int, float, np.integer, np.floating)):
        return False
    label = label.item() if isinstance(label, np.generic) else label  # an int8 has no +128
    return -(2**63) <= label < 2**63 and label % 1 == 0


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
