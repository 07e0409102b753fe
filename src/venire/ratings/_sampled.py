"""Covariances of fits too large for a dense inverse: a few by solves, all by sampling.

Let A be the generalised inverse of the information H = J J', J having one column (with ties, two)
per cell. A solver that applies A gives

- the covariance of a few items exactly, one solve for each;
- all variances at once by sampling: for y = A g, g = J z and z of independent signs, E[y y'] = A
  (Spielman and Srivastava 2011, doi:10.1137/080734029). The mean of y_i^2 over k draws has a
  relative error near sqrt(2 / k), the standard error half of that.

The draws are used better than that. With h_i = 1 / H_ii the products E[y_i g_i] = 1 - 1 / n_c and
E[g_i^2] = H_ii are known, so A_ii = E[(y_i - h_i g_i)^2] + h_i (1 - 2 / n_c). Where an item's error
comes mostly from its own comparisons, y_i is close to h_i g_i and little is left to sample: on a
random graph of degree 50, 200 draws leave 0.1 % instead of 5 %; on a chain nothing is gained.
For the sandwich, g = Z z with Z Z' the scores' products M, and the known M_ii stands in for
the sampled mean of g_i^2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.ratings._information import Layout

__all__ = ["SampledErrors", "SolverInverse", "probes", "sampled_variances"]

TARGET = 0.01  # typical relative error of a standard error at which drawing stops by itself
MOST = 200  # draws at most when the caller gave no number: 5 % at worst
_AT_ONCE = 1 << 23  # entries of right-hand sides solved together
_EXACT_TOL = 1e-10  # of the solves for a few items
_DRAW_TOL = 1e-4  # of the solves with draws, whose own error is 1 % or more
_MAX_COLUMNS = 1 << 27  # entries of the columns of A held at once


class SampledErrors(NamedTuple):
    """Standard errors from random draws, with how far off they are.

    Attributes
    ----------
    standard_errors : ndarray of float64, shape (n_items,)
    relative_error : ndarray of float64, shape (n_items,)
        Estimated relative standard deviation of each standard error over the draws.
    n_samples : int
        How many draws were made.
    """

    standard_errors: np.ndarray
    relative_error: np.ndarray
    n_samples: int

    @property
    def typical_error(self) -> float:
        """Root mean square of `relative_error`."""
        return float(np.sqrt(np.mean(self.relative_error**2))) if len(self.relative_error) else 0.0


class SolverInverse:
    """The generalised inverse of the information, applied by a solver.

    Parameters
    ----------
    solver : object
        ``solver.solve(rhs, tol=...)`` maps (k, n + m) to (k, n + m).
    layout : Layout
        Items, cells and parameters.
    """

    def __init__(self, solver: Any, layout: Layout) -> None:
        self.solver = solver
        self.layout = layout

    def solve(self, rhs: np.ndarray, tol: float) -> np.ndarray:
        """Apply the inverse to the rows of `rhs`, without the level of any component."""
        rhs = np.array(rhs, np.float64)
        self.layout.balance(rhs)
        out = np.array(self.solver.solve(rhs, tol=tol))
        self.layout.centre(out)
        return out

    def balance(self, rows: np.ndarray) -> None:
        """Make slopes sum to 0 in each component, in place."""
        self.layout.balance(rows)

    @property
    def share(self) -> Any:
        """E[y_i g_i] of the probes: 1 less the part of item i that centring takes off."""
        return 1.0 - 1.0 / self.layout.heads

    def columns(self, contrasts: np.ndarray) -> np.ndarray:
        """Apply the inverse to a few rows, in batches."""
        width = self.layout.n + self.layout.m
        if contrasts.size > _MAX_COLUMNS:
            checks.fail(
                "items",
                f"{len(contrasts)} of {self.layout.n} items are too many for an exact covariance "
                f"of a graph of this size: at most {_MAX_COLUMNS // width} at once",
            )
        step = max(1, _AT_ONCE // width)
        parts = [
            self.solve(contrasts[k : k + step], _EXACT_TOL) for k in range(0, len(contrasts), step)
        ]
        return np.concatenate(parts) if parts else np.empty((0, width))

    def covariance(self, contrasts: np.ndarray, factor: Any | None = None) -> np.ndarray:
        """Covariance of contrasts, the rows of Q (q, n + m): Q A Q', or Q A Z Z' A Q'."""
        x = self.columns(contrasts)
        if factor is None:
            out = x @ contrasts.T
            return (out + out.T) / 2.0
        out = np.zeros((len(x), len(x)))
        factor = factor.tocsc()
        step = max(1, _AT_ONCE // max(1, len(x)))
        for k in range(0, factor.shape[1], step):
            part = factor[:, k : k + step].T @ x.T
            out += part.T @ part
        return out


def probes(
    inverse: SolverInverse, factor: Any, ridge: float | np.ndarray, rng: Any, n_samples: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of (g, y = A g) of rows, g = factor @ signs + sqrt(ridge) * signs of the items.

    The signs of draw k depend on `rng` and k only, not on how draws are put into blocks.
    """
    generator = checks.rng(rng)
    width = inverse.layout.n + inverse.layout.m
    step = min(16, max(1, _AT_ONCE // width))
    for start in range(0, n_samples, step):
        g = np.empty((min(step, n_samples - start), width))
        for row in g:
            row[:] = factor @ _signs(generator, factor.shape[1])
            if np.any(ridge):
                row[: inverse.layout.n] += np.sqrt(ridge) * _signs(generator, inverse.layout.n)
        inverse.balance(g)
        yield g, inverse.solve(g, _DRAW_TOL)


def sampled_variances(
    inverse: SolverInverse,
    factor: Any,
    *,
    robust: bool,
    ridge: float | np.ndarray,
    rng: Any,
    n_samples: int | None,
    known: np.ndarray,
    information: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Variances of theta by sampling.

    Parameters
    ----------
    inverse : SolverInverse
    factor : sparse array, shape (n + m, r)
        J, or for the sandwich Z.
    robust : bool
        Whether `factor` is Z.
    ridge : float or ndarray, shape (n,)
        Precision of the prior; its noise is part of g only when not `robust`.
    rng, n_samples
        Seed; number of draws, or None: until the typical relative error is under 1 %, at most
        200.
    known : ndarray, shape (n,)
        E[g_i^2].
    information : ndarray, shape (n,)
        H_ii.

    Returns
    -------
    variances, relative_error : ndarray of float64, shape (n,)
        The second is the estimated relative error of the square root of the first.
    n_samples : int
        Draws made.
    """
    n = inverse.layout.n
    share = inverse.share
    with np.errstate(divide="ignore"):
        h = np.where(information > 0.0, 1.0 / information, 0.0)
    offset = h**2 * known if robust else h * (2.0 * share - 1.0) * (known > 0.0)
    total, square, drawn = np.zeros(n), np.zeros(n), 0
    variances, relative = np.zeros(n), np.zeros(n)
    # what overflows is of an information that is singular to working precision
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for g, y in probes(inverse, factor, 0.0 if robust else ridge, rng, n_samples or MOST):
            own = h * g[:, :n]
            value = y[:, :n] ** 2 - own**2 if robust else (y[:, :n] - own) ** 2
            total += value.sum(axis=0)
            square += (value**2).sum(axis=0)
            drawn += len(g)
            mean = total / drawn
            variances = np.maximum(mean + offset, 0.0)
            scatter = np.sqrt(np.maximum(square / drawn - mean**2, 0.0) / max(drawn - 1, 1))
            relative = np.where(variances > 0.0, scatter / (2.0 * variances), 0.0)
            if n_samples is None and drawn >= 16 and np.sqrt(np.mean(relative**2)) <= TARGET:
                break
    lost = ~(np.isfinite(variances) & np.isfinite(relative))
    variances[lost] = relative[lost] = np.nan
    return variances, relative, drawn


def _signs(generator: np.random.Generator, n: int) -> np.ndarray:
    return 2.0 * generator.integers(0, 2, size=n, dtype=np.int8) - 1.0
