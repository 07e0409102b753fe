"""GroupedComparisons: comparisons of many groups, each with items of its own."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data import frames
from venire.data.aggregation import Aggregated, frozen
from venire.data.columns import ColumnNames, Columns
from venire.data.comparisons import Comparisons
from venire.data.grouping import GroupedRows, Grouping, group_at, group_rows

__all__ = ["GroupedComparisons"]


class GroupedComparisons:
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
    score : float or array_like of shape (n,), default 1.0
        Share of the comparison that `first` got: 1 a win, 0 a loss, exactly 0.5 a tie, any other
        value in [0, 1] a soft vote.
    weight : float or array_like of shape (n,), optional
        How many comparisons a row stands for, finite and >= 0; default 1. Rows of weight 0 name
        their items and count for nothing else.
    order : int or array_like of shape (n,), optional
        +1 where `first` had the order advantage, -1 where `second` had it, 0 where neither.
        Default: +1 in every row.
    groups : array_like, optional
        The groups, distinct, in the order they shall have; some may be empty. Default: the sorted
        distinct labels in `group`.
    items : pair of array_like, optional
        Labels of groups and of items that exist besides those in the rows.
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
    >>> g.group("q1").items.tolist()
    ['a', 'b', 'c']
    """

    groups: NDArray[Any]
    offsets: NDArray[np.int64]
    cell_offsets: NDArray[np.int64]
    items: NDArray[Any]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    order: NDArray[np.int8]
    win: NDArray[np.float64]
    loss: NDArray[np.float64]
    _tie: NDArray[np.float64] | None  # None: no ties
    _is_soft: bool  # some score was neither 0, 1/2 nor 1

    def __init__(
        self,
        group: ArrayLike,
        first: ArrayLike,
        second: ArrayLike,
        score: ArrayLike = 1.0,
        weight: ArrayLike | None = None,
        order: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        items: tuple[ArrayLike, ArrayLike] | None = None,
        n_threads: int | None = None,
    ) -> None:
        n, group, first, second, score, weight, order = checks.columns(
            may_be_empty=groups is not None or items is not None,
            group=group, first=first, second=second, score=score, weight=weight, order=order,
        )  # fmt: skip
        rows = GroupedRows(
            n,
            group,
            first,
            second,
            groups,
            items,
            weight=None if weight is None else checks.masses(weight, n, "weight"),
            order=checks.order(order, n),
            score=checks.numbers(score, n, "score"),
        )
        self._adopt(group_rows(rows, n_threads))

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
        order: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        items: tuple[ArrayLike, ArrayLike] | None = None,
        n_threads: int | None = None,
    ) -> GroupedComparisons:
        """Comparisons from masses: how often `first` won, lost and tied in each row.

        Parameters
        ----------
        win, loss, tie : float or array_like of shape (n,)
            Masses, finite and >= 0, fractions allowed.
        group, first, second, order, groups, items, n_threads
            As in `GroupedComparisons`, which also says what is raised.

        Examples
        --------
        >>> import venire as vn
        >>> g = vn.GroupedComparisons.from_counts([1], [3], [7], win=[4], loss=[2], tie=[1])
        >>> g.n_comparisons
        7.0
        """
        n, group, first, second, win, loss, tie, order = checks.columns(
            may_be_empty=groups is not None or items is not None,
            group=group, first=first, second=second, win=win, loss=loss, tie=tie, order=order,
        )  # fmt: skip
        masses = {"win": win, "loss": loss, "tie": tie}
        rows = GroupedRows(
            n,
            group,
            first,
            second,
            groups,
            items,
            order=checks.order(order, n),
            **{
                k: _full(checks.masses(x, n, k), n)
                for k, x in masses.items()
                if x is not None or k != "tie"
            },
        )
        return cls._of(group_rows(rows, n_threads))

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
            The arguments of `Columns` one by one, instead of `columns`.

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
        rows = frames.read_frame(frame, Columns.of(columns, named).of_groups(), n_threads=n_threads)
        return cls.from_rows(rows, groups=groups, items=items, n_threads=n_threads)

    @classmethod
    def from_rows(
        cls,
        rows: frames.Rows,
        *,
        groups: ArrayLike | None = None,
        items: tuple[ArrayLike, ArrayLike] | None = None,
        n_threads: int | None = None,
    ) -> GroupedComparisons:
        """Comparisons from columns that were checked already (`frames.read_frame`, `io`)."""
        masses = {"win": rows.win, "loss": rows.loss, "tie": rows.tie}
        checked = GroupedRows(
            len(rows),
            rows.group,
            rows.first,
            rows.second,
            groups,
            items,
            weight=rows.weight,
            order=rows.order,
            score=rows.score,
            **{k: _full(x, len(rows)) for k, x in masses.items() if x is not None},
        )
        with frames.naming(rows.source):
            return cls._of(group_rows(checked, n_threads))

    @classmethod
    def _of(cls, grouping: Grouping) -> GroupedComparisons:
        self = cls.__new__(cls)
        self._adopt(grouping)
        return self

    def _with_masses(
        self, win: NDArray[np.float64], loss: NDArray[np.float64]
    ) -> GroupedComparisons:
        """The same groups, items and cells with other masses (finite, > 0 in sum), without ties."""
        kept = {name: getattr(self, name) for name in Grouping._fields[:7]}
        return self._of(Grouping(**kept, win=win, loss=loss, tie=None, is_soft=False))

    def _adopt(self, grouping: Grouping) -> None:
        for name, value in grouping._asdict().items():
            setattr(self, name if name in self.__annotations__ else f"_{name}", frozen(value))

    # ---- what it holds ------------------------------------------------------------------------

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.groups)

    @property
    def n_items(self) -> int:
        """Number of items in all groups."""
        return len(self.items)

    @cached_property
    def n_comparisons(self) -> float:
        """Total weight of the comparisons."""
        total = float(self.win.sum() + self.loss.sum())
        return total if self._tie is None else total + float(self._tie.sum())

    @cached_property
    def tie(self) -> NDArray[np.float64]:
        """Mass of ties per cell."""
        return frozen(np.zeros(len(self.win))) if self._tie is None else self._tie

    def __len__(self) -> int:
        """Number of groups."""
        return len(self.groups)

    def __repr__(self) -> str:
        return (
            f"GroupedComparisons(n_groups={self.n_groups}, n_items={self.n_items}, "
            f"n_comparisons={self.n_comparisons:g})"
        )

    def group(self, label: Any) -> Comparisons:
        """The comparisons of one group, as a single fit takes them.

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
        return self._at(group_at(self.groups, label))

    def _at(self, k: int) -> Comparisons:
        cells = slice(self.cell_offsets[k], self.cell_offsets[k + 1])
        items = self.items[self.offsets[k] : self.offsets[k + 1]]
        first, second = self.first[cells], self.second[cells]
        if not len(first):
            checks.fail("label", "the group has no comparisons", value=self.groups[k])
        counts = np.bincount(first, minlength=len(items))
        new_pair = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
        tie = None if self._tie is None else self._tie[cells]
        return Comparisons._of(
            Aggregated(
                items=items,
                row_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
                second=second,
                order=self.order[cells],
                cluster=None,
                win=self.win[cells],
                loss=self.loss[cells],
                tie=tie if tie is not None and tie.any() else None,
                square=np.full(len(first), np.nan) if self._is_soft else None,
                n_pairs=1 + int(new_pair.sum()),
                has_order=False,
                clusters=None,
            )
        )


def _full(x: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    return x if len(x) == n else np.full(n, x[0])
