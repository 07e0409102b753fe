"""The biases of groups: maximum a posteriori, with the variance of the prior estimated.

    log posterior = sum over bridges of weight * [s log P(d) + (1 - s) log P(-d)]
                    - sum over anchored groups of pull / 2 * (b_g - target_g)^2
                    - sum over groups of (b_g - m)^2 / (2 s2)

with d = scale * (b_lo - b_hi) + offset, and m = 0 without anchors, free (a flat prior) with them.
That is a fit of Bradley and Terry's (or Thurstone's) model over groups, with known offsets and some
items observed directly; the parameters are e = b - m, and m where it is free.

s2 maximises the Laplace approximation of the marginal likelihood: see `_root` and
`_Posterior.second_moment`.

H is the negative second derivative in e, a Laplacian plus the diagonal 1 / s2 + pull. With m free,
let u = H^-1 pull and S = sum of pull * (1 - u). Then

    Cov(e) = H^-1 + u u' / S,    Var(m) = 1 / S,    Var(b_g) = (H^-1)_gg + (1 - u_g)^2 / S.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from venire.priors import ItemPriors
from venire.ratings import _sampled
from venire.ratings._covariance import inverse_of
from venire.ratings.grouped._bridges import Evidence
from venire.ratings.newton import Result, newton
from venire.ratings.solver import solve_rows

__all__ = ["Levels", "find_levels"]

START = 1.0  # of s2
PRIOR_GROUPS = 1.0  # s2 is estimated as if so many more groups had been seen to have b^2 = 1
WIDEN = math.log(4.0)  # steps of log s2 until the root is between two of them,
WIDEST = math.log(1e6)  # at most so far from the start
STEPS = 30  # of false position, at most
CLOSE = 1e-6  # steps of log s2 at which it ends
MAX_EXACT = 500  # groups up to which every covariance is a dense inverse
MAX_EXACT_LAST = 3_000  # the same for the standard errors, which are computed once
_SOLVE_TOL = 1e-8  # of the solves that are not with draws
_APART = 1e-3  # for the derivative of a curvature
DRAWS = 200_000  # draws times groups behind a second moment


@dataclass(frozen=True)
class Levels:
    """What was found about the groups with bridges or anchors."""

    deviation: np.ndarray  # (n,) e
    level: float  # m
    variances: np.ndarray  # (n,) of b, the level included
    level_variance: float  # of m
    relative_error: float  # of the standard errors, where they were sampled
    variance: float  # s2
    result: Result
    n_iter: int


def find_levels(
    evidence: Evidence,
    *,
    variance: float | None = None,
    start: float = START,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int = 1,
) -> Levels:
    """Estimate e, m and s2 (unless `variance` is given)."""
    n = len(evidence.active)
    free_level = evidence.pull is not None
    problem = _problem(evidence, free_level, n_threads)
    plain = _problem(evidence, False, n_threads) if free_level else problem
    posterior = _Posterior(plain, evidence)
    lower = np.array([-np.inf]) if free_level else None
    x, n_iter = np.zeros(n + free_level), 0
    if evidence.target is not None and evidence.pull is not None:  # the level, if s2 were 0
        x[n] = np.sum(evidence.pull * evidence.target) / np.sum(evidence.pull)

    def solve(s2: float) -> Result:
        nonlocal x, n_iter
        problem.set_prior(1.0 / s2)
        result = newton(problem, x, lower=lower, tol=tol, max_iter=max_iter)
        x, n_iter = result.parameters, n_iter + result.n_iter
        posterior.update(x, s2)
        return result

    def slope(s2: float) -> float:
        solve(s2)
        moment = (n * posterior.second_moment(x[:n]) + PRIOR_GROUPS) / (n + PRIOR_GROUPS)
        return (moment - s2) / s2**2

    s2 = _root(slope, start) if variance is None else variance
    result = solve(s2)
    variances, relative = posterior.variances()
    level, level_variance = (float(x[n]), posterior.level_variance) if free_level else (0.0, 0.0)
    return Levels(x[:n], level, variances, level_variance, relative, s2, result, n_iter)


def _problem(evidence: Evidence, level: bool, n_threads: int) -> Any:
    from venire._native.problem import Problem

    lo, hi = evidence.lo, evidence.hi
    return Problem(
        evidence.model,
        evidence.edge_ptr,
        hi,
        evidence.win,
        evidence.loss,
        scale=evidence.scale,
        offset=evidence.offset,
        prior=ItemPriors(all=1.0),
        direct=None if evidence.pull is None else ItemPriors(evidence.target, evidence.pull),
        level=level,
        parallel_edges=bool(((lo[1:] == lo[:-1]) & (hi[1:] == hi[:-1])).any()),
        n_threads=n_threads,
    )


def _root(slope: Callable[[float], float], start: float) -> float:
    """The s2 at which `slope`, which falls there, is 0: a bracket, then false position.

    The Illinois variant of that (Dowell and Jarratt 1971, doi:10.1007/BF01934364), on log s2.
    """
    a, slope_a = math.log(start), slope(start)
    b, slope_b = a, slope_a
    while slope_b * slope_a > 0.0:
        if abs(b - math.log(start)) > WIDEST:
            return math.exp(b)
        a, slope_a = b, slope_b
        b = a + math.copysign(WIDEN, slope_a)
        slope_b = slope(math.exp(b))
    for _ in range(STEPS):
        if slope_b == 0.0 or abs(b - a) <= CLOSE:
            break
        c = b - slope_b * (b - a) / (slope_b - slope_a)
        done = abs(c - b) <= CLOSE
        slope_c = slope(math.exp(c))
        if slope_c * slope_b < 0.0:
            a, slope_a = b, slope_b
        else:
            slope_a /= 2.0
        b, slope_b = c, slope_c
        if done:
            break
    return math.exp(b)


class _Posterior(_sampled.SolverInverse):
    """H^-1 at the current parameters: dense for few groups, else by solves and draws.

    Unlike the covariance of a fit it is not taken on vectors of mean 0, so nothing is centred.
    """

    share = 1.0

    def __init__(self, problem: Any, evidence: Evidence) -> None:
        layout: Any = SimpleNamespace(n=len(evidence.active), m=0)
        super().__init__(None, layout)
        self.problem, self.evidence = problem, evidence
        self._incidence: Any = None
        self._watch: np.ndarray | None = None  # adds up squared differences over bridges

    def update(self, x: np.ndarray, s2: float) -> None:
        """Take H at parameters x and prior variance s2."""
        e, n = self.evidence, self.layout.n
        d = e.scale * (x[e.lo] - x[e.hi]) + e.offset
        self.weights = self._curvature(d) * e.scale**2
        bend = (self._curvature(d + _APART) - self._curvature(d - _APART)) / (2.0 * _APART)
        self.bends = bend * e.scale**3
        self.ridge = np.full(n, 1.0 / s2)
        self.rest, self.level_variance = np.ones(n), 0.0
        self.problem.set_prior(1.0 / s2)
        self.problem.derivatives(np.ascontiguousarray(x[:n]))
        if e.pull is not None:
            self.ridge += e.pull
        self.inverse = self._dense() if n <= MAX_EXACT else None
        if e.pull is not None:  # H 1 = 1 / s2 + pull, hence 1 - u = H^-1 1 / s2
            self.rest = self._times(np.ones(n)) / s2
            self.level_variance = float(1.0 / np.sum(e.pull * self.rest))

    @property
    def shift(self) -> np.ndarray:
        """u: how much of an error of the level e takes back."""
        return 1.0 - self.rest

    def _curvature(self, d: np.ndarray) -> np.ndarray:
        from venire._native.model import cell_terms

        e = self.evidence
        return cell_terms(e.model, d, 0.0, e.win, e.loss, np.zeros(len(d)))["d2"]

    def balance(self, rows: np.ndarray) -> None:
        """Nothing to do."""

    def solve(self, rhs: np.ndarray, tol: float) -> np.ndarray:
        """Apply H^-1 to rows (k, n)."""
        out = solve_rows(self.problem, rhs, tol)
        if self._watch is not None:
            for row in out:
                self._watch += (row[self.evidence.lo] - row[self.evidence.hi]) ** 2
        return out

    def _times(self, x: np.ndarray) -> np.ndarray:
        """H^-1 x."""
        if self.inverse is not None:
            return self.inverse @ x
        return solve_rows(self.problem, x[None, :], _SOLVE_TOL)[0]

    def second_moment(self, e: np.ndarray) -> float:
        """Mean over groups of E[e_g^2], with the posterior's mean a step better than its mode.

        The mode of a skew posterior is not its mean. To the first order the mean is
        e - C k / 2, k = sum over bridges of scale^3 h' R (1 at lo, -1 at hi), C = Cov(e), h' the
        third derivative of the bridge's -log P and R the variance of e_lo - e_hi. Then
        s2 = E[e^2] is where the Laplace approximation of the marginal likelihood is largest;
        without the step s2 comes out at half its size where a group has few bridges (Breslow and
        Lin 1995, doi:10.1093/biomet/82.1.81).
        """
        n, lo, hi = self.layout.n, self.evidence.lo, self.evidence.hi
        u = self.shift
        if self.inverse is not None:
            variances = np.diagonal(self.inverse)
            spread = variances[lo] + variances[hi] - 2.0 * self.inverse[lo, hi]
        else:
            draws, spread = max(2, DRAWS // n), np.zeros(len(lo))
            self._watch = spread
            variances, _ = self._sample(draws)
            self._watch = None
            spread /= draws
        image = self._times(e) + u * (np.sum(u * e) * self.level_variance)  # C e
        spread += (u[lo] - u[hi]) ** 2 * self.level_variance
        skew = np.sum(self.bends * spread * (image[lo] - image[hi]))
        second = np.sum(e**2) + np.sum(variances + u**2 * self.level_variance) - skew
        return float(max(second, 0.0)) / n

    def variances(self) -> tuple[np.ndarray, float]:
        """Variances of b, (n,), and the typical relative error of their roots."""
        if self.layout.n <= MAX_EXACT_LAST:
            dense = self._dense() if self.inverse is None else self.inverse
            variances, relative = np.diagonal(dense), 0.0
        else:
            variances, relative = self._sample(None)
        return variances + self.rest**2 * self.level_variance, relative

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

    def _sample(self, draws: int | None) -> tuple[np.ndarray, float]:
        """Diagonal of H^-1 and its typical relative error; None: as many draws as that takes."""
        own = self._own()
        variances, relative, _ = _sampled.sampled_variances(
            self,
            self._factor(),
            robust=False,
            ridge=self.ridge,
            rng=0,
            n_samples=draws,
            known=own,
            information=own,
        )
        return variances, float(np.sqrt(np.mean(relative**2)))

    def _factor(self) -> Any:
        """J with J J' = H less its ridge: a column for each bridge."""
        e = self.evidence
        if self._incidence is None:
            from scipy import sparse

            k = np.arange(len(e.lo))
            rows, columns = np.concatenate([e.lo, e.hi]), np.concatenate([k, k])
            signs = np.repeat([1.0, -1.0], len(k))
            shape = (self.layout.n, len(k))
            self._incidence = sparse.coo_array((signs, (rows, columns)), shape=shape).tocsr()
        factor = self._incidence.copy()
        factor.data *= np.sqrt(self.weights)[factor.indices]
        return factor
