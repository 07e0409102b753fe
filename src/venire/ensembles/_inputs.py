"""Predictions, targets, weights and clusters made canonical."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core import checks
from venire._core.checks import fail

__all__ = ["clusters", "labels", "member_weights", "numbers"]


MOST = 1e60  # of what is taken to the fourth power


def numbers(predictions: Any, target: Any, dimensions: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Predictions of shape (..., n_members, n_rows) and targets (n_repeats, n_rows), float64."""
    f, t = _floats(predictions, "predictions"), _floats(target, "target")
    return _shapes(f, t, dimensions)


def labels(predictions: Any, target: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Classes in order, and predictions (n_members, n_rows) and targets as positions in them."""
    f, t = checks.array(predictions, "predictions"), checks.array(target, "target")
    for name, array in (("predictions", f), ("target", t)):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            place = int(np.argmin(np.isfinite(array.ravel())))
            fail(name, "must be finite", place, array.ravel()[place])
    f, t = _shapes(f, t, (2,))
    if (f.dtype.kind in "US" and t.dtype.kind in "biuf") or (
        t.dtype.kind in "US" and f.dtype.kind in "biuf"
    ):
        fail("target", f"has dtype {t.dtype}, but predictions have {f.dtype}", kind=TypeError)
    try:
        together = np.concatenate([f.ravel(), t.ravel()])
    except TypeError:
        reason = f"has dtype {t.dtype}, which does not go with {f.dtype} of predictions"
        fail("target", reason, kind=TypeError)
    classes, codes = checks.distinct(together, "predictions and target")
    return classes, codes[: f.size].reshape(f.shape), codes[f.size :].reshape(t.shape)


def _shapes(f: np.ndarray, t: np.ndarray, dimensions: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    if f.ndim not in dimensions:
        allowed = {2: "(n_members, n_rows)", 3: "(n_trials, n_members, n_rows)"}
        shapes = " or ".join(allowed[d] for d in dimensions)
        fail("predictions", f"must have shape {shapes}, has shape {f.shape}")
    if t.ndim not in (1, 2):
        fail("target", f"must have shape (n_rows,) or (n_repeats, n_rows), has shape {t.shape}")
    t = np.atleast_2d(t)
    if t.shape[1] != f.shape[-1]:
        fail("target", f"has {t.shape[1]} rows, but predictions have {f.shape[-1]}")
    if 0 in f.shape or 0 in t.shape:
        fail("predictions" if 0 in f.shape else "target", "is empty")
    return f, t


def _floats(x: Any, name: str) -> np.ndarray:
    array = checks.array(x, name)
    if array.dtype.kind not in "biufO":
        reason = f"must hold numbers, has dtype {array.dtype} (classes need loss='zero-one')"
        fail(name, reason, kind=TypeError)
    array = checks.numeric(array, name).astype(np.float64, copy=False)
    good = np.abs(array) <= MOST
    if not good.all():
        place = int(np.argmin(good.ravel()))
        rule = "must be finite"
        if np.isfinite(array.ravel()[place]):
            rule = f"must be of a size of at most {MOST:g}"
        fail(name, rule, place, array.ravel()[place])
    return array


def member_weights(weights: Any, n_members: int, negative: bool) -> np.ndarray:
    """Weights of the members, which add up to 1."""
    if weights is None:
        return np.full(n_members, 1.0 / n_members)
    w = _floats(weights, "weights")
    if w.shape != (n_members,):
        fail("weights", f"must have shape ({n_members},), has shape {w.shape}")
    if not negative and (w < 0).any():
        place = int(np.argmax(w < 0))
        fail("weights", "must be >= 0", place, w[place])
    total = float(w.sum())
    if not total > 0.0:
        fail("weights", "must have a sum > 0", value=total)
    shares = w / total
    if not np.abs(shares).max() <= MOST:
        fail("weights", "must have a sum that is not lost beside them", value=total)
    return shares


def clusters(cluster: Any, n_rows: int) -> tuple[np.ndarray, int]:
    """Number of each row's cluster, and how many there are; rows by themselves if None."""
    if cluster is None:
        return np.arange(n_rows), n_rows
    array = checks.array(cluster, "cluster")
    if array.shape != (n_rows,):
        fail("cluster", f"must have shape ({n_rows},), has shape {array.shape}")
    distinct, codes = checks.distinct(array, "cluster")
    if len(distinct) < 2:
        fail("cluster", "at least two clusters are needed", value=len(distinct))
    return codes, len(distinct)
