"""Weights: whether they count comparisons, and what one comparison weighs where they do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.data import Comparisons
from venire.data.rows import Rows
from venire.data.sums import CellSums
from venire.diagnostics._records import KINDS, Records
from venire.diagnostics._store import Column, Store, by_key, mixed

__all__ = ["Weights", "in_units"]

_COUNTS = 5.0  # mean of whole weights from which they count comparisons


class Weights:
    """What a column of weights looks like, as it comes.

    Attributes
    ----------
    n : int
    total, low, high : float
    is_whole : bool
    """

    def __init__(self) -> None:
        self.n, self.total, self.low, self.high = 0, 0.0, np.inf, -np.inf
        self.is_whole = True

    def add(self, x: np.ndarray) -> None:
        """Further rows."""
        if len(x):
            self.n, self.total = self.n + len(x), self.total + float(x.sum())
            self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))
            self.is_whole = self.is_whole and bool((x == np.floor(x)).all())

    @property
    def may_be_shares(self) -> bool:
        """Whether they may say something other than how many comparisons a row is."""
        return self.n > 0 and not (self.low == self.high and self.is_whole)


def in_units(records: Records, c: Comparisons, weights: Weights) -> Comparisons:
    """The cells in comparisons, and masses of the records, too; the same where weights count them.

    Each pair is taken to be Kish's effective number of comparisons, (sum w)^2 / sum w^2. Weights
    count where they are whole and large, and hardly a row has the items and the score of another.

    Parameters
    ----------
    records : Records
        Their masses are weights; they get a column `unit`.
    c : Comparisons
        Cells of the weights.
    weights : Weights
    """
    n = len(c.items)
    is_large = weights.is_whole and weights.total / weights.n >= _COUNTS
    if is_large and 1.2 * _distinct(records, n) >= weights.n:
        return c
    key = np.unique(c.first.astype(np.int64) * n + c.second)
    total, square = np.zeros((2, len(key)))

    def places(pair: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        place = np.minimum(np.searchsorted(key, pair), len(key) - 1)
        return place, key[place] == pair  # but for pairs without weight

    for block in records.blocks():
        place, here = places(block.pair(n))
        np.add.at(total, place[here], block.masses[here])
        np.add.at(square, place[here], np.square(block.masses[here]))
    of_pair = np.divide(square, total, np.ones(len(key)), where=total > 0.0)
    store = Store(records.room)
    mass, units = Column(store, KINDS["mass"]), Column(store, KINDS["unit"])
    sums = CellSums()
    for block in records.blocks():
        place, here = places(block.pair(n))
        unit = np.where(here, of_pair[place], 1.0)
        weight = block.masses / unit
        mass.add(weight)
        units.add(unit)
        x: Any = block.covariates
        x = None if x is None else dict(zip(c.covariate_names, x.T, strict=True))
        sums.add(Rows(len(block), block.first, block.second, score=block.score, weight=weight,
                      order=block.order, covariates=x))  # fmt: skip
    records.columns |= {"mass": mass, "unit": units}
    cells = sums.finish().cells._replace(items=c.items, has_order=c.cells.has_order)
    return Comparisons.from_cells(cells)


def _distinct(records: Records, n: int) -> int:
    """How many rows differ in items, score or cluster."""

    def rows() -> Iterator[tuple[NDArray[np.uint64]]]:
        for block in records.blocks():
            key = ((block.score * 1e6).astype(np.int64) * n + block.first) * n + block.second
            told = mixed(key.view(np.uint64))
            if records.has("cluster"):
                told = mixed(told ^ block.cluster.astype(np.uint64))
            yield (told,)

    return sum(len(np.unique(key)) for (key,) in by_key(rows, len(records), records.room))
