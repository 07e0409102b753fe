"""Draws from the normal approximation around a fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.ratings.fit import Fit
from venire.ratings.fitting import tie_of
from venire.resampling._of_fit import OfOneFit

__all__ = ["PosteriorDraws", "drawn", "refuse_interval"]

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
    coefficients : ndarray of float64, shape (n_resamples, K), or None
        Of the covariates.

    Examples
    --------
    >>> import venire as vn
    >>> draws = vn.fit_bradley_terry(vn.datasets.load_battles()).sample(1000, rng=1)
    >>> draws.interval().shape, draws.rank_interval(0.8)[2].tolist()
    ((7, 2), [2, 3])
    """

    fit: Fit
    errors: str
    key: tuple[int, int]
    theta: NDArray[np.float64]
    tie: NDArray[np.float64] | None
    order_effect: NDArray[np.float64] | None
    coefficients: NDArray[np.float64] | None = None
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

    def _columns(self, level: float, interval: str) -> dict[str, NDArray[Any]]:
        own = {"prob_best": self.prob_best(), "expected_regret": self.expected_regret()}
        return super()._columns(level, interval) | own

    def _prior_errors(self) -> NDArray[np.float64] | None:
        return None if self.fit.prior is not None else super()._prior_errors()

    def _unknown_gap(self, i: Any, j: Any) -> NDArray[np.float64]:
        return np.zeros(np.shape(i)) if self.fit.prior is not None else super()._unknown_gap(i, j)

    def _accelerations(self, here: Any) -> NoReturn:
        refuse_interval()

    def _studentized(self, here: Any) -> NoReturn:
        refuse_interval()

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


def refuse_interval() -> NoReturn:
    """Of draws that were not resampled from anything."""
    checks.fail("interval", "of posterior draws must be 'percentile' or 'basic'")


def drawn(
    fit: Fit, errors: str, key: tuple[int, int], n_samples: int, progress: Any = None
) -> PosteriorDraws:
    """Draws around a fit on its own scale; arguments are checked."""
    rows = _drawn(fit, errors, key, 0, n_samples, progress)
    return PosteriorDraws(fit=fit, errors=errors, key=key, **rows)


def _drawn(
    fit: Fit, errors: str, key: tuple[int, int], start: int, stop: int, progress: Any
) -> dict[str, Any]:
    """Draws `start` to `stop` of theta and the other parameters."""
    posterior, n = fit.posterior(key, errors=errors), len(fit.theta)
    theta = np.empty((stop - start, n))
    gamma = None if fit.order_effect is None else np.empty(stop - start)
    beta = None if fit.coefficients is None else np.empty((stop - start, len(fit.coefficients)))
    tie = None if fit.tie is None else np.full(stop - start, fit.tie)
    for low in range(start, stop, STEP):
        high = min(low + STEP, stop)
        rows, at = posterior.rows(low, high), slice(low - start, high - start)
        theta[at] = fit.theta + rows[:, :n]
        if gamma is not None and fit.order_effect is not None:
            gamma[at] = fit.order_effect + rows[:, n]
        if beta is not None and fit.coefficients is not None:
            first = n + (gamma is not None)
            beta[at] = fit.coefficients + rows[:, first : first + beta.shape[1]]
        if tie is not None and fit.has_free_tie:
            tie[at] = tie_of(fit.log_tie + rows[:, -1])
        if progress is not None:
            progress(high - start, stop - start)
    return {"theta": theta, "tie": tie, "order_effect": gamma, "coefficients": beta}
