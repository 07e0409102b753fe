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

Where that does not do (on a chain or a ladder, whose errors come from afar and are alike), a few
items become landmarks: their columns of A are solved for, which makes them exact, and known of
every other item what a regression on them says. Draws are only asked for the rest, y less its
regression on the landmarks' y: a partial Cholesky factorisation with its remainder sampled.

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
FIRST = 16  # draws before it is asked whether they do
LANDMARKS = 64  # items solved for where they do not, at most
MOST = 200  # draws at most when the caller gave no number: 5 % at worst
_AT_ONCE = 1 << 23  # entries of right-hand sides solved together
_EXACT_TOL = 1e-10  # of the solves for a few items
_DRAW_TOL = 1e-4  # of the solves with draws, whose own error is 1 % or more
_MAX_LANDMARKS = 1 << 25  # entries of the columns of landmarks
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

    @property
    def largest_error(self) -> float:
        """Largest of `relative_error`."""
        return float(np.max(self.relative_error, initial=0.0))

    @property
    def note(self) -> str:
        """How far off they are, in words."""
        typical, largest = (f"{100 * x:.1f} %" for x in (self.typical_error, self.largest_error))
        return (
            f"SE sampled with {self.n_samples} draws: typical relative error {typical}, "
            f"largest {largest}"
        )


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
    looked_at: np.ndarray | None = None,
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
        200; landmarks where 16 draws do not do.
    known : ndarray, shape (n,)
        E[g_i^2].
    information : ndarray, shape (n,)
        H_ii.
    looked_at : ndarray of int, optional
        Items that are to be landmarks, if there are any.

    Returns
    -------
    variances, relative_error : ndarray of float64, shape (n,)
        The second is the estimated relative error of the square root of the first.
    n_samples : int
        Draws made.
    """
    draws = _Draws(inverse, factor, robust, known, information)
    for g, y in probes(inverse, factor, 0.0 if robust else ridge, rng, n_samples or MOST):
        draws.add(g, y)
        if n_samples is None and draws.count >= FIRST:
            if not draws.is_good() and draws.landmarks is None:
                draws.take_landmarks(np.empty(0, np.int64) if looked_at is None else looked_at)
            if draws.is_good():
                break
    variances, relative = draws.estimates()
    lost = ~(np.isfinite(variances) & np.isfinite(relative))
    variances[lost] = relative[lost] = np.nan
    return variances, relative, draws.count


class _Draws:
    """Sums over draws, and the variances that follow: see the module's docstring."""

    def __init__(
        self,
        inverse: SolverInverse,
        factor: Any,
        robust: bool,
        known: np.ndarray,
        information: np.ndarray,
    ) -> None:
        self.inverse, self.factor, self.robust, self.known = inverse, factor, robust, known
        with np.errstate(divide="ignore"):
            self.h = np.where(information > 0.0, 1.0 / information, 0.0)
        self.landmarks: _Landmarks | None = None
        self._first: list[tuple[np.ndarray, np.ndarray]] = []
        self._reset()

    def _reset(self) -> None:
        n = self.inverse.layout.n
        self.total, self.square, self.count = np.zeros(n), np.zeros(n), 0

    def add(self, g: np.ndarray, y: np.ndarray) -> None:
        """Rows of g and of A g."""
        n = self.inverse.layout.n
        g, y = g[:, :n], y[:, :n]
        if self.landmarks is None:
            self._first.append((g, y))
        else:
            y = self.landmarks.left(y)
        self._sum(g, y)

    def _sum(self, g: np.ndarray, y: np.ndarray) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # an information that is singular
            if not self.robust:
                value = (y - self.h * g) ** 2
            else:
                value = y**2 - ((self.h * g) ** 2 if self.landmarks is None else 0.0)
            self.total += value.sum(axis=0)
            self.square += (value**2).sum(axis=0)
        self.count += len(g)

    def estimates(self) -> tuple[np.ndarray, np.ndarray]:
        """Variances, and the relative errors of their roots."""
        own: Any = 0.0
        share = self.inverse.share
        if self.landmarks is not None:
            own, share = self.landmarks.variances, share + self.landmarks.sums * (1.0 - share)
        if not self.robust:
            offset = self.h * (2.0 * share - 1.0) * (self.known > 0.0)
        else:
            offset = self.h**2 * self.known if self.landmarks is None else 0.0
        # what overflows is of an information that is singular to working precision
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            mean = self.total / self.count
            variances = np.maximum(mean + offset + own, 0.0)
            spread = np.maximum(self.square / self.count - mean**2, 2.0 * mean**2)
            scatter = np.sqrt(spread / max(self.count - 1, 1))
            relative = np.where(variances > 0.0, scatter / (2.0 * variances), 0.0)
        if self.landmarks is not None:
            places = self.landmarks.places
            variances[places], relative[places] = self.landmarks.variances[places], 0.0
        return variances, relative

    def is_good(self) -> bool:
        """Whether errors are typically within the target."""
        return bool(np.sqrt(np.mean(self.estimates()[1] ** 2)) <= TARGET)

    def take_landmarks(self, looked_at: np.ndarray) -> None:
        """Solve for items exactly until the draws are good beside them: those looked at, and where
        most is left that comes from afar."""
        n = self.inverse.layout.n
        most = min(LANDMARKS, max(1, _MAX_LANDMARKS // n))
        self.landmarks = _Landmarks(n)
        for k in range(most):
            place = int(looked_at[k]) if k < len(looked_at) else int(np.argmax(self.estimates()[1]))
            if self.landmarks.add(place, self._column(place)):
                self._reset()
                for g, y in self._first:
                    self._sum(g, self.landmarks.left(y, last=True))
            if k >= len(looked_at) and self.is_good():
                break
        self._first = []

    def _column(self, place: int) -> np.ndarray:
        unit = np.zeros((1, self.inverse.layout.n + self.inverse.layout.m))
        unit[0, place] = 1.0
        column = self.inverse.solve(unit, _EXACT_TOL)
        if self.robust:
            column = self.inverse.solve((self.factor @ (self.factor.T @ column[0]))[None],
                                        _EXACT_TOL)  # fmt: skip
        return column[0, : self.inverse.layout.n]


class _Landmarks:
    """Items whose columns of the covariance are known: a partial Cholesky factor L of it.

    Attributes
    ----------
    places : list of int
    variances : ndarray, shape (n,)
        What of each item's variance is known by them, the diagonal of L L'.
    sums : ndarray, shape (n,)
        Sums of each item's regression coefficients on them.
    """

    def __init__(self, n: int) -> None:
        self.places: list[int] = []
        self.variances = np.zeros(n)
        self._columns: list[np.ndarray] = []

    def add(self, place: int, column: np.ndarray) -> bool:
        """Whether the item at `place`, whose covariances with all are `column`, says more."""
        left = column.copy()
        for old in self._columns:
            left -= old * old[place]
        if not left[place] > 1e-12 * column[place]:
            return False
        left /= np.sqrt(left[place])
        left[self.places] = 0.0
        self._columns.append(left)
        self.places.append(place)
        self.variances += left**2
        return True

    @property
    def sums(self) -> np.ndarray:
        """See the class."""
        if not self.places:
            return np.zeros(len(self.variances))
        among = np.array([column[self.places] for column in self._columns]).T
        sums = np.linalg.solve(among, np.ones(len(among)))
        out = np.zeros(len(self.variances))
        for column, one in zip(self._columns, sums, strict=True):
            out += column * one
        return out

    def left(self, rows: np.ndarray, *, last: bool = False) -> np.ndarray:
        """Rows of draws less what the landmarks know of them, in place; `last`: what the last one
        knows besides."""
        for k in range(len(self.places) - 1 if last else 0, len(self.places)):
            place, column = self.places[k], self._columns[k]
            rows -= np.outer(rows[:, place] / column[place], column)
        return rows


def _signs(generator: np.random.Generator, n: int) -> np.ndarray:
    return 2.0 * generator.integers(0, 2, size=n, dtype=np.int8) - 1.0
