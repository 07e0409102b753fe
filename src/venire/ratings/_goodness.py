"""What a fit is measured against: the saturated model, the null model, the variance expected."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from venire.ratings._information import row_scores

if TYPE_CHECKING:
    from venire.ratings._information import Layout
    from venire.ratings.fit import Fit

__all__ = ["dispersion", "errors_note", "null_log_likelihood", "saturated_log_likelihood"]

TOO_WIDE = 1.1  # from here on it is said
ENOUGH = 30.0  # comparisons more than parameters; of fewer the dispersion is mostly chance


def saturated_log_likelihood(layout: Layout) -> float:
    """Log-likelihood when every cell (pair, order, covariates) has outcome shares of its own."""
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


def dispersion(fit: Fit) -> float:
    """`Fit.dispersion`."""
    layout = fit._information.layout
    free = _free(layout)
    if not free > 0.0:
        return math.nan
    seen = float(np.sum(row_scores(fit, layout)[0]))
    return seen / float(np.sum(fit._information.curvature[0])) * layout.weight / free


def _free(layout: Layout) -> float:
    """Comparisons less parameters."""
    return float(layout.weight - (layout.n - len(layout.sizes) + layout.m))


def errors_note(fit: Fit, errors: str) -> str:
    """`Fit.errors_note`."""
    layout = fit._information.layout
    if errors != "fisher" or layout.has_tie_outcome or _free(layout) < ENOUGH:
        return ""
    between = layout.win + layout.tie / 2.0 - layout.square  # sum of w s (1 - s)
    share = 4.0 * float(np.sum(between)) / layout.weight
    wide = fit.dispersion**-0.5 if share > 0.0 and fit.dispersion > 0.0 else 1.0
    if not wide >= TOO_WIDE:
        return ""
    return (
        f"SE are about {wide:.2f} times too wide: outcomes between win and loss, as much as "
        f"{100 * share:.0f} % ties, vary less than wins and losses; robust errors allow for it"
    )


def _masses(layout: Layout) -> np.ndarray:
    """Outcome masses per cell: win, loss and, in the tie models, tie."""
    if layout.has_tie_outcome:
        return np.stack([layout.win, layout.loss, layout.tie])
    return np.stack([layout.win + layout.tie / 2.0, layout.loss + layout.tie / 2.0])


def _cells(layout: Layout) -> np.ndarray | None:
    """Which of these each stored cell belongs to; None if they are one and the same."""
    if layout.cluster is None and not layout.has_dates:
        return None
    pair = layout.first.astype(np.int64) * layout.n + layout.second
    cell = np.unique(pair * 3 + layout.order, return_inverse=True)[1]
    for x in () if layout.covariates is None else layout.covariates.T:
        value, code = np.unique(x, return_inverse=True)
        cell = np.unique(cell * len(value) + code, return_inverse=True)[1]
    return cell
