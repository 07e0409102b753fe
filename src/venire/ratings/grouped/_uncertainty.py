"""Standard errors of grouped fits: of theta, of differences, and of the parameters beside theta."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.data.rows import frozen
from venire.ratings._covariance import inverse_of
from venire.ratings._errors import ParameterErrors
from venire.ratings.grouped import _shared, _standing, batches

if TYPE_CHECKING:
    from venire.ratings.grouped.fit import GroupedFit

__all__ = [
    "Errors",
    "compute_errors",
    "fitted_groups",
    "one_by_one",
    "robust_parameter_errors",
]

FAINT = 1e-7  # share of the largest weight or precision of a group: half the digits are left


class Errors(NamedTuple):
    """Standard errors of theta, of its deviations from the level of the component and from that of
    the group (n_items,), variances of differences (n_cells,) or None, and the errors of the
    parameters beside theta."""

    theta: np.ndarray
    in_component: np.ndarray
    in_group: np.ndarray
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
    out = ParameterErrors(*(np.full(n, np.nan) if wanted else None for wanted in has))
    for k in np.flatnonzero(fitted_groups(fit)).tolist():
        for values, own in zip(out, fit.single(k).parameter_errors("robust"), strict=True):
            if values is not None and own is not None:
                values[k] = own
    return out


def compute_errors(fit: GroupedFit, *, differences: bool = False) -> Errors:
    """The standard errors of a fit and, if asked, the variances of differences."""
    from venire._native.grouped import ELSEWHERE

    g = fit.comparisons
    native, e = fit.native()
    sizes = np.diff(fit.offsets)
    variance = np.where(np.isnan(fit.theta), np.nan, 0.0)
    difference = np.full(len(g.first), np.nan) if differences else None
    own_gamma = None if e.gamma is None else np.full(g.n_groups, np.nan)
    own_tie = None if e.log_tie is None else np.full(g.n_groups, np.nan)
    border = _border(fit, native, e)
    large = (sizes > batches.MAX_ERRORS) | _is_faint(fit)
    apart = np.flatnonzero(fitted_groups(fit) & large)
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
        errors[g.offsets[k] : g.offsets[k + 1]] = single.deviation_errors()
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
    theta, in_component, in_group = (frozen(x) for x in _with_levels(fit, errors))
    return Errors(theta, in_component, in_group, frozen(difference), parameters)


def _with_levels(fit: GroupedFit, errors: np.ndarray) -> tuple[np.ndarray, ...]:
    """Standard errors of theta, of its deviations, and of theta less the level of its group, from
    those of theta less the level of its component.

    The level of a component is known by the prior, or not at all. It is in the error of theta where
    priors give theta an origin, and where an item is alone; and in that beside the group where the
    component is not its largest. The only item of a group is its level.
    """
    alone, fixed = fit.item_weights == 0.0, _has_origin(fit)
    if not (alone.any() or fixed.any() or (fit.n_components > 1).any()):
        return errors, errors, errors
    level, inside = fit._once("levels", lambda: _standing.levels(fit))
    whole = np.sqrt(errors**2 + level)
    several = _of_items(fit, np.diff(fit.offsets) > 1)
    return (
        np.where(alone | _of_items(fit, fixed), whole, errors),
        np.where(alone & several, whole, errors),
        np.where((alone | ~inside) & several, whole, errors),
    )


def _ranges(values: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest value of each group, (n_groups,); infinite where it has no items."""
    low, high = np.full(len(offsets) - 1, np.inf), np.full(len(offsets) - 1, -np.inf)
    filled = np.flatnonzero(np.diff(offsets))
    low[filled] = np.minimum.reduceat(values, offsets[filled])
    high[filled] = np.maximum.reduceat(values, offsets[filled])
    return low, high


def _has_origin(fit: GroupedFit) -> np.ndarray:
    """Groups in which priors differ from item to item, (n_groups,) bool."""
    priors = fit._priors
    if priors.mean is None or priors.precision is None:
        return np.zeros(len(fit.groups), bool)
    low, high = zip(
        *(_ranges(x, fit.offsets) for x in (priors.mean, priors.precision)), strict=True
    )
    return (low[0] < high[0]) | (low[1] < high[1])


def _is_faint(fit: GroupedFit) -> np.ndarray:
    """Groups in which a plain inverse would leave the level to rounding, (n_groups,) bool."""
    precision = fit._priors.precision
    if precision is None:
        return np.zeros(len(fit.groups), bool)
    low, _ = _ranges(precision, fit.offsets)
    _, high = _ranges(np.maximum(precision, fit.item_weights), fit.offsets)
    return low < FAINT * high


def _border(fit: GroupedFit, native: Any, e: Any) -> np.ndarray | None:
    """Covariance of the shared parameters, (4,) for the native layer."""
    m = len(fit.shared_values)
    if m == 0:
        return None
    _, curvature = _shared.shared_curvature(
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


def one_by_one(fit: GroupedFit, errors: str) -> np.ndarray:
    """Standard errors on the model's own scale, of each group's fit as a single one."""
    fitted, anchor = fit.own, fit.display.anchor
    if len(fitted.shared_values):
        reason = "where groups share parameters, only 'fisher' without an anchor is known"
        checks.fail("errors", reason)
    out = np.where(np.isnan(fit.theta), np.nan, 0.0)
    for k in np.flatnonzero(fitted_groups(fitted)).tolist():
        here = slice(fit.offsets[k], fit.offsets[k + 1])
        if not np.isnan(out[here]).all():
            single = fitted.single(k)
            if anchor is not None:
                single = single.rescale(anchor=anchor)
            out[here] = single.standard_errors(errors)
    silent = np.flatnonzero(~np.isnan(out) & ~_of_items(fit, fitted_groups(fitted)))
    level = fitted.level_errors()
    if anchor is None:
        out[silent] = level[silent]
    else:
        beside = fit._anchors(anchor)[silent]
        out[silent] = np.where(silent == beside, 0.0, np.hypot(level[silent], level[beside]))
    return frozen(out)


def _of_items(fit: GroupedFit, groups: np.ndarray) -> np.ndarray:
    """Something of each group as of its items."""
    return np.repeat(groups, np.diff(fit.offsets))
