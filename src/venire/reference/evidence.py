"""How precise is the prior: the Laplace approximation of the evidence, and where it is largest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from venire.reference.covariance import _at
from venire.reference.links import TIE_MODELS, cell_terms
from venire.reference.newton import _problem, fit

__all__ = [
    "ReferenceEvidence",
    "evidence_precision",
    "league_means",
    "log_evidence",
    "outcome_dispersion",
]

LEAST, MOST = 1e-9, 1e9  # precisions that are looked at
FINE = 1e-9  # of the log of the precision
ROUNDS = 60  # of dispersion and precision by turns, at most


class ReferenceEvidence(NamedTuple):
    """Where the evidence is largest.

    Attributes
    ----------
    precision : float
    dispersion : float
        1 where outcomes are wins and losses alone, or ties have a parameter; under a half-life
        that times sum w^2 / sum w.
    log_evidence : float
    log_precision_sd : float
        1 / sqrt(minus the second derivative of the log evidence in the log of the precision).
    """

    precision: float
    dispersion: float
    log_evidence: float
    log_precision_sd: float


def _prior(precision: float, mean: Any) -> Any:
    return SimpleNamespace(precision=precision, mean=mean)


def log_evidence(
    cells: Any,
    model: str,
    precision: float,
    *,
    mean: Any = 0.0,
    order_effect: bool = False,
    dispersion: float = 1.0,
    by: Any = None,
) -> float:
    """Log of the Laplace approximation of the marginal likelihood, up to what is constant in it.

    Kernel: csrc/vn_small_evidence.c, by ``GaussianPrior("evidence")``.

    With l the log-likelihood at the mode, H minus its second derivative in all parameters, and P
    the projection on theta::

        (l - precision / 2 |theta - mean|^2) / dispersion
        + n_items / 2 log(precision) - 1/2 log det (H + precision P)

    With leagues the mean of each is free: P takes it off, n_items is less by their number, and the
    determinant is that of what is left without the levels of which nothing tells.

    Parameters
    ----------
    cells : Cells or Comparisons
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    precision : float
    mean : float or array_like, shape (n_items,)
    order_effect : bool
    dispersion : float
        What the log-likelihood, and the precision with it, is divided by.
    by : array_like of int, shape (n_items,), optional
        Leagues, from 0 on; `mean` is left out of account with them.

    Returns
    -------
    float

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> cells = aggregate([0, 1, 0], [1, 2, 2])
    >>> log_evidence(cells, "bradley-terry", 0.1) > log_evidence(cells, "bradley-terry", 9.0)
    True
    """
    if by is not None:
        problem, x, penalty = _mode_of_leagues(cells, model, precision, by, order_effect)
        spread = np.linalg.eigvalsh(problem.hessian(x) + penalty)
        known = spread[spread > 1e-10 * spread[-1]]
        value = (problem.objective(x) - 0.5 * x @ penalty @ x) / dispersion
        free = cells.n_items - len(np.unique(by))
        return float(value + 0.5 * free * np.log(precision) - 0.5 * np.sum(np.log(known)))
    prior = _prior(precision, np.broadcast_to(mean, cells.n_items))
    found = fit(cells, model, prior=prior, order_effect=order_effect, tol=1e-12, max_iter=200)
    problem, x = _at(cells, model, found, prior)
    _, log_det = np.linalg.slogdet(problem.hessian(x))
    value = problem.objective(x) / dispersion
    return float(value + 0.5 * cells.n_items * np.log(precision) - 0.5 * log_det)


def _mode_of_leagues(
    cells: Any, model: str, precision: float, by: Any, order_effect: bool
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Problem without a prior, parameters, and the matrix of the penalty: of theta less the mean of
    the item's league. By Newton's method, from equal strengths."""
    boundary = {"davidson": 0.0, "rao-kupper": 1.0}.get(model)
    tie = None if np.sum(cells.tie) > 0.0 else boundary
    problem = _problem(cells, model, None, order_effect, tie)
    league = np.asarray(by)[:, None] == np.unique(by)
    n = cells.n_items
    penalty = np.zeros((problem.n_parameters, problem.n_parameters))
    penalty[:n, :n] = precision * (np.eye(n) - (league / league.sum(axis=0)) @ league.T)
    x = np.zeros(problem.n_parameters)
    if problem.tie_is_free:
        x[-1] = 0.5

    def value(x: np.ndarray) -> float:
        if problem.tie_is_free and model == "rao-kupper" and x[-1] <= 0.0:
            return -np.inf
        return problem.objective(x) - 0.5 * float(x @ penalty @ x)

    for _ in range(200):
        slope = problem.gradient(x) - penalty @ x
        step = np.linalg.pinv(problem.hessian(x) + penalty, 1e-10, hermitian=True) @ slope
        while np.abs(step).max() > 1e-13 and value(x + step) < value(x) - 1e-12 * abs(value(x)):
            step = step / 2.0
        x = x + step
        if np.abs(step).max() <= 1e-12:
            break
    return problem, x, penalty


