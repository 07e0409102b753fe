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


def kappa(variance: Any, model: Any = "bradley-terry") -> np.ndarray:
    """Factor on a difference that is known only up to `variance`, so that P is the mean over it.

    Kernel: `venire.calibrate`.

    Parameters
    ----------
    variance : array_like of float
        Sum of the variances of the two strengths.
    model : {"bradley-terry", "thurstone"} or callable
        A callable is a link, see `cell_terms`.

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
    if isinstance(model, str):
        share = 1.0 if model == "thurstone" else np.pi / 8.0
    else:  # of the normal curve that is as steep as the link at 0
        share = np.pi / 2.0 * float(model(np.zeros(1))[1][0]) ** 2
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

    Kernel: csrc/vn_problem_derivatives.c on the graph of groups, by `venire.calibrate`.

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
    given = _Terms(
        n_groups, first, second, difference, kappa(variance_of_difference, model), score, weight,
        model, anchors,
    )  # fmt: skip
    start = given.start()
    if variance is not None:
        s2 = float(variance)
    elif em is not None:
        s2, x = em[0], start
        for _ in range(em[1]):
            x = given.mode(x, s2)
            s2 = float(np.mean((given.away @ x) ** 2 + np.diagonal(given.moments(x, s2)[0])))
    else:
        from scipy.optimize import brentq

        s2 = float(np.exp(brentq(lambda y: given.slope(float(np.exp(y))), -9.0, 9.0, xtol=1e-9)))
    n, x = n_groups, given.mode(start, s2)
    inverse = np.linalg.inv(given.hessian(x, s2))
    last = float(inverse[n, n]) if anchors is not None else 0.0
    return ReferenceCalibration(x[:n], float(x[n]), s2, inverse[:n, :n], last)


class _Terms:
    """The posterior of (b, m), one row for each thing that is known of them."""

    def __init__(
        self, n: int, first: Any, second: Any, difference: Any, factor: np.ndarray, score: Any,
        weight: Any, model: str, anchors: tuple[Any, Any, Any] | None,
    ) -> None:  # fmt: skip
        self.n, self.model = n, model
        self.n_free = n + (anchors is not None)  # without anchors m stays at 0
        first, second = np.asarray(first, np.int64), np.asarray(second, np.int64)
        score, weight = np.asarray(score, np.float64), np.asarray(weight, np.float64)
        self.win, self.loss = weight * score, weight * (1.0 - score)
        self.bridge = np.zeros((len(first), n + 1))
        self.bridge[np.arange(len(first)), first] = factor
        self.bridge[np.arange(len(first)), second] = -factor
        self.offset = factor * np.asarray(difference, np.float64)
        group, value, spread = anchors if anchors is not None else ([], [], [])
        self.anchor = np.eye(n + 1)[np.asarray(group, np.int64)]
        self.value = np.asarray(value, np.float64)
        self.pull = 1.0 / np.asarray(spread, np.float64)
        self.away = np.eye(n + 1)[:n] - np.eye(n + 1)[n]  # how far b is from m

    def start(self) -> np.ndarray:
        anchored = self.n_free > self.n
        level = np.sum(self.pull * self.value) / np.sum(self.pull) if anchored else 0.0
        return np.full(self.n + 1, level)

    def terms(self, x: np.ndarray, move: float = 0.0) -> dict[str, np.ndarray]:
        d = self.bridge @ x + self.offset + move
        return cell_terms(self.model, d, 0.0, self.win, self.loss, np.zeros(len(d)))

    def objective(self, x: np.ndarray, s2: float) -> float:
        of_anchors = -0.5 * np.sum(self.pull * (self.anchor @ x - self.value) ** 2)
        return np.sum(self.terms(x)["value"]) + of_anchors - np.sum((self.away @ x) ** 2) / (2 * s2)

    def gradient(self, x: np.ndarray, s2: float) -> np.ndarray:
        g = self.bridge.T @ self.terms(x)["d1"]
        g = g - self.anchor.T @ (self.pull * (self.anchor @ x - self.value))
        return (g - self.away.T @ (self.away @ x) / s2)[: self.n_free]

    def hessian(self, x: np.ndarray, s2: float) -> np.ndarray:
        h = self.bridge.T * self.terms(x)["d2"] @ self.bridge
        h = h + self.anchor.T * self.pull @ self.anchor + self.away.T @ self.away / s2
        return h[: self.n_free, : self.n_free]

    def mode(self, x: np.ndarray, s2: float) -> np.ndarray:
        """Newton with no step over 2."""
        for _ in range(200):
            step = np.zeros(self.n + 1)
            step[: self.n_free] = np.linalg.solve(self.hessian(x, s2), self.gradient(x, s2))
            step *= min(1.0, STEP_CAP / max(float(np.abs(step).max()), 1e-300))
            before = self.objective(x, s2)
            for _ in range(40):
                if self.objective(x + step, s2) >= before - 1e-12 * abs(before):
                    break
                step /= 2.0
            x = x + step
            if np.abs(step).max() < 1e-12 * max(1.0, float(np.abs(x).max())):
                break
        return x

    def moments(self, x: np.ndarray, s2: float) -> tuple[np.ndarray, np.ndarray]:
        """Of e = b - m: covariance, and the mean by the third derivatives of the bridges."""
        n, n_free = self.n, self.n_free
        inverse = np.zeros((n + 1, n + 1))
        inverse[:n_free, :n_free] = np.linalg.inv(self.hessian(x, s2))
        covariance = self.away @ inverse @ self.away.T
        step = 1e-4  # curvature with every predictor moved a little
        third = (self.terms(x, step)["d2"] - self.terms(x, -step)["d2"]) / (2.0 * step)
        variance_of_d = np.einsum("ij,jk,ik->i", self.bridge, inverse, self.bridge)
        skew = self.bridge[:, :n].T @ (third * variance_of_d)
        return covariance, self.away @ x - 0.5 * covariance @ skew

    def slope(self, s2: float) -> float:
        """Of the marginal likelihood, with one more group of squared bias 1."""
        x = self.mode(self.start(), s2)
        e, (covariance, mean) = self.away @ x, self.moments(x, s2)
        # E[e^2] to the order of the mean's step: the square of the step is of the next one
        second = np.sum(e**2 + 2.0 * e * (mean - e) + np.diagonal(covariance))
        return ((max(second, 0.0) + 1.0) / (self.n + 1) - s2) / s2**2
