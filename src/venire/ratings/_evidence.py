"""The precision of a prior by the data: where the Laplace approximation of the evidence is largest.

With l the log-likelihood at the mode x = (theta, rest), A its negative Hessian plus p on theta, and
f the dispersion of the outcomes,

    log evidence = (l - p/2 |m|^2) / f + n/2 log p - 1/2 log det A,    m = theta - mean.

As p grows the mode moves along -w, w = A^-1 m, so that (twice, times p) its derivative vanishes at

    p (|m|^2 / f + tr A^-1 - tr(A^-1 H'[w])) = n,

the first trace over theta, H'[w] the change of the Hessian along w. Without the last term the
precision is far too large where comparisons are few: a mode is not a mean. The matrix is inverted
where it is small; else both traces are averages of z' A^-1 z and z' A^-1 H' z over fixed vectors z
of signs (Hutchinson 1990, doi:10.1080/03610919008812866), one solve for each, with what is known
exactly left out of the average: levels, which only the prior determines, and the parameters
beside theta.

The root is found in log p by Newton's method, with all of its slope but how the last term changes;
each fit starts from the one before. Where there is none the data want no spread at all, p infinite.
Then n - 1/2 stands for n: the penalty 1/2 log sd, under which the estimate stays off that boundary,
where the log evidence is about a quarter below its limit (after Chung et al. 2013,
doi:10.1007/s11336-013-9328-2, whose penalty of twice that no single pair withstands).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire.models import model_of
from venire.ratings.newton import Progress, Result, newton
from venire.ratings.solver import solve_rows

if TYPE_CHECKING:
    from venire._native.problem import Problem

__all__ = ["NO_PRIOR", "NO_SPREAD", "Evidence", "find_precision", "pearson_of"]

#: Of the outcomes, at parameters that are as good as so many free ones.
Dispersion = Callable[[NDArray[np.float64], float], float]

ALWAYS_DENSE = 64  # parameters up to which the matrix is inverted in any case,
DENSE = 500  # and where probes are not enough
FEWEST, MOST = 6, 96  # probes
SOLVED = 1e-2  # tolerance of their solves
LOOSE = 1e-5  # of the fits on the way
APART = 0.02  # how far the largest predictor is moved for the derivative of the Hessian
LEFT = 0.1  # of the weight, at least, that parameters must leave for a dispersion to be told
CLOSE, NEAR = 1e-3, 0.1  # a step of log p that is the last one: so much; by probes, of its sd
FAINT = 0.2  # of that sd: what the probes may be off by
LONGEST = 2.0  # step of log p
STEPS = 40
MOST_PRECISE = 1e3  # times the weight of an item's comparisons: as good as infinite
LEAST_PRECISE = 1e-12  # times that weight: as good as 0

NO_SPREAD = (
    "the data want no spread of the ratings (the evidence rises with the prior's precision without "
    "end): the precision is one at which the log evidence is some quarter below its limit"
)
NO_PRIOR = (
    "the data want no prior (the outcomes scatter next to nothing): its precision is as good as 0"
)


@dataclass(frozen=True)
class Evidence:
    """How the precision of a prior was found: ``GaussianPrior("evidence")``.

    Attributes
    ----------
    precision : float
        Of the prior that the fit has.
    log_precision_sd : float
        Standard deviation of its log, from the curvature of the log evidence.
    dispersion : float
        Variance of the outcomes beside that of wins and losses, by which the log-likelihood was
        divided: below 1 for half ties and soft scores, else 1.
    n_fits : int
        Fits that it took.
    note : str
        What the reader should know: that there was no maximum; or "".

    Examples
    --------
    >>> import venire as vn
    >>> fit = vn.fit_bradley_terry(vn.datasets.load_battles(), prior=vn.GaussianPrior("evidence"))
    >>> fit.prior.precision == fit.evidence.precision, round(fit.evidence.spread, 1)
    (True, 0.5)
    """

    precision: float
    log_precision_sd: float
    dispersion: float = 1.0
    n_fits: int = 1
    note: str = ""

    @property
    def spread(self) -> float:
        """Standard deviation of the strengths about the prior's mean, as the data tell it."""
        return math.sqrt(self.dispersion / self.precision)

    def describe(self) -> str:
        """In words, for summaries."""
        by = f", dispersion {self.dispersion:.2g}" if self.dispersion != 1.0 else ""
        return (
            f"precision {self.precision:.4g} by evidence: sd of its log "
            f"{self.log_precision_sd:.2g}, spread of ratings {self.spread:.3g}{by}"
        )

    def to_dict(self) -> dict[str, Any]:
        """What ``Evidence(**values)`` makes the same from."""
        return dict(vars(self))


