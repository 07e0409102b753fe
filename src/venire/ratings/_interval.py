"""The normal quantile of a two-sided interval."""

from __future__ import annotations

__all__ = ["critical_value"]


def critical_value(level: float) -> float:
    """Return z with P(|Z| <= z) = level.

    Raises
    ------
    ValueError
        If `level` is not strictly between 0 and 1.
    """
    from statistics import NormalDist  # 10 ms to load

    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, got {level!r}")
    return NormalDist().inv_cdf(0.5 + level / 2.0)
