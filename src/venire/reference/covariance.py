"""How sure is a fit: information, covariance and the sandwich."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from venire.reference.components import components
from venire.reference.links import TIE_MODELS, cell_terms
from venire.reference.newton import Problem, _prior, _problem, _vector

__all__ = ["cluster_scores", "covariance", "information", "pair_sums", "sandwich"]


def _at(cells: Any, model: str, found: Any, prior: Any) -> tuple[Problem, np.ndarray]:
    problem = _problem(cells, model, prior, found.order_effect is not None, found.tie)
    return problem, _vector(problem, found.theta, found.order_effect, found.tie, found.coefficients)


def information(cells: Any, model: str, found: Any, *, prior: Any = None) -> np.ndarray:
    """Observed information: minus the second derivative of the log-likelihood with the prior.

    Kernel: csrc/vn_model.c, by `venire.Fit.covariance`.

    Parameters
    ----------
    cells : Cells or Comparisons
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    found : ReferenceFit or Fit
        Anything with theta, order_effect, coefficients and tie.
    prior : object with precision and mean, optional

    Returns
    -------
    ndarray of float64, shape (n_parameters, n_parameters)
        Rows: theta, then gamma if it was fitted, coefficients, and the log of the tie parameter if
        it is free.

    Examples
    --------
    >>> from venire.reference import aggregate, fit
    >>> cells = aggregate([0, 1], [1, 0])
    >>> information(cells, "bradley-terry", fit(cells))
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    problem, x = _at(cells, model, found, prior)
    return problem.hessian(x)


def covariance(cells: Any, model: str, found: Any, *, prior: Any = None) -> np.ndarray:
    """Inverse information on the subspace where theta has mean 0 in each weak component.

    Kernel: csrc/vn_model.c, by `venire.Fit.covariance`.

    The information maps that subspace to itself, with or without a prior, so adding the projector
    onto its complement makes the matrix regular and leaves the wanted part of the inverse alone.
    Where priors differ from item to item they fix every direction, and it is the plain inverse.

    Parameters
    ----------
    cells, model, found, prior
        As in `information`.

    Returns
    -------
    ndarray of float64, shape (n_parameters, n_parameters)

    Notes
    -----
    O(n_items**3).

    Examples
    --------
    >>> from venire.reference import aggregate, fit
    >>> cells = aggregate([0, 1], [1, 0])
    >>> covariance(cells, "bradley-terry", fit(cells))
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    h = information(cells, model, found, prior=prior)
    if any(np.ndim(x) for x in _prior(prior)):
        return np.linalg.inv(h)
    labels, sizes = components(cells, "weak")
    n = cells.n_items
    complement = np.zeros_like(h)
    complement[:n, :n] = (labels[:, None] == labels) / sizes[labels]
    scale = np.trace(h) / len(h)  # the same size as the rest, for the condition number
    inner = np.eye(len(h)) - complement
    return inner @ np.linalg.inv(inner @ h @ inner + scale * complement) @ inner


def _squared_scores(cells: Any, model: str, d: np.ndarray, t: float) -> dict[str, np.ndarray]:
    """Per cell, the sum over its rows of weight * (row score)(row score)'."""
    one, zero = np.ones_like(d), np.zeros_like(d)
    if model not in TIE_MODELS:
        # the score of one row is s * up + (1 - s) * down: quadratic in s
        up = cell_terms(model, d, t, one, zero, zero)["d1"]
        down = cell_terms(model, d, t, zero, one, zero)["d1"]
        first = cells.win + cells.tie / 2.0  # sum of w * s
        total = cells.win + cells.loss + cells.tie
        span = up - down
        return {"dd": span**2 * cells.square + 2.0 * span * down * first + down**2 * total}
    sums = {"dd": zero, "dt": zero, "tt": zero}
    for mass, outcome in (
        (cells.win, (one, zero, zero)),
        (cells.loss, (zero, one, zero)),
        (cells.tie, (zero, zero, one)),
    ):
        terms = cell_terms(model, d, t, *outcome)
        for key, product in (("dd", "d1 d1"), ("dt", "d1 t1"), ("tt", "t1 t1")):
            u, v = (terms[name] for name in product.split())
            sums[key] = sums[key] + np.where(mass > 0.0, mass * u * v, 0.0)
    return sums


