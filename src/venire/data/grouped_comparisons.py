"""GroupedComparisons: comparisons of many groups, each with items of its own."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.tables import Table, Tabled
from venire.data import frames, recognition
from venire.data.aggregation import aggregate
from venire.data.columns import ColumnNames, Columns
from venire.data.comparisons import Comparisons
from venire.data.grouping import group_at
from venire.data.rows import Cells, Observed, Rows

__all__ = ["GroupedComparisons"]


class GroupedComparisons(Tabled, Observed):
    """Paired comparisons in many groups (queries, users, topics), aggregated group by group.

    Items belong to a group: the same label in two groups is two items. Within a group, rows are
    added up to one cell per unordered pair and order class. Objects are immutable.

    Parameters
    ----------
    group : array_like of shape (n,)
        Label of each row's group: integers or text, in any order. Rows that are sorted by group
        (integers ascending) are recognised and not sorted again.
    first, second : array_like of shape (n,)
        Labels of the compared items, integers or text.
    score : float or array_like of shape (n,)
        Share of the comparison that `first` got: 1 a win, 0 a loss, exactly 0.5 a tie, any other
        value in [0, 1] a soft vote.
    weight : float or array_like of shape (n,), optional
        How many comparisons a row stands for, finite and >= 0; default 1. Rows of weight 0 name
        their items and count for nothing else.
    groups : array_like, optional
        The groups, distinct, in the order they shall have; some may be empty. Default: the sorted
        distinct labels in `group`.
    items : pair of array_like, optional
        Labels of groups and of items that exist besides those in the rows.
    order : int or array_like of shape (n,), optional
        +1 where `first` had the order advantage, -1 where `second` had it, 0 where neither.
        Default: +1 in every row.
    n_threads : int, optional
        Default: all usable CPUs. The result does not depend on it, nor on the order of the rows.

    Attributes
    ----------
    groups : ndarray of shape (n_groups,)
        Labels.
    offsets : ndarray of int64, shape (n_groups + 1,)
        The items of group k are ``items[offsets[k]:offsets[k + 1]]``.
    items : ndarray of shape (n_items,)
        Labels, ascending within each group.
    cell_offsets : ndarray of int64, shape (n_groups + 1,)
        The cells of group k are those from ``cell_offsets[k]`` to ``cell_offsets[k + 1]``.
    first, second : ndarray of int32
        Positions of a cell's items within its group; first < second.
    order : ndarray of int8
        +1 where the cell's first had the order advantage, -1 its second, 0 neither.
    win, loss, tie : ndarray of float64
        Masses, from the view of first. A soft score s adds s to win and 1 - s to loss.

    Raises
    ------
    ValueError
        If lengths differ, there is no row (and neither `groups` nor `items`), a score is outside
        [0, 1], a weight is negative or not finite, a label is missing, or an item is compared with
        itself; the message names the argument, the group, the first bad row and the value.
    TypeError
        If labels are neither integers nor text.

    Notes
    -----
    O(n) time where labels within a group are integers in a range not much longer than the group, by
    hashing otherwise; text is coded once for all groups. Memory: 25 bytes per cell (33 with ties)
    and 8 per item, and 4 per row while rows are sorted by group. At most 2**32 - 2 rows that are
    not sorted.

    Examples
    --------
    >>> import venire as vn
    >>> g = vn.GroupedComparisons(
    ...     ["q1", "q1", "q2"], ["a", "b", "a"], ["b", "c", "c"], [1.0, 0.7, 0.0]
    ... )
    >>> g.groups.tolist(), g.offsets.tolist(), g.items.tolist()
    (['q1', 'q2'], [0, 3, 5], ['a', 'b', 'c', 'a', 'c'])
    >>> g["q1"].items.tolist()
    ['a', 'b', 'c']
    """

    groups: NDArray[Any]
    offsets: NDArray[np.int64]
    cell_offsets: NDArray[np.int64]
    first: NDArray[np.int32]

    def __init__(
        self,
        group: ArrayLike,
        first: ArrayLike,
        second: ArrayLike,
        score: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        items: tuple[ArrayLike, ArrayLike] | None = None,
        order: ArrayLike | None = None,
        n_threads: int | None = None,
    ) -> None:
        rows = Rows.given(
            may_be_empty=groups is not None or items is not None,
            group=group, first=first, second=second, score=score, weight=weight, order=order,
        )  # fmt: skip
        self._adopt(aggregate(rows, items=items, groups=groups, n_threads=n_threads))

    @classmethod
    def from_counts(
        cls,
        group: ArrayLike,
        first: ArrayLike,
        second: ArrayLike,
        win: ArrayLike,
        loss: ArrayLike,
        tie: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        items: tuple[ArrayLike, ArrayLike] | None = None,
        order: ArrayLike | None = None,
        n_threads: int | None = None,
    ) -> GroupedComparisons:
        """Comparisons from masses: how often `first` won, lost and tied in each row.

        Parameters
        ----------
        win, loss, tie : float or array_like of shape (n,)
            Masses, finite and >= 0, fractions allowed.
        group, first, second, groups, items, order, n_threads
            As in `GroupedComparisons`, which also says what is raised.

        Examples
        --------
        >>> import venire as vn
        >>> g = vn.GroupedComparisons.from_counts([1], [3], [7], win=[4], loss=[2], tie=[1])
        >>> g.n_comparisons
        7.0
        """
        rows = Rows.given(
            may_be_empty=groups is not None or items is not None,
            group=group, first=first, second=second, win=win, loss=loss, tie=tie, order=order,
        )  # fmt: skip
        return cls.from_cells(aggregate(rows, items=items, groups=groups, n_threads=n_threads))

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        columns: Columns | None = None,
        *,
        groups: ArrayLike | None = None,
        items: tuple[ArrayLike, ArrayLike] | None = None,
        n_threads: int | None = None,
        **named: Unpack[ColumnNames],
    ) -> GroupedComparisons:
        """Comparisons from columns of a data frame (pandas, Polars, PyArrow, ...).

        Parameters
        ----------
        frame : data frame, or mapping of str to array
            Anything that narwhals knows.
        columns : Columns, optional
            What its columns say, `group` among them.
        groups, items, n_threads
            As in `GroupedComparisons`.
        **named
            The arguments of `Columns` one by one, instead of `columns`. What is missing is found by
            the names of the columns and by what stands in them; `taken` says what was.

        Returns
        -------
        GroupedComparisons

        Raises
        ------
        ValueError, TypeError
            As `GroupedComparisons` and `Columns`; the message names the column and the row.

        Examples
        --------
        >>> import venire as vn
        >>> votes = {"query": [7, 7], "a": ["x", "y"], "b": ["y", "z"], "winner": ["x", "z"]}
        >>> g = vn.GroupedComparisons.from_frame(
        ...     votes, group="query", first="a", second="b", outcome="winner"
        ... )
        >>> g.win.tolist(), g.loss.tolist()
        ([1.0, 0.0], [0.0, 1.0])
        """
        chosen = recognition.of_frame(Columns, columns, named, frame, grouped=True)
        own = chosen.columns.of_groups()
        rows = frames.read_frame(frame, own, n_threads=n_threads)
        self = cls.from_cells(aggregate(rows, items=items, groups=groups, n_threads=n_threads))
        self.taken = chosen.said(rows.taken(own))
        return self

    def with_masses(
        self, win: NDArray[np.float64], loss: NDArray[np.float64]
    ) -> GroupedComparisons:
        """The same groups, items and cells with other masses (finite, > 0 in sum), without ties."""
        return self.from_cells(self.cells._replace(win=win, loss=loss, tie=None, is_soft=False))

    # ---- what it holds ------------------------------------------------------------------------

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.groups)

    def __repr__(self) -> str:
        return (
            f"GroupedComparisons(n_groups={self.n_groups}, n_items={self.n_items}, "
            f"n_comparisons={self.n_comparisons:g})"
        )

    def _table(self, top: int | None) -> Table:
        columns = {"group": self.groups, "items": np.diff(self.offsets)}
        notes = [] if self.taken is None else [str(self.taken)]
        return Table.of(self._titled(), columns, notes, top=top, what="groups")

    __iter__ = None  # labels are not positions: Python would count from 0

    def __getitem__(self, label: Any) -> Comparisons:
        """The comparisons of the group ``g[label]``, as a single fit takes them.

        Parameters
        ----------
        label : int or str
            One of `groups`.

        Raises
        ------
        ValueError
            If there is no such group, or it has no comparisons.

        Notes
        -----
        Robust standard errors of soft votes need the squares of the rows' scores, which groups do
        not keep: they are NaN.
        """
        return self.at(group_at(self.groups, label))

    def at(self, k: int) -> Comparisons:
        """The comparisons of the group at position `k`; see ``g[label]``."""
        c = self.cells
        cells = slice(c.cell_offsets[k], c.cell_offsets[k + 1])
        items = c.items[c.offsets[k] : c.offsets[k + 1]]
        first, second = self.first[cells], c.second[cells]
        if not len(first):
            checks.fail("label", "the group has no comparisons", value=self.groups[k])
        counts = np.bincount(first, minlength=len(items))
        new_pair = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
        tie = None if c.tie is None else c.tie[cells]
        return Comparisons.from_cells(
            Cells.of_one(
                items,
                np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
                second,
                c.order[cells],
                None,
                c.win[cells],
                c.loss[cells],
                tie if tie is not None and tie.any() else None,
                np.full(len(first), np.nan) if c.is_soft else None,
                1 + int(new_pair.sum()),
            )
        )
