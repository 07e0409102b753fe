"""The student: any scikit-learn regressor, fitted to targets, held out by group where it steers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.extras import needs
from venire.data.series import floats
from venire.distillation._universe import Universe, keyed
from venire.distillation.measures import pooled_r2

__all__ = ["Lesson", "feature_rows", "teach"]


class Lesson(NamedTuple):
    """A student fitted to everything, and what it says of groups it did not see.

    `prediction` is flat, nan where nothing could be held out; `r2` is the squared correlation with
    the targets; `folds` how many there were; `weighted` whether the student took the weights.
    """

    student: Any
    prediction: NDArray[np.float64]
    r2: float
    folds: int
    weighted: bool


def feature_rows(features: Any, universe: Universe) -> Any:
    """Features with their rows in flat order.

    Raises
    ------
    ValueError
        If the number of rows is wrong, a number is NaN or infinite, or, in a frame with columns
        "group" and "item", an item is missing, unknown or listed twice.
    """
    names = _columns(features)
    if names is not None and {"group", "item"} <= set(names):
        return _keyed_rows(features, [name for name in names if name not in ("group", "item")],
                           universe)  # fmt: skip
    if hasattr(features, "tocsr"):
        rows: Any = features.tocsr()
        _check_finite(rows.data, lambda at: int(np.searchsorted(rows.indptr, at, "right")) - 1,
                      lambda at: int(rows.indices[at]))  # fmt: skip
    else:
        if names is not None and not isinstance(features, Mapping):
            features = features.to_numpy() if hasattr(features, "to_numpy") else features
        rows = checks.array(features, "features")
        if rows.dtype == object:
            rows = _numbers_or_texts(rows)
        if rows.dtype.kind in "fc" and rows.ndim:
            width = max(int(np.prod(rows.shape[1:])), 1)
            _check_finite(rows.reshape(-1), lambda at: at // width, lambda at: at % width)
    if not rows.ndim:
        checks.fail("features", "must have a row for each item", kind=TypeError)
    if rows.shape[0] != universe.n_items:
        checks.fail("features", f"has {rows.shape[0]} rows, but there are {universe.n_items} items")
    order = universe.order
    return rows if (order == np.arange(len(order))).all() else rows[order]


def _columns(features: Any) -> list[Any] | None:
    """Names of the columns of a frame or a mapping; None for an array."""
    if isinstance(features, Mapping):
        return list(features)
    for name in ("columns", "column_names"):
        found = getattr(features, name, None)
        if found is not None:
            return list(found) if name == "column_names" or hasattr(features, "shape") else None
    return None


def _keyed_rows(frame: Any, names: list[Any], universe: Universe) -> NDArray[Any]:
    columns = keyed(frame, {"group": "group", "item": "item"})
    at = universe.rows(columns["group"], columns["item"], "features")
    if not names:
        checks.fail("features", "has no columns besides group and item")
    out = np.empty((len(at), len(names)))
    for k, (name, column) in enumerate(keyed(frame, {str(n): n for n in names}).items()):
        values = np.asarray(floats(column, f"features {name}"), np.float64)
        _check_finite(values, lambda row: row, lambda row, name=name: name)
        out[at, k] = values
    return out


def _check_finite(values: NDArray[Any], row: Any, column: Any) -> None:
    if np.isfinite(values.sum()):  # the usual case, in one pass
        return
    bad = ~np.isfinite(values)
    if bad.any():
        at = int(np.argmax(bad))
        checks.fail("features", f"column {column(at)!r} must be finite", row(at), values[at])


def _numbers_or_texts(rows: NDArray[Any]) -> NDArray[Any]:
    """Objects as numbers if they all are; texts stay, for students that read them."""
    try:
        return rows.astype(np.float64)
    except (TypeError, ValueError):
        return rows


def teach(
    student: Any,
    features: Any,
    target: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    universe: Universe,
    *,
    usable: NDArray[np.bool_],
    folds: int,
    seed: int,
    pooled: bool,
) -> Lesson:
    """Fit clones of the student with each fold of groups held out, and one to everything.

    Parameters
    ----------
    features : array of shape (n_items, ...), in flat order
    target, weight : ndarray of float64, shape (n_items,)
    usable : ndarray of bool, shape (n_items,)
        Items that may be learnt from.
    folds : int
        At most; as many as there are groups to learn from where those are fewer.
    pooled : bool
        The targets of all groups are on one scale; else r2 is of deviations from the group's mean.
    """
    clone = _clone()
    if not usable.any():
        raise ValueError("there is nothing to learn from: no item has a vote yet")
    group = universe.group_of_item
    learnt = np.bincount(group[usable], minlength=universe.n_groups) > 0
    parameter = _weight_parameter(student) if weight is not None else None

    def fitted(rows: NDArray[np.int64]) -> Any:
        extra = {}
        if parameter is not None and weight is not None:
            w = weight[rows]
            extra[parameter] = w / w.mean()
        return clone(student).fit(features[rows], target[rows], **extra)

    prediction = np.full(universe.n_items, np.nan)
    n_folds = min(folds, int(learnt.sum()))
    if n_folds >= 2:
        fold = _folds(learnt, n_folds, seed)[group]
        for k in range(n_folds):
            held = np.flatnonzero(fold == k)
            model = fitted(np.flatnonzero((fold != k) & usable))
            prediction[held] = _predicted(model, features[held], len(held))
    else:
        n_folds = 0
    r2 = pooled_r2(prediction[usable], target[usable], None if pooled else group[usable])
    return Lesson(fitted(np.flatnonzero(usable)), prediction, r2, n_folds, parameter is not None)


def _clone() -> Any:
    return needs("sklearn.base", "a student").clone


def _folds(learnt: NDArray[np.bool_], n_folds: int, seed: int) -> NDArray[np.int64]:
    """Fold of each group, the groups to learn from spread evenly; the same in every round."""
    order = np.random.default_rng(seed).permutation(len(learnt))
    out = np.empty(len(learnt), np.int64)
    for some in (order[learnt[order]], order[~learnt[order]]):
        out[some] = np.arange(len(some)) % n_folds
    return out


def _predicted(model: Any, features: Any, n: int) -> NDArray[np.float64]:
    out = np.asarray(model.predict(features), np.float64)
    if out.shape not in ((n,), (n, 1)):
        raise ValueError(f"student: predicts an array of shape {out.shape}, not ({n},)")
    out = out.reshape(n)
    if not np.isfinite(out).all():
        raise ValueError("student: predicts NaN or infinity")
    return out


def _weight_parameter(student: Any) -> str | None:
    """How fit takes weights: by its own argument, or as a pipeline by that of its last step."""
    from sklearn.utils.validation import has_fit_parameter

    if has_fit_parameter(student, "sample_weight"):
        return "sample_weight"
    steps = getattr(student, "steps", None)
    if steps:
        name, last = steps[-1]
        inner = _weight_parameter(last)
        return None if inner is None else f"{name}__{inner}"
    return None
