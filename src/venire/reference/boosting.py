"""One step of boosting by re-weighting: SAMME and AdaBoost.R2, line by line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["r2_step", "samme_step"]

LEAST = np.finfo(float).eps  # a weight above 0 never falls below


def samme_step(
    weight: Any, wrong: Any, n_classes: int, learning_rate: float = 1.0
) -> tuple[np.ndarray, float, float]:
    """Zhu, Zou, Rosset and Hastie (2009), doi:10.4310/SII.2009.v2.n3.a8.

    Kernel: `venire.ensembles.adaboost_weights`.

    Parameters
    ----------
    weight : array_like of shape (n_rows,)
    wrong : array_like of bool, shape (n_rows,)
    n_classes : int
    learning_rate : float

    Returns
    -------
    tuple
        New weights (n_rows,), error, and weight of the learner; 1 where it is perfect and 0 where
        it is no better than chance, and the weights then stay.

    Examples
    --------
    >>> w, error, alpha = samme_step([1.0, 1.0, 1.0, 1.0], [True, False, False, False], 2)
    >>> w.round(4).tolist(), error
    ([0.5, 0.1667, 0.1667, 0.1667], 0.25)
    """
    w = np.asarray(weight, float)
    w = w / w.sum()
    miss = np.asarray(wrong, bool)
    error = float(w[miss].sum())
    if error <= 0.0:
        return w, error, 1.0
    if error >= 1.0 - 1.0 / n_classes:
        return w, error, 0.0
    alpha = learning_rate * (math.log((1.0 - error) / error) + math.log(n_classes - 1.0))
    return _normalised(w, w * np.exp(alpha * (miss - 1.0))), error, alpha


def r2_step(
    weight: Any, difference: Any, loss: str = "linear", learning_rate: float = 1.0
) -> tuple[np.ndarray, float, float]:
    """Drucker (1997), Improving regressors using boosting techniques, ICML 14.

    Kernel: `venire.ensembles.adaboost_weights`.

    Parameters
    ----------
    weight : array_like of shape (n_rows,)
    difference : array_like of shape (n_rows,)
        Prediction minus target.
    loss : {"linear", "square", "exponential"}
    learning_rate : float

    Returns
    -------
    tuple
        New weights (n_rows,), error, and weight of the learner; 1 where it is perfect and 0 where
        its error is at least 1/2, and the weights then stay.

    Examples
    --------
    >>> w, error, alpha = r2_step([1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 2.0])
    >>> w.round(4).tolist(), error
    ([0.1667, 0.1667, 0.1667, 0.5], 0.25)
    """
    w = np.asarray(weight, float)
    w = w / w.sum()
    size = np.abs(np.asarray(difference, float))
    most = size[w > 0].max()
    lost = size / most if most > 0 else size
    if loss == "square":
        lost = lost**2
    elif loss == "exponential":
        lost = 1.0 - np.exp(-lost)
    error = float((w * np.where(w > 0, lost, 0.0)).sum())
    if error <= 0.0:
        return w, error, 1.0
    if error >= 0.5:
        return w, error, 0.0
    beta = error / (1.0 - error)
    new = np.where(w > 0, w * beta ** (learning_rate * (1.0 - np.minimum(lost, 1.0))), 0.0)
    return _normalised(w, new), error, -learning_rate * math.log(beta)


def _normalised(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    return np.where(old > 0, np.maximum(new / new.sum(), LEAST), 0.0)
