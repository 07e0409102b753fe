"""What a user should know of a consensus, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import rng as _rng
from venire.panel._alike import Alike, nearly_alike
from venire.panel._board import ENOUGH_REPEATS, Board
from venire.panel._methods import METHODS, Pool
from venire.panel._rho import FEWEST_FOR_RHO, estimated_rho
from venire.panel._stack import FEW
from venire.panel.reliability import FEWEST_TEACHERS

if TYPE_CHECKING:
    from venire.panel._gold import GoldReport
    from venire.panel._side import Side
    from venire.panel._stack import Stack

__all__ = ["Facts", "Notice", "notices"]

DISPUTED = 0.075  # of the pairs, exact ties one half each
TORN = 0.57  # mean |2q - 1| up to which a panel that was asked in one order is split
ONE_MODEL = 0.5  # estimated correlation of errors: different models were seen below it
DETERMINISTIC = 0.98
FEW_VOTES = 16.0  # agree + disagree
TO_LABEL = 8  # disputed pairs
GLANCE = 4096  # pairs that the correlation is estimated from
GLANCED = 500  # teachers up to which it is
_EXAMPLES = 5

Found = Iterator[tuple[str, str]]


class Facts(NamedTuple):
    """What notices are made of."""

    board: Board
    pool: Pool
    weighted: Pool  # of method "reliability"
    apart: NDArray[np.int64]  # pairs on which it and "uniform" take different sides
    share: float  # of the pairs, ties half
    known: dict[str, NDArray[np.float64]] | None  # gold by use
    gold: GoldReport | None
    stack: Stack | None
    side: Side | None
    method: str
    rho_source: str


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


def notices(facts: Facts) -> tuple[Notice, ...]:
    """All that apply, the gravest first."""
    found = [
        *_of_size(facts.board),
        *_of_gold(facts.board, facts.gold, facts.stack),
        *_of_purposes(facts.known),
        *_of_dispute(facts),
        *_of_weights(facts),
        *_of_alikeness(facts),
        *_of_orders(facts),
        *_of_repeats(facts.board),
        *_of_iteration(facts.pool),
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


def _of_purposes(known: dict[str, NDArray[np.float64]] | None) -> Found:
    if known is None:
        return
    no = np.isnan(known["measure"])
    counts = {use: int((~np.isnan(known[use]) & no).sum()) for use in ("stack", "side")}
    chosen = " and ".join(f"{n} for {use!r}" for use, n in counts.items() if n)
    if chosen:
        yield (
            "labels left out",
            f"labels were chosen ({chosen}), not drawn from all pairs: they are left out of "
            "accuracies and of the correlation of errors, and hold no votes. For those, label "
            "random pairs: panel.design_gold(votes, 30, 'measure').",
        )


def _of_dispute(facts: Facts) -> Found:
    if facts.share <= DISPUTED:
        return
    head = (
        f"on {facts.share:.0%} of the pairs the weighted and the plain mean of the votes take "
        "different sides (a tie of one of them counts half). "
    )
    side = facts.side
    if facts.stack is not None:
        yield "contested", f"{head}Here the weights that gold taught decide."
        return
    if side is not None and side.n_labels:
        more = "" if side.believe is not None else ". Label a few more"
        yield "contested", f"{head}Gold: {side}{more}."
        return
    n = min(TO_LABEL, len(facts.apart))
    some = _rng(0).permutation(facts.apart)[:n]
    text = (
        "Neither is known to be right: label 5 to 8 of these pairs, drawn at random, and their "
        f"majority tells (panel.design_gold(votes, {n}, 'side'), venire gold --purpose side): "
        f"{_pairs(facts, some)}."
    )
    n_teachers = facts.board.votes.n_teachers
    if facts.method != "correlated" and n_teachers >= FEWEST_FOR_RHO and _both_orders(facts.board):
        text += (
            " Until then take method 'correlated': with both orders measured and five judges or "
            "more it is the best bet."
        )
    yield "contested", head + text


def _pairs(facts: Facts, at: NDArray[np.int64]) -> str:
    """Some pairs, in the words of the votes."""
    votes = facts.board.votes
    if votes.pairs is not None:
        return ", ".join(str(x) for x in votes.pairs[at].tolist())
    named = [x[at].tolist() for x in (votes.group, votes.first, votes.second) if x is not None]
    return ", ".join(f"({', '.join(str(x) for x in row)})" for row in zip(*named, strict=True))


def _both_orders(board: Board) -> bool:
    """Whether judgments were asked in both orders; of repeats it is taken to be so."""
    votes = board.votes
    if votes.swapped_runs is not None:
        both = (votes.swapped_runs > 0) & (votes.swapped_runs < votes.runs)
        return int(both.sum()) >= ENOUGH_REPEATS
    return int(board.consistency.repeats.sum()) >= ENOUGH_REPEATS


def _of_orders(facts: Facts) -> Found:
    board = facts.board
    voted = facts.weighted.n_eff > 0
    if not METHODS[facts.method].hears_gold or board.votes.n_teachers < FEWEST_TEACHERS:
        return
    if _both_orders(board) or np.count_nonzero(voted) < FEW:  # a mean of few pairs says little
        return
    sure = float(np.abs(facts.weighted.d[voted]).mean())
    if sure <= TORN:
        yield (
            "one order only",
            f"hardly any judgment was asked in both orders, and the panel is split (mean "
            f"|2q - 1| {sure:.2f}). On LLM judges of that kind weights by agreement did worse than "
            "equal ones: ask in both orders, or use method 'uniform' or gold.",
        )


def _of_alikeness(facts: Facts) -> Found:
    board, votes = facts.board, facts.board.votes
    few = votes.n_teachers < FEWEST_FOR_RHO or votes.n_teachers > GLANCED
    if facts.rho_source == "assumed" and not few:
        rho = estimated_rho(board, facts.weighted.mean, GLANCE)
        if rho > ONE_MODEL:
            yield (
                "one model, many prompts",
                f"the judges err much alike: by an estimate from votes alone their errors "
                f"correlate by {rho:.2f}, as those of one model under many prompts do. The "
                "posteriors take 0.3 and are too narrow: rho='estimate', gold, or other models.",
            )
    r, truth = facts.pool.correlation, None
    if facts.gold is not None and facts.known is not None and r is None:
        r, truth = facts.gold.correlation, 2.0 * facts.known["measure"] - 1.0
    if r is None:
        return
    found = nearly_alike(board, r, truth)
    if found:
        one: Alike = found[0]
        more = f", and {len(found) - 1} more pairs of judges" if len(found) > 1 else ""
        yield (
            "near-duplicates",
            f"err almost alike: {votes.teachers[one.keep]} and {votes.teachers[one.other]} err "
            f"together on {one.both} of the {one.either} pairs on which either does{more}. "
            "They count as one; if one is to go, let it be the one with fewer votes.",
        )


def _of_weights(facts: Facts) -> Found:
    board, pool, votes = facts.board, facts.pool, facts.board.votes
    judged = board.counts["judged"] > 0
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
    cure = "method='reliability'" if pool.correlation is not None else "rounds=1, the default"
    yield "not converged", f"the weights still moved after {pool.n_rounds} rounds. Use {cure}."
