"""Where cells are kept while rows are added to them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import fail
from venire.data._strata import Strata
from venire.data.aggregation import Weighed, add_up
from venire.data.rows import Cells

__all__ = ["Masses", "Settled", "Sorted", "Store", "Table"]

Settled = Callable[[Strata], Strata]  # strata by their final codes
_MASSES = ("win", "loss", "tie", "square", "other")


class Masses(NamedTuple):
    """Rows, or cells, as masses seen from `lo`, which is not always the smaller.

    `square` sums weight * score**2 as `lo` sees it, `other` as `hi` does: they are None where all
    scores are 0, 1/2 or 1 and of weight 1, or masses were given.
    """

    lo: NDArray[np.int32]
    hi: NDArray[np.int32]
    order: NDArray[np.int8]
    win: NDArray[np.float64]
    loss: NDArray[np.float64]
    tie: NDArray[np.float64]
    square: NDArray[np.float64] | None = None
    other: NDArray[np.float64] | None = None
    strata: Strata = Strata()

    @classmethod
    def of_rows(cls, rows: Weighed) -> Self:
        """Rows as masses, seen from the smaller code."""
        n = len(rows.first)
        order = np.ones(n, np.int8) if rows.order is None else rows.order
        zero = np.zeros(n)
        if "win" in rows.masses:
            win, loss = rows.masses["win"], rows.masses["loss"]
            x = cls(rows.first, rows.second, order, win, loss, rows.masses.get("tie", zero))
        else:
            s = np.broadcast_to(np.asarray(rows.masses["score"], np.float64), (n,))
            w = np.ones(n) if rows.weight is None else rows.weight
            tie = s == 0.5
            win, loss = np.where(tie, 0.0, w * s), np.where(tie, 0.0, w * (1.0 - s))
            square = other = None
            if rows.weight is not None or not ((s == 0.0) | (s == 1.0) | tie).all():
                square, other = w * s * s, w * (1.0 - s) * (1.0 - s)
            x = cls(rows.first, rows.second, order, win, loss, np.where(tie, w, 0.0), square, other)
        return x._replace(strata=rows.strata).turned(rows.first > rows.second)

    def turned(self, flip: NDArray[np.bool_]) -> Self:
        """The same, some seen from the other side."""
        if not flip.any():
            return self
        square = other = None
        if self.square is not None and self.other is not None:
            square = np.where(flip, self.other, self.square)
            other = np.where(flip, self.square, self.other)
        strata = self.strata
        if (x := strata.covariates) is not None:
            strata = strata._replace(covariates=np.where(flip[:, None], -x, x) + 0.0)
        return self._replace(
            lo=np.where(flip, self.hi, self.lo), hi=np.where(flip, self.lo, self.hi),
            order=np.where(flip, -self.order, self.order),
            win=np.where(flip, self.loss, self.win), loss=np.where(flip, self.win, self.loss),
            square=square, other=other, strata=strata,
        )  # fmt: skip

    def relabelled(self, place: NDArray[np.int32]) -> Self:
        """The same over other codes, seen from the smaller of these."""
        lo, hi = place[self.lo], place[self.hi]
        return self._replace(lo=lo, hi=hi).turned(lo > hi)

    def scaled(self, by: float) -> Self:
        """All masses times a number."""
        if by == 1.0:
            return self
        return self._replace(**{k: by * x for k in _MASSES if (x := getattr(self, k)) is not None})

    def is_exact(self) -> bool:
        """Whether all masses are quarters, and not too many."""
        every = [x for x in (self.win, self.loss, self.tie, self.square) if x is not None]
        return all(
            bool((np.abs(x) < 2.0**36).all() and (4 * x == np.rint(4 * x)).all()) for x in every
        )

    def with_squares(self) -> Self:
        """The same with squares, which wins, losses and ties tell of hard scores."""
        if self.square is not None:
            return self
        return self._replace(square=self.win + 0.25 * self.tie, other=self.loss + 0.25 * self.tie)

    def arrays(self) -> dict[str, NDArray[Any] | None]:
        """All by name."""
        return {**self._asdict(), **self.strata._asdict(), "strata": None}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], n_codes: int, n_clusters: int) -> Self:
        """From what `arrays` gave, which may have been tampered with since.

        Raises
        ------
        ValueError
            If they are not of one length, or hold what cells do not.
        """
        own = {k: np.asarray(arrays[k]) for k in cls._fields[:-1] if k in arrays}
        apart = {k: np.asarray(arrays[k]) for k in Strata._fields if k in arrays}
        n = len(own["lo"])
        for name, x in (*own.items(), *apart.items()):
            if len(x) != n or x.ndim != (2 if name == "covariates" else 1):
                raise ValueError(f"{name}: has shape {x.shape}, but there are {n} cells")
            if name in _MASSES and not (x.dtype == np.float64 and (x >= 0.0).all()):
                raise ValueError(f"{name}: holds what is no mass")
        codes = (0, n_codes)
        ends = {"lo": codes, "hi": codes, "order": (-1, 2), "cluster": (0, n_clusters)}
        for name, (low, stop) in ends.items():
            found = {**own, **apart}.get(name)
            if found is None or (n == 0 and found.dtype.kind in "iu"):
                continue
            if found.dtype.kind not in "iu" or not low <= found.min() <= found.max() < stop:
                raise ValueError(f"{name}: holds a code that is not from {low} to {stop - 1}")
        if (own["lo"] == own["hi"]).any():
            raise ValueError("lo, hi: a cell compares an item with itself")
        return cls(**own, strata=Strata(**apart))


class Store(ABC):
    """Cells, by interim codes; sums are taken in the order in which rows come."""

    is_masses: bool  # rows are masses: there are no squares
    is_exact: bool  # all masses are quarters, few enough to be added in any order

    @property
    @abstractmethod
    def n_cells(self) -> int:
        """Number of cells."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes that it takes."""

    @abstractmethod
    def to_finish(self) -> int:
        """Bytes that it takes to hand the cells over, beside its own."""

    @abstractmethod
    def add(self, rows: Weighed, n_codes: int, n_threads: int) -> int | None:
        """Add rows; the first that compares an item with itself, if any, in which case none is."""

    @abstractmethod
    def add_masses(self, x: Masses, n_codes: int, n_threads: int) -> None:
        """Add masses."""

    @abstractmethod
    def masses(self) -> Masses:
        """The cells, in no order that would mean anything."""

    @abstractmethod
    def scale(self, by: float) -> None:
        """Multiply all masses."""

    @abstractmethod
    def cells(
        self, items: NDArray[Any], place: NDArray[np.int32], settled: Settled, n_threads: int
    ) -> Cells:
        """The cells over the items, at whose places the codes are, and of settled strata.

        Nothing may be added afterwards.
        """

    @abstractmethod
    def mark(self, seen: NDArray[np.uint8]) -> None:
        """Mark the codes that occur."""


