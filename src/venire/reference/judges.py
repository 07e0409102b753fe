"""Judges in the likelihood: slopes and position biases, in plain arrays and dense matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["ReferenceJudgesFit", "fit_judges", "judges_given_ratings"]

FAITH, GUESS, LEVEL, GOLD = 2.0, 0.5, 0.01, 10.0
LEAST, CROSS = 0.25, 0.9


class ReferenceJudgesFit(NamedTuple):
    """What was found; theta has a row for each group and a column for each item."""

    theta: np.ndarray
    slope: np.ndarray
    bias: np.ndarray
    slope_variance: np.ndarray
    bias_variance: np.ndarray
    spread: tuple[float, float, float]


def _expit(x: Any) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(x)))


def fit_judges(
    group: Any,
    first: Any,
    second: Any,
    judge: Any,
    order: Any,
    share: Any,
    mass: Any,
    *,
    precision: float = 0.1,
    rounds: int = 2,
    signed: bool = False,
) -> ReferenceJudgesFit:
    """Ratings and judges in turn, each step solved to the end.

    Kernel: csrc/vn_judges.c and csrc/vn_group_fit.c, by `venire.fit_judges`.

    Parameters
    ----------
    group, first, second, judge : array_like of int, shape (n,)
        Positions, of each judgment in one order.
    order : array_like, shape (n,)
        1 if first was shown first, -1 if second was; all 0: not recorded.
    share, mass : array_like, shape (n,)
        What first got, and of how many votes.
    precision : float
        Of the prior of theta.
    rounds : int
    signed : bool

    Examples
    --------
    >>> first, second = [0, 1, 0, 0, 1, 0] * 20, [1, 2, 2, 1, 2, 2] * 20
    >>> judge, share = [0, 0, 0, 1, 1, 1] * 20, [1, 1, 1, 1, 1, 0] * 20
    >>> fit = fit_judges([0] * 120, first, second, judge, [0] * 120, share, [1] * 120)
    >>> bool(fit.slope[0] > fit.slope[1]), round(float(fit.slope.mean()), 9)
    (True, 1.0)
    """
    group, first, second, judge = (np.asarray(x, np.int64) for x in (group, first, second, judge))
    order, share, mass = (np.asarray(x, np.float64) for x in (order, share, mass))
    n_judges = int(judge.max()) + 1
    a, g, spread = np.ones(n_judges), np.zeros(n_judges), (GUESS, 0.0, GUESS)
    var_a = var_g = np.full(n_judges, np.nan)
    shape = int(group.max()) + 1, int(max(first.max(), second.max())) + 1
    votes = (group, first, second, judge, order, share, mass)
    theta, variance = _ratings(np.zeros(shape), a, g, votes, precision)
    for _ in range(rounds):
        d = theta[group, first] - theta[group, second]
        a, g, var_a, var_g, spread = judges_given_ratings(
            judge, d, variance, order, share, mass, a, g, spread, signed=signed
        )
        theta, variance = _ratings(theta, a, g, votes, precision)
    return ReferenceJudgesFit(theta, a, g, var_a, var_g, spread)


def _ratings(
    theta: np.ndarray, a: np.ndarray, g: np.ndarray, votes: Any, precision: float
) -> tuple[np.ndarray, np.ndarray]:
    """The maximum of the posterior under given judges, and the variance of each difference."""
    group, first, second, judge, order, share, mass = votes
    theta, variance = theta.copy(), np.empty(len(group))
    for k in range(len(theta)):
        own = group == k
        i, j, slope = first[own], second[own], a[judge[own]]
        e = np.zeros((own.sum(), theta.shape[1]))
        e[np.arange(len(e)), i], e[np.arange(len(e)), j] = 1.0, -1.0
        for _ in range(200):
            p = _expit(slope * (e @ theta[k]) + g[judge[own]] * order[own])
            score = e.T @ (slope * mass[own] * (share[own] - p)) - precision * theta[k]
            curve = slope**2 * mass[own] * p * (1.0 - p)
            information = (e.T * curve) @ e + precision * np.eye(theta.shape[1])
            step = np.linalg.solve(information, score)
            theta[k] += step * min(1.0, 2.0 / max(np.abs(step).max(), 2.0))
            if np.abs(step).max() < 1e-13:
                break
        variance[own] = np.einsum("ri,ij,rj->r", e, np.linalg.inv(information), e)
    return theta, variance


def judges_given_ratings(
    judge: Any,
    d: Any,
    variance: Any,
    order: Any,
    share: Any,
    mass: Any,
    slope: Any,
    bias: Any,
    spread: tuple[float, float, float],
    *,
    signed: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[float, float, float]]:
    """Slopes, biases, their variances and spread, from given ones on.

    Kernel: csrc/vn_judges.c, by `venire.fit_judges`.

    A step of Newton's for the judges and one of EM for the spread, in turn, until neither moves.
    What is maximised over a_k and g_k is

        sum of mass (share log p + (1 - share) log(1 - p)) - a_k^2 / 2 sum of mass v p (1 - p)
        - (a_k - 1)^2 / (2 s^2) - (g_k - m)^2 / (2 t^2),   p = expit(a_k d + g_k order),

    under the constraint that the mean of a, by mass, is 1, and a >= 0 unless `signed`. Curvatures
    are at least a quarter of those at known ratings.
    """
    d, v, o, y, w = (np.asarray(x, np.float64) for x in (d, variance, order, share, mass))
    judge = np.asarray(judge)
    a, g = (np.array(x, np.float64) for x in (slope, bias))
    s, m, t = spread
    n, ordered = len(a), bool(np.any(o))
    held = np.zeros(n, bool)  # at 0
    mine = [np.flatnonzero(judge == k) for k in range(n)]
    size = np.array([w[rows].sum() for rows in mine])
    for _ in range(20_000):
        slopes, inverse, free = np.empty((n, 2)), np.empty((n, 2, 2)), np.empty(n)
        for k, rows in enumerate(mine):
            p = _expit(a[k] * d[rows] + g[k] * o[rows])
            h = w[rows] * p * (1.0 - p)
            h1, h2 = h * (1.0 - 2.0 * p), h * (1.0 - 6.0 * p * (1.0 - p))
            x, r = np.stack([d[rows], o[rows]]), w[rows] * (y[rows] - p)
            u = v[rows]
            slopes[k] = x @ r - 0.5 * a[k] ** 2 * (x @ (u * h1)) - [a[k] * (u @ h), 0.0]
            slopes[k] -= [(a[k] - 1.0) / s**2, (g[k] - m) / t**2]
            shrink = np.diag([s**-2, t**-2])
            cross = a[k] * (x @ (u * h1))
            curve = (x * (h + 0.5 * a[k] ** 2 * u * h2)) @ x.T
            curve += [[u @ h + 2.0 * cross[0], cross[1]], [cross[1], 0.0]]
            least = LEAST * np.diag((x * h) @ x.T + np.diag([u @ h, 0.0]))
            own = np.maximum(np.diag(curve), least)
            tied = np.clip(curve[0, 1], *(CROSS * np.sqrt(own.prod()) * np.array([-1.0, 1.0])))
            curve = np.array([[own[0], tied], [tied, own[1]]]) + shrink
            if not ordered:
                curve[0, 1] = curve[1, 0] = 0.0
            free[k] = curve[0, 0] - curve[0, 1] ** 2 / curve[1, 1]
            if held[k]:
                curve[0, 1] = curve[1, 0] = 0.0
                curve[0, 0], slopes[k, 0] = np.inf, 0.0
            inverse[k] = [[curve[1, 1], -curve[0, 1]], [-curve[0, 1], curve[0, 0]]]
            inverse[k] /= np.linalg.det(curve) if not held[k] else 1.0
            if held[k]:
                inverse[k] = np.diag([0.0, 1.0 / curve[1, 1]])
        step = np.einsum("kij,kj->ki", inverse, slopes)
        pull = inverse[:, :, 0] * size[:, None]
        total = size @ pull[:, 0]
        level = (size @ (a + step[:, 0] - 1.0)) / total if total > 0.0 else 0.0
        step -= level * pull
        step *= min(1.0, 1.0 / max(np.abs(step).max(), 1.0))
        a, g = a + step[:, 0], g + step[:, 1]
        if not ordered:
            g[:] = 0.0
        if not signed and (a < 0.0).any():
            held |= a < 0.0
            a[held] = 0.0
        var_a = inverse[:, 0, 0] - (pull[:, 0] ** 2 / total if total > 0.0 else 0.0)
        with np.errstate(invalid="ignore"):
            tilt = np.where(held, 0.0, inverse[:, 1, 0] / np.where(held, 1.0, inverse[:, 0, 0]))
        var_g = inverse[:, 1, 1] - tilt**2 * (inverse[:, 0, 0] - var_a)
        seen = size > 0.0
        count, old = seen.sum(), (s, m, t)
        s = np.sqrt((((a - 1.0) ** 2 + var_a)[seen].sum() + FAITH * GUESS**2) / (count + FAITH))
        if ordered:
            m = g[seen].sum() / (count + LEVEL * t**2)
            spent = ((g - old[1]) ** 2 + var_g)[seen].sum()
            t = np.sqrt((spent + FAITH * GUESS**2) / (count + FAITH))
        if np.abs(step).max() < 1e-12 and np.abs(np.array(old) - (s, m, t)).max() < 1e-12:
            break
    if not ordered:
        var_g = np.zeros(n)
    var_a = np.where(held, 1.0 / free, var_a)
    return a, g, var_a, var_g, (float(s), float(m), float(t))
