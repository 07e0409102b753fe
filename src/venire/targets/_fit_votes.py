"""fit_votes: the votes of teachers become ratings, each teacher weighed by how it agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled
from venire.data.asked import wanted
from venire.data.coding import encode_one
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.votes import Votes
from venire.models import DEFAULT, half_tie_model
from venire.panel import Consensus, consensus
from venire.panel.reliability import agreed, log_odds
from venire.priors import GaussianPrior
from venire.ratings.grouped import GroupedFit, fit_groups
from venire.targets._fit_judges import fit_judges
from venire.targets._judges_fit import JudgesFit
from venire.targets._rows import LaidOutVotes

__all__ = ["METHODS", "VotesFit", "fit_votes"]

METHODS = ("fit", "judges", "consensus", "uniform")
LEAST = 1e-3  # weight of a teacher, before the division by the mean

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class VotesFit(Tabled):
    """Ratings from weighted votes, and what each teacher's vote counted.

    Attributes
    ----------
    fit : GroupedFit
    teachers : ndarray of shape (n_teachers,)
        Labels, sorted.
    weights : ndarray of float64, shape (n_teachers,)
        What a vote of each teacher counted, 1 on average over all judgments. With method
        "consensus" the teacher's weight in the pool of a pair, on the same footing; with "judges"
        its slope, which is what a vote moves the ratings by.
    alpha, beta : ndarray of float64, shape (n_teachers,), or None
        Beta(alpha, beta) of a teacher's agreement: with the ratings (methods "fit" and "judges"),
        or with the others on its pairs ("consensus"); None for "uniform". Ties say nothing.
    n_judgments : ndarray of int64, shape (n_teachers,)
        Pairs that each teacher voted on.
    method : {"fit", "judges", "consensus", "uniform"}
    consensus : Consensus or None
        Of method "consensus".
    judges : JudgesFit or None
        Of method "judges".

    Examples
    --------
    >>> import venire as vn
    >>> v = vn.Votes(["a", "b"], ["b", "c"], ["ann", "bea"], [1, 1], group=["q", "q"])
    >>> found = vn.fit_votes(v)
    >>> found
    <VotesFit fit: 1 groups, 2 teachers, weights 1 to 1>
    >>> round(found.comparisons.n_comparisons, 9)
    2.0
    """

    fit: GroupedFit
    teachers: NDArray[Any]
    weights: Floats
    alpha: Floats | None
    beta: Floats | None
    n_judgments: NDArray[np.int64]
    method: str
    consensus: Consensus | None = None
    judges: JudgesFit | None = None

    @property
    def comparisons(self) -> GroupedComparisons:
        """The weighted votes, as they were fitted."""
        return self.fit.comparisons

    def weight_of(self, teacher: ArrayLike) -> Floats:
        """What votes of these teachers count, for votes that are fitted elsewhere (bridges).

        Parameters
        ----------
        teacher : array_like of shape (n,)
            Labels.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        ValueError
            If a label is not among `teachers`.

        Examples
        --------
        >>> import venire as vn
        >>> v = vn.Votes(["a", "b"], ["b", "c"], ["ann", "bea"], [1, 1], group=["q", "q"])
        >>> vn.fit_votes(v, method="uniform").weight_of(["bea", "ann", "bea"]).tolist()
        [1.0, 1.0, 1.0]
        """
        labels, codes = encode_one(teacher, "teacher")
        place = {label: k for k, label in enumerate(self.teachers.tolist())}
        at = np.array([place.get(label, -1) for label in labels.tolist()], np.int64)[codes]
        if (at < 0).any():
            bad = int(np.argmax(at < 0))
            checks.fail("teacher", "did not vote", bad, labels[codes[bad]])
        return self.weights[at]

    def to_frame(self, backend: str | None = None) -> Any:
        """The teachers as a data frame.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns teacher, n_judgments, weight, agreement (mean of its Beta, nan for "uniform").
        """
        agreement = np.full(len(self.teachers), np.nan)
        if self.alpha is not None and self.beta is not None:
            agreement = self.alpha / (self.alpha + self.beta)
        columns = {
            "teacher": self.teachers,
            "n_judgments": self.n_judgments,
            "weight": self.weights,
            "agreement": agreement,
        }
        return as_frame(columns, backend)

    def _table(self, top: int | None) -> Table:
        return Table.of(self._titled(), self.to_frame("dict"), top=top, what="teachers")

    def __repr__(self) -> str:
        low, high = self.weights.min(), self.weights.max()
        return (
            f"<VotesFit {self.method}: {len(self.fit.groups):,} groups, {len(self.teachers)} "
            f"teachers, weights {low:.3g} to {high:.3g}>"
        )


def fit_votes(
    votes: Votes,
    *,
    model: str = DEFAULT,
    prior: GaussianPrior | None = GaussianPrior(0.1),  # noqa: B008
    method: str = "fit",
    rounds: int = 2,
    rho: float | None = 0.3,
    groups: ArrayLike | None = None,
    items: tuple[ArrayLike, ArrayLike] | None = None,
    n_threads: int | None = None,
) -> VotesFit:
    """Fit the ratings of each group's items to votes of teachers that differ in how good they are.

    Where each pair was put to one teacher, nobody else says how good its vote was; the ratings do.
    With p_k the probability that the first item of pair k is better, as the fit expects it, and s
    in [-1, 1] a teacher's vote on it, the teacher's agreement with the ratings is Beta(a, b),

        a = 4 + sum of s+ p + s- (1 - p),    b = 2 + sum of s+ (1 - p) + s- p,

    and its votes count w = max(psi(a) - psi(b), 0.001), the expected log-odds of agreeing, over the
    mean of that: over all judgments, so that the votes have the total weight that they had. The fit
    is then made again, with the votes weighted, `rounds` times in all. p allows for what is not
    known of the ratings: it is the logistic function of (theta_i - theta_j) /
    sqrt(1 + pi v_ij / 8), v_ij being the variance of that difference; or the normal one with
    sqrt(1 + v_ij).

    Parameters
    ----------
    votes : Votes
        With groups. Ties count as half a win to each.
    model : str, one of `venire.models.HALF_TIES`
    prior : GaussianPrior or None, default GaussianPrior(0.1)
        Of theta, in every fit; see `fit_groups`.
    method : {"fit", "judges", "consensus", "uniform"}
        "fit": as above. "judges": each teacher has a slope and a position bias in the likelihood,
        see `fit_judges`; needs "bradley-terry". "consensus": for panels, where several teachers
        vote on each pair: `consensus` by reliability makes one soft vote of each pair, worth its
        effective number of votes, and that is fitted. "uniform": every vote counts the same.
    rounds : int, default 2
        Of "fit" and "judges": how often the teachers are weighed; 0 is "uniform".
    rho : float, default 0.3
        Of "consensus": correlation of the teachers' errors.
    groups, items : optional
        Groups, and items as a pair of labels of groups and of items, that exist besides those voted
        on; see `GroupedComparisons`.
    n_threads : int, optional
        Default: all usable CPUs. The result is the same bit for bit.

    Returns
    -------
    VotesFit

    Raises
    ------
    ValueError
        If the votes have no groups, or an argument is out of range.
    TypeError
        If an argument has a wrong type.

    Warns
    -----
    ConvergenceWarning
        If some group reached the iteration limit of the fits.

    Notes
    -----
    Which item was shown first plays no part: a design in which every item is first as often as
    second cancels a teacher's bias for a position.

    A teacher's weight comes from all groups together: with few votes in all it stays near that of
    the prior Beta(4, 2). The vote itself took part in the fit that judges it, which flatters every
    teacher somewhat, those most whose votes weigh most.

    The votes are laid out in groups once; each round adds a pass over them, the variances and a fit
    that starts from the one before. O(votes + pairs) time for sparse groups, and beyond the votes
    about 60 bytes a pair.

    References
    ----------
    The factor in p: MacKay 1992, doi:10.1162/neco.1992.4.5.720.

    Examples
    --------
    Teacher c votes the other way round.

    >>> import venire as vn
    >>> first, second = [0, 1, 2, 3, 0, 1] * 20, [1, 2, 3, 0, 2, 3] * 20
    >>> group = [k // 6 for k in range(120)]
    >>> teacher = ["a", "b", "a", "b", "c"] * 24
    >>> vote = [
    ...     (1 if i < j else -1) * (-1 if t == "c" else 1)
    ...     for i, j, t in zip(first, second, teacher)
    ... ]
    >>> found = vn.fit_votes(vn.Votes(first, second, teacher, vote, group=group))
    >>> found.weights.round(2).tolist()
    [1.27, 1.23, 0.0]
    """
    _check(votes, model, method, rounds, rho)
    threads = checks.n_threads(n_threads)
    if method == "consensus":
        return _by_consensus(votes, model, prior, rho, groups, items, threads)
    if method == "judges":
        return _by_judges(votes, prior, rounds, groups, items, threads)
    laid_out = LaidOutVotes(votes, groups, items, threads)
    fit = fit_groups(laid_out.comparisons(), model=model, prior=prior, n_threads=threads)
    weights, alpha, beta = np.ones(votes.n_teachers), None, None
    judged = np.bincount(votes.teacher, minlength=votes.n_teachers)
    for _ in range(rounds if method == "fit" else 0):
        size, match, counted = laid_out.agreement(fit)
        alpha, beta = agreed(size, match)
        weights = _worth(alpha, beta, counted)
        weighted = laid_out.comparisons(weights)
        fit = fit_groups(weighted, model=model, prior=prior, init=fit, n_threads=threads)
    return VotesFit(fit, votes.teachers, weights, alpha, beta, judged, method)


def _worth(alpha: Floats, beta: Floats, n: NDArray[np.int64]) -> Floats:
    """Expected log-odds of agreeing, at least LEAST, over the mean of n judgments each."""
    worth = log_odds(alpha, beta, LEAST)
    return worth * (n.sum() / (worth @ n)) if n.any() else np.ones(len(worth))


def _by_consensus(
    votes: Votes,
    model: str,
    prior: GaussianPrior | None,
    rho: float | None,
    groups: Any,
    items: Any,
    n_threads: int,
) -> VotesFit:
    q = consensus(votes, "reliability", rho=rho, n_threads=n_threads)
    g = q.to_grouped(groups=groups, items=items, n_threads=n_threads)
    fit = fit_groups(g, model=model, prior=prior, n_threads=n_threads)
    judged = np.bincount(votes.teacher, minlength=votes.n_teachers)
    agree = q.reliability
    return VotesFit(
        fit, votes.teachers, q.teacher_weights, agree.alpha, agree.beta, judged, "consensus", q
    )


def _by_judges(
    votes: Votes, prior: GaussianPrior | None, rounds: int, groups: Any, items: Any, n_threads: int
) -> VotesFit:
    found = fit_judges(
        votes, prior=prior, rounds=rounds, groups=groups, items=items, n_threads=n_threads
    )
    assert isinstance(found.fit, GroupedFit)
    size, match, counted = LaidOutVotes(votes, groups, items, n_threads).agreement(found.fit)
    weights = found.slopes
    if counted.any():
        weights = weights * (counted.sum() / (weights @ counted))
    return VotesFit(
        found.fit, votes.teachers, weights, *agreed(size, match), found.n_judgments, "judges",
        judges=found,
    )  # fmt: skip


def _check(votes: Any, model: Any, method: Any, rounds: Any, rho: Any) -> None:
    wanted(votes, "votes", Votes)
    if votes.groups is None:
        checks.fail("votes", "must have groups: give group=..., the same label for all if one")
    row = half_tie_model(model)
    checks.one_of(method, "method", METHODS)
    if method == "judges" and row.name != DEFAULT:
        checks.fail("model", f"must be {DEFAULT!r} for method 'judges'", value=row.name)
    checks.whole(rounds, "rounds", 0, 2**31 - 1)
    if rho is not None:
        checks.number(rho, "rho", "must be between 0 and 1", lambda x: 0.0 <= x <= 1.0)
