"""The kernels of `venire.reference.allocation` as the package calls them."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire.allocation._inputs import masses
from venire.grouped_comparisons import GroupedComparisons
from venire.reference import allocation as reference

__all__ = ["held_out_losses", "pick"]


def held_out_losses(
    c: GroupedComparisons, held: np.ndarray, mean: np.ndarray, precision: float, n_threads: int
) -> np.ndarray:
    """Losses of the held-out cells by group."""
    win, loss = masses(c)
    return reference.held_out_losses(
        c.offsets, c.cell_offsets, c.first, c.second, win, loss, held, mean, precision
    )


def pick(
    c: GroupedComparisons, asks: Any, n_pending: np.ndarray, n_picks: np.ndarray, prior: Any,
    *, progress: Any, n_threads: int, **options: Any,
) -> Any:  # fmt: skip
    """Picks of all groups: (first, second, gain), group by group."""
    win, loss = masses(c)
    picks = reference.allocate_groups(
        c.offsets, c.cell_offsets, c.first, c.second, win, loss, prior.mean, prior.precision,
        asks, n_pending, np.concatenate([[0], np.cumsum(n_picks)]), **options,
    )  # fmt: skip
    if progress is not None:
        progress(len(c), len(c))
    return picks
