"""When a row was among all: ranks of dates, whatever their order and their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._records import BLOCK, Records
from venire.diagnostics._store import Column, in_parts

__all__ = ["Dated", "Ranks"]

Floats = NDArray[np.float64]
_HELD = 1 << 20  # times that are held; more are brought together in parts
_PART = 1 << 21  # rows of a part, about
_SOME = 1 << 16  # rows that say how the times are spread


class Dated(NamedTuple):
    """Rows that have a date: items, residuals, variances, and when they were, from -1 to 1."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    residual: Floats
    variance: Floats
    date: Floats
    u: Floats


class Ranks:
    """Times of rows as ranks: the middle of those of one time, over all, from -1 to 1.

    Times that are more than fit into memory are brought together in stretches of time.

    Parameters
    ----------
    records : Records

    Attributes
    ----------
    n : int
        Rows that have a date.
    n_times : int
        Times there are, 2 at least if not all are held.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._times = _counted((_known(b.date) for b in records.blocks()), _HELD)
        if self._times is not None:
            self.n, self.n_times = int(self._times[1].sum()), len(self._times[0])
            self._middle = _middle(self._times[1], 0, self.n)
        else:
            self.n = sum(len(_known(b.date)) for b in records.blocks())
            self.n_times = sum(len(_times(p, self.n)[0]) for p in self._parts(None))

    def rows(self, e: Evidence) -> Iterator[Dated]:
        """All that have a date, in blocks."""
        if self._times is not None:
            for rows in self._read(e):
                u = self._middle[np.searchsorted(self._times[0], rows[-1])]
                yield Dated._make((*rows, u))
            return
        before = 0
        for part in self._parts(e):
            times, counts = _times(part, self.n)
            middle = _middle(counts, before, self.n)
            before += int(counts.sum())
            for k in range(0, len(part[0]), BLOCK):
                some = [x.read(k, min(k + BLOCK, len(x))) for x in part]
                yield Dated._make((*some, middle[np.searchsorted(times, some[-1])]))

    def _read(self, e: Evidence | None) -> Iterator[tuple[Any, ...]]:
        for block in self._records.blocks():
            date = block.date
            known = np.isfinite(date)
            columns: tuple[Any, ...] = (date,)
            if e is not None:
                residual, variance, _ = e.residuals(block)
                columns = (block.first, block.second, residual, variance, date)
            yield columns if known.all() else tuple(x[known] for x in columns)

    def _parts(self, e: Evidence | None) -> Iterator[list[Column]]:
        """The rows in stretches of time, the earliest first."""
        r = self._records
        some = np.concatenate([_known(b.date) for b in r.every(max(len(r) // _SOME, 1))])
        n_parts = min(max(-(-self.n // _PART), 2), 1 << 12)
        edges = np.unique(np.quantile(some, np.arange(1, n_parts) / n_parts, method="nearest"))

        def rows() -> Iterator[tuple[Any, ...]]:
            for columns in self._read(e):
                yield np.searchsorted(edges, columns[-1], side="right"), *columns

        yield from in_parts(rows(), len(edges) + 1)


def _known(date: Floats) -> Floats:
    known = np.isfinite(date)
    return date if known.all() else date[known]


def _times(part: list[Column], most: int) -> tuple[Floats, NDArray[np.int64]]:
    found = _counted(part[-1].blocks(BLOCK), most)
    assert found is not None
    return found


def _middle(counts: NDArray[np.int64], before: int, n: int) -> Floats:
    start = before + np.cumsum(counts) - counts
    return (2.0 * start + counts) / n - 1.0


def _counted(dates: Iterable[Floats], most: int) -> tuple[Floats, NDArray[np.int64]] | None:
    """The times, sorted, and how many rows each has; None if there are more than that."""
    values, counts = np.empty(0), np.empty(0, np.int64)
    pending: list[tuple[Floats, NDArray[np.int64]]] = []

    def settled() -> tuple[Floats, NDArray[np.int64]]:
        x, n = (np.concatenate(y) for y in zip((values, counts), *pending, strict=True))
        by = np.argsort(x, kind="stable")
        x = x[by]
        at = np.flatnonzero(np.r_[True, x[1:] != x[:-1]]) if len(x) else np.empty(0, np.int64)
        return x[at], np.add.reduceat(n[by], at) if len(at) else counts

    waiting = 0
    for date in dates:
        pending.append(np.unique(date, return_counts=True))
        waiting += len(pending[-1][0])
        if waiting > max(len(values), 4 * BLOCK):
            values, counts = settled()
            pending, waiting = [], 0
            if len(values) > most:
                return None
    values, counts = settled()
    return None if len(values) > most else (values, counts)
