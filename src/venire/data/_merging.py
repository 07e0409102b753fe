"""New cells from old ones: a part of them, or those of two objects together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data import coding
from venire.data._strata import Strata
from venire.data.ageing import joined
from venire.data.aggregation import Weighed, add_up
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
        ageing=None if c.cells.ageing is None else c.cells.ageing._replace(squares=np.nan),
        **kept,
    )


def without_covariates(c: Comparisons) -> Cells:
    """The cells of each pair, order, cluster and date added up."""
    masses = {"win": c.win, "loss": c.loss, "tie": c.tie}
    if c.cells.square is not None:
        masses["square"] = c.square
    strata = Strata(c.cluster, c.date)
    threads = checks.n_threads(None)
    found = add_up(c.items, Weighed(c.first, c.second, masses, None, c.order, strata), threads)
    return found._replace(
        has_order=c.has_order, clusters=c.clusters, dates=c.dates, ageing=c.cells.ageing
    )


def merged(a: Comparisons, b: Comparisons) -> Cells:
    """All cells of both; items (and clusters, and dates) are the union."""
    from venire._native import cells

    for name, what in (("cluster", "clusters"), ("date", "dates"), ("covariates", "covariates")):
        if (getattr(a, name) is None) != (getattr(b, name) is None):
            checks.fail(name, f"both or neither of the merged comparisons must have {what}")
    names = a.covariate_names
    if sorted(names) != sorted(b.covariate_names):
        checks.fail("covariates", f"must be those of the others, {names}; are {b.covariate_names}")
    ageing, fresh = joined(a.cells.ageing, b.cells.ageing)
    items, (places_a, places_b) = _union(a.items, b.items, "items")
    strata, stratum = Strata(), None
    clusters = dates = None
    if a.cluster is not None and b.cluster is not None:
        clusters, (codes_a, codes_b) = _union(a.clusters, b.clusters, "cluster")
        cluster = np.concatenate([_at(codes_a, a.cluster), _at(codes_b, b.cluster)])
        strata = strata._replace(cluster=cluster)
    if a.date is not None and b.date is not None:
        both = [np.asarray(a.dates), np.asarray(b.dates)]
        if (both[0].dtype.kind == "M") != (both[1].dtype.kind == "M"):
            checks.fail("date", "must be of the calendar, or numbers, in both")
        dates, codes = np.unique(np.concatenate(both), return_inverse=True)
        date = np.concatenate([codes[: len(both[0])][a.date], codes[len(both[0]) :][b.date]])
        strata = strata._replace(date=date)
    if a.covariates is not None and b.covariates is not None:
        own = [b.covariate_names.index(name) for name in names]
        strata = strata._replace(covariates=np.concatenate([a.covariates, b.covariates[:, own]]))
    if strata.covariates is not None:
        found = _added_up(a, b, items, (places_a, places_b), strata, fresh)
        return found._replace(
            has_order=a.has_order or b.has_order, clusters=clusters, dates=dates,
            covariate_names=names, ageing=ageing,
        )  # fmt: skip
    if a.cluster is not None or a.date is not None:
        stratum, strata = strata.coded()
    threads, n = checks.n_threads(None), len(items)
    found = cells.join(
        n,
        _placed(a, places_a, items, None if stratum is None else stratum[: a.n_cells], fresh[0]),
        _placed(b, places_b, items, None if stratum is None else stratum[a.n_cells :], fresh[1]),
        a.n_pairs,
        threads,
    )
    together = Cells.of_one(items, *found, has_order=a.has_order or b.has_order)
    return together._replace(
        clusters=clusters,
        dates=dates,
        covariate_names=names,
        ageing=ageing,
        **({} if stratum is None else strata.at(together.cluster)._asdict()),
    )


def _added_up(
    a: Comparisons, b: Comparisons, items: Any, places: Any, strata: Strata, fresh: Any
) -> Cells:
    """All cells of both, sorted again: strata of covariates have no codes that could be joined."""
    both = tuple(zip((a, b), places, fresh, strict=True))
    masses = {
        name: np.concatenate([by * getattr(c, name) for c, _, by in both])
        for name in ("win", "loss", "tie", "square")
    }
    first, second = (
        np.concatenate([_at(own, getattr(c, side)) for c, own, _ in both])
        for side in ("first", "second")
    )
    if a.cells.square is None and b.cells.square is None:
        del masses["square"]
    order = np.concatenate([a.order, b.order])
    rows = Weighed(first, second, masses, None, order, strata)
    return add_up(items, rows, checks.n_threads(None))


def _at(places: NDArray[np.int32] | None, codes: NDArray[np.int32]) -> NDArray[np.int32]:
    return codes if places is None else places[codes]


def _placed(
    c: Comparisons,
    places: NDArray[np.int32] | None,
    items: NDArray[Any],
    stratum: NDArray[np.int32] | None,
    fresh: float,
) -> tuple[Any, ...]:
    """Cells of c, and the stratum of each, over `items`, of which those of c are at `places`;
    masses times `fresh`."""
    x = c.cells
    masses: Any = (x.win, x.loss, x.tie, x.square)
    if fresh != 1.0:
        masses = [None if m is None else fresh * m for m in masses]
    if places is None:
        return x.row_ptr, x.second, x.order, stratum, *masses
    if (np.diff(places) > 0).all():
        row_ptr = np.zeros(len(items) + 1, np.int64)
        row_ptr[places + 1] = np.diff(np.asarray(x.row_ptr))
        return np.cumsum(row_ptr), places[x.second], x.order, stratum, *masses
    named = dict(zip(("win", "loss", "tie", "square"), masses, strict=True))
    kept = {name: m for name, m in named.items() if m is not None}
    own, threads = Strata(stratum), checks.n_threads(None)
    rows = Weighed(places[c.first], places[x.second], kept, None, x.order, own)
    x = add_up(items, rows, threads)
    return x.row_ptr, x.second, x.order, x.cluster, x.win, x.loss, x.tie, x.square


def _union(a: Any, b: Any, name: str) -> tuple[NDArray[Any], list[Any]]:
    """The labels of both, and the place of each one's labels in them; None: as they are."""
    kinds = ["text" if isinstance(x[0], str) else "integers" for x in (a, b)]
    if kinds[0] != kinds[1]:
        checks.fail(name, f"must be {kinds[0]}, as those of the others", 0, b[0], kind=TypeError)
    if len(a) == len(b) and (a == b).all():
        return a, [None, None]
    if len(b) < len(a) and (a[1:] > a[:-1]).all():  # nothing new, as a rule
        places = np.minimum(np.searchsorted(a, b), len(a) - 1)
        if (a[places] == b).all():
            return a, [None, places.astype(np.int32)]
    items, places_a, places_b = coding.encode(
        np.concatenate([a, b]), np.concatenate([b, a]), None, None
    )
    return items, [places_a[: len(a)], places_b[: len(b)]]
