"""rate: the votes of judges over prompts become ratings of models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.coding import encode_one
from venire.data.votes import Votes
from venire.data.votes.strata import Strata
from venire.errors import NotIdentifiedWarning
from venire.models import DEFAULT, half_tie_model
from venire.panel import consensus
from venire.priors import GaussianPrior, check_prior
from venire.ratings import GroupedFit, fit_groups, fit_model
from venire.targets._judged import Judged
from venire.targets._rated import Rated

__all__ = ["rate"]


def rate(
    votes: Any,
    *,
    by: Any = None,
    method: str = "reliability",
    model: str = DEFAULT,
    prior: GaussianPrior | None = None,
    gold: Any = None,
    hold_to_gold: bool = True,
    rho: float | str | None = None,
    guarded: bool = False,
    n_threads: int | None = None,
) -> Rated:
    """Rate models by the votes of judges over many prompts.

    The votes on each pair of answers to a prompt become one (`consensus`: each judge weighed, all
    prompts together), worth as many comparisons as its effective votes; one fit rates the models
    over all prompts, with errors by prompt.

    Parameters
    ----------
    votes : Votes or data frame
        `first` and `second` are the models, `group` is the prompt, `teacher` the judge. Of a frame
        the columns are found by name, see `Votes.from_frame`, and its rows are taken to be in the
        order in which answers were shown.
    by : str, array_like of shape (n_groups,) or mapping, optional
        Categories of the prompts (language, task), which are rated each by itself, too: the
        column of a frame; of Votes one label for each of ``votes.groups``, or a mapping from their
        labels. The judges' weights are those of all votes. Default: as the votes were read.
    method : str, default "reliability"
        How judges are weighed, see `consensus`.
    model : str, one of `venire.models.HALF_TIES`
        A tie is half a win to each.
    prior : GaussianPrior, optional
        Of theta. Default: none, maximum likelihood.
    gold, hold_to_gold, rho, guarded
        As in `consensus`.
    n_threads : int, optional
        Default: all usable CPUs. The result is the same bit for bit.

    Returns
    -------
    Rated
        The fit, the consensus, errors and intervals by prompt, tables of models and of judges.

    Raises
    ------
    NotIdentifiedError
        If there is no finite fit over all prompts: a model won or lost everything. A prior cures
        it.
    ValueError
        If the votes have no groups or no items, `by` does not go with them, or as `consensus`.
    TypeError
        If an argument has a wrong type.

    Warns
    -----
    ConvergenceWarning, NotIdentifiedWarning
        As the fits. A category without a finite fit is among the `warnings` of the result.

    Notes
    -----
    With X/S the weighted share of the votes for first and nu its effective votes
    (`Consensus.pseudo_votes`), a pair counts as nu X/S wins and nu (1 - X/S) losses: nu is the
    inverse of the variance of a share of votes that hang together. theta tends to the value at
    which these are what the model expects over all prompts. Where prompts differ in what they
    favour, or judges fall short of certainty, that is nearer to 0 than the strengths on one prompt.

    O(votes) for the consensus, O(pairs) for the fit: 2 M votes take about half a second. Errors are
    computed when first asked for.

    References
    ----------
    R. Bradley, M. Terry (1952), doi:10.2307/2334029. For the errors see `Rated`.

    Examples
    --------
    >>> import venire as vn
    >>> prompt = [k for k in range(6) for _ in range(3)]
    >>> first, second = ["x", "y", "x"] * 6, ["y", "z", "z"] * 6
    >>> ann = [1, 1, 1, 1, -1, 1, -1, 1, 1, 1, 1, -1, 1, 0, 1, -1, 1, 1]
    >>> bea = [1, 1, 1, -1, 1, 1, 1, 1, 1, -1, 1, 1, 1, 1, 1, 1, -1, 1]
    >>> v = vn.Votes(
    ...     first * 2, second * 2, ["ann"] * 18 + ["bea"] * 18, ann + bea, group=prompt * 2
    ... )
    >>> rated = vn.rate(v)
    >>> rated
    <Rated bradley-terry: 3 models, 6 prompts, 2 judges>
    >>> rated.items[rated.ranks() == 1].tolist(), bool(rated.standard_errors().max() < 1)
    (['x'], True)
    """
    if not isinstance(votes, Votes):
        votes = _votes_of(votes, by, n_threads)
        by = None
    if votes.items is None:
        checks.fail("votes", "must be about pairs of models: give first and second, not pair")
    if votes.groups is None:
        checks.fail("votes", "must say which prompt they are about: give it as group")
    model = half_tie_model(model).name
    check_prior(prior)
    threads = checks.n_threads(n_threads)
    strata = _strata(votes, by)
    if strata.several and prior is not None and _goes_by_item(prior):
        checks.fail("prior", "must be the same for all items where categories are rated, too")
    q = consensus(
        votes, method, gold=gold, hold_to_gold=hold_to_gold, rho=rho, guarded=guarded,
        n_threads=threads,
    )  # fmt: skip
    judged = Judged(q, strata)
    fit = fit_model(judged.comparisons(threads), model=model, prior=prior, n_threads=threads)
    of_categories: GroupedFit | None = None
    if strata.several:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotIdentifiedWarning)  # the result says which
            of_categories = fit_groups(
                judged.by_category(threads), model=model, prior=prior, n_threads=threads
            )
    return Rated(fit, q, of_categories, _judged=judged)


def _votes_of(frame: Any, by: Any, n_threads: int | None) -> Votes:
    """Votes from a frame whose columns are found by name."""
    if isinstance(frame, (str, bytes)) or hasattr(frame, "__fspath__"):
        reason = "must be Votes or a data frame; of a file they are venire.read(path)"
        checks.fail("votes", reason, value=frame, kind=TypeError)
    if hasattr(frame, "cells"):
        reason = "must be votes of judges, with who gave each: Votes or a data frame"
        checks.fail("votes", reason, value=type(frame).__name__, kind=TypeError)
    named: dict[str, Any] = {} if by is None else {"by": by}
    return Votes.from_frame(frame, as_shown=True, n_threads=n_threads, **named)


def _strata(votes: Votes, by: Any) -> Strata:
    """Prompt and category of each group."""
    groups: NDArray[Any] = votes.groups  # type: ignore[assignment]
    if by is None:
        if votes.strata is not None:
            return votes.strata
        return Strata.plain(groups)
    if isinstance(by, Mapping):
        missing = [label for label in groups.tolist() if label not in by]
        if missing:
            checks.fail("by", "has no category for this prompt", value=missing[0])
        by = [by[label] for label in groups.tolist()]
    elif isinstance(by, str):
        checks.fail("by", "of Votes is an array or a mapping: a name is a frame's column", value=by)
    n, by = checks.columns(by=by)
    if n != len(groups):
        checks.fail("by", f"has {n} labels, but there are {len(groups)} groups (votes.groups)")
    labels, codes = encode_one(by, "by", n=n)
    return Strata(groups, labels, np.arange(n), codes.astype(np.int64))


def _goes_by_item(prior: GaussianPrior) -> bool:
    own = [] if prior.is_estimated else [prior.precision]
    return any(not isinstance(x, float) for x in (*own, prior.mean))
