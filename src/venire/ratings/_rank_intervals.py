"""Intervals of ranks from the covariance of a fit, for all items together."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np

from venire._core import checks

__all__ = ["rank_intervals"]

MOST = 6_000  # items whose pairs are all looked at
ROWS = 1 << 20  # pairs at a time, about


def rank_intervals(
    fit: Any, level: float, errors: str, among: np.ndarray | None = None
) -> np.ndarray:
    """`Fit.rank_interval` of a fit on its own scale; `among`: of the items at these positions."""
    among = np.arange(len(fit.theta)) if among is None else among
    n, inside = len(among), np.flatnonzero(fit.determined[among])
    here = among[inside]
    if len(here) > MOST:
        checks.fail("fit", f"has {len(here):,} items to rank, and all pairs are looked at: at most "
                    f"{MOST:,}")  # fmt: skip
    covariance = fit.covariance(errors, items=fit.items[here])
    out = np.tile(np.array([1, n]), (n, 1))
    if len(here) < 2:
        return out
    theta, variance, limit = fit.theta[here], np.diagonal(covariance), _limit(len(here), level)
    step = max(1, ROWS // len(here))
    for k in range(0, len(here), step):
        rows = slice(k, k + step)
        square = variance[rows, None] + variance[None, :] - 2.0 * covariance[rows]
        sure = limit * np.sqrt(np.maximum(square, 0.0))
        gap = theta[rows, None] - theta[None, :]
        with np.errstate(invalid="ignore"):  # what has no error is never sure
            out[inside[rows], 0] = 1 + (gap < -sure).sum(axis=1)
            out[inside[rows], 1] = n - (gap > sure).sum(axis=1)
    return out


def _limit(n: int, level: float) -> float:
    """Standard errors that the differences of all pairs of n items keep within together."""
    outside = -math.expm1(math.log(level) / (n * (n - 1) / 2))
    return -NormalDist().inv_cdf(outside / 2.0)
