"""Members fitted one at a time: any learner, on weights or on rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.utils import _safe_indexing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_samples, has_fit_parameter

from venire._core import checks
from venire._core.checks import fail

__all__ = [
    "Members",
    "OutOfBag",
    "blocks",
    "features_of",
    "fit_each",
    "fit_member",
    "member_seed",
    "rows_of",
    "takes_weights",
]

ROWS = 4096  # of a block of predictions of all members


def rows_of(x: Any) -> Any:
    """Rows that can be picked by position; all else that they must be, the learner says."""
    return x.tocsr() if hasattr(x, "tocsr") else checks.features(x, "X")


def blocks(x: Any) -> Iterator[Any]:
    """Rows, ROWS at a time: one block at least, about which the learner may say something."""
    n = _num_samples(x)
    if n <= ROWS:
        yield x
        return
    for start in range(0, n, ROWS):
        yield _safe_indexing(x, slice(start, min(start + ROWS, n)))


def features_of(share: float, p: int, n_members: int, seed: int) -> list[np.ndarray] | None:
    """The features of each member in order, None where they are all; `share` is max_features."""
    if isinstance(share, float) and share == 1.0:
        return None
    if p == 0:
        fail("max_features", "must be 1.0 where X has no columns", value=share)
    rule = f"must be from 1 to {p}, or a share from 0 to 1"
    checks.number(share, "max_features", rule, lambda v: 0.0 < v <= p)
    chosen = int(share) if isinstance(share, (int, np.integer)) else max(1, int(share * p))
    if not 1 <= chosen <= p or share <= 0:
        fail("max_features", rule, value=share)
    if chosen == p:
        return None
    streams = (member_seed(seed, k, 1) for k in range(n_members))
    return [np.sort(s.choice(p, chosen, replace=False)) for s in streams]


def takes_weights(estimator: Any) -> bool:
    """Whether a learner, and every learner within it, takes weights of rows."""
    inner = [
        part
        for part in estimator.get_params(deep=True).values()
        if hasattr(part, "fit") and hasattr(part, "predict") and not isinstance(part, type)
    ]
    return all(has_fit_parameter(part, "sample_weight") for part in (estimator, *inner))


def member_seed(seed: int, k: int, purpose: int) -> np.random.Generator:
    """A stream of its own for each member and purpose."""
    return np.random.default_rng([seed, purpose, k])


def _seeded(estimator: Any, generator: np.random.Generator) -> Any:
    """A clone whose parameters `random_state`, nested ones too, are fixed."""
    made = clone(estimator)
    names = sorted(n for n in made.get_params(deep=True) if n.split("__")[-1] == "random_state")
    if names:
        made.set_params(**{n: int(generator.integers(2**31 - 1)) for n in names})
    return made


def fit_member(
    estimator: Any,
    x: Any,
    y: np.ndarray,
    weights: np.ndarray,
    features: np.ndarray | None,
    by_weight: bool,
    seed: int,
    k: int,
    classes: np.ndarray | None,
) -> tuple[Any, np.ndarray | None, np.ndarray]:
    """Fit member k; returns it, its out-of-bag output, and the rows that are out of its bag."""
    made = _seeded(estimator, member_seed(seed, k, 2))
    rows = np.flatnonzero(weights)
    if not len(rows):
        raise ValueError(
            f"scheme: member {k} was given no rows, as happens where few rows or clusters have "
            "Poisson weights; take 'multinomial'"
        )
    given: dict[str, Any] = {}
    if by_weight:
        given["sample_weight"] = weights[rows].astype(np.float64)
    else:
        rows = np.repeat(rows, weights[rows])
    seen = x if features is None else _safe_indexing(x, features, axis=1)
    target = y[rows]
    if classes is not None and (target == target[0]).all() and len(classes) > 1:
        made = DummyClassifier(strategy="most_frequent")  # few learners take a single class
    made.fit(_safe_indexing(seen, rows), target, **given)
    outside = np.flatnonzero(weights == 0)
    if not len(outside):
        return made, None, outside
    return made, member_output(made, _safe_indexing(seen, outside), classes), outside


def member_output(member: Any, x: Any, classes: np.ndarray | None) -> np.ndarray:
    """Predictions (n,) or (n, n_targets); for a classifier probabilities (n, n_classes)."""
    if classes is None:
        return np.asarray(member.predict(x), np.float64)
    out = np.zeros((_num_samples(x), len(classes)))
    if hasattr(member, "predict_proba"):
        out[:, np.searchsorted(classes, member.classes_)] = member.predict_proba(x)
    else:
        out[np.arange(len(out)), np.searchsorted(classes, member.predict(x))] = 1.0
    return out


class Members:
    """Members that were fitted one by one, each on some of the features (None: on all)."""

    def __init__(
        self, fitted: list[Any], features: list[np.ndarray] | None, classes: np.ndarray | None
    ) -> None:
        self.fitted, self.features, self.classes = fitted, features, classes

    def __len__(self) -> int:
        return len(self.fitted)

    def estimators(self, names: np.ndarray | None) -> list[Any]:
        """The members as estimators; they know the names of the features by themselves."""
        return self.fitted

    def outputs(self, x: Any) -> Iterator[np.ndarray]:
        """What each member says: (n_rows, n_targets or n_classes)."""
        for k, member in enumerate(self.fitted):
            seen = x if self.features is None else _safe_indexing(x, self.features[k], axis=1)
            yield member_output(member, seen, self.classes).reshape(_num_samples(x), -1)


def fit_each(
    estimator: Any,
    x: Any,
    y: np.ndarray,
    weights: Iterable[np.ndarray],
    features: list[np.ndarray] | None,
    classes: np.ndarray | None,
    seed: int,
    n_jobs: int | None,
    bag: OutOfBag | None,
) -> Members:
    """Fit a member to every row of the blocks of weights."""
    by_weight = takes_weights(estimator)
    fitted: list[Any] = []
    for block in weights:
        start = len(fitted)
        jobs = (
            delayed(fit_member)(
                estimator, x, y, row, None if features is None else features[start + i], by_weight,
                seed, start + i, classes,
            )
            for i, row in enumerate(block)
        )  # fmt: skip
        for member, output, outside in Parallel(n_jobs=n_jobs)(jobs):
            fitted.append(member)
            if bag is not None and output is not None:
                bag.add(outside, output.reshape(len(outside), -1))
    return Members(fitted, features, classes)


class OutOfBag:
    """Sums of what members say about rows that are not in their bags."""

    def __init__(self, n: int, width: int) -> None:
        self.total, self.count = np.zeros((n, width)), np.zeros(n, np.int64)

    def add(self, rows: np.ndarray, output: np.ndarray) -> None:
        """Output (rows, width) of one member."""
        self.total[rows] += output
        self.count[rows] += 1

    def add_block(self, start: int, output: np.ndarray, outside: np.ndarray) -> None:
        """Output (rows, k, width) of rows from `start` on; outside (k, rows) says which count."""
        rows = slice(start, start + len(output))
        self.total[rows] += np.einsum("rkt,kr->rt", output, outside.astype(np.float64))
        self.count[rows] += outside.sum(axis=0)

    def mean(self) -> np.ndarray:
        """nan for rows that no member spoke about."""
        out = np.full(self.total.shape, np.nan)
        known = self.count > 0
        out[known] = self.total[known] / self.count[known, None]
        return out
