"""How good a ranking is within groups: Kendall's tau-b and normalised discounted gain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks

__all__ = ["Quality", "kendall_tau", "mean_known", "mean_quality", "ndcg", "pooled_r2"]

Floats = NDArray[np.float64]

_BLOCK = 1 << 24  # entries of a block of groups
_LARGE = 1000  # items of a group from which tau is counted by sorting


def kendall_tau(offsets: NDArray[np.int64], values: ArrayLike, gold: ArrayLike) -> Floats:
    """Kendall's tau-b of two rankings of each group's items.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_groups + 1,)
    values, gold : array_like of shape (n_items,)
        Items with a nan in either are left out.

    Returns
    -------
    ndarray of float64, shape (n_groups,)
        nan where fewer than two items are left, or all are tied in one of the rankings.

    Notes
    -----
    O(n²) time for a group of n items, many groups at once; above 1,000 items O(n log n).

    References
    ----------
    M. G. Kendall (1945), doi:10.1093/biomet/33.3.239.

    Examples
    --------
    >>> from venire.distillation import kendall_tau
    >>> kendall_tau([0, 3, 5], [1.0, 2.0, 3.0, 1.0, 2.0], [1, 3, 2, 0, 0]).round(2).tolist()
    [0.33, nan]
    """
    x, y, out, blocks = _aligned(offsets, values, gold, 2)
    for rows, where in blocks:
        n = where.shape[1]
        if n > _LARGE:
            from scipy.stats import kendalltau

            out[rows] = [kendalltau(x[w], y[w]).statistic for w in where]
            continue
        i, j = np.triu_indices(n, 1)
        a, b = x[where], y[where]
        dx, dy = (1.0 * (v[:, i] > v[:, j]) - (v[:, i] < v[:, j]) for v in (a, b))
        agree = (dx * dy).sum(axis=1)
        untied = np.abs(dx).sum(axis=1) * np.abs(dy).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            out[rows] = np.where(untied > 0, agree / np.sqrt(untied), np.nan)
    return out


def ndcg(
    offsets: NDArray[np.int64],
    values: ArrayLike,
    gold: ArrayLike,
    *,
    k: int = 10,
    gain: str = "linear",
) -> Floats:
    """Normalised discounted cumulative gain of the first `k` items of each group.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_groups + 1,)
    values : array_like of shape (n_items,)
        What the items are ranked by, the largest first. Items of equal value share the mean of
        their gains.
    gold : array_like of shape (n_items,)
        Relevance, >= 0. Items with a nan in either are left out.
    k : int, default 10
    gain : {"linear", "exponential"}
        The relevance itself, or 2**relevance - 1.

    Returns
    -------
    ndarray of float64, shape (n_groups,)
        nan where no item has any gain, or a relevance is negative.

    Raises
    ------
    ValueError
        If `k` is below 1 or `gain` is none of its choices.

    Notes
    -----
    Discount 1 / log2(rank + 1). O(n log n) time for a group of n items.

    References
    ----------
    K. Järvelin, J. Kekäläinen (2002), doi:10.1145/582415.582418; ties: F. McSherry, M. Najork
    (2008), doi:10.1007/978-3-540-78646-7_38.

    Examples
    --------
    >>> from venire.distillation import ndcg
    >>> ndcg([0, 3], [0.2, 0.9, 0.5], [2, 1, 0]).round(3).tolist()
    [0.76]
    """
    checks.one_of(gain, "gain", ("linear", "exponential"))
    k = checks.whole(k, "k", 1)
    x, y, out, blocks = _aligned(offsets, values, gold, 1)
    most = 1000.0 if gain == "exponential" else checks.LARGEST
    rule = f"must be of a size of at most {most:g}, {gain} gain"
    checks.every(~(np.abs(y) > most), "gold", rule, y)
    for rows, where in blocks:
        n = where.shape[1]
        discount = np.zeros(n)
        discount[:k] = 1.0 / np.log2(np.arange(2, min(n, k) + 2))
        a, b = x[where], y[where]
        g = b if gain == "linear" else np.exp2(b) - 1.0
        order = np.argsort(-a, axis=1, kind="stable")
        a, ranked = np.take_along_axis(a, order, 1), np.take_along_axis(g, order, 1)
        best = -np.sort(-g, axis=1) @ discount
        found = _means_of_ties(a, ranked) @ discount
        good = (best > 0.0) & (b >= 0.0).all(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            out[rows] = np.where(good, found / best, np.nan)
    return out


def pooled_r2(
    prediction: Floats,
    target: Floats,
    group: NDArray[np.int64] | None = None,
) -> float:
    """Squared correlation over items; with `group`, of deviations from the means of groups."""
    known = np.isfinite(prediction) & np.isfinite(target)
    if not known.any():
        return float("nan")
    g = np.zeros(int(known.sum()), np.int64) if group is None else group[known]
    n = np.maximum(np.bincount(g), 1)
    x, y = (v[known] - (np.bincount(g, v[known]) / n)[g] for v in (prediction, target))
    scale = float(x @ x) * float(y @ y)
    return float(x @ y) ** 2 / scale if scale > 0.0 else float("nan")


def mean_known(x: Floats) -> float:
    """Mean over the groups that have a measure; nan where none has."""
    known = x[~np.isnan(x)]
    return float(known.mean()) if len(known) else float("nan")


class Quality(NamedTuple):
    """Means over groups of Kendall's tau-b and of nDCG; nan where there is no gold."""

    tau: float = float("nan")
    ndcg: float = float("nan")


