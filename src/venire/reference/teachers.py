"""Teachers weighed by the ratings that their votes give: the loop, in plain arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire.reference.calibration import kappa
from venire.reference.covariance import covariance
from venire.reference.grouped import (
    ReferenceGroupedFit,
    aggregate_groups,
    cells_of_group,
    fit_groups,
)
from venire.reference.links import probabilities
from venire.reference.newton import ReferenceFit
from venire.reference.panels import _digamma

__all__ = ["ReferenceVotesFit", "expected_vote", "fit_votes", "teacher_weights"]


class ReferenceVotesFit(NamedTuple):
    """What was found: the last fit, and the weights that it was made with."""

    comparisons: Any
    fit: ReferenceGroupedFit
    weights: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray


def expected_vote(difference: Any, variance: Any, model: str) -> np.ndarray:
    """2p - 1, p being the expected probability that the first of two items is better.

    Kernel: csrc/vn_teacher_weights.c, by `venire.fit_votes`.

    Parameters
    ----------
    difference, variance : array_like
        Mean and variance of theta_first - theta_second.
    model : {"bradley-terry", "thurstone"}

    Examples
    --------
    >>> expected_vote([1.0, 1.0], [0.0, 4.0], "bradley-terry").round(3).tolist()
    [0.462, 0.302]
    """
    d, v = np.asarray(difference, np.float64), np.asarray(variance, np.float64)
    x = d * kappa(v, model)
    return probabilities(model, x) - probabilities(model, -x)


def teacher_weights(
    teacher: Any, s: Any, expected: Any, n_teachers: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights of the teachers, 1 on average over all judgments, and their Beta(a, b).

    Kernel: csrc/vn_teacher_weights.c, by `venire.fit_votes`.

    Parameters
    ----------
    teacher : array_like of int, shape (n,)
    s : array_like of float64, shape (n,)
        Signed votes in [-1, 1].
    expected : array_like of float64, shape (n,)
        2p - 1 of each vote's pair; votes where it is nan are left out.
    n_teachers : int

    Examples
    --------
    >>> w, a, b = teacher_weights([0, 0, 1], [1.0, -1.0, 1.0], [0.5, -0.5, -0.5], 2)
    >>> a.tolist(), b.tolist(), w.round(3).tolist()
    ([5.5, 4.25], [2.5, 2.75], [1.173, 0.654])
    """
    a, b, n = np.full(n_teachers, 4.0), np.full(n_teachers, 2.0), np.zeros(n_teachers)
    for t, vote, d in zip(teacher, s, expected, strict=True):
        if np.isnan(d):
            continue
        p, up, down = (1.0 + d) / 2.0, max(vote, 0.0), max(-vote, 0.0)
        a[t] += up * p + down * (1.0 - p)
        b[t] += up * (1.0 - p) + down * p
        n[t] += 1
    worth = np.maximum(_digamma(a) - _digamma(b), 1e-3)
    return worth / (np.sum(worth * n) / n.sum()), a, b


def fit_votes(
    group: Any,
    first: Any,
    second: Any,
    teacher: Any,
    win: Any,
    tie: Any,
    loss: Any,
    *,
    model: str = "bradley-terry",
    prior: Any = None,
    rounds: int = 2,
) -> ReferenceVotesFit:
    """Fit, weigh the teachers by the fit, fit again.

    Kernel: csrc/vn_teacher_weights.c and csrc/vn_group_fit.c, by `venire.fit_votes`.

    Parameters
    ----------
    group, first, second : array_like, shape (n,)
        Of each judgment; a pair of items must be written in the same order everywhere.
    teacher : array_like of int, shape (n,)
        Positions.
    win, tie, loss : array_like of float64, shape (n,)
        Masses of the judgment, as `first` sees them; their sum is > 0.
    model : {"bradley-terry", "thurstone"}
    prior : object with a precision, optional
    rounds : int

    Returns
    -------
    ReferenceVotesFit
    """
    win, tie, loss = (np.asarray(x, np.float64) for x in (win, tie, loss))
    teacher = np.asarray(teacher)
    n_teachers = int(teacher.max()) + 1
    mass = win + tie + loss
    weights, a, b = np.ones(n_teachers), np.full(n_teachers, 4.0), np.full(n_teachers, 2.0)
    for k in range(rounds + 1):
        share = (win + tie / 2.0) / mass
        g = aggregate_groups(group, first, second, share, mass * weights[teacher])
        found = fit_groups(g, model, prior=prior)
        if k < rounds:
            expected = _expected(g, found, model, prior, group, first, second)
            weights, a, b = teacher_weights(teacher, (win - loss) / mass, expected, n_teachers)
    return ReferenceVotesFit(g, found, weights, a, b)


def _expected(
    g: Any, found: ReferenceGroupedFit, model: str, prior: Any, group: Any, first: Any, second: Any
) -> np.ndarray:
    """2p - 1 of each row."""
    out = np.full(len(group), np.nan)
    for k, label in enumerate(g.groups.tolist()):
        cells = cells_of_group(g, k)
        theta = found.theta[g.offsets[k] : g.offsets[k + 1]]
        if not np.isfinite(theta).all():
            continue
        point = ReferenceFit(theta, None, None, np.nan, np.nan, 0, True)
        c = covariance(cells, model, point, prior=prior)
        place = {item: at for at, item in enumerate(cells.items.tolist())}
        for row in np.flatnonzero(np.asarray(group) == label):
            i, j = place[first[row]], place[second[row]]
            variance = c[i, i] + c[j, j] - 2.0 * c[i, j]
            out[row] = expected_vote(theta[i] - theta[j], variance, model)
    return out
