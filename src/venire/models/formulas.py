"""Probabilities of the models that come with the package, of differences d and the log of the tie
parameter."""

from __future__ import annotations

import numpy as np

_FAR = 1e300  # beyond which nothing changes any more


def logistic(d: np.ndarray, log_tie: float) -> np.ndarray:
    odds = np.exp(-np.abs(d))  # of the one behind: scipy.special takes longer to load
    return np.where(d < 0.0, odds, 1.0) / (1.0 + odds)


def normal(d: np.ndarray, log_tie: float) -> np.ndarray:
    from scipy.special import ndtr

    return ndtr(d)


def davidson(d: np.ndarray, t: float) -> np.ndarray:
    """In proportion to exp(d/2), exp(t), exp(-d/2)."""
    h, t = np.minimum(np.abs(d) / 2.0, _FAR), min(t, _FAR)
    top = np.maximum(h, t)
    ahead, tie, behind = np.exp(h - top), np.exp(t - top), np.exp(-h - top)
    total = ahead + tie + behind
    is_first = d >= 0.0
    win, loss = np.where(is_first, ahead, behind), np.where(is_first, behind, ahead)
    return np.stack([win / total, tie / total, loss / total], axis=-1)


def rao_kupper(d: np.ndarray, t: float) -> np.ndarray:
    """With s the logistic function: s(d - t), (1 - exp(-2t)) s(t - d) s(t + d), s(-d - t)."""

    def log_logistic(x: np.ndarray) -> np.ndarray:
        return -np.logaddexp(0.0, -x)

    with np.errstate(divide="ignore"):  # t = 0: a tie is impossible
        tie = np.log(-np.expm1(-2.0 * t)) + log_logistic(t - d) + log_logistic(t + d)
    return np.exp(np.stack([log_logistic(d - t), tie, log_logistic(-d - t)], axis=-1))
