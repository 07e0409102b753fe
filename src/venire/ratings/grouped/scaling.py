"""Grouped fits on other scales: the methods `GroupedFit.rescale` and `GroupedFit.standardize`."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from venire import scales
from venire._core import checks

__all__ = ["group_of_item", "rescaled", "standardized"]

STANDARDIZED = "standardized"


def group_of_item(gf: Any) -> np.ndarray:
    """Position of each item's group, (n_items,) int64."""
    sizes = np.diff(gf.offsets)
    return np.repeat(np.arange(len(sizes)), sizes)


def rescaled(gf: Any, scale: str) -> Any:
    """The grouped fit with theta and standard errors on another scale.

    Parameters
    ----------
    gf : GroupedFit
    scale : {"logit", "probit", "erf", "elo"}
        See `venire.scales`. On the scale of Elo theta has mean 1000 in each group.

    Returns
    -------
    GroupedFit
        A new object; nothing else changes, nan stays nan.

    Raises
    ------
    ValueError
        If `scale` is none of these, or the fit was standardized: that has no way back.

    Notes
    -----
    O(n_items), beside the standard errors, which are computed if they were not yet.
    """
    checks.one_of(scale, "scale", scales.SCALES)
    if gf.scale == STANDARDIZED:
        checks.fail("scale", "a standardized fit is on no scale: rescale the fit itself")
    theta = scales.convert(gf.theta, gf.scale, scale)
    return _replaced(
        gf, theta, scale, lambda x: scales.convert(x, gf.scale, scale, difference=True)
    )


def standardized(gf: Any) -> Any:
    """The grouped fit with theta of mean 0 and standard deviation 1 in each group.

    It assumes that all groups have the same mean and the same spread of true strengths: see
    docs/calibration.md.

    Parameters
    ----------
    gf : GroupedFit

    Returns
    -------
    GroupedFit
        A new object of scale "standardized": (theta - mean) / sd per group, with the sd of the
        group's items themselves (divisor n); standard errors are divided by the same sd. A group of
        one item, or of equal ones, gets theta 0 and, there being no spread to measure in, errors
        nan. nan stays nan, and is left out of mean and sd.

    Notes
    -----
    O(n_items), beside the standard errors, which are computed if they were not yet.
    """
    n = len(gf.offsets) - 1
    group = group_of_item(gf)
    known = np.isfinite(gf.theta)
    count = np.bincount(group, known, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(group, np.where(known, gf.theta, 0.0), n) / count
        centred = gf.theta - mean[group]
        sd = np.sqrt(np.bincount(group, np.where(known, centred, 0.0) ** 2, n) / count)
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    filled = np.flatnonzero(np.diff(gf.offsets))  # groups that have items
    if len(filled):
        starts = gf.offsets[filled]
        low[filled] = np.fmin.reduceat(gf.theta, starts)
        high[filled] = np.fmax.reduceat(gf.theta, starts)
    # equal items may have a mean that differs by rounding, and others a square that is nothing
    flat = ~((low < high) & (sd > 0.0))
    unit = np.where(flat, np.nan, sd)[group]
    theta = np.where(known & flat[group], 0.0, centred / unit)
    return _replaced(gf, theta, STANDARDIZED, lambda _: gf.deviation_errors / unit)


def _replaced(gf: Any, theta: np.ndarray, scale: str, converted: Any) -> Any:
    """The fit with another theta, and errors as `converted` makes them."""
    new = dataclasses.replace(gf, theta=theta, scale=scale)
    for name in ("standard_errors", "deviation_errors"):
        errors = converted(getattr(gf, name))
        errors.flags.writeable = False
        new._cache[name] = errors
    return new
