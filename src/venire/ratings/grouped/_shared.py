"""An order effect and a tie parameter that all groups share: Newton on their profile likelihood.

For given values of the two every group is fitted by itself. The slope of the maximum over theta is
the plain slope at the maximum, its curvature the Schur complement of the groups' curvatures, so a
Newton step costs one more small solve per group. The profile of a concave function is concave.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from venire.errors import NotIdentifiedError
from venire.ratings._covariance import inverse_of
from venire.ratings._existence import ABSENCES
from venire.ratings.grouped.batches import in_batches

if TYPE_CHECKING:
    from venire._native.graph import Graph
    from venire._native.grouped import Estimates, Groups
    from venire.data.grouped_comparisons import GroupedComparisons

__all__ = ["fit_shared", "graph_of", "has_ties_that_count", "share_of_ties", "shared_curvature"]

MAX_ITER = 50
CUTS = 30
LONGEST = 2.0  # step, in the unit of the parameters


def share_of_ties(g: GroupedComparisons) -> float:
    """Ties among all comparisons."""
    return 0.0 if g.cells.tie is None else float(g.cells.tie.sum()) / g.n_comparisons


def has_ties_that_count(g: GroupedComparisons, prior: bool) -> bool:
    """Whether a group that has a fit, once the shared parameters are known, has ties."""
    if g.cells.tie is None or prior:
        return g.cells.tie is not None
    graph = graph_of(g, np.ones(g.n_groups, bool))
    found = []
    for strong in (False, True):
        first = np.unique(graph.components(strong)[0], return_index=True)[1]
        group = np.searchsorted(g.offsets, first, side="right") - 1
        found.append(np.bincount(group, minlength=g.n_groups))
    fitted = np.repeat(found[0] == found[1], np.diff(g.cell_offsets))
    return bool((g.cells.tie[fitted] > 0.0).any()) or not fitted.any()


def fit_shared(
    native: Groups,
    e: Estimates,
    g: GroupedComparisons,
    start: np.ndarray,
    fit_all: Callable[[bool], None],
    *,
    names: tuple[str, ...],
    lower: float,
    prior: bool,
    tol: float,
    n_threads: int,
) -> tuple[np.ndarray, float]:
    """Values of the shared parameters and the residual of their slopes.

    Parameters
    ----------
    start : ndarray, shape (1,) or (2,)
        gamma, log tie as present, where to start.
    fit_all : callable
        Fit the groups at the values that `native` holds; called with True to go on from what `e`
        holds.
    names : tuple of str
        Which are present, of "order_effect" and "tie".
    lower : float
        The log of the tie parameter stays above.
    """
    x = np.array(start)
    native.fix(x)
    fit_all(False)
    active = _active(e, g)
    _require_existence(g, active, names, prior)
    total = _weight(g, active)
    slope, curvature = shared_curvature(native, e, g, active, len(x), n_threads)
    for _ in range(MAX_ITER):
        residual = float(np.abs(slope).max() / total)
        if residual <= tol:
            break
        step = inverse_of(curvature) @ slope
        if not np.isfinite(step).all():
            break
        length = min(1.0, LONGEST / float(np.abs(step).max()))
        if "tie" in names and step[-1] < 0.0:
            length = min(length, 0.9 * (x[-1] - lower) / -float(step[-1]))
        before = float(slope @ step)
        for _cut in range(CUTS):
            trial = x + length * step
            native.fix(trial)
            _activate(e, active)
            fit_all(True)
            slope, curvature = shared_curvature(native, e, g, active, len(x), n_threads)
            if float(slope @ step) >= -0.5 * before:
                break
            length *= 0.5
        x = trial
    return x, float(np.abs(slope).max() / total)


def shared_curvature(
    native: Groups,
    e: Estimates,
    g: GroupedComparisons,
    active: np.ndarray,
    m: int,
    n_threads: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Slope (m,) and curvature (m, m) of the profile log-likelihood of the active groups."""
    slope, schur = np.zeros((g.n_groups, 2)), np.zeros((g.n_groups, 4))
    in_batches(
        g, lambda a, b: native.border(e, a, b, slope.reshape(-1), schur.reshape(-1), n_threads)
    )
    used = np.flatnonzero(active)
    return slope[used].sum(0)[:m], schur[used].sum(0).reshape(2, 2)[:m, :m]


def _active(e: Estimates, g: GroupedComparisons) -> np.ndarray:
    """Groups that have a fit."""
    return np.isfinite(e.residual) & (np.diff(g.cell_offsets) > 0)


def _activate(e: Estimates, active: np.ndarray) -> None:
    e.status[active] = 0


def _weight(g: GroupedComparisons, active: np.ndarray) -> float:
    cells = np.repeat(active, np.diff(g.cell_offsets))
    total = float((g.win + g.loss)[cells].sum())
    return total if g.cells.tie is None else total + float(g.cells.tie[cells].sum())


def graph_of(g: GroupedComparisons, active: np.ndarray) -> Graph:
    """The groups as one graph; items of those that are left out have no comparisons in it."""
    from venire._native.graph import Graph

    sizes = np.diff(g.cell_offsets)
    cells = np.repeat(active, sizes)
    base = np.repeat(g.offsets[:-1], sizes)[cells]
    first, second = base + g.first[cells], base + g.second[cells]
    row_ptr = np.concatenate([[0], np.cumsum(np.bincount(first, minlength=g.n_items))])
    return Graph(
        row_ptr.astype(np.int64),
        second.astype(np.int32),
        g.order[cells],
        g.win[cells],
        g.loss[cells],
        None if g.cells.tie is None else g.cells.tie[cells],
    )


def _require_existence(
    g: GroupedComparisons, active: np.ndarray, names: tuple[str, ...], prior: bool
) -> None:
    """Refuse shared parameters that the groups, as one graph, do not bound."""
    if not (active & (np.diff(g.cell_offsets) > 0)).any():
        raise NotIdentifiedError(
            f"shared {' and '.join(names)}: no group has a fit of its own, so there is nothing to "
            "estimate from. Cure: use a prior"
        )
    _, absence = graph_of(g, active).existence("order_effect" in names, "tie" in names, prior)
    if absence:
        reason, cure = ABSENCES[absence]
        raise NotIdentifiedError(f"shared {' and '.join(names)}: {reason}. Cure: {cure}")
