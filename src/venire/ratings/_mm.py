"""The MM driver: Newman's sweeps until the residual meets the tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from venire.ratings.newton import Progress, Result

if TYPE_CHECKING:
    from venire._native.problem import Problem

__all__ = ["newman"]

MAX_ITER = 10_000
LOOK_EVERY = 4  # sweeps between two looks at the residual, which costs about as much as a sweep


def newman(
    problem: Problem,
    start: NDArray[np.float64],
    component: NDArray[np.int32],
    *,
    order_effect: bool,
    tol: float = 1e-9,
    max_iter: int | None = None,
    progress: Progress | None = None,
) -> Result:
    """Maximise the log-likelihood from `start` = (theta, gamma if estimated, log tie if free)."""
    n, limit = len(component), MAX_ITER if max_iter is None else max_iter
    x = np.array(start, dtype=np.float64)
    free_tie = len(x) > n + order_effect
    sizes = np.bincount(component)
    residual = problem.residual(problem.derivatives(x))
    n_iter = 0
    while residual > tol and n_iter < limit:
        pi = np.exp(x[:n])
        home = float(np.exp(x[n])) if order_effect else 1.0
        tie = float(np.exp(x[-1])) if free_tie else 0.0
        sweeps = min(LOOK_EVERY, limit - n_iter)
        home, tie = problem.newman_sweeps(pi, home, tie, sweeps)
        n_iter += sweeps
        with np.errstate(divide="ignore", invalid="ignore"):
            theta = np.log(pi)
            ends = np.log([home] * order_effect + [tie] * free_tie)
        if not (np.isfinite(theta).all() and np.isfinite(ends).all()):
            break  # strengths have left the doubles: what there was before is kept
        x[:n] = theta - (np.bincount(component, theta) / sizes)[component]
        x[n:] = ends
        residual = problem.residual(problem.derivatives(x))
        if progress is not None:
            progress(n_iter, residual)
    return Result(x, residual, residual <= tol, n_iter, 0)
