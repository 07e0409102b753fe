"""Workloads that the benchmarks are named after."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.simulate._graphs import count, int32
from venire.simulate._rows import Simulated, comparisons, other, outcomes
from venire.simulate._teachers import SHARE

__all__ = ["Queries", "arena", "chain", "dense", "ladder", "nearly_separable", "queries"]


class Queries(NamedTuple):
    """Rows of many groups; `group`, `first`, `second`, `score` are what GroupedComparisons takes.

    Attributes
    ----------
    n_groups, n_items : int
        Groups, and items of each.
    group, first, second : ndarray of int32, shape (n_rows,)
        Rows are sorted by group.
    score : ndarray of float64, shape (n_rows,)
    theta : ndarray of float64, shape (n_groups, n_items)
        What the scores were made from.
    """

    n_groups: int
    n_items: int
    group: np.ndarray
    first: np.ndarray
    second: np.ndarray
    score: np.ndarray
    theta: np.ndarray


def arena(n_items: int = 200, n_comparisons: int = 2_000_000, *, rng: Any = 1) -> Simulated:
    """A leaderboard: few items, popularity rank**-0.7, Davidson outcomes with nu = 0.5.

    Examples
    --------
    >>> arena(n_comparisons=1000).score.shape
    (1000,)
    """
    n_items, n_comparisons = count(n_items, "n_items", 2), count(n_comparisons, "n_comparisons", 0)
    rng = checks.rng(rng)
    theta = rng.normal(size=n_items)
    popularity = np.arange(1, n_items + 1) ** -0.7
    cdf = np.cumsum(popularity / popularity.sum())
    cdf[-1] = 1.0
    first, second = (np.searchsorted(cdf, rng.random(n_comparisons), "right") for _ in range(2))
    second = np.where(first == second, other(first, n_items, rng), second)
    score = outcomes(first, second, theta, model="davidson", tie=0.5, rng=rng)
    first, second = int32(first, second)
    return Simulated(n_items, first, second, score, None, None, theta)


def dense(n_items: int = 1_000, n_comparisons: int = 10_000_000, *, rng: Any = 3) -> Simulated:
    """A dense tournament: uniformly random pairs, no ties.

    Examples
    --------
    >>> dense(n_comparisons=1000).n_items
    1000
    """
    return comparisons(n_items, n_comparisons, rng=rng)


def ladder(n_items: int = 100_000, n_comparisons: int = 5_000_000, *, rng: Any = 2) -> Simulated:
    """A sports ladder: strengths of sd 2, opponents a heavy-tailed number of ranks apart.

    Examples
    --------
    >>> ladder(100, 1000).n_items
    100
    """
    n_items, n_comparisons = count(n_items, "n_items", 2), count(n_comparisons, "n_comparisons", 0)
    rng = checks.rng(rng)
    theta = np.sort(rng.normal(0.0, 2.0, n_items))
    first = rng.integers(0, n_items, n_comparisons)
    apart = np.minimum(20.0 * np.abs(rng.standard_cauchy(n_comparisons)), 2.0**53).astype(np.int64)
    second = (first + 1 + apart % (n_items - 1)) % n_items
    score = outcomes(first, second, theta, rng=rng)
    first, second = int32(first, second)
    return Simulated(n_items, first, second, score, None, None, theta)


def chain(n_items: int = 1_000_000, games: int = 20, *, rng: Any = 4) -> Simulated:
    """The worst conditioning: a path, 6 to 14 wins in every 20 games between neighbours.

    `theta` is the exact optimum: the difference of two neighbours is the logit of their score.

    Examples
    --------
    >>> chain(100).score.shape
    (1980,)
    """
    n_items, games = count(n_items, "n_items", 2), count(games, "games", 2)
    rng = checks.rng(rng)
    low = max(1, 3 * games // 10)
    wins = rng.integers(low, games - low + 1, n_items - 1)
    first = np.repeat(np.arange(n_items - 1, dtype=np.int32), games)
    score = np.tile(np.arange(games), n_items - 1) < np.repeat(wins, games)
    theta = np.concatenate([[0.0], -np.cumsum(np.log(wins / (games - wins)))])
    return Simulated(
        n_items, first, first + 1, score.astype(np.float64), None, None, theta - theta.mean()
    )


def nearly_separable(
    n_items: int = 1_000, n_comparisons: int = 1_000_000, upsets: float = 1e-4, *, rng: Any = 5
) -> Simulated:
    """The lower-numbered item wins but for a few upsets; a finite fit exists all the same.

    The first rows are 0 > 1 > 2 > ... and one win of the last item over item 0: a cycle.

    Examples
    --------
    >>> rows = nearly_separable(100, 10_000)
    >>> float(rows.score[99])
    0.0
    """
    n_items = count(n_items, "n_items", 2)
    n_comparisons = count(n_comparisons, "n_comparisons", n_items)
    upsets = checks.number(upsets, "upsets", *SHARE)
    rng = checks.rng(rng)
    first = rng.integers(0, n_items, n_comparisons - n_items)
    second = other(first, n_items, rng)
    item = np.arange(n_items)
    i = np.concatenate([item[:-1], [0], np.minimum(first, second)])
    j = np.concatenate([item[1:], [n_items - 1], np.maximum(first, second)])
    score = (rng.random(len(i)) >= upsets).astype(np.float64)
    score[: n_items - 1] = 1.0
    score[n_items - 1] = 0.0
    theta = np.linspace(1.0, -1.0, n_items)
    i, j = int32(i, j)
    return Simulated(n_items, i, j, score, None, None, theta)


def queries(
    n_groups: int = 112_000,
    n_items: int = 100,
    *,
    degree: int = 4,
    hard: bool = False,
    rng: Any = 6,
) -> Queries:
    """Many small fits: in each group random cycles through all items, and soft votes.

    The logit of a soft vote is the difference of two standard normal strengths with noise of sd
    0.5 on it; a hard vote is 1 with that probability, else 0.

    Parameters
    ----------
    n_groups, n_items : int
    degree : int
        Comparisons of each item, even: half as many cycles.
    hard : bool
        Votes of 0 and 1.
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    Queries
        ``n_groups * n_items * degree / 2`` rows.

    Raises
    ------
    ValueError
        If `degree` is odd or less than 2, or `n_items` less than 3.

    Examples
    --------
    >>> rows = queries(3, 10)
    >>> rows.score.shape, rows.theta.shape, rows.group[[0, 19, 20]].tolist()
    ((60,), (3, 10), [0, 0, 1])
    """
    n_groups, n_items = count(n_groups, "n_groups", 0), count(n_items, "n_items", 3)
    if count(degree, "degree", 2) % 2:
        checks.fail("degree", "must be even and at least 2", value=degree)
    checks.flag(hard, "hard")
    rng = checks.rng(rng)
    theta = rng.normal(size=(n_groups, n_items))
    first = np.empty((n_groups, degree // 2, n_items), np.int32)
    first[:] = np.arange(n_items, dtype=np.int32)
    rng.permuted(first, axis=2, out=first)
    second = np.roll(first, -1, axis=2)
    shape = (n_groups, -1)
    d = np.take_along_axis(theta, first.reshape(shape), axis=1)
    d -= np.take_along_axis(theta, second.reshape(shape), axis=1)
    d += rng.normal(0.0, 0.5, d.shape)
    score = np.exp(-np.logaddexp(0.0, -d)).ravel()
    if hard:
        score = (rng.random(len(score)) < score).astype(np.float64)
    group = np.repeat(np.arange(n_groups, dtype=np.int32), first[0].size if n_groups else 0)
    return Queries(n_groups, n_items, group, first.ravel(), second.ravel(), score, theta)
