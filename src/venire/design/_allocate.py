"""The way from votes to the next asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.arrays import keys
from venire.data.grouped_comparisons import GroupedComparisons
from venire.design import _kernel, _shares
from venire.design._asks import BLOCK, Asks, asks_of, joined
from venire.design._pairs import design_pairs
from venire.design._prior import (
    PLAIN,
    AllocationPrior,
    centred_prediction,
    chosen_prior,
    fixed_prior,
    groups_of,
)
from venire.design._result import Allocation
from venire.models import DEFAULT, half_tie_model
from venire.priors import GaussianPrior
from venire.ratings.grouped import fit_groups

__all__ = ["Criterion", "allocate"]

CRITERIA = ("D", "A", "top")
BASELINES = ("uniform", "residual", "residual_corrected", "sd")
PRIORS = ("select", "fixed", "empirical")


@dataclass(frozen=True)
class Criterion:
    """What `allocate` picks pairs by.

    Parameters
    ----------
    name : {"D", "A", "top", "uniform", "residual", "residual_corrected", "sd"}
    top : int, default 10
        Size of the top that "top" is about.
    candidates : int, default 20
        So many random pairs are scored per pick of the group's share (drawn once), or all pairs
        where there are not more. 20 are as good as all, 10 lose a little.

    Raises
    ------
    ValueError
        If the name is none of these, or a number is below 1.

    Examples
    --------
    >>> import venire as vn
    >>> vn.design.Criterion("top", top=5)
    Criterion(name='top', top=5, candidates=20)
    """

    name: str = "D"
    top: int = 10
    candidates: int = 20

    def __post_init__(self) -> None:
        checks.one_of(self.name, "criterion", CRITERIA + BASELINES)
        for what in ("top", "candidates"):
            object.__setattr__(self, what, checks.whole(getattr(self, what), what, 1, 2**31 - 1))


def allocate(
    comparisons: GroupedComparisons,
    budget: Any,
    *,
    model: str = DEFAULT,
    criterion: str | Criterion = "D",
    share: str = "equal",
    prediction: Any = None,
    prior: str | GaussianPrior | AllocationPrior = "select",
    asked: Any = None,
    pending: Any = None,
    votes_per_ask: int = 1,
    rho: float = 0.3,
    rng: Any = None,
    n_threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Allocation:
    """Choose the pairs whose votes are expected to tell most about each group's theta.

    In every group theta gets its posterior under `prior`, at the mode of all votes so far. Pairs
    are then picked one by one; each pick changes the posterior covariance C as its vote is expected
    to, before the next is chosen. With R the variance of theta_i - theta_j, p the probability that
    i wins (both uncertainties counted, MacKay 1992), p' its slope and w the effective votes that
    one more ask of this pair brings, a pick tells x = w p'^2 / (p (1 - p)), which is w p (1 - p) in
    Bradley and Terry's model, and the criteria are

    - "D": log(1 + x R), the information in nats, times two;
    - "A": x d'C C d / (1 + x R), d = e_i - e_j: the fall of the sum of variances;
    - "top": x d'C M C d / (1 + x R): that sum weighted by P (1 - P) + 0.02, P the chance of an item
      to be among the first 10, or as `Criterion` has it (64 draws from the posterior).

    Parameters
    ----------
    comparisons : GroupedComparisons
        The weighted votes so far, and all groups and items that may be asked about; there may be no
        votes at all (name the items by its argument ``items``).
    budget : int or array_like of int, shape (n_groups,)
        Asks; an ask is one pair in one order. One number is met exactly and shared among the
        groups; else the asks of each group, some may be 0.
    model : str, one of `venire.models.HALF_TIES`
        Of the votes; theta, predictions and priors are in its unit.
    criterion : {"D", "A", "top", "uniform", "residual", "residual_corrected", "sd"} or Criterion
        The last four are baselines, for comparison: new cycles; the pairs with the largest squared
        difference of the student's residuals (prediction - theta of the plain fit), each once;
        the same less the squared standard errors of both; the largest R, with updates. A
        `Criterion` says besides how large the top is and how many pairs are scored.
    share : {"equal", "gain"}
        How one number is shared: equally (what does not divide goes to groups at random), or by
        gain: every group is run to three times the mean share, and the best asks of all are taken,
        ties by group and order. A group never gets more asks than it has pairs, so that one with
        a single item gets none; the others get what it leaves.
    prediction : array_like of shape (n_items,), optional
        A student's predictions of theta, out of fold by group, flat in the order of
        ``comparisons.items``; nan: none. Centred here in each group. See `select_prior`.
    prior : {"select", "fixed", "empirical"}, GaussianPrior or AllocationPrior
        "select": `select_prior` on held-out pairs. "fixed": mean 0, variance 10. "empirical": mean
        0, the variance estimated. None of these changes what the votes are later fitted with.
    asked : PairDesign, Allocation or (group, first, second), optional
        All asks so far as positions, in the order shown, repeats included: how often each pair was
        asked, and each item shown first. By default each pair and order that has votes counts once.
    pending : the same, optional
        Asks whose votes are not in yet, besides `asked`. What they are expected to tell is added
        before the first pick.
    votes_per_ask : int, default 1
        Votes that one ask brings (teachers in a panel).
    rho : float, default 0.3
        Correlation of votes on one pair: n of them are worth n / (1 + (n - 1) rho). It makes a
        second ask of a pair worth less than the first. In [0, 1].
    rng : int, SeedSequence or Generator, optional
        The result depends on the arguments and this alone.
    n_threads : int, optional
        Groups run in parallel; the result is the same bit for bit.
    progress : callable, optional
        Called with (groups done, groups) now and then.

    Returns
    -------
    Allocation
        Which item is shown first: the one that was first least often compared with second, counts
        changing with every pick; a random bit decides between equals.

    Raises
    ------
    ValueError
        If the budget is below 1 or above the number of pairs (in all groups, or in the group);
        a position is out of range or an item compared with itself; an option is none of its
        choices; a baseline on residuals has no `prediction`, or `share` is "gain" with a baseline.
    TypeError
        If an argument has a wrong type.

    Notes
    -----
    In a group of n items, m picks and c scored pairs: O(n^3 + m (n^2 + c)) at most; 112,000 groups
    of 100 items, 50 picks each, take about half a minute on two cores. Memory: the picks, and for
    each thread 8 n^2 bytes and 60 per scored pair.

    Groups of over 2,000 items are not inverted. The variances of the scored pairs are estimated
    from 256 random combinations of the votes (Spielman and Srivastava 2011), with a standard error
    of 9 %; the few best of every pick are then solved for exactly, so that gains are exact. What
    the picks gain in all is within 1 % of exact picks.

    Asks may repeat a pair, in this call or of earlier ones, where that tells most.

    References
    ----------
    MacKay 1992, doi:10.1162/neco.1992.4.5.720 (the averaged probability), and
    doi:10.1162/neco.1992.4.4.590 (the criteria). Spielman and Srivastava 2011,
    doi:10.1137/080734029.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.GroupedComparisons(
    ...     ["q"] * 3, ["a", "b", "c"], ["b", "c", "d"], [1.0, 1.0, 0.5], groups=["q"]
    ... )
    >>> picks = vn.design.allocate(c, 2, prior="fixed", rng=0)
    >>> sorted(map(sorted, zip(*(picks.to_frame("dict")[x].tolist() for x in ("first", "second")))))
    [['a', 'd'], ['b', 'd']]
    """
    c, model = groups_of(comparisons), half_tie_model(model).name
    how = criterion if isinstance(criterion, Criterion) else Criterion(criterion)
    by_gain = checks.one_of(share, "share", ("equal", "gain")) == "gain"
    if by_gain and how.name in BASELINES:
        checks.fail("share", f"'gain' needs one of the criteria {', '.join(CRITERIA)}")
    budget = checks.column(budget, "budget")
    checks.function(progress, "progress")
    if by_gain and checks.length(budget, "budget") is not None:
        checks.fail("share", "'gain' shares one number, but budget has one per group")
    options: dict[str, Any] = {
        "votes_per_ask": checks.whole(votes_per_ask, "votes_per_ask", 1, 2**31 - 1),
        "rho": checks.number(rho, "rho", "must be between 0 and 1", lambda x: 0.0 <= x <= 1.0),
        "top": how.top,
        "candidates": how.candidates,
    }
    threads = checks.n_threads(n_threads)
    student = centred_prediction(prediction, c)
    if how.name.startswith("residual") and student is None:
        checks.fail("prediction", f"criterion {how.name!r} needs the student's predictions")
    n_items = np.diff(c.offsets)
    before = _voted(c) if asked is None else asks_of(asked, n_items, "asked")
    out = asks_of(pending, n_items, "pending")
    asks = joined(before, out)
    key = keys(rng)
    generator = np.random.default_rng(key)
    room = n_items * (n_items - 1) // 2
    n_picks = _shares.given_shares(budget, room, generator)
    total = int(n_picks.sum())
    chosen = _prior(prior, c, student, model, generator, threads)
    if how.name == "uniform":
        options["given"] = _new_cycles(n_items, n_picks, asks, generator, threads)
    elif student is not None and how.name.startswith("residual"):
        options |= _residuals(c, student, model, how.name == "residual_corrected", threads)
    if by_gain:
        n_picks = _shares.limits_for_gain(n_picks, room)
        options["candidates"] = -(-how.candidates // _shares.AHEAD)
    native = {"uniform": "given", "residual_corrected": "residual"}.get(how.name, how.name)
    first, second, gain = _kernel.pick(
        c, asks, np.diff(out.offsets), n_picks, chosen, model=model, criterion=native, key=key,
        progress=progress, n_threads=threads, **options,
    )  # fmt: skip
    if not np.isfinite(gain).all():
        reason = "hold weights that are too large beside the prior for gains to be computed"
        checks.fail("comparisons", reason)
    offsets = np.concatenate([[0], np.cumsum(n_picks)]).astype(np.int64)
    rank = np.arange(offsets[-1]) - np.repeat(offsets[:-1], n_picks)
    if by_gain:
        shares = _shares.by_gain(gain, offsets, total)
        kept = rank < np.repeat(shares, n_picks)
        first, second, gain, rank = first[kept], second[kept], gain[kept], rank[kept]
        n_picks = shares
    return Allocation(
        comparisons=c,
        group=np.repeat(np.arange(c.n_groups, dtype=np.int32), n_picks),
        first=first,
        second=second,
        gain=gain,
        rank=rank.astype(np.int32),
        n_asks=n_picks,
        prior=chosen,
        criterion=how.name,
    )


def _prior(
    prior: Any, c: GroupedComparisons, student: np.ndarray | None, model: str,
    generator: np.random.Generator, n_threads: int,
) -> AllocationPrior:  # fmt: skip
    if isinstance(prior, GaussianPrior):
        if prior.is_estimated:
            prior = fit_groups(c, model=model, prior=prior, n_threads=n_threads).prior or prior
        own = prior.native(c.items, c.groups, c.offsets)
        mean = np.full(c.n_items, own.centre) if own.mean is None else own.mean
        return AllocationPrior(mean, own.ridge)
    if isinstance(prior, AllocationPrior):
        if len(prior.mean) != c.n_items:
            checks.fail("prior", f"has {len(prior.mean)} means, but there are {c.n_items} items")
        return prior
    if not isinstance(prior, str):
        reason = f"must be a name, GaussianPrior or AllocationPrior, got {type(prior).__name__}"
        checks.fail("prior", reason, kind=TypeError)
    if checks.one_of(prior, "prior", PRIORS) == "fixed":
        return fixed_prior(c.n_items)
    return chosen_prior(c, student, model, generator, n_threads, prior == "empirical")


def _voted(c: GroupedComparisons) -> Asks:
    """One ask for each pair and order that has votes."""
    first, second = np.empty_like(c.first), np.empty_like(c.second)
    none = np.empty(0, np.int64)
    tie = c.tie
    for start in range(0, len(first), BLOCK):
        cells = slice(start, start + BLOCK)
        mass = c.win[cells] + c.loss[cells] + tie[cells]
        none = np.append(none, start + np.flatnonzero(mass == 0.0))
        turned = c.order[cells] < 0
        first[cells] = np.where(turned, c.second[cells], c.first[cells])
        second[cells] = np.where(turned, c.first[cells], c.second[cells])
    offsets = c.cell_offsets - np.searchsorted(none, c.cell_offsets)
    return Asks(offsets, np.delete(first, none), np.delete(second, none))


def _new_cycles(
    n_items: np.ndarray, shares: np.ndarray, asks: Asks, generator: np.random.Generator,
    n_threads: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Asks along Hamiltonian cycles of pairs not yet asked; the last cycle is cut to the budget.

    Groups that need the same number of cycles are designed together.
    """
    offsets = np.concatenate([[0], np.cumsum(shares)]).astype(np.int64)
    first, second = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int32)
    degree = np.minimum(2 * -(-shares // np.maximum(n_items, 1)), n_items - 1)
    ask_group = asks.group
    for d in np.unique(degree[shares > 0]).tolist():
        groups = np.flatnonzero((degree == d) & (shares > 0))
        place = np.full(len(shares), -1)
        place[groups] = np.arange(len(groups))
        mine = place[ask_group] >= 0
        used = (place[ask_group[mine]], asks.first[mine], asks.second[mine])
        design = design_pairs(n_items[groups], d, used=used, rng=generator, n_threads=n_threads)
        for at, k in enumerate(groups.tolist()):
            into = slice(offsets[k], offsets[k + 1])
            taken = slice(design.offsets[at], design.offsets[at] + shares[k])
            first[into], second[into] = design.first[taken], design.second[taken]
    return first, second


def _residuals(
    c: GroupedComparisons, prediction: np.ndarray, model: str, corrected: bool, n_threads: int
) -> dict[str, np.ndarray]:
    """The student's residuals by item, and what their squares owe to the votes' noise.

    The residual is the prediction less theta of the plain fit; the noise is its squared standard
    error, 0 unless `corrected`.
    """
    fit = fit_groups(c, model=model, prior=PLAIN, n_threads=n_threads)
    noise: Any = fit.standard_errors() ** 2 if corrected else np.zeros(c.n_items)
    return {"residual": prediction - fit.theta, "noise": np.nan_to_num(noise)}
