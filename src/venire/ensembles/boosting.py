"""Boosting: the re-weighting of rows between two learners."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from venire._core import checks
from venire._core.checks import fail

__all__ = ["BoostingStep", "adaboost_weights"]

LEAST = float(np.finfo(np.float64).eps)  # a weight above 0 never falls below

#: Of an error relative to the largest one.
_SHAPES: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "square": np.square,
    "exponential": lambda x: -np.expm1(-x),
}


@dataclass(frozen=True, eq=False, repr=False)
class BoostingStep:
    """What one learner of a boosted ensemble leads to; `adaboost_weights` returns it.

    Attributes
    ----------
    weight : ndarray of float64, shape (n_rows,)
        For the next learner; they add up to 1. The old ones, divided by their sum, if `stop`.
    error : float
        Weighted error of this learner, from 0 to 1.
    estimator_weight : float
        What this learner counts for: 1 if perfect, 0 if useless.
    state : {"goes on", "perfect", "useless"}
        "useless" is an error of at least 1 - 1 / n_classes, with AdaBoost.R2 of at least 1/2.

    Examples
    --------
    >>> import venire as vn
    >>> vn.ensembles.adaboost_weights(None, ["a", "b", "b"], ["a", "b", "a"])
    <BoostingStep: error 0.3333, estimator weight 0.6931, goes on>
    """

    weight: np.ndarray
    error: float
    estimator_weight: float
    state: str

    @property
    def stop(self) -> bool:
        """Whether boosting ends here."""
        return self.state != "goes on"

    def __repr__(self) -> str:
        return (
            f"<BoostingStep: error {self.error:.4g}, estimator weight "
            f"{self.estimator_weight:.4g}, {self.state}>"
        )


def adaboost_weights(
    weight: ArrayLike | None,
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    method: str = "samme",
    n_classes: int | None = None,
    loss: str = "linear",
    learning_rate: float = 1.0,
) -> BoostingStep:
    """Weights of the rows for the next learner of a boosted ensemble, and of this learner.

    Parameters
    ----------
    weight : array_like of shape (n_rows,), optional
        Weights that this learner was given, finite and >= 0. None: all equal, for the first one.
    prediction, target : array_like of shape (n_rows,)
        Classes of any kind with "samme", numbers with "r2".
    method : {"samme", "r2"}
        SAMME for classes, AdaBoost.R2 for numbers.
    n_classes : int, optional
        With "samme"; default: how many classes occur in `target`.
    loss : {"linear", "square", "exponential"}
        With "r2": of the error relative to the largest one.
    learning_rate : float, default 1.0
        Factor of the learner's weight, > 0.

    Returns
    -------
    BoostingStep

    Raises
    ------
    ValueError
        If lengths differ, a weight, a number or an option is out of range, or all weights are 0.
    TypeError
        If a number has a wrong type.

    Notes
    -----
    Weights above 0 stay at 2.2e-16 or above; those of 0 stay 0. Classes are combined by the vote
    with `estimator_weight`, numbers by the weighted median. O(n_rows), besides counting classes
    if `n_classes` is None.

    References
    ----------
    J. Zhu, H. Zou, S. Rosset and T. Hastie (2009), Multi-class AdaBoost,
    doi:10.4310/SII.2009.v2.n3.a8. H. Drucker (1997), Improving regressors using boosting
    techniques, Proceedings of the 14th International Conference on Machine Learning.

    Examples
    --------
    >>> import venire as vn
    >>> step = vn.ensembles.adaboost_weights(None, ["a", "b", "b"], ["a", "b", "a"])
    >>> step.weight.round(6).tolist()  # the row that was wrong now has half of the weight
    [0.25, 0.25, 0.5]
    >>> step = vn.ensembles.adaboost_weights(
    ...     step.weight, [1.0, 2.0, 2.0], [1.0, 2.0, 2.5], method="r2"
    ... )
    >>> step.state
    'useless'
    """
    checks.one_of(method, "method", ("samme", "r2"))
    checks.one_of(loss, "loss", tuple(_SHAPES))
    p, t = checks.array(prediction, "prediction"), checks.array(target, "target")
    if t.ndim != 1 or len(t) == 0:
        fail("target", f"must have shape (n_rows,), has shape {t.shape}")
    if p.shape != t.shape:
        fail("prediction", f"must have the shape of target, {t.shape}, has shape {p.shape}")
    rate = checks.number(
        learning_rate, "learning_rate", "must be finite and > 0", lambda x: 0.0 < x < math.inf
    )
    w = _shares(weight, len(t))
    if method == "samme":
        if n_classes is None:
            n_classes = max(2, len(checks.distinct(t, "target")[0]))
        n_classes = checks.whole(n_classes, "n_classes", 2, 2**31 - 1)
        lost, most = _differs(p, t), 1.0
    else:
        n_classes = 2  # AdaBoost.R2 is SAMME of two classes, with losses between right and wrong
        shape = _SHAPES[loss]
        lost, most = shape(_relative_errors(p, t, w)), float(shape(1.0))
    # no product of a library: its threads would change the sum
    error = min(float((w * lost).sum()), 1.0)  # shares add up to 1 but for rounding
    if error <= 0.0:
        return BoostingStep(w, error, 1.0, "perfect")
    if error >= 1.0 - 1.0 / n_classes:
        return BoostingStep(w, error, 0.0, "useless")
    gain = math.log((1.0 - error) / error) + math.log(n_classes - 1.0)
    alpha = min(rate * gain, sys.float_info.max)
    # what is right goes down instead of what is wrong going up: nothing overflows
    new = w * np.exp(alpha * (lost - most))
    new = np.where(w > 0.0, np.maximum(new / new.sum(), LEAST), 0.0)
    return BoostingStep(new, error, alpha, "goes on")


def _shares(weight: ArrayLike | None, n: int) -> np.ndarray:
    """Weights of n rows, divided by their sum."""
    if weight is None:
        return np.full(n, 1.0 / n)
    w = checks.amounts(weight, n, "weight")
    if len(w) != n:
        fail("weight", f"must have shape ({n},), has shape ()")
    total = float(w.sum())
    if total <= 0.0:
        fail("weight", "must have a sum > 0", value=total)
    if total < 1e-200:  # exactly, so that nothing is lost below the least normal number
        w = np.ldexp(w, -math.frexp(total)[1])
        total = float(w.sum())
    return w / total


def _differs(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Where two columns of classes differ."""
    kinds = p.dtype.kind, t.dtype.kind
    if any(a in "US" and b in "biuf" for a, b in (kinds, kinds[::-1])):
        fail("prediction", f"has dtype {p.dtype}, but target has {t.dtype}", kind=TypeError)
    try:
        return np.asarray(p != t, dtype=bool)
    except Exception:  # objects that do not compare
        fail("prediction", "cannot be compared with target", kind=TypeError)


def _relative_errors(p: np.ndarray, t: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Sizes of the errors over the largest of a row that has weight, at most 1."""
    with np.errstate(over="ignore"):
        size = np.abs(checks.finite(p, len(p), "prediction") - checks.finite(t, len(t), "target"))
    if not np.isfinite(size).all():
        at = int(np.argmin(np.isfinite(size)))
        fail("prediction", "is too far from the target for float64", at, p[at])
    largest = size.max(where=w > 0.0, initial=0.0)
    return np.minimum(size, largest) / (largest or 1.0)
