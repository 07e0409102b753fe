"""How good an answer is, computed from the rows and theta alone, the same way for every solver."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from venire.bench.workloads import Rows

BLOCK = 2_000_000


class Quality(NamedTuple):
    """``residual``: the largest |actual - expected wins| of an item per unit of its weight;
    ``log_likelihood``: Bradley-Terry with ties as half wins; ``error``: largest distance from
    the closed form, None where there is none."""

    residual: float
    log_likelihood: float
    error: float | None


def quality(rows: Rows, theta: np.ndarray) -> Quality:
    """Judge `theta`, shape (n_items,), in blocks of rows so that little memory is needed."""
    theta = np.asarray(theta, dtype=np.float64)
    if theta.shape != (rows.n_items,) or not np.all(np.isfinite(theta)):
        return Quality(np.inf, -np.inf, None)
    gradient = np.zeros(rows.n_items)
    weight = np.zeros(rows.n_items)
    total = 0.0
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        i, j, s = rows.first[part], rows.second[part], rows.score[part]
        w = np.ones(i.size) if rows.weight is None else rows.weight[part]
        d = theta[i] - theta[j]
        log_p = -np.logaddexp(0.0, -d)
        miss = w * (s - np.exp(log_p))
        total += float(np.sum(w * (log_p - (1.0 - s) * d)))
        for item, sign in ((i, 1.0), (j, -1.0)):
            gradient += sign * np.bincount(item, miss, rows.n_items)
            weight += np.bincount(item, w, rows.n_items)
    residual = float(np.max(np.abs(gradient[weight > 0]) / weight[weight > 0]))
    error = None
    if rows.truth is not None:
        error = float(np.max(np.abs((theta - theta.mean()) - rows.truth)))
    return Quality(residual, total, error)
