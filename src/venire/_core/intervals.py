"""Two-sided intervals: by the normal quantile, and those of a share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks

__all__ = ["critical_value", "wald", "wilson"]

Floats = NDArray[np.float64]


def critical_value(level: float) -> float:
    """Return z with P(|Z| <= z) = level.

    Raises
    ------
    ValueError
        If `level` is not strictly between 0 and 1.
    """
    from statistics import NormalDist  # 10 ms to load

    return NormalDist().inv_cdf(0.5 + checks.level(level) / 2.0)


def wald(estimate: Any, error: Any, level: float) -> tuple[Any, Any]:
    """Ends of the intervals of estimates that are about normal: z errors to either side.

    Raises
    ------
    ValueError
        If `level` is not strictly between 0 and 1.
    """
    half = critical_value(level) * error
    return estimate - half, estimate + half


def wilson(right: NDArray[Any], n: NDArray[Any], level: float) -> tuple[Floats, Floats]:
    """Ends of Wilson's interval of the share right / n (1927, doi:10.1080/01621459.1927.10502953).

    nan where n is 0.
    """
    z = critical_value(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = right / n
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (
            np.where(right <= 0, p, np.maximum(centre - half, 0.0)),
            np.where(right >= n, p, np.minimum(centre + half, 1.0)),
        )
