"""What the groups' own comparisons say of their items, under a prior that all groups show together.

A fit with a weak prior takes an item that won its two comparisons for a very good one. Across
groups that is read as if it were known, so the items are fitted again, with the variance V that
strengths have in these groups. Laplace's evidence is far off where an item has two or four votes;
V is told instead by pairs of comparisons that share an item i, of different opponents j and k:

    E[(2 s_ij - 1) (2 s_ik - 1)] = E[a(theta_i)^2],  a(t) = E[2 F(t - theta_j) - 1],

strengths being independent N(0, V). This holds however outcomes scatter about their mean, so for
soft votes too. Where outcomes vary less than wins and losses (soft votes, half ties), errors are
smaller by the root of their dispersion.
"""

from __future__ import annotations

import math
import warnings
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.models import Model, model_of
from venire.priors import GaussianPrior
from venire.ratings._evidence import pearson_of

__all__ = ["Within", "pair_moment", "spread_of", "within"]

Floats = NDArray[np.float64]

ENOUGH = 200_000  # items of the groups that are looked at
CORRELATED = 0.15  # of two comparisons of one item, about: for the weights of items alone
PAIRS = (
    60.0  # weighted pairs of comparisons that V = 1 is worth, at least: about 50 of items with two
)
LEAST, MOST = 1e-4, 1e3  # of V
NODES = 48
LOOSE = 1e-6  # tolerance of the fits
SAME = 0.02  # log precisions so close are one
FITS = 4


class Within(NamedTuple):
    """Strengths of items about the centre of their group, (n_items,) each; V is nan if not told."""

    theta: Floats
    variance: Floats
    spread: float


def within(gf: Any, n_threads: int) -> Within:
    """The items of a grouped fit under the prior of all its groups.

    A fit whose prior goes by item, or that has no comparisons, is taken as it is.
    """
    g = getattr(gf, "comparisons", None)
    if g is None or _is_by_item(gf.prior):
        return _as_it_is(gf)
    at = _cells_of_some(g)
    law = model_of(gf.model)
    spread = spread_of(*_sums(gf, g, at), _advantage(gf, law))
    if math.isnan(spread):
        return _as_it_is(gf)
    fit, dispersion, pearson = gf, 1.0, pearson_of(g, gf.model, at)
    for _ in range(FITS):
        if pearson is not None:
            dispersion = _dispersion(fit, g, at, pearson)
        precision = dispersion / spread
        if fit.prior is not None and abs(math.log(precision / fit.prior.precision)) < SAME:
            break
        fit = _fit(gf, g, precision, n_threads)
        if pearson is None:
            break
    theta = np.where(np.isfinite(gf.theta), fit.theta, np.nan)
    return Within(theta, fit.deviation_errors() ** 2 * dispersion, spread)


def _as_it_is(gf: Any) -> Within:
    return Within(gf.theta, np.asarray(gf.deviation_errors(), np.float64) ** 2, math.nan)


def pair_moment(variance: float, advantage: Any) -> float:
    """E[a(theta)^2]: what two comparisons of one item with two others have in common."""
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    weight, theta = weight / weight.sum(), math.sqrt(variance) * node
    a = advantage((theta[:, None] - theta).ravel()).reshape(NODES, NODES) @ weight
    return float(weight @ a**2)


def spread_of(total: Floats, square: Floats, weight: Floats, own: Floats, n_groups: int,
              advantage: Any) -> float:  # fmt: skip
    """V from the sums over each item's cells of t, t^2, w and w^2: t wins less losses, w weights.

    As if one more group, or `PAIRS`, had been seen to have V = 1; nan if no item met two others.
    """
    by = 1.0 / (1.0 + CORRELATED * weight) ** 2
    pairs = float(np.sum(by * (weight**2 - own)))
    if not pairs > 1e-9 * float(np.sum(by * weight**2)):
        return math.nan
    common = float(np.sum(by * (total**2 - square)))
    more = max(pairs / max(n_groups, 1), PAIRS)
    wanted = (common + more * pair_moment(1.0, advantage)) / (pairs + more)
    low, high = math.log(LEAST), math.log(MOST)
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        if pair_moment(math.exp(middle), advantage) < wanted:
            low = middle
        else:
            high = middle
    return math.exp(0.5 * (low + high))


def _is_by_item(prior: GaussianPrior | None) -> bool:
    return prior is not None and not all(isinstance(x, Real) for x in (prior.precision, prior.mean))


