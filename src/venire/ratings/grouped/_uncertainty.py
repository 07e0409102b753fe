"""Standard errors of grouped fits: of theta, of differences, and of the parameters beside theta."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.data.aggregation import frozen
from venire.ratings._covariance import inverse_of
from venire.ratings._errors import ParameterErrors
from venire.ratings.grouped import batches

if TYPE_CHECKING:
    from venire.ratings.grouped.fit import GroupedFit

__all__ = ["Errors", "compute_errors", "fitted_groups", "robust_parameter_errors"]


class Errors(NamedTuple):
    """Standard errors of theta (n_items,), variances of differences (n_cells,) or None, and the
    errors of the parameters beside theta."""

    theta: np.ndarray
    differences: np.ndarray | None
    parameters: ParameterErrors


def fitted_groups(fit: GroupedFit) -> np.ndarray:
    """Which groups have a fit of their comparisons, (n_groups,) bool."""
    return np.isfinite(fit.residual) & (np.diff(fit.comparisons.cell_offsets) > 0)


def robust_parameter_errors(fit: GroupedFit) -> ParameterErrors:
    """Robust errors of the parameters of each group, a single fit at a time."""
    if len(fit.shared_values):
        checks.fail("errors", "where groups share parameters only 'fisher' is known")
    n = len(fit.groups)
    has = (fit.order_effect is not None, fit.tie is not None, fit.tie is not None)
    out = [np.full(n, np.nan) if wanted else None for wanted in has]
    for k in np.flatnonzero(fitted_groups(fit)).tolist():
        for values, own in zip(out, fit.single(k).parameter_errors("robust"), strict=True):
            if values is not None and own is not None:
                values[k] = own
    return ParameterErrors(*out)


def compute_errors(fit: GroupedFit, *, differences: bool = False) -> Errors:
    """The standard errors of a fit and, if asked, the variances of differences."""
    from venire._native.grouped import ELSEWHERE

    g = fit.comparisons
    native, e = fit.native()
    several = (fit.status == "no comparisons") & (np.diff(fit.offsets) > 1)
    unknown = np.isnan(fit.theta) | np.repeat(several, np.diff(fit.offsets))
    variance = np.zeros(g.n_items)
    variance[unknown] = np.nan
    del unknown
    difference = np.full(len(g.first), np.nan) if differences else None
    own_gamma = None if e.gamma is None else np.full(g.n_groups, np.nan)
    own_tie = None if e.log_tie is None else np.full(g.n_groups, np.nan)
    border = _border(fit, native, e)
    apart = np.flatnonzero(fitted_groups(fit) & (np.diff(g.offsets) > batches.MAX_ERRORS))
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
    log_error: Any = None if own_tie is None else np.sqrt(own_tie)
    if log_error is None and fit.tie is not None and not fit.shared:
        log_error = np.full(g.n_groups, np.nan)  # no group has ties
    for k in apart.tolist():
        single = fit.single(k)
        errors[g.offsets[k] : g.offsets[k + 1]] = single.standard_errors()
        if difference is not None:
            cells = slice(g.cell_offsets[k], g.cell_offsets[k + 1])
            labels = (single.items[side[cells]] for side in (g.first, g.second))
            difference[cells] = single.difference_errors(*labels) ** 2
        own = single.parameter_errors()
        if gamma_error is not None:
            gamma_error[k] = own.order_effect
        if log_error is not None and own.log_tie is not None:
            log_error[k] = own.log_tie
    if border is not None:
        if fit.order_effect is not None:
            gamma_error = float(np.sqrt(border[0]))
        if fit.tie is not None and len(fit.shared_values) > (fit.order_effect is not None):
            log_error = float(np.sqrt(border[3 if fit.order_effect is not None else 0]))
    with np.errstate(over="ignore"):
        tie_error = None if log_error is None else log_error * fit.tie
    parameters = ParameterErrors(gamma_error, tie_error, log_error)
    return Errors(frozen(errors), frozen(difference), parameters)


def _border(fit: GroupedFit, native: Any, e: Any) -> np.ndarray | None:
    """Covariance of the shared parameters, (4,) for the native layer."""
    from venire.ratings.grouped._shared import shared_curvature

    m = len(fit.shared_values)
    if m == 0:
        return None
    _, curvature = shared_curvature(
        native, e, fit.comparisons, fitted_groups(fit), m, fit.n_threads
    )
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