class Pearson:
    """The dispersion of half ties and soft scores at given parameters.

    Parameters
    ----------
    c : Comparisons or GroupedComparisons
    model : str
    mixed : ndarray of float64, shape (n_cells,)
        Sums of w s (1 - s), w and s being the weights and scores of a cell's rows.
    """

    def __init__(self, c: Any, model: str, mixed: NDArray[np.float64]) -> None:
        self.c, self.model, self.mixed = c, model, mixed
        self.lost = np.maximum(c.loss + c.tie / 2.0 - mixed, 0.0)
        self.weight = float(c.n_comparisons)

    def at(self, d: NDArray[np.float64], used: float) -> float:
        """Mean of the rows' squared scores over the mean of their information, at predictors `d`;
        `used` parameters are taken off the weight. 1 where next to nothing would be left."""
        from venire._native.model import cell_terms

        free, none, one = self.weight - used, np.zeros(len(d)), np.ones(len(d))
        if not free > LEFT * self.weight:
            return 1.0
        a = cell_terms(self.model, d, 0.0, one, none, none)["d1"]
        b = cell_terms(self.model, d, 0.0, none, one, none)["d1"]
        seen = np.sum(self.c.square * a**2 + 2.0 * self.mixed * a * b + self.lost * b**2)
        own = cell_terms(self.model, d, 0.0, self.c.win, self.c.loss, self.c.tie)["d2"]
        return float(seen / np.sum(own)) * self.weight / free


def pearson_of(c: Any, model: str) -> Pearson | None:
    """What tells the dispersion; None where outcomes are wins and losses, or ties have a
    parameter."""
    mixed = np.maximum(c.win + c.tie / 2.0 - c.square, 0.0)
    soft = model_of(model).tie is None and np.sum(mixed) > 1e-12 * c.n_comparisons
    return Pearson(c, model, mixed) if soft else None


@dataclass(frozen=True)
class _Look:
    """What one fit says: p (...) / n at its precision p, its standard error over probes, the slope
    in log p but for what the last term adds, and how the mode moves along it."""

    share: float
    noise: float
    slope: float
    dispersion: float
    drift: NDArray[np.float64]


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
    max_iter: int | None = None,
    progress: Progress | None = None,
) -> tuple[Evidence, Result]:
    """The evidence, and the fit at its precision, which `problem` is left with.

    `mean`: of the prior, 0 or (n_items,), in the unit that theta is fitted in. `weight`: of the
    comparisons of an item, on average. `first`: a guess, if there is one.
    """
    search = _Search(problem, start, mean, component, lower, dispersion, tol, max_iter, progress)
    low, high = math.log(LEAST_PRECISE * weight), math.log(MOST_PRECISE * weight)
    u, note = search.root(math.log(first or search.guess()), low, high, 1.0), ""
    if u >= high:
        u, note = search.root(high, low, high + 30.0, 1.0 - 0.5 / len(component)), NO_SPREAD
    elif u <= low:
        note = NO_PRIOR
    result = search.fit(u, tol, polish=True)
    result = replace(result, n_iter=search.n_iter, n_inner=search.n_inner)
    sd, by = search.sd(), search.seen.dispersion
    return Evidence(math.exp(u), sd, by, search.n_fits, note), result


