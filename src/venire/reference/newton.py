"""Dense Newton with a line search on (theta, gamma, coefficients, log tie parameter)."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from venire.errors import ConvergenceWarning
from venire.reference.components import components
from venire.reference.existence import require_existence
from venire.reference.links import cell_terms

__all__ = ["ReferenceFit", "fit", "item_weight", "log_likelihood", "residual"]


class ReferenceFit(NamedTuple):
    """What a fit found.

    Attributes
    ----------
    theta : ndarray of float64, shape (n_items,)
        Log-strengths, mean 0 in each weak component.
    order_effect : float or None
        gamma; None when it was not asked for.
    tie : float or None
        nu or eta; None in the models without a tie parameter, 0 or 1 when no tie was seen.
    log_likelihood : float
        Without the prior.
    residual : float
        See `residual`.
    n_iter : int
    converged : bool
    """

    theta: np.ndarray
    order_effect: float | None
    tie: float | None
    log_likelihood: float
    residual: float
    n_iter: int
    converged: bool
    coefficients: np.ndarray | None = None


class Problem(NamedTuple):
    """Cells, model and what is free; parameters are (theta, [gamma], coefficients, [log tie])."""

    cells: Any
    model: str
    precision: Any  # of the prior, 0 without: one number, or one for each item
    mean: Any
    order_effect: bool
    tie_is_free: bool

    @property
    def n_parameters(self) -> int:
        return self.cells.n_items + len(self.columns().T) + self.tie_is_free

    def columns(self) -> np.ndarray:
        """What gamma and the coefficients multiply, one row per cell."""
        c = self.cells
        order = [c.order[:, None].astype(np.float64)] if self.order_effect else []
        rest = [] if c.covariates is None else [c.covariates]
        return np.hstack([np.zeros((len(c.first), 0)), *order, *rest])

    def effects(self, x: np.ndarray) -> np.ndarray:
        """gamma and the coefficients of a parameter vector."""
        return x[self.cells.n_items : self.n_parameters - self.tie_is_free]

    def differences(self, x: np.ndarray) -> np.ndarray:
        """d of every cell."""
        c = self.cells
        return x[c.first] - x[c.second] + self.columns() @ self.effects(x)

    def split(self, x: np.ndarray) -> tuple[np.ndarray, float, float]:
        """theta, gamma and log tie parameter of a parameter vector."""
        n = self.cells.n_items
        gamma = float(x[n]) if self.order_effect else 0.0
        if self.tie_is_free:
            return x[:n], gamma, float(x[-1])
        return x[:n], gamma, 0.0 if self.model == "rao-kupper" else -np.inf

    def terms(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Value and derivatives of every cell."""
        c = self.cells
        return cell_terms(self.model, self.differences(x), self.split(x)[2], c.win, c.loss, c.tie)

    def objective(self, x: np.ndarray) -> float:
        """Log-likelihood with the prior."""
        theta = x[: self.cells.n_items]
        penalty = np.sum(self.precision / 2.0 * (theta - self.mean) ** 2)
        return float(np.sum(self.terms(x)["value"])) - float(penalty)

    def gradient(self, x: np.ndarray, terms: dict[str, np.ndarray] | None = None) -> np.ndarray:
        """Its derivative."""
        c, n = self.cells, self.cells.n_items
        terms = self.terms(x) if terms is None else terms
        g = np.zeros(self.n_parameters)
        g[:n] = np.bincount(c.first, terms["d1"], n) - np.bincount(c.second, terms["d1"], n)
        g[:n] -= self.precision * (x[:n] - self.mean)
        columns = self.columns()
        g[n : n + len(columns.T)] = terms["d1"] @ columns
        if self.tie_is_free:
            g[-1] = np.sum(terms["t1"])
        return g

    def hessian(self, x: np.ndarray, terms: dict[str, np.ndarray] | None = None) -> np.ndarray:
        """Minus its second derivative: a graph Laplacian, bordered by the other parameters."""
        c, n = self.cells, self.cells.n_items
        terms = self.terms(x) if terms is None else terms
        h = np.zeros((self.n_parameters, self.n_parameters))
        d2 = terms["d2"]
        for i, j, sign in (
            (c.first, c.first, 1.0),
            (c.second, c.second, 1.0),
            (c.first, c.second, -1.0),
            (c.second, c.first, -1.0),
        ):
            np.add.at(h, (i, j), sign * d2)
        h[np.arange(n), np.arange(n)] += self.precision

        def border(row: int, per_cell: np.ndarray) -> None:
            h[row, :n] = np.bincount(c.first, per_cell, n) - np.bincount(c.second, per_cell, n)
            h[:n, row] = h[row, :n]

        columns = self.columns()
        moving = slice(n, n + len(columns.T))
        for k, column in enumerate(columns.T):
            border(n + k, d2 * column)
        h[moving, moving] = columns.T @ (d2[:, None] * columns)
        if self.tie_is_free:
            border(-1, terms["dt"])
            h[-1, -1] = np.sum(terms["t2"])
            h[moving, -1] = h[-1, moving] = terms["dt"] @ columns
        return h


