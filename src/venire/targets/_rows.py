"""Votes on pairs in groups, laid out once for all fits: only their masses change between rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire.data.aggregation import aggregate
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.rows import Rows
from venire.data.votes import Votes
from venire.models import model_of
from venire.ratings.grouped import GroupedFit

if TYPE_CHECKING:
    from venire._native.judges import Looks

__all__ = ["LaidOutVotes"]

Floats = NDArray[np.float64]


class LaidOutVotes:
    """Groups, items and cells of votes; a cell is a pair with votes of some weight.

    Parameters
    ----------
    votes : Votes
        With items; without groups they are one, of label 0.
    groups, items
        As in `GroupedComparisons`.
    n_threads : int
    """

    def __init__(self, votes: Votes, groups: Any, items: Any, n_threads: int) -> None:
        from venire._native.teacher_weights import RowVotes

        names, table = votes.names, votes.table
        # Each pair has its own number as its mass, by which its cell is known afterwards.
        number = np.arange(1.0, len(names) + 1.0)
        number[np.diff(table.ptr) == 0] = 0.0
        group, first, second = names.labels()
        rows = Rows(len(names), first, second, group=group, win=number, loss=np.zeros(len(names)))
        cells = aggregate(rows, items=items, groups=groups, n_threads=n_threads)
        self.frame = GroupedComparisons.from_cells(cells)
        same = np.array_equal(self.frame.win, number)
        self.pair = None if same else self.frame.win.astype(np.int64) - 1
        self.n_threads = n_threads
        self._native = RowVotes(
            table.ptr, table.columns, votes.n_teachers, len(self.frame.win), self.pair, n_threads
        )

    def comparisons(self, weight: Floats | None = None) -> GroupedComparisons:
        """The votes, weighted by teacher: ties are half a win to each."""
        return self.frame.with_masses(*self._native.masses(weight))

    def agreement(self, fit: GroupedFit) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Each teacher's sums of |s| and of s (2p - 1), p the fit's; its number of judgments."""
        from venire._native.teacher_weights import expected_votes

        g = fit.comparisons
        expected = expected_votes(
            g.offsets, g.cell_offsets, g.first, g.second, fit.theta, fit.difference_variances(),
            fit.model, model_of(fit.model).variance_share, self.n_threads,
        )  # fmt: skip
        return self._native.agreement(expected)

    def looks(self) -> Looks:
        """What each judge says of each pair in each order."""
        from venire._native.judges import Looks

        return Looks(self._native, self.n_threads)