class _Search:
    """Fits at one precision after another, each from the one before."""

    seen: _Look

    def __init__(
        self,
        problem: Problem,
        start: NDArray[np.float64],
        mean: Any,
        component: NDArray[np.int32],
        lower: NDArray[np.float64] | None,
        dispersion: Dispersion | None,
        tol: float,
        max_iter: int | None,
        progress: Progress | None,
    ) -> None:
        self.problem, self.mean, self.component = problem, mean, component
        self.lower, self.dispersion, self.tol = lower, dispersion, tol
        self.how: dict[str, Any] = {"lower": lower, "max_iter": max_iter, "progress": progress}
        self.x, self.u, self.n = start, math.nan, len(component)
        self.n_fits = self.n_iter = self.n_inner = 0
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
            start = start + min(max(u - self.u, -1.0), 1.0) * self.seen.drift
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

    def root(self, u: float, low: float, high: float, goal: float) -> float:
        """Where the share is `goal`; `high` or `low` where it is less, or more, up to there."""
        below, above = -math.inf, math.inf
        before, self.factor = (math.nan, 0.0, 0.0), 1.0
        for _ in range(STEPS):
            u = min(max(u, low), high)
            self.fit(u, max(self.tol, LOOSE))
            seen = self.seen = self.look(math.exp(u))
            dense, off = isinstance(self.traces, _Dense), seen.share - goal
            if off < 0.0:
                below = u
            else:
                above = u
            if (u >= high and off < 0.0) or (u <= low and off >= 0.0):
                return u
            if 1e-2 < abs(u - before[0]) < LONGEST:
                chord = (off - before[1]) / (u - before[0])
                self.factor = min(max(2.0 * chord / (seen.slope + before[2]), 0.5), 2.0)
            before = (u, off, seen.slope)
            slope = self.factor * seen.slope  # which falls like `off` where there is no root
            step = -off / slope if slope > abs(off) / LONGEST else math.copysign(LONGEST, -off)
            if not below < u + step < above:
                step = 0.5 * ((above if step > 0.0 else below) - u)
            if abs(step) <= (CLOSE if dense else max(CLOSE, NEAR * self.sd())):
                if seen.noise <= FAINT * self.sd() * slope or not self.sharpen():
                    return u + step
                below, above, before = -math.inf, math.inf, (math.nan, 0.0, 0.0)
            u += step
        return u

    def sd(self) -> float:
        """Of the log of the precision."""
        slope = self.factor * self.seen.slope
        return (0.5 * self.n * slope) ** -0.5 if slope > 0.0 else math.inf

    def sharpen(self) -> bool:
        """Take traces more exactly; False: as exactly as is sensible already."""
        if isinstance(self.traces, _Dense):
            return False
        count = len(self.traces.signs)
        if self.problem.n_parameters <= DENSE:
            self.traces = _Dense(self.problem, self.n, self.traces.signs)
        elif count < MOST:
            self.traces = _Probes(self.problem, self.component, min(4 * count, MOST))
        return count < MOST or self.problem.n_parameters <= DENSE

    def look(self, p: float) -> _Look:
        """What the fit at x says."""
        problem, x, n = self.problem, self.x, self.n
        miss = np.zeros(len(x))
        miss[:n] = x[:n] - self.mean
        self.traces.take(p)
        w = self.traces.solve(miss)
        size = problem.largest_difference(w)
        if self.lower is not None:  # both points have to be inside
            room = np.minimum(APART, 0.5 * (x[n:] - self.lower))
            size = max(size, float(np.max(APART * np.abs(w[n:]) / room)))
        step = APART / size if size > 0.0 else 1.0
        problem.derivatives(x + step * w)
        more = self.traces.against()
        problem.derivatives(x - step * w)
        skew = (more - self.traces.against()) / (2.0 * step)
        trace, of_square = self.traces.of_theta()
        parts = p * (trace - skew) / n
        count, whole = len(parts), float(parts.sum()) / len(parts)
        noise = math.sqrt(float(np.square(parts - whole).sum()) / (count * max(count - 1, 1)))
        squares, used = float(miss @ miss), len(x) - p * float(trace.sum()) / count
        by = 1.0 if self.dispersion is None else self.dispersion(x, used)
        bend = 2.0 * float(miss @ w) / by if by > 0.0 else 0.0
        share = p * squares / (by * n) + whole if by > 0.0 else math.inf
        return _Look(share, noise, share - p * p * (bend + of_square) / n, by, -p * w)


class _Dense:
    """The traces from the inverse itself."""

    def __init__(self, problem: Problem, n: int, signs: NDArray[np.float64]) -> None:
        self.problem, self.n, self.signs = problem, n, signs

    def take(self, p: float) -> None:
        """The matrix that `problem` has now."""
        self.inverse = np.linalg.inv(self.problem.dense())

    def solve(self, rhs: NDArray[np.float64]) -> NDArray[np.float64]:
        """A^-1 rhs."""
        return self.inverse @ rhs

    def against(self) -> NDArray[np.float64]:
        """tr(A^-1 B), B the matrix that `problem` has now, as one probe."""
        return np.array([np.vdot(self.inverse, self.problem.dense())])

    def of_theta(self) -> tuple[NDArray[np.float64], float]:
        """Traces of the block of theta of A^-1, as one probe, and of that block's square."""
        block = self.inverse[: self.n, : self.n]
        return np.array([np.trace(block)]), float(np.vdot(block, block))


class _Probes:
    """The traces by signs and solves."""

    def __init__(self, problem: Problem, component: NDArray[np.int32], count: int) -> None:
        n, sizes = len(component), np.bincount(component)
        signs = 2.0 * np.random.default_rng(0).integers(0, 2, (count, n), np.int8) - 1.0
        for row in signs:
            row -= (np.bincount(component, row) / sizes)[component]
        self.problem, self.n, self.parts = problem, n, len(sizes)
        self.signs = np.zeros((count, problem.n_parameters))
        self.signs[:, :n] = signs
        self.rest = np.zeros((problem.n_parameters - n, problem.n_parameters))
        self.rest[:, n:] = np.eye(len(self.rest))

    def take(self, p: float) -> None:
        """The matrix that `problem` has now."""
        self.level = self.parts / p
        self.whole = self.inside = solve_rows(self.problem, self.signs, SOLVED)
        if len(self.rest):  # y = A_theta^-1 z, of A's block: of the whole less what the rest adds
            self.beside = solve_rows(self.problem, self.rest, SOLVED)
            corner = self.beside[:, self.n :]
            self.corner = np.linalg.inv((corner + corner.T) / 2.0)
            added = (self.signs @ self.beside.T) @ self.corner @ self.beside
            self.inside = self.whole - added
            self.inside[:, self.n :] = 0.0

    def solve(self, rhs: NDArray[np.float64]) -> NDArray[np.float64]:
        """A^-1 rhs."""
        return solve_rows(self.problem, rhs[None], SOLVED)[0]

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
