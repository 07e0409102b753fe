"""The precision of a single fit's prior by the evidence: see `_evidence`."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire.models import model_of
from venire.ratings._evidence import Dispersion, Evidence, Look, Search, Sums
from venire.ratings.newton import Result, newton
from venire.ratings.problem import build_problem
from venire.ratings.solver import solve_rows

if TYPE_CHECKING:
    from venire._native.problem import Problem
    from venire.data.comparisons import Comparisons
    from venire.priors import ItemPriors

__all__ = ["find_precision", "sums_of"]

ALWAYS_DENSE = 64  # parameters up to which the matrix is inverted in any case,
DENSE = 500  # and where probes are not enough
FEWEST, MOST = 6, 96  # probes
SOLVED = 1e-2  # tolerance of their solves
LOOSE = 1e-5  # of the fits on the way
APART = 0.02  # how far the largest predictor is moved for the derivative of the Hessian


def find_precision(
    problem: Problem,
    start: NDArray[np.float64],
    mean: Any,
    component: NDArray[np.int32],
    weight: float,
    *,
    first: float | None = None,
    lower: NDArray[np.float64] | None = None,
    dispersion: Dispersion | None = None,
    tol: float = 1e-9,
    **how: Any,
) -> tuple[Evidence, Result]:
    """The evidence, and the fit at its precision, which `problem` is left with.

    `mean`: of the prior, 0 or (n_items,), in the unit that theta is fitted in. `weight`: of the
    comparisons of an item, on average. `first`: a guess, if there is one. `how`: as for `newton`.
    """
    search = SingleSearch(problem, start, mean, component, weight, lower, dispersion, tol, how)
    u, note = search.find(first or search.guess())
    result = search.fit(u, tol, polish=True)
    result = replace(result, n_iter=search.n_iter, n_inner=search.n_inner)
    return search.evidence(u, note), result


def sums_of(
    c: Comparisons,
    model: str,
    x: NDArray[np.float64],
    prior: ItemPriors,
    order_effect: bool,
    n_threads: int,
) -> Sums:
    """What the fit says whose parameters are x, theta first."""
    n, own = c.n_items, x.copy()
    problem = build_problem(c, model, prior=prior, order_effect=order_effect, n_threads=n_threads)
    lower = np.full(len(x) - n, -np.inf)
    law = model_of(model).tie
    if law is not None and len(x) > n + order_effect:
        lower[-1] = law.log_boundary
    own[:n] -= prior.centre
    mean = 0.0 if prior.mean is None else prior.mean
    search = SingleSearch(problem, own, mean, c.components().labels, 1.0, lower)
    search.u = math.log(prior.all if prior.precision is None else prior.precision[0])
    problem.derivatives(own)
    return search.sums()


class SingleSearch(Search):
    """Fits of one problem, each from the one before."""

    drift: NDArray[np.float64]  # of the mode along log p

    def __init__(
        self,
        problem: Problem,
        start: NDArray[np.float64],
        mean: Any,
        component: NDArray[np.int32],
        weight: float,
        lower: NDArray[np.float64] | None,
        dispersion: Dispersion | None = None,
        tol: float = 1e-9,
        how: dict[str, Any] | None = None,
    ) -> None:
        self.problem, self.mean, self.component = problem, mean, component
        self.lower, self.dispersion, self.tol, self.weight = lower, dispersion, tol, weight
        self.how = {"lower": lower, **(how or {})}
        self.x, self.u, self.n = start, math.nan, len(component)
        self.n_iter = self.n_inner = 0
        self.traces: Any = _Probes(problem, component, FEWEST)
        if problem.n_parameters <= ALWAYS_DENSE:
            self.traces = _Dense(problem, self.n, self.traces.signs)

    def guess(self) -> float:
        """From the moments of the slopes s where all are equal: E|s|^2 = tr H + tr H^2 / p."""
        problem, n, probes = self.problem, self.n, self.traces.signs
        problem.set_precision(1.0)
        slopes = problem.derivatives(self.x)[:n]
        images = problem.times(probes)[:, :n] - probes[:, :n]
        own = float(np.vdot(images, probes[:, :n])) / len(probes)
        excess = max(float(slopes @ slopes) - own, 0.1 * own)
        found = float(np.vdot(images, images)) / len(probes) / excess if excess > 0.0 else 1.0
        return min(max(found, 1e-3), 1e3)

    def fit(self, u: float, tol: float, *, polish: bool = False) -> Result:
        """The fit at a log precision."""
        start = self.x
        if self.n_fits:
            start = start + min(max(u - self.u, -1.0), 1.0) * self.drift
            if self.lower is not None:
                inside = np.maximum(start[self.n :], 0.5 * (self.x[self.n :] + self.lower))
                start[self.n :] = np.where(np.isfinite(self.lower), inside, start[self.n :])
        self.problem.set_precision(math.exp(u))
        found = newton(
            self.problem, start, tol=tol, forcing=0.1 if self.n_fits else 0.0, polish=polish,
            **self.how,
        )  # fmt: skip
        self.x, self.u, self.n_fits = found.parameters, u, self.n_fits + 1
        self.n_iter, self.n_inner = self.n_iter + found.n_iter, self.n_inner + found.n_inner
        return found

    def sharpen(self) -> bool:
        """By more probes; where the problem is small, by the inverse."""
        if isinstance(self.traces, _Dense):
            return False
        count = len(self.traces.signs)
        if self.problem.n_parameters <= DENSE:
            self.traces = _Dense(self.problem, self.n, self.traces.signs)
        elif count < MOST:
            self.traces = _Probes(self.problem, self.component, min(4 * count, MOST))
        return count < MOST or self.problem.n_parameters <= DENSE

    @property
    def exact(self) -> bool:
        """Whether the traces are no samples."""
        return isinstance(self.traces, _Dense)

    def look(self, u: float) -> Look:
        """Fit, loosely, at a log precision, and look."""
        self.fit(u, max(self.tol, LOOSE))
        dispersion = self.dispersion
        of = None if dispersion is None else lambda used: dispersion(self.x, used)
        return Look.of(self.sums(), math.exp(u), of)

    def sums(self) -> Sums:
        """What the fit at x says."""
        problem, x, n, p = self.problem, self.x, self.n, math.exp(self.u)
        miss = np.zeros(len(x))
        miss[:n] = x[:n] - self.mean
        w = self.traces.take(p, miss)
        self.drift = -p * w
        size = problem.largest_difference(w)
        if self.lower is not None and len(x) > n:  # both points have to be inside
            room = np.minimum(APART, 0.5 * (x[n:] - self.lower))
            size = max(size, float(np.max(APART * np.abs(w[n:]) / room)))
        step = APART / size if size > 0.0 else 1.0
        problem.derivatives(x + step * w)
        more = self.traces.against()
        problem.derivatives(x - step * w)
        skew = (more - self.traces.against()) / (2.0 * step)
        trace, of_square = self.traces.of_theta()
        parts, count = p * (trace - skew), len(trace)
        away = parts - parts.sum() / count
        noise = math.sqrt(float(away @ away) / (count * max(count - 1, 1)))
        return Sums(
            n, float(miss @ miss), float(miss @ w), float(trace.sum()) / count, of_square,
            float(skew.sum()) / count, len(x) - n, noise,
        )  # fmt: skip


class _Dense:
    """The traces from the inverse itself."""

    def __init__(self, problem: Problem, n: int, signs: NDArray[np.float64]) -> None:
        self.problem, self.n, self.signs = problem, n, signs
        self.unit = np.eye(problem.n_parameters)

    def take(self, p: float, rhs: NDArray[np.float64]) -> NDArray[np.float64]:
        """A^-1 rhs, A the matrix that `problem` has now."""
        self.inverse = np.linalg.inv(self.problem.times(self.unit))
        return self.inverse @ rhs

    def against(self) -> NDArray[np.float64]:
        """tr(A^-1 B), B the matrix that `problem` has now, as one probe."""
        return np.array([np.vdot(self.inverse, self.problem.times(self.unit))])

    def of_theta(self) -> tuple[NDArray[np.float64], float]:
        """Traces of the block of theta of A^-1, as one probe, and of that block's square."""
        block = self.inverse[: self.n, : self.n]
        return np.array([np.trace(block)]), float(np.vdot(block, block))


