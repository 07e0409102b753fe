"""Whom each item met: games, points against each, and what its fit expects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.ratings import Fit
from venire.ratings.pairs import by_pair, cells_of

__all__ = ["opponents"]

ENTRIES = 50_000  # of all items together: about 1 MB
FEWEST = 5  # opponents of an item, however many items there are


def opponents(fit: Fit, order: NDArray[np.int64]) -> dict[str, Any]:
    """The opponents of the items at the positions `order`, those met most first.

    Returns "met", how many each item met, and "rows", for each item the numbers (row of the
    opponent in `order`, games, share of the points, expected share, residual) of those that are
    shown one after the other; who is not in `order` has row -1.
    """
    pairs, n = by_pair(cells_of(fit)), len(fit.own.theta)
    me = np.concatenate([pairs.first, pairs.second])
    other = np.concatenate([pairs.second, pairs.first])
    games = np.tile(pairs.games, 2)
    share = np.concatenate([pairs.share, 1.0 - pairs.share])
    expected = np.concatenate([pairs.expected, 1.0 - pairs.expected])
    error = np.sqrt(np.tile(pairs.variance, 2) / games)
    z = np.divide(share - expected, error, np.zeros(len(me)), where=error > 1e-9)
    place = np.full(n, -1)
    place[order] = np.arange(len(order))
    by = np.lexsort((other, -games, me))
    start = np.searchsorted(me[by], np.arange(n + 1))
    most = max(FEWEST, ENTRIES // max(len(order), 1))
    columns = (place[other], games.round(2), share.round(3), expected.round(3), z.round(1))
    rows = []
    for item in order.tolist():
        at = by[start[item] : start[item + 1]][:most]
        table = zip(*(column[at].tolist() for column in columns), strict=True)
        rows.append([int(x) if x == int(x) else x for row in table for x in row])
    return {"met": np.diff(start)[order].tolist(), "rows": rows}
