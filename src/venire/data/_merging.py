"""New cells from old ones: a part of them, or those of two objects together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data import coding
from venire.data._strata import Strata
from venire.data.aggregation import add_up
from venire.data.rows import Cells

if TYPE_CHECKING:
    from venire.data.comparisons import Comparisons

__all__ = ["merged", "selected", "without_covariates"]


def selected(c: Comparisons, chosen: NDArray[np.int64]) -> Cells:
    """A part of the cells, as they are; all items stay."""
    per_cell = ("second", "order", "win", "loss", "tie", "square", *Strata._fields)
    kept = {k: x[chosen] for k in per_cell if (x := getattr(c.cells, k)) is not None}
    first = c.first[chosen]
    return c.cells._replace(
        cell_offsets=np.array((0, len(chosen))),
        row_ptr=np.searchsorted(first, np.arange(c.n_items + 1)),
        n_pairs=len(np.unique(first.astype(np.int64) * c.n_items + kept["second"])),
        **kept,
    )


def without_covariates(c: Comparisons) -> Cells:
    """The cells of each pair, order, cluster and date added up."""
    masses = {"win": c.win, "loss": c.loss, "tie": c.tie}
    if c.cells.square is not None:
        masses["square"] = c.square
    strata = Strata(c.cluster, c.date)
    threads = checks.n_threads(None)
    found = add_up(c.items, c.first, c.second, masses, None, c.order, strata, threads)
    return found._replace(has_order=c.has_order, clusters=c.clusters, dates=c.dates)


def merged(a: Comparisons, b: Comparisons) -> Cells:
    """All cells of both; items (and clusters, and dates) are the union."""
    for name, what in (("cluster", "clusters"), ("date", "dates"), ("covariates", "covariates")):
        if (getattr(a, name) is None) != (getattr(b, name) is None):
            checks.fail(name, f"both or neither of the merged comparisons must have {what}")
    names = a.covariate_names
    if sorted(names) != sorted(b.covariate_names):
        checks.fail("covariates", f"must be those of the others, {names}; are {b.covariate_names}")
    items, (places_a, places_b) = _union(a.items, b.items)
    masses = {
        name: np.concatenate([getattr(a, name), getattr(b, name)])
        for name in ("win", "loss", "tie")
    }
    if a.cells.square is not None or b.cells.square is not None:
        masses["square"] = np.concatenate([a.square, b.square])
    clusters = dates = cluster = date = covariates = None
    if a.cluster is not None and b.cluster is not None:
        clusters, (codes_a, codes_b) = _union(a.clusters, b.clusters)
        cluster = np.concatenate([codes_a[a.cluster], codes_b[b.cluster]])
    if a.date is not None and b.date is not None:
        both = [np.asarray(a.dates), np.asarray(b.dates)]
        dates, codes = np.unique(np.concatenate(both), return_inverse=True)
        date = np.concatenate([codes[: len(both[0])][a.date], codes[len(both[0]) :][b.date]])
    if a.covariates is not None and b.covariates is not None:
        own = [b.covariate_names.index(name) for name in names]
        covariates = np.concatenate([a.covariates, b.covariates[:, own]])
    return add_up(
        items,
        np.concatenate([places_a[a.first], places_b[b.first]]),
        np.concatenate([places_a[a.second], places_b[b.second]]),
        masses,
        None,
        np.concatenate([a.order, b.order]),
        Strata(cluster, date, covariates),
        checks.n_threads(None),
    )._replace(
        has_order=a.has_order or b.has_order,
        clusters=clusters,
        dates=dates,
        covariate_names=names,
    )


def _union(a: Any, b: Any) -> tuple[NDArray[Any], list[NDArray[np.int32]]]:
    """The labels of both, and the place of each one's labels in them."""
    if len(a) == len(b) and (a == b).all():
        same = np.arange(len(a), dtype=np.int32)
        return a, [same, same]
    items, places_a, places_b = coding.encode(
        np.concatenate([a, b]), np.concatenate([b, a]), None, None
    )
    return items, [places_a[: len(a)], places_b[: len(b)]]
