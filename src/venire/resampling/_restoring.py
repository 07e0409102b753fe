"""What bootstraps are made of, from saved files: every array and fact checked against the others.

Behind this door nobody looks again: the native layer trusts indices, offsets and lengths.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.data.comparisons import Comparisons
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.rows import Cells
from venire.priors import GaussianPrior
from venire.ratings.fit import Fit
from venire.ratings.grouped import GroupedFit
from venire.ratings.problem import TIE_MODELS
from venire.reference.links import MODELS
from venire.resampling._saved import MOST_STRENGTH, Saved
from venire.scales import scale_of

__all__ = ["BOUNDARY", "comparisons", "fit", "grouped_comparisons", "grouped_fit"]

MOST_MASS = 2.0**62  # more comparisons than can be counted
BOUNDARY = {"davidson": 0.0, "rao-kupper": 1.0}  # the tie parameter where no tie was seen


def comparisons(s: Saved) -> Comparisons:
    """The cells of a single fit."""
    items = s.labels("c.items")
    s.distinct("c.items", items)
    ptr = s.offsets("c.row_ptr", len(items))
    n = int(ptr[-1])
    if n == 0:
        s.fail("c.row_ptr", "must lead to at least one cell")
    second = s.array("c.second", np.int32, (n,), 0, len(items) - 1)
    first = np.repeat(np.arange(len(items), dtype=np.int32), np.diff(ptr))
    s.check("c.second", second > first, "must be greater than the cell's first item", second)
    order = s.array("c.order", np.int8, (n,), -1, 1)
    cluster, clusters = s.optional("c.cluster", np.int32, (n,), 0), None
    if cluster is None:
        s.nothing("c.clusters")
    else:
        clusters = s.labels("c.clusters")
        s.distinct("c.clusters", clusters)
        s.check("c.cluster", cluster < len(clusters), "must be one of the clusters", cluster)
    keys = [first, second, order] if cluster is None else [first, second, order, cluster]
    s.check("c.second", _ascending(keys), "must stand in the order of the cells", second)
    new_pair = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    if s.whole("c.n_pairs", 1, 2**63) != 1 + int(new_pair.sum()):
        s.fail("c.n_pairs", f"must be {1 + int(new_pair.sum())}, as the cells say")
    cells = Cells.of_one(
        items, ptr, second, order, cluster, *_masses(s, n),
        s.optional("c.square", np.float64, (n,), 0.0, nan=True),
        s.whole("c.n_pairs", 1, 2**63), has_order=s.flag("c.has_order"), clusters=clusters,
    )  # fmt: skip
    return Comparisons.from_cells(cells)


def grouped_comparisons(s: Saved) -> GroupedComparisons:
    """The cells of many groups."""
    groups = s.labels("c.groups")
    s.distinct("c.groups", groups)
    offsets = s.offsets("c.offsets", len(groups))
    items = s.labels("c.items", int(offsets[-1]))
    ends = s.offsets("c.cell_offsets", len(groups))
    n, sizes = int(ends[-1]), np.diff(offsets)
    place = np.repeat(np.arange(len(groups)), sizes)
    same = place[1:] == place[:-1]
    ascending = np.append(True, (items[1:] > items[:-1]) | ~same)[: len(items)]
    s.check("c.items", ascending, "must ascend within each group", items)
    first = s.array("c.first", np.int32, (n,), 0)
    second = s.array("c.second", np.int32, (n,), 0)
    group = np.repeat(np.arange(len(groups)), np.diff(ends))
    s.check("c.second", second > first, "must be greater than the cell's first item", second)
    s.check("c.second", second < sizes[group], "must be an item of the group", second)
    order = s.array("c.order", np.int8, (n,), -1, 1)
    keys = [group, first, second, order]
    s.check("c.second", _ascending(keys), "must stand in the order of the cells", second)
    return GroupedComparisons.from_cells(
        Cells(
            items, offsets, ends, second, order, *_masses(s, n), first=first, groups=groups,
            is_soft=s.flag("c.is_soft"),
        )
    )  # fmt: skip


def fit(s: Saved, c: Comparisons) -> Fit:
    """A single fit of the comparisons."""
    n, model, prior = c.n_items, s.one_of("fit.model", MODELS), _prior(s)
    component = s.array("fit.component", np.int32, (n,), 0, n - 1)
    kinds = ("weak", "strong") if prior is None else ("weak",)
    if not any(np.array_equal(component, c.components(kind).labels) for kind in kinds):
        s.fail("fit.component", "must be the components of the comparisons")
    tie: float | None = None
    if model in TIE_MODELS:
        tie = s.number("fit.tie", BOUNDARY[model])
        if c.cells.tie is None and tie != BOUNDARY[model]:
            s.fail("fit.tie", f"must be {BOUNDARY[model]:g}: there are no ties", None, tie)
    else:
        s.nothing("fit.tie")
    has_order = s.fact("fit.order_effect") is not None
    return Fit(
        comparisons=c,
        model=model,
        theta=s.array("fit.theta", np.float64, (n,), -MOST_STRENGTH, MOST_STRENGTH),
        tie=tie,
        order_effect=s.number("fit.order_effect", -MOST_STRENGTH, MOST_STRENGTH)
        if has_order
        else None,
        prior=prior,
        log_likelihood=s.number("fit.log_likelihood"),
        residual=s.number("fit.residual", 0.0),
        converged=s.flag("fit.converged"),
        n_iter=s.whole("fit.n_iter", 0),
        n_inner=s.whole("fit.n_inner", 0, 2**63),
        component=component,
        method=s.one_of("fit.method", ("newton", "mm")),
        tol=s.tolerance("fit.tol"),
        n_threads=s.threads("fit.n_threads"),
        note=s.text("fit.note"),
    )


def grouped_fit(s: Saved, g: GroupedComparisons) -> GroupedFit:
    """The fits of many groups."""
    from venire._native.grouped import STATUSES

    model, prior, shared = s.one_of("fit.model", MODELS), _prior(s), s.flag("fit.shared")
    s.one_of("fit.scale", (scale_of(model),))
    order_effect: Any
    tie: Any
    if shared:
        order_effect, tie, values = _shared(s, g, model)
    else:
        values = s.array("fit._values", np.float64, (0,))
        n = (g.n_groups,)
        order_effect = tie = None
        if s.holds("fit.order_effect"):
            most = MOST_STRENGTH
            order_effect = s.array("fit.order_effect", np.float64, n, -most, most, nan=True)
        else:
            s.nothing("fit.order_effect")
        if model in TIE_MODELS:
            tie = s.array("fit.tie", np.float64, n, BOUNDARY[model], nan=True)
        else:
            s.nothing("fit.tie")
    theta = s.array("fit.theta", np.float64, (g.n_items,), -MOST_STRENGTH, MOST_STRENGTH, nan=True)
    residual = s.array("fit.residual", np.float64, (g.n_groups,), 0.0, nan=True)
    status = s.words("fit.status", (g.n_groups,), STATUSES[:-1])
    sizes, compared = np.diff(g.offsets), np.diff(g.cell_offsets) > 0
    s.check("fit.status", (status == "no comparisons") != compared, "contradicts the cells", status)
    known = np.isfinite(residual)
    s.check("fit.residual", known | (status != "converged"), "must be finite", residual)
    fitted = known & compared
    s.check(
        "fit.theta", np.isfinite(theta) | ~np.repeat(known, sizes),
        "must be finite where the group has a fit", theta,
    )  # fmt: skip
    for name, x in (("fit.order_effect", order_effect), ("fit.tie", tie)):
        if isinstance(x, np.ndarray):
            s.check(name, np.isfinite(x) | ~fitted, "must be finite where the group has a fit", x)
    parts = s.array("fit.n_components", np.int32, (g.n_groups,), 0)
    s.check("fit.n_components", parts <= sizes, "must be at most the items of the group", parts)
    return GroupedFit(
        comparisons=g,
        model=model,
        prior=prior,
        theta=theta,
        tie=tie,
        order_effect=order_effect,
        shared=shared,
        status=status,
        residual=residual,
        n_iter=s.array("fit.n_iter", np.int32, (g.n_groups,), 0),
        n_components=parts,
        tol=s.tolerance("fit.tol"),
        n_threads=s.threads("fit.n_threads"),
        scale=scale_of(model),
        _values=values,
    )


def _shared(
    s: Saved, g: GroupedComparisons, model: str
) -> tuple[float | None, float | None, NDArray[np.float64]]:
    """Order effect, tie parameter, and the values from which both came."""
    values = s.array("fit._values", np.float64, (None,), -MOST_STRENGTH, MOST_STRENGTH)
    order_effect = tie = None
    if s.fact("fit.order_effect") is not None:
        order_effect = s.number("fit.order_effect", -MOST_STRENGTH, MOST_STRENGTH)
        if not len(values) or values[0] != order_effect:
            s.fail("fit._values", "must begin with the order effect")
    n_ties = len(values) - (order_effect is not None)
    if n_ties not in ((0, 1) if model in TIE_MODELS and g.cells.tie is not None else (0,)):
        s.fail("fit._values", f"must not hold {len(values)} values")
    if model in TIE_MODELS:
        tie = s.number("fit.tie", BOUNDARY[model])
        stated = float(np.exp(values[-1])) if n_ties else BOUNDARY[model]
        if not np.isclose(tie, stated, rtol=1e-12):
            s.fail("fit.tie", f"must be {stated!r}", None, tie)
    else:
        s.nothing("fit.tie")
    return order_effect, tie, values


def _prior(s: Saved) -> GaussianPrior | None:
    if s.fact("prior") is None:
        return None
    precision = s.number("prior")
    try:
        return GaussianPrior(precision)
    except ValueError as error:
        s.fail("prior", str(error), None, precision)


def _masses(s: Saved, n: int) -> tuple[Any, Any, Any]:
    """Wins, losses and ties of the cells, each of which holds something."""
    win = s.array("c.win", np.float64, (n,), 0.0, MOST_MASS)
    loss = s.array("c.loss", np.float64, (n,), 0.0, MOST_MASS)
    tie = s.optional("c.tie", np.float64, (n,), 0.0, MOST_MASS)
    total = win + loss if tie is None else win + loss + tie
    s.check("c.win", total > 0.0, "must not be 0 where there is neither loss nor tie", win)
    return win, loss, tie


def _ascending(keys: list[NDArray[Any]]) -> NDArray[np.bool_]:
    """Whether each row of some columns is beyond the one before it; the first column leads."""
    n = len(keys[0])
    beyond, equal = np.zeros(max(n - 1, 0), bool), np.ones(max(n - 1, 0), bool)
    for key in keys:
        beyond |= equal & (key[1:] > key[:-1])
        equal &= key[1:] == key[:-1]
    return np.append(True, beyond)[:n]
