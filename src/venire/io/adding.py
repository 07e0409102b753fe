"""All units of the files of comparisons added up, here or by tasks."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from venire._core.checks import BadInput, fail
from venire.data.outcomes import Reading, Survey
from venire.data.sums import CellSums
from venire.io._errors import DataError
from venire.io.assemble import about_rows
from venire.io.folding import folded
from venire.io.scanner import Scanner
from venire.io.summing import Heard, How, latest, summed, surveyed, units_and_how
from venire.io.units import Unit, alone

__all__ = ["add_up", "as_read", "require_rows"]


class _Tasks:
    """Functions of units, done here or by an executor, in the order of the units."""

    def __init__(self, units: Sequence[Unit], executor: Any, scanner: Scanner) -> None:
        self.units, self.executor, self.opened = units, executor, alone(scanner)

    @property
    def is_local(self) -> bool:
        """Whether they are done here."""
        return self.executor is None

    @property
    def is_apart(self) -> bool:
        """Whether they are done by other processes."""
        return self.executor is not None and self.executor.apart

    def each(self, name: str, function: Callable[..., Any], how: How) -> Iterator[Any]:
        """The result of each unit."""
        if self.executor is None:
            yield from (function(unit, how) for unit in self.units)
            return
        some = self.executor
        units = enumerate(unit.absolute() for unit in self.units)
        pending = [some.submit(name, k, function, unit, how) for k, unit in units]
        early: dict[int, Any] = {}
        want = 0
        for at, result in some.completed(pending):
            early[at] = result
            while want in early:
                yield early.pop(want)
                want += 1


def add_up(
    scanner: Scanner,
    how: How,
    *,
    executor: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> CellSums:
    """The sums of all rows of the files.

    Parameters
    ----------
    scanner : Scanner
    how : How
    executor : venire.batch.Executor, optional
        Who does the tasks, one for each unit.
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.

    Raises
    ------
    DataError
        If a file cannot be read or holds a bad value.
    """
    units, how, n_rows = units_and_how(scanner, how)
    tasks = _Tasks(units, executor, scanner)
    told = progress if n_rows else None
    columns = how.columns
    if columns.half_life is not None and columns.at is None:
        dates = [at for at in tasks.each("latest", latest, how) if at is not None]
        how = how._replace(columns=replace(columns, at=_last(dates, scanner)))
    if columns.outcome is not None and executor is not None:
        how = how._replace(reading=_first_reading(units, how))

    def fold(how: How) -> CellSums:
        return _folded(tasks, how, told, n_rows or 0)

    def surveys(how: How) -> list[Any]:
        return list(tasks.each("survey", surveyed, how))

    sums = as_read(scanner, units, how, fold, surveys)
    if how.columns.at is not columns.at and sums.latest != how.columns.at:
        # the last of all dates stood in a row that is left out
        how = how._replace(columns=replace(columns, at=sums.latest))
        sums = as_read(scanner, units, how, fold, surveys)
    require_rows(scanner, how, sums)
    return sums


def _last(dates: list[Any], scanner: Scanner) -> Any:
    if not dates:
        return None
    if len({isinstance(at, np.datetime64) for at in dates}) > 1:
        reason = "must be of the calendar, or numbers, in all rows"
        raise DataError(scanner.path, reason, argument="date")
    return max(dates)


def require_rows(scanner: Scanner, how: How, sums: CellSums) -> None:
    """Refuse files without rows, or without any that is not left out."""
    if not sums.n_rows:
        raise DataError(scanner.path, "holds no rows")
    if sums.n_rows == sum(sums.dropped.values()):
        told = ", ".join(f"{count:,} {reason}" for reason, count in sums.dropped.items())
        with about_rows(scanner.path, how.names):
            fail("first", f"no row is left: {told}")


def as_read(
    scanner: Scanner,
    units: Sequence[Unit],
    how: How,
    fold: Callable[[How], CellSums],
    surveys: Callable[[How], list[tuple[Survey, int]]],
) -> CellSums:
    """The sums, outcomes read as the whole column says: again, if the first rows said otherwise.

    Parameters
    ----------
    scanner : Scanner
    units : sequence of Unit
    how : How
    fold : callable
        Gives the sums of all units, read in this way.
    surveys : callable
        Gives what the outcomes of each unit look like, and its rows.
    """
    try:
        sums = fold(how)
    except DataError:
        if how.columns.outcome is None:
            raise
        reading = _reading(scanner, units, how, surveys(how))
        return fold(how._replace(reading=reading))
    if sums.survey is None or not sums.survey.seen:
        return sums
    whole = sums.survey
    reading = _reading(scanner, units, how, [(whole, sums.n_rows)])
    if reading != sums.reading:
        sums = fold(how._replace(reading=reading))
    sums.notes = whole.notes(reading, how.terms)
    return sums


def _reading(
    scanner: Scanner, units: Sequence[Unit], how: How, found: Sequence[tuple[Survey, int]]
) -> Reading:
    """How all rows together say that outcomes are read."""

    def place(at: int) -> Any:
        rows = [n for _, n in found]
        if len(rows) != len(units):  # of the whole: counted again, where somebody asks
            rows = [n for _, n in (surveyed(unit, how) for unit in units)]
        for unit, n in zip(units, rows, strict=True):
            if at < n:
                return unit.path, unit.start + at
            at -= n
        raise IndexError(at)

    with about_rows(scanner.path, how.names, place):
        return reduce(operator.add, (survey for survey, _ in found)).reading(terms=how.terms)


def _first_reading(units: Sequence[Unit], how: How) -> Reading | None:
    """What the first rows say, of which all tasks must think the same."""
    for unit in units:
        try:
            found, n = surveyed(unit._replace(row_groups=_first_of(unit)), how)
            if n:
                return found.reading(terms=how.terms)
        except (DataError, BadInput):
            return None
    return None


def _first_of(unit: Unit) -> range | None:
    return None if unit.row_groups is None else unit.row_groups[:1]


def _folded(tasks: _Tasks, how: How, told: Any, n_rows: int) -> CellSums:
    """The sums of all units, one after the other."""
    done = 0

    def heard(n: int) -> None:
        nonlocal done
        done += n
        if told is not None:
            told(done, n_rows)

    if tasks.is_local:
        total = _added(tasks, how, heard)
        if total is not None:
            return total
        done = 0
    if tasks.is_apart:
        return folded(
            tasks.executor, summed, tasks.units, how,
            lambda n, of: None if told is None else told(n_rows * n // of, n_rows),
        )  # fmt: skip
    total = how.empty()
    for sums in tasks.each("sums", summed, how):
        total.merge(sums)
        heard(sums.n_rows)
    return total


def _added(tasks: _Tasks, how: How, heard: Heard) -> CellSums | None:
    """The rows of all units added as they come; None where that is not what their sums make.

    It is for wholes and halves, of which sums are exact, and for the first unit.
    """
    total = how.empty()
    for k, unit in enumerate(tasks.units):
        if k == 0 or total.is_exact:
            summed(unit, how, total, heard, opened=tasks.opened)
            if k and not total.is_exact:
                return None
        else:
            own = how._replace(reading=how.reading or total.reading)
            total.merge(summed(unit, own, None, heard, opened=tasks.opened))
    return total
