"""consensus: the votes of a panel become one probability for each pair."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.arrays import SHAPE_RANGE
from venire._core.checks import fail
from venire.data.asked import wanted
from venire.data.votes import Votes
from venire.data.votes.gold import gold_for
from venire.errors import ConvergenceWarning
from venire.panel import _methods
from venire.panel._board import Board, board_of
from venire.panel._gold import MOST_TEACHERS, GoldReport, report
from venire.panel._methods import METHODS, Method, Pool
from venire.panel._notices import Facts, notices
from venire.panel._posterior import BetaPosterior
from venire.panel._result import Consensus
from venire.panel._rho import FEWEST_FOR_RHO, estimated_rho
from venire.panel._side import dispute, side_of
from venire.panel._stack import Learning, fit_stack

__all__ = ["consensus"]

ASSUMED_RHO = 0.3
GOLD_FOR_RHO = 30  # pairs
Floats = NDArray[np.float64]
MOST_VOTES = 0.05 * SHAPE_RANGE[1]  # of a Beta's counts: those with gold count tenfold


def consensus(
    votes: Votes,
    method: str = "reliability",
    *,
    gold: Any = None,
    hold_to_gold: bool = True,
    rho: float | str | None = None,
    rounds: int | str = 1,
    nonnegative: bool = False,
    guarded: bool = False,
    rng: Any = 0,
    n_threads: int | None = None,
) -> Consensus:
    """Combine the teachers' votes into one probability for each pair.

    The votes of a pair are pooled linearly, with a weight e for each: with share X/S of the weight
    S for first and Kish's effective number n = S² / sum e² the pool is Beta(1/2 + n X/S,
    1/2 + n (1 - X/S)). The methods differ in e:

    ============== ================================================================================
    "uniform"      1
    "variance"     the inverse variance of each judgment's own posterior: the textbook rule. It does
                   nothing where all judgments have equally many runs, and favours a noisy teacher's
                   ties; it is at its best where judgments have different numbers of runs
    "precision"    kappa**1.5: the teacher's self-consistency over repeated runs of a judgment
    "reliability"  that, times the expected log-odds of agreeing with what the others on a pair say
    "correlated"   that, until it settles, divided by how much the others on the pair err alike;
                   for many near-duplicate teachers and a strong minority
    "stacked"      weights learned from gold, see `stack`
    ============== ================================================================================

    Parameters
    ----------
    votes : Votes
    method : str, default "reliability"
    gold : Gold, mapping, tuple of arrays, or array_like of shape (n_pairs,), optional
        Share that the pair's first item truly got: 1, 0, 0.5 for a tie, or between. A mapping has
        pair labels, (first, second) or (group, first, second) as keys; a tuple the same in columns,
        shares last; an array one share for each pair, NaN where it is not known. "reliability" and
        "correlated" hold the votes to it, with tenfold counts; no pair's own q is set to it. A
        `Gold` knows what its labels were chosen for: those that may not measure hold no votes and
        are left out of accuracies and rho, and a notice says so.
    hold_to_gold : bool, default True
        Whether "reliability" and "correlated" do so; False keeps gold for the report alone.
    rho : float or "estimate", optional
        Correlation of the teachers' errors, by which the posteriors are widened. Default: from
        gold, if it has at least 30 pairs, else 0.3, an assumption; 0 with "correlated", whose
        weights have it already. "estimate", of five teachers or more: estimated from the votes,
        clip(0.1 + 0.7 r + 0.3 A, 0, 1), r the mean correlation of the teachers' residuals around
        the side that the panel takes and A that of their votes. Its error against gold's was 0.09
        where the constant's was 0.13: it sees one model under many prompts.
    rounds : int or "converge", default 1
        Of "reliability". More amplify whichever side is ahead: of 16 panels with gold they raised
        the accuracy of 4 and changed that of no other (docs/guide/consensus.md).
    nonnegative : bool
        Of "stacked": no weight below 0.
    guarded : bool
        Of "stacked": for 5 to 11 labels; see `stack`.
    rng : int, SeedSequence or Generator, default 0
        For the folds of "stacked", which it has from 30 labels on.
    n_threads : int, optional
        Default: all usable CPUs. The result does not depend on it.

    Returns
    -------
    Consensus

    Raises
    ------
    ValueError
        If the method is unknown; gold is missing for "stacked", unknown, or outside [0, 1]; `rho`
        is outside [0, 1]; there are more than 500 teachers for "correlated", or fewer than 5, or
        more than 2,000, for an estimate of `rho`.

    Warns
    -----
    ConvergenceWarning
        If the weights still move after 200 rounds ("correlated": 200 of "reliability", from which
        it starts, and 200 of its own).

    Notes
    -----
    O(n_cells) a round; "correlated" O(n_pairs * n_teachers²). Sums are in signed votes: exchanging
    first and second of any pairs leaves every weight the same, bit for bit.

    With fewer than three teachers reliabilities are not identifiable, and "reliability" and
    "correlated" are "precision". The same votes would come about if all labels and all
    reliabilities were turned around: hence the prior Beta(4, 2) on a teacher's agreement, the start
    at the panel's mean, and a teacher below chance is dropped, never inverted. Where most of the
    panel is wrong, no method without gold is right.

    References
    ----------
    L. Kish (1965), Survey Sampling. D. Wolpert (1992), doi:10.1016/S0893-6080(05)80023-1, for
    "stacked".

    Examples
    --------
    >>> import venire as vn
    >>> v = vn.Votes(
    ...     ["a", "a", "a", "b", "b", "b"],
    ...     ["b", "b", "b", "c", "c", "c"],
    ...     ["x", "y", "z"] * 2,
    ...     [1, 1, -1, -1, -1, 1],
    ... )
    >>> q = vn.consensus(v)
    >>> q.probability.round(3).tolist()
    [0.759, 0.241]
    >>> [w.name for w in q.warnings]
    ['too few votes', 'no repeats']
    """
    wanted(votes, "votes", Votes)
    how = METHODS[checks.one_of(method, "method", tuple(METHODS))]
    hold_to_gold = checks.flag(hold_to_gold, "hold_to_gold")
    learning = Learning.checked(nonnegative, guarded, None, rng)
    rho = _wanted_rho(rho, votes)
    until = _rounds(rounds)
    if how.most_teachers is not None and votes.n_teachers > how.most_teachers:
        reason = f"{method!r} is for at most {how.most_teachers} teachers"
        fail("method", reason, value=votes.n_teachers)
    if how.needs_gold and gold is None:
        raise ValueError(f"gold: method {method!r} learns from gold: give it for some pairs")
    known = None if gold is None else gold_for(votes, gold)
    _refuse_heavy(votes)
    board = board_of(votes, n_threads)
    plain = _methods.uniform(board)
    free = how.pool(board, None, *until)  # has seen no gold
    pool, stack = free, None
    measured = None if known is None else _measured(known)
    held = measured if hold_to_gold and how.hears_gold else None
    if held is not None:
        pool = how.pool(board, held, *until)
    if known is not None and how.needs_gold:
        stack = fit_stack(board, known["stack"], known["measure"], learning)
    if not pool.converged:
        text = f"the weights still moved after {pool.n_rounds} rounds"
        warnings.warn(text, ConvergenceWarning, stacklevel=2)
    q = 0.5 * (1.0 + pool.d)
    told = None if measured is None else report(board, measured, 0.5 * (1.0 + free.d))
    if stack is not None:
        q = np.clip(stack.probability, 1e-12, 1.0 - 1e-12)
        if told is not None:
            told = replace(told, panel_accuracy=stack.accuracy, panel_log_loss=stack.log_loss)
    weighted = free if _is_plain_reliability(how, until) else _methods.reliability(board)
    value, source = _rho(rho, how, told, board, weighted)
    nu = pool.n_eff / np.maximum(1.0 + (pool.n_eff - 1.0) * value, 1e-300)
    nu = np.where(pool.n_eff > 0.0, nu, 0.0)
    n_voted = max(int((pool.n_eff > 0.0).sum()), 1)
    apart, n_apart = dispute(weighted.mean, plain.mean)
    side = None if known is None else side_of(weighted.mean, plain.mean, known["side"])
    facts = Facts(
        board, pool, weighted, apart, n_apart / n_voted, known, told, stack, side, method, source
    )
    r = pool.correlation if pool.correlation is not None or told is None else told.correlation
    return Consensus(
        votes=votes,
        method=method,
        probability=q,
        posterior=BetaPosterior((nu + 1.0) * q, (nu + 1.0) * (1.0 - q)),
        n_effective=pool.n_eff,
        pseudo_votes=nu,
        rho=value,
        rho_source=source,
        reliability=BetaPosterior(pool.agree, pool.disagree),
        teacher_share=pool.share / n_voted,
        correlation=r,
        disputed=facts.share,
        warnings=notices(facts),
        gold=told,
        side=side if side is not None and side.n_labels else None,
        stack=stack,
        n_rounds=pool.n_rounds,
        converged=pool.converged,
        _pool=pool,
        _consistency=board.consistency,
        _heard=held,
    )


MOST_ROUNDS = 100_000


def _rounds(rounds: int | str) -> tuple[int, float]:
    """Number of rounds at most, and the tolerance; 0: exactly that many."""
    if isinstance(rounds, str):
        checks.one_of(rounds, "rounds", ("converge",))
        return _methods.MAX_ROUNDS, _methods.TOLERANCE
    return checks.whole(rounds, "rounds", 1, MOST_ROUNDS), 0.0


def _refuse_heavy(votes: Votes) -> None:
    columns = votes.table.columns
    total = sum(float(columns[name].sum(dtype=np.float64)) for name in ("win", "tie", "loss"))
    if total > MOST_VOTES:
        fail("votes", f"must weigh at most {MOST_VOTES:g} in all", value=total)


def _wanted_rho(rho: float | str | None, votes: Votes) -> float | str | None:
    """A number, "estimate", or None for the default."""
    if isinstance(rho, str):
        checks.one_of(rho, "rho", ("estimate",))
        if not FEWEST_FOR_RHO <= votes.n_teachers <= MOST_TEACHERS:
            reason = f"is for {FEWEST_FOR_RHO} to {MOST_TEACHERS:,} teachers, not"
            fail("rho", f"'estimate' {reason} {votes.n_teachers:,}")
        return rho
    if rho is not None:
        rule = "must be between 0 and 1, or 'estimate'"
        return checks.number(rho, "rho", rule, lambda x: 0.0 <= x <= 1.0)
    return None


def _measured(known: dict[str, Floats]) -> Floats | None:
    """Gold that may measure; None where there is gold, but none of that kind."""
    measured = known["measure"]
    chosen = ~(np.isnan(known["stack"]) & np.isnan(known["side"]))
    return None if chosen.any() and np.isnan(measured).all() else measured


def _is_plain_reliability(how: Method, until: tuple[int, float]) -> bool:
    return how.pool is _methods.reliability and until == (1, 0.0)


def _rho(
    rho: float | str | None, how: Method, told: GoldReport | None, board: Board, weighted: Pool
) -> tuple[float, str]:
    """Correlation of the errors, and where it is from."""
    if isinstance(rho, str):
        value = estimated_rho(board, weighted.mean)
        return (ASSUMED_RHO, "assumed") if np.isnan(value) else (value, "estimated")
    if rho is not None:
        return rho, "given"
    if how.has_correlation:
        return 0.0, "in the weights"
    enough = told is not None and told.n_pairs >= GOLD_FOR_RHO
    if told is not None and enough and not np.isnan(told.mean_correlation):
        return float(np.clip(told.mean_correlation, 0.0, 1.0)), "gold"
    return ASSUMED_RHO, "assumed"
