"""fit_judges: ratings with a slope and a position bias of each judge in the likelihood."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.asked import wanted
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.votes import Votes
from venire.data.votes.gold import gold_of
from venire.errors import ConvergenceWarning
from venire.priors import GaussianPrior
from venire.ratings.grouped import GroupedFit, fit_groups
from venire.targets._judge_notes import notes_of
from venire.targets._judge_step import START, Judged, judged
from venire.targets._judges_fit import JudgesFit
from venire.targets._rows import LaidOutVotes

__all__ = ["fit_judges"]

GOLD = 10.0  # votes of a judge of slope 1 that a pair with gold is worth
MOST_ROUNDS = 200  # until nothing moves
STILL = 1e-6  # the largest change of a slope or a bias then
STEPS = 100  # fits of weighed votes towards the ratings under given judges
CLOSE, NEAR = 0.2, 1e-8  # steps of ratings: the first of plain Newton, and the last
CONVERGE = "converge"

Floats = NDArray[np.float64]


def fit_judges(
    votes: Votes,
    *,
    prior: GaussianPrior | None = GaussianPrior(0.1),  # noqa: B008
    rounds: int | str = 2,
    signed: bool | None = None,
    gold: Any = None,
    groups: ArrayLike | None = None,
    items: tuple[ArrayLike, ArrayLike] | None = None,
    n_threads: int | None = None,
) -> JudgesFit:
    """Fit ratings, and how sharp and how biased each judge is, to the judges' votes.

    A vote of judge k on items i and j, shown in the order o (1 if i was shown first, -1 if j was),
    is for i with probability

        1 / (1 + exp(-(a_k (theta_i - theta_j) + g_k o))).

    The slope a_k says how much the judge sees of what the ratings say: 0 is a coin, above 1 sharper
    than the average. The position bias g_k is what being shown first is worth, in log-odds. Slopes
    are N(1, s^2), biases N(m, t^2), and s, m and t are estimated: a judge with few votes is near
    the average of all. The mean slope, by votes, is 1, which is the unit of theta.

    Parameters
    ----------
    votes : Votes
        On pairs of items; with groups, each has ratings of its own, and judges are the same in all.
        Ties count as half a vote to each, rows of probabilities as soft votes. Where the order
        shown was not recorded (`swapped`), there are no position biases.
    prior : GaussianPrior or None, default GaussianPrior(0.1)
        Of theta.
    rounds : int or "converge", default 2
        How often judges are fitted to the ratings and ratings to the judges; 0: slopes 1, biases 0.
        "converge": until nothing moves, at most 200 times. With few votes a pair that is worse:
        what ratings owe to a judge makes the judge look better.
    signed : bool, optional
        Whether slopes may be negative: a judge who is wrong more often than right is turned around
        and helps. Without gold that rests on the others being right; default: only with gold. Else
        slopes are >= 0, and a judge at 0 is named in `warnings`.
    gold : mapping, tuple of arrays, or array_like of shape (n_pairs,), optional
        What is known of pairs, as in `consensus`: 10 votes each of a judge of slope 1 without bias.
        Gold on pairs without votes is not used.
    groups, items : optional
        Groups and items that exist besides those voted on, as in `fit_votes`; of votes with groups.
    n_threads : int, optional
        Default: all usable CPUs. The result is the same bit for bit.

    Returns
    -------
    JudgesFit

    Raises
    ------
    ValueError
        If pairs have labels of their own instead of items, or an argument is out of range.
    TypeError
        If an argument has a wrong type.

    Warns
    -----
    ConvergenceWarning
        If the ratings or the judges did not converge.

    Notes
    -----
    The judges' step maximises the log-likelihood expected under the posterior of the ratings, to
    second order in it, with s, m and t by EM under a weak hyperprior (two judges of .5). Of several
    optima the one from a = 1 is taken.

    What it is good for: predicting each judge, and knowing biases. Ratings from real votes are
    about as good as those of `fit_votes`, which needs fewer assumptions; where judges are few and
    their biases large, better.

    O(votes) a pass, about 20 passes. Memory beyond the votes: 8 bytes a judgment, or 40 where
    judgments are soft, weighted or of several runs.

    References
    ----------
    Bradley and Terry 1952, doi:10.2307/2334029. Slopes as in tests: Bock and Aitkin 1981,
    doi:10.1007/BF02293801. Judges in the likelihood, as a mixture: Chen et al. 2013,
    doi:10.1145/2433396.2433420.

    Examples
    --------
    Three judges, of which the second leans to what it is shown first.

    >>> import venire as vn
    >>> w = vn.simulate.world(n_groups=4, n_items=20, rng=1)
    >>> judges = vn.simulate.Teachers([3.0, 1.0, 0.2], order_bias=[0.0, 1.0, 0.0])
    >>> d = vn.design.design_pairs(w.n_items, 12, rng=1)
    >>> votes = w.votes(judges, d.group, d.first, d.second, [k % 3 for k in range(len(d.group))])
    >>> found = vn.fit_judges(votes)
    >>> found.slopes.round(1).tolist(), found.position_biases.round(1).tolist()
    ([2.0, 0.8, 0.2], [0.1, 1.1, 0.2])
    """
    wanted(votes, "votes", Votes)
    if votes.items is None:
        checks.fail(
            "votes", "must be on pairs of items: labels of pairs do not say who was compared"
        )
    if votes.groups is None and (groups is not None or items is not None):
        checks.fail("groups" if groups is not None else "items", "goes with votes in groups")
    if not (isinstance(rounds, str) and rounds == CONVERGE):
        checks.whole(rounds, "rounds", 0, 2**31 - 1)
    known = None if gold is None else gold_of(votes, gold)
    turned = known is not None if signed is None else checks.flag(signed, "signed")
    threads = checks.n_threads(n_threads)
    work = _Work(votes, LaidOutVotes(votes, groups, items, threads), prior, known, threads)
    fit, found, done = work.fitted(rounds, turned)
    if not found.converged:
        text = f"the ratings and judges did not converge in {done} rounds"
        warnings.warn(text, ConvergenceWarning, stacklevel=2)
    return work.result(fit, found, turned, done)


class _Work:
    """The votes laid out, and the two steps over them."""

    def __init__(
        self,
        votes: Votes,
        laid_out: LaidOutVotes,
        prior: GaussianPrior | None,
        gold: Any,
        n_threads: int,
    ) -> None:
        self.votes, self.n_threads = votes, n_threads
        self.looks = laid_out.looks()
        self.frame = laid_out.frame
        self.plain = laid_out.comparisons()
        self.gold = self.worth = None
        if gold is not None:
            share = gold if laid_out.pair is None else gold[laid_out.pair]
            self.worth = np.where(np.isnan(share), 0.0, GOLD)
            self.gold = np.nan_to_num(share)
            win, loss = self.worth * self.gold, self.worth * (1.0 - self.gold)
            self.plain = self.frame.with_masses(self.plain.win + win, self.plain.loss + loss)
        self.first = self._fit(self.plain, prior, None)
        self.prior = self.first.prior  # numbers, where the data chose them

    def _fit(self, g: GroupedComparisons, prior: Any, init: GroupedFit | None) -> GroupedFit:
        return fit_groups(g, prior=prior, init=init, n_threads=self.n_threads)

    @cached_property
    def sides(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The items of each row, as positions among all."""
        base = np.repeat(self.frame.offsets[:-1], np.diff(self.frame.cell_offsets))
        return base + self.frame.first, base + self.frame.second

    def differences(self, fit: GroupedFit) -> Floats:
        """theta_first - theta_second of each row; nan where there is no fit."""
        return fit.theta[self.sides[0]] - fit.theta[self.sides[1]]

    def masses(self, d: Floats, slope: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """Score of each row in d, and how many plain votes have its curvature there."""
        score, curve = self.looks.by_row(d, slope, bias)
        p, q = _sides(d)
        if self.gold is not None and self.worth is not None:
            score += self.worth * (self.gold - p)
            curve += self.worth * p * q
        return score, curve / np.maximum(p * q, 1e-300)

    def weighed(self, d: Floats, score: Floats, total: Floats) -> GroupedComparisons:
        """So many plain votes of each row, with this score at d; rows without d as they were."""
        p, q = _sides(d)
        lost = np.isnan(d)
        return self.frame.with_masses(
            np.where(lost, self.plain.win, total * p + score),
            np.where(lost, self.plain.loss, total * q - score),
        )

    def ratings(self, fit: GroupedFit, slope: Floats, bias: Floats) -> tuple[GroupedFit, bool]:
        """The ratings under given judges: fits of plain votes of the same score and curvature.

        Such a step is Newton's on a likelihood of the same shape, and plain votes may have a
        negative win or loss in it. Far from the end more votes are taken, so that none is
        negative, which is a shorter step; and so it is where there is no prior, since fits then
        look at who won, and in the fit that is returned, for anybody can use its votes.
        """
        stiff, before, good = 1.0, np.inf, False
        for _ in range(STEPS):
            d = self.differences(fit)
            score, total = self.masses(d, slope, bias)
            if self.prior is None or before > CLOSE:
                total = _enough(d, score, total)
            new = self._fit(self.weighed(d, score, stiff * total), self.prior, fit)
            with np.errstate(invalid="ignore"):
                far = float(np.nanmax(np.abs(new.theta - fit.theta), initial=0.0))
            fit = new
            if far <= NEAR or not np.isfinite(far):
                good = True
                break
            if far > before:
                stiff *= 2.0
            before = far
        d = self.differences(fit)
        score, total = self.masses(d, slope, bias)
        said = self.weighed(d, score, _enough(d, score, total))
        said = self.frame.with_masses(np.maximum(said.win, 0.0), np.maximum(said.loss, 0.0))
        return self._fit(said, self.prior, fit), good

    def fitted(self, rounds: int | str, signed: bool) -> tuple[GroupedFit, Judged, int]:
        """Ratings and judges after so many rounds, and how many those were."""
        n = self.votes.n_teachers
        unknown, mass = np.full(n, np.nan), self.mass(self.differences(self.first))
        found = Judged(np.ones(n), np.zeros(n), unknown, unknown, mass, START, False, True)
        fit, errors, done = self.first, self.first, 0
        while done < (MOST_ROUNDS if rounds == CONVERGE else int(rounds)):
            done += 1
            old, d = found, self.differences(fit)
            v = np.nan_to_num(errors.difference_variances())
            found = judged(
                partial(self.looks.by_judge, d, v), *old[:2], old.spread, signed=signed,
                has_order=self.looks.has_order,
            )  # fmt: skip
            fit, good = self.ratings(fit, *found[:2])
            moved = float(max(np.abs(x - y).max() for x, y in zip(found[:2], old[:2], strict=True)))
            still = moved <= (STILL if rounds == CONVERGE else 0.0)
            # What ratings owe to judges makes judges differ: told apart before they did.
            found = found._replace(
                converged=found.converged and good and (still or rounds != CONVERGE),
                apart=found.apart if done == 1 else old.apart,
            )
            if still:
                break
            errors = self.exact(fit, found)
        return fit, found, done

    def exact(self, fit: GroupedFit, found: Judged) -> GroupedFit:
        """The same ratings, of plain votes of the same curvature: what errors are taken from."""
        d = self.differences(fit)
        _, total = self.masses(d, found.slope, found.bias)
        return replace(fit, comparisons=self.weighed(d, 0.0 * d, total))

    def mass(self, d: Floats) -> Floats:
        """Votes of each judge on pairs whose ratings are known."""
        n = self.votes.n_teachers
        return self.looks.by_judge(d, 0.0 * d, np.ones(n), np.zeros(n))[:, 11]

    def result(self, fit: GroupedFit, found: Judged, signed: bool, done: int) -> JudgesFit:
        """What users see."""
        votes, n = self.votes, self.votes.n_teachers
        d = self.differences(fit)
        shown: Any = fit if votes.groups is not None else fit.single(0)
        shown = replace(shown, evidence=self.first.evidence)  # of the plain votes
        with np.errstate(invalid="ignore", divide="ignore"):
            losses = [
                -self.looks.log_likelihood(d, a, g) / np.where(found.mass > 0.0, found.mass, np.nan)
                for a, g in (found[:2], (np.ones(n), np.zeros(n)))
            ]
        seen = np.count_nonzero(found.mass > 0.0)
        slope_errors = np.sqrt(found.slope_variance)
        ordered = self.looks.has_order
        return JudgesFit(
            fit=shown,
            judges=votes.teachers,
            n_judgments=np.bincount(votes.teacher, minlength=n),
            n_votes=found.mass,
            slopes=found.slope,
            slope_errors=slope_errors if seen > 1 else np.full(n, np.nan),
            position_biases=found.bias if ordered else None,
            position_bias_errors=np.sqrt(found.bias_variance) if ordered else None,
            slope_spread=found.spread.slope,
            bias_mean=found.spread.mean if ordered else None,
            bias_spread=found.spread.bias if ordered else None,
            log_losses=losses[0],
            plain_log_losses=losses[1],
            signed=signed,
            n_rounds=done,
            converged=found.converged,
            warnings=notes_of(votes, fit, found, ordered),
        )


def _enough(d: Floats, score: Floats, total: Floats) -> Floats:
    """At least `total` plain votes: none has a negative win or loss at this score."""
    p, q = _sides(d)
    least = np.where(score > 0.0, score / np.maximum(q, 1e-300), -score / np.maximum(p, 1e-300))
    return np.maximum(total, least)


def _sides(d: Floats) -> tuple[Floats, Floats]:
    """Probabilities that either side wins at log-odds d."""
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-d)), 1.0 / (1.0 + np.exp(d))
