"""Ratings over time: one dense Newton system of items by periods."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire.reference.components import components
from venire.reference.links import cell_terms

__all__ = ["ReferencePath", "fit_path"]


class ReferencePath(NamedTuple):
    """What a path's fit found.

    Attributes
    ----------
    theta : ndarray of float64, shape (n_items, n_periods)
        nan before an item's first and after its last period.
    standard_errors : ndarray of float64, shape (n_items, n_periods)
        Of deviations from the level of the component: the mean over items of their means over time.
        Where priors differ from item to item, of theta itself.
    order_effect, tie : float or None
    evidence : float
        Log of the integral of likelihood times the densities of walk and prior, by Laplace's
        approximation, but for a constant.
    """

    theta: np.ndarray
    standard_errors: np.ndarray
    order_effect: float | None
    tie: float | None
    evidence: float


def fit_path(
    cells: Any,
    period: Any,
    walk: float,
    model: str = "bradley-terry",
    *,
    prior: Any = None,
    order_effect: bool = False,
) -> ReferencePath:
    """Maximise log-likelihood - sum of squared steps / (2 walk) - the prior of first thetas.

    Parameters
    ----------
    cells : Cells
    period : array_like of int, shape (n_cells,)
    walk : float
        Variance of a step; greater than 0.
    model : str
    prior : GaussianPrior, optional
    order_effect : bool

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> c = aggregate([0, 1, 0, 1], [1, 0, 1, 0], [1, 1, 1, 0], cluster=[0, 0, 1, 1])
    >>> fit_path(c, c.cluster, 0.1).theta.round(3).tolist()
    [[0.525, 0.574], [-0.525, -0.574]]
    """
    period, n, n_periods = np.asarray(period), cells.n_items, int(np.max(period)) + 1
    index = np.full((n, n_periods), -1)
    count = 0
    for i in range(n):
        mine = period[(cells.first == i) | (cells.second == i)]
        for t in range(mine.min(), mine.max() + 1) if len(mine) else [0]:
            index[i, t] = count
            count += 1
    lo, hi = index[cells.first, period], index[cells.second, period]
    ties = model in ("davidson", "rao-kupper") and bool(np.any(cells.tie > 0.0))
    fitted = model if ties or model not in ("davidson", "rao-kupper") else "bradley-terry"
    size = count + order_effect + ties
    # linear predictors are the rows of `design`; the quadratic part is 1/2 (x - mean)' penalty (...)
    design, penalty, mean = np.zeros((len(lo), size)), np.zeros((size, size)), np.zeros(size)
    rows = np.arange(len(lo))
    design[rows, lo], design[rows, hi] = 1.0, -1.0
    if order_effect:
        design[:, count] = cells.order
    links = 0
    for i in range(n):
        own = index[i][index[i] >= 0]
        for a, b in zip(own[:-1], own[1:], strict=True):
            links += 1
            for u, v, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
                penalty[u, v] += sign / walk
        if prior is not None:
            penalty[own[0], own[0]] += np.broadcast_to(prior.precision, n)[i]
            mean[own] = np.broadcast_to(prior.mean, n)[i]
    own_prior = prior is not None and (np.size(prior.precision) > 1 or np.size(prior.mean) > 1)
    label = components(cells).labels
    part = np.empty(count, int)
    share = np.zeros((int(label.max()) + 1, size))
    for i in range(n):
        own = index[i][index[i] >= 0]
        part[own] = label[i]
        share[label[i], own] = 1.0 / len(own) / np.sum(label == label[i])

    def parts(x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """What is maximised, its gradient, and minus its Hessian."""
        terms = cell_terms(
            fitted, design @ x, float(x[-1]) if ties else 0.0, cells.win, cells.loss, cells.tie
        )
        value = terms["value"].sum() - 0.5 * (x - mean) @ penalty @ (x - mean)
        gradient = design.T @ terms["d1"] - penalty @ (x - mean)
        hessian = (design.T * terms["d2"]) @ design + penalty
        if ties:
            gradient[-1] = terms["t1"].sum()
            hessian[-1, :] = hessian[:, -1] = design.T @ terms["dt"]
            hessian[-1, -1] = terms["t2"].sum()
        return float(value), gradient, hessian

    x = mean.copy()
    if ties:
        x[-1] = 0.1
    value, gradient, hessian = parts(x)
    for _ in range(200):
        step = np.linalg.pinv(hessian, rcond=1e-11, hermitian=True) @ gradient
        length = 1.0
        while parts(x + length * step)[0] < value - 1e-12 * abs(value):
            length /= 2.0
        x = x + length * step
        value, gradient, hessian = parts(x)
        if np.abs(length * step).max() < 1e-11:
            break
    shift = np.zeros((size, size))
    if not own_prior:  # deviations from the level of the component
        shift[:count] = share[part]
        if prior is None:
            x = x - shift @ x
    centred = np.eye(size) - shift
    inverse = np.linalg.pinv(hessian, rcond=1e-11, hermitian=True)
    errors = np.sqrt(np.maximum(np.diagonal(centred @ inverse @ centred.T), 0.0))
    values = np.linalg.eigvalsh(hessian)
    known = values[len(share) :] if prior is None else values  # a level of each component is free
    evidence = value - 0.5 * links * np.log(walk) - 0.5 * float(np.log(known).sum())
    theta, error = np.full(index.shape, np.nan), np.full(index.shape, np.nan)
    theta[index >= 0], error[index >= 0] = x[index[index >= 0]], errors[index[index >= 0]]
    boundary = {"davidson": 0.0, "rao-kupper": 1.0}.get(model)
    tie = float(np.exp(x[-1])) if ties else boundary
    return ReferencePath(theta, error, float(x[count]) if order_effect else None, tie, evidence)
