"""Bootstrap intervals from replicates: percentile, basic, BCa, studentized; and ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "INTERVALS",
    "SLACK",
    "RankedWhere",
    "bca",
    "deviation",
    "members",
    "rank_intervals",
    "rank_shares",
    "share_above",
    "simultaneous_ranks",
    "tails",
    "unit_of",
]

SLACK = 300.0  # gap of equal items in a replicate, in its tolerance on the slopes, at most
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


def share_above(gaps: NDArray[np.float64], equal: float, unknown: float = 0.0) -> float:
    """Share of gaps above 0, those of up to `equal` counting half; or, where `unknown` is the
    standard deviation of what else there is to them, the mean of the chances to be above."""
    if unknown == 0.0:
        signs = np.where(np.abs(gaps) <= equal, 0.0, np.sign(gaps))
        return float((signs.mean() + 1.0) / 2.0)
    from scipy.special import ndtr

    return float(ndtr(gaps / unknown).mean())


def rank_intervals(
    draws: NDArray[np.float64], where: RankedWhere, level: float
) -> NDArray[np.int64]:
    """Quantiles of the ranks, 1 the largest, within each replicate (row), (n, 2).

    Of equal items each has the best of their ranks for the lower quantile, the worst for the upper.
    """
    low, high = tails(level)
    out = where.all_ranks()
    for members, n_all in where.parts():
        best, worst = _ranks_in(draws[:, members], where.equal)
        lower = np.quantile(best, low, axis=0, method="lower")
        upper = np.quantile(worst, high, axis=0, method="higher") + (n_all - len(members))
        out[members] = np.stack([lower, upper], axis=1)
    return out


def rank_shares(draws: NDArray[np.float64], equal: float, most: int) -> NDArray[np.float64]:
    """Share of the draws (rows) in which each column has each rank from 1 to `most`, (n, most)."""
    n = draws.shape[1]
    out = np.zeros((n, most + 1))  # differences along the ranks
    step, columns = max(1, (1 << 20) // max(n, 1)), np.arange(n)
    for start in range(0, len(draws), step):
        best, worst = _ranks_in(draws[start : start + step], equal)
        part = 1.0 / (worst - best + 1)
        at = np.broadcast_to(columns, best.shape)
        np.add.at(out, (at, np.minimum(best - 1, most)), part)
        np.add.at(out, (at, np.minimum(worst, most)), -part)
    return np.maximum(np.cumsum(out[:, :most], axis=1), 0.0) / len(draws)


def _ranks_in(
    draws: NDArray[np.float64], equal: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Best and worst rank of each column in each row: of those that are equal to it."""
    order = np.argsort(-draws, axis=1, kind="stable")
    gap = np.diff(-np.take_along_axis(draws, order, axis=1), axis=1)
    place = np.broadcast_to(np.arange(1, draws.shape[1] + 1), draws.shape)
    edge = np.ones((len(draws), 1), bool)
    begins = np.concatenate([edge, gap > equal], axis=1)
    ends = np.concatenate([gap > equal, edge], axis=1)
    first = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    last = np.where(ends, place, place.shape[1] + 1)[:, ::-1]
    both = first, np.minimum.accumulate(last, axis=1)[:, ::-1]
    out = np.empty(draws.shape, np.int64), np.empty(draws.shape, np.int64)
    for ranks, found in zip(out, both, strict=True):
        np.put_along_axis(ranks, order, found, axis=1)
    return out


def simultaneous_ranks(
    draws: NDArray[np.float64],
    estimate: NDArray[np.float64],
    where: RankedWhere,
    level: float,
    known: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """Rank intervals that hold for all items together, (n, 2).

    The level's quantile of the largest studentized deviation over all pairs bounds every
    difference at once; an item's rank is bounded by the items that are surely better or worse
    (Mogstad, Romano, Shaikh and Wilhelm 2024, doi:10.1093/restud/rdad006). `known` is a covariance
    of the estimates: no difference is taken as better known than by that. Of few comparisons all
    replicates may be alike.
    """
    deviation = draws - estimate
    groups = [part for part in where.parts() if len(part[0]) > 1]
    largest = np.zeros(len(draws))
    errors = []
    for members, _ in groups:
        own = deviation[:, members]
        centred = own - own.mean(axis=0)
        covariance = centred.T @ centred / max(len(draws) - 1, 1)
        error = difference_errors(covariance)
        scale = np.divide(1.0, error, out=np.zeros_like(error), where=error > where.equal)
        for r in range(len(draws)):
            gap = np.abs(own[r][:, None] - own[r][None, :])
            largest[r] = max(largest[r], float((gap * scale).max()))
        errors.append(error)
    limit = float(np.quantile(largest, level, method="higher"))
    out = where.all_ranks()
    for (members, n_all), error in zip(groups, errors, strict=True):
        if known is not None:
            error = np.maximum(error, difference_errors(known[np.ix_(members, members)]))
        gap = estimate[members][:, None] - estimate[members][None, :]
        surely_better = gap > limit * error + where.equal
        out[members, 0] = 1 + surely_better.sum(axis=0)
        out[members, 1] = n_all - surely_better.sum(axis=1)
    return out


def difference_errors(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard errors of the differences of all pairs, (n, n)."""
    variance = covariance.diagonal()
    square = variance[:, None] + variance[None, :] - 2.0 * covariance
    return np.asarray(np.sqrt(np.maximum(square, 0.0)))


@dataclass(frozen=True)
class RankedWhere:
    """Which items are ranked beside which.

    Attributes
    ----------
    group : ndarray, shape (n_items,)
        Items of one group are ranked together.
    determined : ndarray of bool, shape (n_items,)
        Others of the group can have any rank, and may be before or behind these.
    equal : float
        Gap up to which two items are equal.
    """

    group: NDArray[Any]
    determined: NDArray[np.bool_]
    equal: float = 0.0

    def parts(self) -> list[tuple[NDArray[np.int64], int]]:
        """Of each group with such, the positions of what is determined, and how many it has."""
        groups = [(m[self.determined[m]], len(m)) for m in members(self.group)]
        return [part for part in groups if len(part[0])]

    def all_ranks(self) -> NDArray[np.int64]:
        """From the first to the last of the group, (n_items, 2)."""
        _, group, size = np.unique(self.group, return_inverse=True, return_counts=True)
        return np.stack([np.ones(len(group), np.int64), size[group]], axis=1)


def members(component: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Positions of the items of each component, or group."""
    order = np.argsort(component, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(component[order])) + 1)
