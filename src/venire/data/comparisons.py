"""Comparisons: who was compared with whom, aggregated to one cell per pair and order class."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.tables import Table, Tabled, shown_of
from venire.data import frames, recognition
from venire.data._merging import merged, selected, without_covariates
from venire.data._strata import covariates_of
from venire.data.ageing import told
from venire.data.aggregation import aggregate
from venire.data.columns import ColumnNames, Columns
from venire.data.rows import Observed, Rows, frozen

__all__ = ["Comparisons", "Components"]


class Components(NamedTuple):
    """Connected components of a graph of comparisons, numbered by their first item.

    Attributes
    ----------
    labels : ndarray of int32, shape (n_items,)
        Component of each item.
    sizes : ndarray of int64, shape (n_components,)
    """

    labels: NDArray[np.int32]
    sizes: NDArray[np.int64]


class Comparisons(Tabled, Observed):
    """Paired comparisons, aggregated.

    Rows are added up to one cell per unordered pair and order class (and cluster, date and row of
    covariates), in memory proportional to the number of cells. Objects are immutable.

    Parameters
    ----------
    first, second : array_like of shape (n,)
        Labels of the compared items: integers, or text; any data frame's column.
    score : float or array_like of shape (n,)
        Share of the comparison that `first` got: 1 a win, 0 a loss, exactly 0.5 a tie, any other
        value in [0, 1] a soft vote.
    weight : float or array_like of shape (n,), optional
        How many comparisons a row stands for, finite and >= 0; default 1. Rows of weight 0 name
        their items and count for nothing else.
    items : array_like of shape (n_items,), optional
        The items, distinct, in the order they shall have. Default: the sorted distinct labels.
    order : int or array_like of shape (n,), optional
        +1 where `first` had the order advantage (the home side, the answer shown first), -1 where
        `second` had it, 0 where neither. Default: +1 in every row.
    cluster : array_like of shape (n,), optional
        Label of the group of rows (user, judge, query) that belong together: errors are clustered
        by it and resampling draws whole clusters. Cells are then kept apart by cluster.
    covariates : array_like of shape (n, K) or (n,), mapping of str to array_like, or data frame
        What else may move the outcome, as differences: of `first` less that of `second` (of the
        lengths of two answers, say), finite. Columns of an array are called x0, x1, ... Cells are
        then kept apart by rows of covariates, and fits estimate a coefficient for each column.
    date : array_like of shape (n,), optional
        When: dates, text of ISO 8601, or numbers. Without a half-life cells are then kept apart by
        date.
    half_life : float, optional
        Age at which a comparison weighs half of what it did, > 0, in days (or in the unit of dates
        that are numbers): weights are multiplied by ``2 ** (-age / half_life)``. Infinite: nothing
        is forgotten.
    at : date or number, optional
        When comparisons weigh all that they do; none may lie after. Default: the latest date.
    n_threads : int, optional
        Default: all usable CPUs. The result does not depend on it.

    Attributes
    ----------
    items : ndarray of shape (n_items,)
        Labels.
    first, second : ndarray of int32, shape (n_cells,)
        Positions of a cell's items in `items`; first < second.
    order : ndarray of int8
        +1 where the cell's first had the order advantage, -1 its second, 0 neither.
    win, loss, tie : ndarray of float64
        Masses, from the view of first. A soft score s adds s to win and 1 - s to loss.
    square : ndarray of float64
        Sum of weight * score**2.
    cluster : ndarray of int32 or None
        Cluster of each cell, a position in `clusters` (labels).
    date : ndarray of int64 or None
        Date of each cell, a position in `dates` (ascending).
    covariates : ndarray of float64, shape (n_cells, K), or None
        Of the cell's first less its second; `covariate_names` names the columns.
    has_order : bool
        An explicit `order` was given.

    Raises
    ------
    ValueError
        If lengths differ, there is no row, a score is outside [0, 1], a weight is negative or not
        finite, a covariate is not finite, a label or a date is missing, or an item is compared with
        itself; the message names the argument, the first bad position and the value.
    TypeError
        If labels are neither integers nor text.

    Notes
    -----
    O(n) time for integer labels 0 ... n_items - 1 that need no sorting, O(n log n_items) otherwise;
    at most 24 bytes per row while sorting (8 for unweighted wins, losses and ties) and 17 to 42
    bytes per cell afterwards, and 8 for each covariate.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons(["a", "b", "a", "c"], ["b", "a", "b", "a"], [1, 0, 0.5, 1])
    >>> c.n_items, c.n_pairs, c.n_comparisons
    (3, 2, 4.0)
    >>> c.items[c.first].tolist(), c.items[c.second].tolist(), c.order.tolist()
    (['a', 'a', 'a'], ['b', 'b', 'c'], [-1, 1, -1])
    >>> c.win.tolist(), c.loss.tolist(), c.tie.tolist()
    ([1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0])
    """

    cluster: NDArray[np.int32] | None
    clusters: NDArray[Any] | None
    date: NDArray[np.int64] | None
    dates: NDArray[Any] | None
    covariates: NDArray[np.float64] | None
    covariate_names: tuple[str, ...]
    n_pairs: int
    has_order: bool

    def __init__(
        self,
        first: ArrayLike,
        second: ArrayLike,
        score: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        items: ArrayLike | None = None,
        order: ArrayLike | None = None,
        cluster: ArrayLike | None = None,
        covariates: Any = None,
        date: ArrayLike | None = None,
        half_life: float | None = None,
        at: Any = None,
        n_threads: int | None = None,
    ) -> None:
        rows = Rows.given(
            first=first, second=second, score=score, weight=weight, order=order, cluster=cluster,
            covariates=covariates, date=date, half_life=half_life, at=at,
        )  # fmt: skip
        self._adopt(aggregate(rows, items=items, n_threads=n_threads))

    @classmethod
    def from_counts(
        cls,
        first: ArrayLike,
        second: ArrayLike,
        win: ArrayLike,
        loss: ArrayLike,
        tie: ArrayLike | None = None,
        *,
        items: ArrayLike | None = None,
        order: ArrayLike | None = None,
        cluster: ArrayLike | None = None,
        covariates: Any = None,
        date: ArrayLike | None = None,
        half_life: float | None = None,
        at: Any = None,
        n_threads: int | None = None,
    ) -> Comparisons:
        """Comparisons from masses: how often `first` won, lost and tied in each row.

        Parameters
        ----------
        win, loss, tie : float or array_like of shape (n,)
            Masses, finite and >= 0, fractions allowed.
        first, second, items, order, cluster, covariates, date, half_life, at, n_threads
            As in `Comparisons`, which also says what is raised.

        Examples
        --------
        >>> import venire as vn
        >>> vn.Comparisons.from_counts([3], [7], win=[4], loss=[2], tie=[1]).n_comparisons
        7.0
        """
        rows = Rows.given(
            first=first, second=second, win=win, loss=loss, tie=tie, order=order, cluster=cluster,
            covariates=covariates, date=date, half_life=half_life, at=at,
        )  # fmt: skip
        return cls.from_cells(aggregate(rows, items=items, n_threads=n_threads))

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        columns: Columns | None = None,
        *,
        items: ArrayLike | None = None,
        n_threads: int | None = None,
        **named: Unpack[ColumnNames],
    ) -> Comparisons:
        """Comparisons from columns of a data frame (pandas, Polars, PyArrow, ...).

        Parameters
        ----------
        frame : data frame, or mapping of str to array
            Anything that narwhals knows.
        columns : Columns, optional
            What its columns say.
        items, n_threads
            As in `Comparisons`.
        **named
            The arguments of `Columns` one by one, instead of `columns`. What is missing is found by
            the names of the columns and by what stands in them; `taken` says what was.

        Returns
        -------
        Comparisons

        Raises
        ------
        ValueError, TypeError
            As `Comparisons` and `Columns`; the message names the column and the row.

        Examples
        --------
        >>> import venire as vn
        >>> games = {"home": ["x", "y"], "away": ["y", "x"], "result": ["win", "draw"]}
        >>> c = vn.Comparisons.from_frame(games, first="home", second="away", outcome="result")
        >>> c.tie.tolist()
        [1.0, 0.0]
        >>> str(vn.Comparisons.from_frame(games).taken)
        'first=home, second=away, outcome=result'
        """
        chosen = recognition.of_frame(Columns, columns, named, frame)
        own = chosen.columns.of_one_fit()
        rows = frames.read_frame(frame, chosen.asked, items=items, n_threads=n_threads)
        self = cls.from_cells(aggregate(rows, n_threads=n_threads))
        self.taken = chosen.said(rows.taken(own, *told(self)))
        return self

    # ---- what it holds ------------------------------------------------------------------------

    @property
    def half_life(self) -> float | None:
        """Age at which a comparison weighs half of what it did; None: age is not looked at."""
        return None if self.cells.ageing is None else self.cells.ageing.half_life

    @property
    def at(self) -> Any:
        """When comparisons weigh all that they do: a datetime64 or a number; or None."""
        return None if self.cells.ageing is None else self.cells.ageing.at

    @property
    def n_effective(self) -> float:
        """Effective number of comparisons under a half-life: that of equal weights with as large a
        variance of their mean, (sum w)^2 / sum w^2 (Kish 1965); without one `n_comparisons`."""
        ageing, n = self.cells.ageing, self.n_comparisons
        return n if ageing is None else n**2 / ageing.squares

    @cached_property
    def first(self) -> NDArray[np.int32]:
        """Position of each cell's first item, the smaller of the two."""
        assert self.cells.row_ptr is not None
        counts = np.diff(self.cells.row_ptr)
        return frozen(np.repeat(np.arange(self.n_items, dtype=np.int32), counts))

    @cached_property
    def square(self) -> NDArray[np.float64]:
        """Sum of weight * score**2 per cell, scores seen from the cell's first item."""
        return self.win + 0.25 * self.tie if self.cells.square is None else self.cells.square

    def __repr__(self) -> str:
        return (
            f"Comparisons(n_items={self.n_items}, n_pairs={self.n_pairs}, "
            f"n_comparisons={self.n_comparisons:g})"
        )

    def _table(self, top: int | None) -> Table:
        games, points, n = np.zeros(self.n_items), np.zeros(self.n_items), self.n_items
        for at, own, other in (
            (self.first, self.win, self.loss),
            (self.second, self.loss, self.win),
        ):
            games += np.bincount(at, own + other + self.tie, n)
            points += np.bincount(at, own + 0.5 * self.tie, n)
        order = np.argsort(-games, kind="stable")[: shown_of(n, top)]
        games, points = games[order], points[order]
        with np.errstate(invalid="ignore"):
            share = points / games
        columns = {"item": self.items[order], "n_comparisons": games, "share of points": share}
        notes = [] if self.taken is None else [str(self.taken)]
        return Table.of(self._titled(), columns, notes, top=top, total=n, what="items")

    def components(self, connection: str = "weak") -> Components:
        """Connected components of the graph of comparisons.

        Parameters
        ----------
        connection : {"weak", "strong"}
            "weak": items are together when any chain of comparisons links them. "strong": when each
            also beat the other, directly or through others (a tie or a soft score is a win each
            way); a maximum-likelihood fit exists for each such component (Ford 1957,
            doi:10.2307/2308513).

        Returns
        -------
        Components
            Labels and sizes, numbered by first item.

        Notes
        -----
        O(n_items + n_pairs) time and memory.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons([0, 1, 3], [1, 0, 0], 1)
        >>> c.components().sizes.tolist(), c.components("strong").labels.tolist()
        ([3], [0, 0, 1])
        """
        checks.one_of(connection, "connection", ("weak", "strong"))
        labels, count = self.graph().components(connection == "strong")
        return Components(labels, np.bincount(labels, minlength=count))

    def graph(self) -> Any:
        """The graph of the cells, for the native layer."""
        from venire._native.graph import Graph

        c = self.cells
        return Graph(c.row_ptr, c.second, c.order, c.win, c.loss, c.tie)

    # ---- new objects from old ones ------------------------------------------------------------

    def __add__(self, other: Comparisons) -> Comparisons:
        """Both together; items are the union (sorted, unless both have the same)."""
        if not isinstance(other, Comparisons):
            return NotImplemented
        return self.from_cells(merged(self, other))

    def append(
        self,
        first: ArrayLike,
        second: ArrayLike,
        score: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        order: ArrayLike | None = None,
        cluster: ArrayLike | None = None,
        covariates: Any = None,
        date: ArrayLike | None = None,
        at: Any = None,
        n_threads: int | None = None,
    ) -> Comparisons:
        """These comparisons and new rows; the old rows are not read again.

        Parameters
        ----------
        first, second, score, weight, order, cluster, covariates, date, at, n_threads
            The new rows, as in `Comparisons`; a new object is returned. With a half-life all weigh
            what they do at the later `at` of both.

        Examples
        --------
        >>> import venire as vn
        >>> vn.Comparisons([0], [1], [1]).append([1, 2], [0, 0], [1, 0.5]).n_comparisons
        3.0
        """
        rows = Rows.given(
            first=first, second=second, score=score, weight=weight, order=order, cluster=cluster,
            covariates=covariates, date=date, half_life=self.half_life, at=at,
        )  # fmt: skip
        if covariates is not None and self.covariates is not None:
            own = covariates_of(covariates, rows.n, self.covariate_names)
            rows = rows._replace(covariates=own)
        return self + self.from_cells(aggregate(rows, n_threads=n_threads))

    def without_covariates(self) -> Comparisons:
        """The same comparisons without their covariates, their cells added up.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons([0, 0], [1, 1], [1, 0], covariates={"length": [0.5, -1.0]})
        >>> c.n_cells, c.covariates.tolist(), c.without_covariates().n_cells
        (2, [[-1.0], [0.5]], 1)
        """
        return self if self.covariates is None else self.from_cells(without_covariates(self))

    def within(self, labels: NDArray[np.int32]) -> Comparisons:
        """Only the cells whose items carry the same label; all items stay."""
        keep = labels[self.first] == labels[self.second]
        return self if keep.all() else self.from_cells(selected(self, np.flatnonzero(keep)))
