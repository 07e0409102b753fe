"""Bootstrap replicates of many groups, one by one: the twin of csrc/vn_group_replicates.c."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire.reference.aggregate import Cells
from venire.reference.components import components
from venire.reference.existence import existence
from venire.reference.grouped import cells_of_group
from venire.reference.links import TIE_MODELS
from venire.reference.newton import fit
from venire.reference.resampling import bootstrap_draws, group_keys

__all__ = ["ReferenceReplicates", "bootstrap_groups"]


class ReferenceReplicates(NamedTuple):
    """Replicates; nan where there is no finite fit.

    Attributes
    ----------
    theta : ndarray of float64, shape (n_resamples, n_items)
    order_effect, tie : ndarray of float64, shape (n_resamples, n_groups)
    has_fit : ndarray of bool, shape (n_resamples, n_groups)
    """

    theta: np.ndarray
    order_effect: np.ndarray
    tie: np.ndarray
    has_fit: np.ndarray


def bootstrap_groups(
    g: Any,
    model: str,
    key: tuple[int, int],
    n_resamples: int,
    *,
    scheme: str = "multinomial",
    unit: str = "auto",
    prior: Any = None,
    order_effect: bool = False,
    tol: float = 1e-9,
) -> ReferenceReplicates:
    """Draw the comparisons of each group again, and fit each replicate.

    Kernel: csrc/vn_group_replicates.c, by `venire.bootstrap` of groups.

    Parameters
    ----------
    g : GroupedCells or GroupedComparisons
    model, prior, order_effect, tol
        As in `fit`.
    key : pair of int
        The stream, of which each group has its own (`group_keys`).
    n_resamples : int
    scheme : {"multinomial", "poisson", "bayesian"}
    unit : {"auto", "outcomes", "cells"}
        "outcomes": comparisons of one pair, order class (with an order effect) and outcome are
        drawn by number. "cells": cells are drawn with all that they hold. "auto": cells in groups
        whose masses are not all whole.

    Returns
    -------
    ReferenceReplicates

    Examples
    --------
    >>> from venire.reference import aggregate_groups
    >>> g = aggregate_groups([1, 1, 1, 1], [0, 1, 0, 1], [1, 0, 1, 0])
    >>> bootstrap_groups(g, "bradley-terry", (1, 2), 5).has_fit.ravel().tolist()
    [True, True, True, True, False]
    """
    n_groups = len(g.groups)
    shape = n_resamples, n_groups
    out = ReferenceReplicates(
        np.full((n_resamples, len(g.items)), np.nan), np.full(shape, np.nan),
        np.full(shape, np.nan), np.zeros(shape, bool),
    )  # fmt: skip
    for k, words in enumerate(group_keys(key, g.groups)):
        cells = cells_of_group(g, k)
        own = int(words[0]), int(words[1])
        for r in range(n_resamples):
            drawn = draw_cells(cells, own, r, scheme, unit, order_effect)
            if drawn is None or (prior is None and _n_parts(drawn) > _n_parts(cells)):
                continue
            if not existence(drawn, model, order_effect=order_effect, prior=prior).exists:
                continue
            found = fit(drawn, model, prior=prior, order_effect=order_effect, tol=tol)
            out.theta[r, g.offsets[k] : g.offsets[k + 1]] = found.theta
            out.has_fit[r, k] = True
            if order_effect:
                out.order_effect[r, k] = found.order_effect
            if model in TIE_MODELS:
                out.tie[r, k] = found.tie
    return out


def draw_cells(
    cells: Cells, key: tuple[int, int], r: int, scheme: str, unit: str, order_effect: bool
) -> Cells | None:
    """The cells of one replicate; None where less than two things could be drawn."""
    masses = np.stack([cells.win, cells.loss, cells.tie])
    if unit == "auto":
        unit = "outcomes" if np.array_equal(masses, np.rint(masses)) else "cells"
    if unit == "cells":
        used = np.flatnonzero(masses.sum(axis=0))
        if len(used) < 2:
            return None
        drawn = np.zeros_like(masses)
        times = bootstrap_draws(np.ones(len(used), int), key, r, scheme)
        drawn[:, used] = masses[:, used] * times
    else:
        if not order_effect:
            cells = _merged(cells)
            masses = np.stack([cells.win, cells.loss, cells.tie])
        if masses.sum() < 2.0:
            return None
        drawn = np.zeros_like(masses)
        rows = masses.T > 0.0  # the outcomes of a cell one after another
        drawn.T[rows] = bootstrap_draws(masses.T[rows], key, r, scheme)
    keep = drawn.sum(axis=0) > 0.0
    win, loss, tie = drawn[:, keep]
    return cells._replace(
        first=cells.first[keep], second=cells.second[keep], order=cells.order[keep],
        win=win, loss=loss, tie=tie, square=np.full(len(win), np.nan),
    )  # fmt: skip


def _n_parts(cells: Cells) -> int:
    return len(components(cells, "weak").sizes)


def _merged(cells: Cells) -> Cells:
    """The order classes of each pair in one cell."""
    pair = cells.first.astype(np.int64) * cells.n_items + cells.second
    _, at, of = np.unique(pair, return_index=True, return_inverse=True)
    win, loss, tie = (np.bincount(of, m, len(at)) for m in (cells.win, cells.loss, cells.tie))
    return cells._replace(
        first=cells.first[at], second=cells.second[at], order=cells.order[at],
        win=win, loss=loss, tie=tie, square=np.full(len(at), np.nan),
    )  # fmt: skip
