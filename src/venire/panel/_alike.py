"""Teachers who err almost alike, where enough joint errors say so."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.intervals import wilson
from venire.panel._board import Board

__all__ = ["Alike", "nearly_alike"]

ALIKE = 0.8  # correlation of errors
TOGETHER = 0.5  # share of their errors that two make together, its interval above it
LEVEL = 0.95  # of the intervals of all pairs of teachers at once
MOST_LOOKS = 1000  # pairs of teachers
NOTHING = 1e-9  # a sum of signed votes that is rounding

Floats = NDArray[np.float64]


class Alike(NamedTuple):
    """Two teachers: positions, the one with more judgments first, and pairs on which they err."""

    keep: int
    other: int
    both: int
    either: int


def nearly_alike(board: Board, r: Floats, truth: Floats | None) -> list[Alike]:
    """Pairs of teachers whose errors correlate above 0.8 and who mostly err together.

    Correlated residuals are no joint errors: two workers who always agree with the panel have the
    same residuals. So of the pairs on which at least one of them takes the wrong side, the share on
    which both do must be above one half, interval and all; the interval is at 95 % for all pairs of
    teachers together (Bonferroni). Without gold the wrong side is the one that the mean of equal
    votes does not take in which the two count as one: a pool follows two who speak with one voice.

    Parameters
    ----------
    board : Board
    r : ndarray of float64, shape (n_teachers, n_teachers)
        Correlations of errors; NaN where nothing is known.
    truth : ndarray of float64, shape (n_pairs,), or None
        Gold as a signed share, NaN where it is not known.

    Returns
    -------
    list of Alike
        Those that make most errors together first.
    """
    with np.errstate(invalid="ignore"):
        a, b = np.nonzero(np.triu(r > ALIKE, 1))
    if len(a) > MOST_LOOKS:
        first = np.argsort(-r[a, b], kind="stable")[:MOST_LOOKS]
        a, b = a[first], b[first]
    if not len(a):
        return []
    seen = _Seen.of(board, truth)
    looks = [seen.errors(i, j) for i, j in zip(a.tolist(), b.tolist(), strict=True)]
    n_teachers = board.votes.n_teachers
    both, either = np.array(looks, np.float64).T
    level = 1.0 - (1.0 - LEVEL) / max(n_teachers * (n_teachers - 1) / 2, 1.0)
    lower = np.nan_to_num(wilson(both, either, level)[0])
    judged = np.bincount(board.votes.teacher, minlength=n_teachers)
    found = [
        Alike(*((i, j) if judged[i] >= judged[j] else (j, i)), *looks[k])
        for k, (i, j) in enumerate(zip(a.tolist(), b.tolist(), strict=True))
        if lower[k] > TOGETHER
    ]
    return sorted(found, key=lambda one: -one.both)


class _Seen(NamedTuple):
    """The judgments by teacher, and what the pool of each pair says, or gold."""

    board: Board
    order: NDArray[np.int64]  # cells, sorted by teacher
    start: NDArray[np.int64]  # of each teacher's
    signed: Floats  # of each pair: sum of the signed votes
    truth: Floats | None

    @classmethod
    def of(cls, board: Board, truth: Floats | None) -> _Seen:
        votes = board.votes
        order = np.argsort(votes.teacher, kind="stable")
        start = np.searchsorted(votes.teacher[order], np.arange(votes.n_teachers + 1))
        signed = np.bincount(votes.pair, board.s, votes.n_pairs).astype(np.float64)
        return cls(board, order, start, signed, truth)

    def errors(self, i: int, j: int) -> tuple[int, int]:
        """Pairs on which both of two teachers err, and on which at least one does."""
        pairs, s = self.board.votes.pair, self.board.s
        at = [self.order[self.start[t] : self.start[t + 1]] for t in (i, j)]
        pair, *own = np.intersect1d(pairs[at[0]], pairs[at[1]], True, return_indices=True)
        cells = [where[k] for where, k in zip(at, own, strict=True)]
        if self.truth is None:
            mean = self.signed[pair] - 0.5 * (s[cells[0]] + s[cells[1]])
            side = np.where(np.abs(mean) > NOTHING, np.sign(mean), 0.0)
        else:
            side = np.nan_to_num(np.sign(self.truth[pair]))
        one, other = (s[c] * side < 0 for c in cells)
        return int((one & other).sum()), int((one | other).sum())
