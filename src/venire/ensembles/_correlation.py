"""Mean correlation of pairs of members, how sure it is, and what it makes of an ensemble."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from venire._core.intervals import critical_value

__all__ = ["Correlation", "correlate", "n_effective"]


class Correlation(NamedTuple):
    """Correlations of deviations, their mean rho over pairs, its standard error and interval."""

    matrix: np.ndarray
    rho: float
    rho_error: float
    interval: tuple[float, float]


def correlate(
    deviations: np.ndarray, gram: np.ndarray, cluster: np.ndarray, n_clusters: int, level: float
) -> Correlation:
    """Correlations from centred deviations (n_members, n) with sums of products `gram`.

    The standard error adds up the influence of every column, by cluster. Members that do not vary
    have no correlation and are left out of rho.
    """
    n_members = len(deviations)
    square = np.diagonal(gram)
    varies = np.flatnonzero(square > 1e-28 * max(float(square.max()), 1e-300))
    m = len(varies)
    matrix = np.full((n_members, n_members), np.nan)
    if m < 2:
        matrix[varies, varies] = 1.0
        return Correlation(matrix, math.nan, math.nan, (math.nan, math.nan))
    scale = np.sqrt(square[varies])
    r = gram[np.ix_(varies, varies)] / np.outer(scale, scale)
    np.fill_diagonal(r, 1.0)
    matrix[np.ix_(varies, varies)] = r
    pairs = m * (m - 1)
    rho = float(r.sum() - m) / pairs
    u2 = (deviations[varies] / scale[:, None]) ** 2
    total = (deviations[varies] / scale[:, None]).sum(axis=0)
    influence = (total**2 - u2.sum(axis=0) - (r.sum(axis=1) - 1.0) @ u2) / pairs  # sums to 0
    by_cluster = np.bincount(cluster, influence, n_clusters)
    error = math.sqrt(float(by_cluster @ by_cluster) * n_clusters / (n_clusters - 1))
    return Correlation(matrix, rho, error, _interval(rho, error, m, level))


def _interval(rho: float, error: float, m: int, level: float) -> tuple[float, float]:
    """On Fisher's scale log((1 + (m - 1) rho) / (1 - rho)), which keeps to the possible values."""
    low, high = 1.0 + (m - 1) * rho, 1.0 - rho
    if low < 1e-12 or high < 1e-12:
        return rho, rho
    z = math.log(low / high)
    half = critical_value(level) * error * m / (low * high)
    return _rho_of(z - half, m), _rho_of(z + half, m)


def _rho_of(z: float, m: int) -> float:
    if z > 0.0:
        return -math.expm1(-z) / (1.0 + (m - 1) * math.exp(-z))
    return math.expm1(z) / (math.exp(z) + m - 1)


def n_effective(rho: float, share: float) -> float:
    """How many independent members have a mean of the same variance."""
    if share == 1.0:
        return 1.0
    kept = rho + (1.0 - rho) * share
    return math.inf if kept <= 0.0 else 1.0 / kept
