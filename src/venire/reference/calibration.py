"""Biases of groups from comparisons across groups and from anchors, densely.

The parameters are (b, m): a bias for each group, and the mean of their prior, which is 0 unless
there are anchors; then it is free. Everything is a formula on vectors and full matrices.

Each bridge's likelihood is stood for by a normal one that leaves the posterior's mean and variance
of b_first - b_second as its own would (expectation propagation). How well the two are known without
the bridge is taken from the other bridges of each alone, as if these were otherwise unconnected.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire.reference.links import cell_terms

__all__ = ["ReferenceCalibration", "calibrate", "kappa", "tilted"]

PRIOR_GROUPS, PRIOR_SQUARE = 1.0, 0.25
GRID = np.linspace(-9.0, 9.0, 601)  # of an integral, in standard deviations


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

    Kernel: `venire.models.Model.variance_share`.

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


def tilted(
    mean: Any, variance: Any, win: Any, loss: Any, model: Any = "bradley-terry"
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What comparisons say of normal differences: the moments of these times the likelihood.

    Kernel: csrc/vn_tilted.c.

    Parameters
    ----------
    mean, variance : array_like of float, shape (n,)
        Of the differences before.
    win, loss : array_like of float, shape (n,)
    model : {"bradley-terry", "thurstone"} or callable

    Returns
    -------
    g, h : ndarray of float64, shape (n,)
        With Z the mean likelihood: d log Z / d mean and -d^2 log Z / d mean^2. Afterwards the mean
        is ``mean + variance * g`` and the variance ``variance - variance**2 * h``.
    slope2, bend : ndarray of float64, shape (n,)
        Means afterwards of the square of the log-likelihood's first derivative, and of its second
        derivative less the sign.

    Examples
    --------
    A vote of the normal curve, in closed form: g = phi(0) / Phi(0) / sqrt(1 + 1).

    >>> g, h, _, _ = tilted([0.0], [1.0], [1.0], [0.0], "thurstone")
    >>> g.round(4).tolist(), h.round(4).tolist()
    ([0.5642], [0.3183])
    """
    mean, variance, win, loss = (
        np.asarray(x, np.float64)[:, None] for x in (mean, variance, win, loss)
    )
    sd = np.sqrt(variance)

    def terms(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        flat, a, b = x.ravel(), *(np.broadcast_to(w, x.shape).ravel() for w in (win, loss))
        found = cell_terms(model, flat, 0.0, a, b, np.zeros(len(flat)))
        value, d1, d2 = (found[name].reshape(x.shape) for name in ("value", "d1", "d2"))
        return value, d1, d2

    low, high = mean - 1e3 * sd, mean + 1e3 * sd
    for _ in range(80):  # to the mode
        middle = 0.5 * (low + high)
        up = terms(middle)[1] > (middle - mean) / variance
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    spread = 1.0 / (terms(middle)[2] + 1.0 / variance)
    spread = np.minimum(variance, 40.0 * spread)
    for _ in range(3):  # nearer to where the product is
        x = middle + np.sqrt(spread) * GRID
        value, d1, d2 = terms(x)
        log_p = value - (x - mean) ** 2 / (2.0 * variance)
        p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
        p = p / p.sum(axis=1, keepdims=True)
        middle = (p * x).sum(axis=1, keepdims=True)
        spread = (p * (x - middle) ** 2).sum(axis=1, keepdims=True)
    g = (middle - mean)[:, 0] / variance[:, 0]
    h = (1.0 - (spread / variance)[:, 0]) / variance[:, 0]
    return g, h, (p * d1**2).sum(axis=1), (p * d2).sum(axis=1)


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
    dispersion: float = 1.0,
    noise: float = 0.0,
) -> ReferenceCalibration:
    """Biases by expectation propagation, with the variance of their prior.

    Kernel: csrc/vn_tilted.c on the graph of groups, by `venire.calibrate`.

    Parameters
    ----------
    n_groups : int
        All of them have a bridge or an anchor.
    first, second : array_like of int, shape (n_bridges,)
        Groups.
    difference, variance_of_difference : array_like of float, shape (n_bridges,)
        theta of the first item less theta of the second, and the variance of that. No two bridges
        have the same two items: what is not known of items is independent.
    score, weight : array_like of float, shape (n_bridges,)
    model : {"bradley-terry", "thurstone"}
    anchors : tuple of arrays (group, value, variance), optional
        Direct observations of biases.
    variance : float, optional
        s^2, if it is known.
    dispersion, noise : float
        Of soft bridges: what the log-likelihood is divided by, and what is added to
        `variance_of_difference`.

    Returns
    -------
    ReferenceCalibration

    Notes
    -----
    O(n_groups**3) for each round.

    Examples
    --------
    >>> found = calibrate(2, [0], [1], [0.0], [0.0], [0.9], [40.0], variance=1.0)
    >>> found.bias.round(3).tolist()
    [1.011, -1.011]
    """
    spread = np.asarray(variance_of_difference, np.float64) + noise
    weight = np.asarray(weight, np.float64) / dispersion
    given = _Propagation(n_groups, first, second, difference, spread, score, weight, model, anchors)
    s2 = variance
    if s2 is None:
        from scipy.optimize import brentq

        s2 = float(np.exp(brentq(lambda u: given.excess(float(np.exp(u))), -9.0, 7.0, xtol=1e-3)))
    x, inverse, _ = given.settle(float(s2))
    last = float(inverse[n_groups, n_groups]) if anchors is not None else 0.0
    covariance = inverse[:n_groups, :n_groups]
    return ReferenceCalibration(x[:n_groups], float(x[n_groups]), float(s2), covariance, last)


