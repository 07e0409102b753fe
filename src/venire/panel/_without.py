"""The teachers' weights as they would be without some of the pairs: for errors by clusters.

Weights that were learned from the votes err with them. How far, the weights say that are found when
one cluster of pairs is left out; sums over judgments less those of the cluster, so that all
clusters cost about two passes over the judgments.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.panel._board import Board, gains
from venire.panel.reliability import FEWEST_TEACHERS, FLOOR, agreed, log_odds

__all__ = ["Sums", "Without", "fixed", "gained", "relied"]

GOLD_COUNTS = 10.0  # of a vote on a pair with gold; as in csrc/vn_pool.c

Floats = NDArray[np.float64]


class Without(NamedTuple):
    """Weights of the teachers' votes, and how they change.

    Attributes
    ----------
    weight : ndarray of float64, shape (n_teachers,)
    change : ndarray of float64, shape (n_clusters, n_teachers)
        The weight without a cluster less `weight`.
    """

    weight: Floats
    change: Floats


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


def fixed(board: Board, known: Floats | None, sums: Sums) -> Without:
    """Weights that do not depend on votes."""
    return Without(np.ones(board.votes.n_teachers), np.zeros(sums.shape))


def gained(board: Board, known: Floats | None, sums: Sums) -> Without:
    """Weights of self-consistency; whether it is used at all stays as all votes have it."""
    gain = board.consistency.gain
    if (gain == 1.0).all():
        return Without(gain, np.zeros(sums.shape))
    votes = board.votes
    where = np.flatnonzero((votes.runs >= 2) & (votes.square > 0.0))
    runs, square = votes.runs[where].astype(np.float64), votes.square[where]
    agree = (votes.total[where] ** 2 - square) / (runs * (runs - 1.0))
    parts = (sums(x, where) for x in (agree, square / runs, np.ones(len(where))))
    return Without(gain, gains(*(x.sum(axis=0) - x for x in parts))[2] - gain)


def relied(board: Board, known: Floats | None, sums: Sums) -> Without:
    """Weights of one round of reliability; what the others say, by the weights of all votes."""
    gain = gained(board, known, sums)
    if board.votes.n_teachers < FEWEST_TEACHERS:
        return gain
    size, match = (sums(x) for x in _vouched(board, known))
    whole = size.sum(axis=0), match.sum(axis=0)
    worth = log_odds(*agreed(*whole), FLOOR)
    rest = log_odds(*agreed(whole[0] - size, whole[1] - match), FLOOR)
    weight = worth * gain.weight
    return Without(weight, rest * (gain.weight + gain.change) - weight)


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
