"""What BCa and studentised intervals need besides the replicates, by a solve for each item."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire.ratings.solver import solve_rows
from venire.resampling._influence import row_scores
from venire.resampling._status import DONE

if TYPE_CHECKING:
    from venire.resampling._result import Bootstrap

__all__ = ["accelerations", "errors"]

TOL = 1e-6  # of the solves


def accelerations(b: Bootstrap, positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Acceleration of the items at `positions`, as `_influence.accelerations`."""
    engine = b._engine()
    c, n = engine.cells, len(b.fit.theta)
    slope, tie_slope = row_scores(engine)
    i, j, order = c.first[c.edge], c.second[c.edge], c.order[c.edge]
    full = engine.singles.full()
    full.derivatives(engine.start)
    out = np.empty(len(positions))
    for k, x in enumerate(positions):
        a = solve_rows(full, _unit(b, full, x), TOL)[0]
        u = a[i] - a[j]
        if b.fit.order_effect is not None:
            u += a[n] * order
        u *= slope
        if engine.free_tie:
            u += a[-1] * tie_slope
        count = c.counts
        if c.unit is not None:
            u = np.bincount(c.unit, u if c.mass is None else u * c.mass, len(count))
        with np.errstate(invalid="ignore", divide="ignore"):
            out[k] = (count * u**3).sum() / (6.0 * (count * u**2).sum() ** 1.5)
    return out


def errors(
    b: Bootstrap, positions: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard errors of the items at `positions`: those of the fit (n,), and those of each
    replicate (n_resamples, n), nan where it has none."""
    engine = b._engine()
    singles = engine.singles
    full = singles.full()
    full.derivatives(engine.start)
    lowest = 1.0 if b.fit.model == "rao-kupper" else 0.0
    out = np.full((b.n_resamples, len(positions)), np.nan)

    def one(r: int) -> None:
        if b.status[r] != DONE:
            return
        rest = [] if b.order_effect is None else [b.order_effect[r]]
        if engine.free_tie and b.tie is not None:
            if not b.tie[r] > lowest:  # on its boundary
                return
            rest.append(math.log(b.tie[r]))
        with singles.replicate(r) as problem:
            problem.derivatives(np.concatenate([b.theta[r], np.array(rest, np.float64)]))
            out[r] = _deviations(b, problem, positions)

    with ThreadPoolExecutor(engine.n_threads) as pool:
        list(pool.map(one, range(b.n_resamples)))
    return _deviations(b, full, positions), out


def _unit(b: Bootstrap, problem: Any, x: int) -> NDArray[np.float64]:
    """An item by itself less the level of its component: (1, n_parameters)."""
    rhs = np.zeros((1, problem.n_parameters))
    mates = np.flatnonzero(b.fit.component == b.fit.component[x])
    precision = b._engine().prior.precision
    own = np.ones(len(mates)) if precision is None else precision[mates]
    rhs[0, mates] = -own / own.sum()
    rhs[0, x] += 1.0
    return rhs


def _deviations(b: Bootstrap, problem: Any, positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Square roots of r'H⁻¹r for each item's r, and of its level's variance where theta has one."""
    out, prior = np.empty(len(positions)), b._engine().prior
    level = np.zeros(b.fit.component.max() + 1)
    if prior.precision is not None:
        level = 1.0 / prior.total(b.fit.component)
    for k, x in enumerate(positions):
        rhs = _unit(b, problem, x)
        own = float((rhs * solve_rows(problem, rhs, TOL)).sum())
        out[k] = math.sqrt(own + level[b.fit.component[x]])
    return out
