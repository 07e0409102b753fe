"""Whom each item met: games, points against each, and what its fit expects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.models import model_of
from venire.ratings.fit import Fit

__all__ = ["opponents"]

ENTRIES = 50_000  # of all items together: about 1 MB
FEWEST = 5  # opponents of an item, however many items there are

Floats = NDArray[np.float64]


def opponents(fit: Fit, order: NDArray[np.int64]) -> dict[str, Any]:
    """The opponents of the items at the positions `order`, those met most first.

    Returns "met", how many each item met, "shown", the most that are listed of one, and "rows", for
    each item the numbers (row of the opponent in `order`, games, points, expected points, residual)
    one after the other; those that `order` lacks have row -1. Points are shares of the games.
    """
    own = fit.own
    first, second, mass, points, expected, variance = _pairs(own)
    n = len(own.theta)
    me, other = np.concatenate([first, second]), np.concatenate([second, first])
    games = np.tile(mass, 2)
    points = np.concatenate([points, mass - points])
    expected = np.concatenate([expected, mass - expected])
    root = np.sqrt(np.tile(variance, 2))
    z = np.divide(points - expected, root, np.zeros(len(me)), where=root > 1e-9)
    by = np.lexsort((other, -games, me))
    start = np.searchsorted(me[by], np.arange(n + 1))
    most = max(FEWEST, ENTRIES // max(len(order), 1))
    place = np.full(n, -1)
    place[order] = np.arange(len(order))
    share = np.stack([points, expected]) / np.maximum(games, 1e-300)
    rows = []
    for item in order.tolist():
        at = by[start[item] : start[item + 1]][:most]
        table = zip(
            place[other[at]].tolist(), games[at].round(2).tolist(), *share[:, at].round(3).tolist(),
            z[at].round(1).tolist(), strict=True,
        )  # fmt: skip
        rows.append([_short(x) for row in table for x in row])
    met = np.diff(start)[order]
    return {"met": met.tolist(), "shown": most, "rows": rows}


def _short(x: float) -> float:
    return int(x) if x == int(x) else x


def _pairs(fit: Fit) -> tuple[Any, ...]:
    """Pairs of items: positions, games, points of first, and their mean and variance by the fit."""
    c = fit.comparisons
    mass = c.win + c.loss + c.tie
    used = mass > 0.0
    first, second, mass = c.first[used].astype(np.int64), c.second[used], mass[used]
    d = fit.theta[first] - fit.theta[second] + (fit.order_effect or 0.0) * c.order[used]
    chances = model_of(fit.model).probabilities(d, fit.log_tie)
    if chances.ndim == 1:
        mean, variance = chances, chances * (1.0 - chances)
    else:
        mean = chances[:, 0] + chances[:, 1] / 2.0
        variance = np.maximum(chances[:, 0] + chances[:, 1] / 4.0 - mean**2, 0.0)
    points = (c.win + c.tie / 2.0)[used]
    key, pair = np.unique(first * c.n_items + second, return_inverse=True)
    sums = [np.bincount(pair, x, len(key)) for x in (mass, points, mass * mean, mass * variance)]
    return (key // c.n_items, key % c.n_items, *sums)
