"""How precise is the prior: the Laplace approximation of the evidence, and where it is largest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from venire.reference.covariance import _at
from venire.reference.links import TIE_MODELS, cell_terms
from venire.reference.newton import _problem, fit

__all__ = ["ReferenceEvidence", "evidence_precision", "log_evidence", "outcome_dispersion"]

LEAST, MOST = 1e-9, 1e9  # precisions that are looked at
FINE = 1e-9  # of the log of the precision
ROUNDS = 60  # of dispersion and precision by turns, at most


class ReferenceEvidence(NamedTuple):
    """Where the evidence is largest.

    Attributes
    ----------
    precision : float
    dispersion : float
        1 where outcomes are wins and losses alone, or ties have a parameter.
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
) -> float:
    """Log of the Laplace approximation of the marginal likelihood, up to what is constant in it.

    With l the log-likelihood at the mode, H minus its second derivative in all parameters, and P
    the projection on theta::

        (l - precision / 2 |theta - mean|^2) / dispersion
        + n_items / 2 log(precision) - 1/2 log det (H + precision P)

    Parameters
    ----------
    cells : Cells or Comparisons
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    precision : float
    mean : float or array_like, shape (n_items,)
    order_effect : bool
    dispersion : float
        What the log-likelihood, and the precision with it, is divided by.

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
    prior = _prior(precision, np.broadcast_to(mean, cells.n_items))
    found = fit(cells, model, prior=prior, order_effect=order_effect, tol=1e-12, max_iter=200)
    problem, x = _at(cells, model, found, prior)
    _, log_det = np.linalg.slogdet(problem.hessian(x))
    value = problem.objective(x) / dispersion
    return float(value + 0.5 * cells.n_items * np.log(precision) - 0.5 * log_det)


def outcome_dispersion(
    cells: Any, model: str, precision: float, *, mean: Any = 0.0, order_effect: bool = False
) -> float:
    """Pearson's dispersion of half ties and soft scores at the fit under a prior; else 1.

    The mean square of the rows' scores over the mean information of a row, where the effective
    number of parameters, the trace of (H + precision P)^-1 H, is taken off the weight.

    Parameters
    ----------
    cells, model, precision, mean, order_effect
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
    if model in TIE_MODELS or not np.sum(mixed) > 1e-12 * weight:
        return 1.0
    prior = _prior(precision, np.broadcast_to(mean, cells.n_items))
    found = fit(cells, model, prior=prior, order_effect=order_effect, tol=1e-12, max_iter=200)
    problem, x = _at(cells, model, found, prior)
    theta, gamma, _ = problem.split(x)
    d = theta[cells.first] - theta[cells.second] + gamma * cells.order
    none, one = np.zeros(len(d)), np.ones(len(d))
    a = cell_terms(model, d, 0.0, one, none, none)["d1"]
    b = cell_terms(model, d, 0.0, none, one, none)["d1"]
    lost = cells.loss + cells.tie / 2.0 - mixed
    scores = float(np.sum(cells.square * a**2 + 2.0 * mixed * a * b + lost * b**2))
    whole = problem.hessian(x)
    inverse = np.linalg.inv(whole)
    n = cells.n_items
    used = len(whole) - precision * float(np.trace(inverse[:n, :n]))
    return scores / float(np.sum(problem.terms(x)["d2"])) * weight / (weight - used)


def evidence_precision(
    cells: Any,
    model: str = "bradley-terry",
    *,
    mean: Any = 0.0,
    order_effect: bool = False,
) -> ReferenceEvidence:
    """The precision of the prior at which the evidence is largest.

    Parameters
    ----------
    cells, model, mean, order_effect
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
            dispersion=dispersion,
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
            cells, model, float(np.exp(u)), mean=mean, order_effect=order_effect
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
