"""The normal quantile of a two-sided interval."""

from __future__ import annotations

from venire._core import checks

__all__ = ["critical_value"]


def critical_value(level: float) -> float:
    """Return z with P(|Z| <= z) = level.

    Raises
    ------
    ValueError
        If `level` is not strictly between 0 and 1.
    """
    from statistics import NormalDist  # 10 ms to load

    return NormalDist().inv_cdf(0.5 + checks.level(level) / 2.0)
