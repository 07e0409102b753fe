"""Draws from the normal approximation around a fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import arrays, checks
from venire.ratings.fit import Fit
from venire.ratings.fitting import tie_of
from venire.resampling._of_fit import OfOneFit
from venire.resampling._weights import MOST_KEPT

__all__ = ["PosteriorDraws", "sample"]

STEP = 256  # draws between two calls of `progress`


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PosteriorDraws(OfOneFit):
    """Draws from the normal approximation around a fit, as `sample` returns them.

    Everything that a `Bootstrap` tells is told from them alike: intervals, ranks, probabilities.

    Attributes
    ----------
    fit : Fit
        What the draws are around.
    errors : {"fisher", "robust"}
        Whose covariance they have.
    key : tuple of int
        The stream: draw k depends on the fit, `errors`, `key` and k only.
    theta : ndarray of float64, shape (n_resamples, n_items)
        With a mean of 0 in each component; where priors say where components lie, with that.
    tie, order_effect : ndarray of float64, shape (n_resamples,), or None
        The other parameters, where the fit has them.
    """

    fit: Fit
    errors: str
    key: tuple[int, int]
    theta: NDArray[np.float64]
    tie: NDArray[np.float64] | None
    order_effect: NDArray[np.float64] | None
    _own: PosteriorDraws | None = None
    _cache: dict[str, Any] = field(default_factory=dict)

    scheme = "posterior"

    def _title(self) -> str:
        what = f"PosteriorDraws of {self.fit.model}: {self.n_resamples:,} draws"
        how = "" if self.errors == "fisher" else f" by {self.errors} errors"
        return f"{what} of {len(self.items)} items{how}"

    def _draws(self) -> NDArray[np.float64]:
        if len(self.theta) < 2:
            raise ValueError("only one draw: nothing to take statistics of")
        return self.theta

    @property
    def _equal(self) -> float:
        return 0.0

    def _whole_draws(self) -> NDArray[np.float64]:
        return self._draws()

    def _prior_errors(self) -> NDArray[np.float64] | None:
        return None if self.fit.prior is not None else super()._prior_errors()

    def _unknown_gap(self, i: Any, j: Any) -> NDArray[np.float64]:
        return np.zeros(np.shape(i)) if self.fit.prior is not None else super()._unknown_gap(i, j)

    def _accelerations(self, here: Any) -> NoReturn:
        self._refuse()

    def _studentized(self, here: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        checks.fail("interval", "of posterior draws must be 'percentile' or 'basic'")

    def _extended(self, more: int, progress: Any) -> PosteriorDraws:
        if self._own is not None:
            return self._own._extended(more, progress)._shown_as(self.fit)
        start = self.n_resamples
        new = _drawn(self.fit, self.errors, self.key, start, start + more, progress)
        old = {name: getattr(self, name) for name in new}
        joined: dict[str, Any] = {
            name: None if x is None else np.concatenate([old[name], x]) for name, x in new.items()
        }
        return replace(self, _cache={}, **joined)


def sample(
    fit: Fit,
    n_samples: int = 1000,
    *,
    rng: Any = None,
    errors: str = "fisher",
    progress: Any = None,
) -> PosteriorDraws:
    """Draw ratings from the normal approximation around a fit.

    With a prior these are draws from the Laplace approximation of the posterior; without one, of
    what is known of theta under a flat prior. It works on any graph, and where a bootstrap loses
    items: those that won or lost once, say.

    Parameters
    ----------
    fit : Fit
    n_samples : int, default 1000
    rng : int, SeedSequence or Generator, optional
        From a Generator one key is drawn. Draw k is the same for any `n_samples`.
    errors : {"fisher", "robust"}
        Whose covariance the draws have; see `Ratings`. "robust" allows for clusters, and for ties
        that count as half a win.
    progress : callable, optional
        Called with (draws done, n_samples).

    Returns
    -------
    PosteriorDraws

    Raises
    ------
    TypeError
        If `fit` is no Fit.
    ValueError
        If `n_samples` < 1 or `errors` is none of its choices.

    Notes
    -----
    Of up to 1,000 parameters the root of the covariance is taken, O(n_items^3), and a draw is a
    product with it, O(n_items^2). Else each draw is one solve with the information matrix, as in a
    Newton step: the slopes are perturbed by what the comparisons are uncertain of (Papandreou and
    Yuille 2010, NeurIPS 23). Memory: the draws. Where few comparisons are known of an item its
    likelihood is no normal one, and the bootstrap, or a prior, says more.

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
    if not isinstance(fit, Fit):
        checks.fail("fit", f"must be a Fit, got {type(fit).__name__}", kind=TypeError)
    n_samples = checks.whole(n_samples, "n_samples", 1, MOST_KEPT)
    checks.function(progress, "progress")
    own, key = fit.own, arrays.keys(rng)
    draws = PosteriorDraws(
        fit=own, errors=errors, key=key, **_drawn(own, errors, key, 0, n_samples, progress)
    )
    return draws if fit is own else draws._shown_as(fit)


def _drawn(
    fit: Fit, errors: str, key: tuple[int, int], start: int, stop: int, progress: Any
) -> dict[str, Any]:
    """Draws `start` to `stop` of theta and the other parameters."""
    posterior, n = fit.posterior(key, errors=errors), len(fit.theta)
    theta = np.empty((stop - start, n))
    gamma = None if fit.order_effect is None else np.empty(stop - start)
    tie = None if fit.tie is None else np.full(stop - start, fit.tie)
    for low in range(start, stop, STEP):
        high = min(low + STEP, stop)
        rows, at = posterior.rows(low, high), slice(low - start, high - start)
        theta[at] = fit.theta + rows[:, :n]
        if gamma is not None and fit.order_effect is not None:
            gamma[at] = fit.order_effect + rows[:, n]
        if tie is not None and fit.has_free_tie:
            tie[at] = tie_of(fit.log_tie + rows[:, -1])
        if progress is not None:
            progress(high - start, stop - start)
    return {"theta": theta, "tie": tie, "order_effect": gamma}
