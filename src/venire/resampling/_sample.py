"""Draws from the normal approximation around fits: of one, or of many groups."""

from __future__ import annotations

from typing import Any, overload

from venire._core import arrays, checks
from venire.ratings import ERRORS
from venire.ratings.fit import Fit
from venire.ratings.grouped import GroupedFit
from venire.resampling._grouped_posterior import GroupedPosteriorDraws
from venire.resampling._posterior import PosteriorDraws, drawn
from venire.resampling._weights import MOST_KEPT

__all__ = ["sample"]


@overload
def sample(
    fit: Fit, n_samples: int = ..., *, rng: Any = ..., errors: str = ..., progress: Any = ...
) -> PosteriorDraws: ...
@overload
def sample(
    fit: GroupedFit, n_samples: int = ..., *, rng: Any = ..., errors: str = ..., progress: Any = ...
) -> GroupedPosteriorDraws: ...
def sample(
    fit: Fit | GroupedFit,
    n_samples: int = 1000,
    *,
    rng: Any = None,
    errors: str = "fisher",
    progress: Any = None,
) -> PosteriorDraws | GroupedPosteriorDraws:
    """Draw ratings from the normal approximation around a fit, or around those of many groups.

    With a prior these are draws from the Laplace approximation of the posterior; without one, of
    what is known of theta under a flat prior. It works on any graph, and where a bootstrap loses
    items: those that won or lost once, say.

    Parameters
    ----------
    fit : Fit or GroupedFit
    n_samples : int, default 1000
    rng : int, SeedSequence or Generator, optional
        From a Generator one key is drawn. Draw k is the same for any `n_samples`, and of a group
        whatever other groups there are.
    errors : {"fisher", "robust"}
        Whose covariance the draws have; see `Ratings`. "robust" allows for clusters, and for ties
        that count as half a win.
    progress : callable, optional
        Called with (draws done, n_samples). Of groups the draws are made when something is asked.

    Returns
    -------
    PosteriorDraws or GroupedPosteriorDraws

    Raises
    ------
    TypeError
        If `fit` is no fit.
    ValueError
        If `n_samples` < 1, `errors` is none of its choices, or groups share parameters.

    Notes
    -----
    Of up to 1,000 parameters the root of the covariance is taken, O(n_items^3), and a draw is a
    product with it, O(n_items^2). Else each draw is one solve with the information matrix, as in a
    Newton step: the slopes are perturbed by what the comparisons are uncertain of (Papandreou and
    Yuille 2010, NeurIPS 23). Memory: the draws; of groups those of one, or all where they are
    33 million numbers at most. Where few comparisons are known of an item its likelihood is no
    normal one, and the bootstrap, or a prior, says more.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts(["a", "b", "a"], ["b", "c", "c"], [30, 25, 35], [20, 15, 8])
    >>> draws = vn.resampling.sample(vn.fit_bradley_terry(c), 2000, rng=1)
    >>> draws.theta.shape, bool(draws.prob_better("a", "c") > 0.99)
    ((2000, 3), True)
    >>> print(draws.summary().header[0])
    PosteriorDraws of bradley-terry: 2,000 draws of 3 items
    """
    if not isinstance(fit, (Fit, GroupedFit)):
        what = f"must be a Fit or a GroupedFit, got {type(fit).__name__}"
        checks.fail("fit", what, kind=TypeError)
    n_samples = checks.whole(n_samples, "n_samples", 1, MOST_KEPT)
    checks.one_of(errors, "errors", ERRORS)
    checks.function(progress, "progress")
    own, key = fit.own, arrays.keys(rng)
    if isinstance(own, Fit):
        draws: Any = drawn(own, errors, key, n_samples, progress)
    else:
        if own.shared and len(own.shared_values):
            checks.fail("fit", "groups that share parameters cannot be drawn one by one")
        draws = GroupedPosteriorDraws(fit=own, errors=errors, key=key, n_resamples=n_samples)
        if progress is not None:
            progress(n_samples, n_samples)
    return draws if fit is own else draws._shown_as(fit)
