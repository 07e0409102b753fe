"""Outcomes drawn from a model, and the rows that are made of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.models import DEFAULT, model_of
from venire.simulate._graphs import SHAPES, count, graph, int32, pairs
from venire.simulate._teachers import SHARE

__all__ = ["Simulated", "comparisons", "outcomes", "permuted", "play"]


class Simulated(NamedTuple):
    """Simulated rows; `first`, `second`, `score`, `weight`, `order` are what Comparisons takes.

    Attributes
    ----------
    n_items : int
    first, second : ndarray of int32, shape (n_rows,)
        Item numbers, 0 to n_items - 1.
    score : ndarray of float64, shape (n_rows,)
    weight : ndarray of float64, shape (n_rows,), or None
        None when every row is one comparison.
    order : ndarray of int8, shape (n_rows,), or None
        None when `first` had the order advantage in every row.
    theta : ndarray of float64, shape (n_items,)
        The log-strengths that the outcomes were drawn from, or the optimum where it is known.
    """

    n_items: int
    first: np.ndarray
    second: np.ndarray
    score: np.ndarray
    weight: np.ndarray | None
    order: np.ndarray | None
    theta: np.ndarray


def other(first: np.ndarray, n_items: int, rng: np.random.Generator) -> np.ndarray:
    """A uniformly random item different from each of `first`."""
    return (first + 1 + rng.integers(0, n_items - 1, len(first))) % n_items


def strengths(theta: Any) -> np.ndarray:
    """Log-strengths of items, whose differences are finite."""
    array = checks.numeric(checks.column(theta, "theta"), "theta")
    if array.ndim != 1:
        checks.fail("theta", f"must be one-dimensional, has {array.ndim} dimensions")
    return checks.bounded(array, len(array), "theta")


def outcomes(
    first: Any,
    second: Any,
    theta: Any,
    *,
    model: str = DEFAULT,
    order_effect: float = 0.0,
    order: Any = None,
    tie: float | None = None,
    rng: Any = None,
) -> np.ndarray:
    """One outcome for each pair.

    Parameters
    ----------
    first, second : array_like of int, shape (n_rows,)
        Positions into `theta`.
    theta : array_like of float, shape (n_items,)
    model : str, one of `venire.models.MODELS`
    order_effect : float
        gamma.
    order : array_like of int, shape (n_rows,), optional
        By default `first` has the order advantage in every row.
    tie : float, optional
        nu (Davidson, 0.5 by default) or eta (Rao-Kupper, 1.5 by default). The other models make no
        ties.
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        1, 0 or 0.5.

    Raises
    ------
    ValueError
        If `model` is unknown, or `tie` is out of range or not a parameter of the model.

    Examples
    --------
    >>> outcomes([0, 1], [1, 0], [50.0, -50.0])
    array([1., 0.])
    """
    row = model_of(model)
    if row.tie is None and tie is not None:
        checks.fail("tie", f"{row.name} has no tie parameter", value=tie)
    if row.tie is not None:
        least = row.tie.boundary
        rule = f"must be finite and at least {least:g}"
        tie = row.tie.typical if tie is None else tie
        tie = checks.number(tie, "tie", rule, lambda x: least <= x < np.inf)
    order_effect = checks.number(order_effect, "order_effect")
    theta = strengths(theta)
    first, second = pairs(first, second, len(theta))
    advantage = checks.order(order, len(first))
    d = theta[first] - theta[second] + order_effect * (1.0 if advantage is None else advantage)
    u = checks.rng(rng).random(len(d))
    if tie is None:
        return (u < row.probabilities(d, 0.0)).astype(np.float64)
    with np.errstate(divide="ignore"):
        p = row.probabilities(d, float(np.log(tie)))
    return np.where(u < p[:, 0], 1.0, np.where(u < p[:, 0] + p[:, 1], 0.5, 0.0))


def comparisons(
    n_items: int,
    n_comparisons: int,
    *,
    model: str = DEFAULT,
    theta: Any = None,
    order_effect: float = 0.0,
    tie: float | None = None,
    neutral: float = 0.0,
    shape: str = "random",
    rng: Any = None,
) -> Simulated:
    """Comparisons drawn from a model.

    Parameters
    ----------
    n_items : int
        At least 2 ("random"), else at least 4.
    n_comparisons : int
        Rows. A shape other than "random" goes round its pairs until it has enough, and swaps
        the two sides each time round.
    model, order_effect, tie
        As in `outcomes`.
    theta : array_like of float, shape (n_items,), optional
        Standard normal by default.
    neutral : float
        Share of rows in which nobody has the order advantage.
    shape : {"random", ...}
        Which pairs meet: "random" pairs, or one of `GRAPHS`.
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    Simulated

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rows = comparisons(5, 1000, model="davidson", tie=1.0, rng=0)
    >>> np.unique(rows.score)
    array([0. , 0.5, 1. ])
    """
    checks.one_of(shape, "shape", SHAPES)
    n_items, n_comparisons = count(n_items, "n_items", 2), count(n_comparisons, "n_comparisons", 0)
    neutral = checks.number(neutral, "neutral", *SHARE)
    rng = checks.rng(rng)
    theta = rng.normal(size=n_items) if theta is None else strengths(theta)
    if len(theta) != n_items:
        checks.fail("theta", f"has {len(theta)} values, but there are {n_items} items")
    if shape == "random":
        first = rng.integers(0, n_items, n_comparisons)
        second = other(first, n_items, rng)
    else:
        edges = np.stack(graph(shape, n_items, rng=rng))
        row = np.arange(n_comparisons)
        at = row % edges.shape[1]
        swap = row // edges.shape[1] % 2
        first, second = edges[swap, at], edges[1 - swap, at]
    order = None
    if neutral > 0.0:
        order = (rng.random(n_comparisons) >= neutral).astype(np.int8)
    score = outcomes(
        first, second, theta, model=model, order_effect=order_effect, order=order, tie=tie, rng=rng
    )
    first, second = int32(first, second)
    return Simulated(n_items, first, second, score, None, order, theta)


def play(
    first: Any,
    second: Any,
    n_items: int,
    *,
    games: int = 10,
    spread: float = 1.0,
    decades: float = 0.0,
    rng: Any = None,
) -> Simulated:
    """A number of games on every edge of a graph, at least one won by each side.

    Parameters
    ----------
    first, second : array_like of int, shape (n_edges,)
    n_items : int
    games : int
        Games on each edge; at least 2.
    spread : float
        Standard deviation of the strengths that the other ``games - 2`` outcomes are drawn from.
    decades : float
        All weights of an edge are multiplied by 10**u, u uniform in [-decades / 2, decades / 2].
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    Simulated
        Two rows per edge: the wins (score 1) and the losses (score 0) of `first`, as weights. Each
        edge has wins on both sides, so a fit exists in every connected component.

    Raises
    ------
    ValueError
        If `games` is less than 2.

    Examples
    --------
    >>> rows = play(*graph("chain", 1000), 1000, games=20, rng=0)
    >>> len(rows.first), rows.weight.sum(), rows.weight.min() >= 1.0
    (1998, np.float64(19980.0), np.True_)
    """
    from scipy.special import expit

    n_items, games = count(n_items, "n_items", 1), count(games, "games", 2)
    rule = "must be from 0 to {:g}"
    spread = checks.number(spread, "spread", rule.format(1e9), lambda x: 0.0 <= x <= 1e9)
    decades = checks.number(decades, "decades", rule.format(300), lambda x: 0.0 <= x <= 300.0)
    rng = checks.rng(rng)
    first, second = int32(*pairs(first, second, n_items))
    theta = rng.normal(0.0, spread, n_items)
    p = expit(theta[first] - theta[second])
    win = 1.0 + rng.binomial(games - 2, p)
    scale = 10.0 ** rng.uniform(-decades / 2.0, decades / 2.0, len(first))
    return Simulated(
        n_items,
        np.concatenate([first, first]),
        np.concatenate([second, second]),
        np.repeat([1.0, 0.0], len(first)),
        np.concatenate([win * scale, (games - win) * scale]),
        None,
        theta,
    )


def permuted(rows: Simulated, *, rng: Any = None) -> Simulated:
    """The same comparisons with items renumbered and rows shuffled at random.

    Examples
    --------
    >>> rows = permuted(comparisons(100, 1980, rng=0), rng=1)
    >>> rows.n_items, len(rows.score)
    (100, 1980)
    """
    rng = checks.rng(rng)
    name = rng.permutation(rows.n_items).astype(np.int32)
    row = rng.permutation(len(rows.first))
    theta = np.empty_like(rows.theta)
    theta[name] = rows.theta
    return Simulated(
        rows.n_items,
        name[rows.first[row]],
        name[rows.second[row]],
        rows.score[row],
        None if rows.weight is None else rows.weight[row],
        None if rows.order is None else rows.order[row],
        theta,
    )
