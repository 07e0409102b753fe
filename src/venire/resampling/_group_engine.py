"""The replicates of many groups: small groups natively, large ones as single fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.ratings.grouped import batches
from venire.ratings.grouped.fitting import ENDLESS, MAX_ITER, PATIENCE
from venire.reference.resampling import group_keys
from venire.resampling._cells import first_fraction
from venire.resampling._replicates import LANES, Engine
from venire.resampling._status import NOTHING, UNSURE

if TYPE_CHECKING:
    from venire.ratings.grouped import GroupedFit

__all__ = ["GroupEngine", "GroupReplicates"]

WORK = 1 << 23  # replicates of cells and items between two looks at the keyboard, about


class GroupReplicates(NamedTuple):
    """Replicates of some groups, a row to each: theta (n, n_items), nan without a fit, and the
    others (n, n_groups); gamma and log_tie are None where groups have none of their own."""

    theta: NDArray[np.float64]
    gamma: NDArray[np.float64] | None
    log_tie: NDArray[np.float64] | None
    residual: NDArray[np.float64]
    status: NDArray[np.int8]
    n_iter: NDArray[np.int32]

    def part(self, rows: slice, items: slice, groups: slice) -> GroupReplicates:
        """Views of some rows of some groups."""
        theta, *rest = self
        own = (None if x is None else x[rows, groups] for x in rest)
        return GroupReplicates(theta[rows, items], *own)  # type: ignore[arg-type]


class GroupEngine:
    """Fits replicates of the groups of a fit; replicate r of a group is always the same.

    Parameters
    ----------
    fit : GroupedFit
    kind, unit : str
    key : pair of int
    tol : float
    n_threads : int
    """

    def __init__(
        self,
        fit: GroupedFit,
        kind: str,
        unit: str,
        key: tuple[int, int],
        tol: float,
        n_threads: int,
    ) -> None:
        from venire._native.grouped import ELSEWHERE

        self.fit, self.g = fit, fit.comparisons
        self.kind, self.unit, self.tol, self.n_threads = kind, unit, tol, n_threads
        self.native, self.estimates = fit._native()
        self.keys = group_keys(key, fit.groups)
        self.patience = ENDLESS if fit.shared else PATIENCE
        fitted = np.isfinite(fit.residual) & (np.diff(self.g.cell_offsets) > 0)
        self.apart = batches.is_large(self.g) & fitted & (not fit.shared)
        self.estimates.status[self.apart] = ELSEWHERE
        self._last: tuple[int, Any] = (-1, None)

    def room(self, n: int, start: int, stop: int) -> GroupReplicates:
        """Where `n` replicates of the groups [start, stop) go."""
        e, shape = self.estimates, (n, stop - start)
        return GroupReplicates(
            np.empty((n, int(self.g.offsets[stop] - self.g.offsets[start]))),
            None if e.gamma is None else np.empty(shape),
            None if e.log_tie is None else np.empty(shape),
            np.empty(shape),
            np.full(shape, NOTHING, np.int8),
            np.empty(shape, np.int32),
        )

    def batches(self, n: int) -> Any:
        """Ranges of groups whose `n` replicates are found between two looks at the keyboard."""
        return batches.batches(self.g, max(1, WORK // n))

    def run(self, out: GroupReplicates, start: int, stop: int, begin: int, end: int) -> None:
        """Replicates begin <= r < end of the groups [start, stop)."""
        g = self.g
        work = int(
            g.cell_offsets[stop] - g.cell_offsets[start] + g.offsets[stop] - g.offsets[start]
        )
        step = max(WORK // max(work, 1), LANES * self.n_threads)
        everything = slice(None)
        for low in range(begin, end, step):
            high = min(low + step, end)
            rows = out.part(slice(low - begin, high - begin), everything, everything)
            self.native.bootstrap(
                self.estimates, start, stop, self.keys, low, high, rows, kind=self.kind,
                unit=self.unit, tol=self.tol, max_iter=MAX_ITER, patience=self.patience,
                n_threads=self.n_threads,
            )  # fmt: skip
            apart = self.apart[start:stop]
            for k in np.flatnonzero(apart).tolist():
                self._all_of(rows, start, k, low, high)
            for r, k in np.argwhere((rows.status == UNSURE) & ~apart).tolist():
                self._one_of(rows, start, k, low, r)

    def single(self, k: int) -> Engine:
        """The engine of one group as a single fit: its replicates are the same."""
        if self._last[0] != k:
            key = int(self.keys[k, 0]), int(self.keys[k, 1])
            fit = self.fit._single(k)
            engine = Engine(fit, self.kind, key, self.tol, self.n_threads, self.unit_of(k))
            self._last = (k, engine)
        return self._last[1]

    def unit_of(self, k: int) -> str:
        """What is drawn in group k."""
        if self.unit != "auto":
            return self.unit
        g, cells = self.g, slice(self.g.cell_offsets[k], self.g.cell_offsets[k + 1])
        masses = (g.win[cells], g.loss[cells], None if g.cells.tie is None else g.cells.tie[cells])
        return "outcomes" if first_fraction(masses) is None else "cells"

    def _all_of(self, out: GroupReplicates, start: int, k: int, low: int, high: int) -> None:
        """All of a large group's replicates, by all threads."""
        found = self.single(start + k).run(low, high)
        first = self.g.offsets[start]
        items = slice(self.g.offsets[start + k] - first, self.g.offsets[start + k + 1] - first)
        out.theta[:, items] = found.theta
        out.residual[:, k], out.status[:, k], out.n_iter[:, k] = (
            found.residual, found.status, found.n_iter,
        )  # fmt: skip
        if out.gamma is not None:
            out.gamma[:, k] = found.order_effect
        if out.log_tie is not None:
            out.log_tie[:, k] = found.log_tie

    def _one_of(self, out: GroupReplicates, start: int, k: int, low: int, r: int) -> None:
        """One replicate on which the solver of small groups was too slow."""
        x, residual, status, n_iter = self.single(start + k).singles.fit([low + r])[0]
        first = self.g.offsets[start]
        items = slice(self.g.offsets[start + k] - first, self.g.offsets[start + k + 1] - first)
        n = items.stop - items.start
        out.residual[r, k], out.status[r, k], out.n_iter[r, k] = residual, status, n_iter
        out.theta[r, items] = np.nan if x is None else x[:n]
        if out.gamma is not None:
            out.gamma[r, k] = np.nan if x is None else x[n]
        if out.log_tie is not None:
            out.log_tie[r, k] = np.nan if x is None else x[-1]
