"""Where the items of groups stand: which ratings the data determine, and ranks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from venire.ratings._standing import (
    EQUAL,
    ROUNDING,
    STEPS,
    competition_ranks,
    largest,
    placed,
    rank_items,
)
from venire.ratings.grouped import batches
from venire.ratings.newton import SETTLED

if TYPE_CHECKING:
    from venire.data.grouped_comparisons import GroupedComparisons
    from venire.ratings.grouped.fit import GroupedFit

__all__ = ["determined", "levels", "rank_items_in_groups"]

ROUNDED = 1e-11  # gap of equal items of a small group once nothing but rounding is left, at most


def determined(fit: GroupedFit) -> np.ndarray:
    """`GroupedFit.determined`."""
    g, out = fit.comparisons, np.empty(fit.comparisons.n_items, bool)
    for start, stop, items, group in _parts(g):
        linked = (fit.n_components[start:stop] <= 1).all()
        weak = group if linked else _components(g, start, stop)
        out[items] = placed(group, weak, fit.item_weights[items])
    return out & np.isfinite(fit.theta)


def levels(fit: GroupedFit) -> tuple[np.ndarray, np.ndarray]:
    """Variance of the level of each item's component by the prior, nan without one; and whether the
    item is in the largest component of its group, (n_items,)."""
    g, priors = fit.comparisons, fit._priors
    variance, inside = np.full(g.n_items, np.nan), np.empty(g.n_items, bool)
    for start, stop, items, group in _parts(g):
        weak = _components(g, start, stop)
        inside[items] = largest(group, weak, fit.item_weights[items])
        if priors.given:
            own = priors.all if priors.precision is None else priors.precision[items]
            total = np.bincount(weak, np.broadcast_to(own, len(weak)))
            variance[items] = 1.0 / total[weak]
    return variance, inside


def _parts(g: GroupedComparisons) -> Iterator[tuple[int, int, slice, np.ndarray]]:
    """Ranges of groups, their items, and the group of each."""
    for start, stop in batches.batches(g):
        group = np.repeat(np.arange(stop - start), np.diff(g.offsets[start : stop + 1]))
        yield start, stop, slice(g.offsets[start], g.offsets[stop]), group


def _components(g: GroupedComparisons, start: int, stop: int) -> np.ndarray:
    """Component of each item of the groups [start, stop), numbered through all of them."""
    from venire._native.graph import Graph

    cells = slice(g.cell_offsets[start], g.cell_offsets[stop])
    low, n_items = g.offsets[start], int(g.offsets[stop] - g.offsets[start])
    base = np.repeat(g.offsets[start:stop] - low, np.diff(g.cell_offsets[start : stop + 1]))
    count = np.bincount(base + g.first[cells], minlength=n_items)
    graph = Graph(
        np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        (base + g.second[cells]).astype(np.int32),
        g.order[cells],
        g.win[cells],
        g.loss[cells],
        None if g.cells.tie is None else g.cells.tie[cells],
    )
    return graph.components(False)[0]


def rank_items_in_groups(fit: GroupedFit) -> np.ndarray:
    """`GroupedFit.ranks` of a fit on its own scale."""
    g = fit.comparisons
    group = np.repeat(np.arange(g.n_groups), np.diff(g.offsets))
    here = np.flatnonzero(fit.determined)
    group = group[here]
    theta = fit.theta[here]
    order = np.lexsort((-theta, group))
    near = np.diff(-theta[order]) < 1e3 * max(EQUAL, fit.tol)
    near &= group[order][1:] == group[order][:-1]
    doubtful = np.zeros(g.n_groups, bool)
    doubtful[group[order][1:][near]] = True
    doubtful &= fit.residual <= fit.tol
    large = doubtful & (np.diff(g.offsets) > batches.MAX_ERRORS)
    ranks = np.zeros(g.n_items, np.int64)
    if doubtful.any():
        theta = _polished(fit, doubtful & ~large)[here]
        order = np.lexsort((-theta, group))
    allowed = np.where(doubtful[group], ROUNDED, ROUNDING) * np.maximum(1.0, np.abs(theta))
    ranks[here] = competition_ranks(theta, allowed[order][1:], order, group)
    for k in np.flatnonzero(large).tolist():
        ranks[g.offsets[k] : g.offsets[k + 1]] = rank_items(fit.single(k))
    return ranks


def _polished(fit: GroupedFit, wanted: np.ndarray) -> np.ndarray:
    """Theta of these groups with nothing but rounding left; of the others as it is."""
    from venire._native.grouped import ELSEWHERE

    native, e = fit.native()
    for name in ("theta", "gamma", "log_tie", "residual", "n_iter", "n_parts"):
        if getattr(e, name) is not None:
            setattr(e, name, np.array(getattr(e, name)))
    e.status = np.where(wanted, 0, ELSEWHERE).astype(np.int8)
    batches.fit_small(
        native, e, fit.comparisons, tol=8.0 * ROUNDING, max_iter=STEPS, patience=600, warm=True,
        n_threads=fit.n_threads, progress=None,
    )  # fmt: skip
    return np.where(np.abs(e.theta - fit.theta) <= SETTLED, e.theta, fit.theta)
