"""The biases of groups: maximum a posteriori, with the variance of the prior estimated.

    log posterior = sum over bridges of weight * [s log P(d) + (1 - s) log P(-d)]
                    - sum over anchored groups of pull / 2 * (b_g - target_g)^2
                    - sum over groups of (b_g - m)^2 / (2 s2)

with d = scale * (b_lo - b_hi) + offset, and m = 0 without anchors, free (a flat prior) with them.
That is a fit of Bradley and Terry's (or Thurstone's) model over groups, with known offsets and some
items observed directly; the parameters are e = b - m, and m where it is free.

s2 is found by EM: 1 at first, then eight times the mean of e^2 plus the mean posterior variance of
e. H is the negative second derivative in e, a Laplacian plus the diagonal 1 / s2 + pull. With m
free, let u = H^-1 pull and S = sum of pull * (1 - u). Then

    Cov(e) = H^-1 + u u' / S,    Var(m) = 1 / S,    Var(b_g) = (H^-1)_gg + (1 - u_g)^2 / S.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from venire.grouped._bridges import Evidence
from venire.ratings import _sampled
from venire.ratings._covariance import inverse_of
from venire.ratings._newton import Result, newton
from venire.ratings._solver import solve_rows
from venire.reference import links

__all__ = ["Levels", "find_levels"]

START = 1.0  # of s2. From .1 the eight steps end far too low: see the tests
STEPS = 8
MAX_EXACT = 500  # groups up to which every covariance is a dense inverse
MAX_EXACT_LAST = 3_000  # the same for the standard errors, which are computed once
_DRAWS = 200_000  # draws times groups behind the mean of the variances in a step


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
    from venire._native.problem import Problem

    n = len(evidence.active)
    free_level = evidence.pull is not None
    s2 = start if variance is None else variance
    lo, hi = evidence.lo, evidence.hi
    problem = Problem(
        evidence.model,
        evidence.edge_ptr,
        hi,
        evidence.win,
        evidence.loss,
        scale=evidence.scale,
        offset=evidence.offset,
        pull=evidence.pull,
        target=evidence.target,
        prior=1.0 / s2,
        level=free_level,
        parallel_edges=bool(((lo[1:] == lo[:-1]) & (hi[1:] == hi[:-1])).any()),
        n_threads=n_threads,
    )
    posterior = _Posterior(problem, evidence)
    lower = np.array([-np.inf]) if free_level else None
    x, n_iter = np.zeros(n + free_level), 0
    if evidence.target is not None and evidence.pull is not None:  # the level, if s2 were 0
        x[n] = np.sum(evidence.pull * evidence.target) / np.sum(evidence.pull)
    steps = 0 if variance is not None else STEPS
    for step in range(steps + 1):
        result = newton(
            problem, x, prior=1.0 / s2, lower=lower, tol=tol, max_iter=max_iter
        )  # fmt: skip
        x, n_iter = result.parameters, n_iter + result.n_iter
        posterior.update(x, s2)
        if step < steps:
            s2 = float(np.mean(x[:n] ** 2)) + posterior.mean_variance()
            problem.set_prior(1.0 / s2)
    variances, relative = posterior.variances()
    level, level_variance = (float(x[n]), posterior.level_variance) if free_level else (0.0, 0.0)
    return Levels(
        x[:n], level, variances, level_variance, relative, s2, result, n_iter
    )  # fmt: skip


class _Posterior(_sampled.SolverInverse):
    """H^-1 at the current parameters: dense for few groups, else by solves and draws.

    Unlike the covariance of a fit it is not taken on vectors of mean 0, so nothing is centred.
    """

    share = 1.0

    def __init__(self, problem: Any, evidence: Evidence) -> None:
        super().__init__(None, SimpleNamespace(n=len(evidence.active), m=0))
        self.problem, self.evidence = problem, evidence
        self._incidence: Any = None

    def update(self, x: np.ndarray, s2: float) -> None:
        """Take H at parameters x and prior variance s2."""
        e, n = self.evidence, self.layout.n
        d = e.scale * (x[e.lo] - x[e.hi]) + e.offset
        terms = links.cell_terms(e.model, d, 0.0, e.win, e.loss, np.zeros(len(d)))
        self.weights = terms["d2"] * e.scale**2
        self.ridge = np.full(n, 1.0 / s2)
        self.shift, self.level_variance = np.zeros(n), 0.0
        self.problem.derivatives(x)
        if e.pull is not None:
            self.ridge += e.pull
            last = np.zeros((1, n + 1))
            last[0, n] = 1.0
            column = solve_rows(self.problem, last, _sampled.EXACT_TOL)[0]
            self.level_variance = float(column[n])
            self.shift = -column[:n] / column[n]

    def centre(self, rows: np.ndarray) -> None:
        """Nothing to do."""

    def solve(self, rhs: np.ndarray, tol: float) -> np.ndarray:
        """Apply H^-1 to rows (k, n)."""
        if self.evidence.pull is None:
            return solve_rows(self.problem, rhs, tol)
        wide = np.concatenate([rhs, np.zeros((len(rhs), 1))], axis=1)
        out = solve_rows(self.problem, wide, tol)
        return out[:, :-1] + out[:, -1:] * self.shift

    def mean_variance(self) -> float:
        """Mean over groups of the variance of e."""
        n = self.layout.n
        draws = None if n <= MAX_EXACT else max(2, _DRAWS // n)
        variances, _ = self._diagonal(draws)
        return float(np.mean(variances + self.shift**2 * self.level_variance))

    def variances(self) -> tuple[np.ndarray, float]:
        """Variances of b, (n,), and the typical relative error of their roots."""
        if self.layout.n <= MAX_EXACT_LAST:
            variances, relative = self._diagonal(None)
        else:
            variances, relative = self._diagonal(0)
        return variances + (1.0 - self.shift) ** 2 * self.level_variance, relative

    def _diagonal(self, draws: int | None) -> tuple[np.ndarray, float]:
        """Diagonal of H^-1: exact (None), of so many draws, or of as many as it takes (0)."""
        e, n = self.evidence, self.layout.n
        own = self.ridge + np.bincount(e.lo, self.weights, n) + np.bincount(e.hi, self.weights, n)
        if draws is None:
            dense = np.diag(own)
            np.subtract.at(dense, (e.lo, e.hi), self.weights)
            np.subtract.at(dense, (e.hi, e.lo), self.weights)
            return np.diagonal(inverse_of(dense)).copy(), 0.0
        variances, relative, _ = _sampled.sampled_variances(
            self,
            self._factor(),
            robust=False,
            ridge=self.ridge,
            rng=0,
            n_samples=draws or None,
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
