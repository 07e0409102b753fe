"""Many groups: rows become cells group by group, and every group is fitted by itself.

A group is a set of comparisons of its own: the same label in two groups is two items. Whatever is
said about one fit holds for each group, so `fit_groups` is a loop. Only an order effect or a tie
parameter that all groups share ties them together: then they are one fit, of the union of the
groups, whose items are (group, item).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from venire.errors import NotIdentifiedError
from venire.reference.aggregate import Cells, aggregate, cells_from_counts
from venire.reference.components import components
from venire.reference.covariance import covariance
from venire.reference.existence import existence
from venire.reference.links import TIE_MODELS
from venire.reference.newton import ReferenceFit, fit, log_likelihood

__all__ = [
    "GroupedCells",
    "ReferenceGroupedErrors",
    "ReferenceGroupedFit",
    "aggregate_groups",
    "cells_of_group",
    "fit_groups",
    "grouped_errors",
]


class GroupedCells(NamedTuple):
    """Cells of all groups, one group after the other.

    Attributes
    ----------
    groups : ndarray, shape (n_groups,)
        Labels.
    offsets : ndarray of int64, shape (n_groups + 1,)
        The items of group k are ``items[offsets[k]:offsets[k + 1]]``.
    items : ndarray, shape (n_items,)
        Labels, ascending within each group.
    cell_offsets : ndarray of int64, shape (n_groups + 1,)
        The cells of group k are those from ``cell_offsets[k]`` to ``cell_offsets[k + 1]``.
    first, second : ndarray of int32
        Positions of a cell's items within its group; ``first < second``.
    order, win, loss, tie
        As in `Cells`.
    """

    groups: np.ndarray
    offsets: np.ndarray
    items: np.ndarray
    cell_offsets: np.ndarray
    first: np.ndarray
    second: np.ndarray
    order: np.ndarray
    win: np.ndarray
    loss: np.ndarray
    tie: np.ndarray


def aggregate_groups(
    group: Any,
    first: Any,
    second: Any,
    score: Any = 1.0,
    weight: Any = None,
    order: Any = None,
    *,
    groups: Any = None,
    items: Any = None,
) -> GroupedCells:
    """Rows of comparisons in groups as cells: `aggregate` on the rows of each group.

    Kernel: csrc/vn_group_cells.c, by `venire.GroupedComparisons`.

    Parameters
    ----------
    group : array_like, shape (n_rows,)
        Label of each row's group.
    first, second, score, weight, order
        As in `aggregate`.
    groups : array_like, optional
        The groups in the order they shall have; by default the sorted distinct labels.
    items : pair of array_like, optional
        Labels of groups and of items that exist besides those in the rows.

    Returns
    -------
    GroupedCells

    Raises
    ------
    ValueError
        If an item is compared with itself, or a group is not among `groups`.

    Examples
    --------
    >>> g = aggregate_groups(["q", "p", "q"], [1, 1, 2], [2, 3, 1], [1.0, 0.5, 1.0])
    >>> g.groups.tolist(), g.offsets.tolist(), g.items.tolist()
    (['p', 'q'], [0, 2, 4], [1, 3, 1, 2])
    >>> g.cell_offsets.tolist(), g.win.tolist(), g.tie.tolist()
    ([0, 1, 3], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0])
    """
    group, first, second = np.asarray(group), np.asarray(first), np.asarray(second)
    n_rows = len(group)
    score = np.broadcast_to(np.asarray(score, np.float64), n_rows)
    extra_group, extra_item = (np.asarray(x) for x in (items or ((), ())))
    if groups is None:
        known = [x for x in (group, extra_group) if len(x)]
        labels = np.unique(np.concatenate(known)) if known else group
    else:
        labels = np.asarray(groups)
        unknown = ~np.isin(group, labels)
        if unknown.any():
            raise ValueError(f"group[{np.argmax(unknown)}] is not among groups")
    parts, names = [], []
    for label in labels:
        rows = np.flatnonzero(group == label)
        named = [first[rows], second[rows], extra_item[extra_group == label]]
        own = np.concatenate([x for x in named if len(x)] or [first[:0]])
        names.append(np.unique(own))
        parts.append(
            aggregate(
                first[rows],
                second[rows],
                score[rows],
                None if weight is None else np.asarray(weight)[rows],
                order=None if order is None else np.asarray(order)[rows],
                items=names[-1],
            )
            if len(rows)
            else cells_from_counts([], [], [], [], items=names[-1])
        )

    def joined(name: str, dtype: Any) -> np.ndarray:
        return np.concatenate([np.empty(0, dtype), *(getattr(c, name) for c in parts)])

    return GroupedCells(
        labels,
        np.cumsum([0, *map(len, names)]),
        np.concatenate([x for x in names if len(x)] or [first[:0]]),
        np.cumsum([0, *(len(c.first) for c in parts)]),
        joined("first", np.int32),
        joined("second", np.int32),
        joined("order", np.int8),
        joined("win", np.float64),
        joined("loss", np.float64),
        joined("tie", np.float64),
    )


def cells_of_group(g: Any, k: int) -> Cells:
    """The cells of the k-th group; sums of squared scores, which groups do not keep, are nan.

    Kernel: `venire.GroupedComparisons.at`.

    Examples
    --------
    >>> cells_of_group(aggregate_groups([1, 2], ["a", "a"], ["b", "c"]), 1).items.tolist()
    ['a', 'c']
    """
    at = slice(g.cell_offsets[k], g.cell_offsets[k + 1])
    return Cells(
        g.items[g.offsets[k] : g.offsets[k + 1]],
        g.first[at],
        g.second[at],
        g.order[at],
        g.win[at],
        g.loss[at],
        g.tie[at],
        np.full(at.stop - at.start, np.nan),
    )


def _union(g: Any, used: np.ndarray) -> Cells:
    """The groups `used` (positions) as one table; its items are positions into ``g.items``."""
    parts = [cells_of_group(g, k) for k in used]
    places = [np.arange(g.offsets[k], g.offsets[k + 1]) for k in used]
    starts = np.cumsum([0, *map(len, places)])

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(c, name) for c in parts])

    def shifted(name: str) -> np.ndarray:
        return np.concatenate([getattr(c, name) + s for c, s in zip(parts, starts, strict=False)])

    return Cells(
        np.concatenate(places), shifted("first"), shifted("second"), joined("order"),
        joined("win"), joined("loss"), joined("tie"), joined("square"),
    )  # fmt: skip


class ReferenceGroupedFit(NamedTuple):
    """What the fits found.

    Attributes
    ----------
    theta : ndarray of float64, shape (n_items,)
        nan in a group without a fit, the prior's mean (or 0) in one without comparisons.
    order_effect, tie : ndarray of float64, shape (n_groups,), float if shared, or None
        nan in a group without a fit or without comparisons.
    status : ndarray of str, shape (n_groups,)
        "converged", "not identified", "no comparisons" or "iteration limit". A group that falls
        into several components is "not identified" unless there is a prior, but has a theta.
    log_likelihood, residual : ndarray of float64, shape (n_groups,)
        nan without a fit. The residual is the joint one where parameters are shared.
    n_components : ndarray of int64, shape (n_groups,)
    union : Cells or None
        The table that was fitted where parameters are shared.
    """

    theta: np.ndarray
    order_effect: Any
    tie: Any
    status: np.ndarray
    log_likelihood: np.ndarray
    residual: np.ndarray
    n_components: np.ndarray
    union: Cells | None = None


def _part(prior: Any, items: Any) -> Any:
    """The prior of some of the items."""
    if prior is None:
        return None
    own = (x[items] if np.ndim(x) else x for x in (prior.precision, prior.mean))
    return SimpleNamespace(**dict(zip(("precision", "mean"), own, strict=True)))


def fit_groups(
    g: Any,
    model: str = "bradley-terry",
    *,
    prior: Any = None,
    order_effect: bool = False,
    shared: bool = False,
    tol: float = 1e-9,
    max_iter: int = 100,
) -> ReferenceGroupedFit:
    """Fit every group by itself, or with a common order effect and tie parameter.

    Kernel: csrc/vn_group_fit.c and csrc/vn_small_newton.c, by `venire.fit_groups`.

    Parameters
    ----------
    g : GroupedCells or GroupedComparisons
    model, prior, order_effect, tol, max_iter
        As in `fit`.
    shared : bool
        The order effect and the tie parameter are those of all groups: one fit of the union of
        those groups that have a fit once the two are known.

    Returns
    -------
    ReferenceGroupedFit

    Raises
    ------
    NotIdentifiedError
        If `shared`, and the groups together do not determine the shared parameters.

    Examples
    --------
    >>> g = aggregate_groups([1, 1, 2], ["a", "b", "a"], ["b", "a", "b"])
    >>> found = fit_groups(g)
    >>> found.status.tolist(), found.theta.tolist()
    (['converged', 'not identified'], [0.0, 0.0, nan, nan])
    """
    n_groups = len(g.groups)
    cells = [cells_of_group(g, k) for k in range(n_groups)]
    compared = np.array([len(c.first) > 0 for c in cells], bool)
    n_components = np.array([len(components(c, "weak").sizes) for c in cells], np.int64)
    mean = 0.0 if prior is None else prior.mean
    theta = np.where(np.repeat(compared, np.diff(g.offsets)), np.nan, mean)
    value, residual = np.where(compared, np.nan, 0.0), np.where(compared, np.nan, 0.0)
    status = np.where(compared, "not identified", "no comparisons").astype(object)
    together = shared and (order_effect or (model in TIE_MODELS and bool(np.any(g.tie > 0.0))))

    def done(found: ReferenceFit, k: int) -> str:
        if not found.converged:
            return "iteration limit"
        return "converged" if n_components[k] == 1 or prior is not None else "not identified"

    if together:
        held = [existence(c, "bradley-terry", prior=prior).exists for c in cells]
        used = np.flatnonzero(compared & np.array(held, bool))
        if not len(used):
            raise NotIdentifiedError("no group has a fit, so there is nothing to share")
        union = _union(g, used)
        found = fit(
            union, model, prior=_part(prior, union.items), order_effect=order_effect, tol=tol,
            max_iter=max_iter,
        )  # fmt: skip
        theta[union.items] = found.theta
        for k in used.tolist():
            own = theta[g.offsets[k] : g.offsets[k + 1]]
            value[k] = log_likelihood(cells[k], model, own, found.order_effect, found.tie)
            residual[k] = found.residual
            status[k] = done(found, k)
        return ReferenceGroupedFit(
            theta, found.order_effect, found.tie, status, value, residual, n_components, union
        )

    gamma, tie = np.full(n_groups, np.nan), np.full(n_groups, np.nan)
    for k in np.flatnonzero(compared).tolist():
        if not existence(cells[k], model, order_effect=order_effect, prior=prior).exists:
            continue
        own = _part(prior, slice(g.offsets[k], g.offsets[k + 1]))
        found = fit(
            cells[k], model, prior=own, order_effect=order_effect, tol=tol, max_iter=max_iter
        )
        theta[g.offsets[k] : g.offsets[k + 1]] = found.theta
        gamma[k] = np.nan if found.order_effect is None else found.order_effect
        tie[k] = np.nan if found.tie is None else found.tie
        value[k], residual[k], status[k] = found.log_likelihood, found.residual, done(found, k)
    boundary = {"davidson": 0.0, "rao-kupper": 1.0}.get(model)
    return ReferenceGroupedFit(
        theta,
        gamma if order_effect else None,
        boundary if shared else tie if boundary is not None else None,
        status,
        value,
        residual,
        n_components,
    )


class ReferenceGroupedErrors(NamedTuple):
    """Standard errors: `theta` by item, `order_effect` and `tie` by group (one if shared)."""

    theta: np.ndarray
    order_effect: Any
    tie: Any


def grouped_errors(
    g: Any, model: str, found: ReferenceGroupedFit, *, prior: Any = None
) -> ReferenceGroupedErrors:
    """Standard errors of the fits: roots of the diagonal of `covariance`.

    Kernel: csrc/vn_group_after.c and csrc/vn_small_inverse.c, by
    `venire.GroupedFit.standard_errors`.

    Parameters
    ----------
    g, model, prior
        As in `fit_groups`.
    found : ReferenceGroupedFit

    Returns
    -------
    ReferenceGroupedErrors
        nan where there is no fit, or no such parameter. Of an item without comparisons that of the
        prior, nan without one.

    Notes
    -----
    O(sum of n_items**3), of all items together where parameters are shared.

    Examples
    --------
    >>> g = aggregate_groups([1, 1, 2], ["a", "b", "a"], ["b", "a", "b"])
    >>> grouped_errors(g, "bradley-terry", fit_groups(g)).theta.round(4)
    array([0.7071, 0.7071,    nan,    nan])
    """
    n = g.offsets[-1]
    errors, met = np.full(n, np.nan), np.zeros(n, bool)
    for side in (g.first, g.second):
        met[np.repeat(g.offsets[:-1], np.diff(g.cell_offsets)) + side] = True
    silent = ~met & np.isfinite(found.theta)
    has_gamma, has_tie = found.order_effect is not None, found.tie is not None

    def of(
        cells: Cells, items: Any, theta: Any, gamma: Any, tie: Any
    ) -> tuple[np.ndarray, float, float]:
        point = ReferenceFit(theta, gamma, tie, np.nan, np.nan, 0, True)
        c = covariance(cells, model, point, prior=_part(prior, items))
        n, root = cells.n_items, np.sqrt(np.maximum(np.diag(c), 0.0))
        own_gamma = root[n] if has_gamma else np.nan
        own_tie = root[-1] * tie if len(c) > n + has_gamma else np.nan
        return root[:n], own_gamma, own_tie

    if found.union is not None:
        theta = found.theta[found.union.items]
        items = found.union.items
        own, gamma, tie = of(found.union, items, theta, found.order_effect, found.tie)
        errors[found.union.items] = own
        errors[silent] = _errors_of(prior, n)[silent]
        return ReferenceGroupedErrors(
            errors, gamma if has_gamma else None, tie if has_tie and not np.isnan(tie) else None
        )
    gammas, ties = np.full(len(g.groups), np.nan), np.full(len(g.groups), np.nan)
    fitted = np.isfinite(found.residual) & (np.diff(g.cell_offsets) > 0)
    for k in np.flatnonzero(fitted).tolist():
        at = slice(g.offsets[k], g.offsets[k + 1])
        errors[at], gammas[k], ties[k] = of(
            cells_of_group(g, k),
            at,
            found.theta[at],
            found.order_effect[k] if has_gamma else None,
            (found.tie if np.isscalar(found.tie) else found.tie[k]) if has_tie else None,
        )
    errors[silent] = _errors_of(prior, n)[silent]
    no_tie = not has_tie or np.isscalar(found.tie)
    return ReferenceGroupedErrors(errors, gammas if has_gamma else None, None if no_tie else ties)


def _errors_of(prior: Any, n: int) -> np.ndarray:
    """What a prior alone says of each item, (n,)."""
    if prior is None:
        return np.full(n, np.nan)
    return 1.0 / np.sqrt(np.broadcast_to(np.asarray(prior.precision, np.float64), n))
