"""Votes into judgments, judgments into a consensus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from venire import reference, simulate
from venire.bench import plain
from venire.bench.case import OURS, PLAIN, TWIN, Case, Contender
from venire.data import Votes
from venire.panel import consensus
from venire.simulate import SimulatedVotes

__all__ = [
    "N_PANEL",
    "N_TEACHERS",
    "N_VOTES",
    "SEED",
    "cases",
    "dawid_skene",
    "numpy_counts",
    "numpy_reliability",
    "panel",
]

SEED = 1987
N_TEACHERS = 8
N_VOTES = {"full": 50_000_000, "quick": 500_000}
N_PANEL = {"full": 1_000_000, "quick": 10_000}  # pairs of ten judgments each
MOST_DENSE = 5_000_000  # votes that the twins and the crowd's models take in a minute


def numpy_counts(rows: SimulatedVotes) -> np.ndarray:
    """A key for each row, and bincount."""
    key = rows.pair.astype(np.int64) * N_TEACHERS + rows.teacher
    key *= 3
    key += rows.vote
    key += 1
    return np.bincount(key, minlength=3 * len(rows.truth) * N_TEACHERS)


def panel(n_pairs: int) -> SimulatedVotes:
    """Ten teachers from poor to good, each with one vote on each pair."""
    return simulate.panel(np.linspace(0.6, 0.85, 10), n_pairs, runs=1, rng=SEED)


def numpy_reliability(
    pair: np.ndarray, teacher: np.ndarray, vote: np.ndarray, n_pairs: int
) -> np.ndarray:
    """One round of "reliability" for one vote a judgment, by bincount."""
    from scipy.special import digamma

    n = np.bincount(pair, minlength=n_pairs)
    total = np.bincount(pair, vote, minlength=n_pairs)
    others = np.maximum(n - 1, 1)[pair]
    d = others / (1 + others) * (total[pair] - vote) / others
    size = np.bincount(teacher, np.abs(vote))
    match = np.bincount(teacher, vote * d)
    weight = np.maximum(digamma(4 + (size + match) / 2) - digamma(2 + (size - match) / 2), 1e-6)
    e = weight[teacher]
    s, y = np.bincount(pair, e, minlength=n_pairs), np.bincount(pair, e * vote, minlength=n_pairs)
    n_eff = s * s / np.bincount(pair, e * e, minlength=n_pairs)
    return (1 + n_eff / (1 + n_eff) * y / s) / 2


def dawid_skene(made: SimulatedVotes) -> np.ndarray:
    """Verdicts of Dawid and Skene's model (1979, doi:10.2307/2346806) by crowd-kit."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    frame = pd.DataFrame({"task": made.pair, "worker": made.teacher, "label": made.vote})
    return DawidSkene(n_iter=100).fit_predict(frame).sort_index().to_numpy() > 0


def cases(size: str) -> Iterator[Case]:
    """Counts of votes, and probabilities of pairs."""
    n = N_VOTES[size]
    yield _counts(simulate.votes(n // 50, n, N_TEACHERS, rng=SEED))
    yield _consensus(panel(N_PANEL[size]))


def _counts(rows: SimulatedVotes) -> Case:
    columns = rows.pair, rows.teacher, rows.vote
    n = len(rows.pair)
    slow = "minutes" if n > MOST_DENSE else ""
    lists = [] if slow else [x.tolist() for x in columns]

    def total(v: Any) -> np.ndarray:
        return np.array([np.sum(v.win + v.tie + v.loss)])

    return Case("Votes.from_pairs", n, f"votes of {N_TEACHERS} teachers", (
        Contender(OURS, lambda: Votes.from_pairs(*columns), answer=total),
        Contender(TWIN, lambda: reference.vote_cells(rows.pair, None, rows.teacher, rows.vote),
                  refuses=slow, answer=total),
        Contender("NumPy bincount", lambda: numpy_counts(rows),
                  answer=lambda found: np.array([found.sum()])),
        Contender(PLAIN, lambda: plain.count_votes(*lists), refuses=slow,
                  answer=lambda found: np.array([sum(map(sum, found.values()))])),
    ))  # fmt: skip


def _consensus(made: SimulatedVotes) -> Case:
    votes, n_pairs, n = made.to_votes(), len(made.truth), len(made.pair)
    columns = made.pair, made.teacher, made.vote
    slow = "minutes" if n > MOST_DENSE else ""
    lists = [] if slow else [x.tolist() for x in columns]

    def loops() -> list[float]:
        pair, teacher, vote = lists
        return plain.reliability(pair, teacher, vote, n_pairs, 10)

    def twin() -> np.ndarray:
        found = reference.vote_cells(made.pair, None, made.teacher, made.vote)
        return reference.consensus(reference.panel(found, 10)).q

    return Case('consensus(votes, "reliability")', n, "judgments of 10 teachers", (
        Contender(OURS, lambda: consensus(votes, "reliability").probability),
        Contender(TWIN, twin, refuses=slow),
        Contender("NumPy bincount", lambda: numpy_reliability(*columns, n_pairs),
                  ("scipy.special",)),
        Contender(PLAIN, loops, refuses=slow),
        Contender("crowd-kit Dawid-Skene", lambda: dawid_skene(made),
                  ("crowdkit.aggregation", "pandas"), refuses=slow, answer=None),
    ))  # fmt: skip