def item_weight(cells: Any) -> np.ndarray:
    """Weight of the comparisons of each item, shape (n_items,).

    Kernel: csrc/vn_problem_survey.c, by the fits.

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> item_weight(aggregate([0, 1], [1, 2]))
    array([1., 2., 1.])
    """
    total = cells.win + cells.loss + cells.tie
    n = cells.n_items
    return np.bincount(cells.first, total, n) + np.bincount(cells.second, total, n)


def _vector(
    problem: Problem, theta: Any, order_effect: Any, tie: Any, coefficients: Any
) -> np.ndarray:
    parts = [np.asarray(theta, np.float64)]
    if problem.order_effect:
        parts.append(np.array([order_effect], np.float64))
    if coefficients is not None:
        parts.append(np.asarray(coefficients, np.float64))
    if problem.tie_is_free:
        parts.append(np.log(np.array([tie], np.float64)))
    return np.concatenate(parts)


def _largest_ratio(problem: Problem, gradient: np.ndarray) -> float:
    n = problem.cells.n_items
    weight = np.full(problem.n_parameters, problem.cells.n_comparisons)
    weight[:n] = item_weight(problem.cells)
    x = problem.cells.covariates
    if x is not None:
        c = problem.cells
        own = slice(n + problem.order_effect, n + problem.order_effect + len(x.T))
        weight[own] = (c.win + c.loss + c.tie) @ np.abs(x)
    if np.ndim(problem.precision) or np.ndim(problem.mean):
        weight[:n] += problem.precision
    size = np.abs(gradient)
    if np.any((weight == 0.0) & (size > 0.0)):
        return np.inf
    return float(np.max(size / np.where(weight > 0.0, weight, 1.0)))


def _prior(prior: Any) -> tuple[Any, Any]:
    """Precision and mean: numbers where they are the same for all items, else arrays."""
    if prior is None:
        return 0.0, 0.0
    both = [np.asarray(x, np.float64) for x in (prior.precision, prior.mean)]
    if all(np.ptp(x) == 0.0 for x in both):
        return float(both[0].flat[0]), float(both[1].flat[0])
    return both[0], both[1]


def _problem(cells: Any, model: str, prior: Any, order_effect: bool, tie: float | None) -> Problem:
    boundary = {"davidson": 0.0, "rao-kupper": 1.0}.get(model)
    tie_is_free = boundary is not None and tie != boundary
    return Problem(cells, model, *_prior(prior), order_effect, tie_is_free)


def log_likelihood(
    cells: Any,
    model: str,
    theta: Any,
    order_effect: float | None = None,
    tie: float | None = None,
    *,
    coefficients: Any = None,
    prior: Any = None,
) -> float:
    """Log-likelihood of a fit, without binomial coefficients; with the prior when it is given.

    Kernel: csrc/vn_problem_edges.c, by the fits.

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> round(log_likelihood(aggregate([0, 1], [1, 0]), "bradley-terry", [0.0, 0.0]), 6)
    -1.386294
    """
    problem = _problem(cells, model, prior, order_effect is not None, tie)
    return problem.objective(_vector(problem, theta, order_effect, tie, coefficients))


def residual(
    cells: Any,
    model: str,
    theta: Any,
    order_effect: float | None = None,
    tie: float | None = None,
    *,
    coefficients: Any = None,
    prior: Any = None,
) -> float:
    """How far a fit is from the maximum, as the stopping rule measures it.

    Kernel: csrc/vn_problem_derivatives.c, by the fits.

    The largest of ``|dl/dtheta_i|`` / (weight of item i's comparisons), of ``|dl/dgamma|`` and
    ``|dl/dlog tie|`` over the total weight, and of a coefficient's derivative over the sum of
    weight times size of its covariate; l is the log-likelihood with the prior. Where priors
    differ from item to item, an item's precision is part of its weight.

    Parameters
    ----------
    cells : Cells or Comparisons
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    theta : array_like, shape (n_items,)
    order_effect : float, optional
        gamma, when it is a parameter of the fit.
    tie : float, optional
        nu or eta; 0 or 1, the values at the boundary, are not free.
    coefficients : array_like, shape (n_covariates,), optional
    prior : object with a precision, optional

    Returns
    -------
    float

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> residual(aggregate([0, 0], [1, 1]), "bradley-terry", [0.0, 0.0])
    0.5
    """
    problem = _problem(cells, model, prior, order_effect is not None, tie)
    x = _vector(problem, theta, order_effect, tie, coefficients)
    return _largest_ratio(problem, problem.gradient(x))


