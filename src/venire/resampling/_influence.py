"""What BCa and studentised intervals need besides the replicates, where the inverse information
is at hand as a matrix."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire.reference import links
from venire.resampling._status import DONE

if TYPE_CHECKING:
    from venire.resampling._replicates import Engine

__all__ = ["accelerations", "replicate_errors", "row_scores"]

CHUNK = 1 << 22  # numbers of one block of influences


def row_scores(engine: Engine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Derivatives of one comparison's log-likelihood at the full fit, by its predictor and by the
    log of the tie parameter: (n_rows,) each."""
    fit, c = engine.fit, engine.cells
    d = fit.theta[c.first] - fit.theta[c.second]
    if fit.order_effect is not None:
        d = d + fit.order_effect * c.order
    slope, tie_slope = np.empty(len(c.edge)), np.zeros(len(c.edge))
    zero = np.zeros(len(d))
    for kind in range(3):
        masses = [zero + float(k == kind) for k in range(3)]
        terms = links.cell_terms(engine.model, d, fit._log_tie, *engine.halved(*masses))
        own = c.outcome == kind
        slope[own] = terms["d1"][c.edge[own]]
        if engine.free_tie:
            tie_slope[own] = terms["t1"][c.edge[own]]
    return slope, tie_slope


def accelerations(engine: Engine) -> NDArray[np.float64]:
    """Acceleration of each item: a sixth of the skewness of the influences of what is drawn.

    The influence of a comparison on theta is the inverse information times its score (Efron 1987).
    """
    inverse = engine.inverse
    c, n = engine.cells, len(engine.fit.theta)
    slope, tie_slope = row_scores(engine)
    second, third = np.zeros(n), np.zeros(n)
    rows = slice(0, n)
    if c.unit is None:
        step = max(1, CHUNK // n)
        for start in range(0, len(c.edge), step):
            part = slice(start, start + step)
            e = c.edge[part]
            u = slope[part, None] * (inverse[c.first[e], rows] - inverse[c.second[e], rows])
            if engine.free_tie:
                u = u + tie_slope[part, None] * inverse[n, rows]
            count = c.counts[part, None]
            second += (count * u**2).sum(axis=0)
            third += (count * u**3).sum(axis=0)
    else:
        from scipy import sparse

        weight = slope if c.mass is None else slope * c.mass
        i, j = c.first[c.edge], c.second[c.edge]
        columns, values = [i, j], [weight, -weight]
        if engine.free_tie:
            columns.append(np.full(len(i), n))
            values.append(tie_slope if c.mass is None else tie_slope * c.mass)
        place = (np.tile(c.unit, len(columns)), np.concatenate(columns))
        shape = (len(c.counts), len(inverse))
        score = sparse.coo_array((np.concatenate(values), place), shape=shape).tocsr()
        step = max(1, CHUNK // n)
        for start in range(0, len(c.counts), step):
            u = score[start : start + step] @ inverse[:, rows]
            second += (u**2).sum(axis=0)
            third += (u**3).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return third / (6.0 * second**1.5)


def replicate_errors(
    engine: Engine, theta: NDArray[np.float64], tie: Any, status: NDArray[np.int8]
) -> NDArray[np.float64]:
    """Standard errors of theta in each replicate, (n_resamples, n_items), from its information."""
    from venire._native.replicates import dense_inverse

    out = np.full(theta.shape, np.nan)
    component = engine.fit.component
    prior = engine.prior
    lowest = 1.0 if engine.fit.model == "rao-kupper" else 0.0

    def one(r: int) -> None:
        if status[r] != DONE:
            return
        masses = engine.cells.masses(engine.draws.replicate(r))
        t = 0.0
        if engine.free_tie:
            if not tie[r] > lowest:  # on its boundary
                return
            t = math.log(tie[r])
        matrix = engine.pinned(engine.information(theta[r], t, masses))
        if not dense_inverse(matrix):
            return
        n = theta.shape[1]
        block = matrix[:n, :n]
        own = np.stack([prior.level(row, component) for row in block])[np.arange(n), component]
        out[r] = block.diagonal() - 2.0 * own + prior.level(own, component)[component]
        if prior.precision is not None:
            out[r] += (1.0 / prior.total(component))[component]

    with ThreadPoolExecutor(engine.n_threads) as pool:
        list(pool.map(one, range(len(theta))))
    return np.sqrt(out)
