"""The biases of groups: their posterior, with the variances that it depends on estimated.

    b_g ~ N(m, s2), and bridges and anchors tell of b as in `_passing`; m = 0 without anchors, free
    (a flat prior) with them.

s2 is where the marginal likelihood of expectation propagation is largest: where it is the mean of
E[(b - m)^2], as in an EM step (Dempster, Laird and Rubin 1977), but with the mean and variance that
propagation gives, which for single votes are far nearer than those of Laplace's approximation. As
if `PRIOR_GROUPS` more had been seen of `PRIOR_SQUARE`, so that it stays away from 0 and from
infinity where next to nothing is known.

Soft outcomes may scatter less than as many votes: the log-likelihood is divided by a dispersion,
Pearson's in expectation, of at most 1. Where it is surely below 1 outcomes are no counts of votes,
and a part of their scatter, the same in the logit everywhere, is said to be the judge's: `noise`.

H^-1 at the end gives the errors. With m free, let u = H^-1 pull and S = sum of pull * (1 - u). Then

    Var(m) = 1 / S,    Var(b_g) = (H^-1)_gg + (1 - u_g)^2 / S.

To that is added what is not known of s2: ((db / d log s2)^2 + d Var(b) / d log s2 / 2) Var(log s2).
And what an item with several bridges is taken for wrongly, it is in all of them: with v its
variance and t the precisions of its bridges, v [(sum t)^2 - sum t^2] Var(b_g)^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from venire.ratings import _sampled
from venire.ratings._covariance import inverse_of
from venire.ratings.grouped._bridges import Evidence
from venire.ratings.grouped._passing import NEAR, Passing, Scales
from venire.ratings.solver import solve_rows

__all__ = ["Levels", "find_levels"]

START = Scales(1.0, 1.0, 0.0)
PRIOR_GROUPS = 1.0  # s2 is estimated as if so many more groups had been seen,
PRIOR_BRIDGES = 0.5  # and the scales of soft bridges as if so many more bridges had,
PRIOR = np.array([0.25, 1.0, 0.1])  # with these means
COUNTED = 0.25  # of the dispersion: what the number of votes has to do with at least
JUDGED = 0.5  # of what is then taken off: so much is said to be the judge's
SURE = 2.0  # standard deviations of the log of a dispersion that must be below 1 for that
LEAST, MOST = Scales(1e-6, 2e-3, 1e-3), Scales(1e4, 1.0, 1e2)
WIDEN = math.log(4.0)  # a step of the log of a scale, at most
FIRST, FLATTEST, STEEPEST = 0.2, 1e-3, np.array([100.0, 1.5, 1.5])  # slopes of steps,
FLAT = 0.04  # where there are two scales
TOLD = 0.1  # of the longest step: shorter ones tell no slope
STEPS, LOOSER = 40, 10.0  # after half of them less will do
CLOSE, OF_SD = 1e-5, 1e-2  # a last step of log s2; in its standard deviations
CALM = 0.05  # a last step of the log of another scale
APART = 0.25  # of log s2, for the derivative of the biases
MAX_EXACT_LAST = 3_000  # groups up to which the errors are a dense inverse
MAX_ITER = 100


@dataclass(frozen=True)
class Levels:
    """What was found about the groups with bridges or anchors."""

    deviation: np.ndarray  # (n,) b - m
    level: float  # m
    variances: np.ndarray  # (n,) of b, the level included
    level_variance: float  # of m
    relative_error: float  # of the standard errors, where they were sampled
    scales: Scales
    widening: np.ndarray  # (n,) what of the variances s2, and items in several bridges, add
    converged: bool
    residual: float
    n_iter: int


def find_levels(
    evidence: Evidence,
    *,
    variance: float | None = None,
    start: Scales = START,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int = 1,
) -> Levels:
    """Estimate the biases, and the scales but for a `variance` that is given."""
    passing = Passing(evidence, n_threads)
    most = MAX_ITER if max_iter is None else int(max_iter)
    search = _Search(passing, evidence.soft, variance, start, most)
    scales = search.find()
    converged = passing.settle(scales, math.sqrt(tol), most) and search.found
    e, level, residual = passing.e, passing.level, passing.move
    posterior = _Posterior(passing, scales.s2, n_threads)
    variances, relative = posterior.variances()
    level_variance = passing.level_variance
    widening = _of_shared_items(evidence, posterior.weights, variances)
    if variance is None and most:
        widening = widening + search.widening(scales)
    return Levels(
        e, level, variances + widening, level_variance, relative, scales, widening, converged,
        residual, passing.n_rounds,
    )  # fmt: skip


class _Search:
    """The scales: each is where the moment that it is the variance of equals it."""

    def __init__(
        self, passing: Passing, soft: bool, variance: float | None, start: Scales, most: int
    ) -> None:
        self.passing, self.soft, self.most = passing, soft, most
        self.start = start if variance is None else start._replace(s2=variance)
        self.own = variance is None
        self.n, self.n_bridges = len(passing.e), len(passing.nu)
        self.found = True

    def find(self) -> Scales:
        """All that are not given."""
        if not self.most:
            return self.start
        if not self.soft:
            return self._find(self.start, [self.own, False, False])
        found = self._find(self.start, [self.own, True, False])
        free = max(self.n_bridges - self.n, 1)  # bridges beyond what the groups take up
        by = min(max(found.dispersion * math.exp(SURE * math.sqrt(2.0 / free)), COUNTED), 1.0)
        if by == 1.0:
            return found
        noise = JUDGED * (1.0 - by) / float(np.mean(self.passing.bend))
        found = Scales(found.s2, max(found.dispersion * by, LEAST.dispersion), noise)
        return self._find(found, [self.own, False, False])

    def _find(self, start: Scales, which: list[bool]) -> Scales:
        """By secants of the log of each; where one goes the wrong way, along the EM step."""
        free = np.array(which)
        x, low, high = (np.log(np.maximum(s, 1e-300)) for s in (start, LEAST, MOST))
        low, high = np.where(free, low, x), np.where(free, high, x)
        least = FLAT if free[1] else FLATTEST
        before, slope, near, found = None, np.array([-FIRST, -0.5, -0.5]), NEAR, not free.any()
        for k in range(STEPS if free.any() else 0):
            off = self.off(x, near)
            if before is not None:
                dx = x - before[0]
                told = np.abs(dx) > TOLD * np.abs(dx).max()
                chord = (off - before[1]) / np.where(dx == 0.0, 1.0, dx)
                slope = np.where(told, np.clip(chord, -STEEPEST, -least), slope)
            before = (x, off)
            step = np.clip(x + np.clip(-off / slope, -WIDEN, WIDEN), low, high) - x
            loose = 1.0 if k < STEPS // 2 else LOOSER
            close = loose * max(CLOSE, OF_SD * self._sd(slope[0] * _flatter(x[0])))
            if abs(step[0]) <= close and (np.abs(step[1:]) <= loose * CALM).all():
                found = True
                break
            near = min(NEAR, max(1e-5, 0.1 * float(np.abs(step).max())))
            x = x + step
        self.found &= found
        return self._scales(x, start)

    def off(self, x: np.ndarray, near: float) -> np.ndarray:
        """How far the logs of the moments are from those of the scales; that of s2 relative to what
        it would be about if all s2 were wrong."""
        scales = Scales(*np.exp(x).tolist())
        self.passing.settle(scales, near, self.most)
        seen = np.array(self.passing.moments(scales))
        size = np.array([self.n, self.n_bridges, self.n_bridges])
        more = np.array([PRIOR_GROUPS, PRIOR_BRIDGES, PRIOR_BRIDGES])
        wanted = (size * seen + more * PRIOR) / (size + more)
        off = np.asarray(np.log(np.maximum(wanted, 1e-300)) - x)
        off[0] /= _flatter(x[0])
        return off

    def widening(self, scales: Scales) -> np.ndarray:
        """Variance of the biases by what is not known of s2: of their means, and by how their
        variances bend, which grow with s2 about as it does."""
        passing, x = self.passing, np.log(np.maximum(scales, 1e-300))
        e, here = passing.e, self.off(x, NEAR / 10.0)
        variances = passing.variances(scales.s2)
        moved = x + APART * np.eye(3)[0]
        slope = (self.off(moved, NEAR / 10.0)[0] - here[0]) / APART * _flatter(x[0])
        grown = passing.variances(math.exp(moved[0])) - variances
        square = self._sd(slope) ** 2
        of_means = ((passing.e - e) / APART) ** 2
        return np.asarray(square * (of_means + 0.5 * np.maximum(grown, 0.0) / APART))

    def _sd(self, slope: float) -> float:
        """Of log s2."""
        return min(1.0, math.sqrt(2.0 / (self.n * max(-slope, 1e-9))))

    def _scales(self, x: np.ndarray, start: Scales) -> Scales:
        """Those that were given to the last bit."""
        found = Scales(*np.exp(x).tolist())
        return Scales(found.s2 if self.own else start.s2, found.dispersion, found.noise)


def _of_shared_items(evidence: Evidence, t: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Variance of the biases by the items that have several bridges."""
    n, ends = len(variances), np.concatenate([evidence.lo, evidence.hi])
    item, first, place = np.unique(evidence.items, return_index=True, return_inverse=True)
    if len(item) == len(ends):
        return np.zeros(n)
    both = np.concatenate([t, t])
    place = place.ravel()
    shared = np.bincount(place, both) ** 2 - np.bincount(place, both**2)
    shared *= evidence.variance.ravel()[first]
    return np.bincount(ends[first], shared, n) * variances**2


