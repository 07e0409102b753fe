"""Biases of groups from comparisons across groups and from anchors, densely.

The parameters are (b, m): a bias for each group, and the mean of their prior, which is 0 unless
there are anchors; then it is free. Everything is a formula on vectors and full matrices.

The variance of the prior is where the Laplace approximation of the marginal likelihood is largest
(one more group of squared bias 1 is added to the real ones). `calibrate` can also do plain EM
steps, which come out too low where groups have few bridges.
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
    em: tuple[float, int] | None = None,
) -> ReferenceCalibration:
    """Biases by maximum a posteriori, with the variance of their prior.

    Parameters
    ----------
    n_groups : int
        All of them have a bridge or an anchor.
    first, second : array_like of int, shape (n_bridges,)
        Groups.
    difference, variance_of_difference : array_like of float, shape (n_bridges,)
        theta of the first item less theta of the second, and the variance of that.
    score, weight : array_like of float, shape (n_bridges,)
    model : {"bradley-terry", "thurstone"}
    anchors : tuple of arrays (group, value, variance), optional
        Direct observations of biases.
    variance : float, optional
        s^2, if it is known.
    em : tuple (start, n_steps), optional
        Estimate s^2 by so many EM steps instead, s^2 = mean b^2 + mean variance of b.

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
    win, loss = weight * score, weight * (1.0 - score)
    n, free = n_groups, anchors is not None
    group, value, spread = anchors if anchors is not None else ([], [], [])
    # one row each: bridges, anchors, and how far b is from m, as functions of (b, m)
    bridge = np.zeros((len(first), n + 1))
    bridge[np.arange(len(first)), first] = factor
    bridge[np.arange(len(first)), second] = -factor
    anchor = np.eye(n + 1)[np.asarray(group, np.int64)]
    value, pull = np.asarray(value, np.float64), 1.0 / np.asarray(spread, np.float64)
    away = np.eye(n + 1)[:n] - np.eye(n + 1)[n]
    n_free = n + free  # without anchors m stays at 0

    def terms(x: np.ndarray) -> dict[str, np.ndarray]:
        d = bridge @ x + factor * np.asarray(difference, np.float64)
        return cell_terms(model, d, 0.0, win, loss, np.zeros(len(d)))

    def objective(x: np.ndarray, s2: float) -> float:
        value_of_anchors = -0.5 * np.sum(pull * (anchor @ x - value) ** 2)
        return np.sum(terms(x)["value"]) + value_of_anchors - np.sum((away @ x) ** 2) / (2.0 * s2)

    def gradient(x: np.ndarray, s2: float) -> np.ndarray:
        g = bridge.T @ terms(x)["d1"] - anchor.T @ (pull * (anchor @ x - value))
        return (g - away.T @ (away @ x) / s2)[:n_free]

    def hessian(x: np.ndarray, s2: float) -> np.ndarray:
        h = bridge.T * terms(x)["d2"] @ bridge + anchor.T * pull @ anchor + away.T @ away / s2
        return h[:n_free, :n_free]

    def mode(x: np.ndarray, s2: float) -> np.ndarray:
        """Newton with no step over 2."""
        for _ in range(200):
            step = np.zeros(n + 1)
            step[:n_free] = np.linalg.solve(hessian(x, s2), gradient(x, s2))
            step *= min(1.0, STEP_CAP / max(float(np.abs(step).max()), 1e-300))
            before = objective(x, s2)
            for _ in range(40):
                if objective(x + step, s2) >= before - 1e-12 * abs(before):
                    break
                step /= 2.0
            x = x + step
            if np.abs(step).max() < 1e-12 * max(1.0, float(np.abs(x).max())):
                break
        return x

    def moments(x: np.ndarray, s2: float) -> tuple[np.ndarray, np.ndarray]:
        """Of e = b - m: covariance, and the mean by the third derivatives of the bridges."""
        inverse = np.zeros((n + 1, n + 1))
        inverse[:n_free, :n_free] = np.linalg.inv(hessian(x, s2))
        covariance = away @ inverse @ away.T
        d_h, h = 1e-4, []
        for sign in (1.0, -1.0):  # curvature with every predictor moved a little
            d = bridge @ x + factor * np.asarray(difference, np.float64) + sign * d_h
            h.append(cell_terms(model, d, 0.0, win, loss, np.zeros(len(d)))["d2"])
        third = (h[0] - h[1]) / (2.0 * d_h)
        variance_of_d = np.einsum("ij,jk,ik->i", bridge, inverse, bridge)
        skew = bridge[:, :n].T @ (third * variance_of_d)
        return covariance, away @ x - 0.5 * covariance @ skew

    start = np.zeros(n + 1)
    if free:
        start[:] = np.sum(pull * value) / np.sum(pull)
    if variance is not None:
        s2 = float(variance)
    elif em is not None:
        s2, x = em[0], start
        for _ in range(em[1]):
            x = mode(x, s2)
            s2 = float(np.mean((away @ x) ** 2 + np.diagonal(moments(x, s2)[0])))
    else:

        def slope(log_s2: float) -> float:
            s2 = float(np.exp(log_s2))
            x = mode(start, s2)
            e, (covariance, mean) = away @ x, moments(x, s2)
            # E[e^2] to the order of the mean's step: the square of the step is of the next one
            second = np.sum(e**2 + 2.0 * e * (mean - e) + np.diagonal(covariance))
            return ((max(second, 0.0) + 1.0) / (n + 1) - s2) / s2**2

        from scipy.optimize import brentq

        s2 = float(np.exp(brentq(slope, -9.0, 9.0, xtol=1e-9)))
    x = mode(start, s2)
    inverse = np.linalg.inv(hessian(x, s2))
    last = float(inverse[n, n]) if free else 0.0
    return ReferenceCalibration(x[:n], float(x[n]), s2, inverse[:n, :n], last)
