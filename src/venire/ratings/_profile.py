"""Intervals from profiles of the likelihood: where theta, held there, costs half of z squared.

A single fit is one group of the native layer, so both kinds of fits have one kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from venire._core import checks
from venire._core.intervals import critical_value
from venire.data.comparisons import Comparisons
from venire.data.grouped_comparisons import GroupedComparisons
from venire.models import model_of
from venire.priors import item_priors

if TYPE_CHECKING:
    from venire.ratings._base import Ratings

__all__ = ["INTERVALS", "profile_intervals"]

INTERVALS = ("wald", "profile", "firth")
MAX_PROFILED = 500  # items of a fit: a bound costs ten to thirty factorisations of its matrix


def profile_intervals(
    fit: Ratings, level: float, errors: str, interval: str, options: dict[str, Any]
) -> np.ndarray:
    """Bounds of theta as the fit shows it, (n_items, 2); nan where there are none."""
    for name, value in options.items():  # of standard errors
        checks.fail(name, "goes with interval='wald'", value=value)
    own: Any = fit.own
    firth = interval == "firth"
    fitted = _Fitted.of(fit, errors, interval)
    n_groups = len(fitted.offsets) - 1
    anchors = places = None
    if fit.display.anchor is not None:
        places = fit._anchors(fit.display.anchor)
        group = np.repeat(np.arange(n_groups), np.diff(fitted.offsets))
        beside = np.flatnonzero(places >= 0)
        anchors = np.full(n_groups, -1, np.int32)
        anchors[group[beside]] = places[beside] - fitted.offsets[group[beside]]
    out = np.full((len(own.theta), 2), np.nan)
    fitted.native.profile(
        fitted.estimates, 0, n_groups, out, z=critical_value(level), jeffreys=firth,
        anchor=anchors, wanted=None, n_threads=own.n_threads,
    )  # fmt: skip
    if places is not None:
        out += np.where(places >= 0, own.theta[places], np.nan)[:, None]
        itself = places == np.arange(len(places))
        out[itself] = own.theta[itself, None]
    elif not firth:  # of what was never compared the prior alone tells, by a normal curve
        silent = np.isnan(out[:, 0]) & (own.item_weights == 0.0)
        out[silent] = own.interval(level)[silent]
    return np.asarray(fit.theta[:, None] + fit._unit * (out - own.theta[:, None]))


class _Fitted(NamedTuple):
    """A fit, or fits of groups, as the native layer sees them."""

    native: Any
    estimates: Any
    offsets: np.ndarray

    @classmethod
    def of(cls, fit: Ratings, errors: str, interval: str) -> _Fitted:
        """Refuses what has no profile."""
        own: Any = fit.own
        c = fit.comparisons
        if errors != "fisher":
            checks.fail("errors", "go with interval='wald'", value=errors)
        grouped = isinstance(c, GroupedComparisons)
        reason = ""
        if not grouped and not isinstance(c, Comparisons):
            reason = "of rankings there is 'wald' only"
        elif not grouped and c.covariates is not None:
            reason = "with covariates there is 'wald' only"
        elif grouped and len(own.shared_values):
            reason = "where groups share parameters there is 'wald' only"
        elif fit.scale == "standardized":
            reason = "of standardized fits there is 'wald' only"
        if reason:
            checks.fail("interval", reason, value=interval)
        offsets = c.offsets if grouped else np.array([0, c.n_items])
        if np.diff(offsets).max(initial=0) > MAX_PROFILED:
            reason = f"is for up to {MAX_PROFILED:,} items in one fit: take 'wald'"
            checks.fail("interval", reason, value=interval)
        prior = own._priors if grouped else item_priors(own.prior, c.items)
        if interval == "firth" and prior.precision is not None:
            reason = "has no place for priors that go by item: take 'profile'"
            checks.fail("interval", reason, value=interval)
        native, e = own.native() if grouped else _one_group(own, prior)
        return cls(native, e, offsets)


def _one_group(fit: Any, prior: Any) -> tuple[Any, Any]:
    """A single fit as a group."""
    from venire._native.grouped import Estimates, Groups

    c = fit.comparisons
    if fit.components == "strong" and fit.prior is None:
        c = c.within(np.asarray(fit.component))
    tie, law = c.cells.tie, model_of(fit.model).tie
    free_tie = law is not None and fit.has_free_tie
    key = (c.first.astype(np.int64) * c.n_items + c.second) * 3 + (c.order + 1)
    keys, at = np.unique(key, return_inverse=True)  # clusters have cells of their own
    win, loss, *ties = (
        np.bincount(at, x, len(keys)) for x in (c.win, c.loss, tie) if x is not None
    )
    pair, order = np.divmod(keys, 3)
    first, second = np.divmod(pair, c.n_items)
    native = Groups(
        model_of(fit.model).fitted(free_tie).name, np.array([0, c.n_items]),
        np.array([0, len(keys)]), first.astype(np.int32), second.astype(np.int32),
        (order - 1).astype(np.int8), win, loss, ties[0] if ties else None, prior=prior,
        gamma=fit.order_effect is not None, shared=False,
    )  # fmt: skip
    e = Estimates(0, 0, False, False)
    e.theta, e.residual = np.ascontiguousarray(fit.theta), np.array([fit.residual])
    e.gamma = None if fit.order_effect is None else np.array([fit.order_effect])
    if law is not None and free_tie:  # a parameter of 1 and less than an ulp is 1
        e.log_tie = np.maximum([fit.log_tie], law.log_boundary + 2.0**-54)
    e.n_iter = np.array([fit.n_iter], np.int32)
    e.n_parts = np.array([np.max(fit.component, initial=0) + 1], np.int32)
    e.status = np.zeros(1, np.int8)
    return native, e
