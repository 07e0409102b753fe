"""Least squares and ridge of all replicates at once, from their weighted Gram matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire._native.gram import weighted_grams

__all__ = ["LinearTask", "linear_task", "solve_replicates"]

CONDITION = 1e8  # of the scaled normal equations; beyond it the learner itself is called


class LinearTask(NamedTuple):
    """What the solver needs to know of a linear learner."""

    penalty: np.ndarray  # (1,) or (n_targets,)
    intercept: bool


def linear_task(estimator: Any, n_targets: int) -> LinearTask | None:
    """The task of an estimator whose replicates can be solved together, None for any other."""
    from sklearn.linear_model import LinearRegression, Ridge

    if type(estimator) is LinearRegression and not estimator.positive:
        return LinearTask(np.zeros(1), bool(estimator.fit_intercept))
    solver = getattr(estimator, "solver", None)
    if (
        type(estimator) is Ridge
        and not estimator.positive
        and solver in ("auto", "cholesky", "svd")
    ):
        penalty = np.atleast_1d(np.asarray(estimator.alpha, np.float64))
        if penalty.shape in ((1,), (n_targets,)) and (penalty >= 0).all():
            return LinearTask(penalty, bool(estimator.fit_intercept))
    return None


class Table(NamedTuple):
    """Columns 1, x, y, each but the first taken from its mean, and these means."""

    z: np.ndarray
    x_mean: np.ndarray
    y_mean: np.ndarray


def make_table(x: np.ndarray, y: np.ndarray, task: LinearTask) -> Table:
    """The columns whose products are added up."""
    x_mean = x.mean(axis=0) if task.intercept else np.zeros(x.shape[1])
    y_mean = y.mean(axis=0) if task.intercept else np.zeros(y.shape[1])
    z = np.empty((len(x), 1 + x.shape[1] + y.shape[1]))
    z[:, 0] = 1.0
    z[:, 1 : 1 + x.shape[1]] = x - x_mean
    z[:, 1 + x.shape[1] :] = y - y_mean
    return Table(z, x_mean, y_mean)


def solve_replicates(
    table: Table,
    weights: np.ndarray,
    features: np.ndarray | None,
    task: LinearTask,
    n_threads: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients of a block of replicates.

    Parameters
    ----------
    table : Table
    weights : ndarray of int32 or float64, shape (k, n_rows)
    features : ndarray of int64, shape (k, n_chosen), or None
        Columns that each replicate uses.
    task : LinearTask
    n_threads : int

    Returns
    -------
    coef : ndarray of float64, shape (k, n_targets, n_features)
        0 for features that are not used.
    intercept : ndarray of float64, shape (k, n_targets)
    solved : ndarray of bool, shape (k,)
        False where the equations are too ill-conditioned to trust.
    """
    k, p, t = len(weights), len(table.x_mean), len(table.y_mean)
    packed = weighted_grams(table.z, weights, n_threads)
    d = 1 + p + t
    gram = np.empty((k, d, d))
    a, b = np.triu_indices(d)
    gram[:, a, b] = packed
    gram[:, b, a] = packed
    if task.intercept:
        total = gram[:, 0, 0]
        with np.errstate(invalid="ignore"):  # a member without rows has no means: not solved
            means = gram[:, 0, 1:] / total[:, None]
        centred = gram[:, 1:, 1:] - total[:, None, None] * means[:, :, None] * means[:, None, :]
    else:
        means, centred = np.zeros((k, d - 1)), gram[:, 1:, 1:]
    left, right = centred[:, :p, :p], centred[:, :p, p:]
    if features is not None:
        left = np.stack([m[np.ix_(f, f)] for m, f in zip(left, features, strict=True)])
        right = np.stack([m[f] for m, f in zip(right, features, strict=True)])
    solution = np.empty(right.shape)
    solved = np.ones(k, bool)
    for penalty in np.unique(task.penalty):
        columns = np.flatnonzero(np.broadcast_to(task.penalty, t) == penalty)
        found, good = _solve(left, right[:, :, columns], float(penalty))
        solution[:, :, columns] = found
        solved &= good
    coef = np.zeros((k, t, p))
    rows = np.arange(k)[:, None]
    if features is None:
        coef[:] = solution.transpose(0, 2, 1)
    else:
        coef[rows, :, features] = solution
    x_centre, y_centre = table.x_mean + means[:, :p], table.y_mean + means[:, p:]
    intercept = y_centre - np.einsum("ktp,kp->kt", coef, x_centre)
    return coef, intercept if task.intercept else np.zeros((k, t)), solved


def _solve(left: np.ndarray, right: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Solve (left + penalty) b = right in each replicate, scaled to a diagonal of ones."""
    k, p = left.shape[:2]
    diagonal = np.einsum("kpp->kp", left) + penalty
    good = (diagonal > 0.0).all(axis=1)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    matrix = left * scale[:, :, None] * scale[:, None, :]
    matrix[:, np.arange(p), np.arange(p)] = 1.0
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        inverse = np.full(matrix.shape, np.inf)
        for i in range(k):
            try:
                inverse[i] = np.linalg.inv(matrix[i])
            except np.linalg.LinAlgError:
                matrix[i] = np.eye(p)
    norm = np.abs(matrix).sum(axis=1).max(axis=1) * np.abs(inverse).sum(axis=1).max(axis=1)
    good &= norm < CONDITION
    matrix[~good] = np.eye(p)
    found = np.linalg.solve(matrix, right * scale[:, :, None]) * scale[:, :, None]
    return found, good
