"""The teachers' weights as other votes than all would make them: for errors, and for replicates.

Weights that were learned from the votes err with them. They are a function of sums over judgments:
each cluster of pairs has its part of those, and what is left out, or drawn twice, is these parts
added up anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venire.panel._board import Board, gains
from venire.panel.reliability import FEWEST_TEACHERS, FLOOR, agreed, log_odds

__all__ = ["MOST_PARTS", "Sums", "Weighing", "fixed", "gained", "relied"]

MOST_PARTS = 20_000_000  # numbers in the sums of all clusters
GOLD_COUNTS = 10.0  # of a vote on a pair with gold; as in csrc/vn_pool.c

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Weighing:
    """How the teachers' weights follow from clusters of pairs.

    Attributes
    ----------
    weight : ndarray of float64, shape (n_teachers,)
        Of all of them.
    parts : tuple of ndarray of float64, shape (n_clusters, n_teachers)
        Sums over the judgments of each cluster; none where weights do not depend on votes.
    rule : callable
        Weights, (..., n_teachers), of such sums, each (..., n_teachers).
    """

    weight: Floats
    parts: tuple[Floats, ...] = ()
    rule: Callable[..., Floats] | None = None

    @property
    def varies(self) -> bool:
        """Whether weights depend on votes."""
        return self.rule is not None

    def without(self, clusters: slice) -> Floats:
        """Weights without each of some clusters, less `weight`, (n, n_teachers)."""
        if self.rule is None:
            raise ValueError("the weights do not depend on votes")
        rest = (x.sum(axis=0) - x[clusters] for x in self.parts)
        return self.rule(*rest) - self.weight

    def drawn(self, counts: Floats) -> Floats:
        """Weights where clusters count so often each, (k, n_clusters), less `weight`."""
        if self.rule is None:
            raise ValueError("the weights do not depend on votes")
        return self.rule(*(counts @ x for x in self.parts)) - self.weight


class Sums:
    """Sums over the judgments of each (cluster, teacher)."""

    def __init__(self, board: Board, cluster: NDArray[np.int64], n_clusters: int) -> None:
        votes = board.votes
        self.shape = n_clusters, votes.n_teachers
        self.key = cluster[votes.pair] * np.int64(votes.n_teachers) + votes.teacher

    def __call__(self, x: Floats, where: NDArray[np.int64] | None = None) -> Floats:
        key = self.key if where is None else self.key[where]
        total = np.bincount(key, x, self.shape[0] * self.shape[1])
        return total.astype(np.float64, copy=False).reshape(self.shape)


def fixed(board: Board, known: Floats | None, sums: Sums) -> Weighing:
    """Weights that do not depend on votes."""
    return Weighing(np.ones(board.votes.n_teachers))


def gained(board: Board, known: Floats | None, sums: Sums) -> Weighing:
    """Weights of self-consistency; whether it is used at all stays as all votes have it."""
    gain = board.consistency.gain
    if (gain == 1.0).all():
        return Weighing(gain)
    votes = board.votes
    where = np.flatnonzero((votes.runs >= 2) & (votes.square > 0.0))
    runs, square = votes.runs[where].astype(np.float64), votes.square[where]
    agree = (votes.total[where] ** 2 - square) / (runs * (runs - 1.0))
    parts = tuple(sums(x, where) for x in (agree, square / runs, np.ones(len(where))))
    return Weighing(gain, parts, lambda *own: gains(*own)[2])


def relied(board: Board, known: Floats | None, sums: Sums) -> Weighing:
    """Weights of one round of reliability; what the others say, by the weights of all votes."""
    gain = gained(board, known, sums)
    if board.votes.n_teachers < FEWEST_TEACHERS:
        return gain
    parts = tuple(sums(x) for x in _vouched(board, known))

    def rule(size: Floats, match: Floats, *own: Floats) -> Floats:
        worth = log_odds(*agreed(size, match), FLOOR)
        return worth * (gain.weight if gain.rule is None else gain.rule(*own))

    whole = (x.sum(axis=0) for x in (*parts, *gain.parts))
    return Weighing(rule(*whole), (*parts, *gain.parts), rule)


def _vouched(board: Board, known: Floats | None) -> tuple[Floats, Floats]:
    """|s| and s (2c - 1) of each judgment, c what the others on its pair say."""
    votes, s, pair = board.votes, board.s, board.votes.pair
    e = board.consistency.gain[votes.teacher]
    total, signed, square = (np.bincount(pair, x, votes.n_pairs) for x in (e, e * s, e * e))
    checked = np.diff(votes.pair_ptr)[pair] > 1
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (signed[pair] - e * s) / (total[pair] - e)
        more = np.maximum(total**2 / square - 1.0, 0.0)[pair]
    d = np.where(checked, mean * more / (1.0 + more), 0.0)
    counts = checked.astype(np.float64)
    if known is not None:
        truth = known[pair]
        told = ~np.isnan(truth)
        d, counts = np.where(told, 2.0 * truth - 1.0, d), np.where(told, GOLD_COUNTS, counts)
    size = np.abs(s) * counts
    return size, s * d * counts
