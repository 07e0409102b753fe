"""The fits of replicates of rankings: each from the full fit, a pass over the rankings a step."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.ratings.rankings import RankingProblem, fitted_rankings, merged, within
from venire.resampling._status import DONE, NO_FIT, NOT_CONVERGED

if TYPE_CHECKING:
    from venire.ratings import PlackettLuceFit
    from venire.resampling._result import Bootstrap

__all__ = ["RankingEngine", "counts_of"]

MAX_DENSE = 1500  # items up to which the full fit's inverse is kept as a matrix
BLOCK = 32  # replicates between two looks at the keyboard


class RankingEngine:
    """Fits replicates of one fit of rankings, which are drawn, or their clusters.

    The members are those of `Engine`. What is drawn are single rankings where weights are whole
    numbers ("outcomes"), else rankings with their weights ("cells").
    """

    free_tie = False
    block = BLOCK

    def __init__(
        self,
        fit: PlackettLuceFit,
        scheme: str,
        key: tuple[int, int],
        tol: float,
        n_threads: int,
        unit: str = "auto",
    ) -> None:
        from venire._native.replicates import Draws

        self.fit, self.tol, self.n_threads = fit, tol, n_threads
        self.rankings = r = within(merged(fit.rankings), np.asarray(fit.component))
        self._drawn, counts, self._mass = _units(r, unit)
        self.unit = "clusters" if r.cluster is not None else "cells"
        if self._drawn is None and self._mass is None:
            self.unit = "outcomes"
        self.draws = Draws(scheme, counts, key)
        self.counts = counts
        self.prior = fit.item_priors
        self.problem = RankingProblem(r, self.prior, n_threads)
        self.start = fit.theta - self.prior.centre
        self.n_components = int(np.max(fit.component, initial=-1)) + 1

    @cached_property
    def inverse(self) -> Any:
        """The covariance of the full fit, or None where there are too many items for it."""
        return self.fit.covariance() if len(self.start) <= MAX_DENSE else None

    def weight(self, replicate: int) -> NDArray[np.float64]:
        """What each ranking weighs in a replicate."""
        drawn = self.draws.replicate(replicate)
        drawn = drawn if self._drawn is None else drawn[self._drawn]
        return drawn if self._mass is None else drawn * self._mass

    def run(self, start: int, stop: int) -> Any:
        """Fit the replicates start <= r < stop."""
        from venire.resampling._engine import Batch

        n, size = len(self.start), stop - start
        out = Batch(
            np.full((size, n), np.nan), np.full(size, np.nan), np.full(size, NO_FIT, np.int8),
            np.zeros(size, np.int32),
        )  # fmt: skip
        for k in range(size):
            self.problem.weigh_again(self.weight(start + k))
            if not self._exists():
                continue
            result, _ = fitted_rankings(self.problem, self.start, tol=self.tol, near=True)
            theta = self.prior.levelled(result.parameters, np.asarray(self.fit.component))
            out.x[k] = theta + self.prior.centre
            out.residual[k], out.n_iter[k] = result.residual, result.n_iter
            out.status[k] = DONE if result.converged else NOT_CONVERGED
        return out

    def _exists(self) -> bool:
        if self.fit.prior is not None:
            return True
        _, n_weak, strong = self.problem.native.connected()
        if n_weak != self.n_components:
            return False
        return strong or int(self.problem.strong_components().max()) + 1 == n_weak

    # ---- what intervals need besides --------------------------------------------------------

    def accelerations(self, here: NDArray[np.int64]) -> NDArray[np.float64]:
        """A sixth of the skewness of the influences of what is drawn on the items at `here`."""
        r, out = self.rankings, np.empty(len(here))
        self.problem.weigh_again(self.weight_of_data())
        score = self.problem.native.scores(self.start)
        rows = self.inverse
        rows = self.fit.covariance()[here] if rows is None else rows[here]
        for k, row in enumerate(rows):
            u = np.bincount(r.owner, row[r.item] * score, r.n_rankings)
            u = u if self._mass is None else u * self._mass
            if self._drawn is not None:
                u = np.bincount(self._drawn, u, len(self.counts))
            with np.errstate(invalid="ignore", divide="ignore"):
                out[k] = (self.counts * u**3).sum() / (6.0 * (self.counts * u**2).sum() ** 1.5)
        return out

    def weight_of_data(self) -> NDArray[np.float64]:
        """What each ranking weighs in the data."""
        drawn = self.counts if self._drawn is None else self.counts[self._drawn]
        return drawn if self._mass is None else drawn * self._mass

    def full_errors(self, here: NDArray[np.int64]) -> NDArray[np.float64]:
        """Standard errors of theta of the items at `here` in the full fit, (n,)."""
        return self.fit.standard_errors()[here]

    def replicate_errors(self, b: Bootstrap, here: NDArray[np.int64]) -> NDArray[np.float64]:
        """The same in each replicate, (n_resamples, n); nan where it has no fit."""
        out, r = np.full((b.n_resamples, len(here)), np.nan), self.rankings
        for k in np.flatnonzero(b.status == DONE):
            own = r.from_arrays(r.arrays._replace(weight=self.weight(int(k))))
            fit = replace(self.fit, comparisons=own, theta=b.theta[k])
            out[k] = fit.standard_errors()[here]
        return out


def counts_of(fit: PlackettLuceFit, unit: str) -> NDArray[np.float64]:
    """How many rankings, or clusters, each unit that is drawn stands for."""
    return _units(within(merged(fit.rankings), np.asarray(fit.component)), unit)[1]


def _units(r: Any, unit: str) -> tuple[Any, NDArray[np.float64], Any]:
    """Which unit each ranking is drawn with (None: its own), how many rankings each unit stands
    for, and what a ranking weighs where it is drawn once (None: 1)."""
    if r.cluster is not None:
        found, drawn = np.unique(r.cluster, return_inverse=True)
        if len(found) < 2:
            checks.fail("cluster", "all rankings are of one cluster: there is nothing to resample")
        return drawn, np.ones(len(found)), r.weight
    if r.n_rankings < 2 and (r.weight is None or r.weight[0] < 2.0):
        raise ValueError("fit: there is only one ranking to draw: nothing to resample")
    if r.weight is None:
        return None, np.ones(r.n_rankings), None
    broken = r.weight != np.rint(r.weight)
    if unit == "outcomes" and broken.any():
        at = int(np.argmax(broken))
        raise ValueError(
            f"unit: rankings are drawn by number, but rankings.weight[{at}] = "
            f"{float(r.weight[at])!r} is not whole; draw 'cells'"
        )
    if unit == "cells" or broken.any():
        return None, np.ones(r.n_rankings), r.weight
    return None, r.weight.astype(np.float64), None
