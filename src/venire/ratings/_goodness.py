"""Log-likelihoods that a fit is measured against: the saturated model and the null model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from venire.ratings._information import Layout

__all__ = ["null_log_likelihood", "saturated_log_likelihood"]


def saturated_log_likelihood(layout: Layout) -> float:
    """Log-likelihood when every cell (pair and order) has outcome shares of its own."""
    masses = _masses(layout)
    cell = _cells(layout)
    if cell is not None:
        masses = np.stack([np.bincount(cell, column) for column in masses])
    total = masses.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = masses / total  # 0 where a mass is nothing beside the total: no term either
        terms = masses * np.log(share)
    return float(np.sum(np.where(share > 0.0, terms, 0.0)))


def null_log_likelihood(layout: Layout) -> float:
    """Log-likelihood with equal strengths and no order effect, the share of ties being fitted."""
    masses = _masses(layout).sum(axis=1)
    total = float(masses.sum())
    if total == 0.0:
        return 0.0
    value = 0.0
    for mass, outcomes in ((float(masses[:2].sum()), 2), (float(masses[2:].sum()), 1)):
        share = mass / total / outcomes
        value += mass * math.log(share) if share > 0.0 else 0.0
    return value


def _masses(layout: Layout) -> np.ndarray:
    """Outcome masses per cell: win, loss and, in the tie models, tie."""
    if layout.has_tie_outcome:
        return np.stack([layout.win, layout.loss, layout.tie])
    return np.stack([layout.win + layout.tie / 2.0, layout.loss + layout.tie / 2.0])


def _cells(layout: Layout) -> np.ndarray | None:
    """Which (pair, order) each stored cell belongs to; None if they are one and the same."""
    if layout.cluster is None:
        return None
    pair = layout.first.astype(np.int64) * layout.n + layout.second
    return np.unique(pair * 3 + layout.order, return_inverse=True)[1]
