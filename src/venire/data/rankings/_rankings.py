"""The data class `Rankings`."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.checks import fail
from venire._core.tables import Table, Tabled
from venire.data import frames
from venire.data.comparisons import Comparisons, Components
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.rankings._building import Arrays, arrays_of_lists, taken_out
from venire.data.rankings._pairs import chain_of, comparisons_of, met_of, shares_of, votes_of
from venire.data.rankings._rows import arrays_of_rows
from venire.data.rankings.columns import RankingColumnNames, RankingColumns
from venire.data.rankings.finding import chosen_columns
from venire.data.rankings.reading import RankingTable
from venire.data.recognition import frame_sample
from venire.data.rows import frozen, naming
from venire.data.taken import Taken
from venire.data.votes import Votes

__all__ = ["Rankings"]


class Rankings(Tabled):
    """Rankings of two or more items each: races, preference lists, judges who sort answers.

    Objects are immutable.

    Parameters
    ----------
    rankings : array_like of shape (n_rankings, m), or list of lists
        Labels (integers or text) of each ranking, best first. A place that several items share is
        a list of them: ``[["a", ["b", "c"], "d"]]``.
    weight : float or array_like of shape (n_rankings,), optional
        How many rankings each stands for, finite and >= 0; default 1. Rankings of weight 0 name
        their items and are left out.
    among : "all" or list of lists, optional
        What each ranking was made of, where it places the best few only (top k): the labels of each
        set, those that are placed among them; or "all" items (of its group). The rest of the set
        is below all that are placed, in no order. Default: nothing but what is placed.
    items : array_like of shape (n_items,), optional
        The items, distinct, in the order they shall have. Default: the sorted distinct labels.
        Not for rankings in groups.
    group : array_like of shape (n_rankings,), optional
        Label of the group (query, topic) of each ranking: the same label in two groups is two
        items.
    cluster : array_like of shape (n_rankings,), optional
        Label of what belongs together (user, judge): errors are clustered by it and resampling
        draws whole clusters. Default: each ranking is one.
    n_threads : int, optional
        Default: all usable CPUs. The result does not depend on it.

    Attributes
    ----------
    items : ndarray of shape (n_items,)
        Labels; with groups those of one group after the other's.
    offsets : ndarray of int64, shape (n_rankings + 1,)
        The set of ranking i is ``item[offsets[i]:offsets[i + 1]]``.
    item : ndarray of int32, shape (n_listed,)
        Positions in `items`, best first.
    ranked : ndarray of int32, shape (n_rankings,)
        How many at the front are in order; the others of the set are below them, in no order.
    tied : ndarray of bool, shape (n_listed,), or None
        Shares its place with the one before it. None: there are no ties.
    weight : ndarray of float64, shape (n_rankings,), or None
        None: each counts once.
    group, cluster : ndarray of int32, shape (n_rankings,), or None
        Positions in `groups` and `clusters`, which are labels.
    item_offsets : ndarray of int64, shape (n_groups + 1,), or None
        The items of group k are ``items[item_offsets[k]:item_offsets[k + 1]]``.
    labels : ndarray of shape (n_rankings,)
        Labels of the rankings.
    taken : Taken or None
        How a file or a frame was read.

    Raises
    ------
    ValueError
        If there is no ranking, or one of them is empty, holds an item twice or one item alone, or
        places what is not in its set; if a label is missing, a weight is negative or not finite,
        lengths differ. The message names the ranking, the position in it and the value.
    TypeError
        If a ranking is no list, or labels are neither integers nor text.

    Notes
    -----
    O(n_listed log m) time for rankings of m items. 4 bytes for each item of each set (5 with ties)
    and 12 for each ranking (20 with weights): with ``among="all"`` 4 * n_rankings * n_items bytes.

    Examples
    --------
    >>> import venire as vn
    >>> r = vn.Rankings([["a", "b", "c"], ["b", "c"], ["c", ["a", "b"]]])
    >>> r
    Rankings(n_items=3, n_rankings=3)
    >>> r.items[r.item].tolist(), r.offsets.tolist()
    (['a', 'b', 'c', 'b', 'c', 'c', 'a', 'b'], [0, 3, 5, 8])
    >>> r.tied.tolist()
    [False, False, False, False, False, False, False, True]
    >>> top = vn.Rankings([["a"], ["c"]], among=[["a", "b"], ["a", "b", "c"]])
    >>> top.items[top.item].tolist(), top.ranked.tolist()
    (['a', 'b', 'c', 'a', 'b'], [1, 1])
    """

    taken: Taken | None = None
    tied: Any
    weight: Any
    group: Any
    groups: Any
    item_offsets: Any
    cluster: Any
    clusters: Any

    def __init__(
        self,
        rankings: Any,
        weight: ArrayLike | None = None,
        *,
        among: Literal["all"] | Any = None,
        items: ArrayLike | None = None,
        group: ArrayLike | None = None,
        cluster: ArrayLike | None = None,
        n_threads: int | None = None,
    ) -> None:
        own = {"weight": weight, "group": group, "cluster": cluster}
        threads = checks.n_threads(n_threads)
        self._adopt(arrays_of_lists(rankings, among, items, own, threads))

    @classmethod
    def from_long(
        cls,
        ranking: ArrayLike,
        item: ArrayLike,
        rank: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        among: Literal["rows", "all"] | None = None,
        items: ArrayLike | None = None,
        group: ArrayLike | None = None,
        cluster: ArrayLike | None = None,
        n_threads: int | None = None,
    ) -> Rankings:
        """Rankings from columns: one row for each item of each ranking, in any order.

        Parameters
        ----------
        ranking : array_like of shape (n,)
            Label of each row's ranking: integers or text.
        item : array_like of shape (n,)
            Label of the item.
        rank : array_like of shape (n,)
            Its rank, any finite numbers: the smallest is the best, equal ones share a place, and
            only their order counts. Ranks 1, 2, 5 are read as 1, 2, 3: that nobody has the places
            3 and 4 does not say who might have had them.
        weight, group, cluster : array_like of shape (n,), optional
            As in `Rankings`, the same in all rows of a ranking.
        among : {"rows", "all"}, optional
            "rows": items without a rank (NaN) are of the set, below all that have one, in no order.
            "all": all items (of the group) are. Default: a missing rank is an error.
        items, n_threads
            As in `Rankings`.

        Returns
        -------
        Rankings
            In the order of the sorted labels of `ranking`.

        Raises
        ------
        ValueError, TypeError
            As `Rankings`; if a rank is missing or no finite number; the message names the column,
            the row and the value.

        Examples
        --------
        >>> import venire as vn
        >>> race = [1, 1, 1, 2, 2]
        >>> driver, place = ["x", "y", "z", "x", "z"], [2, 1, 3, 1, 1]
        >>> r = vn.Rankings.from_long(race, driver, place)
        >>> r.items[r.item].tolist(), r.tied.tolist()
        (['y', 'x', 'z', 'x', 'z'], [False, False, False, False, True])
        """
        own = {"weight": weight, "group": group, "cluster": cluster}
        return cls.from_arrays(
            arrays_of_rows(ranking, item, rank, among, items, own, checks.n_threads(n_threads))
        )

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        columns: RankingColumns | None = None,
        *,
        items: ArrayLike | None = None,
        n_threads: int | None = None,
        **named: Unpack[RankingColumnNames],
    ) -> Rankings:
        """Rankings from columns of a data frame (pandas, Polars, PyArrow, ...).

        Parameters
        ----------
        frame : data frame, or mapping of str to array
            Anything that narwhals knows.
        columns : RankingColumns, optional
            What its columns say.
        items, n_threads
            As in `Rankings`.
        **named
            The arguments of `RankingColumns` one by one, instead of `columns`. What is missing is
            found by the names of the columns; `taken` says what was.

        Returns
        -------
        Rankings
            Errors are as of `Rankings` and `RankingColumns`; they name the column and the row.

        Examples
        --------
        >>> import venire as vn
        >>> ballots = {"1st": ["x", "z"], "2nd": ["y", "x"], "3rd": ["z", None]}
        >>> r = vn.Rankings.from_frame(ballots, place=["1st", "2nd", "3rd"], among="all")
        >>> r.items[r.item].tolist(), r.ranked.tolist()
        (['x', 'y', 'z', 'z', 'x', 'y'], [3, 2])
        >>> vn.Rankings.from_frame({"answer": ["x > y = z", "y > x"]}, place="answer").n_rankings
        2
        """
        chosen = chosen_columns(columns, named, lambda: frame_sample(frame))
        data = frames.collect(frame, chosen.columns.names)
        with naming(chosen.columns.names):
            n, *ready = checks.columns(may_be_empty=True, **data)
            data = dict(zip(data, ready, strict=True))
        if n == 0:
            fail("frame", "holds no rows")
        table = RankingTable(chosen.columns, data, n, checks.n_threads(n_threads), items)
        self = table.read()
        self.taken = None if self.taken is None else chosen.said(self.taken)
        return self

    def _adopt(self, arrays: Arrays) -> None:
        self.arrays = Arrays(*map(frozen, arrays))
        a = self.arrays
        self.items, self.offsets, self.item, self.ranked = a.items, a.offsets, a.item, a.ranked
        self.tied, self.weight, self.item_offsets = a.tied, a.weight, a.item_offsets
        self.group, self.groups, self.cluster, self.clusters = (
            a.group, a.groups, a.cluster, a.clusters,
        )  # fmt: skip

    # ---- what it holds --------------------------------------------------------------------------

    @property
    def n_items(self) -> int:
        """Number of items, in all groups."""
        return len(self.items)

    @property
    def n_rankings(self) -> int:
        """Number of rankings."""
        return len(self.ranked)

    @property
    def n_listed(self) -> int:
        """Number of items of all sets together."""
        return len(self.item)

    @cached_property
    def labels(self) -> NDArray[Any]:
        """Labels of the rankings: those of the column, else 0 ... n_rankings - 1."""
        return frozen(
            np.arange(self.n_rankings) if self.arrays.labels is None else self.arrays.labels
        )

    @cached_property
    def owner(self) -> NDArray[np.int32]:
        """The ranking that each of the listed items stands in."""
        return frozen(np.repeat(np.arange(self.n_rankings, dtype=np.int32), np.diff(self.offsets)))

    @cached_property
    def place(self) -> NDArray[np.int32]:
        """Position of each of the listed items in its set, from 0."""
        return frozen((np.arange(self.n_listed) - self.offsets[self.owner]).astype(np.int32))

    @cached_property
    def met(self) -> Comparisons:
        """Who was above whom how often: each pair of a ranking once, items as positions.

        What pictures show and residuals go by. For ratings `to_comparisons` has better weights.
        """
        return met_of(self)

    def __len__(self) -> int:
        return self.n_rankings

    def __repr__(self) -> str:
        return f"Rankings(n_items={self.n_items}, n_rankings={self.n_rankings})"

    def _table(self, top: int | None) -> Table:
        columns = shares_of(self, top)
        notes = [] if self.taken is None else [str(self.taken)]
        return Table.of(self._titled(), columns, notes, top=top, total=self.n_items, what="items")

    # ---- new objects from old ones --------------------------------------------------------------

    def select(self, rankings: ArrayLike) -> Rankings:
        """Some of the rankings, by position or by truth values; all items stay.

        Parameters
        ----------
        rankings : array_like of int, or of bool of shape (n_rankings,)

        Examples
        --------
        >>> import venire as vn
        >>> vn.Rankings([["a", "b"], ["b", "c"]]).select([1]).n_rankings
        1
        """
        at = checks.array(rankings, "rankings")
        if at.dtype == bool:
            if at.shape != (self.n_rankings,):
                fail("rankings", f"has shape {at.shape}, but there are {self.n_rankings} rankings")
            at = np.flatnonzero(at)
        at = checks.integers(at, "rankings").reshape(-1).astype(np.int64)
        checks.every((at >= 0) & (at < self.n_rankings), "rankings", "there is no such ranking", at)
        if not len(at):
            fail("rankings", "is empty: at least one ranking is needed")
        return self.from_arrays(taken_out(self.arrays, at))

    def to_comparisons(
        self, *, clustered: bool = True, n_threads: int | None = None
    ) -> Comparisons | GroupedComparisons:
        """Paired comparisons, by stage weights: estimates that agree with the rankings' own model.

        At each stage of a ranking of m items the best of those that are left is chosen: with t
        placed already it beats each of the m - t - 1 others, with weight 2 / (m - t) each.

        ===========================  ==========================================================
        weights of the pairs         Bradley-Terry's ratings of them, if Plackett-Luce holds
        ===========================  ==========================================================
        of the stage alone           consistent
        2 / (m - t), as here         and their plain (Fisher) errors are right, too: variance
                                     1.02 times that of `fit_plackett_luce` (of rankings of 5)
        1 for all pairs              consistent, but variance 1.12 times, plain errors a quarter
                                     too small
        adjacent pairs alone, or     biased: whom an item is compared with depends on the outcome
        by distance of places
        ===========================  ==========================================================

        Parameters
        ----------
        clustered : bool, default True
            Keep the pairs of each ranking apart (of each `cluster`, where there are any, in any
            case), so that robust errors and the bootstrap go by whole rankings. False adds pairs
            up over all rankings, which takes far less memory.
        n_threads : int, optional

        Returns
        -------
        Comparisons, or GroupedComparisons of rankings in groups
            Of order 0: nobody had an advantage. Items that share a place tie, with the weight of
            the stage at which the first of them was placed. Groups have no clusters.

        Notes
        -----
        A row for each pair of a ranking, m * (m - 1) / 2 where all m items are placed: O of these
        in time, 25 bytes each in memory while they are added up. Each stage is a choice from what
        is left (Plackett 1975, doi:10.2307/2346567), and that the best beat another of the set has
        Bradley-Terry's odds: hence any weight of the stage alone is consistent. Where k items of
        like strength are left, choosing one has the information 1 / k**2 for each pair of them, and
        comparing it with the others that of weight / (2 k): the two are equal at 2 / k.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Rankings([["a", "b", "c"]]).to_comparisons()
        >>> c.items[c.first].tolist(), c.items[c.second].tolist(), c.win.round(4).tolist()
        (['a', 'a', 'b'], ['b', 'c', 'c'], [0.6667, 0.6667, 1.0])
        """
        checks.flag(clustered, "clustered")
        return comparisons_of(self, clustered, checks.n_threads(n_threads))

    def to_votes(self, teacher: ArrayLike | None = None, *, n_threads: int | None = None) -> Votes:
        """Votes on pairs, by the weights of `to_comparisons`, of judges who sort answers.

        `fit_votes` counts the weights; `consensus` and `rate` take each pair that a judge ranked
        for one judgment of it: also consistent, and errors by prompt are right.

        Parameters
        ----------
        teacher : array_like of shape (n_rankings,), optional
            Label of who made each ranking. Default: the clusters; without any it must be given.
        n_threads : int, optional

        Returns
        -------
        Votes
            In the groups of the rankings. In which order a judge was shown the items is not known.

        Examples
        --------
        >>> import venire as vn
        >>> r = vn.Rankings([["a", "b", "c"], ["b", "a", "c"]], cluster=["ann", "bea"])
        >>> r.to_votes()
        Votes(n_pairs=3, n_teachers=2, n_votes=6)
        >>> vn.consensus(r.to_votes()).probability.round(2).tolist()
        [0.5, 0.83, 0.83]
        """
        return votes_of(self, teacher, checks.n_threads(n_threads))

    def components(self, connection: str = "weak") -> Components:
        """Connected components of the items, by who was ever ranked above whom.

        Parameters
        ----------
        connection : {"weak", "strong"}
            "weak": items are together when any chain of rankings links them. "strong": when each
            was also ranked above the other, directly or through others (sharing a place is both
            ways); a maximum-likelihood fit exists for each such component (Hunter 2004,
            doi:10.1214/aos/1079120141).

        Returns
        -------
        Components
            Labels and sizes, numbered by first item.

        Notes
        -----
        O(n_listed) time and memory: each item against the next, and the last that is placed against
        the rest of the set.

        Examples
        --------
        >>> import venire as vn
        >>> r = vn.Rankings([["a", "b", "c"], ["b", "a"]])
        >>> r.components().sizes.tolist(), r.components("strong").labels.tolist()
        ([3], [0, 0, 1])
        """
        return chain_of(self).components(connection)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Rankings:
        """From arrays that are known to be in order."""
        self = cls.__new__(cls)
        self._adopt(arrays)
        return self
