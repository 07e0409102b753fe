"""The fits of replicates: many at a time by chord Newton, what is left one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.models import model_of
from venire.priors import item_priors
from venire.ratings import PlackettLuceFit
from venire.resampling import _precision
from venire.resampling._cells import Cells, cells_of
from venire.resampling._ranking_engine import RankingEngine
from venire.resampling._singles import Singles
from venire.resampling._status import NO_FIT, UNSURE

if TYPE_CHECKING:
    from venire.ratings.fit import Fit
    from venire.resampling._result import Bootstrap

__all__ = ["LANES", "MAX_DENSE", "Batch", "Engine", "engine_of"]

MAX_DENSE = 1500  # items up to which the full fit's inverse is kept as a matrix
MAX_WORK = 1 << 20  # units whose draws for a block of lanes are kept at a time
MAX_CHORDS = 40  # steps by the full fit's inverse
LANES = 32
ROWS = 1 << 18  # of a thread's blocks between two looks at the keyboard, about


class Batch(NamedTuple):
    """Replicates: parameters (n, n_parameters), nan without a fit, and what else there is, (n,).

    The parameters are theta, the order effect, coefficients and the log of the tie parameter, where
    a fit has them free.
    """

    x: NDArray[np.float64]
    residual: NDArray[np.float64]
    status: NDArray[np.int8]
    n_iter: NDArray[np.int32]


class Engine:
    """Fits replicates of one fit; replicate r is the same whenever it is asked for.

    Parameters
    ----------
    fit : Fit
    scheme : str
    key : pair of int
    tol : float
        On the residual of each replicate.
    n_threads : int
    unit : str
        What is drawn where there are no clusters; the attribute says what is drawn.
    """

    def __init__(
        self,
        fit: Fit,
        scheme: str,
        key: tuple[int, int],
        tol: float,
        n_threads: int,
        unit: str = "auto",
    ) -> None:
        from venire._native.replicates import Draws

        self.fit, self.tol, self.n_threads = fit, tol, n_threads
        self.cells: Cells = cells_of(fit, unit)
        drawn = "outcomes" if self.cells.unit is None else "cells"
        self.unit = drawn if fit.comparisons.cluster is None else "clusters"
        self.draws = Draws(scheme, self.cells.counts, key)
        self.free_tie = fit.has_free_tie
        self.model = model_of(fit.model).fitted(self.free_tie).name
        self.prior = item_priors(fit.prior, fit.items)
        extra = [fit.order_effect] if fit.order_effect is not None else []
        extra += [] if fit.coefficients is None else fit.coefficients.tolist()
        extra += [fit.log_tie] if self.free_tie else []
        self.start = np.concatenate([fit.theta - self.prior.centre, np.array(extra, np.float64)])
        self.inverse = self._dense_inverse()
        self.singles = Singles(self)

    @property
    def block(self) -> int:
        """Replicates between two looks at the keyboard."""
        if self.inverse is None:
            return self.n_threads
        blocks = min(8, max(1, ROWS // len(self.cells.edge)))
        return blocks * LANES * self.n_threads

    def _dense_inverse(self) -> Any:
        """The full fit's inverse information, or None where replicates are fitted one by one."""
        fit, n = self.fit, len(self.fit.theta)
        ties_in_data = (
            fit.tie is not None and not self.free_tie and bool((self.cells.outcome == 2).any())
        )
        if n > MAX_DENSE or len(self.cells.counts) > MAX_WORK or ties_in_data:
            return None
        if fit.order_effect is not None or fit.coefficients is not None:
            return None
        from venire._native.replicates import dense_inverse

        matrix = self.pinned(self.information(fit.theta, fit.log_tie, self.cells.of_data()))
        if not np.isfinite(matrix).all() or not dense_inverse(matrix):
            return None
        return matrix

    def information(self, theta: Any, log_tie: float, masses: Any) -> NDArray[np.float64]:
        """Minus the second derivatives: theta, then the log of the tie parameter."""
        from venire._native.model import cell_terms

        c, n = self.cells, len(theta)
        d = theta[c.first] - theta[c.second]
        terms = cell_terms(self.model, d, log_tie, *masses)
        h = np.zeros((len(self.start), len(self.start)))
        h[c.first, c.second] = h[c.second, c.first] = -terms["d2"]
        block = h[:n, :n]
        block[np.diag_indices(n)] = self.prior.ridge - block.sum(axis=1)
        if self.free_tie:
            h[:n, n] = np.bincount(c.first, terms["dt"], n) - np.bincount(c.second, terms["dt"], n)
            h[n, :n] = h[:n, n]
            h[n, n] = terms["t2"].sum()
        return h

    def pinned(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same matrix with the level of each component held: no prior, or one that is weak
        beside the comparisons, would leave it to rounding. No step moves it: theta is levelled."""
        component, n = self.fit.component, len(self.fit.theta)
        same = component[:, None] == component[None, :]
        scale, sizes = np.trace(matrix[:n, :n]) / max(n, 1), np.bincount(component)[component]
        if self.prior.precision is None:
            matrix[:n, :n] += same * (scale / sizes)
        else:
            share = self.prior.precision / self.prior.total(component)[component]
            matrix[:n, :n] += same * (scale * sizes * np.outer(share, share))
        return matrix

    def run(self, start: int, stop: int) -> Batch:
        """Fit the replicates start <= r < stop."""
        if self.inverse is None:
            return self.one_by_one(range(start, stop))
        batch = self._chords(start, stop)
        if self.prior.centre:
            batch.x[:, : len(self.fit.theta)] += self.prior.centre
        left = np.flatnonzero(batch.status == UNSURE)
        found = self.one_by_one([start + int(k) for k in left])
        for name in Batch._fields:
            getattr(batch, name)[left] = getattr(found, name)
        none = batch.status == NO_FIT
        batch.x[none] = batch.residual[none] = np.nan
        return batch

    def one_by_one(self, replicates: Sequence[int]) -> Batch:
        """Fit the replicates of these numbers by Newton's method, a thread to each."""
        found = self.singles.fit(replicates)
        nothing = np.full(len(self.start), np.nan)
        parameters = [nothing if single.x is None else single.x for single in found]
        return Batch(
            np.array(parameters).reshape(len(found), len(self.start)),
            np.array([single.residual for single in found], np.float64),
            np.array([single.status for single in found], np.int8),
            np.array([single.n_iter for single in found], np.int32),
        )

    def _chords(self, start: int, stop: int) -> Batch:
        from venire._native.replicates import fit_replicates

        c, fit = self.cells, self.fit
        theta, log_tie, residual, status, n_iter = fit_replicates(
            self.draws, self.model, c.first, c.second, c.edge, c.unit, c.outcome, c.mass,
            fit.component, self.inverse, self.start, prior=self.prior,
            tol=self.tol, max_iter=MAX_CHORDS, begin=start, end=stop, n_threads=self.n_threads,
        )  # fmt: skip
        x = theta if log_tie is None else np.column_stack([theta, log_tie])
        return Batch(x, residual, status, n_iter)

    # ---- what intervals need besides --------------------------------------------------------

    def accelerations(self, here: NDArray[np.int64]) -> NDArray[np.float64]:
        """A sixth of the skewness of the influences of what is drawn on the items at `here`."""
        return _precision.accelerations(self, here)

    def full_errors(self, here: NDArray[np.int64]) -> NDArray[np.float64]:
        """Standard errors of theta of the items at `here` in the full fit, (n,)."""
        return _precision.full_errors(self, here)

    def replicate_errors(self, b: Bootstrap, here: NDArray[np.int64]) -> NDArray[np.float64]:
        """The same in each replicate, (n_resamples, n); nan where it has no fit."""
        return _precision.replicate_errors(b, self, here)


def engine_of(fit: Fit, *options: Any) -> Any:
    """What fits the replicates of a fit: `Engine`, or of rankings `RankingEngine`."""
    if isinstance(fit, PlackettLuceFit):
        return RankingEngine(fit, *options)
    return Engine(fit, *options)
