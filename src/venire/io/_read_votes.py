"""Votes from files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire._core.executor import Executor, lent
from venire._core.memory import bytes_of
from venire.data.columns import VoteColumnNames, VoteColumns
from venire.data.taken import Taken
from venire.data.votes import Votes
from venire.io._errors import DataError
from venire.io._read import Progress
from venire.io.assemble import about_rows
from venire.io.choosing import chosen_in, opened
from venire.io.folding import folded
from venire.io.scanner import Dialect, Scanner
from venire.io.units import Unit, alone
from venire.io.voting import (
    How,
    Part,
    dropped_in_order,
    finished,
    n_rows_of,
    reading_of,
    summed,
    units_and_how,
)

__all__ = ["VotesFile", "read_votes"]


class VotesFile(NamedTuple):
    """What a file of votes holds.

    Attributes
    ----------
    votes : Votes
    gold : ndarray of float64, shape (n_pairs,), or None
        Share that each pair's first item truly got, NaN where the file does not say.
    """

    votes: Votes
    gold: NDArray[np.float64] | None


def read_votes(
    path: Any,
    columns: VoteColumns | None = None,
    *,
    dialect: Dialect | None = None,
    strength: float = 1.0,
    n_threads: int | None = None,
    memory: int | str | None = None,
    executor: Any = None,
    progress: Progress | None = None,
    as_shown: bool = False,
    **named: Unpack[VoteColumnNames],
) -> VotesFile:
    """Read teachers' votes from a file.

    Parameters
    ----------
    path : path-like, binary file, list of them, or Scanner
        As in `read_comparisons`.
    columns : VoteColumns, optional
        What its columns say. In text files labels that all are written as integers become integers.
    dialect : Dialect, optional
        How text files are written; default: what their first rows say.
    strength : float, default 1.0
        As in `Votes`.
    n_threads : int, optional
    memory : int or str, optional
        Bytes that the process may need, or a size like "1GiB": how much is read at a time. The
        result does not depend on it.
    executor : int, str, distributed.Client or Executor, optional
        Who adds up the parts of the files, as for `read_comparisons`; the same bits.
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.
    as_shown : bool, default False
        As in `Votes.from_frame`.
    **named
        The arguments of `VoteColumns` one by one, instead of `columns`. What is missing is
        found by the names of the columns and by what stands in them; `taken` says what was.

    Returns
    -------
    VotesFile

    Raises
    ------
    DataError
        If the file cannot be read or holds a bad value; the message names file, row and column. If
        the judgments need more than `memory`; the message says how much.
    TypeError
        As for `VoteColumns`.

    Notes
    -----
    Rows are read in batches, only the columns that are named, and added up as they come: memory is
    that of the distinct judgments and one batch. Where votes or weights are soft, sums are taken in
    the order of the rows within a file, or within each 2 M rows of a large Parquet file, and these
    in their order: the same bits whatever the memory and the threads.

    Examples
    --------
    >>> import venire as vn
    >>> votes, gold = vn.io.read_votes(
    ...     "votes.csv", pair="item", teacher="judge", vote="vote", gold="gold"
    ... )  # doctest: +SKIP
    """
    scanner = opened(path, dialect)
    found = chosen_in(scanner, VoteColumns, columns, named)
    chosen = found.columns
    how = How(chosen, as_shown, strength, memory=_bytes(memory), n_threads=n_threads)
    units, how, n_rows = units_and_how(scanner, how)
    rows: list[int] = []  # of each unit

    def place(position: int) -> tuple[Any, int]:
        """File and row of a row of all units."""
        if not rows:  # others have read them
            rows.extend(n_rows_of(unit, how) for unit in units)
        starts = np.cumsum([0, *rows])
        which = max(int(np.searchsorted(starts, position, "right")) - 1, 0)
        unit = units[min(which, len(units) - 1)]
        return unit.path, unit.start + position - int(starts[which])

    with about_rows(scanner.path, how.names, place), lent(executor) as tasks:
        while True:
            rows.clear()
            heard = _telling(progress, n_rows)
            if tasks is None:
                part = _added(units, how, rows, heard, scanner)
            elif tasks.apart:
                part = folded(tasks, summed, units, how, _shares(progress, n_rows))
            else:
                part = _one_by_one(units, how, rows, heard, tasks)
            if part.n_rows == 0:
                raise DataError(scanner.path, "holds no rows")
            how, notes, is_right = reading_of(part, how)
            if is_right:
                break
        votes, gold = finished(part, how)
    taken = Taken(
        columns=chosen, n_rows=part.n_read, dropped=dropped_in_order(part.dropped),
        notes=(*scanner.notes, *notes),
    )  # fmt: skip
    votes.taken = found.said(taken)
    return VotesFile(votes, gold)


def _added(
    units: Sequence[Unit], how: How, rows: list[int], heard: Callable[[int], None], scanner: Scanner
) -> Part:
    """All units, one after the other; how many rows each has goes into `rows`."""
    total = Part(how)
    for unit in units:
        before = total.n_rows
        own = alone(scanner)
        if how.is_exact or not before:
            summed(unit, how, total, heard, own)
        else:
            total.merge(summed(unit, how, None, heard, own))
        rows.append(total.n_rows - before)
    return total


def _one_by_one(
    units: Sequence[Unit], how: How, rows: list[int], heard: Callable[[int], None], tasks: Executor
) -> Part:
    """The same by tasks, one for each unit; their sums are added in the order of the units."""
    pending = [
        tasks.submit("sums", k, summed, unit.absolute(), how) for k, unit in enumerate(units)
    ]
    total, early = Part(how), dict[int, Part]()
    for at, found in tasks.completed(pending):
        early[at] = found
        heard(found.n_rows)
        while len(rows) in early:
            part = early.pop(len(rows))
            rows.append(part.n_rows)
            total.merge(part)
    return total


def _telling(progress: Progress | None, n_rows: int | None) -> Callable[[int], None]:
    """What is told of further rows, and passes on how many are done, where the total is known."""
    done = 0

    def told(n: int) -> None:
        nonlocal done
        done += n
        if progress is not None and n_rows:
            progress(done, n_rows)

    return told


def _shares(progress: Progress | None, n_rows: int | None) -> Callable[[int, int], None]:
    """What is told of units, and passes on about how many rows they have."""

    def told(n: int, of: int) -> None:
        if progress is not None and n_rows:
            progress(n_rows * n // of, n_rows)

    return told


def _bytes(memory: int | str | None) -> int | None:
    """A size in bytes."""
    if memory is None:
        return None
    if isinstance(memory, str):
        try:
            return bytes_of(memory)
        except ValueError:
            fail("memory", "must be a size like 512M or 4G", value=memory)
    return checks.whole(memory, "memory", 1, None)
