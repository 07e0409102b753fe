"""Files as evidence: rows as they come, and what the other columns say of each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from venire._core.memory import release, resident
from venire.data import Columns, Comparisons
from venire.data.coding import Encoded
from venire.data.rows import Rows
from venire.data.sums import CellSums
from venire.data.taken import Taken
from venire.diagnostics._alike import Signatures
from venire.diagnostics._dates import Moments
from venire.diagnostics._evidence import Evidence
from venire.diagnostics._reading import full, plain_and_styled, told_by
from venire.diagnostics._records import KINDS, Records
from venire.diagnostics._store import ROOM, Column, Store
from venire.diagnostics._units import Weights, in_units
from venire.io import DataError
from venire.io.adding import as_read, require_rows
from venire.io.scanner import Scanner
from venire.io.summing import Beside, How, summed, surveyed, units_and_how

__all__ = ["of_source"]

_LEAST = 16 << 20  # bytes that rows and their parts get in any case
_CELL, _ITEM, _VOTER = 150, 400, 250  # bytes of each that the checks need, about


def of_source(
    scanner: Scanner,
    columns: Columns,
    order_effect: bool,
    n_threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    memory: int | None = None,
) -> tuple[Evidence, Taken]:
    """All columns are read, piece by piece; those that fits do not ask for leave a number a row.

    Parameters
    ----------
    scanner : Scanner
    columns : Columns
    order_effect : bool
    n_threads : int, optional
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.
    memory : int, optional
        Bytes that the process may need. Rows that do not fit go to a temporary file.
    """
    own = replace(columns, date=None, half_life=None, at=None)  # dates of any form
    how = How(own, memory=memory, n_threads=n_threads)
    names = columns.in_file().names
    further, notes = _further(scanner, set(names.values()))
    try:
        reading = _Reading(scanner, columns, how, further, progress)
        evidence, taken = reading.read(order_effect)
    except DataError as error:  # a column that nobody asked for need not be whole
        if not further or error.column in names.values():
            raise
        notes = [f"{error.column or 'a column'} cannot be read: no other column is looked at"]
        reading = _Reading(scanner, columns, how, [], progress)
        evidence, taken = reading.read(order_effect)
    return evidence, replace(taken, notes=(*taken.notes, *notes))


def _further(scanner: Scanner, asked: set[str]) -> tuple[list[str], list[str]]:
    """Columns that nobody asked for and that all files have; and what is to be said of others."""
    some = [name for name in scanner.names if name not in asked]
    every = list(some)
    for number in range(1, len(scanner.files)) if some else ():
        own = set(scanner.format(number).names)
        every = [name for name in every if name in own]
    lost = [name for name in some if name not in every]
    notes = [f"not in all files: {', '.join(lost[:5])}{', ...' * (len(lost) > 5)}"] if lost else []
    return every, notes


class _Reading:
    """A source, read once from end to end, or again where only the whole tells what outcomes mean.

    Parameters
    ----------
    scanner : Scanner
    columns : Columns
    how : How
    further : sequence of str
        Columns that say which rows are copies.
    progress : callable, optional
    """

    def __init__(
        self,
        scanner: Scanner,
        columns: Columns,
        how: How,
        further: Sequence[str],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._scanner, self._columns, self._further = scanner, columns, further
        self._units, self._how, self._n_rows = units_and_how(scanner, how)
        self._progress = progress if self._n_rows else None
        self._starts: list[int] = []  # rows of all before each unit
        self._begin()

    def _begin(self) -> None:
        memory = self._how.memory
        room = ROOM if memory is None else min(max((memory - resident()) // 5, _LEAST), ROOM)
        self._store = Store(room)
        self._rows: dict[str, Column] = {}
        self._kept = Column(self._store, np.int64)
        self._done = 0
        self._voters = np.zeros(0, np.uint8)
        names = self._columns.names
        self._signatures = Signatures(names, self._store)
        self._moments = None if self._columns.date is None else Moments(self._store)
        self._weights = Weights()
        self._score = (np.inf, -np.inf)

    # ---- rows as they come --------------------------------------------------------------------

    def _fold(self, how: How) -> CellSums:
        """One reading of all units."""
        self._begin()
        self._starts = []
        sums = how.empty()
        date = [] if self._columns.date is None else [self._columns.date]
        beside = Beside([*date, *self._further], self._see)
        for unit in self._units:
            self._starts.append(self._done)
            summed(unit, how, sums, self._heard, beside=beside)
        return sums

    def _heard(self, n: int) -> None:
        self._done += n
        if self._progress is not None:
            self._progress(self._done, self._n_rows or 0)

    def _see(self, rows: Rows, piece: Any) -> Rows:
        """Keep what rows say beside their cells."""
        kept, names = rows.kept, set(self._columns.names)
        if kept is not None:
            while len(self._kept) < len(self._rows.get("first", ())):  # none was left out so far
                before = len(self._kept)
                stop = min(before + (1 << 20), len(self._rows["first"]))
                self._kept.add(np.arange(before, stop))
            self._kept.add(self._done + kept)
        elif len(self._kept):
            self._kept.add(np.arange(self._done, self._done + rows.n))
        if self._further or not names.isdisjoint(("date", "cluster")):
            every = {name: piece[name] for name in piece.schema.names}
            self._signatures.add(every, kept)
        if self._moments is not None:
            self._moments.add(piece[self._columns.date], kept)
        told = told_by(rows)
        if len(told["score"]):
            low, high = self._score
            self._score = min(low, told["score"].min()), max(high, told["score"].max())
        for name, x in told.items():
            if x is None:
                continue
            if name not in self._rows:
                self._rows[name] = Column(self._store, KINDS[name])
            self._rows[name].add(x)
        if rows.cluster is not None:
            assert isinstance(rows.cluster, Encoded)
            size = len(rows.cluster.items)
            if size > len(self._voters):
                more = size + size // 4 - len(self._voters)
                self._voters = np.r_[self._voters, np.zeros(more, np.uint8)]
            self._voters[rows.cluster.codes] = 1
        if rows.weight is not None and rows.win is None:
            self._weights.add(full(rows.weight, rows.n))
        return rows._replace(cluster=None)

    # ---- what they are evidence of ------------------------------------------------------------

    def read(self, order_effect: bool) -> tuple[Evidence, Taken]:
        """The evidence, and how the source was read."""

        def surveys(how: How) -> list[Any]:
            return [surveyed(unit, how) for unit in self._units]

        sums = as_read(self._scanner, self._units, self._how, self._fold, surveys)
        require_rows(self._scanner, self._how, sums)
        _, place = sums.settled()
        clusters = None
        if "cluster" in self._rows:
            seen = np.zeros(len(sums.clusters), bool)
            seen[: len(self._voters)] = self._voters[: len(seen)] == 1
            clusters, self._rows["cluster"].place = sums.clusters.settled(seen)
        n_rows, dropped, notes = sums.n_rows, dict(sums.dropped), sums.notes
        comparisons = sums.finish()
        del sums
        self._rows["first"].place = self._rows["second"].place = place
        records = Records(self._rows, clusters, room=self._store.room)
        lost: list[tuple[str, int]] = []
        if self._moments is not None:
            date = self._moments.finish()
            if date is not None:
                self._rows["date"] = date
            elif self._moments.lost:
                lost.append(("dates", self._moments.lost))
        if self._signatures.n_rows:
            low, high = self._score
            voter = str(self._columns.cluster) if clusters is not None else ""
            records.signs = self._signatures.finish(voter, one_score=low == high)
        if self._weights.may_be_shares:
            comparisons = in_units(records, comparisons, self._weights)
        plain, styled = plain_and_styled(comparisons)
        self._require_room(records, plain)
        return Evidence(
            plain, records, order_effect, self._columns.constant in (0.0, 1.0), dropped, n_rows,
            str(self._columns.cluster or ""), self._place,
            self._kept if len(self._kept) else None, styled=styled, lost=tuple(lost),
        ), Taken(
            columns=self._columns, n_rows=n_rows, dropped=dropped,
            notes=(*self._scanner.notes, *notes),
        )  # fmt: skip

    def _place(self, position: int) -> tuple[str, int]:
        """File and row, from 0, of a row of all."""
        k = bisect_right(self._starts, position) - 1
        return self._units[k].path.name, self._units[k].start + position - self._starts[k]

    def _require_room(self, records: Records, c: Comparisons) -> None:
        """Say what is needed where memory does not hold what the checks make of cells."""
        if self._how.memory is None:
            return
        release()
        voters = 0 if records.clusters is None else len(records.clusters)
        needed = resident() + _CELL * c.n_cells + _ITEM * len(c.items) + _VOTER * voters
        if needed > self._how.memory:
            reason = (
                f"an audit of {c.n_cells:,} distinct cells of {len(c.items):,} items needs "
                f"{needed >> 20:,} MiB, but memory is {self._how.memory >> 20:,} MiB"
            )
            raise DataError(self._scanner.path, reason, argument="memory")
        records.room = min(max((self._how.memory - needed) // 2, _LEAST), ROOM)
