"""The ratings as a table of columns, and ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from venire.ratings._errors import layout_of

if TYPE_CHECKING:
    from venire.ratings.fit import Fit

__all__ = ["rank_within", "ratings_columns"]


def ratings_columns(fit: Fit, level: float, kind: str, errors: bool) -> dict[str, np.ndarray]:
    """Columns of the table of ratings, one row per item in the order of the items."""
    columns: dict[str, np.ndarray] = {"item": fit.items, "theta": fit.theta}
    if errors:
        error = fit.standard_errors(kind)
        interval = fit.interval(level, kind)
        columns |= {"standard_error": error, "lower": interval[:, 0], "upper": interval[:, 1]}
    columns |= {
        "rank": fit.ranks(),
        "n_comparisons": layout_of(fit).games,
        "component": np.asarray(fit.component),
    }
    return columns


def rank_within(theta: np.ndarray, group: np.ndarray | None) -> np.ndarray:
    """Competition ranks, 1 for the largest; by itself in each group if groups are given."""
    n = len(theta)
    if group is None:
        group = np.zeros(n, np.int64)
    order = np.lexsort((-theta, group))
    values, groups = theta[order], group[order]
    place = np.arange(n)
    new_group = np.ones(n, bool)
    new_group[1:] = groups[1:] != groups[:-1]
    new_value = new_group.copy()
    new_value[1:] |= values[1:] != values[:-1]
    start = np.maximum.accumulate(np.where(new_group, place, 0))
    first_equal = np.maximum.accumulate(np.where(new_value, place, 0))
    ranks = np.empty(n, np.int64)
    ranks[order] = first_equal - start + 1
    return ranks
