"""Comparisons added up as they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire.data._strata import Strata, covariates_of
from venire.data.ageing import InOrder, aged_piece, instants, joined, require_young
from venire.data.aggregation import refuse_self, weighed
from venire.data.coding import Encoded
from venire.data.comparisons import Comparisons
from venire.data.outcomes import Survey, Terms
from venire.data.rows import Ageing, Rows
from venire.data.sifting import placed
from venire.data.sums._base import Sums
from venire.data.sums._kept import Kept
from venire.data.sums._stores import Masses, Sorted, Store, Table
from venire.data.sums.labels import Interim
from venire.data.sums.splitting import Piece, of_cells

__all__ = ["CellSums"]


class CellSums(Sums):
    """Comparisons of one fit, added up in memory for their items and distinct cells.

    `labels` codes the items of the rows that are to be added, `clusters` their clusters.

    Parameters
    ----------
    items : array_like, optional
        As in `venire.Comparisons`.
    is_text : bool
        Labels of items that all are written as integers become integers.
    keep : int
        Rows that are held as they are, to be sorted at once, if there are no more: the fastest way.
    n_threads : int, optional

    Attributes
    ----------
    labels, clusters : Interim
    n_rows : int
        Rows of the table, those that were left out among them.
    dropped : dict of str to int
        Rows that were left out, by reason.
    survey : Survey or None
        What the outcomes look like.
    reading : str or None
        How they were read.
    latest : datetime64, number or None
        The last of the dates.

    Notes
    -----
    Sums are taken in the order of the rows, so that pieces of any size give the same bits, those of
    `venire.Comparisons` of all rows. O(1) time a row; about 25 bytes for each cell while rows are
    wins, losses and ties, 60 where scores are soft, and as much again while it is finished.

    Examples
    --------
    >>> import venire as vn
    >>> from venire.data.rows import Rows
    >>> from venire.data.sums import CellSums
    >>> sums = CellSums()
    >>> sums.add(Rows.given(first=["b", "c"], second=["a", "a"], score=1.0))
    >>> sums.add(Rows.given(first=["a"], second=["b"], score=0.5))
    >>> sums.finish()
    Comparisons(n_items=3, n_pairs=2, n_comparisons=3)
    """

    def __init__(
        self,
        items: Any = None,
        *,
        is_text: bool = False,
        keep: int = 0,
        n_threads: int | None = None,
    ) -> None:
        self.n_threads = checks.n_threads(n_threads)
        self.is_text, self.keep = is_text, keep
        self.labels = Interim(("first", "second"), self.n_threads, items, is_text)
        self.clusters = Interim(("cluster",), self.n_threads)
        self.n_rows = 0
        self.dropped: dict[str, int] = {}
        self.survey: Survey | None = None
        self.reading: str | None = None
        self.notes: tuple[str, ...] = ()
        self.latest: Any = None
        self._seen = np.zeros(0, np.uint8)
        self._store: Store | None = None
        self._has = {"order": False, "cluster": False, "date": False}
        self._names: tuple[str, ...] | None = None  # of covariates
        self._ageing: Ageing | None = None
        self._squares = InOrder()
        self._half_life: Any = None  # as it was given
        self._lives = False  # some row has not aged to nothing

    # ---- rows -----------------------------------------------------------------------------------

    def add(self, rows: Rows) -> None:
        """Add rows, in their order.

        Labels that are coded already must be so by `labels` and `clusters`. With a half-life `at`
        must be given: the latest date of a piece is not that of all.

        Raises
        ------
        ValueError
            As `Comparisons`; positions count within the table that the rows are of.
        """
        self.n_rows += rows.n + sum(rows.dropped.values())
        for reason, n in rows.dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + n
        if rows.n == 0:
            return
        if rows.kept is None:
            self._add(rows)
            return
        with placed(rows.kept):
            self._add(rows)

    def _add(self, rows: Rows) -> None:
        first, second = self._coded(self.labels, rows.first, rows.second)
        if rows.half_life is not None and rows.at is None:
            fail("at", "must be given where rows come in pieces", value=None)
        if rows.date is not None:
            own = instants(rows.date, rows.n).max()
            self.latest = own if self.latest is None or own > self.latest else self.latest
        self._half_life = rows.half_life
        rows, ageing, lives = aged_piece(rows, self._squares)
        self._lives = self._lives or lives
        self._ageing = ageing or self._ageing
        strata = self._strata(rows)
        found = weighed(rows, self.labels.labels, first, second, strata)
        if len(found.first) < rows.n:  # rows without weight name their items
            self._see(first, second)
        self._has["order"] |= found.order is not None
        if not len(found.first):
            self._refuse_self(first, second)
            return
        if self._store is None:
            self._store = self._empty(strata, "win" in found.masses)
        bad = self._store.add(found, len(self.labels), self.n_threads)
        if bad is not None:
            refuse_self(self.labels.labels, found.first, bad)

    @staticmethod
    def _coded(labels: Interim, *columns: Any) -> list[NDArray[np.int32]]:
        if not (isinstance(columns[0], Encoded) and columns[0].interim):
            columns = tuple(labels.code(*columns))
            for name, column in zip(labels.names, columns, strict=True):
                if len(column.codes) and column.codes.min() < 0:
                    fail(name, "a value is missing (null)", int(np.argmin(column.codes)))
        return [column.codes for column in columns]

    def _strata(self, rows: Rows) -> Strata:
        strata = Strata()
        if rows.cluster is not None:
            (codes,) = self._coded(self.clusters, rows.cluster)
            strata = strata._replace(cluster=codes)
            self._has["cluster"] = True
        if rows.date is not None:
            strata = strata._replace(date=instants(rows.date, rows.n))
            self._has["date"] = True
        if rows.covariates is not None:
            names, values = covariates_of(rows.covariates, rows.n)
            if self._names not in (None, names):
                fail("covariates", f"must be {self._names}, are {names}")
            self._names = names
            strata = strata._replace(covariates=values)
        return strata

    def _refuse_self(self, first: NDArray[np.int32], second: NDArray[np.int32]) -> None:
        same = np.flatnonzero(first == second)
        if len(same):
            refuse_self(self.labels.labels, first, int(same[0]))

    def _see(self, *codes: NDArray[np.int32]) -> None:
        """Mark items that occur, beside those of the cells."""
        self._make_room()
        for column in codes:
            self._seen[column] = 1

    def _make_room(self) -> None:
        n = len(self.labels)
        if len(self._seen) < n:
            more = np.zeros(n + n // 4 - len(self._seen), np.uint8)
            self._seen = np.concatenate([self._seen, more])

    @property
    def _occurring(self) -> NDArray[np.bool_]:
        """Which of the labels occur."""
        self._make_room()
        seen = self._seen[: len(self.labels)].copy()
        if self._store is not None:
            self._store.mark(seen)
        return seen.view(bool)

    def look(self, seen: Survey, reading: str | None, terms: Terms) -> None:
        """Note what the outcomes of a piece look like, and how they are read from the first on."""
        if self.reading is None:
            self.reading = seen.reading(terms=terms) if reading is None else reading
        self.survey = seen if self.survey is None else self.survey + seen

    # ---- sums of sums ---------------------------------------------------------------------------

    def merge(self, later: CellSums) -> None:
        """Add the sums of rows that come after these; `later` is left as it is."""
        self.n_rows += later.n_rows
        for reason, n in later.dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + n
        if later.survey is not None:
            self.survey = later.survey if self.survey is None else self.survey + later.survey
        self.reading = self.reading or later.reading
        self._lives, self._half_life = self._lives or later._lives, later._half_life
        if later.latest is not None:
            self.latest = later.latest if self.latest is None else max(self.latest, later.latest)
        seen = later._occurring
        if later._store is None and later._ageing is None and not seen.any():
            return
        if self._store is not None and later._store is not None:
            for name, what in (("cluster", "clusters"), ("date", "dates")):
                if self._has[name] != later._has[name]:
                    fail(name, f"both or neither of the merged comparisons must have {what}")
            if self._names != later._names:
                fail("covariates", f"must be {self._names}, are {later._names}")
        self._ageing, fresh = self._aged_with(later)
        here = np.flatnonzero(seen)
        codes = np.full(len(later.labels), -1, np.int32)
        if len(here):
            codes[here] = self.labels.recode(later.labels.labels[here])
            self._see(codes[here])
        self._has = {name: has or later._has[name] for name, has in self._has.items()}
        self._names = self._names or later._names
        if later._store is None:
            return
        x = later._store.masses().relabelled(codes)
        if x.strata.cluster is not None:
            own = self.clusters.recode(later.clusters.labels[: len(later.clusters)])
            x = x._replace(strata=x.strata._replace(cluster=own[x.strata.cluster]))
        if self._store is None:
            self._store = self._empty(x.strata, later._store.is_masses)
        self._store.scale(fresh[0])
        self._store.add_masses(x.scaled(fresh[1]), len(self.labels), self.n_threads)

    def _aged_with(self, later: CellSums) -> tuple[Ageing | None, tuple[float, float]]:
        if self._store is None and self._ageing is None:
            self._squares = InOrder(later._squares.total())
            return later._ageing, (1.0, 1.0)
        if self._ageing is None or later._ageing is None:
            return joined(self._ageing, later._ageing)
        one = self._ageing._replace(squares=self._squares.total())
        ageing, fresh = joined(one, later._ageing._replace(squares=later._squares.total()))
        assert ageing is not None
        self._squares = InOrder(ageing.squares)
        return ageing, fresh

    @property
    def is_exact(self) -> bool:
        """Whether all masses are such that their sums are the same in any order."""
        return self._ageing is None and (self._store is None or self._store.is_exact)

    # ---- what they hold -------------------------------------------------------------------------

    @property
    def n_cells(self) -> int:
        """Number of cells so far."""
        return 0 if self._store is None else self._store.n_cells

    @property
    def nbytes(self) -> int:
        labels = 100 if self.labels.labels.dtype == object else 8
        own = len(self._seen) + labels * len(self.labels)
        return own + (0 if self._store is None else self._store.nbytes)

    def needed(self) -> int:
        """Bytes that it takes to finish them, these among them."""
        return self.nbytes + (0 if self._store is None else self._store.to_finish())

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """All that they hold: arrays, and picklable facts."""
        here = np.flatnonzero(self._occurring)
        arrays: dict[str, NDArray[Any]] = {"items": self.labels.labels[here]}
        facts: dict[str, Any] = {
            "n_rows": self.n_rows, "dropped": dict(self.dropped), "survey": self.survey,
            "is_text": self.is_text, "has": dict(self._has), "names": self._names,
            "ageing": self._ageing, "squares": self._squares.total(), "notes": self.notes,
            "lives": self._lives, "half_life": self._half_life, "reading": self.reading,
            "latest": self.latest,
        }  # fmt: skip
        if self._store is not None:
            codes = np.full(len(self.labels), -1, np.int32)
            codes[here] = np.arange(len(here), dtype=np.int32)
            x = self._store.masses().relabelled(codes)
            arrays |= {name: array for name, array in x.arrays().items() if array is not None}
            facts["is_masses"] = self._store.is_masses
            if self._has["cluster"]:
                arrays["clusters"] = self.clusters.labels[: len(self.clusters)]
        return arrays, facts

    def split(self, n: int) -> list[Piece]:
        """In pieces that have no cell in common; see `Sums.split`."""
        return of_cells(self.to_arrays(), n)

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        facts: Mapping[str, Any],
        *,
        to_merge: bool = False,
    ) -> Self:
        """The same sums again; `to_merge`: only to be merged into others, at half the cost."""
        self = cls(is_text=facts["is_text"])
        self.n_rows, self.dropped = facts["n_rows"], dict(facts["dropped"])
        self.survey, self._has, self._names = facts["survey"], dict(facts["has"]), facts["names"]
        self._ageing, self._squares = facts["ageing"], InOrder(facts["squares"])
        self._lives, self._half_life = facts["lives"], facts["half_life"]
        self.notes, self.reading, self.latest = facts["notes"], facts["reading"], facts["latest"]
        if len(arrays["items"]):
            self.labels = Interim.over(
                self.labels.names, np.asarray(arrays["items"]), self.n_threads
            )
            codes = np.arange(len(arrays["items"]), dtype=np.int32)
            self._see(codes)
        if "is_masses" not in facts:
            return self
        if "clusters" in arrays:
            self.clusters = Interim.over(
                ("cluster",), np.asarray(arrays["clusters"]), self.n_threads
            )
        x = Masses.of(arrays, len(arrays["items"]), len(self.clusters)).relabelled(codes)
        if to_merge:
            self._store = Sorted.over(x, is_masses=facts["is_masses"])
            return self
        self._store = self._empty(x.strata, facts["is_masses"])
        self._store.add_masses(x, len(self.labels), self.n_threads)
        return self

    def settled(self) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """The items that occur, sorted, and the place of each code among them; -1: it does not."""
        return self.labels.settled(self._occurring, whole=self.is_text)

    def finish(self) -> Comparisons:
        """The comparisons; nothing may be added afterwards.

        Raises
        ------
        ValueError
            If no row has any weight.
        """
        ageing = self._ageing
        if ageing is not None:
            require_young(ageing, self._lives, self._half_life)
            ageing = ageing._replace(squares=self._squares.total())
        if self._store is None:
            fail("weight", "every comparison has weight 0")
        items, rank = self.settled()
        store, self._store = self._store, None
        told: dict[str, Any] = {"clusters": None, "dates": None}

        def settled(strata: Strata) -> Strata:
            """The same in the order of their labels and dates."""
            if strata.cluster is not None:
                told["clusters"], own = self.clusters.settled()
                strata = strata._replace(cluster=own[strata.cluster])
            if strata.date is not None:
                told["dates"], when = np.unique(strata.date, return_inverse=True)
                strata = strata._replace(date=when.astype(np.int64))
            return strata

        cells = store.cells(items, rank, settled, self.n_threads)._replace(
            has_order=self._has["order"], ageing=ageing, covariate_names=self._names or ()
        )
        return Comparisons.from_cells(cells._replace(**told))

    def _empty(self, strata: Strata, is_masses: bool) -> Store:
        """A store for rows like these."""
        apart = any(x is not None for x in strata)
        cells: Store = Sorted(is_masses=is_masses) if apart else Table(is_masses=is_masses)
        return Kept(cells, self.keep) if self.keep else cells
