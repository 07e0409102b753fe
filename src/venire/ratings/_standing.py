"""Where items stand: which ratings the data determine, and ranks in which equal is equal.

A fit stops within a tolerance on the slopes, and its last digits are rounding: items that the
comparisons make equal (as many points in a double round robin, mirrored records) get ratings that
differ by some of it. So before items are ranked

1. Newton's method goes on until nothing but rounding is left;
2. neighbours share a rank if their gap is no more than what rounding makes of their difference.
   Slopes are known to a few units in the last place of what they are sums of; solves with such
   slopes, of random signs, say what becomes of them through the inverse information: next to
   nothing between two items that met, more between the ends of a chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from venire.ratings.newton import SETTLED

if TYPE_CHECKING:
    from venire.ratings.fit import Fit

__all__ = ["EQUAL", "ROUNDING", "STEPS", "competition_ranks", "determined", "largest", "placed",
           "rank_items"]  # fmt: skip

EQUAL = 1e-8  # gap that a fit of the usual tolerance may leave between equal items, at most
STEPS = 3  # of Newton's method, at most
PROBES = 4
ULPS = 4.0  # of a slope, in the last place of what it is the sum of
MARGIN = 16.0  # the largest of some differences, beside the root mean square of PROBES of them
ROUNDING = 2.0**-53


def determined(fit: Fit, *, core: bool) -> np.ndarray:
    """`Fit.determined`; `core`: of `Fit.core`."""
    weak = np.asarray(fit.component)
    group = np.zeros(len(weak), np.int64)
    inside = placed(group, weak, fit.item_weights)
    if not core or fit.prior is None:
        return inside
    strong = fit._information.layout.strong_components()
    found = inside.copy()
    found[inside] = largest(group[inside], strong[inside], fit.item_weights[inside])
    n_core = np.count_nonzero(found)
    return found if n_core > 1 and 2 * n_core >= np.count_nonzero(inside) else inside


def placed(group: np.ndarray, weak: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Items that the data place, of each group by itself, (n,) bool: the largest component, unless
    it is a single item.

    `weak`: components, numbered through all groups; `weight`: of an item's comparisons.
    """
    inside = largest(group, weak, weight)
    return inside & (np.bincount(group, inside)[group] > 1)


def largest(group: np.ndarray, part: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Whether each item is in the largest part of its group: of those with most items the one with
    most comparisons, of these the first."""
    size, total = np.bincount(part), np.bincount(part, weight)
    owner = np.empty(len(size), np.int64)
    owner[part] = group
    there = np.flatnonzero(size)  # parts are numbered by their first item
    order = there[np.lexsort((-there, total[there], size[there], owner[there]))]
    is_last = np.ones(len(order), bool)
    is_last[:-1] = owner[order][1:] != owner[order][:-1]
    is_largest = np.zeros(len(size), bool)
    is_largest[order[is_last]] = True
    return is_largest[part]


def rank_items(fit: Fit, block: np.ndarray | None = None) -> np.ndarray:
    """`Fit.ranks` of a fit on its own scale; within each block, (n,), if there are any."""
    ranks = np.zeros(len(fit.theta), np.int64)
    here = np.flatnonzero(fit.determined)
    if len(here) == 0:
        return ranks
    theta, blur = _settled(fit)
    theta = theta[here]
    own = None if block is None else block[here]
    order, allowed = np.lexsort((-theta,) if own is None else (-theta, own)), 0.0
    if (np.abs(np.diff(theta[order])) < EQUAL * max(1.0, np.abs(theta).max())).any():
        allowed = blur(here[order[:-1]], here[order[1:]])
    ranks[here] = competition_ranks(theta, allowed, order, own)
    return ranks


def competition_ranks(
    theta: np.ndarray, allowed: Any, order: np.ndarray, block: np.ndarray | None = None
) -> np.ndarray:
    """Ranks by theta, 1 for the largest, (n,) int64; of each block by itself, if there are any.

    Neighbours in `order` (by block, the largest first) whose gap is at most `allowed`, a number or
    (n - 1,), share the better rank.
    """
    place = np.arange(len(order))
    new_block, new_value = place == 0, place == 0
    if block is not None:
        new_block[1:] = block[order][1:] != block[order][:-1]
    new_value[1:] = new_block[1:] | (np.diff(-theta[order]) > allowed)
    start = np.maximum.accumulate(np.where(new_block, place, 0))
    first_equal = np.maximum.accumulate(np.where(new_value, place, 0))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = first_equal - start + 1
    return ranks


def _settled(fit: Fit) -> tuple[np.ndarray, Any]:
    """Theta with nothing but rounding left, and a function of two arrays of positions: what
    rounding leaves of differences. Theta that is no solution is taken as it is."""
    solver, n = fit._information.solver.solver, len(fit.theta)
    centre = fit._information.layout.prior.centre
    floor = ROUNDING * max(1.0, float(np.abs(fit.theta).max()))
    x = solver.parameters
    slopes, residual = solver.slopes(x)
    for _ in range(STEPS):
        step = solver.step(slopes, residual)
        longest = float(np.abs(step[:n]).max())
        if not longest <= SETTLED:
            return fit.theta, lambda i, j: np.full(len(i), floor)
        if longest <= floor:
            break
        new = x + step
        new_slopes, left = solver.slopes(new)
        if not left < residual:
            break
        x, slopes, residual = new, new_slopes, left

    def blur(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        noise = fit._information.rounded_slopes(PROBES, ULPS * ROUNDING)
        draws = solver.answers(noise)
        square = sum((draw[i] - draw[j]) ** 2 for draw in draws)
        return MARGIN * np.sqrt(square / PROBES) + ULPS * floor

    return x[:n] + centre, blur
