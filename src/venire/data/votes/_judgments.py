"""What a table of votes holds, to read."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.tables import Table as Shown
from venire._core.tables import Tabled
from venire.data.columns import Columns, VoteColumns
from venire.data.taken import Taken
from venire.data.votes.strata import Strata
from venire.data.votes.table import PairNames, Table, joined

if TYPE_CHECKING:
    from venire.data.rankings.columns import RankingColumns

__all__ = ["Judgments"]


_SIDES = {"for first": "win", "ties": "tie", "for second": "loss"}


class Judgments(Tabled):
    """Cells, pairs and teachers of one or several tables, put together when first needed."""

    _parts: tuple[Table, ...]
    taken: Taken | None = None  # how a file or a frame was read; None of arrays
    strata: Strata | None = None  # prompt and category of each group, where `by` was read

    @property
    def columns(self) -> Columns | VoteColumns | RankingColumns | None:
        """What the columns of the file or the frame were taken to say; None of arrays."""
        return None if self.taken is None else self.taken.columns

    @cached_property
    def table(self) -> Table:
        """All parts as one table; put together when it is first needed."""
        parts = list(self._parts)
        while len(parts) > 1:
            last = parts.pop()
            parts[-1] = joined(parts[-1], last, checks.n_threads(None))
        for column in (parts[0].ptr, *parts[0].columns.values()):
            column.flags.writeable = False
        self._parts = (parts[0],)
        return parts[0]

    @property
    def names(self) -> PairNames:
        """What the pairs are called."""
        return self.table.names

    @property
    def teachers(self) -> NDArray[Any]:
        """Labels of the teachers."""
        return self.table.teachers

    @property
    def pairs(self) -> NDArray[Any] | None:
        """Labels of the pairs, where they have their own."""
        return self.names.pairs

    @property
    def items(self) -> NDArray[Any] | None:
        """Labels of the items."""
        return self.names.items

    @property
    def groups(self) -> NDArray[Any] | None:
        """Labels of the groups."""
        return self.names.groups

    @cached_property
    def first(self) -> NDArray[Any] | None:
        """Label of each pair's first item."""
        names = self.names
        return None if names.items is None else names.items[names.first]

    @cached_property
    def second(self) -> NDArray[Any] | None:
        """Label of each pair's second item."""
        names = self.names
        return None if names.items is None else names.items[names.second]

    @cached_property
    def group(self) -> NDArray[Any] | None:
        """Label of each pair's group."""
        names = self.names
        return None if names.groups is None else names.groups[names.group]

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return len(self.names)

    @property
    def n_teachers(self) -> int:
        """Number of teachers."""
        return len(self.teachers)

    @property
    def n_votes(self) -> int:
        """Number of rows."""
        return sum(part.n_votes for part in self._parts)

    @property
    def n_cells(self) -> int:
        """Number of judgments."""
        return self.table.n_cells

    @property
    def pair_ptr(self) -> NDArray[np.int64]:
        """Cells of each pair: pair_ptr[k] to pair_ptr[k + 1]."""
        return self.table.ptr

    @cached_property
    def pair(self) -> NDArray[np.int32]:
        """Pair of each cell."""
        return np.repeat(np.arange(self.n_pairs, dtype=np.int32), np.diff(self.pair_ptr))

    @property
    def teacher(self) -> NDArray[np.int32]:
        """Teacher of each cell."""
        return self.table.columns["teacher"]

    def _floats(self, name: str) -> NDArray[np.float64]:
        return self.table.columns[name].astype(np.float64, copy=False)

    @cached_property
    def win(self) -> NDArray[np.float64]:
        """Mass of wins of each cell."""
        return self._floats("win")

    @cached_property
    def tie(self) -> NDArray[np.float64]:
        """Mass of ties of each cell."""
        return self._floats("tie")

    @cached_property
    def loss(self) -> NDArray[np.float64]:
        """Mass of losses of each cell."""
        return self._floats("loss")

    @cached_property
    def runs(self) -> NDArray[np.int32]:
        """Runs of each cell."""
        c = self.table.columns
        return c["runs"] if "runs" in c else c["win"] + c["tie"] + c["loss"]

    @cached_property
    def total(self) -> NDArray[np.float64]:
        """Sum over the runs of P(win) - P(loss)."""
        c = self.table.columns
        return c["total"] if "total" in c else self.win - self.loss

    @cached_property
    def square(self) -> NDArray[np.float64]:
        """Sum over the runs of (P(win) - P(loss))**2."""
        c = self.table.columns
        return c["square"] if "square" in c else self.win + self.loss

    @property
    def swapped_runs(self) -> NDArray[np.int32] | None:
        """`runs` of the rows that were shown in the other order."""
        return self.table.columns.get("swapped_runs")

    @property
    def swapped_total(self) -> NDArray[np.float64] | None:
        """`total` of the rows that were shown in the other order."""
        return self.table.columns.get("swapped_total")

    def _table(self, top: int | None) -> Shown:
        n = self.n_teachers
        votes = {
            name: np.bincount(self.teacher, getattr(self, of), n) for name, of in _SIDES.items()
        }
        columns = {"teacher": self.teachers, "judged": np.bincount(self.teacher, minlength=n)}
        notes = [] if self.taken is None else [str(self.taken)]
        return Shown.of(self._titled(), columns | votes, notes, top=top, what="teachers")

    def __repr__(self) -> str:
        return (
            f"Votes(n_pairs={self.n_pairs}, n_teachers={self.n_teachers}, n_votes={self.n_votes})"
        )