def _directions(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of d and of log tie with respect to the parameters, one row per cell."""
    c, n = problem.cells, problem.cells.n_items
    rows = np.arange(len(c.first))
    of_d = np.zeros((len(rows), problem.n_parameters))
    of_d[rows, c.first] = 1.0
    of_d[rows, c.second] = -1.0
    columns = problem.columns()
    of_d[:, n : n + len(columns.T)] = columns
    of_t = np.zeros_like(of_d)
    if problem.tie_is_free:
        of_t[:, -1] = 1.0
    return of_d, of_t


def sandwich(cells: Any, model: str, found: Any, *, prior: Any = None) -> np.ndarray:
    """Robust covariance C M C; C is `covariance`, M the sum of squared scores.

    Kernel: csrc/vn_model.c, by errors="robust".

    Scores are squared per row, or per cluster when the cells carry clusters: the scores of a
    cluster are added up first. No small-sample factor is applied.

    Parameters
    ----------
    cells, model, found, prior
        As in `information`. In the tie models a soft score is a mixture of a win and a loss.

    Returns
    -------
    ndarray of float64, shape (n_parameters, n_parameters)

    References
    ----------
    White 1982, doi:10.2307/1912526.

    Examples
    --------
    >>> from venire.reference import aggregate, fit
    >>> cells = aggregate([0, 1], [1, 0])
    >>> sandwich(cells, "bradley-terry", fit(cells))
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    problem, x = _at(cells, model, found, prior)
    c = cells
    of_d, of_t = _directions(problem)
    if c.cluster is not None:
        terms = problem.terms(x)
        scores = terms["d1"][:, None] * of_d
        if problem.tie_is_free:
            scores = scores + terms["t1"][:, None] * of_t
        sums = np.zeros((int(c.cluster.max()) + 1, problem.n_parameters))
        np.add.at(sums, c.cluster, scores)
        meat = sums.T @ sums
    else:
        squares = _squared_scores(c, model, problem.differences(x), problem.split(x)[2])
        meat = of_d.T @ (squares["dd"][:, None] * of_d)
        if problem.tie_is_free:
            cross = of_d.T @ (squares["dt"][:, None] * of_t)
            meat += cross + cross.T + of_t.T @ (squares["tt"][:, None] * of_t)
    bread = covariance(cells, model, found, prior=prior)
    return bread @ meat @ bread


def cluster_scores(
    n: int, i: Any, j: Any, cluster: Any, slope: Any, moving: Any, tie_slope: Any = None
) -> np.ndarray:
    """Scores of clusters as rows: sums over the cells of each.

    Kernel: csrc/vn_cluster_scores.c, by errors="robust" of clusters.

    Parameters
    ----------
    n : int
        Number of items.
    i, j : array_like of int, shape (n_cells,)
        Items of each cell.
    cluster : array_like of int, shape (n_cells,)
    slope, tie_slope : array_like of float, shape (n_cells,)
        Derivatives of the cell's log-likelihood in d and, if there is one, in log tie.
    moving : array_like of float, shape (n_cells, m)
        What d moves by with the parameters beside theta.

    Returns
    -------
    ndarray of float64, shape (n_clusters, n + m), or one more with `tie_slope`

    Examples
    --------
    >>> cluster_scores(2, [0, 0], [1, 1], [0, 0], [1.0, -0.5], [[2.0], [3.0]])
    array([[ 0.5, -0.5,  0.5]])
    """
    slope, moving = np.asarray(slope), np.asarray(moving)
    rows = np.zeros((len(slope), n))
    rows[np.arange(len(slope)), i] += slope
    rows[np.arange(len(slope)), j] -= slope
    parts = [rows, slope[:, None] * moving]
    if tie_slope is not None:
        parts.append(np.asarray(tie_slope)[:, None])
    of_cells = np.concatenate(parts, axis=1)
    sums = np.zeros((int(np.max(cluster)) + 1, of_cells.shape[1]))
    np.add.at(sums, np.asarray(cluster), of_cells)
    return sums


def pair_sums(ptr: Any, weight: Any, moving: Any) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the cells of each pair, of their weights and of weights times columns.

    Kernel: csrc/vn_pair_sums.c, by the errors of fits of many cells.

    Parameters
    ----------
    ptr : array_like of int, shape (n_pairs + 1,)
        Cells of pair p are ptr[p] to ptr[p + 1] - 1.
    weight : array_like of float, shape (n_cells,)
    moving : array_like of float, shape (n_cells, m)

    Returns
    -------
    tuple of ndarray of float64, shapes (n_pairs, 1 + m) and (m, m)
        The second: products of columns, weighted, over all cells.

    Examples
    --------
    >>> sums, products = pair_sums([0, 2], [1.0, 2.0], [[1.0], [3.0]])
    >>> sums, products
    (array([[3., 7.]]), array([[19.]]))
    """
    weight, moving = np.asarray(weight), np.asarray(moving)
    columns = weight[:, None] * np.column_stack([np.ones(len(weight)), moving])
    sums = np.array([columns[a:b].sum(axis=0) for a, b in pairwise(ptr)])
    return sums, moving.T @ (weight[:, None] * moving)
