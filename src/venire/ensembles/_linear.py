"""Least squares and ridge of all replicates at once, from their weighted Gram matrices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge

from venire._native.gram import weighted_grams
from venire.ensembles._members import ROWS, OutOfBag, fit_member

__all__ = ["LinearMembers", "LinearTask", "fit_linear", "linear_task", "solve_replicates"]

CONDITION = 1e8  # of the scaled normal equations; beyond it the learner itself is called


class LinearTask(NamedTuple):
    """What the solver needs to know of a linear learner."""

    penalty: np.ndarray  # (1,) or (n_targets,)
    intercept: bool


def linear_task(estimator: Any, n_targets: int) -> LinearTask | None:
    """The task of an estimator whose replicates can be solved together, None for any other."""
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


class LinearMembers:
    """Members of which only the coefficients are kept; `flat`: of a single target."""

    def __init__(
        self,
        estimator: Any,
        coef: np.ndarray,
        intercept: np.ndarray,
        features: list[np.ndarray] | None,
        flat: bool,
    ) -> None:
        self.estimator, self.coef, self.intercept = estimator, coef, intercept
        self.features, self.flat = features, flat

    def __len__(self) -> int:
        return len(self.coef)

    def estimators(self, names: np.ndarray | None) -> list[Any]:
        """The members as estimators, made when they are asked for."""
        made = []
        for k, (coef, intercept) in enumerate(zip(self.coef, self.intercept, strict=True)):
            member = clone(self.estimator)
            own = coef if self.features is None else coef[:, self.features[k]]
            member.coef_ = own[0] if self.flat else own
            member.intercept_ = float(intercept[0]) if self.flat else intercept
            member.n_features_in_ = own.shape[1]
            if names is not None:
                seen = slice(None) if self.features is None else self.features[k]
                member.feature_names_in_ = names[seen]
            made.append(member)
        return made

    def outputs(self, x: Any) -> Iterator[np.ndarray]:
        """What each member says: (n_rows, n_targets)."""
        for coef, intercept in zip(self.coef, self.intercept, strict=True):
            yield x @ coef.T + intercept


def fit_linear(
    estimator: Any,
    x: Any,
    y: np.ndarray,
    weights: Iterable[np.ndarray],
    features: list[np.ndarray] | None,
    task: LinearTask,
    seed: int,
    n_threads: int,
    bag: OutOfBag | None,
) -> LinearMembers:
    """Fit a member to every row of the blocks of weights, those of a block together."""
    target = np.asarray(y, np.float64).reshape(len(y), -1)
    table = make_table(x, target, task)
    coefs, intercepts, start = [], [], 0
    for block in weights:
        stop = start + len(block)
        part = None if features is None else np.array(features[start:stop])
        coef, intercept, solved = solve_replicates(table, block, part, task, n_threads)
        for i in np.flatnonzero(~solved).tolist():
            own = None if part is None else part[i]
            member, _, _ = fit_member(
                estimator, x, target, block[i], own, True, seed, start + i, None
            )
            coef[i] = 0.0
            coef[i][:, slice(None) if own is None else own] = member.coef_
            intercept[i] = member.intercept_
        if bag is not None and block.dtype != np.float64:  # real weights leave no row out
            flat = coef.reshape(-1, coef.shape[2]).T
            for i in range(0, len(x), ROWS):
                output = (x[i : i + ROWS] @ flat).reshape(-1, *intercept.shape) + intercept
                bag.add_block(i, output, block[:, i : i + ROWS] == 0)
        coefs.append(coef)
        intercepts.append(intercept)
        start = stop
    coef, intercept = np.concatenate(coefs), np.concatenate(intercepts)
    return LinearMembers(estimator, coef, intercept, features, y.ndim == 1)


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
