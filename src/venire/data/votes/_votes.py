"""Votes: who judged which pair how often, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from numpy.typing import ArrayLike

from venire._core import checks
from venire.data import recognition
from venire.data.columns import VoteColumnNames, VoteColumns
from venire.data.votes._judgments import Judgments
from venire.data.votes.reading import hard_votes, require_clear
from venire.data.votes.rows import VoteRows, checked_rows, table_of
from venire.data.votes.table import Table, joined

__all__ = ["Votes"]


class Votes(Judgments):
    """Votes of several teachers on pairs of items, aggregated.

    Rows are added up to one cell for each judgment, a pair and a teacher. Rows (a, b) and (b, a)
    are one pair, and all rows of one teacher on it are runs of one judgment. Objects are immutable.

    Parameters
    ----------
    first, second : array_like of shape (n,)
        Labels of the two items: integers, or text.
    teacher : array_like of shape (n,)
        Label of who voted.
    vote : array_like of shape (n,), optional
        1 for `first`, -1 for `second`, 0 a tie; always about `first` as it is written in the row.
        Words (first, tie, A with B, ...) and the winners' labels do as well. Votes of 1 and 0 alone
        are refused without `mapping`: 0 may be a tie, or a loss that somebody wrote so.
    probabilities : array_like of shape (n, 3), optional
        Instead of `vote`: probabilities that first wins, ties, loses. A row must add up to 1 within
        1e-6. It counts as `strength` pseudo-votes, and as one run.
    strength : float, default 1.0
        Pseudo-votes of a row of probabilities.
    mapping : mapping, optional
        Value of `vote` to 1, 0 or -1, or to "first", "tie" or "second".
    group : array_like of shape (n,), optional
        Label of the set (query, topic) that the pair belongs to. Equal labels of items in different
        groups are different items.
    swapped : array_like of bool of shape (n,), optional
        True where the teacher was shown `second` first. It does not turn the vote: it is what
        position bias is measured from. Default: not recorded.
    weight : float or array_like of shape (n,), optional
        Scales what a row counts, finite and >= 0; it stays one run. A row of weight 0 names its
        pair and its teacher and counts for nothing else.
    n_threads : int, optional
        Default: all usable CPUs. The result does not depend on it.

    Attributes
    ----------
    teachers : ndarray of shape (n_teachers,)
        Labels, sorted.
    pairs : ndarray of shape (n_pairs,) or None
        Labels of pairs, where they have their own (`from_pairs`).
    items, groups : ndarray or None
        Labels of items and of groups.
    first, second, group : ndarray of shape (n_pairs,) or None
        Labels of each pair's items and group; first before second in `items`.
    pair_ptr : ndarray of int64, shape (n_pairs + 1,)
        Pair k has the cells pair_ptr[k] to pair_ptr[k + 1].
    pair, teacher : ndarray of int32, shape (n_cells,)
        Pair and teacher of each cell, as positions.
    win, tie, loss : ndarray of float64, shape (n_cells,)
        Masses, as the pair's first item sees them.
    runs : ndarray of int32, shape (n_cells,)
        Rows of each cell that have weight.
    total, square : ndarray of float64, shape (n_cells,)
        Sums over the runs of P(win) - P(loss) and of its square, not weighted.
    swapped_runs, swapped_total : ndarray or None
        `runs` and `total` of the rows that were shown in the other order.

    Raises
    ------
    ValueError
        If lengths differ, there is no row, a vote is neither 1, 0 or -1 nor a known word, a
        probability is outside
        [0, 1] or a row of them does not add up to 1, a weight is negative or not finite, a label is
        missing, an item meets itself; the message names the argument, position and value.
    TypeError
        If labels are neither integers nor text, or not exactly one of `vote` and `probabilities` is
        given.

    Notes
    -----
    O(n) time. Hard votes without weights and orders need 2 to 8 bytes a row while they are sorted
    and 16 bytes a cell afterwards; other votes 12 a row and 52 to 64 a cell.

    Examples
    --------
    >>> import venire as vn
    >>> v = vn.Votes(["a", "b", "a"], ["b", "a", "b"], ["ann", "ann", "bea"], [1, -1, 0])
    >>> v
    Votes(n_pairs=1, n_teachers=2, n_votes=3)
    >>> v.win.tolist(), v.tie.tolist(), v.runs.tolist()
    ([2.0, 0.0], [0.0, 1.0], [2, 1])
    """

    def __init__(
        self,
        first: ArrayLike,
        second: ArrayLike,
        teacher: ArrayLike,
        vote: ArrayLike | None = None,
        probabilities: ArrayLike | None = None,
        *,
        group: ArrayLike | None = None,
        swapped: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        strength: float = 1.0,
        mapping: Mapping[Any, Any] | None = None,
        n_threads: int | None = None,
    ) -> None:
        rows = checked_rows(
            first=first, second=second, teacher=teacher,
            vote=hard_votes(vote, mapping, first=first, second=second),
            probabilities=probabilities, group=group, swapped=swapped, weight=weight,
            strength=strength,
        )  # fmt: skip
        require_clear(rows.vote, vote, mapping)
        self._parts = (table_of(rows, checks.n_threads(n_threads)),)

    @classmethod
    def from_pairs(
        cls,
        pair: ArrayLike,
        teacher: ArrayLike,
        vote: ArrayLike | None = None,
        probabilities: ArrayLike | None = None,
        *,
        swapped: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        strength: float = 1.0,
        mapping: Mapping[Any, Any] | None = None,
        pairs: ArrayLike | None = None,
        n_threads: int | None = None,
    ) -> Votes:
        """Votes on pairs that have labels of their own.

        Parameters
        ----------
        pair : array_like of shape (n,)
            Labels: integers, or text. What "first" means must be the same in all rows of a pair.
        pairs : array_like of shape (n_pairs,), optional
            All pairs, those without votes too; they are sorted. Default: those that occur.
        teacher, vote, probabilities, swapped, weight, strength, mapping, n_threads
            As in `Votes`, which also says what is raised.

        Notes
        -----
        Ids in a range not much larger than the number of rows, with hard votes of few teachers, are
        counted in one parallel pass, 2 to 4 bytes a row; others are sorted.

        Examples
        --------
        >>> import venire as vn
        >>> v = vn.Votes.from_pairs([7, 7, 9], [0, 1, 0], [1, 1, -1])
        >>> v.pairs.tolist(), v.pair_ptr.tolist()
        ([7, 9], [0, 2, 3])
        """
        rows = checked_rows(
            pair=pair, teacher=teacher, vote=hard_votes(vote, mapping),
            probabilities=probabilities, swapped=swapped, weight=weight, strength=strength,
            pairs=pairs,
        )  # fmt: skip
        require_clear(rows.vote, vote, mapping)
        return cls.from_tables(table_of(rows, checks.n_threads(n_threads)))

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        columns: VoteColumns | None = None,
        *,
        strength: float = 1.0,
        n_threads: int | None = None,
        as_shown: bool = False,
        **named: Unpack[VoteColumnNames],
    ) -> Votes:
        """Votes from columns of a data frame (pandas, Polars, PyArrow, ...).

        Parameters
        ----------
        frame : data frame, or mapping of str to array
            Anything that narwhals knows.
        columns : VoteColumns, optional
            What its columns say. Gold is not read.
        strength, n_threads
            As in `Votes`, which also says what is raised; a message names column and row.
        as_shown : bool, default False
            Where nothing says how pairs were shown, first was shown first in every row: position
            bias can then be measured. It costs time and memory, see the notes of `Votes`.
        **named
            The arguments of `VoteColumns` one by one, instead of `columns`. What is missing is
            found by the names of the columns and by what stands in them; `taken` says what was.

        Examples
        --------
        >>> import venire as vn
        >>> frame = {"q": ["x", "y"], "judge": ["j", "j"], "one": ["A", "B"], "two": ["A", None]}
        >>> v = vn.Votes.from_frame(frame, pair="q", teacher="judge", vote=["one", "two"])
        >>> v.runs.tolist(), v.win.tolist()
        ([2, 1], [2.0, 0.0])
        """
        from venire.data.votes.frame import frame_rows

        chosen = recognition.of_frame(VoteColumns, columns, named, frame)
        own = chosen.columns.shown_as_written() if as_shown else chosen.columns
        rows = frame_rows(frame, own, strength)
        self = cls.from_rows(rows, n_threads)
        self.taken = chosen.said(rows.taken(chosen.columns))
        return self

    @classmethod
    def from_rows(cls, rows: VoteRows, n_threads: int | None = None) -> Votes:
        """From rows that were checked."""
        self = cls.from_tables(table_of(rows, checks.n_threads(n_threads)))
        self.strata = rows.strata
        return self

    @classmethod
    def from_tables(cls, *parts: Table) -> Votes:
        """From tables that are known to be in order."""
        self = cls.__new__(cls)
        self._parts = parts
        return self

    # ---- new objects from old ones ------------------------------------------------------------

    def append(
        self,
        *labels: ArrayLike,
        vote: ArrayLike | None = None,
        probabilities: ArrayLike | None = None,
        group: ArrayLike | None = None,
        swapped: ArrayLike | None = None,
        weight: ArrayLike | None = None,
        strength: float = 1.0,
        mapping: Mapping[Any, Any] | None = None,
        n_threads: int | None = None,
    ) -> Votes:
        """These votes and the rows of another round; the old rows are not read again.

        Parameters
        ----------
        *labels : array_like of shape (n,)
            first, second, teacher and vote; or pair, teacher and vote where the pairs have labels
            of their own. The votes may be given by name instead.
        vote, probabilities, group, swapped, weight, strength, mapping, n_threads
            The new rows, as in `Votes`.

        Returns
        -------
        Votes
            A new object.

        Notes
        -----
        Time in proportion to the new rows: tables are put together when the result is first used,
        or when the newer ones have grown to half of the older one's size.

        Examples
        --------
        >>> import venire as vn
        >>> v = vn.Votes(["a"], ["b"], ["ann"], [1])
        >>> v.append(["b", "a"], ["c", "b"], ["ann", "bea"], vote=[1, -1])
        Votes(n_pairs=2, n_teachers=2, n_votes=3)
        """
        own = self._parts[0].names.pairs is not None
        wanted = ("pair", "teacher") if own else ("first", "second", "teacher")
        if len(labels) == len(wanted) + 1 and vote is None:
            vote, labels = labels[-1], labels[:-1]
        if len(labels) != len(wanted):
            raise TypeError(
                f"append takes {', '.join(wanted)} by position, then vote=... or "
                f"probabilities=...; got {len(labels)} arrays"
            )
        given = dict(zip(wanted, labels, strict=True))
        rows = checked_rows(
            **given, vote=hard_votes(vote, mapping, **given), probabilities=probabilities,
            group=group, swapped=swapped, weight=weight, strength=strength,
        )  # fmt: skip
        if not any((part.columns["loss"] > 0).any() for part in self._parts):
            require_clear(rows.vote, vote, mapping)
        if own and group is not None:
            raise TypeError("group goes with first and second")
        if not own and (group is None) != (self._parts[0].names.groups is None):
            checks.fail("group", "both or neither of the votes must have groups")
        return self._with(table_of(rows, checks.n_threads(n_threads)))

    def __add__(self, other: Votes) -> Votes:
        """Both together; pairs and teachers are the union."""
        if not isinstance(other, Votes):
            return NotImplemented
        return self._with(other.table)

    def _with(self, table: Table) -> Votes:
        """One more table; small ones are put together so that few remain."""
        parts = [*self._parts, table]
        while len(parts) > 1 and 2 * parts[-1].n_cells >= parts[-2].n_cells:
            last = parts.pop()
            parts[-1] = joined(parts[-1], last, checks.n_threads(None))
        return self.from_tables(*parts)