def mean_quality(
    offsets: NDArray[np.int64],
    values: Floats,
    gold: Floats | None,
    k: int,
    gain: str,
) -> Quality:
    """How well values rank the items of each group."""
    if gold is None:
        return Quality()
    tau, gains = kendall_tau(offsets, values, gold), ndcg(offsets, values, gold, k=k, gain=gain)
    return Quality(mean_known(tau), mean_known(gains))


def _means_of_ties(a: Floats, g: Floats) -> Floats:
    """Gains, each run of equal values replaced with its mean; rows sorted by value."""
    new = np.ones(a.shape, bool)
    new[:, 1:] = a[:, 1:] != a[:, :-1]
    if new.all():
        return g
    run = np.cumsum(new.ravel()) - 1
    return (np.bincount(run, g.ravel()) / np.bincount(run))[run].reshape(g.shape)


def _aligned(
    offsets: ArrayLike, values: ArrayLike, gold: ArrayLike, fewest: int
) -> tuple[Floats, Floats, Floats, Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    """Both columns, an answer of nan, and blocks of groups of one size: rows, places of items."""
    ptr = checks.integers(offsets, "offsets").astype(np.int64)
    if ptr.ndim != 1 or not len(ptr) or ptr[0] != 0 or (np.diff(ptr) < 0).any():
        checks.fail("offsets", "must ascend from 0")
    x = np.asarray(checks.numeric(values, "values"), np.float64)
    y = np.asarray(checks.numeric(gold, "gold"), np.float64)
    for name, array in (("values", x), ("gold", y)):
        if array.shape != (int(ptr[-1]),):
            checks.fail(name, f"must have shape ({int(ptr[-1])},), has {array.shape}")
    known = np.flatnonzero(~(np.isnan(x) | np.isnan(y)))
    ptr = np.searchsorted(known, ptr)
    sizes = np.diff(ptr)

    def blocks() -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        for n in np.unique(sizes[sizes >= fewest]).tolist():
            rows = np.flatnonzero(sizes == n)
            step = max(1, _BLOCK // (n * n))
            for start in range(0, len(rows), step):
                some = rows[start : start + step]
                yield some, known[ptr[some][:, None] + np.arange(n)]

    return x, y, np.full(len(sizes), np.nan), blocks()