@lru_cache(maxsize=2)
def _bits(n: int, count: int) -> NDArray[np.int8]:
    """The same for all problems of n items."""
    return np.random.default_rng(0).integers(0, 2, (count, n), np.int8)


class _Probes:
    """The traces by signs and solves."""

    def __init__(self, problem: Problem, component: NDArray[np.int32], count: int) -> None:
        n, sizes = len(component), np.bincount(component)
        size = problem.n_parameters
        self.problem, self.n, self.parts = problem, n, len(sizes)
        self.rows = np.zeros((count + size - n + 1, size))  # signs, the rest, what else is solved
        self.signs, self.rest = self.rows[:count], self.rows[count:-1]
        signs = 2.0 * _bits(n, count) - 1.0
        if len(sizes) > 1:
            for row in signs:
                row -= (np.bincount(component, row) / sizes)[component]
        else:
            signs -= signs.mean(axis=1, keepdims=True)
        self.signs[:, :n] = signs
        self.rest[:, n:] = np.eye(size - n)

    def take(self, p: float, rhs: NDArray[np.float64]) -> NDArray[np.float64]:
        """A^-1 rhs, A the matrix that `problem` has now."""
        self.level, count = self.parts / p, len(self.signs)
        self.rows[-1] = rhs
        solved = solve_rows(self.problem, self.rows, SOLVED)
        self.whole = self.inside = solved[:count]
        if len(self.rest):  # y = A_theta^-1 z, of A's block: of the whole less what the rest adds
            self.beside = solved[count:-1]
            corner = self.beside[:, self.n :]
            self.corner = np.linalg.inv((corner + corner.T) / 2.0)
            added = (self.signs @ self.beside.T) @ self.corner @ self.beside
            self.inside = self.whole - added
            self.inside[:, self.n :] = 0.0
        return np.asarray(solved[-1], np.float64)

    def against(self) -> NDArray[np.float64]:
        """tr(A^-1 B), B the matrix that `problem` has now, by each probe, less what is constant."""
        out = np.einsum("ij,ij->i", self.inside, self.problem.times(self.signs))
        if len(self.rest):
            image = self.problem.times(self.beside)
            out += np.vdot(self.corner, image @ self.beside.T)
        return out

    def of_theta(self) -> tuple[NDArray[np.float64], float]:
        """Traces of the block of theta of A^-1, by each probe, and of that block's square."""
        theta = self.whole[:, : self.n]
        first = np.einsum("ij,ij->i", theta, self.signs[:, : self.n])
        of_square = float(np.vdot(theta, theta)) / len(theta)
        return self.level + first, of_square + self.level**2 / self.parts
