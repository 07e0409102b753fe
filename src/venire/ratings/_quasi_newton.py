"""L-BFGS for a concave function whose slopes cost little and whose second derivatives much.

The direction is that of Nocedal (1980, doi:10.1090/S0025-5718-1980-0572855-7), around a diagonal
that the problem knows. Steps are judged by the slope along them alone: values of the objective are
not computed. A step is taken whole when the slope along it stays positive or changes sign only a
little, and else cut by the secant; the function being concave, every step then has positive
curvature.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from venire.ratings.newton import SETTLED, Result

if TYPE_CHECKING:
    from venire.ratings.newton import Progress

__all__ = ["quasi_newton"]

MEMORY = 8  # pairs of steps and changes of the slopes
LONGEST = 32.0  # change of a parameter in one step
CUTS = 30  # of one step, at most


class Smooth(Protocol):
    """What is maximised."""

    def derivatives(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """Slopes; what follows is about these parameters."""

    def residual(self, gradient: NDArray[np.float64]) -> float:
        """Largest slope, each relative to what it is the sum of."""

    def precondition(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """About the inverse of minus the second derivatives times `gradient`."""


def quasi_newton(
    problem: Smooth,
    start: NDArray[np.float64],
    *,
    tol: float,
    max_iter: int,
    progress: Progress | None = None,
) -> Result:
    """Maximise from `start`, for at most `max_iter` steps."""
    from venire._native.problem import dot, largest

    x = np.array(start, np.float64)
    gradient = problem.derivatives(x)
    residual = problem.residual(gradient)
    memory: deque[tuple[Any, Any, float]] = deque(maxlen=MEMORY)
    change, n_iter = 0.0, 0
    while n_iter < max_iter and (residual > 0.5 * tol or change > SETTLED):
        step = _direction(problem, gradient, memory, dot)
        slope = dot(gradient, step)
        if not slope > 0.0:
            break
        length = min(1.0, LONGEST / max(largest(step), 1e-300))
        for _ in range(CUTS):
            trial = x + length * step
            new = problem.derivatives(trial)
            along = dot(new, step)
            if along >= -0.1 * slope:
                break
            length *= min(0.5, max(0.1, slope / (slope - along)))
        else:
            break
        moved, turned = trial - x, gradient - new
        bend = dot(moved, turned)
        if bend > 0.0:
            memory.append((moved, turned, 1.0 / bend))
        x, gradient, change = trial, new, largest(moved)
        residual = problem.residual(gradient)
        n_iter += 1
        if progress is not None:
            progress(n_iter, residual)
    return Result(x, residual, residual <= tol and change <= SETTLED, n_iter, 0, change)


def _direction(problem: Smooth, gradient: Any, memory: Any, dot: Any) -> NDArray[np.float64]:
    """The inverse of the second derivatives, as the last steps know it, times the slopes."""
    out, parts = gradient.copy(), []
    for moved, turned, over in reversed(memory):
        parts.append(over * dot(moved, out))
        out -= parts[-1] * turned
    out = problem.precondition(out)
    for (moved, turned, over), part in zip(memory, reversed(parts), strict=True):
        out += (part - over * dot(turned, out)) * moved
    return out