def _start(problem: Problem, init: Any) -> np.ndarray:
    """Equal strengths, no order effect, and the tie parameter that explains the share of ties."""
    c, n = problem.cells, problem.cells.n_items
    x = np.zeros(problem.n_parameters)
    x[:n] = problem.mean
    if init is not None:
        x[:n] = init
    if problem.tie_is_free:
        share = float(np.sum(c.tie)) / c.n_comparisons
        share = min(share, 0.99)
        odds = (
            2.0 * share / (1.0 - share)
            if problem.model == "davidson"
            else (1 + share) / (1 - share)
        )
        x[-1] = np.log(odds)
    return x


def _step(
    problem: Problem, hessian: np.ndarray, gradient: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Newton step, centred. Without a prior the first item of each component is held at 0."""
    n = problem.cells.n_items
    keep = np.ones(problem.n_parameters, bool)
    if not np.any(problem.precision):
        keep[np.unique(labels, return_index=True)[1]] = False
    scale = 1.0 / np.sqrt(np.diag(hessian)[keep])  # weights may span many decades
    scaled = scale[:, None] * hessian[np.ix_(keep, keep)] * scale
    step = np.zeros(problem.n_parameters)
    step[keep] = scale * np.linalg.solve(scaled, scale * gradient[keep])
    if not np.any(problem.precision):
        step[:n] -= (np.bincount(labels, step[:n]) / np.bincount(labels))[labels]
    return step


def _line_search(
    problem: Problem, x: np.ndarray, step: np.ndarray, gradient: np.ndarray
) -> np.ndarray:
    """Halve the step until the (concave) objective rises enough, or still rises at its end."""
    value, slope = problem.objective(x), float(gradient @ step)
    slack = 1e-13 * abs(value)
    length = 1.0
    for _ in range(60):
        trial = x + length * step
        inside = not (problem.tie_is_free and problem.model == "rao-kupper" and trial[-1] <= 0.0)
        if inside:
            if problem.objective(trial) >= value + 1e-4 * length * slope - slack:
                return trial
            if problem.gradient(trial) @ step >= 0.0:
                return trial
        length /= 2.0
    return x


def fit(
    cells: Any,
    model: str = "bradley-terry",
    *,
    prior: Any = None,
    order_effect: bool = False,
    init: Any = None,
    tol: float = 1e-9,
    max_iter: int = 100,
) -> ReferenceFit:
    """Maximum likelihood, or the mode under a prior, by Newton's method.

    Kernel: csrc/vn_problem_derivatives.c and csrc/vn_solver.c, by `venire.fit_bradley_terry`
    and its siblings.

    Parameters
    ----------
    cells : Cells or Comparisons
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    prior : object with precision and mean, numbers or arrays of shape (n_items,), optional
        sum(precision / 2 * (theta - mean)**2) is subtracted from the log-likelihood.
    order_effect : bool
        Estimate gamma.
    init : array_like, shape (n_items,), optional
        Start of theta.
    tol : float
        Stop when `residual` is at most this.
    max_iter : int

    Returns
    -------
    ReferenceFit

    Raises
    ------
    NotIdentifiedError
        If no unique finite fit exists.
    ValueError
        If `model` is not one of the four.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` steps were not enough.

    Notes
    -----
    O(n_items**3) time and O(n_items**2) memory per step.

    Examples
    --------
    >>> from venire.reference import cells_from_counts
    >>> found = fit(cells_from_counts(["a"], ["b"], [3], [1]))
    >>> found.theta.round(6)  # half of log 3 each way
    array([ 0.549306, -0.549306])
    """
    answer = require_existence(cells, model, order_effect=order_effect, prior=prior)
    problem = Problem(cells, model, *_prior(prior), order_effect, answer.tie_is_free)
    labels = components(cells, "weak").labels
    x = _start(problem, init)
    for n_iter in range(max_iter + 1):
        terms = problem.terms(x)
        gradient = problem.gradient(x, terms)
        ratio = _largest_ratio(problem, gradient)
        if ratio <= tol or n_iter == max_iter:
            break
        step = _step(problem, problem.hessian(x, terms), gradient, labels)
        x = _line_search(problem, x, step, gradient)
    if ratio > tol:
        warnings.warn(
            f"not converged after {n_iter} steps: residual {ratio:.3g}",
            ConvergenceWarning,
            stacklevel=2,
        )
    theta, gamma, t = problem.split(x)
    share = np.broadcast_to(np.where(problem.precision > 0.0, problem.precision, 1.0), theta.shape)
    miss = np.bincount(labels, share * (theta - problem.mean)) / np.bincount(labels, share)
    theta = theta - miss[labels]  # the prior is least off there
    return ReferenceFit(
        theta,
        gamma if order_effect else None,
        float(np.exp(t)) if model in ("davidson", "rao-kupper") else None,
        float(np.sum(terms["value"])),
        ratio,
        n_iter,
        ratio <= tol,
        None if cells.covariates is None else problem.effects(x)[int(order_effect) :],
    )
