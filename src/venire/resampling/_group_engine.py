"""The replicates of many groups: small groups natively, large ones as single fits."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._native.resample import words
from venire.ratings.grouped import batches
from venire.ratings.grouped.batches import ENDLESS, MAX_ITER, PATIENCE
from venire.resampling._cells import first_fraction
from venire.resampling._engine import LANES, Batch, Engine
from venire.resampling._status import NOTHING, UNSURE

if TYPE_CHECKING:
    from venire.ratings.grouped import GroupedFit

__all__ = ["GroupEngine", "GroupReplicates"]

WHOLE, TEXT = 2**64 - 2, 2**64 - 3  # counters of groups with labels that are integers, texts
WORK = 1 << 23  # replicates of cells and items between two looks at the keyboard, about


def group_keys(key: tuple[int, int], labels: NDArray[Any]) -> NDArray[np.uint64]:
    """The streams of groups, (n_groups, 2): a key for each label, whatever the other groups."""
    if labels.dtype.kind in "iu":
        counter, purpose = labels.astype(np.uint64), WHOLE
    else:
        digests = [hashlib.blake2b(str(x).encode(), digest_size=8).digest() for x in labels]
        counter, purpose = np.frombuffer(b"".join(digests), "<u8"), TEXT
    return np.stack(words(key, counter, purpose), axis=1)


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
    scheme, unit : str
    key : pair of int
    tol : float
    n_threads : int
    """

    def __init__(
        self,
        fit: GroupedFit,
        scheme: str,
        unit: str,
        key: tuple[int, int],
        tol: float,
        n_threads: int,
    ) -> None:
        from venire._native.grouped import ELSEWHERE

        self.fit, self.g = fit, fit.comparisons
        self.scheme, self.unit, self.tol, self.n_threads = scheme, unit, tol, n_threads
        self.native, self.estimates = fit.native()
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
                self.estimates, start, stop, self.keys, low, high, rows, kind=self.scheme,
                unit=self.unit, tol=self.tol, max_iter=MAX_ITER, patience=self.patience,
                n_threads=self.n_threads,
            )  # fmt: skip
            apart = self.apart[start:stop]
            for k in np.flatnonzero(apart).tolist():  # large: all replicates by all threads
                self._put(rows, start, k, everything, self.single(start + k).run(low, high))
            for r, k in np.argwhere((rows.status == UNSURE) & ~apart).tolist():  # slow ones
                one = self.single(start + k).one_by_one([low + r])
                self._put(rows, start, k, [r], one)

    def single(self, k: int) -> Engine:
        """The engine of one group as a single fit: its replicates are the same."""
        if self._last[0] != k:
            key = int(self.keys[k, 0]), int(self.keys[k, 1])
            fit = self.fit.single(k)
            engine = Engine(fit, self.scheme, key, self.tol, self.n_threads, self.unit_of(k))
            self._last = (k, engine)
        return self._last[1]

    def unit_of(self, k: int) -> str:
        """What is drawn in group k."""
        if self.unit != "auto":
            return self.unit
        g, cells = self.g, slice(self.g.cell_offsets[k], self.g.cell_offsets[k + 1])
        masses = (g.win[cells], g.loss[cells], None if g.cells.tie is None else g.cells.tie[cells])
        return "outcomes" if first_fraction(masses) is None else "cells"

    def _put(self, out: GroupReplicates, start: int, k: int, rows: Any, batch: Batch) -> None:
        """Replicates of group `start + k`, fitted as a single one, among those of all."""
        first = self.g.offsets[start]
        items = slice(self.g.offsets[start + k] - first, self.g.offsets[start + k + 1] - first)
        n = items.stop - items.start
        out.theta[rows, items] = batch.x[:, :n]
        out.residual[rows, k], out.status[rows, k] = batch.residual, batch.status
        out.n_iter[rows, k] = batch.n_iter
        if out.gamma is not None:
            out.gamma[rows, k] = batch.x[:, n]
        if out.log_tie is not None:
            engine = self.single(start + k)  # without a tie the parameter stays on its boundary
            out.log_tie[rows, k] = batch.x[:, -1] if engine.free_tie else engine.fit.log_tie
