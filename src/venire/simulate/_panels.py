"""Votes of simulated teachers, with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.votes import Votes
from venire.data.votes.reading import SIGNED
from venire.simulate._teachers import SHARE, shares

__all__ = ["SimulatedVotes", "panel", "votes"]


@dataclass(frozen=True)
class SimulatedVotes:
    """Rows of votes on pairs 0 ... n_pairs - 1.

    Attributes
    ----------
    pair, teacher, vote : ndarray of shape (n,)
        int32, int8 or int16, int8.
    truth : ndarray of float64, shape (n_pairs,)
        Share that first truly deserves: 1 or 0 in a `panel`, the probability of a win in `votes`.
    swapped : ndarray of bool, shape (n,), or None
        Every second run of a `panel` was shown in the other order.
    """

    pair: NDArray[np.int32]
    teacher: NDArray[Any]
    vote: NDArray[np.int8]
    truth: NDArray[np.float64]
    swapped: NDArray[np.bool_] | None = None

    def to_votes(self) -> Votes:
        """The rows as Votes."""
        return Votes.from_pairs(
            self.pair, self.teacher, self.vote, swapped=self.swapped, mapping=SIGNED
        )


def votes(
    n_pairs: int = 1_000_000,
    n_votes: int = 50_000_000,
    n_teachers: int = 8,
    *,
    tie: float = 0.1,
    rng: Any = None,
) -> SimulatedVotes:
    """Votes in random order, a binomial draw each around the pair's own probability of a win.

    Parameters
    ----------
    n_pairs, n_votes, n_teachers : int
    tie : float, default 0.1
        Probability of a tie.
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    SimulatedVotes
        14 bytes a row while they are drawn, 6 afterwards.

    Examples
    --------
    >>> import venire as vn
    >>> vn.simulate.votes(10, 100, 3, rng=1).to_votes().n_votes
    100
    """
    most = 2**31 - 1
    n_pairs = checks.whole(n_pairs, "n_pairs", 1, most)
    n_votes = checks.whole(n_votes, "n_votes", 0, most)
    n_teachers = checks.whole(n_teachers, "n_teachers", 1, 2**15 - 1)
    tie = checks.number(tie, "tie", *SHARE)
    generator = checks.rng(rng)
    truth = generator.beta(2.0, 2.0, n_pairs)
    pair = generator.integers(0, n_pairs, n_votes, dtype=np.int32)
    small = np.int8 if n_teachers <= 127 else np.int16
    teacher = generator.integers(0, n_teachers, n_votes).astype(small)
    vote = np.empty(n_votes, np.int8)
    for start in range(0, n_votes, 1 << 20):
        rows = slice(start, start + (1 << 20))
        win = generator.random(len(vote[rows])) < truth[pair[rows]]
        vote[rows] = np.where(win, 1, -1)
        vote[rows][generator.random(len(win)) < tie] = 0
    return SimulatedVotes(pair, teacher, vote, truth)


def panel(
    accuracy: ArrayLike,
    n_pairs: int = 400,
    *,
    runs: int = 2,
    flip: ArrayLike = 0.1,
    rho: float = 0.0,
    clique: ArrayLike | None = None,
    rng: Any = None,
) -> SimulatedVotes:
    """Teachers with opinions, asked several times.

    A teacher's opinion on a pair is right with probability `accuracy`. It is drawn from a number
    that with probability sqrt(rho) is common to the teacher's clique, so that opinions correlate.
    Each run turns the opinion around with probability `flip`.

    Parameters
    ----------
    accuracy : array_like of shape (n_teachers,)
        Probability of a right opinion.
    n_pairs : int, default 400
    runs : int, default 2
        Votes of each teacher on each pair.
    flip : float or array_like of shape (n_teachers,), default 0.1
    rho : float, default 0
        Correlation of opinions within a clique, between teachers of equal accuracy.
    clique : array_like of int, shape (n_teachers,), optional
        Who shares. Default: all are one clique. -1: shares with nobody.
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    SimulatedVotes

    Examples
    --------
    >>> import venire as vn
    >>> rows = vn.simulate.panel([0.9, 0.8, 0.7], 50, rng=1)
    >>> rows.to_votes()
    Votes(n_pairs=50, n_teachers=3, n_votes=300)
    """
    n, accuracy, clique = checks.columns(accuracy=accuracy, clique=clique)
    right, turn = shares(accuracy, n, "accuracy"), shares(flip, n, "flip")
    n_pairs = checks.whole(n_pairs, "n_pairs", 1, 2**31 - 1)
    runs = checks.whole(runs, "runs", 1, 2**15 - 1)
    rho = checks.number(rho, "rho", *SHARE)
    own = np.zeros(n, np.int64)
    if clique is not None:
        given = checks.rows(checks.integers(clique, "clique"), n, "clique")
        inside = (given >= -1) & (given < n)
        checks.every(inside, "clique", f"must be from -1 to {n - 1}", given)
        own += given.astype(np.int64)
    generator = checks.rng(rng)
    truth = generator.integers(0, 2, n_pairs)
    common = generator.random((n_pairs, int(own.max()) + 1 if own.max() >= 0 else 1))
    u = generator.random((n_pairs, n))
    alike = (generator.random((n_pairs, n)) < np.sqrt(rho)) & (own >= 0)
    u = np.where(alike, common[:, np.maximum(own, 0)], u)
    opinion = np.where(u < right, 2 * truth[:, None] - 1, 1 - 2 * truth[:, None])
    turned = generator.random((n_pairs, n, runs)) < turn[:, None]
    vote = np.where(turned, -opinion[:, :, None], opinion[:, :, None]).astype(np.int8)
    pair, teacher, run = np.indices(vote.shape).reshape(3, -1)
    return SimulatedVotes(
        pair.astype(np.int32),
        teacher.astype(np.int16),
        vote.ravel(),
        truth.astype(np.float64),
        run % 2 == 1,
    )
