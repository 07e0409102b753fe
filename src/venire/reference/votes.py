"""Rows of votes become a sparse (pair x teacher) table: one cell for each judgment.

All that a consensus needs of a judgment is in its cell: the masses of wins, ties and losses (scaled
by the rows' weights), the number of runs, and the sums of the runs' signed votes P(win) - P(loss)
and of their squares (not scaled: a run is a run).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["VoteCells", "merge_votes", "vote_cells"]


class VoteCells(NamedTuple):
    """Votes, aggregated; cells are sorted by (pair, teacher), pairs by (first, second) or by id.

    Attributes
    ----------
    first, second : ndarray, shape (n_pairs,)
        Positions of each pair's items, first < second; second is 0 where pairs have ids.
    ptr : ndarray of int64, shape (n_pairs + 1,)
        Cells of each pair.
    teacher, win, tie, loss, runs, total, square, swapped_runs, swapped_total : ndarray
        One entry per cell, as the pair's first item sees them.
    """

    first: np.ndarray
    second: np.ndarray
    ptr: np.ndarray
    teacher: np.ndarray
    win: np.ndarray
    tie: np.ndarray
    loss: np.ndarray
    runs: np.ndarray
    total: np.ndarray
    square: np.ndarray
    swapped_runs: np.ndarray
    swapped_total: np.ndarray


def vote_cells(
    first: Any,
    second: Any,
    teacher: Any,
    vote: Any = None,
    probabilities: Any = None,
    *,
    strength: float = 1.0,
    weight: Any = None,
    swapped: Any = None,
) -> VoteCells:
    """Aggregate rows.

    Kernel: csrc/vn_votes_count.c and csrc/vn_votes_sort.c, by `venire.Votes`.

    Parameters
    ----------
    first, second : array_like of int, shape (n,)
        Positions of the items; `second` None: `first` is the pair's id.
    teacher : array_like of int, shape (n,)
    vote : array_like of shape (n,)
        1, 0 or -1, about `first` as written; or
    probabilities : array_like of shape (n, 3)
        of win, tie, loss, worth `strength` votes.
    weight, swapped : array_like of shape (n,), optional

    Returns
    -------
    VoteCells
    """
    first, teacher = np.asarray(first, np.int64), np.asarray(teacher, np.int64)
    n = len(first)
    if second is None:
        flip, low, high = np.zeros(n, bool), first, np.zeros(n, np.int64)
    else:
        second = np.asarray(second, np.int64)
        flip, low, high = first > second, np.minimum(first, second), np.maximum(first, second)
    if probabilities is None:
        vote = np.asarray(vote)
        mass = np.stack([vote == 1, vote == 0, vote == -1], axis=1).astype(np.float64)
        signed = mass[:, 0] - mass[:, 2]
    else:
        given = np.asarray(probabilities, np.float64)
        signed = given[:, 0] - given[:, 2]
        mass = strength * given
    mass[flip] = mass[flip, ::-1]
    signed = np.where(flip, -signed, signed)
    weight = np.ones(n) if weight is None else np.asarray(weight, np.float64)
    shown = np.zeros(n, bool) if swapped is None else np.asarray(swapped, bool) ^ flip
    pairs, pair = np.unique(np.stack([low, high], axis=1), axis=0, return_inverse=True)
    pair = pair.reshape(-1)

    counts = weight > 0
    keys = np.stack([pair, teacher], axis=1)[counts]
    cells, cell = np.unique(keys, axis=0, return_inverse=True)
    cell = cell.reshape(-1)

    def summed(x: np.ndarray) -> np.ndarray:
        return np.bincount(cell, x[counts], minlength=len(cells)).astype(np.float64)

    ptr = np.searchsorted(cells[:, 0], np.arange(len(pairs) + 1))
    win, tie, loss = (summed(weight * mass[:, k]) for k in range(3))
    return VoteCells(
        pairs[:, 0], pairs[:, 1], ptr, cells[:, 1], win, tie, loss,
        summed(np.ones(n)).astype(np.int64), summed(signed), summed(signed**2),
        summed(1.0 * shown).astype(np.int64), summed(np.where(shown, signed, 0.0)),
    )  # fmt: skip


def merge_votes(a: VoteCells, b: VoteCells) -> VoteCells:
    """Both tables together; positions mean the same in both.

    Kernel: csrc/vn_votes_merge.c, by `venire.Votes.append`.
    """
    names = ("win", "tie", "loss", "runs", "total", "square", "swapped_runs", "swapped_total")
    pairs = np.concatenate([np.stack([x.first, x.second], axis=1) for x in (a, b)])
    pairs, place = np.unique(pairs, axis=0, return_inverse=True)
    place = place.reshape(-1)
    own = np.concatenate(
        [np.repeat(np.arange(len(x.first)), np.diff(x.ptr)) + k
         for x, k in ((a, 0), (b, len(a.first)))]
    )  # fmt: skip
    keys = np.stack([place[own], np.concatenate([a.teacher, b.teacher])], axis=1)
    cells, cell = np.unique(keys, axis=0, return_inverse=True)
    sums = [
        np.bincount(
            cell.reshape(-1),
            np.concatenate([getattr(a, name), getattr(b, name)]),
            minlength=len(cells),
        ).astype(getattr(a, name).dtype)
        for name in names
    ]
    ptr = np.searchsorted(cells[:, 0], np.arange(len(pairs) + 1))
    return VoteCells(pairs[:, 0], pairs[:, 1], ptr, cells[:, 1], *sums)
