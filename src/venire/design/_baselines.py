"""Named baselines: new cycles, and the student's residuals."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire.data.grouped_comparisons import GroupedComparisons
from venire.design._asks import Asks
from venire.priors import GaussianPrior
from venire.ratings.grouped import fit_groups

__all__ = ["new_cycles", "residuals"]


def new_cycles(
    n_items: np.ndarray, shares: np.ndarray, asks: Asks, generator: np.random.Generator,
    n_threads: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Asks along Hamiltonian cycles of pairs not yet asked; the last cycle is cut to the budget.

    Groups that need the same number of cycles are designed together.
    """
    from venire.design._pairs import design_pairs

    offsets = np.concatenate([[0], np.cumsum(shares)]).astype(np.int64)
    first, second = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int32)
    degree = np.minimum(2 * -(-shares // np.maximum(n_items, 1)), n_items - 1)
    ask_group = asks.group
    for d in np.unique(degree[shares > 0]).tolist():
        groups = np.flatnonzero((degree == d) & (shares > 0))
        place = np.full(len(shares), -1)
        place[groups] = np.arange(len(groups))
        mine = place[ask_group] >= 0
        used = (place[ask_group[mine]], asks.first[mine], asks.second[mine])
        design = design_pairs(n_items[groups], d, used=used, rng=generator, n_threads=n_threads)
        for at, k in enumerate(groups.tolist()):
            into = slice(offsets[k], offsets[k + 1])
            taken = slice(design.offsets[at], design.offsets[at] + shares[k])
            first[into], second[into] = design.first[taken], design.second[taken]
    return first, second


def residuals(
    c: GroupedComparisons, prediction: np.ndarray, corrected: bool, n_threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """The student's residuals by item, and what their squares owe to the votes' noise.

    The residual is the prediction less theta of the fit under GaussianPrior(0.1); the noise is its
    squared standard error, 0 unless `corrected`.
    """
    fit = fit_groups(c, prior=GaussianPrior(0.1), n_threads=n_threads)
    noise: Any = fit.standard_errors() ** 2 if corrected else np.zeros(c.n_items)
    return prediction - fit.theta, np.nan_to_num(noise)
