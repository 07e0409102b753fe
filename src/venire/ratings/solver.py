"""The generalised inverse of a large information matrix, applied by the solver of the fits."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from venire.errors import ConvergenceWarning
from venire.models import model_of
from venire.ratings.problem import problem_of

if TYPE_CHECKING:
    from venire.ratings._information import Layout
    from venire.ratings.fit import Fit

__all__ = ["InformationSolver", "solve_rows"]


def solve_rows(problem: Any, rhs: np.ndarray, tol: float) -> np.ndarray:
    """Apply the inverse of a problem's Newton matrix to each row of `rhs`, (k, n_parameters).

    The residual of a parameter is at most `tol` times the root mean square of the right-hand side,
    each relative to the weight of the comparisons it belongs to.
    """
    out, converged = problem.solve_rows(np.ascontiguousarray(rhs), tol)
    if not converged:
        warnings.warn(
            f"a solve for standard errors did not reach its tolerance of {tol:g}: they may be "
            "off by more than they say",
            ConvergenceWarning,
            stacklevel=2,
        )
    return out


class InformationSolver:
    """Solves with the information matrix of a fit: conjugate gradients, as in a Newton step.

    Parameters
    ----------
    fit : Fit
    layout : Layout
        Its cells and parameters.

    Attributes
    ----------
    parameters : ndarray of float64, shape (n_params,)
        Of the fit, theta less the centre of its prior.

    Notes
    -----
    A solve costs what one inner solve of the fit costs. Right-hand sides must sum to 0 over the
    items of each component when there is no prior. The problem has room for one solve: where
    threads share a fit, one at a time goes in.
    """

    def __init__(self, fit: Fit, layout: Layout) -> None:
        n, self._layout, self._alone = layout.n, layout, threading.RLock()
        first = np.asarray(layout.first)
        second = np.ascontiguousarray(layout.second, np.int32)
        again = (first[1:] == first[:-1]) & (second[1:] == second[:-1])
        covariates = layout.covariates
        self._problem = problem_of(
            model_of(fit.model).fitted(layout.has_tie).name,
            np.searchsorted(first, np.arange(n + 1)).astype(np.int64),
            second,
            np.ascontiguousarray(layout.win),
            np.ascontiguousarray(layout.loss),
            np.ascontiguousarray(layout.tie),
            np.ascontiguousarray(layout.order, np.int8) if layout.has_gamma else None,
            None if covariates is None else np.ascontiguousarray(covariates),
            prior=layout.prior,
            n_pairs=len(first) - int(again.sum()),
            n_threads=fit.n_threads,
        )
        rest = [layout.effects, [fit.log_tie] if layout.has_tie else []]
        self.parameters = np.concatenate([fit.theta - layout.prior.centre, *rest])
        self._problem.derivatives(self.parameters)

    def solve(self, rhs: np.ndarray, tol: float = 1e-6) -> np.ndarray:
        """Apply the generalised inverse to each row of `rhs`, (k, n_params): see `solve_rows`."""
        with self._alone:
            return solve_rows(self._problem, rhs, tol)

    def slopes(self, parameters: np.ndarray) -> tuple[np.ndarray, float]:
        """Derivatives of what the fit maximises, and the residual; `solve` is from there on."""
        with self._alone:
            found = self._problem.derivatives(parameters)
            return found, self._problem.residual(found)

    def step(self, slopes: np.ndarray, residual: float) -> np.ndarray:
        """Newton's step, as exact as may be, that leaves the level of each component."""
        rows = slopes[None].copy()
        self._layout.balance(rows)
        with self._alone:
            rows[0] = self._problem.solve(rows[0], 1e-3 * residual, 1e-9)[0]
        self._layout.centre(rows)
        return rows[0]

    def answers(self, slopes: np.ndarray) -> np.ndarray:
        """Roughly what becomes of slopes, rows of (n_draws, n_params), through the inverse."""
        rows = slopes.copy()
        self._layout.balance(rows)
        rows = self.solve(rows, 1e-2)
        self._layout.centre(rows)
        return rows