def league_means(
    cells: Any,
    by: Any,
    model: str = "bradley-terry",
    *,
    precision: float,
    order_effect: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Strengths, and the means of their leagues, under a prior about means that are free.

    Kernel: ``GaussianPrior(precision, by=league)``.

    Parameters
    ----------
    cells : Cells or Comparisons
        In which all leagues play each other, directly or in a chain.
    by : array_like of int, shape (n_items,)
        Leagues, from 0 on.
    model, precision, order_effect
        As in `log_evidence`.

    Returns
    -------
    theta : ndarray, shape (n_items,)
        Of mean 0.
    mean : ndarray, shape (n_leagues,)

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> cells = aggregate([0, 0, 1, 2], [1, 3, 2, 3], [1.0, 1.0, 0.5, 0.5])
    >>> theta, mean = league_means(cells, [0, 0, 1, 1], precision=1.0)
    >>> bool(abs(theta[:2].mean() - mean[0]) < 1e-12)
    True
    """
    _, x, _ = _mode_of_leagues(cells, model, precision, by, order_effect)
    theta = x[: cells.n_items] - x[: cells.n_items].mean()
    by = np.asarray(by)
    return theta, np.array([theta[by == k].mean() for k in np.unique(by)])


def outcome_dispersion(
    cells: Any,
    model: str,
    precision: float,
    *,
    mean: Any = 0.0,
    order_effect: bool = False,
    by: Any = None,
) -> float:
    """Pearson's dispersion of half ties and soft scores at the fit under a prior; else 1.

    Kernel: `venire.Fit.dispersion`, by ``GaussianPrior("evidence")``.

    Rows that a half-life gave weights w are worth w rows, but their scores have w^2 times the
    variance of one: times sum w^2 / sum w.

    The mean square of the rows' scores over the mean information of a row, where the effective
    number of parameters, the trace of (H + precision P)^-1 H, is taken off the weight.

    Parameters
    ----------
    cells, model, precision, mean, order_effect, by
        As in `log_evidence`.

    Returns
    -------
    float

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> outcome_dispersion(aggregate([0, 1], [1, 0]), "bradley-terry", 1.0)
    1.0
    """
    mixed = np.maximum(cells.win + cells.tie / 2.0 - cells.square, 0.0)  # sum of w s (1 - s)
    weight = float(np.sum(cells.win + cells.loss + cells.tie))
    ageing = getattr(getattr(cells, "cells", None), "ageing", None)
    aged = 1.0 if ageing is None else ageing.squares / weight
    if model in TIE_MODELS or not np.sum(mixed) > 1e-12 * weight:
        return aged
    if by is None:
        prior = _prior(precision, np.broadcast_to(mean, cells.n_items))
        found = fit(cells, model, prior=prior, order_effect=order_effect, tol=1e-12, max_iter=200)
        problem, x = _at(cells, model, found, prior)
        whole = problem.hessian(x)
    else:
        problem, x, penalty = _mode_of_leagues(cells, model, precision, by, order_effect)
        whole = problem.hessian(x)
    theta, gamma, _ = problem.split(x)
    d = theta[cells.first] - theta[cells.second] + gamma * cells.order
    none, one = np.zeros(len(d)), np.ones(len(d))
    a = cell_terms(model, d, 0.0, one, none, none)["d1"]
    b = cell_terms(model, d, 0.0, none, one, none)["d1"]
    lost = cells.loss + cells.tie / 2.0 - mixed
    scores = float(np.sum(cells.square * a**2 + 2.0 * mixed * a * b + lost * b**2))
    if by is None:
        n = cells.n_items
        used = len(whole) - precision * float(np.trace(np.linalg.inv(whole)[:n, :n]))
    else:  # what the penalty does not take up
        used = float(np.trace(np.linalg.pinv(whole + penalty, 1e-10, hermitian=True) @ whole))
    return aged * scores / float(np.sum(problem.terms(x)["d2"])) * weight / (weight - used)


def evidence_precision(
    cells: Any,
    model: str = "bradley-terry",
    *,
    mean: Any = 0.0,
    order_effect: bool = False,
    by: Any = None,
) -> ReferenceEvidence:
    """The precision of the prior at which the evidence is largest.

    Kernel: csrc/vn_small_evidence.c, by ``GaussianPrior("evidence")``.

    Parameters
    ----------
    cells, model, mean, order_effect, by
        As in `log_evidence`.

    Returns
    -------
    ReferenceEvidence
        The precision is infinite where the evidence rises with it as far as it is looked at.

    Notes
    -----
    The maximum of `log_evidence` over the log of the precision: a look at a grid, then golden
    section; again with the dispersion there, until neither moves. Laplace's approximation, and
    MacKay's fixed point for a Gaussian likelihood: MacKay 1992, doi:10.1162/neco.1992.4.3.415.

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> cells = aggregate([0, 0, 1, 2, 0, 2, 1], [1, 1, 2, 0, 2, 1, 2])
    >>> found = evidence_precision(cells)
    >>> 0.1 < found.precision
    True
    """
    _problem(cells, model, None, order_effect, None)

    def value(u: float, dispersion: float) -> float:
        return log_evidence(
            cells, model, float(np.exp(u)), mean=mean, order_effect=order_effect,
            dispersion=dispersion, by=by,
        )  # fmt: skip

    dispersion, before = 1.0, np.inf
    low, high = np.log(LEAST), np.log(MOST)
    for _ in range(ROUNDS):
        grid = np.linspace(low, high, 40)
        at = int(np.argmax([value(u, dispersion) for u in grid]))
        if at == len(grid) - 1:
            return ReferenceEvidence(np.inf, dispersion, value(grid[at], dispersion), np.inf)
        u = _golden(lambda u, by=dispersion: value(u, by), grid[max(at - 1, 0)], grid[at + 1])
        now = outcome_dispersion(
            cells, model, float(np.exp(u)), mean=mean, order_effect=order_effect, by=by
        )
        if abs(u - before) <= 1e-6 and abs(now - dispersion) <= 1e-6:
            break
        before, dispersion = u, now
        if now == 1.0:
            break
        low, high = u - 1.0, u + 1.0
    middle, side = value(u, dispersion), 0.05
    bend = 2.0 * middle - value(u + side, dispersion) - value(u - side, dispersion)
    spread = side / np.sqrt(bend) if bend > 0.0 else np.inf
    return ReferenceEvidence(float(np.exp(u)), dispersion, middle, float(spread))


def _golden(function: Any, low: float, high: float) -> float:
    """Where a function with one maximum between `low` and `high` is largest."""
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = function(a), function(b)
    while high - low > max(FINE, 1e-8):
        if at_a >= at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = function(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = function(b)
    return float((low + high) / 2.0)
