"""A panel at work: signed votes of its judgments, each teacher's consistency with itself."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import n_threads as _n_threads
from venire.data.votes import Votes

__all__ = ["Board", "Consistency", "board_of", "consistency", "gains"]

ENOUGH_REPEATS = 30  # judgments with repeats, over all teachers
GAIN_POWER = 1.5
LEAST = 0.01  # self-consistency


class Consistency(NamedTuple):
    """Self-consistency: how often repeated runs of one judgment agree.

    Attributes
    ----------
    kappa : ndarray of float64, shape (n_teachers,)
        Intra-class correlation, shrunken to the panel's; NaN where nobody repeated a judgment.
    pooled : float
        Of the whole panel.
    repeats : ndarray of int64, shape (n_teachers,)
        Judgments that were repeated, ties apart.
    gain : ndarray of float64, shape (n_teachers,)
        Factor of the teacher's weight: kappa**1.5, or 1 for all with fewer than 30 repeats.
    """

    kappa: NDArray[np.float64]
    pooled: float
    repeats: NDArray[np.int64]
    gain: NDArray[np.float64]


class Board(NamedTuple):
    """What every method starts from."""

    votes: Votes
    panel: Any  # venire._native.pool.Panel
    s: NDArray[np.float64]  # signed vote of each cell
    counts: NDArray[Any]  # record array, one per teacher
    consistency: Consistency


def consistency(
    agree: NDArray[np.float64], whole: NDArray[np.float64], repeats: NDArray[np.int64]
) -> Consistency:
    """Self-consistency from each teacher's sums over its repeated judgments.

    Parameters
    ----------
    agree, whole : ndarray of float64, shape (n_teachers,)
        Sums of [(sum s)² - sum s²] / (R (R - 1)) and of sum s² / R, s over the R runs.
    repeats : ndarray of int64, shape (n_teachers,)
        Their number.
    """
    if not repeats.sum():
        unknown = np.full(len(agree), np.nan)
        return Consistency(unknown, float("nan"), repeats, np.ones(len(agree)))
    kappa, pooled, gain = gains(agree, whole, repeats)
    enough = repeats.sum() >= ENOUGH_REPEATS
    return Consistency(kappa, float(pooled[0]), repeats, gain if enough else np.ones(len(agree)))


def gains(
    agree: NDArray[np.float64], whole: NDArray[np.float64], repeats: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """kappa, that of the panel, and gain, from sums along the last axis; see `consistency`."""
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = np.clip(agree.sum(-1, keepdims=True) / whole.sum(-1, keepdims=True), LEAST, 1.0)
        own = np.where(repeats > 0, agree / whole, 0.0)
    kappa = np.clip((repeats * own + 2.0 * pooled) / (repeats + 2.0), LEAST, 1.0)
    return kappa, pooled, kappa**GAIN_POWER


def board_of(votes: Votes, n_threads: int | None) -> Board:
    """One pass over the cells."""
    from venire._native.pool import Panel, signed_votes

    threads = _n_threads(n_threads)
    table = votes.table
    s, counts = signed_votes(
        table.ptr, table.columns, votes.n_teachers, threads if len(votes.teacher) >= 1 << 15 else 1
    )
    panel = Panel(table.ptr, votes.teacher, s, votes.n_teachers, threads)
    columns = (np.ascontiguousarray(counts[name]) for name in ("agree", "whole", "repeated"))
    return Board(votes, panel, s, counts, consistency(*columns))