class Table(Store):
    """Cells of pairs and orders alone, in a hash table: `venire._native.sums`."""

    def __init__(self, *, is_masses: bool) -> None:
        from venire._native.sums import CellTable

        self.is_masses, self.is_exact = is_masses, True
        self._table = CellTable()

    @property
    def n_cells(self) -> int:
        return len(self._table)

    @property
    def nbytes(self) -> int:
        return int(self._table.nbytes)

    def to_finish(self) -> int:
        return (45 if self._table.is_soft else 37) * self.n_cells

    def add(self, rows: Weighed, n_codes: int, n_threads: int) -> int | None:
        score, weight = rows.masses.get("score"), rows.weight
        bad = self._table.add(
            n_codes, rows.first, rows.second, n_threads, weight=weight, order=rows.order,
            **rows.masses,
        )  # fmt: skip
        if self.is_exact and (weight is not None or score is None or self._table.is_soft):
            self.is_exact = Masses.of_rows(rows).is_exact()
        return None if bad is None else int(bad)

    def add_masses(self, x: Masses, n_codes: int, n_threads: int) -> None:
        counts = x.square is None and not self.is_masses
        self.is_exact = self.is_exact and (counts or x.is_exact())
        named = {k: y for k in _MASSES if (y := getattr(x, k)) is not None}
        self._table.add(
            n_codes, x.lo, x.hi, n_threads, order=x.order, counts=counts,
            **{k: np.ascontiguousarray(y) for k, y in named.items()},
        )  # fmt: skip

    def masses(self) -> Masses:
        lo, hi, order, *masses = self._table.read()
        if self.is_masses:
            masses[3:] = None, None
        return Masses(lo, hi, order, *masses)

    def mark(self, seen: NDArray[np.uint8]) -> None:
        self._table.mark(seen)

    def scale(self, by: float) -> None:
        if by != 1.0:
            self._table.scale(by)

    def cells(
        self, items: NDArray[Any], place: NDArray[np.int32], settled: Settled, n_threads: int
    ) -> Cells:
        squares = not self.is_masses
        return Cells.of_one(items, *self._table.write(place, len(items), squares, n_threads))


