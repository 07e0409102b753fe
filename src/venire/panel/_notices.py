"""What a user should know of a consensus, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.panel._board import ENOUGH_REPEATS, Board
from venire.panel._methods import Pool
from venire.panel._stack import FEW
from venire.panel.reliability import FEWEST_TEACHERS

if TYPE_CHECKING:
    from venire.panel._gold import GoldReport
    from venire.panel._stack import Stack

__all__ = ["Notice", "notices"]

DISPUTED = 0.10  # of the pairs
ALIKE = 0.8
DETERMINISTIC = 0.98
FEW_VOTES = 16.0  # agree + disagree
_EXAMPLES = 5

Found = Iterator[tuple[str, str]]


class Notice(NamedTuple):
    """Something to know, and what to do.

    Attributes
    ----------
    name : str
        A word or two that do not change, for programs.
    text : str
        For people.
    """

    name: str
    text: str

    def __str__(self) -> str:
        return self.text


def disputed(pool: Pool, uniform: Pool) -> float:
    """Share of the pairs on which a pool and the plain mean take different sides."""
    voted = np.count_nonzero(uniform.n_eff)  # a share of 0 takes no side: nobody voted, or a tie
    return float(np.count_nonzero(pool.mean * uniform.mean < 0)) / voted if voted else 0.0


def notices(
    board: Board,
    pool: Pool,
    share_disputed: float,
    gold: GoldReport | None,
    stack: Stack | None,
) -> tuple[Notice, ...]:
    """All that apply, the gravest first."""
    found = [
        *_of_size(board),
        *_of_gold(board, gold, stack),
        *_of_weights(board, pool, share_disputed),
        *_of_repeats(board),
        *_of_iteration(pool),
    ]
    return tuple(Notice(*words) for words in found)


def _listed(labels: NDArray[Any], which: NDArray[np.bool_]) -> str:
    names = labels[which].tolist()
    text = ", ".join(str(x) for x in names[:_EXAMPLES])
    return text + (f" and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else "")


def _of_size(board: Board) -> Found:
    n = board.votes.n_teachers
    if n >= FEWEST_TEACHERS:
        return
    who = "one teacher" if n == 1 else "two teachers"
    yield (
        "few teachers",
        f"{who} only: reliabilities are not identifiable from votes, and the weights are those "
        "of method 'precision'. Add a teacher, or gold.",
    )


def _of_gold(board: Board, gold: GoldReport | None, stack: Stack | None) -> Found:
    if stack is not None and stack.n_gold < FEW:
        yield (
            "little gold",
            f"{stack.n_gold} gold pairs: stacked weights are uncertain below {FEW}. Get more.",
        )
    if gold is None:
        return
    with np.errstate(invalid="ignore"):
        below = (gold.accuracy_upper < 0.5) & (gold.n >= 12)
        sure = (gold.confidence > gold.accuracy_upper) & (gold.n >= 12)
        sure &= board.counts["soft"] > 0
    if below.any():
        yield (
            "worse than chance",
            f"right on less than half of the gold pairs: {_listed(gold.teachers, below)}. "
            "Leave them out, or use method 'stacked', which can turn them around.",
        )
    if sure.any():
        yield (
            "over-confident",
            f"surer than they are right on gold: {_listed(gold.teachers, sure)}. Rescale their "
            "probabilities: panel.calibrate_teachers(votes, gold).scale(...).",
        )


def _of_weights(board: Board, pool: Pool, share: float) -> Found:
    votes = board.votes
    judged = board.counts["judged"] > 0
    if share > DISPUTED:
        yield (
            "contested",
            f"on {share:.0%} of the pairs the weighted and the plain mean of the votes take "
            "different sides. Neither is known to be right: get gold for some pairs and use "
            "method 'stacked'.",
        )
    bad = judged & (pool.agree / (pool.agree + pool.disagree) < 0.5)
    if bad.any():
        yield (
            "disagrees with the panel",
            f"agree less than half the time with the rest of the panel: "
            f"{_listed(votes.teachers, bad)}. They are worse than the rest, or the rest is "
            "wrong: look at some of their votes, or get gold.",
        )
    voted = pool.n_eff > 0
    n_judges = np.diff(votes.pair_ptr)[voted]
    if len(n_judges) and pool.n_eff[voted].mean() < 0.5 * n_judges.mean():
        yield (
            "few effective votes",
            f"the weights make {n_judges.mean():.3g} judges per pair count as "
            f"{pool.n_eff[voted].mean():.3g}. Add independent judges, or see who is heard.",
        )
    if len(n_judges):
        whole = pool.share / len(n_judges)
        top = whole > max(0.5, 1.5 / votes.n_teachers)  # of two, one always has half
        if top.any() and votes.n_teachers > 1:
            yield (
                "one teacher decides",
                f"{_listed(votes.teachers, top)} has {whole.max():.0%} of the weight. "
                "Check that teacher against gold.",
            )
    few = judged & (pool.agree + pool.disagree < FEW_VOTES)
    if few.any():
        yield (
            "too few votes",
            f"reliability rests on fewer than ten checked votes: {_listed(votes.teachers, few)}"
            ". It is mostly the prior's; let them judge more pairs that others judge.",
        )
    r = pool.correlation
    if r is not None:
        alike = (r > ALIKE) & ~np.eye(len(r), dtype=bool)
        if alike.any():
            a, b = (int(x[0]) for x in np.nonzero(alike))
            n_alike = int(alike.sum()) // 2
            more = f" and {n_alike - 1} more pairs" if n_alike > 1 else ""
            yield (
                "near-duplicates",
                f"err almost alike: {votes.teachers[a]} with {votes.teachers[b]}{more}. Keep "
                "one of each.",
            )


def _of_repeats(board: Board) -> Found:
    counts = board.counts
    hard = (counts["judged"] > 0) & (counts["soft"] == 0)
    soft = counts["soft"] > 0
    if hard.any() and soft.any():
        yield (
            "hard and soft",
            f"some teachers give votes ({_listed(board.votes.teachers, hard)}), others "
            "probabilities: their self-consistency is not comparable. Ask all in one way.",
        )
    own = board.consistency
    if own.repeats.sum() == 0:
        yield (
            "no repeats",
            "no judgment was repeated, so self-consistency is unknown. Ask again in the other "
            "order: that helps single verdicts more than any weighing.",
        )
        return
    if own.repeats.sum() < ENOUGH_REPEATS:
        yield (
            "few repeats",
            f"{own.repeats.sum()} repeated judgments: self-consistency is not used below "
            f"{ENOUGH_REPEATS}. Repeat more of them, in the other order.",
        )
    same = (own.kappa > DETERMINISTIC) & (own.repeats > 0)
    if same.any():
        yield (
            "deterministic",
            f"always repeat themselves: {_listed(board.votes.teachers, same)}. If a repeat is "
            "the same call again (temperature 0), it is no evidence: keep one run of each.",
        )


def _of_iteration(pool: Pool) -> Found:
    if pool.converged:
        return
    cure = "method='reliability', rounds=1" if pool.correlation is not None else "rounds=1"
    yield "not converged", f"the weights still moved after {pool.n_rounds} rounds. Use {cure}."
