"""Rows, or cells of clusters, as the checks go through them: block by block."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._alike import Signs
from venire.diagnostics._store import Column, Store

__all__ = ["BLOCK", "Block", "Records"]

Floats = NDArray[np.float64]
BLOCK = 1 << 17  # rows that are looked at together
KINDS = {
    "first": np.int32, "second": np.int32, "score": np.float64, "mass": np.float64,
    "tie": np.float64, "order": np.int8, "cluster": np.int32, "date": np.float64,
    "unit": np.float64, "covariates": np.float64,
}  # fmt: skip


class Records:
    """Rows, or cells of clusters: one entry each, coded.

    `score` is the share that first got, `mass` how many comparisons an entry stands for (None: one)
    and `tie` how many of them were ties. `date` is a time as a number, nan where there is none.
    `unit` is what one comparison weighs.

    Parameters
    ----------
    columns : dict of str to Column
        Some of the above, with `first`, `second` and `score`.
    clusters : ndarray, optional
        Labels.
    signs : Signs, optional
        What says which rows are copies.
    are_rows : bool
    room : int
        Bytes that checks may need for rows.
    """

    def __init__(
        self,
        columns: dict[str, Column],
        clusters: NDArray[Any] | None = None,
        signs: Signs | None = None,
        *,
        are_rows: bool = True,
        room: int,
    ) -> None:
        self.columns, self.clusters, self.signs = columns, clusters, signs
        self.are_rows, self.room = are_rows, room

    @classmethod
    def of(cls, clusters: Any = None, *, are_rows: bool = True, **arrays: Any) -> Records:
        """Of arrays."""
        store = Store()
        columns = {}
        for name, x in arrays.items():
            if x is not None:
                columns[name] = Column(store, KINDS[name])
                columns[name].add(x)
        return cls(columns, clusters, are_rows=are_rows, room=store.room)

    def __len__(self) -> int:
        return len(self.columns["first"])

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self.columns

    def blocks(self) -> Iterator[Block]:
        """All, one block after the other."""
        for start in range(0, len(self), BLOCK):
            yield self.stretch(start, min(start + BLOCK, len(self)))

    def stretch(self, start: int, stop: int) -> Block:
        """Some, one after the other."""
        return Block(self, start, stop)

    def every(self, step: int) -> Iterator[Block]:
        """Each of which the position is a multiple of this."""
        for block in self.blocks():
            yield block.take(np.arange(-block.start % step, len(block), step))

    @cached_property
    def is_sorted(self) -> bool:
        """Whether rows stand by outcome: neighbours share theirs far more often than by chance."""
        turns, last = 0, np.empty(0)
        for block in self.blocks():
            score = np.concatenate([last, block.score])
            turns += int(np.count_nonzero(score[1:] != score[:-1]))
            last = score[-1:]
        some = np.concatenate([b.score for b in self.every(max(len(self) // 10_000, 1))])
        _, size = np.unique(some, return_counts=True)
        return turns < 0.3 * len(self) * (1.0 - float(np.sum((size / size.sum()) ** 2)))

    @cached_property
    def total_weight(self) -> float:
        """Of all, as it was given."""
        return sum(float(block.weights.sum()) for block in self.blocks())


class Block:
    """Entries one after the other, or some of them: what the columns say, once they are asked."""

    def __init__(self, records: Records, start: int, stop: int, which: Any = None) -> None:
        self.records, self.start, self.stop = records, start, stop
        self._which = which

    def __len__(self) -> int:
        return self.stop - self.start if self._which is None else len(self._which)

    def take(self, which: NDArray[np.int64]) -> Block:
        """Some of them, by their position within the block."""
        return Block(self.records, self.start, self.stop, which)

    def _read(self, name: str) -> NDArray[Any]:
        x = self.records.columns[name].read(self.start, self.stop)
        return x if self._which is None else x[self._which]

    def _maybe(self, name: str) -> NDArray[Any] | None:
        return self._read(name) if name in self.records.columns else None

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Their positions among all."""
        rows = np.arange(self.start, self.stop)
        return rows if self._which is None else rows[self._which]

    @cached_property
    def first(self) -> NDArray[np.int32]:
        """Items."""
        return self._read("first")

    @cached_property
    def second(self) -> NDArray[np.int32]:
        """Items."""
        return self._read("second")

    @cached_property
    def score(self) -> Floats:
        """Share that first got."""
        return self._read("score")

    @cached_property
    def mass(self) -> Floats | None:
        """How many comparisons; None: one each."""
        return self._maybe("mass")

    @cached_property
    def tie(self) -> Floats | None:
        """How many of them were ties."""
        return self._maybe("tie")

    @cached_property
    def order(self) -> NDArray[np.int8] | None:
        """Who came first."""
        return self._maybe("order")

    @cached_property
    def cluster(self) -> NDArray[np.int32]:
        """Voters."""
        return self._read("cluster")

    @cached_property
    def date(self) -> Floats:
        """Times; nan where there is none."""
        return self._read("date")

    @cached_property
    def covariates(self) -> Floats | None:
        """(n, K)."""
        return self._maybe("covariates")

    @cached_property
    def masses(self) -> Floats:
        """How many comparisons each stands for."""
        return np.ones(len(self)) if self.mass is None else self.mass

    @cached_property
    def weights(self) -> Floats:
        """As they were given."""
        unit = self._maybe("unit")
        return self.masses if unit is None else self.masses * unit

    def pair(self, n_items: int) -> NDArray[np.int64]:
        """A number for the unordered pair of each: low * n_items + high."""
        out = np.minimum(self.first, self.second).astype(np.int64)
        out *= n_items
        out += np.maximum(self.first, self.second)
        return out