class Sorted(Store):
    """Cells of all kinds, sorted again when enough rows have come."""

    _LEAST = 1 << 18

    def __init__(self, *, is_masses: bool) -> None:
        self.is_masses = is_masses
        self._cells: Masses | None = None
        self._pending: list[Masses] = []
        self._n_pending = 0
        self.is_exact = True

    @classmethod
    def over(cls, cells: Masses, *, is_masses: bool) -> Self:
        """These cells, of which no two are the same one."""
        self = cls(is_masses=is_masses)
        self._cells, self.is_exact = cells, cells.is_exact()
        return self

    def to_finish(self) -> int:
        return 3 * self.nbytes

    @property
    def n_cells(self) -> int:
        self._settle()
        return 0 if self._cells is None else len(self._cells.lo)

    @property
    def nbytes(self) -> int:
        self._settle()
        if self._cells is None:
            return 0
        return sum(x.nbytes for x in self._cells.arrays().values() if x is not None)

    def add(self, rows: Weighed, n_codes: int, n_threads: int) -> int | None:
        same = rows.first == rows.second
        if same.any():
            return int(np.argmax(same))
        self.add_masses(Masses.of_rows(rows), n_codes, n_threads)
        return None

    def add_masses(self, x: Masses, n_codes: int, n_threads: int) -> None:
        self.is_exact = self.is_exact and x.is_exact()
        self._pending.append(x)
        self._n_pending += len(x.lo)
        if self._n_pending > max(self._LEAST, 0 if self._cells is None else len(self._cells.lo)):
            self._settle()

    def masses(self) -> Masses:
        self._settle()
        assert self._cells is not None
        return self._cells

    def scale(self, by: float) -> None:
        self._settle()
        if self._cells is not None:
            self._cells = self._cells.scaled(by)

    def mark(self, seen: NDArray[np.uint8]) -> None:
        for x in (self._cells, *self._pending):
            if x is not None:
                seen[x.lo] = seen[x.hi] = 1

    def cells(
        self, items: NDArray[Any], place: NDArray[np.int32], settled: Settled, n_threads: int
    ) -> Cells:
        x = self.masses().relabelled(place)
        masses = {"win": x.win, "loss": x.loss, "tie": x.tie}
        if x.square is not None and not self.is_masses:
            masses["square"] = x.square
        rows = Weighed(x.lo, x.hi, masses, None, x.order, settled(x.strata))
        return add_up(items, rows, n_threads)

    def _settle(self) -> None:
        """Sort what is pending into the cells."""
        if not self._pending:
            return
        parts = self._pending if self._cells is None else [self._cells, *self._pending]
        self._cells = together(parts)
        self._pending, self._n_pending = [], 0


def together(parts: list[Masses]) -> Masses:
    """The cells of all rows: masses of each key added up in the order of the rows.

    Parameters
    ----------
    parts : list of Masses
        With the same strata.
    """
    if any(x.square is not None for x in parts):
        parts = [x.with_squares() for x in parts]
    if len({(x.strata.date.dtype.kind == "M") for x in parts if x.strata.date is not None}) > 1:
        fail("date", "must be of the calendar, or numbers, in all rows")
    whole = {
        k: None if x is None else np.concatenate([y.arrays()[k] for y in parts])
        for k, x in parts[0].arrays().items()
    }
    names = ("lo", "hi", "order", "cluster", "date")
    keys: list[Any] = [whole[k] for k in names if whole[k] is not None]
    if (x := whole["covariates"]) is not None:
        keys += [*x.T]
    order = np.lexsort(keys[::-1])
    new = np.zeros(len(order), bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[order[1:]] != key[order[:-1]]
    cell = np.empty(len(order), np.int64)
    cell[order] = np.cumsum(new) - 1
    first = order[new]
    out: dict[str, Any] = {}
    for name, x in whole.items():
        if name in _MASSES and x is not None:
            out[name] = np.bincount(cell, x, len(first))  # which adds one after the other
        elif x is not None:
            out[name] = x[first]
    strata = Strata(**{k: out.pop(k) for k in Strata._fields if k in out})
    return Masses(**out, strata=strata)
