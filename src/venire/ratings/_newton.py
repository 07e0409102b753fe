"""Inexact Newton: outer iterations, step control and stopping, for every model alike.

The direction comes from preconditioned conjugate gradients (`Problem.solve`), loosely at first and
tightly as the gradient falls (Eisenstat and Walker 1996, doi:10.1137/0917003). A step is taken whole
when the slope along it stays small or changes sign only a little; otherwise it is cut until the
log-likelihood rises enough (Armijo), with slack for rounding.
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
LARGEST_CHANGE = 5.0  # of a linear predictor in one step, in its own unit


@dataclass(frozen=True)
class Result:
    """Where an iteration stopped."""

    parameters: NDArray[np.float64]
    residual: float
    converged: bool
    n_iter: int
    n_inner: int


def residual_of(gradient: NDArray[np.float64], mass: NDArray[np.float64]) -> float:
    """Largest ratio of |gradient| to the weight of the item's comparisons."""
    ratio = np.abs(gradient)
    np.divide(ratio, mass, out=ratio, where=mass > 0.0)
    return float(ratio.max(initial=0.0))


def newton(
    problem: Problem,
    start: NDArray[np.float64],
    *,
    prior: float = 0.0,
    lower: NDArray[np.float64] | None = None,
    tol: float = 1e-9,
    max_iter: int | None = None,
    progress: Progress | None = None,
) -> Result:
    """Maximise the penalised log-likelihood from `start`.

    `lower` bounds the parameters after theta from below (-inf: free); a step is cut to stay above.
    """
    n_theta = problem.n_parameters - (0 if lower is None else len(lower))
    x = np.array(start, dtype=np.float64)
    mass = problem.mass
    limit = MAX_ITER if max_iter is None else max_iter
    gradient = problem.derivatives(x)
    residual = residual_of(gradient, mass)
    previous, inner, n_iter = np.inf, 0, 0
    while residual > 0.5 * tol and n_iter < limit:
        eta = min(0.1, 0.9 * (residual / previous) ** 2)
        target = max(eta * residual, tol / 6.0)
        step, iterations, _ = problem.solve(gradient, target)
        inner += iterations
        slope = float(gradient @ step)
        if not slope > 0.0:
            break
        length = _first_length(problem, step, x, n_theta, lower)
        accepted = _line_search(problem, x, step, slope, length, prior, n_theta)
        if accepted is None:
            break
        x, gradient = accepted
        previous, residual = residual, residual_of(gradient, mass)
        n_iter += 1
        if progress is not None:
            progress(n_iter, residual)
    return Result(x, residual, residual <= tol, n_iter, inner)


def _first_length(
    problem: Problem,
    step: NDArray[np.float64],
    x: NDArray[np.float64],
    n_theta: int,
    lower: NDArray[np.float64] | None,
) -> float:
    """1, or less where a predictor would jump or a bounded parameter would reach its bound."""
    length = min(1.0, LARGEST_CHANGE / max(problem.largest_difference(step), 1e-300))
    if lower is not None:
        room, move = x[n_theta:] - lower, step[n_theta:]
        down = (move < 0.0) & np.isfinite(lower)
        if down.any():
            length = min(length, float((0.9 * room[down] / -move[down]).min()))
    return length


def _line_search(
    problem: Problem,
    x: NDArray[np.float64],
    step: NDArray[np.float64],
    slope: float,
    length: float,
    prior: float,
    n_theta: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """New parameters and their gradient, or None when no length makes progress."""
    before: float | None = None
    for _ in range(40):
        trial = x + length * step
        gradient = problem.derivatives(trial)
        new_slope = float(gradient @ step)
        if -0.1 * slope <= new_slope:
            return trial, gradient
        if before is None:
            before = _objective(problem, x, prior, n_theta)
        after = _objective(problem, trial, prior, n_theta)
        if after - before >= 1e-4 * length * slope - 4e-16 * abs(before):
            return trial, gradient
        # secant on the slope, kept within a tenth and a half of this length
        length *= min(0.5, max(0.1, slope / (slope - new_slope)))
    return None


def _objective(problem: Problem, x: NDArray[np.float64], prior: float, n_theta: int) -> float:
    return problem.log_likelihood(x) - 0.5 * prior * float(x[:n_theta] @ x[:n_theta])
