"""Standard errors of grouped fits: of theta, of differences, and of the parameters beside theta."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from venire.ratings._covariance import inverse_of
from venire.ratings.grouped import batches

if TYPE_CHECKING:
    from venire.ratings.grouped.fit import GroupedFit

__all__ = ["GroupedParameterErrors", "compute_errors"]


class GroupedParameterErrors(NamedTuple):
    """Standard errors of the parameters beside theta; None for what the model lacks.

    Attributes
    ----------
    order_effect, tie : ndarray of float64, shape (n_groups,), float if shared, or None
        nan where a group has no fit, or no ties.
    """

    order_effect: Any
    tie: Any


def compute_errors(fit: GroupedFit, *, differences: bool = False) -> None:
    """Fill the cache of a fit: its standard errors and, if asked, the variances of differences."""
    from venire._native.grouped import ELSEWHERE

    g = fit.comparisons
    native, e = fit._native()
    several = (fit.status == "no comparisons") & (np.diff(fit.offsets) > 1)
    unknown = np.isnan(fit.theta) | np.repeat(several, np.diff(fit.offsets))
    variance = np.zeros(g.n_items)
    variance[unknown] = np.nan
    del unknown
    difference = np.full(len(g.first), np.nan) if differences else None
    own_gamma = None if e.gamma is None else np.full(g.n_groups, np.nan)
    own_tie = None if e.log_tie is None else np.full(g.n_groups, np.nan)
    border = _border(fit, native, e)
    fitted = np.isfinite(fit.residual) & (np.diff(g.cell_offsets) > 0)
    apart = np.flatnonzero(fitted & (np.diff(g.offsets) > batches.MAX_ERRORS))
    e.status[apart] = ELSEWHERE
    batches.in_batches(
        g,
        lambda a, b: native.variances(
            e, a, b, variance, difference, own_gamma, own_tie, border, fit.n_threads
        ),
    )
    for values in (variance, difference, own_gamma, own_tie):
        if values is not None:  # of an information that is singular to working precision
            values[(values < 0.0) | np.isinf(values)] = np.nan
    errors = np.sqrt(variance, out=variance)
    gamma_error: Any = None if own_gamma is None else np.sqrt(own_gamma)
    with np.errstate(over="ignore"):
        tie_error: Any = None if own_tie is None else np.sqrt(own_tie) * fit.tie
    if tie_error is None and fit.tie is not None and not fit.shared:
        tie_error = np.full(g.n_groups, np.nan)  # no group has ties
    for k in apart.tolist():
        single = fit._single(k)
        errors[g.offsets[k] : g.offsets[k + 1]] = single.standard_errors()
        if difference is not None:
            cells = slice(g.cell_offsets[k], g.cell_offsets[k + 1])
            labels = (single.items[side[cells]] for side in (g.first, g.second))
            difference[cells] = single.difference_errors(*labels) ** 2
        own = single.parameter_errors()
        if gamma_error is not None:
            gamma_error[k] = own.order_effect
        if tie_error is not None and own.tie is not None:
            tie_error[k] = own.tie
    if border is not None:
        if fit.order_effect is not None:
            gamma_error = float(np.sqrt(border[0]))
        if fit.tie is not None and len(fit._values) > (fit.order_effect is not None):
            at = 3 if fit.order_effect is not None else 0
            tie_error = float(np.sqrt(border[at])) * fit.tie
    errors.flags.writeable = False
    fit._cache["standard_errors"] = errors
    fit._cache["parameter_errors"] = GroupedParameterErrors(gamma_error, tie_error)
    if difference is not None:
        difference.flags.writeable = False
        fit._cache["difference_variances"] = difference


def _border(fit: GroupedFit, native: Any, e: Any) -> np.ndarray | None:
    """Covariance of the shared parameters, (4,) for the native layer."""
    from venire.ratings.grouped._shared import shared_curvature

    m = len(fit._values)
    if m == 0:
        return None
    active = np.isfinite(fit.residual) & (np.diff(fit.comparisons.cell_offsets) > 0)
    _, curvature = shared_curvature(native, e, fit.comparisons, active, m, fit.n_threads)
    out = np.zeros((2, 2))
    out[:m, :m] = inverse_of(curvature)
    if not np.isfinite(out).all():
        warnings.warn(
            "the information of the shared parameters is singular to working precision: standard "
            "errors are nan",
            RuntimeWarning,
            stacklevel=2,
        )
    return out.reshape(-1)
