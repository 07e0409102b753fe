"""The ways to weigh the votes: from a board to a pool of each pair.

All arithmetic is in signed votes s and signed shares d = 2q - 1, so that exchanging first and
second of any pairs changes signs and nothing else, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.panel._board import Board
from venire.panel._weighing import Sums, Weighing, fixed, gained, relied
from venire.panel.reliability import FEWEST_TEACHERS, FLOOR, agreed, log_odds

__all__ = [
    "METHODS",
    "Method",
    "Pool",
    "correlation",
    "errors",
    "reliability",
    "uniform",
    "weighed",
]

TOLERANCE = 1e-6
MAX_ROUNDS = 200
REFITS = 30  # rounds in which the correlation is estimated anew
MOST_TEACHERS = 500  # of `correlated`
NOTHING = 1e-12  # mean square of errors that are rounding
_BLOCK = 1 << 15  # judgments at a time
SHRINK = 10.0  # pairs in common that a correlation is shrunken by

Floats = NDArray[np.float64]


class Pool(NamedTuple):
    """The pooled votes of every pair, and how they were weighed."""

    mean: Floats  # signed share of each pair: sum e s / sum e
    n_eff: Floats
    total: Floats  # sum e
    share: Floats  # of each teacher in the weight, summed over pairs
    weight: Floats  # e of each teacher; with cell_weight, without the part that varies by pair
    cell_weight: Floats | None
    agree: Floats  # Beta(agree, disagree): reliability of each teacher
    disagree: Floats
    n_rounds: int = 0
    converged: bool = True
    correlation: Floats | None = None

    @property
    def d(self) -> Floats:
        """2q - 1 of each pair, q the mean of the pool's Beta: prior Beta(1/2, 1/2)."""
        return self.n_eff / (1.0 + self.n_eff) * self.mean


def weighed(board: Board, weight: Floats, gold: Floats | None = None) -> Pool:
    """A pool with given weights of teachers, and the agreement that goes with it."""
    total, mean, n_eff, share = board.panel.pool(weight)
    agree, disagree = agreed(*board.panel.vouch(weight, gold=gold))
    return Pool(mean, n_eff, total, share, weight, None, agree, disagree)


def uniform(board: Board, *_: object) -> Pool:
    """Equal weights."""
    return weighed(board, np.ones(board.votes.n_teachers))


def precision(board: Board, gold: Floats | None = None, *_: object) -> Pool:
    """Weights by self-consistency."""
    return weighed(board, board.consistency.gain, gold)


def variance(board: Board, *_: object) -> Pool:
    """The inverse variance of each judgment's own posterior Beta(1/2 + w + z/2, 1/2 + l + z/2)."""
    votes = board.votes
    c = votes.table.columns
    weight = np.empty(len(votes.teacher))
    for start in range(0, len(weight), _BLOCK):  # no temporary as long as all judgments
        part = slice(start, start + _BLOCK)
        half = 0.5 + 0.5 * c["tie"][part]
        a, b = c["win"][part] + half, c["loss"][part] + half
        weight[part] = (a + b) ** 2 * (a + b + 1.0) / (a * b)
    total, mean, n_eff, share = board.panel.pool(weight, True)
    agree, disagree = agreed(*board.panel.vouch(weight, True))
    ones = np.ones(votes.n_teachers)
    return Pool(mean, n_eff, total, share, ones, weight, agree, disagree)


def reliability(
    board: Board, gold: Floats | None = None, max_rounds: int = 1, tolerance: float = 0.0
) -> Pool:
    """Weights by self-consistency and by agreement with what the others say.

    `tolerance` > 0: until no q moves by as much, at most `max_rounds` rounds.
    """
    gain = board.consistency.gain
    if board.votes.n_teachers < FEWEST_TEACHERS:
        return precision(board, gold)
    weight, worth = gain, np.zeros(0)
    old = board.panel.pool(weight) if tolerance > 0.0 else None
    n_rounds, converged = 0, tolerance == 0.0
    while n_rounds < max_rounds and not (converged and tolerance > 0.0):
        agree, disagree = agreed(*board.panel.vouch(weight, gold=gold))
        new = log_odds(agree, disagree, FLOOR)
        worth = new if n_rounds == 0 else 0.5 * (worth + new)
        weight = worth * gain
        n_rounds += 1
        if old is not None:
            pool = board.panel.pool(weight)
            converged = _moved(old, pool) < tolerance
            old = pool
    total, mean, n_eff, share = board.panel.pool(weight) if old is None else old
    return Pool(mean, n_eff, total, share, weight, None, agree, disagree, n_rounds, converged)


