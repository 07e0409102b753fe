"""Groups on a scale of their own spread: the method `GroupedFit.standardize`."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core import checks
from venire.ratings._standing import EQUAL

__all__ = ["STANDARDIZED", "anchors", "group_of_item", "standardized"]

STANDARDIZED = "standardized"


def group_of_item(gf: Any) -> np.ndarray:
    """Position of each item's group, (n_items,) int64."""
    sizes = np.diff(gf.offsets)
    return np.repeat(np.arange(len(sizes)), sizes)


def standardized(theta: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Theta with mean 0 and standard deviation 1 in each group, and how many units one was.

    It assumes that all groups have the same mean and the same spread of true strengths (the
    guide to one scale). The sd is that of the group's items themselves (divisor n). A group of one
    item, or of equal ones, gets theta 0 and, there being no spread to measure in, a unit of nan.
    nan stays nan, and is left out of mean and sd. O(n_items).
    """
    n = len(offsets) - 1
    group = np.repeat(np.arange(n), np.diff(offsets))
    known = np.isfinite(theta)
    count = np.bincount(group, known, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(group, np.where(known, theta, 0.0), n) / count
        centred = theta - mean[group]
        sd = np.sqrt(np.bincount(group, np.where(known, centred, 0.0) ** 2, n) / count)
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    filled = np.flatnonzero(np.diff(offsets))  # groups that have items
    if len(filled):
        starts = offsets[filled]
        low[filled] = np.fmin.reduceat(theta, starts)
        high[filled] = np.fmax.reduceat(theta, starts)
    # equal items may differ by what a fit leaves of them, and others have a square that is nothing
    flat = ~((high - low > EQUAL) & (sd > 0.0))
    size = np.where(flat, np.nan, sd)[group]
    return np.where(known & flat[group], 0.0, centred / size), 1.0 / size


def anchors(gf: Any, label: Any, block: np.ndarray) -> np.ndarray:
    """Position of each item's own anchor, the item `label` of its group, (n_items,) int64; -1 where
    the group has none, or `block`, a number for those that compare, says that they do not."""
    single = isinstance(label, (str, int, np.integer)) and not isinstance(label, bool)
    place = np.flatnonzero(gf.items == label) if single else np.empty(0, np.int64)
    if not len(place):
        checks.fail("anchor", "must be the label of an item", value=label)
    group, own = group_of_item(gf), np.full(len(gf.groups), -1)
    own[group[place]] = place
    found = own[group]
    return np.where(block[found] == block, found, -1)
