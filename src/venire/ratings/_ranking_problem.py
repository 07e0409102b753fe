"""The likelihood of rankings as the fits' iterations know a problem."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire.models import DEFAULT
from venire.priors import ItemPriors
from venire.ratings._ranking_existence import strong_components

if TYPE_CHECKING:
    from venire._native.problem import Problem
    from venire.data.rankings import Rankings

__all__ = ["RankingProblem"]

CAUTION = 0.9  # times the diagonal, of whose inverse a little more is wanted
FRESH = 8  # points at which the diagonal is computed: the first ones, where it changes most
MOST_GROWTH = 20.0  # of a logarithm in one step of `minorise`
INNER = 30  # Newton steps for each item in that


class RankingProblem:
    """Plackett-Luce likelihood with a prior: value, slopes, and the Newton matrix.

    Minus the second derivatives are a weighted graph Laplacian over the pairs of items that were
    ranked together, so that the solver of the fits of comparisons applies: it is given the
    Bradley-Terry problem that has this Laplacian. `derivatives` leaves what `solve` and
    `precondition` are about.
    """

    def __init__(self, r: Rankings, prior: ItemPriors, n_threads: int = 1) -> None:
        from venire._native.rankings import Rankings as Native

        self.native = Native(
            r.n_items, r.offsets, r.item, r.ranked,
            None if r.tied is None else r.tied.view(np.uint8), r.weight, n_threads=n_threads,
        )  # fmt: skip
        self.prior, self.n_threads = prior, n_threads
        self.n_parameters = r.n_items
        size = np.diff(r.offsets).astype(np.float64)
        self.n_pairs = float(size @ (size - 1.0)) / 2.0  # of all rankings
        self.weigh_again()
        self._x = self._pull = self._bend = np.zeros(r.n_items)
        self._solver: Problem | None = None
        self.alone = threading.RLock()  # who goes through it, where threads share a fit
        self._stale = True

    def strong_components(self) -> NDArray[np.int32]:
        """Which items are above each other, directly or in a chain: labels, (n_items,)."""
        return strong_components(self.native, self.n_parameters)

    def weigh_again(self, weight: Any = None) -> None:
        """Take other weights of the rankings, if there are any."""
        if weight is not None:
            self.native.weigh(weight)
        self.chosen, self.games = self.native.chosen, self.native.mass
        self._points, own = 0, self.prior.precision
        self.mass = self.games if own is None else self.games + own

    def set_precision(self, precision: float) -> None:
        """Another precision of all items' priors; ask for `derivatives` before anything else."""
        if self.prior.precision is None:
            self.prior = self.prior._replace(all=precision)
        else:
            self.prior.precision[:] = precision
            self.mass = self.games + self.prior.precision
        if self._solver is not None:
            self._solver.set_precision(precision)

    # ---- what is maximised ---------------------------------------------------------------------

    def derivatives(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """Slopes of the log-likelihood less the prior's penalty, (n_items,)."""
        self._x, self._stale = parameters, True
        if self._points < FRESH:
            self._pull, diagonal = self.native.pull(parameters, True)
            self._bend = diagonal / np.where(self._pull > 0.0, self._pull, 1.0)
        else:
            self._pull = self.native.pull(parameters)
        self._points += 1
        out = self.chosen - self._pull
        if self.prior.given:
            mean = 0.0 if self.prior.mean is None else self.prior.mean
            out -= self.prior.ridge * (parameters - mean)
        return out

    def gradient(self, parameters: NDArray[np.float64]) -> tuple[NDArray[np.float64], None]:
        """The same; the log-likelihood does not come with it."""
        return self.derivatives(parameters), None

    def residual(self, gradient: NDArray[np.float64]) -> float:
        """Largest ratio of a slope to the weight of the item's rankings."""
        from venire._native.problem import largest

        return largest(gradient / np.where(self.mass > 0.0, self.mass, 1.0))

    def log_likelihood(self, parameters: NDArray[np.float64]) -> float:
        """Without the prior."""
        return self.native.log_likelihood(parameters)

    def objective(self, parameters: NDArray[np.float64]) -> float:
        """Log-likelihood less the prior's penalty."""
        mean = 0.0 if self.prior.mean is None else self.prior.mean
        penalty = 0.5 * float(np.sum(self.prior.ridge * (parameters - mean) ** 2))
        return self.log_likelihood(parameters) - penalty

    # ---- cheap steps ---------------------------------------------------------------------------

    def precondition(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """`gradient` over the diagonal of minus the second derivatives, or about that."""
        diagonal = CAUTION * self._pull * self._bend + self.prior.ridge
        return gradient / np.where(diagonal > 0.0, diagonal, 1.0)

    def minorise(self) -> NDArray[np.float64]:
        """The next step of the minorise-maximise iteration (Hunter 2004), from where `derivatives`
        was asked: each item by itself maximises chosen * d - pull * exp(d) less its penalty."""
        pull = np.where(self._pull > 0.0, self._pull, 1.0)
        if not self.prior.given:
            with np.errstate(divide="ignore"):
                step = np.where(self.chosen > 0.0, np.log(self.chosen / pull), 0.0)
            return np.clip(step, -MOST_GROWTH, MOST_GROWTH)
        miss = self._x - (0.0 if self.prior.mean is None else self.prior.mean)
        step = np.zeros_like(self._x)
        for _ in range(INNER):
            grown = pull * np.exp(step)
            slope = self.chosen - grown - self.prior.ridge * (miss + step)
            step += np.clip(slope / (grown + self.prior.ridge), -2.0, 2.0)
        return np.clip(step, -MOST_GROWTH, MOST_GROWTH)

    # ---- Newton's ------------------------------------------------------------------------------

    @property
    def n_edges(self) -> int:
        """Pairs of items that were ranked together."""
        return self._laplacian().n_edges

    def solve(
        self, rhs: NDArray[np.float64], mass_tolerance: float, diagonal_tolerance: float = 0.1
    ) -> tuple[NDArray[np.float64], int, bool]:
        """As `Problem.solve`, with the second derivatives where `derivatives` was asked last."""
        solver = self._renewed()
        # weights of edges and of rankings differ: what is asked for holds for the stricter
        ratio = np.where(self.mass > 0.0, self.mass, np.inf) / np.maximum(solver.mass, 1e-300)
        least = float(ratio.min(initial=np.inf))
        return solver.solve(rhs, mass_tolerance * (least if np.isfinite(least) else 1.0),
                            diagonal_tolerance)  # fmt: skip

    def solve_rows(self, rows: NDArray[np.float64], tol: float) -> tuple[NDArray[np.float64], bool]:
        """As `Problem.solve_rows`."""
        return self._renewed().solve_rows(rows, tol)

    def times(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The Newton matrix times each of the rows, (k, n_items)."""
        return self._renewed().times(rows)

    def largest_difference(self, step: NDArray[np.float64]) -> float:
        """No two items' change differs by more."""
        return float(np.ptp(step)) if len(step) else 0.0

    reach = largest_difference

    def overreach(
        self, parameters: NDArray[np.float64], step: NDArray[np.float64], room: float
    ) -> float:
        """Largest |change of a difference| / (room + |the difference|) over the pairs."""
        return self._laplacian().overreach(parameters, step, room)

    def _renewed(self) -> Problem:
        """The problem of the Laplacian where `derivatives` was asked last."""
        solver = self._laplacian()
        if self._stale:
            self._weights[:] = self._doubled()
            solver.derivatives(self._zero)
            self._stale = False
        return solver

    def _doubled(self) -> NDArray[np.float64]:
        """Twice the weights of the Laplacian; none is 0, which would cut the graph."""
        return np.maximum(2.0 * self.native.curvature(self._x), 1e-300)

    def _laplacian(self) -> Problem:
        if self._solver is None:
            ptr, hi = self.native.pairs()
            self._weights, self._zero = self._doubled(), np.zeros(self.n_parameters)
            self._solver = laplacian_problem(ptr, hi, self._weights, self.prior, self.n_threads)
        return self._solver


def laplacian_problem(
    ptr: NDArray[np.int64],
    hi: NDArray[np.int32],
    half: NDArray[np.float64],
    prior: ItemPriors,
    n_threads: int,
) -> Problem:
    """A problem whose Newton matrix at 0 is a given Laplacian plus the prior's diagonal.

    A comparison of weight w has the curvature w / 4 there: edges of weight v are 2 v wins and 2 v
    losses. `half` holds 2 v; it may be changed before the next `derivatives`.
    """
    from venire._native.problem import Problem

    return Problem(DEFAULT, ptr, hi, half, half, prior=prior, n_threads=n_threads)
