"""Stacking on few gold pairs, in as many dimensions as there are pairs: no folds and no seed.

With weights w = (scale, deltas) around (1, 0) with variances v, logits eta = X w are Gaussian
around the panel's own logits with covariance K = X diag(v) X': the mode is found in eta.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["GUARDED", "Few", "fit_few", "left_out"]

GUARDED = 4.0  # penalty of the scale in the guarded form
_STEPS = 100

Floats = NDArray[np.float64]


class Few(NamedTuple):
    """Weights that few pairs teach.

    Attributes
    ----------
    weights : ndarray of float64, shape (1 + n_teachers,)
        Of the panel's logit, then of the signed votes.
    trust : float
        The share pi of the learned weights; the rest is the panel as it is. 1 without the guard.
    """

    weights: Floats
    trust: float


def fit_few(x: Any, y: Floats, guarded: bool) -> Few:
    """Weights with a penalty of 1 on the votes' and of 1, guarded 4, on the scale's.

    Parameters
    ----------
    x : sparse array of shape (n_gold, 1 + n_teachers)
        Logit of the panel, then signed votes.
    y : ndarray of float64, shape (n_gold,)
        Shares that are true.
    guarded : bool
        Whether the learned weights count as far only as the evidence is for them, beside that of
        the panel as it is: pi = Z1 / (Z0 + Z1), Z1 by Laplace.
    """
    ridge = GUARDED if guarded else 1.0
    k, start = _gram(x, ridge)
    pull, evidence = _mode(k, start, y)
    weights = x.T @ pull
    weights[0] = 1.0 + weights[0] / ridge
    trust = _trust(start, y, evidence) if guarded else 1.0
    weights *= trust
    weights[0] += 1.0 - trust
    return Few(weights, trust)


def left_out(x: Any, y: Floats, guarded: bool) -> Floats:
    """The logit of each pair, from the weights that the others teach."""
    k, start = _gram(x, GUARDED if guarded else 1.0)
    held = start.copy()
    for at in range(len(y)):
        rest = np.arange(len(y)) != at
        pull, evidence = _mode(k[rest][:, rest], start[rest], y[rest])
        trust = _trust(start[rest], y[rest], evidence) if guarded else 1.0
        held[at] += trust * (k[at, rest] @ pull)
    return held


def _gram(x: Any, ridge: float) -> tuple[Floats, Floats]:
    """Covariance of the logits before a label is seen, and their means: the panel's."""
    start = np.asarray(x[:, [0]].todense(), np.float64).ravel()
    votes = x[:, 1:]
    return (votes @ votes.T).toarray() + np.outer(start, start) / ridge, start


def _trust(start: Floats, y: Floats, evidence: float) -> float:
    """Z1 / (Z0 + Z1), Z0 being the likelihood of the panel as it is."""
    plain = float((np.logaddexp(0.0, start) - y * start).sum())
    return float(0.5 * (1.0 + np.tanh(0.5 * (evidence + plain))))


def _mode(k: Floats, start: Floats, y: Floats) -> tuple[Floats, float]:
    """The pull a = y - sigmoid(eta), with eta = start + K a, and the log evidence by Laplace.

    Newton's method as in Rasmussen and Williams (2006), Gaussian Processes for Machine Learning,
    algorithm 3.1, with a mean; steps are halved where they overshoot.
    """
    n = len(y)
    pull, eta = np.zeros(n), start.copy()

    def objective(pull: Floats, eta: Floats) -> float:
        loss = (np.logaddexp(0.0, eta) - y * eta).sum()
        return float(loss + 0.5 * pull @ (eta - start))

    now = objective(pull, eta)
    for _ in range(_STEPS):
        p = 0.5 * (1.0 + np.tanh(0.5 * eta))
        w = p * (1.0 - p)
        root = np.sqrt(w)
        b = w * (eta - start) + (y - p)
        inner = np.eye(n) + root[:, None] * k * root
        new = b - root * np.linalg.solve(inner, root * (k @ b))
        if np.abs(new - pull).max(initial=0.0) < 1e-12:
            break
        size = 1.0
        while True:
            tried = pull + size * (new - pull)
            value = objective(tried, start + k @ tried)
            if value <= now or size < 1e-10:
                break
            size *= 0.5
        if value > now:
            break
        done = now - value < 1e-14 * (1.0 + abs(now))
        pull, eta, now = tried, start + k @ tried, value
        if done:
            break
    p = 0.5 * (1.0 + np.tanh(0.5 * eta))
    root = np.sqrt(p * (1.0 - p))
    _, log_det = np.linalg.slogdet(np.eye(n) + root[:, None] * k * root)
    return pull, -now - 0.5 * float(log_det)
