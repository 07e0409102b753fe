"""Biases of groups from comparisons across groups and from anchors, densely.

The parameters are (b, m): a bias for each group, and the mean of their prior, which is 0 unless
there are anchors; then it is free. Everything is a formula on vectors and full matrices.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire.reference.links import cell_terms

__all__ = ["ReferenceCalibration", "calibrate", "kappa"]

STEP_CAP = 2.0


class ReferenceCalibration(NamedTuple):
    """What a calibration found.

    Attributes
    ----------
    bias : ndarray of float64, shape (n_groups,)
        Without anchors they sum to 0, by themselves.
    level : float
        Mean of the prior.
    variance : float
        s^2 of the prior.
    covariance : ndarray of float64, shape (n_groups, n_groups)
        Of the biases, given `variance`; without anchors before they are centred.
    level_variance : float
        Of `level`; 0 without anchors.
    """

    bias: np.ndarray
    level: float
    variance: float
    covariance: np.ndarray
    level_variance: float


def kappa(variance: Any, model: str = "bradley-terry") -> np.ndarray:
    """Factor on a difference that is known only up to `variance`, so that P is the mean over it.

    Parameters
    ----------
    variance : array_like of float
        Sum of the variances of the two strengths.
    model : {"bradley-terry", "thurstone"}

    Returns
    -------
    ndarray of float64
        1 / sqrt(1 + pi * variance / 8), an approximation (MacKay 1992,
        doi:10.1162/neco.1992.4.5.720), or 1 / sqrt(1 + variance), exact for the normal curve.

    Examples
    --------
    >>> kappa([0.0, 1.0]).round(4).tolist(), kappa(3.0, "thurstone").item()
    ([1.0, 0.8474], 0.5)
    """
    share = 1.0 if model == "thurstone" else np.pi / 8.0
    return 1.0 / np.sqrt(1.0 + share * np.asarray(variance, np.float64))


def calibrate(
    n_groups: int,
    first: Any,
    second: Any,
    difference: Any,
    variance_of_difference: Any,
    score: Any,
    weight: Any,
    *,
    model: str = "bradley-terry",
    anchors: tuple[Any, Any, Any] | None = None,
    variance: float | None = None,
    start: float = 1.0,
    n_steps: int = 8,
) -> ReferenceCalibration:
    """Biases by maximum a posteriori, the variance of their prior by EM.

    Parameters
    ----------
    n_groups : int
        All of them have a bridge or an anchor: the EM step averages over them.
    first, second : array_like of int, shape (n_bridges,)
        Groups.
    difference, variance_of_difference : array_like of float, shape (n_bridges,)
        theta of the first item less theta of the second, and the variance of that.
    score, weight : array_like of float, shape (n_bridges,)
    model : {"bradley-terry", "thurstone"}
    anchors : tuple of arrays (group, value, variance), optional
        Direct observations of biases.
    variance : float, optional
        s^2, if it is known: no EM.
    start : float
        Of s^2.
    n_steps : int
        EM steps.

    Returns
    -------
    ReferenceCalibration

    Notes
    -----
    O(n_groups**3) for each Newton step.

    Examples
    --------
    >>> found = calibrate(2, [0], [1], [0.0], [0.0], [0.9], [40.0], variance=1.0)
    >>> found.bias.round(3).tolist()
    [0.976, -0.976]
    """
    first, second = np.asarray(first, np.int64), np.asarray(second, np.int64)
    factor = kappa(variance_of_difference, model)
    score, weight = np.asarray(score, np.float64), np.asarray(weight, np.float64)
    win, loss, tie = weight * score, weight * (1.0 - score), np.zeros(len(score))
    n, free = n_groups, anchors is not None
    group, value, spread = anchors if anchors is not None else ([], [], [])
    group = np.asarray(group, np.int64)
    value, pull = np.asarray(value, np.float64), 1.0 / np.asarray(spread, np.float64)

    def derivatives(x: np.ndarray, s2: float) -> tuple[float, np.ndarray, np.ndarray]:
        """Log posterior of (b, m), its gradient, and minus its second derivative."""
        b, m = x[:n], x[n]
        d = factor * (b[first] - b[second] + np.asarray(difference, np.float64))
        terms = cell_terms(model, d, 0.0, win, loss, tie)
        objective = np.sum(terms["value"]) - np.sum((b - m) ** 2) / (2.0 * s2)
        objective -= np.sum(pull * (b[group] - value) ** 2) / 2.0
        gradient, hessian = np.zeros(n + 1), np.zeros((n + 1, n + 1))
        for k, (i, j) in enumerate(zip(first, second, strict=True)):
            across = np.zeros(n + 1)
            across[i], across[j] = factor[k], -factor[k]
            gradient += terms["d1"][k] * across
            hessian += terms["d2"][k] * np.outer(across, across)
        for g, y, p in zip(group, value, pull, strict=True):
            gradient[g] -= p * (b[g] - y)
            hessian[g, g] += p
        for g in range(n):
            away = np.zeros(n + 1)
            away[g], away[n] = 1.0, -1.0
            gradient -= (b[g] - m) / s2 * away
            hessian += np.outer(away, away) / s2
        if not free:  # m stays where it is
            gradient, hessian = gradient[:n], hessian[:n, :n]
        return float(objective), gradient, hessian

    def mode(x: np.ndarray, s2: float) -> tuple[np.ndarray, np.ndarray]:
        """Newton with no step over 2; the mode and the inverse of the Hessian there."""
        for _ in range(200):
            before, gradient, hessian = derivatives(x, s2)
            step = np.zeros(n + 1)
            step[: len(gradient)] = np.linalg.solve(hessian, gradient)
            step *= min(1.0, STEP_CAP / max(float(np.abs(step).max()), 1e-300))
            for _ in range(40):  # a concave function: half way is better if the whole way is not
                if derivatives(x + step, s2)[0] >= before - 1e-12 * abs(before):
                    break
                step /= 2.0
            x = x + step
            if np.abs(step).max() < 1e-12 * max(1.0, float(np.abs(x).max())):
                break
        return x, np.linalg.inv(derivatives(x, s2)[2])

    x, s2 = np.zeros(n + 1), start if variance is None else variance
    if free:
        x[:] = np.sum(pull * value) / np.sum(pull)
    x, inverse = mode(x, s2)
    for _ in range(n_steps if variance is None else 0):
        spread_of_e = np.diagonal(inverse)[:n].copy()  # of b - m
        if free:
            spread_of_e += inverse[n, n] - 2.0 * inverse[:n, n]
        s2 = float(np.mean((x[:n] - x[n]) ** 2) + np.mean(spread_of_e))
        x, inverse = mode(x, s2)
    last = float(inverse[n, n]) if free else 0.0
    return ReferenceCalibration(x[:n], float(x[n]), s2, inverse[:n, :n], last)
