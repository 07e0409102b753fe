"""Files of comparisons, added up: one unit after the other, or each as a task.

What others build on::

    units, how, n_rows = units_and_how(
        scanner, how
    )  # what the files are cut into, by the data alone
    sums = summed(unit, how)  # CellSums: a pure function, of top level, for any process
    total.merge(sums)  # in the order of the units
    comparisons = total.finish()

`venire.io.adding.add_up` does all of that: it settles what only all rows together say (how outcomes
are read, when the last of them was), here or with the tasks of an executor, and reads again where
the first rows promised something else. `How` and `Unit` pickle, and so do sums, as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from venire.data.ageing import instants
from venire.data.coding import Encoded
from venire.data.columns import Columns
from venire.data.frames import look, read_frame
from venire.data.outcomes import Reading, Survey, Terms
from venire.data.rows import Rows
from venire.data.series import kept, missing
from venire.data.sums import CellSums
from venire.data.sums.splitting import Piece
from venire.io.assemble import LABELS, about_rows
from venire.io.scanner import Scanner
from venire.io.units import Unit, require_room, rows_at_a_time, unchanged, units_of

__all__ = ["Beside", "How", "latest", "summed", "surveyed", "units_and_how"]

_KEPT = 3 << 22  # rows that are held as they are, where there are no more
_TIMES = 8  # as many rows as other units have: of soft scores the cells are added to those before

Heard = Callable[[int], None]  # of further rows


class How(NamedTuple):
    """How the rows of all units are read and added."""

    columns: Columns
    items: Any = None
    is_text: bool = False  # some labels come from text files
    reading: Reading | None = None  # of outcomes
    memory: int | None = None  # bytes that the process may need
    n_threads: int | None = None

    @property
    def terms(self) -> Terms:
        """What is told of the column of outcomes."""
        return Terms(self.columns.mapping, self.columns.first, self.columns.second)

    @property
    def names(self) -> dict[str, str]:
        """The column of each argument."""
        return self.columns.in_file().names

    @property
    def at_a_time(self) -> int:
        """How many rows are read at a time."""
        return rows_at_a_time(self.memory, len(self.names))

    def within(self, memory: int | None, n_threads: int | None) -> How:
        """The same with other means."""
        return self._replace(memory=memory, n_threads=n_threads)

    def empty(self) -> CellSums:
        """The sums of no rows."""
        items = self.items
        as_integers = items is None or np.asarray(items).dtype.kind in "iu"
        left = _KEPT if self.memory is None else self.memory // 256
        return CellSums(
            items, is_text=self.is_text and as_integers, keep=min(left, _KEPT),
            n_threads=self.n_threads,
        )  # fmt: skip

    @staticmethod
    def restored(piece: Piece) -> CellSums:
        """The sums of what `CellSums.split` gave."""
        return CellSums.from_arrays(*piece, to_merge=True)

    @staticmethod
    def exact(sums: CellSums) -> bool:
        """Whether any order of summing gives the same bits."""
        return sums.is_exact


def units_and_how(scanner: Scanner, how: How) -> tuple[list[Unit], How, int | None]:
    """What the files are cut into, how they are read, and how many rows they have, if known."""
    found, is_text, n_rows = units_of(scanner, how.names, LABELS, times=_TIMES)
    return found, how._replace(is_text=is_text), n_rows


# ---- what a task does ---------------------------------------------------------------------------


class Beside(NamedTuple):
    """What else is read of each row, for somebody who wants more than sums.

    Attributes
    ----------
    names : sequence of str
        Further columns.
    see : callable
        Gets the checked rows of each piece, and the piece; returns the rows to add.
    """

    names: Sequence[str]
    see: Callable[[Rows, Any], Rows]


def summed(
    unit: Unit,
    how: How,
    into: CellSums | None = None,
    heard: Heard = lambda n: None,
    *,
    beside: Beside | None = None,
    opened: Scanner | None = None,
) -> CellSums:
    """The sums of the rows of a unit.

    Parameters
    ----------
    unit : Unit
    how : How
        With `columns.at` where there is a half-life. Without `reading` outcomes are read as the
        first piece says; the sums say whether that was right.
    into : CellSums, optional
        Sums of the rows before, to which these are added.
    heard : callable, optional
        Called with the number of rows of each piece.
    beside : Beside, optional
    opened : Scanner, optional
        Of the file of the unit alone, where there is one.

    Raises
    ------
    DataError
        If the file cannot be read, has changed, or holds a bad value; it says which.
    """
    import pyarrow as pa

    sums = how.empty() if into is None else into
    names, columns, done = how.names, how.columns, 0
    own: dict[str, Any] = {a: f"\0{a}" for a in LABELS if a in names}
    coded, called = replace(columns, **own), (columns.first, columns.second)
    rest = [name for a, name in names.items() if a not in LABELS]
    every = names if beside is None else names | {f"\0{k}": n for k, n in enumerate(beside.names)}
    with _located(unit, how, lambda at: done + at):
        for piece in unit.tables(every, how.at_a_time, scanner=opened).pieces:
            n = piece.num_rows
            if not n:
                continue
            frame: dict[str, Any] = {name: pa.chunked_array([piece[name]]) for name in rest}
            frame |= _coded(piece, names, sums)
            rows = read_frame(
                frame, coded, reading=how.reading or sums.reading, called=called,
                n_threads=how.n_threads, may_be_empty=True,
            )  # fmt: skip
            if rows.survey is not None:
                sums.look(rows.survey, how.reading, how.terms)
            rows = rows._replace(source=names)
            sums.add(rows if beside is None else beside.see(rows, piece))
            require_room(unit, how.memory, sums, "distinct cells")
            done += n
            heard(n)
    return sums


def _coded(piece: Any, names: dict[str, str], sums: CellSums) -> dict[str, Encoded]:
    """The labels of a piece, by the codes of the sums."""
    pair = ("first", "second")
    codes = dict(zip(pair, sums.labels.code(*(piece[names[a]] for a in pair)), strict=True))
    if "cluster" in names:
        (codes["cluster"],) = sums.clusters.code(piece[names["cluster"]])
    return {f"\0{argument}": found for argument, found in codes.items()}


@contextmanager
def _located(unit: Unit, how: How, at: Callable[[int], int]) -> Iterator[None]:
    """Errors within are about rows of the unit, or that its file has changed."""
    with (
        unchanged(unit),
        about_rows(unit.path, how.names, lambda position: (unit.path, unit.start + at(position))),
    ):
        yield


def surveyed(unit: Unit, how: How) -> tuple[Survey, int]:
    """What the outcomes of a unit look like, and how many rows it has."""
    names, columns, done = how.names, how.columns, 0
    own: dict[str, Any] = {a: f"\0{a}" for a in LABELS if a in names}
    called = (columns.first, columns.second)
    sums, found = how.empty(), Survey(0, {})
    ways = {a: name for a, name in names.items() if a in (*LABELS, "outcome")}
    with _located(unit, how, lambda at: done + at):
        for piece in unit.tables(ways, how.at_a_time).pieces:
            if piece.num_rows:
                frame = {ways["outcome"]: piece[ways["outcome"]], **_coded(piece, ways, sums)}
                found += look(frame, replace(columns, **own), called)
                done += piece.num_rows
    return found, done


def latest(unit: Unit, how: How) -> Any:
    """The last of the dates in a unit; those that are missing say nothing."""
    names = {"date": how.names["date"]}
    last, done = None, 0
    with _located(unit, how, lambda at: done + at):
        for piece in unit.tables(names, how.at_a_time).pieces:
            keep = ~missing(piece[names["date"]], "date")
            if keep.any():
                own = instants(kept(piece[names["date"]], keep), int(keep.sum())).max()
                last = own if last is None or own > last else last
            done += piece.num_rows
    return last
