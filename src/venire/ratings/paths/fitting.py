"""Ratings over time: the fit of a path."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.ageing import coded_dates
from venire.data.asked import wanted
from venire.data.comparisons import Comparisons
from venire.errors import ConvergenceWarning, NotIdentifiedError, NotIdentifiedWarning
from venire.models import DEFAULT, model_of
from venire.priors import GaussianPrior, item_priors
from venire.ratings._existence import BY_THEMSELVES
from venire.ratings.fit import Fit
from venire.ratings.fitting import check_arguments, fit_quietly, tie_of
from venire.ratings.newton import Progress, Result, newton
from venire.ratings.paths._problem import Grid, PathProblem, grid_of
from venire.ratings.paths.evidence import PathEvidence
from venire.ratings.paths.fit import PathFit
from venire.ratings.paths.periods import Periods, periods_of

__all__ = ["LEAST", "MOST", "Problems", "fit_path", "made"]

LEAST, MOST = 1e-8, 1e4  # of a walk's variance a step; below the least it is 0
START = 1e-2  # where the search for it starts
FAR, NEAR = np.log(6.0), 0.05  # steps of its log: of the search, and how well it is found
MOST_NUMBERS = 1 << 28  # of the blocks of the system, and of ratings in a table: 2 GB
FAINT = 3.0  # standard deviation of the walk's log from which on that has to be said


def fit_path(
    c: Comparisons,
    dates: ArrayLike | None = None,
    *,
    step: str | float = "month",
    walk: float | str = "evidence",
    model: str = DEFAULT,
    prior: GaussianPrior | None = None,
    order_effect: bool = False,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> PathFit:
    """Ratings over time: a theta of each item in each period, moving by a random walk.

    All periods are fitted together (a smoother): what a period says of an item is heard before and
    after it, the less the further away. Between two periods theta moves by a normal step of
    variance `walk`; 0 is one rating for all time. An item has ratings from its first to its last
    period with comparisons.

    Parameters
    ----------
    c : Comparisons
        With dates, or else
    dates : array_like of shape (n_cells,), optional
        Date of each cell: dates, text of ISO 8601, or numbers. Default: those of `c`.
    step : {"month", "year", "week", "day"} or float, default "month"
        How long a period is; a number of days, or of the unit of numeric dates, from the first on.
    walk : float or "evidence", default "evidence"
        Variance of a step from one period to the next, in the unit of theta squared. "evidence":
        the one under which the comparisons are likeliest (Laplace's approximation); see
        `PathFit.evidence`.
    model, order_effect, tol, max_iter, n_threads
        As in `fit_bradley_terry`, and what the other models are called. Order effect and tie
        parameter are the same in all periods.
    prior : GaussianPrior, optional
        Of each item's first theta. "evidence": of the precision that the fit with one rating an
        item for all time wants.
    progress : callable, optional
        Called with the iteration and the residual.

    Returns
    -------
    PathFit

    Raises
    ------
    NotIdentifiedError
        If the comparisons of all periods together have no finite fit: give a prior.
    ValueError
        If there are no dates or one is missing, `walk` is negative, `step` is none of its choices,
        or the periods are so many and large that the system does not fit into 2 GB.

    Warns
    -----
    ConvergenceWarning
        If the iteration stopped before the tolerance was met.
    NotIdentifiedWarning
        If there are several components and no prior, or the evidence of a prior has no maximum.

    Notes
    -----
    Newton's method on one block tridiagonal system, a block a period: O(periods items^3) an
    iteration in 8 periods items^2 bytes, items being those that have a rating in the period. With
    "evidence" some 5 to 10 fits, each from the last.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons(
    ...     ["a", "b", "a", "b", "a", "b"] * 8,
    ...     ["b", "a"] * 24,
    ...     [1, 1, 1, 0, 1, 0] * 8,
    ...     date=[f"2024-{1 + k // 6:02}-15" for k in range(48)],
    ... )
    >>> path = vn.fit_path(c, step="month", walk=0.04)
    >>> path.theta.shape, path.periods[-1]
    ((2, 8), np.datetime64('2024-08-01'))
    >>> print(path.summary().header[0])
    PathFit of bradley-terry: 2 items in 8 periods of a month, walk 0.04
    """
    wanted(c, "c", Comparisons)
    model = model_of(model).name
    check_arguments(model, prior, order_effect, tol, max_iter, progress)
    if c.covariate_names:
        checks.fail("c", "has covariates, which a path does not know: c.without_covariates()")
    walk = _walk(walk)
    periods, period = _periods(c, dates, step)
    try:
        static, remarks = fit_quietly(
            model, c, prior=prior, order_effect=order_effect, method="auto", init=None, tol=tol,
            max_iter=max_iter, n_threads=n_threads, progress=None, components="weak",
        )  # fmt: skip
    except NotIdentifiedError as error:
        raise NotIdentifiedError(str(error).replace(BY_THEMSELVES, ""), **vars(error)) from None
    for text, category in remarks:
        if category is NotIdentifiedWarning:
            warnings.warn(text, category, stacklevel=2)
    problems = Problems(c, static, period, len(periods.start), walk)
    evidence = None
    if isinstance(walk, str):
        found = _by_evidence(problems, tol, max_iter)
        walk, evidence = found.walk, found
    problem = problems.of(walk)
    result = problems.fitted(walk, tol, max_iter, progress)
    if not result.converged:
        text = f"the path did not converge: residual {result.residual:.2g} > tol {tol:g} after"
        warnings.warn(f"{text} {result.n_iter} iterations", ConvergenceWarning, stacklevel=2)
    x = result.parameters
    problem.level(x[None], problem.held)
    return made(
        problems, periods, walk, x, evidence=evidence, residual=result.residual,
        converged=result.converged, n_iter=result.n_iter, tol=tol,
    )  # fmt: skip


def _walk(walk: Any) -> Any:
    """The argument, checked."""
    if isinstance(walk, str) and walk == "evidence":
        return walk
    rule = f"must be 'evidence', 0, or a number from {LEAST:g} to {MOST:g}"
    return checks.number(walk, "walk", rule, lambda x: x == 0.0 or LEAST <= x <= MOST)


def _periods(c: Comparisons, dates: Any, step: Any) -> tuple[Periods, NDArray[np.int64]]:
    """The periods, and that of each cell."""
    if dates is None:
        if c.date is None or c.dates is None:
            gone = "" if c.half_life is None else ": a half_life made weights of them"
            checks.fail("dates", f"must be given: the comparisons have none (date=){gone}")
        distinct, codes = c.dates, c.date
    else:
        distinct, codes = coded_dates(dates, c.n_cells)
    periods, of_date = periods_of(distinct, step)
    return periods, of_date[codes]


class Problems:
    """The problems of one path by the walk, and where they were solved last."""

    def __init__(
        self, c: Comparisons, static: Fit, period: NDArray[np.int64], n_periods: int, walk: Any
    ) -> None:
        self.c, self.static, self.period, self.n_periods = c, static, period, n_periods
        check_room(c.n_items * n_periods)
        self.grid = grid_of(c, period, n_periods, order_effect=static.order_effect is not None)
        if walk != 0.0:
            check_room(self.grid.numbers)
        self._moving: PathProblem | None = None
        self._still: PathProblem | None = None
        self.last: NDArray[np.float64] | None = None

    def of(self, walk: float) -> PathProblem:
        """The problem of this walk; of 0 all is one period."""
        if walk == 0.0:
            if self._still is None:
                one = grid_of(self.c, np.zeros_like(self.period), 1,
                              order_effect=self.static.order_effect is not None)  # fmt: skip
                self._still = self._problem(one, 1.0)
            return self._still
        if self._moving is None:
            self._moving = self._problem(self.grid, walk)
        self._moving.set_walk(walk)
        return self._moving

    def _problem(self, grid: Grid, walk: float) -> PathProblem:
        fit = self.static
        return PathProblem(
            grid, model_of(fit.model).fitted(fit.has_free_tie), walk,
            item_priors(fit.prior, fit.items), np.asarray(fit.component),
            order_effect=fit.order_effect is not None, n_threads=fit.n_threads,
        )  # fmt: skip

    def fitted(
        self, walk: float, tol: float, max_iter: int | None, progress: Progress | None = None
    ) -> Result:
        """The fit of this walk, from the one before it or from that without one."""
        problem, fit = self.of(walk), self.static
        extra = [] if fit.order_effect is None else [fit.order_effect]
        lower = np.full(problem.n_parameters - problem.n, -np.inf)
        law = model_of(fit.model).tie
        if problem.has_tie and law is not None:
            extra.append(fit.log_tie)
            lower[-1] = law.log_boundary
        start = self.last
        if start is None or len(start) != problem.n_parameters:
            centre = item_priors(fit.prior, fit.items).centre
            start = np.concatenate([fit.theta[problem.grid.item] - centre, extra])
        result = newton(
            problem, start, lower=lower if len(lower) else None, tol=tol, max_iter=max_iter,
            progress=progress,
        )  # fmt: skip
        if walk:
            self.last = result.parameters
        return result

    def evidence(self, walk: float, tol: float, max_iter: int | None) -> float:
        """Log of the evidence, but for a constant, by Laplace's approximation."""
        result, problem = self.fitted(walk, tol, max_iter), self.of(walk)
        x = result.parameters
        problem.derivatives(x)
        n_links = len(problem.grid.before)
        own = problem.objective(x) - 0.5 * n_links * float(np.log(walk))
        return own - 0.5 * problem.log_determinant()


def check_room(numbers: int) -> None:
    """Refuse more numbers than there is room for."""
    if numbers > MOST_NUMBERS:
        checks.fail("step", f"makes a system of {8e-9 * numbers:.3g} GB: take longer periods")


class _Point(NamedTuple):
    at: float  # log walk
    value: float


def _by_evidence(problems: Problems, tol: float, max_iter: int | None) -> PathEvidence:
    """The walk of the largest evidence: its log is bracketed, then found by parabolas."""
    if not len(problems.grid.before):
        return PathEvidence(0.0, np.nan, 0, "no item has two periods: there is no walk to estimate")
    known: dict[float, float] = {}
    loose = max(tol, 1e-7)

    def value(at: float) -> _Point:
        if at not in known:
            known[at] = problems.evidence(float(np.exp(at)), loose, max_iter)
        return _Point(at, known[at])

    low, high = np.log(LEAST), np.log(MOST)
    points = _bracket(value, float(np.log(START)), low, high)
    if points is None:
        end = max(known, key=known.__getitem__)
        if end < np.log(START):
            note = "the comparisons want no walk: one rating an item for all time is likeliest"
            return PathEvidence(0.0, np.nan, len(known), note)
        note = f"the comparisons want no bound on the walk: taken as {MOST:g}"
        return PathEvidence(MOST, np.nan, len(known), note)
    left, best, right = points
    curvature = np.nan
    for _ in range(8):
        top, curvature = _parabola(left, best, right)
        widest = max(best.at - left.at, right.at - best.at)
        if abs(top - best.at) < NEAR and widest < 1.0:
            break
        if abs(top - best.at) < 0.2 * widest:  # on the wider side, so that it shrinks
            side = right if right.at - best.at >= best.at - left.at else left
            top = best.at + np.sign(side.at - best.at) * 0.3 * abs(side.at - best.at)
        new = value(float(top))
        if new.value > best.value:
            left, right = (best, right) if new.at > best.at else (left, best)
            best = new
        elif new.at > best.at:
            right = new
        else:
            left = new
    top, curvature = _parabola(left, best, right)
    sd = float(1.0 / np.sqrt(curvature)) if curvature > 0.0 else np.nan
    note = "" if sd < FAINT else "the comparisons say next to nothing of how far ratings walk"
    return PathEvidence(float(np.exp(top)), sd, len(known), note)


def _bracket(
    value: Callable[[float], _Point], start: float, low: float, high: float
) -> tuple[_Point, _Point, _Point] | None:
    """Three points, the middle one the highest; None where there is none between the bounds."""
    here = value(start)
    side = value(min(max(start - FAR, low), high))
    move = -FAR
    if side.value < here.value:
        side, here, move = here, side, FAR  # climb the other way
        side, here = here, side
        other = value(start + FAR)
        if other.value < here.value:
            return side, here, other
        previous, here = here, other
    else:
        previous, here = here, side
    while True:
        at = here.at + move
        if not low <= at <= high:
            return None
        new = value(at)
        if new.value < here.value:
            first, last = sorted((previous, new))
            return first, here, last
        previous, here = here, new


def _parabola(left: _Point, middle: _Point, right: _Point) -> tuple[float, float]:
    """Where the parabola through three points is highest, and minus its second derivative."""
    a, b = middle.at - left.at, right.at - middle.at
    p, q = (middle.value - left.value) / a, (right.value - middle.value) / b
    curvature = 2.0 * (p - q) / (a + b)
    if not curvature > 0.0:
        return middle.at, np.nan
    top = 0.5 * (left.at + middle.at) + p / curvature
    return float(min(max(top, left.at), right.at)), float(curvature)


def made(
    problems: Problems,
    periods: Periods,
    walk: float,
    x: NDArray[np.float64],
    **facts: Any,
) -> PathFit:
    """The path of the parameters x, theta first."""
    problem, grid, static = problems.of(walk), problems.grid, problems.static
    n = problem.n
    centre = item_priors(static.prior, static.items).centre
    problem.derivatives(x)
    at = np.arange(n) if walk else grid.item  # the rating of each vertex of the grid
    return PathFit(
        static=static,
        periods=periods.start,
        step=periods.step,
        walk=walk,
        tie=float(tie_of(x[-1])) if problem.has_tie else static.tie,
        order_effect=float(x[n]) if problem.has_gamma else None,
        log_likelihood=problem.log_likelihood(x),
        _grid=grid,
        cell_periods=problems.period,
        parameters=x,
        _ratings=x[at] + centre,
        _problem=problem,
        **facts,
    )
