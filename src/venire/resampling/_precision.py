"""What BCa and studentized intervals need besides the replicates: influences, and the errors of
each replicate.

Both come from the inverse information: where the engine has it as a matrix, from that; else by a
solve for each item.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire.models import model_of
from venire.ratings.solver import solve_rows
from venire.resampling._status import DONE

if TYPE_CHECKING:
    from venire.resampling._engine import Engine
    from venire.resampling._result import Bootstrap

__all__ = ["accelerations", "full_errors", "replicate_errors"]

TOL = 1e-6  # of the solves


def accelerations(engine: Engine, here: NDArray[np.int64]) -> NDArray[np.float64]:
    """Acceleration of the items at `here`: a sixth of the skewness of the influences of what is
    drawn.

    The influence of a comparison on theta is the inverse information times its score (Efron 1987).
    """
    c, n = engine.cells, len(engine.fit.theta)
    slope, tie_slope = _row_scores(engine)
    i, j, order = c.first[c.edge], c.second[c.edge], c.order[c.edge]
    count, out = c.counts, np.empty(len(here))
    for k, a in enumerate(_inverse_rows(engine, here)):
        u: Any = a[i] - a[j]
        if engine.fit.order_effect is not None:
            u += a[n] * order
        if c.covariates is not None:
            at = n + (engine.fit.order_effect is not None)
            u += (c.covariates @ a[at : at + c.covariates.shape[1]])[c.edge]
        u *= slope
        if engine.free_tie:
            u += a[-1] * tie_slope
        if c.unit is not None:
            u = np.bincount(c.unit, u if c.mass is None else u * c.mass, len(count))
        with np.errstate(invalid="ignore", divide="ignore"):
            out[k] = (count * u**3).sum() / (6.0 * (count * u**2).sum() ** 1.5)
    return out


def _inverse_rows(engine: Engine, here: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
    """The inverse information's row of each item, up to a constant in each component."""
    if engine.inverse is not None:
        yield from engine.inverse[here]
        return
    full = _full(engine)
    for x in here:
        yield solve_rows(full, _unit(engine, full, x), TOL)[0]


def _row_scores(engine: Engine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Derivatives of one comparison's log-likelihood at the full fit, by its predictor and by the
    log of the tie parameter: (n_rows,) each."""
    from venire._native.model import cell_terms

    fit, c = engine.fit, engine.cells
    d = fit.theta[c.first] - fit.theta[c.second]
    if fit.order_effect is not None:
        d = d + fit.order_effect * c.order
    if c.covariates is not None and fit.coefficients is not None:
        d = d + c.covariates @ fit.coefficients
    slope, tie_slope = np.empty(len(c.edge)), np.zeros(len(c.edge))
    for outcome in range(3):
        masses = [np.full(len(d), float(k == outcome)) for k in range(3)]
        terms = cell_terms(engine.model, d, fit.log_tie, *masses)
        own = c.outcome == outcome
        slope[own] = terms["d1"][c.edge[own]]
        if engine.free_tie:
            tie_slope[own] = terms["t1"][c.edge[own]]
    return slope, tie_slope


def full_errors(engine: Engine, here: NDArray[np.int64]) -> NDArray[np.float64]:
    """Standard errors of theta of the items at `here` in the full fit, (n,)."""
    if engine.inverse is not None:
        return engine.fit.standard_errors()[here]
    return _deviations(engine, _full(engine), here)


def replicate_errors(b: Bootstrap, engine: Engine, here: NDArray[np.int64]) -> NDArray[np.float64]:
    """Standard errors of theta of the items at `here` in each replicate, (n_resamples, n), from its
    own information; nan where it has no fit, or its tie parameter is on the boundary."""
    law = model_of(engine.model).tie
    out = np.full((b.n_resamples, len(here)), np.nan)

    def one(r: int) -> None:
        if b.status[r] != DONE:
            return
        log_tie = 0.0
        if law is not None and b.tie is not None:
            if not b.tie[r] > law.boundary:
                return
            log_tie = math.log(b.tie[r])
        if engine.inverse is not None:
            masses = engine.cells.masses(engine.draws.replicate(r))
            out[r] = _dense_errors(engine, engine.information(b.theta[r], log_tie, masses))[here]
            return
        rest = [] if b.order_effect is None else [b.order_effect[r]]
        rest += [] if b.coefficients is None else b.coefficients[r].tolist()
        rest += [log_tie] if engine.free_tie else []
        with engine.singles.replicate(r) as problem:
            problem.derivatives(np.concatenate([b.theta[r], np.array(rest, np.float64)]))
            out[r] = _deviations(engine, problem, here)

    with ThreadPoolExecutor(engine.n_threads) as pool:
        list(pool.map(one, range(b.n_resamples)))
    return out


def _dense_errors(engine: Engine, information: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard errors of theta; nan where the information is singular."""
    from venire._native.replicates import dense_inverse

    component, n = engine.fit.component, len(engine.fit.theta)
    matrix = engine.pinned(information)
    if not dense_inverse(matrix):
        return np.full(n, np.nan)
    block, prior = matrix[:n, :n], engine.prior
    means = [prior.level(row, component) for row in block]
    own = np.array(means)[np.arange(n), component]
    level = prior.level(own, component) + _level_variances(engine)
    return np.sqrt(block.diagonal() - 2.0 * own + level[component])


def _level_variances(engine: Engine) -> NDArray[np.float64]:
    """Of the level of each component, where it is no convention but the priors' doing; else 0."""
    total = engine.prior.total(engine.fit.component)
    return np.zeros_like(total) if engine.prior.precision is None else 1.0 / total


def _full(engine: Engine) -> Any:
    """The full fit's problem at its solution."""
    problem = engine.singles.full()
    problem.derivatives(engine.start)
    return problem


def _unit(engine: Engine, problem: Any, x: int) -> NDArray[np.float64]:
    """An item by itself less the level of its component: (1, n_parameters)."""
    rhs = np.zeros((1, problem.n_parameters))
    component = engine.fit.component
    mates = np.flatnonzero(component == component[x])
    precision = engine.prior.precision
    own = np.ones(len(mates)) if precision is None else precision[mates]
    rhs[0, mates] = -own / own.sum()
    rhs[0, x] += 1.0
    return rhs


def _deviations(engine: Engine, problem: Any, here: NDArray[np.int64]) -> NDArray[np.float64]:
    """Square roots of r'H⁻¹r for each item's r, and of its level's variance with it."""
    rows = (_unit(engine, problem, x) for x in here)
    own = np.array([float((r * solve_rows(problem, r, TOL)).sum()) for r in rows])
    return np.sqrt(own + _level_variances(engine)[engine.fit.component[here]])
