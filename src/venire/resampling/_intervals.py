"""Bootstrap intervals from replicates: percentile, basic, BCa, studentized; and ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "INTERVALS",
    "bca",
    "deviation",
    "rank_intervals",
    "simultaneous_ranks",
    "tails",
    "unit_of",
]

INTERVALS = ("percentile", "basic", "bca", "studentized")


def tails(level: float) -> NDArray[np.float64]:
    """The probabilities of an interval's ends."""
    tail = 0.5 - level / 2.0
    return np.array([tail, 1.0 - tail])


def deviation(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviations of the columns."""
    size = unit_of(draws)
    return (draws / size).std(axis=0, ddof=1) * size


def unit_of(x: NDArray[np.float64]) -> float:
    """A power of two of the size of the numbers: in it their squares and cubes are doubles too."""
    return float(np.ldexp(1.0, int(np.frexp(np.abs(x).max(initial=0.0))[1]) - 1))


def bca(
    draws: NDArray[np.float64],
    estimate: NDArray[np.float64],
    acceleration: NDArray[np.float64],
    level: float,
    names: Any,
) -> NDArray[np.float64]:
    """Bias-corrected and accelerated intervals (Efron 1987, doi:10.1080/01621459.1987.10478410).

    `names` are what the columns of `draws` are called in errors.
    """
    from scipy.special import ndtr, ndtri

    below = (draws < estimate).mean(axis=0) + 0.5 * (draws == estimate).mean(axis=0)
    bad = np.flatnonzero((below <= 0.0) | (below >= 1.0) | (np.ptp(draws, axis=0) == 0.0))
    bad = np.union1d(bad, np.flatnonzero(~np.isfinite(acceleration)))
    if len(bad):
        raise ValueError(
            f"interval: a BCa interval is not defined for {names[bad[0]]!r}, whose replicates are "
            "constant or lie on one side of the estimate; use 'percentile'"
        )
    z0 = ndtri(below)
    out = np.empty((len(estimate), 2))
    for side, z in enumerate(ndtri([0.5 - level / 2.0, 0.5 + level / 2.0])):
        shifted = z0 + (z0 + z) / (1.0 - acceleration * (z0 + z))
        for k, q in enumerate(ndtr(shifted)):
            out[k, side] = np.quantile(draws[:, k], q)
    return out


def rank_intervals(
    draws: NDArray[np.float64], component: NDArray[Any], level: float
) -> NDArray[np.int64]:
    """Quantiles of the ranks, 1 the largest, within each replicate (row) and component, (n, 2)."""
    ranks = np.empty(draws.shape, np.int64)
    for members in _members(component):
        order = np.argsort(-draws[:, members], axis=1, kind="stable")
        own = np.empty(order.shape, np.int64)
        np.put_along_axis(own, order, np.arange(1, len(members) + 1)[None, :], axis=1)
        ranks[:, members] = own
    low, high = tails(level)
    bounds = [
        np.quantile(ranks, low, axis=0, method="lower"),
        np.quantile(ranks, high, axis=0, method="higher"),
    ]
    return np.stack(bounds, axis=1).astype(np.int64)


def simultaneous_ranks(
    draws: NDArray[np.float64],
    estimate: NDArray[np.float64],
    component: NDArray[Any],
    level: float,
) -> NDArray[np.int64]:
    """Rank intervals that hold for all items together, (n, 2).

    The level's quantile of the largest studentized deviation over all pairs bounds every
    difference at once; an item's rank is bounded by the items that are surely better or worse
    (Mogstad, Romano, Shaikh and Wilhelm 2024, doi:10.1093/restud/rdad006).
    """
    n = len(estimate)
    deviation = draws - estimate
    groups = [m for m in _members(component) if len(m) > 1]
    largest = np.zeros(len(draws))
    errors = []
    for members in groups:
        own = deviation[:, members]
        centred = own - own.mean(axis=0)
        covariance = centred.T @ centred / max(len(draws) - 1, 1)
        variance = covariance.diagonal()
        square = variance[:, None] + variance[None, :] - 2.0 * covariance
        error = np.sqrt(np.maximum(square, 0.0))
        scale = np.divide(1.0, error, out=np.zeros_like(error), where=error > 0.0)
        for r in range(len(draws)):
            gap = np.abs(own[r][:, None] - own[r][None, :])
            largest[r] = max(largest[r], float((gap * scale).max()))
        errors.append(error)
    limit = float(np.quantile(largest, level, method="higher"))
    out = np.ones((n, 2), np.int64)
    for members, error in zip(groups, errors, strict=True):
        gap = estimate[members][:, None] - estimate[members][None, :]
        surely_better = gap > limit * error
        out[members, 0] = 1 + surely_better.sum(axis=0)
        out[members, 1] = len(members) - surely_better.sum(axis=1)
    return out


def _members(component: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Positions of each component's items."""
    order = np.argsort(component, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(component[order])) + 1)
