"""Probabilities of the models that come with the package, of differences d and the log of the tie
parameter."""

from __future__ import annotations

import math

import numpy as np


def logistic(d: np.ndarray, log_tie: float) -> np.ndarray:
    odds = np.exp(-np.abs(d))  # of the one behind: scipy.special takes longer to load
    return np.where(d < 0.0, odds, 1.0) / (1.0 + odds)


def normal(d: np.ndarray, log_tie: float) -> np.ndarray:
    from scipy.special import ndtr

    return ndtr(d)


def davidson(d: np.ndarray, t: float) -> np.ndarray:
    """In proportion to exp(d/2), exp(t), exp(-d/2)."""
    h = d / 2.0
    tie = -np.logaddexp(0.0, np.logaddexp(h - t, -h - t)) if t > -math.inf else np.full_like(d, t)
    win = -np.logaddexp(0.0, np.logaddexp(-d, t - h))
    loss = -np.logaddexp(0.0, np.logaddexp(d, t + h))
    return np.exp(np.stack([win, tie, loss], axis=-1))


def rao_kupper(d: np.ndarray, t: float) -> np.ndarray:
    """With s the logistic function: s(d - t), (1 - exp(-2t)) s(t - d) s(t + d), s(-d - t)."""

    def log_logistic(x: np.ndarray) -> np.ndarray:
        return -np.logaddexp(0.0, -x)

    with np.errstate(divide="ignore"):  # t = 0: a tie is impossible
        tie = np.log(-np.expm1(-2.0 * t)) + log_logistic(t - d) + log_logistic(t + d)
    return np.exp(np.stack([log_logistic(d - t), tie, log_logistic(-d - t)], axis=-1))