def _cells_of_some(g: Any) -> NDArray[np.int64]:
    """Positions of the cells of some groups, evenly spread."""
    some = np.arange(0, g.n_groups, max(1, math.ceil(g.n_items / ENOUGH)))
    start, stop = g.cell_offsets[some], g.cell_offsets[some + 1]
    ends = np.cumsum(stop - start)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(stop - ends, stop - start)


def _ends(g: Any, at: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Positions of the two items of cells."""
    base = g.offsets[np.searchsorted(g.cell_offsets, at, side="right") - 1]
    return base + g.first[at], base + g.second[at]


def _sums(gf: Any, g: Any, at: NDArray[np.int64]) -> tuple[Any, Any, Any, Any, int]:
    """What `spread_of` takes, over the items that occur."""
    first, second = _ends(g, at)
    t, w = g.win[at] - g.loss[at], g.win[at] + g.loss[at]
    if g.cells.tie is not None:
        w = w + g.cells.tie[at]
    if gf.order_effect is not None:
        t = t - w * _of_order(gf, g, at)
    t = np.where(first < second, t, -t)  # all cells of two items, in either order, as one
    first, second = np.minimum(first, second), np.maximum(first, second)
    pair, cell = np.unique(np.stack([first, second]), axis=1, return_inverse=True)
    t, w = np.bincount(cell.ravel(), t), np.bincount(cell.ravel(), w)
    item, place = np.unique(pair, return_inverse=True)
    plus, minus, n = *place.reshape(2, -1), len(item)
    total = np.bincount(plus, t, n) - np.bincount(minus, t, n)
    square, weight, own = (
        np.bincount(plus, x, n) + np.bincount(minus, x, n) for x in (t**2, w, w**2)
    )
    n_groups = len(np.unique(np.searchsorted(g.offsets, item, side="right")))
    return total, square, weight, own, n_groups


def _of_order(gf: Any, g: Any, at: NDArray[np.int64]) -> Floats:
    """Advantage of the order alone between equals, about."""
    gamma = np.nan_to_num(np.broadcast_to(gf.order_effect, g.n_groups))
    group = np.searchsorted(g.cell_offsets, at, side="right") - 1
    law = model_of(gf.model)
    flatter = 1.0 / math.sqrt(1.0 + 2.0 * law.variance_share)
    return np.asarray(_advantage(gf, law)(flatter * gamma[group] * g.order[at]))


def _advantage(gf: Any, law: Model) -> Any:
    """P(first wins) - P(second wins) of differences."""
    tie = gf.tie
    if law.tie is not None and not isinstance(tie, float):
        known = tie[np.isfinite(tie)] if tie is not None else np.empty(0)
        tie = float(np.median(known)) if len(known) else law.tie.boundary
    if law.tie is None or tie <= law.tie.boundary:
        row = law.fitted(free_tie=False)
        return lambda d: 2.0 * row.probabilities(d, 0.0) - 1.0
    log_tie = math.log(tie)

    def of(d: Floats) -> Floats:
        p = law.probabilities(d, log_tie)
        return np.asarray(p[:, 0] - p[:, -1])

    return of


def _fit(gf: Any, g: Any, precision: float, n_threads: int) -> Any:
    from venire.ratings.grouped.fitting import fit_groups

    mean = 0.0 if gf.prior is None else gf.prior.mean
    with warnings.catch_warnings():  # the fit that is calibrated has said it
        warnings.simplefilter("ignore")
        return fit_groups(
            g, model=gf.model, prior=GaussianPrior(precision, mean), init=gf, tol=LOOSE,
            order_effect=gf.order_effect is not None, shared=gf.shared, n_threads=n_threads,
        )  # fmt: skip


def _dispersion(fit: Any, g: Any, at: NDArray[np.int64], pearson: Any) -> float:
    """Of the outcomes, at the fit."""
    first, second = _ends(g, at)
    theta = np.nan_to_num(fit.theta)
    group = np.searchsorted(g.cell_offsets, at, side="right") - 1
    d = theta[first] - theta[second]
    if fit.order_effect is not None:
        d = d + np.nan_to_num(np.broadcast_to(fit.order_effect, g.n_groups))[group] * g.order[at]
    items = np.unique(np.concatenate([first, second]))
    free = float(len(items) - len(np.unique(group)))
    if fit.prior is not None:
        taken = float(fit.prior.precision) * np.nan_to_num(fit.deviation_errors()[items]) ** 2
        free -= float(np.sum(np.minimum(taken, 1.0)))
    return float(min(max(pearson.at(d, free), 1e-4), 1e4))
