"""Pairs between groups, by which `calibrate` puts them on one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.arrays import keys
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled
from venire._native.resample import words
from venire.design import _asks
from venire.design._design import check_labels
from venire.design._pairs import made

__all__ = ["BridgeDesign", "design_bridges"]

ITEMS, LEFT_OVER = 0, 1  # what a counter's second word says

MOST_BRIDGES = 1_000_000  # of one group


@dataclass(frozen=True, eq=False)
class BridgeDesign(Tabled):
    """Bridges: pairs of items of two different groups, in the order shown.

    Attributes
    ----------
    n_items : ndarray of int64, shape (n_groups,)
    first_group, second_group : ndarray of int32, shape (n_bridges,)
        Positions of the groups.
    first, second : ndarray of int32, shape (n_bridges,)
        Positions of the items within their groups.
    """

    n_items: NDArray[np.int64]
    first_group: NDArray[np.int32]
    first: NDArray[np.int32]
    second_group: NDArray[np.int32]
    second: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.first)

    def __repr__(self) -> str:
        return f"<BridgeDesign: {len(self)} bridges between {len(self.n_items)} groups>"

    def _table(self, top: int | None) -> Table:
        note = ["positions, not labels: to_frame(labels=...) writes those"]
        return Table.of(self._titled(), self.to_frame("dict"), note, top=top, what="bridges")

    def to_frame(self, backend: str | None = None, *, labels: Any = None) -> Any:
        """The bridges as a dataframe, with the columns that `calibrate` takes.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        labels : GroupedComparisons, GroupedFit, or any object with groups, offsets and items
            Whose labels to write. Default: positions.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns first_group, first, second_group, second; one row per bridge.

        Raises
        ------
        ValueError
            If `backend` is none of its choices, or `labels` has other groups.
        """
        columns: dict[str, np.ndarray] = {}
        for side in ("first", "second"):
            group, item = getattr(self, f"{side}_group"), getattr(self, side)
            if labels is not None:
                check_labels(labels, self.n_items)
                item = labels.items[labels.offsets[group] + item]
                group = labels.groups[group]
            columns |= {f"{side}_group": group, side: item}
        return as_frame(columns, backend)


def design_bridges(n_items: ArrayLike, per_group: int = 4, *, rng: Any = None) -> BridgeDesign:
    """Choose pairs of items of different groups, to put the groups on one scale.

    Parameters
    ----------
    n_items : array_like of int, shape (n_groups,)
        Items of each group; groups without items have no bridges.
    per_group : int, default 4
        Bridges that each group takes part in: per_group / 2 cycles through all groups, and a
        matching where it is odd. A group that a matching leaves over, of an odd number of groups,
        has one bridge to a group that then has one more.
    rng : int, SeedSequence or Generator, optional
        From a Generator one key is drawn.

    Returns
    -------
    BridgeDesign
        No bridges where fewer than two groups have items.

    Raises
    ------
    ValueError
        If a number of items is negative, or `per_group` < 1.
    TypeError
        If numbers are not integers.

    Notes
    -----
    The groups are joined as `design_pairs` joins items: two groups are joined at most once while
    per_group < n_groups, all are connected from 2 bridges on, and a group is first as often as
    second where per_group is even. Items are drawn at random, with replacement. One bridge a group
    leaves the groups in unconnected pairs. O(n_groups * per_group) time and memory.

    Examples
    --------
    >>> import numpy as np, venire as vn
    >>> b = vn.design.design_bridges([5, 3, 0, 8, 6, 1], 4, rng=0)
    >>> len(b), np.bincount(b.first_group).tolist(), np.bincount(b.second_group).tolist()
    (10, [2, 2, 0, 2, 2, 2], [2, 2, 0, 2, 2, 2])
    """
    n = _asks.positions(np.atleast_1d(checks.column(n_items, "n_items")), "n_items")
    per_group = checks.whole(per_group, "per_group", 1, MOST_BRIDGES)
    groups = np.flatnonzero(n).astype(np.int32)
    key = keys(rng)
    first, second = _joined(len(groups), per_group, key)
    first, second = groups[first], groups[second]
    drawn = words(key, np.arange(len(first)), ITEMS)
    items = [_below(w, n[g]) for w, g in zip(drawn, (first, second), strict=True)]
    return BridgeDesign(n, first, items[0], second, items[1])


def _below(word: np.ndarray, bound: np.ndarray | int) -> NDArray[np.int32]:
    """Whole numbers below `bound`, of the words' upper halves."""
    high = word >> np.uint64(32)
    return (high * np.asarray(bound).astype(np.uint64) >> np.uint64(32)).astype(np.int32)


def _joined(n: int, per_group: int, key: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Which groups are joined; again from the start where each has met all others."""
    first, second = np.empty(0, np.int32), np.empty(0, np.int32)
    left, turn = per_group if n > 1 else 0, 0
    while left > 0:
        degree = min(left, n - 1)
        of_one = np.array([n], np.int64)
        pairs = made(of_one, degree, _asks.asks_of(None, of_one, "used"), "cycles", key, 1, turn)
        first, second = np.append(first, pairs.first), np.append(second, pairs.second)
        left, turn = left - degree, turn + 1
        if n % 2 and degree % 2:
            met = np.bincount(np.append(pairs.first, pairs.second), minlength=n)
            alone = int(np.argmin(met))
            first = np.append(first, np.int32(alone))
            second = np.append(second, _partner(alone, pairs.first, pairs.second, n, key))
    return first, second


def _partner(
    alone: int, first: np.ndarray, second: np.ndarray, n: int, key: tuple[int, int]
) -> np.int32:
    """A group that `alone` has not met."""
    free = np.ones(n, bool)
    free[[alone, *second[first == alone], *first[second == alone]]] = False
    candidates = np.flatnonzero(free)
    word, _ = words(key, [0], LEFT_OVER)
    return candidates[_below(word, len(candidates))].astype(np.int32)[0]