class _Propagation:
    """Normal likelihoods of the bridges, and the posterior of (b, m) that follows."""

    def __init__(
        self, n: int, first: Any, second: Any, difference: Any, spread: np.ndarray, score: Any,
        weight: np.ndarray, model: str, anchors: tuple[Any, Any, Any] | None,
    ) -> None:  # fmt: skip
        self.n, self.model = n, model
        self.n_free = n + (anchors is not None)  # without anchors m stays at 0
        first, second = np.asarray(first, np.int64), np.asarray(second, np.int64)
        self.first, self.second, self.spread = first, second, spread
        self.difference = np.asarray(difference, np.float64)
        score = np.asarray(score, np.float64)
        self.win, self.loss = weight * score, weight * (1.0 - score)
        self.bridge = np.eye(n + 1)[first] - np.eye(n + 1)[second]
        group, value, error = anchors if anchors is not None else ([], [], [])
        self.anchor = np.eye(n + 1)[np.asarray(group, np.int64)]
        self.value, self.pull = np.asarray(value, np.float64), 1.0 / np.asarray(error, np.float64)
        self.away = np.eye(n + 1)[:n] - np.eye(n + 1)[n]  # how far b is from m

    def posterior(self, s2: float, t: np.ndarray, nu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance of (b, m)."""
        h = self.bridge.T * t @ self.bridge + self.anchor.T * self.pull @ self.anchor
        h = h + self.away.T @ self.away / s2
        rhs = self.bridge.T @ nu + self.anchor.T @ (self.pull * self.value)
        inverse = np.zeros((self.n + 1, self.n + 1))
        inverse[: self.n_free, : self.n_free] = np.linalg.inv(h[: self.n_free, : self.n_free])
        return inverse @ rhs, inverse

    def settle(self, s2: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The posterior, and the variance of each b - m by its own bridges."""
        k, prior = len(self.first), np.full(self.n, 1.0 / s2)
        prior += np.sum(self.anchor[:, : self.n] * self.pull[:, None], axis=0)
        t, nu, said = np.full(k, 0.05), np.zeros(k), np.zeros((k, 2))
        for _ in range(500):
            x, _ = self.posterior(s2, t, nu)
            own = prior.copy()
            np.add.at(own, self.first, said[:, 0])
            np.add.at(own, self.second, said[:, 1])
            one, two = 1.0 / (own[self.first] - said[:, 0]), 1.0 / (own[self.second] - said[:, 1])
            d, v = self.bridge @ x, one + two
            d = d + v * (t * d - nu)
            g, h, _, _ = tilted(
                d + self.difference, v + self.spread, self.win, self.loss, self.model
            )
            before, t, nu = (t, nu), h / (1.0 - v * h), (g + d * h) / (1.0 - v * h)
            said = np.stack([h / (1.0 - one * h), h / (1.0 - two * h)], axis=1)
            change = np.abs(np.array([t - before[0], nu - before[1]]))
            if change.max(initial=0.0) < 1e-11:
                break
        return *self.posterior(s2, t, nu), 1.0 / own

    def excess(self, s2: float) -> float:
        """E[(b - m)^2], with `PRIOR_GROUPS` more of mean square `PRIOR_SQUARE`, less s^2."""
        x, inverse, own = self.settle(s2)
        u = self.away @ inverse[:, self.n]  # covariance of b - m and m, negative
        level = inverse[self.n, self.n]
        more = u**2 / level if level > 0.0 else 0.0
        square = float(np.sum((self.away @ x) ** 2 + own + more))
        return (square + PRIOR_GROUPS * PRIOR_SQUARE) / (self.n + PRIOR_GROUPS) - s2
