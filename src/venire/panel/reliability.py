"""What a vote is worth, from how often its teacher agrees: Beta(4, 2) before any is seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST_TEACHERS", "FLOOR", "agreed", "log_odds"]

PRIOR_AGREE, PRIOR_DISAGREE = 4.0, 2.0
FLOOR = 1e-6  # of a weight from reliability
FEWEST_TEACHERS = 3  # from which on reliabilities are identifiable

Floats = NDArray[np.float64]


def agreed(size: Floats, match: Floats) -> tuple[Floats, Floats]:
    """Beta(a, b) of each teacher's agreement.

    Parameters
    ----------
    size, match : ndarray of float64, shape (n_teachers,)
        Sums over its judgments of |s|, and of s times the signed share that the others say, s the
        signed vote.
    """
    return PRIOR_AGREE + 0.5 * (size + match), PRIOR_DISAGREE + 0.5 * (size - match)


def log_odds(agree: Floats, disagree: Floats, least: float) -> Floats:
    """Expected log-odds of agreeing; a teacher below chance is dropped to `least`, not inverted."""
    from scipy.special import digamma

    return np.maximum(digamma(agree) - digamma(disagree), least)
