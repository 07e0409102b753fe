"""The correlation of the teachers' errors without gold: an estimate, and called one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from venire.panel._board import Board

__all__ = ["FEWEST_FOR_RHO", "estimated_rho", "mean_of"]

FEWEST_FOR_RHO = 5  # teachers
BASE, OF_ERRORS, OF_VOTES = 0.1, 0.7, 0.3  # from 39 sets of votes with gold
NOTHING = 1e-12  # mean square of errors that are rounding
_BLOCK = 4096  # pairs at a time

Floats = NDArray[np.float64]


def estimated_rho(board: Board, mean: Floats, most_pairs: int | None = None) -> float:
    """clip(0.1 + 0.7 r + 0.3 A, 0, 1); NaN where nothing was judged by two.

    r is the mean correlation of the teachers' residuals around the side that the panel takes, A
    that of their votes, both off the diagonal and weighted by the pairs in common.

    Parameters
    ----------
    board : Board
    mean : ndarray of float64, shape (n_pairs,)
        Signed shares of method "reliability".
    most_pairs : int, optional
        Of so many, evenly spaced: for a glance.

    Notes
    -----
    O(n_pairs * n_teachers²) in products of matrices.
    """
    n_pairs = board.votes.n_pairs
    pairs = np.arange(n_pairs)
    if most_pairs is not None and n_pairs > most_pairs:
        pairs = np.linspace(0, n_pairs - 1, most_pairs).astype(np.int64)
    side = np.sign(mean)
    n = board.votes.n_teachers
    with_side, size = np.zeros(n), np.zeros(n)
    for k, s, voted in _blocks(board, pairs):
        with_side += s.T @ side[k]
        size += voted.T @ np.abs(side[k])
    slope = np.clip(with_side / np.maximum(size, 1.0), -1.0, 1.0)
    products = np.zeros((4, n, n))  # of residuals and of votes: with each other, of squares
    common = np.zeros((n, n))
    for k, s, voted in _blocks(board, pairs):
        residual = s - side[k, None] * slope * voted
        for at, x in ((0, residual), (2, s)):
            products[at] += x.T @ x
            products[at + 1] += (x * x).T @ voted
        common += voted.T @ voted
    r, a = (mean_of(_ratio(products[at], products[at + 1], common), common) for at in (0, 2))
    return float(np.clip(BASE + OF_ERRORS * r + OF_VOTES * a, 0.0, 1.0))


def _blocks(
    board: Board, pairs: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], Floats, Floats]]:
    """Some pairs, their signed votes (n, n_teachers), 0 where absent, and 1 where there is one."""
    votes, ptr = board.votes, board.votes.pair_ptr
    for begin in range(0, len(pairs), _BLOCK):
        k = pairs[begin : begin + _BLOCK]
        size = ptr[k + 1] - ptr[k]
        row = np.repeat(np.arange(len(k)), size)
        start = np.cumsum(size) - size
        cell = np.repeat(ptr[k] - start, size) + np.arange(int(size.sum()))
        s = np.zeros((len(k), votes.n_teachers))
        voted = np.zeros_like(s)
        s[row, votes.teacher[cell]] = board.s[cell]
        voted[row, votes.teacher[cell]] = 1.0
        yield k, s, voted


def _ratio(product: Floats, square: Floats, common: Floats) -> Floats:
    norm = np.sqrt(square * square.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(norm > NOTHING * common, product / norm, np.nan)


def mean_of(r: Floats, common: Floats) -> float:
    """Mean off the diagonal, weighted by the pairs in common; NaN where nothing is known."""
    off = ~np.eye(len(r), dtype=bool) & ~np.isnan(r)
    weight = common[off].sum()
    return float((r[off] * common[off]).sum() / weight) if weight > 0 else float("nan")