def _moved(old: tuple[Floats, ...], new: tuple[Floats, ...]) -> float:
    """Largest change of a q; pools are (total, mean, n_eff, share)."""
    before, after = (n_eff / (1.0 + n_eff) * mean for _, mean, n_eff, _ in (old, new))
    return 0.5 * float(np.max(np.abs(after - before), initial=0.0))


def correlated(board: Board, gold: Floats | None = None, *_: object) -> Pool:
    """Weights by reliability, divided by how much the others on the pair err alike."""
    start = reliability(board, gold, MAX_ROUNDS, TOLERANCE)
    if board.votes.n_teachers < FEWEST_TEACHERS:
        return start
    gain = board.consistency.gain
    worth = start.weight / gain
    agree, disagree = start.agree, start.disagree
    state: tuple[Floats, ...] = (start.total, start.mean, start.n_eff, start.share)
    r = np.zeros((0, 0))
    cell_weight = np.zeros(0)
    converged, n_rounds = False, 0
    while n_rounds < MAX_ROUNDS and not converged:
        if n_rounds < REFITS:
            z = state[2] / (1.0 + state[2]) * state[1]
            new = correlation(board, z, shrink=SHRINK)
            r = new if n_rounds == 0 else 0.5 * (r + new)
        if n_rounds > 0:
            agree, disagree = agreed(
                *board.panel.vouch(cell_weight, True, n_eff=state[2], gold=gold)
            )
            worth = 0.5 * (worth + log_odds(agree, disagree, FLOOR))
        weight = worth * gain
        cell_weight, *pooled = board.panel.pool_correlated(weight, np.ascontiguousarray(r))
        after: tuple[Floats, ...] = tuple(pooled)
        converged = _moved(state, after) < TOLERANCE
        state = after
        n_rounds += 1
    total, mean, n_eff, share = state
    return Pool(
        mean, n_eff, total, share, weight, cell_weight, agree, disagree,
        start.n_rounds + n_rounds, converged and start.converged, r,
    )  # fmt: skip


def correlation(board: Board, z: Floats, shrink: float = 0.0) -> Floats:
    """Correlation of the teachers' errors around z, the signed shares of the pairs.

    Parameters
    ----------
    board : Board
    z : ndarray of float64, shape (n_pairs,)
        NaN: the pair is left out.
    shrink : float
        > 0: for weighing: times N / (N + shrink), N pairs in common; negatives to 0. 0: as it is,
        NaN where there is nothing to tell from.

    Returns
    -------
    ndarray of float64, shape (n_teachers, n_teachers)
    """
    r, common = errors(board, z)
    if shrink > 0.0:
        r = np.maximum(np.nan_to_num(r) * (common / (common + shrink)), 0.0)
    np.fill_diagonal(r, 1.0)
    return r


def errors(board: Board, z: Floats) -> tuple[Floats, Floats]:
    """Correlations of the errors, and the number of pairs in common."""
    n = board.votes.n_teachers
    keep = ~np.isnan(z)
    known = np.where(keep, z, 0.0)[board.votes.pair]
    teacher = board.votes.teacher
    inside = keep[board.votes.pair]
    s = np.where(inside, board.s, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.bincount(teacher, s * known, minlength=n) / np.bincount(
            teacher, known * known, minlength=n
        )
    slope = np.clip(np.nan_to_num(slope), -1.0, 1.0)
    error = np.ascontiguousarray(board.s - slope[teacher] * known)
    product, square, common = board.panel.comoments(error, keep.astype(np.uint8))
    norm = np.sqrt(square * square.T)
    with np.errstate(invalid="ignore", divide="ignore"):  # errors of 0 up to rounding tell nothing
        return np.where(norm > NOTHING * common, product / norm, np.nan), common


class Method(NamedTuple):
    """A way to weigh the votes.

    To add one: a function from a board, gold and the rounds of an iteration to a pool, and a row.
    """

    pool: Callable[[Board, Floats | None, int, float], Pool]
    hears_gold: bool = False  # gold counts as votes of a teacher who is right
    needs_gold: bool = False  # weights are learned from it, starting from the pool
    most_teachers: int | None = None
    has_correlation: bool = False  # in its weights: posteriors need no widening
    weighing: Callable[[Board, Floats | None, Sums], Weighing] | None = None  # of other votes


METHODS: dict[str, Method] = {
    "uniform": Method(uniform, weighing=fixed),
    "variance": Method(variance, weighing=fixed),
    "precision": Method(precision, weighing=gained),
    "reliability": Method(reliability, hears_gold=True, weighing=relied),
    "correlated": Method(
        correlated, hears_gold=True, most_teachers=MOST_TEACHERS, has_correlation=True
    ),
    "stacked": Method(lambda board, *_: reliability(board), needs_gold=True),
}
