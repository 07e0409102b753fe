"""The error of an ensemble against its size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from venire._core import checks
from venire._core.checks import fail
from venire._core.tables import Table, Tabled
from venire.ensembles import _inputs

__all__ = ["LearningCurve", "learning_curve"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class LearningCurve(Tabled):
    """Expected error of ensembles of 1, 2, ... members; what `learning_curve` returns.

    Attributes
    ----------
    sizes : ndarray of int64, shape (n_sizes,)
        1 ... n_members, and n_members + 1 with squared loss.
    error : ndarray of float64, shape (n_sizes,)
        Expected error of a mean, or vote, of so many members drawn from the given ones.
    standard_error : ndarray of float64, shape (n_sizes,)
        Of `error`, over the rows (clusters).
    next_gain : float
        How much the next member is expected to take off the error. With zero-one loss: half of
        what the last two members took off, since nothing is known of larger votes.
    next_gain_error : float
        Its standard error.
    limit : float
        Error of infinitely many members like these; nan with zero-one loss.

    Examples
    --------
    >>> import venire as vn
    >>> vn.ensembles.learning_curve([[1.0, 2.0], [2.0, 2.0], [0.0, 1.0]], [1.0, 2.0])
    <LearningCurve: error 0.5 with 1 member, 0.05556 with 3, the next takes off 0.05556 +- 0.02778>
    """

    sizes: np.ndarray
    error: np.ndarray
    standard_error: np.ndarray
    next_gain: float
    next_gain_error: float
    limit: float
    n_members: int

    def __repr__(self) -> str:
        return (
            f"<LearningCurve: error {self.error[0]:.4g} with 1 member, "
            f"{self.error[self.n_members - 1]:.4g} with {self.n_members}, the next takes off "
            f"{self.next_gain:.4g} +- {self.next_gain_error:.4g}>"
        )

    def _table(self, top: int | None) -> Table:
        columns = {
            "members": self.sizes,
            "error": self.error,
            "standard_error": self.standard_error,
        }
        return Table.of(self._titled(), columns, top=top)


def learning_curve(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    loss: str = "squared",
    cluster: ArrayLike | None = None,
    n_orders: int = 100,
    rng: Any = 0,
) -> LearningCurve:
    """What the next member would add: the error of an ensemble against its number of members.

    Parameters
    ----------
    predictions : array_like of shape (n_members, n_rows)
        What each member predicts for each row, best for rows it was not trained on. At least two
        members (three with zero-one loss), alike and in no order.
    target : array_like of shape (n_rows,)
    loss : {"squared", "zero-one"}
        Of the mean of the members, or of their vote (at a tie, one of the tied classes at random).
    cluster : array_like of shape (n_rows,), optional
        Rows that hang together, for the standard errors.
    n_orders : int, default 100
        Random orders of the members (zero-one loss only).
    rng : int, SeedSequence or Generator, default 0
        For these orders.

    Returns
    -------
    LearningCurve

    Raises
    ------
    ValueError
        If shapes do not match, there are too few members or rows, or a number is not finite.
    TypeError
        If predictions or target have a wrong type.

    Notes
    -----
    Squared loss: with v the mean squared error of a member and c the mean product of the errors of
    two, the expected error of k of them is c + (v - c) / k, exactly, also for k = n_members + 1,
    whose gain is (v - c) / (n_members * (n_members + 1)). O(n_rows * n_members).

    Zero-one loss: averaged over random orders. O(n_orders * n_members * n_rows * n_classes).

    References
    ----------
    N. Ueda and R. Nakano (1996), doi:10.1109/ICNN.1996.548872.

    Examples
    --------
    >>> import venire as vn
    >>> curve = vn.ensembles.learning_curve([[1.0, 2.0], [2.0, 2.0], [0.0, 1.0]], [1.0, 2.0])
    >>> curve.sizes.tolist(), curve.error.round(3).tolist()
    ([1, 2, 3, 4], [0.5, 0.167, 0.056, 0.0])
    """
    if checks.one_of(loss, "loss", ("squared", "zero-one")) == "squared":
        f, t = _inputs.numbers(predictions, target, (2,))
    else:
        classes, f, t = _inputs.labels(predictions, target)
    if len(t) != 1:
        fail("target", "must have shape (n_rows,): repeats have no use here")
    fewest = 2 if loss == "squared" else 3
    if len(f) < fewest:
        fail("predictions", f"at least {fewest} members are needed", value=len(f))
    if f.shape[1] < 2:
        fail("predictions", "at least two rows are needed", value=1)
    group, n_groups = _inputs.clusters(cluster, f.shape[1])
    if loss == "squared":
        return _squared(f, t[0], group, n_groups)
    n_orders = checks.whole(n_orders, "n_orders", 1, 2**31 - 1)
    generator = checks.rng(rng)
    orders = [generator.permutation(len(f)) for _ in range(n_orders)]
    return _zero_one(f, t[0], len(classes), orders, group, n_groups)


def _squared(f: np.ndarray, t: np.ndarray, group: np.ndarray, n_groups: int) -> LearningCurve:
    m = len(f)
    total, square = np.zeros(f.shape[1]), np.zeros(f.shape[1])
    for row in f:
        total += row - t
        square += (row - t) ** 2
    v, c = square / m, (total**2 - square) / (m * (m - 1))
    sizes = np.arange(1, m + 2)
    share = 1.0 / sizes
    moments = _covariance(np.stack([c, v]), group, n_groups)
    mix = np.stack([1.0 - share, share])
    variance = np.einsum("ik,ij,jk->k", mix, moments, mix)
    step = np.array([-1.0, 1.0]) / (m * (m + 1))
    return LearningCurve(
        sizes=sizes,
        error=np.array([c.mean(), v.mean()]) @ mix,
        standard_error=np.sqrt(np.maximum(variance, 0.0)),
        next_gain=float((v - c).mean() / (m * (m + 1))),
        next_gain_error=math.sqrt(max(float(step @ moments @ step), 0.0)),
        limit=float(c.mean()),
        n_members=m,
    )


def _zero_one(
    f: np.ndarray,
    t: np.ndarray,
    n_classes: int,
    orders: list[np.ndarray],
    group: np.ndarray,
    n_groups: int,
) -> LearningCurve:
    m, n = f.shape
    rows = np.arange(n)
    loss = np.zeros((m, n))
    for order in orders:
        votes = np.zeros((n, n_classes))
        for k, member in enumerate(order):
            votes[rows, f[member]] += 1.0
            top = votes == votes.max(axis=1, keepdims=True)
            loss[k] += 1.0 - top[rows, t] / top.sum(axis=1)
    loss /= len(orders)
    variance = [_covariance(row[None], group, n_groups)[0, 0] for row in loss]
    # two at a time: with two classes a vote of an even number is as good as one of one fewer
    gain = (loss[m - 3] - loss[m - 1]) / 2.0
    return LearningCurve(
        sizes=np.arange(1, m + 1),
        error=loss.mean(axis=1),
        standard_error=np.sqrt(variance),
        next_gain=float(gain.mean()),
        next_gain_error=math.sqrt(float(_covariance(gain[None], group, n_groups)[0, 0])),
        limit=math.nan,
        n_members=m,
    )


def _covariance(x: np.ndarray, group: np.ndarray, n_groups: int) -> np.ndarray:
    """Covariance of the means over rows of x (k, n), added up by group."""
    centred = x - x.mean(axis=1, keepdims=True)
    sums = np.stack([np.bincount(group, row, n_groups) for row in centred])
    return sums @ sums.T * (n_groups / (n_groups - 1.0)) / x.shape[1] ** 2
