"""The error of an ensemble taken apart, straight from the definitions, by loops.

Squared loss follows Ueda and Nakano (1996, doi:10.1109/ICNN.1996.548872) and Krogh and Vedelsby
(1995), zero-one loss Domingos (2000).
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "ReferenceDecomposition",
    "ReferenceZeroOne",
    "decompose_squared",
    "decompose_zero_one",
    "mean_correlation",
    "subset_errors",
]


class ReferenceDecomposition(NamedTuple):
    """Terms of the squared error; see `venire.ensembles.Decomposition`."""

    error: float
    noise: float
    bias2: float
    variance: float
    covariance: float
    member_error: float
    ambiguity: float


class ReferenceZeroOne(NamedTuple):
    """Terms of the zero-one loss of the members; see `venire.ensembles.ZeroOneDecomposition`."""

    member_error: float
    noise_effect: float
    bias: float
    unbiased_variance: float
    biased_variance: float


def decompose_squared(predictions: Any, target: Any, weights: Any = None) -> ReferenceDecomposition:
    """Terms of the squared error of a weighted mean, over rows or over trials.

    Kernel: `venire.ensembles.decompose`.

    Parameters
    ----------
    predictions : array_like of shape (n_members, n_rows) or (n_trials, n_members, n_rows)
    target : array_like of shape (n_repeats, n_rows)
    weights : array_like of shape (n_members,), optional
        Adding up to 1.

    Returns
    -------
    ReferenceDecomposition
        covariance is nan with a single member.

    Examples
    --------
    >>> decompose_squared([[0.0, 2.0], [2.0, 2.0]], [[1.0, 1.0]]).error
    0.5
    """
    f, t = np.asarray(predictions, float), np.asarray(target, float)
    n_members, n_rows = f.shape[-2:]
    w = np.full(n_members, 1.0 / n_members) if weights is None else np.asarray(weights, float)
    repeats = len(t)
    trials = [f] if f.ndim == 2 else list(f)

    errors, member_errors, distances = [], [], []
    for one in trials:
        for i in range(n_rows):
            ensemble = sum(w[m] * one[m, i] for m in range(n_members))
            distances.append(sum(w[m] * (one[m, i] - ensemble) ** 2 for m in range(n_members)))
            for r in range(repeats):
                errors.append((ensemble - t[r, i]) ** 2)
                member_errors.append(
                    sum(w[m] * (one[m, i] - t[r, i]) ** 2 for m in range(n_members))
                )

    truth = t.mean(axis=0)
    noise = np.mean([np.var(t[:, i], ddof=1) for i in range(n_rows)]) if repeats > 1 else 0.0
    in_mean = noise / repeats
    if f.ndim == 2:  # one draw of the errors of all members at each row
        draws = [f - truth]
    else:  # at each row, one draw of all members' predictions in each trial
        draws = [f[:, :, i].T for i in range(n_rows)]
    bias2, own, pair = [], [], []
    share = sum(x**2 for x in w)
    for k, x in enumerate(draws):
        c = np.cov(x).reshape(n_members, n_members)
        centre = 0.0 if f.ndim == 2 else truth[k]
        mean = sum(w[m] * x[m].mean() for m in range(n_members)) - centre
        bias2.append(mean**2 - w @ c @ w / x.shape[1])
        own.append(sum(w[m] ** 2 * c[m, m] for m in range(n_members)) / share)
        both = sum(
            w[a] * w[b] * c[a, b] for a in range(n_members) for b in range(n_members) if a != b
        )
        pair.append(both / (1.0 - share) if n_members > 1 else np.nan)
    rows = f.ndim == 2
    return ReferenceDecomposition(
        float(np.mean(errors)),
        float(noise),
        float(np.mean(bias2) - (0.0 if rows else in_mean)),
        float(np.mean(own) - (in_mean if rows else 0.0)),
        float(np.mean(pair) - (in_mean if rows else 0.0)),
        float(np.mean(member_errors)),
        float(np.mean(distances)),
    )


def decompose_zero_one(predictions: Any, target: Any, weights: Any = None) -> ReferenceZeroOne:
    """Domingos's terms, row by row, with his factors c1 and c2.

    Kernel: `venire.ensembles.decompose`.

    Parameters
    ----------
    predictions : array_like of shape (n_members, n_rows)
        Classes.
    target : array_like of shape (n_repeats, n_rows)
    weights : array_like of shape (n_members,), optional
        Adding up to 1.

    Returns
    -------
    ReferenceZeroOne

    Examples
    --------
    >>> decompose_zero_one([["a", "b"], ["a", "a"], ["a", "a"]], [["a", "b"]]).bias
    0.5
    """
    f, t = np.asarray(predictions), np.asarray(target)
    n_members, n_rows = f.shape
    w = np.full(n_members, 1.0 / n_members) if weights is None else np.asarray(weights, float)
    classes = sorted(set(f.ravel()) | set(t.ravel()))
    rows = []
    for i in range(n_rows):
        p = {c: sum(w[m] for m in range(n_members) if f[m, i] == c) for c in classes}
        q = {c: float(np.mean(t[:, i] == c)) for c in classes}
        main = max(classes, key=lambda c: p[c])  # the first of the largest
        best = max(classes, key=lambda c: q[c])
        loss = sum(p[a] * q[b] for a in classes for b in classes if a != b)
        differ = (1.0 - p[best]) * (1.0 - q[best])
        alike = sum(p[c] * q[c] for c in classes if c != best) / differ if differ else 0.0
        c1 = p[best] - (1.0 - p[best]) * alike
        spread = 1.0 - p[main]
        c2 = 1.0 if main == best else (-p[best] / spread if spread else 0.0)
        noise = 1.0 - q[best]
        effect = c2 * spread
        rows.append((loss, c1 * noise, float(main != best), max(effect, 0.0), max(-effect, 0.0)))
    return ReferenceZeroOne(*np.mean(rows, axis=0).tolist())


def mean_correlation(errors: Any, cluster: Any = None) -> tuple[float, float]:
    """Mean correlation over pairs of members and its standard error, pair by pair.

    Kernel: `venire.ensembles.decompose`.

    Parameters
    ----------
    errors : array_like of shape (n_members, n_rows)
    cluster : array_like of shape (n_rows,), optional

    Returns
    -------
    tuple of float
        (rho, standard error). A row's influence on the correlation of a pair with standardised
        errors a, b is (a b - rho (a² + b²) / 2) / n_rows.

    Examples
    --------
    >>> mean_correlation([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]])
    (1.0, 0.0)
    """
    e = np.asarray(errors, float)
    n = e.shape[1]
    labels = np.arange(n) if cluster is None else np.asarray(cluster)
    z = (e - e.mean(axis=1, keepdims=True)) / e.std(axis=1, keepdims=True)
    values, influence = [], []
    for a, b in combinations(range(len(e)), 2):
        r = float(np.mean(z[a] * z[b]))
        values.append(r)
        influence.append((z[a] * z[b] - r * (z[a] ** 2 + z[b] ** 2) / 2.0) / n)
    by_row = np.mean(influence, axis=0)
    sums = [by_row[labels == c].sum() for c in np.unique(labels)]
    error = np.sqrt(np.sum(np.square(sums)) * len(sums) / (len(sums) - 1))
    return round(float(np.mean(values)), 14), float(np.round(error, 14))


def subset_errors(predictions: Any, target: Any, size: int, zero_one: bool = False) -> float:
    """Mean error of the mean (or vote, ties shared) of every subset of `size` members.

    Kernel: `venire.ensembles.learning_curve`.

    Parameters
    ----------
    predictions : array_like of shape (n_members, n_rows)
    target : array_like of shape (n_rows,)
    size : int
    zero_one : bool

    Returns
    -------
    float

    Examples
    --------
    >>> subset_errors([[0.0], [2.0]], [1.0], 1), subset_errors([[0.0], [2.0]], [1.0], 2)
    (1.0, 0.0)
    """
    f, t = np.asarray(predictions), np.asarray(target)
    found = []
    for chosen in combinations(range(len(f)), size):
        part = f[list(chosen)]
        if not zero_one:
            found.append(float(np.mean((part.mean(axis=0) - t) ** 2)))
            continue
        for i in range(f.shape[1]):
            names, counts = np.unique(part[:, i], return_counts=True)
            top = names[counts == counts.max()]
            found.append(1.0 - (t[i] in top) / len(top))
    return float(np.mean(found))
