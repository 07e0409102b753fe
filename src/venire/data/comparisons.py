"""Comparisons: who was compared with whom, aggregated to one cell per pair and order class."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data import frames
from venire.data._merging import merged, selected
from venire.data.aggregation import Aggregated, Rows, aggregate_rows, frozen
from venire.data.columns import ColumnNames, Columns

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


class Comparisons:
    """Paired comparisons, aggregated.

    Rows are added up to one cell per unordered pair and order class (and cluster), in memory
    proportional to the number of cells. Objects are immutable.

    Parameters
    ----------
    first, second : array_like of shape (n,)
        Labels of the compared items: integers, or text; any data frame's column.
    score : float or array_like of shape (n,), default 1.0
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
    has_order : bool
        An explicit `order` was given.

    Raises
    ------
    ValueError
        If lengths differ, there is no row, a score is outside [0, 1], a weight is negative or not
        finite, a label is missing, or an item is compared with itself; the message names the
        argument, the first bad position and the value.
    TypeError
        If labels are neither integers nor text.

    Notes
    -----
    O(n) time for integer labels 0 ... n_items - 1 that need no sorting, O(n log n_items) otherwise;
    at most 24 bytes per row while sorting (8 for unweighted wins, losses and ties) and 17 to 42
    bytes per cell afterwards.

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

    items: NDArray[Any]
    second: NDArray[np.int32]
    order: NDArray[np.int8]
    cluster: NDArray[np.int32] | None
    win: NDArray[np.float64]
    loss: NDArray[np.float64]
    n_pairs: int
    has_order: bool
    clusters: NDArray[Any] | None
    _row_ptr: NDArray[np.int64]  # cells of each first item: row_ptr[i] to row_ptr[i + 1]
    _tie: NDArray[np.float64] | None  # None: no ties
    _square: NDArray[np.float64] | None  # None: hard outcomes only

    def __init__(
        self,
        first: ArrayLike,
        second: ArrayLike,
        score: ArrayLike = 1.0,
        weight: ArrayLike | None = None,
        *,
        items: ArrayLike | None = None,
        order: ArrayLike | None = None,
        cluster: ArrayLike | None = None,
        n_threads: int | None = None,
    ) -> None:
        n, first, second, score, weight, order, cluster = checks.columns(
            first=first, second=second, score=score, weight=weight, order=order, cluster=cluster
        )
        rows = Rows(n, first, second, items, weight, order, cluster, score=score)
        self._adopt(aggregate_rows(rows, n_threads))

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
        n_threads: int | None = None,
    ) -> Comparisons:
        """Comparisons from masses: how often `first` won, lost and tied in each row.

        Parameters
        ----------
        win, loss, tie : float or array_like of shape (n,)
            Masses, finite and >= 0, fractions allowed.
        first, second, items, order, cluster, n_threads
            As in `Comparisons`, which also says what is raised.

        Examples
        --------
        >>> import venire as vn
        >>> vn.Comparisons.from_counts([3], [7], win=[4], loss=[2], tie=[1]).n_comparisons
        7.0
        """
        n, first, second, win, loss, tie, order, cluster = checks.columns(
            first=first, second=second, win=win, loss=loss, tie=tie, order=order, cluster=cluster
        )
        for name, masses in (("win", win), ("loss", loss)):
            if masses is None:
                checks.fail(name, "must be an array or a number", value=None, kind=TypeError)
        rows = Rows(n, first, second, items, None, order, cluster, win=win, loss=loss, tie=tie)
        return cls._of(aggregate_rows(rows, n_threads))

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
            The arguments of `Columns` one by one, instead of `columns`.

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
        """
        rows = frames.read_frame(
            frame, Columns.of(columns, named).of_one_fit(), items=items, n_threads=n_threads
        )
        return cls.from_rows(rows, n_threads=n_threads)

    @classmethod
    def from_rows(cls, rows: frames.Rows, *, n_threads: int | None = None) -> Comparisons:
        """Comparisons from columns that were checked already (`frames.read_frame`, `io`)."""
        checked = Rows(
            len(rows),
            rows.first,
            rows.second,
            None,
            rows.weight,
            rows.order,
            rows.cluster,
            score=rows.score,
            win=rows.win,
            loss=rows.loss,
            tie=rows.tie,
        )
        with frames.naming(rows.source):
            return cls._of(aggregate_rows(checked, n_threads))

    @classmethod
    def _of(cls, cells: Aggregated) -> Comparisons:
        self = cls.__new__(cls)
        self._adopt(cells)
        return self

    def _adopt(self, cells: Aggregated) -> None:
        for name, value in zip(_MEMBERS, cells, strict=True):
            setattr(self, name, frozen(value))

    # ---- what it holds ------------------------------------------------------------------------

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.items)

    @cached_property
    def n_comparisons(self) -> float:
        """Total weight of the comparisons."""
        total = float(self.win.sum() + self.loss.sum())
        return total if self._tie is None else total + float(self._tie.sum())

    @cached_property
    def first(self) -> NDArray[np.int32]:
        """Position of each cell's first item, the smaller of the two."""
        return frozen(np.repeat(np.arange(self.n_items, dtype=np.int32), np.diff(self._row_ptr)))

    @cached_property
    def tie(self) -> NDArray[np.float64]:
        """Mass of ties per cell."""
        return frozen(np.zeros(len(self.win))) if self._tie is None else self._tie

    @cached_property
    def square(self) -> NDArray[np.float64]:
        """Sum of weight * score**2 per cell, scores seen from the cell's first item."""
        return self.win + 0.25 * self.tie if self._square is None else self._square

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.win)

    def __repr__(self) -> str:
        return (
            f"Comparisons(n_items={self.n_items}, n_pairs={self.n_pairs}, "
            f"n_comparisons={self.n_comparisons:g})"
        )

    def components(self, kind: str = "weak") -> Components:
        """Connected components of the graph of comparisons.

        Parameters
        ----------
        kind : {"weak", "strong"}
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
        >>> c = vn.Comparisons([0, 1, 3], [1, 0, 0])
        >>> c.components().sizes.tolist(), c.components("strong").labels.tolist()
        ([3], [0, 0, 1])
        """
        checks.one_of(kind, "kind", ("weak", "strong"))
        labels, count = self._graph().components(kind == "strong")
        return Components(labels, np.bincount(labels, minlength=count))

    def _graph(self) -> Any:
        from venire._native.graph import Graph

        return Graph(self._row_ptr, self.second, self.order, self.win, self.loss, self._tie)

    # ---- new objects from old ones ------------------------------------------------------------

    def __add__(self, other: Comparisons) -> Comparisons:
        """Both together; items are the union (sorted, unless both have the same)."""
        if not isinstance(other, Comparisons):
            return NotImplemented
        return self._of(merged(self, other))

    def append(
        self,
        first: ArrayLike,
        second: ArrayLike,
        score: ArrayLike = 1.0,
        weight: ArrayLike | None = None,
        *,
        order: ArrayLike | None = None,
        cluster: ArrayLike | None = None,
        n_threads: int | None = None,
    ) -> Comparisons:
        """These comparisons and new rows; the old rows are not read again.

        Parameters
        ----------
        first, second, score, weight, order, cluster, n_threads
            The new rows, as in `Comparisons`; a new object is returned.

        Examples
        --------
        >>> import venire as vn
        >>> vn.Comparisons([0], [1]).append([1, 2], [0, 0]).n_comparisons
        3.0
        """
        return self + Comparisons(
            first, second, score, weight, order=order, cluster=cluster, n_threads=n_threads
        )

    def _within(self, labels: NDArray[np.int32]) -> Comparisons:
        """Only the cells whose items carry the same label; all items stay."""
        keep = labels[self.first] == labels[self.second]
        return self if keep.all() else self._of(selected(self, np.flatnonzero(keep)))


#: Where a Comparisons keeps what aggregation gives: under the same name, or as a private member.
_MEMBERS = tuple(
    name if name in Comparisons.__annotations__ else f"_{name}" for name in Aggregated._fields
)
