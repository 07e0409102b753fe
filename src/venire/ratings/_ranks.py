"""Ranks by theta in which equal is equal: items share one where arithmetic cannot tell them apart.

A fit stops within a tolerance on the slopes, and its last digits are rounding: items that the
comparisons make equal (as many points in a double round robin, mirrored records) get ratings that
differ by some of it. So before items are ranked

1. Newton's method goes on until nothing but rounding is left;
2. neighbours share a rank if their gap is no more than what rounding makes of their difference.
   The slopes are known to a few units in the last place of the weights they are made of; solves
   with such slopes, of random signs, say what becomes of them through the inverse information:
   next to nothing between two items that met, more between the ends of a chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from venire.ratings.grouped import batches
from venire.ratings.newton import SETTLED

if TYPE_CHECKING:
    from venire.ratings.fit import Fit
    from venire.ratings.grouped.fit import GroupedFit

__all__ = ["EQUAL", "competition_ranks", "rank_groups", "rank_items"]

EQUAL = 1e-8  # gap of theta that a converged fit may leave between equal items
ROUNDED = 1e-11  # the same of small groups, once nothing but rounding is left
STEPS = 3  # of Newton's method, at most
PROBES = 4
ULPS = 8.0  # of a slope, in the last place of the weight it is made of
MARGIN = 16.0  # the largest of some differences beside the mean square of `PROBES` of them
NOTHING = 2.0**-53


def rank_items(fit: Fit) -> np.ndarray:
    """Ranks of a fit's items, 0 for what the data do not place."""
    where = np.flatnonzero(fit.determined)
    block = np.zeros(len(where), np.int64) if fit.prior is not None else fit.component[where]
    ranks = np.zeros(len(fit.theta), np.int64)
    if len(where) == 0:
        return ranks
    theta, blur = _settled(fit)
    theta = theta[where]
    order = np.lexsort((-theta, block))
    gap = np.abs(np.diff(theta[order]))
    allowed = np.zeros(len(gap))
    if (gap < EQUAL * max(1.0, np.abs(theta).max())).any():
        allowed = blur(where[order[:-1]], where[order[1:]])
    ranks[where] = competition_ranks(theta, block, allowed, order)
    return ranks


def rank_groups(fit: GroupedFit) -> np.ndarray:
    """Ranks of the items of groups, 0 for what the data do not place."""
    group = np.repeat(np.arange(len(fit.groups)), np.diff(fit.offsets))
    ranks = np.zeros(len(fit.theta), np.int64)
    where = np.flatnonzero(fit.determined)
    block = fit.blocks()[where]
    order = np.lexsort((-fit.theta[where], block))
    at = where[order]
    gap = np.abs(np.diff(fit.theta[at]))
    near = (gap < 1e3 * max(EQUAL, fit.tol)) & (block[order][1:] == block[order][:-1])
    doubtful = np.zeros(len(fit.groups), bool)
    doubtful[group[at[1:]][near]] = True
    doubtful &= fit.residual <= fit.tol
    theta = _polished(fit, doubtful)
    order = np.lexsort((-theta[where], block))
    size = np.maximum(1.0, np.abs(theta[where[order]]))
    allowed = np.where(doubtful[group[where[order]]], ROUNDED, NOTHING) * size
    ranks[where] = competition_ranks(theta[where], block, allowed[1:], order)
    large = np.flatnonzero(doubtful & (np.diff(fit.offsets) > batches.MAX_ERRORS))
    for k in large.tolist():
        ranks[fit.offsets[k] : fit.offsets[k + 1]] = rank_items(fit.single(k))
    return ranks


def competition_ranks(
    theta: np.ndarray, block: np.ndarray, allowed: Any, order: np.ndarray | None = None
) -> np.ndarray:
    """Ranks by theta in each block, 1 for the largest, (n,) int64.

    Neighbours in `order` (default: by block, the largest first) whose gap is at most `allowed`, a
    number or (n - 1,), share the better rank.
    """
    if order is None:
        order = np.lexsort((-theta, block))
    n = len(order)
    place, blocks = np.arange(n), block[order]
    new_block = np.ones(n, bool)
    new_block[1:] = blocks[1:] != blocks[:-1]
    new_value = new_block.copy()
    new_value[1:] |= np.abs(np.diff(theta[order])) > allowed
    start = np.maximum.accumulate(np.where(new_block, place, 0))
    first_equal = np.maximum.accumulate(np.where(new_value, place, 0))
    ranks = np.empty(n, np.int64)
    ranks[order] = first_equal - start + 1
    return ranks


def _settled(fit: Fit) -> tuple[np.ndarray, Any]:
    """Theta with nothing but rounding left, and a function of two arrays of positions that says
    what rounding leaves of differences. Theta that is no solution is taken as it is."""
    solver, n = fit._information.solver.solver, len(fit.theta)
    theta, centre = fit.theta, fit._information.layout.prior.centre
    x, gradient, residual = solver.at_fit()
    floor = NOTHING * max(1.0, np.abs(theta).max())
    for _ in range(STEPS):
        step = solver.step(gradient, residual)
        longest = np.abs(step[:n]).max()
        if not longest <= SETTLED:
            return theta, lambda i, j: np.full(len(i), floor)
        if longest <= floor:
            break
        new = x + step
        gradient, left = solver.slopes(new)
        if not left < residual:
            break
        x, residual = new, left

    def blur(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        draws = solver.rounding(PROBES, ULPS * NOTHING)
        square = sum((draw[i] - draw[j]) ** 2 for draw in draws)
        return MARGIN * np.sqrt(square / PROBES) + ULPS * floor

    return x[:n] + centre, blur


def _polished(fit: GroupedFit, doubtful: np.ndarray) -> np.ndarray:
    """Theta of the groups in doubt with nothing but rounding left; of the others as it is."""
    if not doubtful.any():
        return fit.theta
    native, e = fit.native()
    for name in ("theta", "gamma", "log_tie", "residual", "n_iter", "n_parts"):
        if getattr(e, name) is not None:
            setattr(e, name, np.array(getattr(e, name)))
    e.status = np.where(doubtful & ~batches.is_large(fit.comparisons), 0, 4).astype(np.int8)
    batches.fit_small(
        native, e, fit.comparisons, tol=8.0 * NOTHING, max_iter=STEPS, patience=600, warm=True,
        n_threads=fit.n_threads, progress=None,
    )  # fmt: skip
    near = np.abs(e.theta - fit.theta) <= SETTLED
    return np.where(near, e.theta, fit.theta)
