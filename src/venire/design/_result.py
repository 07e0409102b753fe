"""What `allocate` returns: the picks, and what they are expected to bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled
from venire.data.grouped_comparisons import GroupedComparisons
from venire.design._prior import AllocationPrior, PriorCandidate

__all__ = ["Allocation"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Allocation(Tabled):
    """Pairs to ask next.

    Attributes
    ----------
    comparisons : GroupedComparisons
        The universe: groups and items that the positions are about.
    group, first, second : ndarray of int32, shape (n,)
        Positions of the group, and of the items within it in the order to be shown. Sorted by
        group; within a group in the order of picking.
    gain : ndarray of float64, shape (n,)
        What the ask is expected to add to the criterion, given those before it: for "A" and "top"
        the fall of the summed (weighted) variances; else, in nats, half of which is the fall of
        the entropy of the group's theta: log(1 + x R).
    rank : ndarray of int32, shape (n,)
        Order of picking within the group, from 0.
    n_asks : ndarray of int64, shape (n_groups,)
    prior : AllocationPrior
    criterion : str

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.GroupedComparisons([1, 1], ["a", "b"], ["b", "c"], [1.0, 0.5])
    >>> vn.design.allocate(c, 2, rng=0)
    <Allocation: 2 asks in 1 groups, criterion D, prior 'fixed'>
    """

    comparisons: GroupedComparisons
    group: np.ndarray
    first: np.ndarray
    second: np.ndarray
    gain: np.ndarray
    rank: np.ndarray
    n_asks: np.ndarray
    prior: AllocationPrior
    criterion: str

    def __post_init__(self) -> None:
        for name in ("group", "first", "second", "gain", "rank", "n_asks"):
            array = getattr(self, name).view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        """Number of asks."""
        return len(self.first)

    def __repr__(self) -> str:
        used = int(np.count_nonzero(self.n_asks))
        return (
            f"<Allocation: {len(self):,} asks in {used:,} groups, criterion {self.criterion}, "
            f"prior {self.prior.name!r}>"
        )

    def _table(self, top: int | None) -> Table:
        return Table.of(self._titled(), self.to_frame("dict"), top=top, what="asks")

    @property
    def scores(self) -> tuple[PriorCandidate, ...]:
        """The priors that were tried, with their losses on held-out pairs."""
        return self.prior.candidates

    @property
    def expected_gain(self) -> float:
        """Sum of the gains."""
        return float(self.gain.sum())

    @property
    def group_gain(self) -> np.ndarray:
        """Sum of the gains in each group, (n_groups,)."""
        return np.bincount(self.group, self.gain, len(self.n_asks))

    @property
    def marginal_gain(self) -> float:
        """Mean gain of the last ask of each group that has any: what the next ask may bring.

        To stop once it falls below the price of an ask spends votes better than to stop item by
        item at a standard deviation.
        """
        last = np.cumsum(self.n_asks)[self.n_asks > 0] - 1
        return float(self.gain[last].mean())

    def to_frame(self, backend: str | None = None) -> Any:
        """The asks as a dataframe with labels, one row per ask.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns group, first, second, gain, rank.
        """
        c = self.comparisons
        start = c.offsets[self.group]
        columns = {
            "group": c.groups[self.group],
            "first": c.items[start + self.first],
            "second": c.items[start + self.second],
            "gain": self.gain,
            "rank": self.rank,
        }
        return as_frame(columns, backend)
