"""Inexact Newton: outer iterations, step control and stopping, for every model alike.

The direction comes from preconditioned conjugate gradients (`Problem.solve`), loosely at first and
tightly as the gradient falls (Eisenstat and Walker 1996, doi:10.1137/0917003). A step is taken
whole when the slope along it stays small or changes sign only a little; otherwise it is cut until
the log-likelihood rises enough (Armijo), with slack for rounding.

Items whose comparisons weigh next to nothing are invisible to both tests; they are watched by the
residual, in which each item counts alike: a step that more than doubles it overshot somewhere and
is cut too. And a small residual is not yet a small error where comparisons of very different weight
meet in one item: iterations go on, with tight solves, until the steps are small as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from venire._native.problem import Problem

__all__ = ["Progress", "Result", "newton"]

#: Called after every outer iteration with its number and the residual.
Progress = Callable[[int, float], None]

MAX_ITER = 100
FAR = 0.01
SETTLED = 1e-3  # last change of a linear predictor, in its own unit: its square is the error left
LOOKS = (4, 8, 16, 32)  # of them, after which one asks why
EXTRA = 50  # iterations for that once the residual is small, at most
ROOM = 10.0  # a linear predictor may at most double in one step, and change by this in any case
ROUNDING = 1e-13  # a residual below may be nothing else
POLISHED = 100_000  # pairs up to which a last step is too cheap to be missed
CUTS = 40  # of one step, at most
CUTS_FOR_RESIDUAL = 6  # of these, at most, because the residual grew


@dataclass(frozen=True)
class Result:
    """Where an iteration stopped."""

    parameters: NDArray[np.float64]
    residual: float
    converged: bool
    n_iter: int
    n_inner: int
    change: float = 0.0  # largest of a linear predictor in the last step, or a bound if it is small
    log_likelihood: float | None = None  # at the parameters, where the last pass came by it


def newton(
    problem: Problem,
    start: NDArray[np.float64],
    *,
    lower: NDArray[np.float64] | None = None,
    tol: float = 1e-9,
    max_iter: int | None = None,
    progress: Progress | None = None,
    forcing: float = FAR,
    polish: bool = True,
    restless: Callable[[NDArray[np.float64]], None] | None = None,
) -> Result:
    """Maximise the penalised log-likelihood from `start`.

    `forcing` is what the first solve may leave of the residual: little from afar, but not less
    than that step is worth, or multigrid would group by weights that are none yet; a tenth from
    nearby with a preconditioner at hand.
    `polish`: take a last step that costs no derivatives, and leave the matrix out of those of the
    step that is to be the last, so that `problem` is left with that of the step before.
    `lower` bounds the parameters after theta from below (-inf: free); a step is cut to stay above.
    `restless` is shown steps that are not getting small though the residual has long been.
    """
    from venire._native.problem import dot

    n_theta = problem.n_parameters - (0 if lower is None else len(lower))
    x = np.array(start, dtype=np.float64)
    limit = MAX_ITER if max_iter is None else max_iter
    gradient = problem.derivatives(x)
    residual = problem.residual(gradient)
    previous, inner, n_iter = np.inf, 0, 0
    change = 0.0  # largest change of a predictor in the last step
    extra = 0
    likelihood: float | None = None
    has_matrix = True
    while n_iter < limit and extra < EXTRA and (residual > 0.5 * tol or change > SETTLED):
        if residual > 0.5 * tol:
            eta = min(0.1, 0.9 * (residual / previous) ** 2) if n_iter else forcing
            target, relative = max(eta * residual, tol / 6.0), 0.3
        else:
            extra += 1
            target, relative = 1e-3 * residual, 1e-9
        if not has_matrix:
            gradient = problem.derivatives(x)
        step, iterations, _ = problem.solve(gradient, target, relative)
        inner += iterations
        slope = dot(gradient, step)
        if not slope > 0.0:
            break
        length = _first_length(problem, step, x, n_theta, lower)
        last = polish and extra == 0 and target <= tol / 6.0
        accepted = _line_search(problem, x, step, slope, length, residual, last)
        if accepted is None:
            break
        previous = residual
        x, gradient, residual, likelihood = accepted
        has_matrix = likelihood is None
        n_iter += 1
        if progress is not None:
            progress(n_iter, residual)
        change = _change(problem, step) if residual <= tol else np.inf
        if restless is not None and extra in LOOKS and change > SETTLED:
            restless(step)
    settled = residual <= tol and change <= SETTLED
    if polish and settled and residual > ROUNDING and problem.n_edges <= POLISHED:
        # one more step, unverified: it costs no derivatives, and takes off most of the error left
        step, _, solved = problem.solve(gradient, 0.02 * residual, 0.3)
        if solved and problem.reach(step) <= 2.0 * SETTLED:
            x = x + step
            if likelihood is not None:  # or what the step adds: half its slope, to third order
                likelihood = None if problem.has_prior else likelihood + 0.5 * dot(gradient, step)
    return Result(x, residual, settled, n_iter, inner, change, likelihood)


def _change(problem: Problem, step: NDArray[np.float64]) -> float:
    """Largest change of a linear predictor along `step`; a bound of it will do if it is small."""
    bound = problem.reach(step)
    return bound if bound <= SETTLED else problem.largest_difference(step)


def _first_length(
    problem: Problem,
    step: NDArray[np.float64],
    x: NDArray[np.float64],
    n_theta: int,
    lower: NDArray[np.float64] | None,
) -> float:
    """1, or less where a comparison would be carried far into saturation or a bound be reached.

    Where an outcome is all but certain there is next to no curvature to come back by.
    """
    length = 1.0
    if problem.reach(step) > ROOM:  # else no predictor can go too far
        length = min(1.0, 1.0 / max(problem.overreach(x, step, ROOM), 1e-300))
    if lower is None:
        return length
    room, move = x[n_theta:] - lower, step[n_theta:]
    down = (move < 0.0) & np.isfinite(lower)
    return min(length, float((0.9 * room[down] / -move[down]).min(initial=1.0)))


def _line_search(
    problem: Problem,
    x: NDArray[np.float64],
    step: NDArray[np.float64],
    slope: float,
    length: float,
    residual: float,
    last: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float | None] | None:
    """New parameters, gradient, residual and, if `problem` has no matrix there, log-likelihood.

    None when no length makes progress. `last`: a whole step should be the last.
    """
    from venire._native.problem import dot

    before: float | None = None
    for cut in range(CUTS):
        trial = x + length * step
        likelihood: float | None = None
        if last and cut == 0:
            gradient, likelihood = problem.gradient(trial)
        else:
            gradient = problem.derivatives(trial)
        new_slope = dot(gradient, step)
        new_residual = problem.residual(gradient)
        if new_residual > 2.0 * residual and cut < CUTS_FOR_RESIDUAL:
            length *= 0.5
            continue
        if -0.1 * slope <= new_slope:
            return trial, gradient, new_residual, likelihood
        if before is None:
            before = problem.objective(x)
        after = problem.objective(trial)
        if after - before >= 1e-4 * length * slope - 4e-16 * abs(before):
            return trial, gradient, new_residual, likelihood
        # secant on the slope, kept within a tenth and a half of this length
        length *= min(0.5, max(0.1, slope / (slope - new_slope)))
    return None
