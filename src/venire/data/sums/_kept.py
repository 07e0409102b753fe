"""Rows that are kept as they are as long as they are few: sorting them once is the fastest way."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.data._strata import Strata
from venire.data.aggregation import Weighed, add_up_few
from venire.data.rows import Cells
from venire.data.sums._stores import Masses, Settled, Store

__all__ = ["Kept"]


class Kept(Store):
    """Rows, until there are more than `most` of them; then cells.

    Parameters
    ----------
    then : Store
        What keeps the cells.
    most : int
    """

    def __init__(self, then: Store, most: int) -> None:
        self.is_masses, self.is_exact = then.is_masses, True
        self._then, self._most = then, most
        self._rows: list[Weighed] | None = []
        self._n, self._nbytes, self._n_codes = 0, 0, 0
        self._n_threads = 1

    @property
    def n_cells(self) -> int:
        return self._n if self._rows is not None else self._then.n_cells

    @property
    def nbytes(self) -> int:
        return self._nbytes if self._rows is not None else self._then.nbytes

    def to_finish(self) -> int:
        if self._rows is None:
            return self._then.to_finish()
        return self._nbytes // 2 + 70 * self._n  # joined column by column; sorted; cells

    def add(self, rows: Weighed, n_codes: int, n_threads: int) -> int | None:
        if self._rows is not None:
            same = rows.first == rows.second
            if same.any():
                return int(np.argmax(same))
            self._rows.append(self._noted(rows))
            self._n_codes, self._n_threads = n_codes, n_threads
            if self._n > self._most:
                self._settle()
            return None
        bad = self._then.add(rows, n_codes, n_threads)
        self.is_exact = self._then.is_exact
        return bad

    def _noted(self, rows: Weighed) -> Weighed:
        """The rows as they are kept: scores of 0, 1/2 and 1 in four bytes."""
        score = rows.masses.get("score")
        if (
            score is not None
            and rows.weight is None
            and (self.is_exact or len(self._rows or ()) < 2)
        ):
            twice = np.add(score, score)
            is_exact = bool((twice == np.rint(twice)).all())
            if is_exact and isinstance(score, np.ndarray):
                rows = rows._replace(masses={"score": score.astype(np.float32)})
            self.is_exact = self.is_exact and is_exact
        elif self.is_exact:
            self.is_exact = Masses.of_rows(rows).is_exact()
        self._n += len(rows.first)
        every = (rows.first, rows.second, rows.weight, rows.order, *rows.masses.values())
        self._nbytes += sum(x.nbytes for x in (*every, *rows.strata) if isinstance(x, np.ndarray))
        return rows

    def _settle(self) -> None:
        """Cells from now on."""
        rows, self._rows = self._rows or [], None
        for one in rows:
            self._then.add(one.wide(), self._n_codes, self._n_threads)
        if rows:
            self.is_exact = self._then.is_exact

    def add_masses(self, x: Masses, n_codes: int, n_threads: int) -> None:
        self._settle()
        self._then.add_masses(x, n_codes, n_threads)
        self.is_exact = self._then.is_exact

    def masses(self) -> Masses:
        self._settle()
        return self._then.masses()

    def scale(self, by: float) -> None:
        if by != 1.0:
            self._settle()
            self._then.scale(by)

    def mark(self, seen: NDArray[np.uint8]) -> None:
        if self._rows is None:
            self._then.mark(seen)
            return
        from venire._native.labels import mark

        for rows in self._rows:
            mark(rows.first, 0, seen, self._n_threads)
            mark(rows.second, 0, seen, self._n_threads)

    def cells(
        self, items: NDArray[Any], place: NDArray[np.int32], settled: Settled, n_threads: int
    ) -> Cells:
        if self._rows is None:
            return self._then.cells(items, place, settled, n_threads)
        rows = self._joined(place, n_threads)
        return add_up_few(items, rows._replace(strata=settled(rows.strata)), n_threads)

    def _joined(self, place: NDArray[np.int32], n_threads: int) -> Weighed:
        """All rows, by their items' places; they are let go."""
        from venire._native.labels import take

        rows, self._rows = self._rows or [], None
        sizes = [len(r.first) for r in rows]
        first = take(np.concatenate([r.first for r in rows]), 0, place, n_threads)
        rows = [r._replace(first=_NONE) for r in rows]
        second = take(np.concatenate([r.second for r in rows]), 0, place, n_threads)
        rows = [r._replace(second=_NONE) for r in rows]
        masses: dict[str, Any] = {}
        for name in dict.fromkeys(name for r in rows for name in r.masses):
            masses[name] = _column([r.masses.get(name, 0.0) for r in rows], sizes)
        weight = order = None
        if any(r.weight is not None for r in rows):
            weight = _column([1.0 if r.weight is None else r.weight for r in rows], sizes)
        if any(r.order is not None for r in rows):
            some = [np.int8(1) if r.order is None else r.order for r in rows]
            order = _column(some, sizes).astype(np.int8, copy=False)
        strata = Strata(
            *(
                None if x is None else np.concatenate([getattr(r.strata, name) for r in rows])
                for name, x in rows[0].strata._asdict().items()
            )
        )
        return Weighed(first, second, masses, weight, order, strata)


_NONE = np.empty(0, np.int32)


def _column(parts: list[Any], sizes: list[int]) -> Any:
    """One column of numbers, or of one number that stands for all rows of a piece."""
    if all(not isinstance(x, np.ndarray) for x in parts) and len(set(parts)) == 1:
        return parts[0]
    whole = [
        x if isinstance(x, np.ndarray) else np.full(n, x) for x, n in zip(parts, sizes, strict=True)
    ]
    return np.concatenate(whole)