def _flatter(u: float) -> float:
    """A bridge tells of a small variance next to nothing: a step towards 0 changes no moment."""
    return 1.0 / (1.0 + math.exp(-u))


class _Posterior(_sampled.SolverInverse):
    """H^-1: dense for few groups, else by solves and draws.

    Unlike the covariance of a fit it is not taken on vectors of mean 0, so nothing is centred.
    """

    share = 1.0

    def __init__(self, passing: Passing, s2: float, n_threads: int) -> None:
        layout: Any = SimpleNamespace(n=len(passing.e), m=0)
        super().__init__(None, layout)
        self.evidence, self.weights = passing.evidence, passing.precision
        self.ridge, self.rest = passing.ridge(s2), passing.rest
        self.level_variance, self.s2, self.n_threads = passing.level_variance, s2, n_threads

    def balance(self, rows: np.ndarray) -> None:
        """Nothing to do."""

    def solve(self, rhs: np.ndarray, tol: float) -> np.ndarray:
        """Apply H^-1 to rows (k, n)."""
        return solve_rows(self.problem, rhs, tol)

    def variances(self) -> tuple[np.ndarray, float]:
        """Variances of b, (n,), and the typical relative error of their roots."""
        if self.layout.n <= MAX_EXACT_LAST:
            variances, relative = np.diagonal(self._dense()), 0.0
        else:
            self.problem = self._problem()
            variances, relative = self._sample()
        return variances + self.rest**2 * self.level_variance, relative

    def _problem(self) -> Any:
        """A fit of ties between the groups, at 0, with the Laplacian's weights for information."""
        from venire._native.problem import Problem
        from venire.priors import ItemPriors

        e, half = self.evidence, 2.0 * self.weights
        zero = np.zeros(self.layout.n)
        problem = Problem(
            "bradley-terry", e.edge_ptr, e.hi, half, half,
            prior=ItemPriors(all=1.0 / self.s2),
            direct=None if e.pull is None else ItemPriors(zero, e.pull),
            parallel_edges=bool(((e.lo[1:] == e.lo[:-1]) & (e.hi[1:] == e.hi[:-1])).any()),
            n_threads=self.n_threads,
        )  # fmt: skip
        problem.derivatives(zero)
        return problem

    def _own(self) -> np.ndarray:
        """Diagonal of H."""
        e, n = self.evidence, self.layout.n
        return self.ridge + np.bincount(e.lo, self.weights, n) + np.bincount(e.hi, self.weights, n)

    def _dense(self) -> np.ndarray:
        """H^-1."""
        e = self.evidence
        dense = np.diag(self._own())
        np.subtract.at(dense, (e.lo, e.hi), self.weights)
        np.subtract.at(dense, (e.hi, e.lo), self.weights)
        return inverse_of(dense)

    def _sample(self) -> tuple[np.ndarray, float]:
        """Diagonal of H^-1 and its typical relative error."""
        own = self._own()
        variances, relative, _ = _sampled.sampled_variances(
            self,
            self._factor(),
            robust=False,
            ridge=self.ridge,
            rng=0,
            n_samples=None,
            known=own,
            information=own,
        )
        return variances, float(np.sqrt(np.mean(relative**2)))

    def _factor(self) -> Any:
        """J with J J' = H less its ridge: a column for each bridge."""
        from scipy import sparse

        e = self.evidence
        k = np.arange(len(e.lo))
        rows, columns = np.concatenate([e.lo, e.hi]), np.concatenate([k, k])
        root = np.sqrt(self.weights)
        shape = (self.layout.n, len(k))
        return sparse.coo_array(
            (np.concatenate([root, -root]), (rows, columns)), shape=shape
        ).tocsr()
