"""Ratings over time: one dense Newton system of items by periods."""

from __future__ import annotations

from itertools import pairwise
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

    Kernel: csrc/vn_chain.c, by `venire.fit_path`.

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
    grid = _grid(cells, np.asarray(period))
    ties = model in ("davidson", "rao-kupper") and bool(np.any(cells.tie > 0.0))
    fitted = model if ties or model not in ("davidson", "rao-kupper") else "bradley-terry"
    count = int(grid.max()) + 1
    size = count + order_effect + ties
    design = np.zeros((len(cells.first), size))  # linear predictors are its rows
    rows = np.arange(len(design))
    design[rows, grid[cells.first, period]], design[rows, grid[cells.second, period]] = 1.0, -1.0
    if order_effect:
        design[:, count] = cells.order
    penalty, mean, links = _penalty(grid, walk, prior, size)

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
    x, value, hessian = _maximise(parts, x)
    label = components(cells).labels
    shift = np.zeros((size, size))
    if prior is None or np.size(prior.precision) == np.size(prior.mean) == 1:
        shift[:count] = _level(grid, label, size)  # errors are of deviations from it
    if prior is None:
        x = x - shift @ x
    centred = np.eye(size) - shift
    inverse = np.linalg.pinv(hessian, rcond=1e-11, hermitian=True)
    errors = np.sqrt(np.maximum(np.diagonal(centred @ inverse @ centred.T), 0.0))
    values = np.linalg.eigvalsh(hessian)  # without a prior the level of each component is free
    known = values[int(label.max()) + 1 :] if prior is None else values
    evidence = value - 0.5 * links * np.log(walk) - 0.5 * float(np.log(known).sum())
    theta, error = np.full(grid.shape, np.nan), np.full(grid.shape, np.nan)
    theta[grid >= 0], error[grid >= 0] = x[grid[grid >= 0]], errors[grid[grid >= 0]]
    boundary = {"davidson": 0.0, "rao-kupper": 1.0}.get(model)
    tie = float(np.exp(x[-1])) if ties else boundary
    return ReferencePath(theta, error, float(x[count]) if order_effect else None, tie, evidence)


def _grid(cells: Any, period: np.ndarray) -> np.ndarray:
    """The number of each item's rating in each period, (n_items, n_periods); -1: it has none."""
    out, count = np.full((cells.n_items, int(period.max()) + 1), -1), 0
    for i, row in enumerate(out):
        mine = period[(cells.first == i) | (cells.second == i)]
        for t in range(mine.min(), mine.max() + 1) if len(mine) else [0]:
            row[t] = count
            count += 1
    return out


def _penalty(
    grid: np.ndarray, walk: float, prior: Any, size: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Matrix and centre of the quadratic part, 1/2 (x - mean)' penalty (x - mean); steps in all."""
    penalty, mean, links = np.zeros((size, size)), np.zeros(size), 0
    for i, row in enumerate(grid):
        own = row[row >= 0]
        for a, b in pairwise(own):
            links += 1
            for u, v, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
                penalty[u, v] += sign / walk
        if prior is not None:
            penalty[own[0], own[0]] += np.broadcast_to(prior.precision, len(grid))[i]
            mean[own] = np.broadcast_to(prior.mean, len(grid))[i]
    return penalty, mean, links


def _level(grid: np.ndarray, label: np.ndarray, size: int) -> np.ndarray:
    """For each rating, what makes the level of its component of all parameters."""
    share, part = np.zeros((int(label.max()) + 1, size)), np.empty(int(grid.max()) + 1, int)
    for i, row in enumerate(grid):
        own = row[row >= 0]
        part[own] = label[i]
        share[label[i], own] = 1.0 / len(own) / np.sum(label == label[i])
    return share[part]


def _maximise(parts: Any, x: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Newton's method with halved steps: where it ends, the value and minus the Hessian there."""
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
    return x, value, hessian
