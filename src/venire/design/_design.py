"""The result of `design_pairs`: which pairs of each group to ask, in the order shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled

__all__ = ["PairDesign", "check_labels"]


@dataclass(frozen=True, eq=False)
class PairDesign(Tabled):
    """Asks of many groups: an ask is one pair of a group's items, in the order shown.

    Attributes
    ----------
    n_items : ndarray of int64, shape (n_groups,)
        Items of each group.
    offsets : ndarray of int64, shape (n_groups + 1,)
        The asks of group k are those from ``offsets[k]`` to ``offsets[k + 1]``.
    first, second : ndarray of int32, shape (n_asks,)
        Positions of the two items within their group; `first` is shown first.
    repeats : ndarray of int64, shape (n_groups,)
        Asks of each group whose pair was asked before, in either order.

    Raises
    ------
    ValueError
        If `first` or `second` has another length than `offsets` says, or `offsets` do not ascend.

    Examples
    --------
    >>> import venire as vn
    >>> d = vn.design.design_pairs([4, 3], 2, rng=0)
    >>> len(d), d.offsets.tolist(), d.group.tolist()
    (7, [0, 4, 7], [0, 0, 0, 0, 1, 1, 1])
    """

    n_items: NDArray[np.int64]
    offsets: NDArray[np.int64]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    repeats: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name in ("n_items", "offsets", "repeats"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), np.int64))
        for name in ("first", "second"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), np.int32))
            if len(getattr(self, name)) != self.offsets[-1]:
                checks.fail(name, f"must have {self.offsets[-1]} rows, as offsets say",
                             value=len(getattr(self, name)))  # fmt: skip
        ends = self.offsets
        if len(ends) != len(self.n_items) + 1 or ends[0] != 0 or (np.diff(ends) < 0).any():
            checks.fail("offsets", "must ascend from 0, with one more entry than n_items")

    def __len__(self) -> int:
        return len(self.first)

    def __repr__(self) -> str:
        return (
            f"<PairDesign: {len(self)} asks in {self.n_groups} groups, "
            f"{int(self.repeats.sum())} repeats>"
        )

    def _table(self, top: int | None) -> Table:
        note = ["positions, not labels: to_frame(labels=...) writes those"]
        return Table.of(self._titled(), self.to_frame("dict"), note, top=top, what="asks")

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.n_items)

    @cached_property
    def group(self) -> NDArray[np.int32]:
        """Position of each ask's group, (n_asks,)."""
        return np.repeat(np.arange(self.n_groups, dtype=np.int32), np.diff(self.offsets))

    @cached_property
    def position(self) -> NDArray[np.int64]:
        """Position of each ask among those of its group, (n_asks,)."""
        return np.arange(len(self)) - np.repeat(self.offsets[:-1], np.diff(self.offsets))

    def __add__(self, other: PairDesign) -> PairDesign:
        """The asks of both, those of `self` first in each group: what two rounds asked.

        Repeats are added up: what `other` repeats of `self` is counted only where it was designed
        with ``used=self``.

        Raises
        ------
        ValueError
            If the two are not of the same groups.

        Examples
        --------
        >>> import venire as vn
        >>> first = vn.design.design_pairs([50, 60], 4, rng=0)
        >>> both = first + vn.design.design_pairs([50, 60], 2, first, rng=1)
        >>> len(both), both.repeats.tolist()
        (330, [0, 0])
        """
        if not isinstance(other, PairDesign):
            return NotImplemented
        other.require_groups(self.n_items, "other")
        order = np.argsort(np.concatenate([self.group, other.group]), kind="stable")
        return PairDesign(
            self.n_items,
            self.offsets + other.offsets,
            np.concatenate([self.first, other.first])[order],
            np.concatenate([self.second, other.second])[order],
            self.repeats + other.repeats,
        )

    def require_groups(self, n_items: NDArray[np.int64], name: str) -> None:
        """Raise ValueError, about the argument `name`, unless the groups have so many items."""
        if len(self.n_items) != len(n_items):
            reason = f"is a design of {len(self.n_items)} groups, but there are {len(n_items)}"
            checks.fail(name, reason)
        differs = np.flatnonzero(self.n_items != n_items)
        if len(differs):
            at = int(differs[0])
            reason = f"is a design of other groups: here the group has {n_items[at]} items"
            checks.fail(name, reason, at, self.n_items[at])

    def to_frame(self, backend: str | None = None, *, labels: Any = None) -> Any:
        """The asks as a dataframe.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        labels : GroupedComparisons, GroupedFit, or any object with groups, offsets and items
            Whose labels to write. Default: positions.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns group, first, second; one row per ask.

        Raises
        ------
        ValueError
            If `backend` is none of its choices, or `labels` has other groups.

        Examples
        --------
        >>> import venire as vn
        >>> g = vn.GroupedComparisons(["q"], ["a"], ["b"], [1])
        >>> table = vn.design.design_pairs([2], 1, rng=0).to_frame("dict", labels=g)
        >>> table["group"].tolist(), sorted([*table["first"], *table["second"]])
        (['q'], ['a', 'b'])
        """
        columns = {"group": self.group, "first": self.first, "second": self.second}
        if labels is not None:
            check_labels(labels, self.n_items)
            base = labels.offsets[self.group]
            columns = {
                "group": labels.groups[self.group],
                "first": labels.items[base + self.first],
                "second": labels.items[base + self.second],
            }
        return as_frame(columns, backend)


def check_labels(labels: Any, n_items: NDArray[np.int64]) -> None:
    """`labels` must have as many groups, and groups of as many items, as the design."""
    if not all(hasattr(labels, name) for name in ("groups", "offsets", "items")):
        checks.fail("labels", "must have groups, offsets and items", value=labels, kind=TypeError)
    found = np.diff(labels.offsets)
    if len(found) != len(n_items):
        checks.fail("labels", f"has {len(found)} groups, but the design has {len(n_items)}")
    differs = found != n_items
    if differs.any():
        at = int(np.argmax(differs))
        checks.fail("labels", f"its group must have {n_items[at]} items", at, found[at])
