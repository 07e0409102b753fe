"""Tables of requests, as they are handed out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled, shown_of
from venire.data.asked import wanted
from venire.data.rankings import Rankings, majority
from venire.distillation._state import State

__all__ = ["Requests", "Told"]


class Told(NamedTuple):
    """What a call of `Distillation.tell` did.

    Attributes
    ----------
    new : int
        Requests that had no answer before.
    repeated : int
        Answers that were known already.
    replaced : int
        Answers that took the place of others.
    late : int
        Those of the new ones whose request had been withdrawn.
    """

    new: int
    repeated: int
    replaced: int
    late: int


@dataclass(frozen=True, eq=False, repr=False)
class Requests(Tabled):
    """Questions to teachers: which of two items, in the order shown, is the better one.

    Attributes
    ----------
    request : ndarray of int64, shape (n,)
        Running numbers, by which answers are told.
    round : ndarray of int32, shape (n,)
        From 1.
    group, first, second_group, second : ndarray of shape (n,)
        Labels, `first` to be shown first. `second_group` is `group`, except in a bridge, which
        joins two groups.
    bridge : ndarray of bool, shape (n,)
    teacher : ndarray of shape (n,)
        Label of who is asked.
    cost : ndarray of float64, shape (n,)

    Notes
    -----
    Columns of labels are made when they are first used: 8 bytes a row each.

    Examples
    --------
    >>> import venire as vn
    >>> loop = vn.distillation.Distillation((["q", "q", "q"], ["a", "b", "c"]), ["ann", "bea"])
    >>> requests = loop.ask()
    >>> requests.request.tolist(), sorted(set(requests.teacher.tolist()))
    ([0, 1, 2], ['ann', 'bea'])
    """

    request: NDArray[np.int64]
    _state: State

    def __len__(self) -> int:
        return len(self.request)

    def __repr__(self) -> str:
        return (
            f"<Requests: {len(self):,}, {int(np.count_nonzero(self.bridge)):,} of them bridges, "
            f"cost {self.cost.sum():g}>"
        )

    def _table(self, top: int | None) -> Table:
        few = self.select(slice(0, shown_of(len(self), top))).to_frame("dict")
        return Table.of(self._titled(), few, top=top, total=len(self), what="requests")

    @cached_property
    def _ask(self) -> NDArray[np.int64]:
        return self._state.ledger.ask[self.request]

    @property
    def _teacher(self) -> NDArray[np.int16]:
        return self._state.ledger.teacher[self.request]

    def _item(self, group: NDArray[np.int32], item: NDArray[np.int32]) -> NDArray[Any]:
        universe = self._state.universe
        return universe.items[universe.offsets[group[self._ask]] + item[self._ask]]

    @cached_property
    def round(self) -> NDArray[np.int32]:
        """From 1."""
        return self._state.ledger.round[self._ask]

    @cached_property
    def group(self) -> NDArray[Any]:
        """Label of the group of `first`."""
        return self._state.universe.groups[self._state.ledger.group[self._ask]]

    @cached_property
    def second_group(self) -> NDArray[Any]:
        """Label of the group of `second`."""
        return self._state.universe.groups[self._state.ledger.second_group[self._ask]]

    @cached_property
    def first(self) -> NDArray[Any]:
        """Label of the item shown first."""
        return self._item(self._state.ledger.group, self._state.ledger.first)

    @cached_property
    def second(self) -> NDArray[Any]:
        """Label of the item shown second."""
        return self._item(self._state.ledger.second_group, self._state.ledger.second)

    @cached_property
    def bridge(self) -> NDArray[np.bool_]:
        """Whether the two items are of two groups."""
        ledger, ask = self._state.ledger, self._ask
        return ledger.group[ask] != ledger.second_group[ask]

    @cached_property
    def teacher(self) -> NDArray[Any]:
        """Label of who is asked."""
        return self._state.settings.labels[self._teacher]

    @cached_property
    def cost(self) -> NDArray[np.float64]:
        """Cost of each vote."""
        return self._state.settings.prices[self._teacher]

    def select(self, rows: Any) -> Requests:
        """Some of the rows: a mask, positions, or a slice."""
        try:
            chosen = np.atleast_1d(self.request[rows])
        except (IndexError, TypeError, ValueError) as error:
            checks.fail("rows", f"must be a mask, positions or a slice ({error})")
        return Requests(chosen, self._state)

    def of(self, teacher: Any) -> Requests:
        """The requests to one teacher.

        Raises
        ------
        ValueError
            If there is no such teacher.
        """
        return self.select(self._teacher == self._state.settings.position(teacher))

    def ranked(self, rankings: Rankings) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """What rankings of the items say of these pairs: a judge who sorts them answers all.

        Parameters
        ----------
        rankings : Rankings
            Of the items, with their groups, unless there is one group. Of several that place both
            items of a pair the majority counts.

        Returns
        -------
        request : ndarray of int64
            Those about which the rankings say something: ``loop.tell(*mine.ranked(rankings))``.
        vote : ndarray of int8
            1 for `first`, -1 for `second`, 0 where they share a place.

        Raises
        ------
        TypeError
            If `rankings` is something else.
        ValueError
            If it has no groups, and there are several.

        Examples
        --------
        >>> import venire as vn
        >>> loop = vn.distillation.Distillation((["q", "q", "q"], ["a", "b", "c"]), ["ann"])
        >>> mine = loop.ask().of("ann")
        >>> loop.tell(*mine.ranked(vn.Rankings([["b", "a", "c"]]))).new
        3
        """
        wanted(rankings, "rankings", Rankings)
        universe = self._state.universe
        if rankings.groups is None and len(universe.groups) > 1:
            cure = "give the rankings their groups: Rankings(..., group=...)"
            checks.fail("rankings", f"have no groups, and there are {universe.n_groups}", cure=cure)
        labels = rankings.items.tolist()
        if rankings.groups is not None and rankings.item_offsets is not None:
            own = np.repeat(rankings.groups, np.diff(rankings.item_offsets)).tolist()
            labels = list(zip(own, labels, strict=True))
        place = {label: k for k, label in enumerate(labels)}
        group = self.group.tolist() if rankings.groups is not None else None

        def code(items: NDArray[Any]) -> NDArray[np.int64]:
            found = items.tolist() if group is None else zip(group, items.tolist(), strict=True)
            return np.array([place.get(label, -1) for label in found], np.int64)

        first, second = code(self.first), code(self.second)
        some = np.flatnonzero((first >= 0) & (second >= 0) & ~self.bridge)
        said = majority(rankings, first[some], second[some])
        known = ~np.isnan(said)
        return self.request[some[known]], said[known].astype(np.int8)

    def to_frame(self, backend: str | None = None) -> Any:
        """As a data frame.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.

        Returns
        -------
        data frame, or dict of ndarray
            Columns request, round, group, first, second_group, second, teacher, cost.
        """
        names = ("request", "round", "group", "first", "second_group", "second", "teacher", "cost")
        return as_frame({name: getattr(self, name) for name in names}, backend)
