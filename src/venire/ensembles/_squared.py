"""Squared error of a weighted mean of members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.checks import fail
from venire._core.tables import Table, Tabled
from venire._core.views import Drawn
from venire.ensembles._correlation import correlate, n_effective

__all__ = ["Decomposition", "decompose_squared"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Decomposition(Drawn, Tabled):
    """Squared error of an ensemble taken apart; what `decompose` returns.

    error = noise + bias2 + share * variance + (1 - share) * covariance holds exactly, and so does
    error = member_error - ambiguity.

    Attributes
    ----------
    n_members, n_rows : int
    over : {"rows", "trials"}
        What expectations are taken over: the rows (one ensemble) or the trials (several).
    error : float
        Mean squared error of the ensemble's prediction.
    noise : float
        Variance of the target around its expectation: estimated from repeats, given, or 0 (then it
        is part of the other terms).
    bias2 : float
        Square of what the expected error is. Estimated without bias, so that it can be below 0.
    variance : float
        Mean variance of a member.
    covariance : float
        Mean covariance of two members; nan with a single member.
    share : float
        Sum of the squared weights: 1 / n_members where they are equal.
    weights : ndarray of float64, shape (n_members,)
        They add up to 1.
    member_errors : ndarray of float64, shape (n_members,)
        Mean squared error of each member.
    member_error : float
        Their weighted mean.
    ambiguity : float
        Weighted mean square of the members' distances from the ensemble.
    correlation : ndarray of float64, shape (n_members, n_members)
        Of the members' errors; nan where a member does not vary.
    rho, rho_error : float
        Mean correlation of two members' errors and its standard error.
    rho_interval : tuple of float
        Interval of rho at `level`.
    sigma2 : float
        Mean variance of a member's error, noise included.
    predicted_variance : float
        rho * sigma2 + (1 - rho) * sigma2 * share.
    observed_variance : float
        Variance of the ensemble's error, noise included. Equals the predicted one where all
        members have the same variance.
    n_effective : float
        How many independent members have a mean of variance `predicted_variance`, "M_eff":
        1 / (rho + (1 - rho) * share).
    level : float

    Examples
    --------
    >>> import venire as vn
    >>> d = vn.ensembles.decompose(
    ...     [[1.0, 2.0, 3.0, 5.0], [1.0, 3.0, 4.0, 3.0]], [1.0, 2.0, 4.0, 4.0]
    ... )
    >>> d
    <Decomposition over rows: 2 members, error 0.125 = member error 0.5 - ambiguity 0.375>
    """

    n_members: int
    n_rows: int
    over: str
    error: float
    noise: float
    bias2: float
    variance: float
    covariance: float
    share: float
    weights: np.ndarray
    member_errors: np.ndarray
    member_error: float
    ambiguity: float
    correlation: np.ndarray
    rho: float
    rho_error: float
    rho_interval: tuple[float, float]
    sigma2: float
    predicted_variance: float
    observed_variance: float
    n_effective: float
    level: float

    def __repr__(self) -> str:
        return (
            f"<Decomposition over {self.over}: {self.n_members} members, error {self.error:.4g} = "
            f"member error {self.member_error:.4g} - ambiguity {self.ambiguity:.4g}>"
        )

    def _table(self, top: int | None) -> Table:
        names = ("error", "noise", "bias2", "variance", "covariance", "member_error", "ambiguity",
                 "rho", "rho_error", "n_effective")  # fmt: skip
        return Table.numbers(self._titled(), self, names, top)


def decompose_squared(
    f: np.ndarray,
    t: np.ndarray,
    w: np.ndarray,
    noise: Any,
    cluster: np.ndarray,
    n_clusters: int,
    level: float,
) -> Decomposition:
    """See `decompose`; f (n_members, n_rows) or (n_trials, n_members, n_rows), t (n_repeats, n)."""
    truth, inside, noise = _noise(t, noise)
    spread = float(((t - truth) ** 2).mean())
    trials = f if f.ndim == 3 else f[None]
    n_trials, n_members, n = trials.shape
    if (n if f.ndim == 2 else n_trials) < 2:
        name = "rows" if f.ndim == 2 else "trials"
        fail("predictions", f"at least two {name} are needed", value=1)
    mean = np.einsum("m,tmn->tn", w, trials)
    member_errors = np.zeros(n_members)
    ambiguity = 0.0
    for k in range(n_trials):
        member_errors += ((trials[k] - truth) ** 2).mean(axis=1) / n_trials
        ambiguity += float(w @ ((trials[k] - mean[k]) ** 2).mean(axis=1)) / n_trials
    member_errors += spread
    error = float(((mean - truth) ** 2).mean()) + spread
    if f.ndim == 2:
        deviations = f - truth
        deviations -= deviations.mean(axis=1, keepdims=True)
        degrees, raw = n - 1.0, float((mean[0] - truth).mean()) ** 2
        correction, divisor = 0.0, float(n)
    else:
        around = f - f.mean(axis=0)
        deviations = around.transpose(1, 0, 2).reshape(n_members, n_trials * n)
        degrees, raw = (n_trials - 1.0) * n, float(((mean.mean(axis=0) - truth) ** 2).mean())
        correction, divisor = inside, float(n_trials)
        cluster, n_clusters = np.repeat(np.arange(n_trials), n), n_trials
    gram = deviations @ deviations.T
    c = gram / degrees
    observed = float(w @ c @ w)
    bias2 = raw - observed / divisor - correction
    within = inside if f.ndim == 2 else 0.0  # noise that all errors of a row have in common
    share, own = float(w @ w), float(w**2 @ np.diagonal(c))
    if n_members == 1:
        share = 1.0
    found = correlate(deviations, gram, cluster, n_clusters, level)
    sigma2 = float(np.diagonal(c).mean())
    rho = found.rho
    predicted = sigma2 if share == 1.0 else sigma2 * (rho + (1.0 - rho) * share)
    covariance = np.nan if share == 1.0 else (observed - own) / (1.0 - share) - within
    return Decomposition(
        n_members=n_members, n_rows=n, over="rows" if f.ndim == 2 else "trials",
        error=error, noise=noise, bias2=bias2, variance=own / share - within,
        covariance=float(covariance), share=share, weights=w, member_errors=member_errors,
        member_error=float(w @ member_errors), ambiguity=ambiguity, correlation=found.matrix,
        rho=rho, rho_error=found.rho_error, rho_interval=found.interval, sigma2=sigma2,
        predicted_variance=predicted, observed_variance=observed,
        n_effective=n_effective(rho, share), level=level,
    )  # fmt: skip


def _noise(t: np.ndarray, noise: Any) -> tuple[np.ndarray, float, float]:
    """Mean target of each row, the mean variance of that mean, and of a single target."""
    truth, repeats = t.mean(axis=0), len(t)
    if noise is None:
        if repeats == 1:
            return truth, 0.0, 0.0
        single = float(t.var(axis=0, ddof=1).mean())
        return truth, single / repeats, single
    if repeats > 1:
        fail("noise", "is estimated from the repeats of target: give one of the two")
    array = checks.numeric(noise, "noise")
    if array.shape not in ((), (1,), truth.shape):
        fail("noise", f"must be a number or have shape {truth.shape}", value=noise)
    flat = checks.amounts(array.reshape(-1), array.size, "noise")
    return truth, float(flat.mean()), float(flat.mean())
