"""The logistic curve as a link that a caller brings, beside the model that it copies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import venire as vn
from venire import simulate

SEED = 20261130
CASES = ("arena", "ladder", "groups")
GROUPS = {"full": 10_000, "quick": 500}
PRIOR = vn.GaussianPrior(0.01)
GOAL = 2.0  # times the built-in model
CELLS = "CPointer(double), CPointer(double), CPointer(double), int64"


@pytest.fixture(scope="session")
def copied() -> Any:
    """The model of two functions that Numba compiled: plain loops, one exponential a cell."""
    numba = pytest.importorskip("numba")

    @numba.cfunc(f"void({CELLS}, CPointer(double), CPointer(double))")
    def cell(d, win, loss, n, g, h):
        for k in range(n):
            e = math.exp(-abs(d[k]))
            big = 1.0 / (1.0 + e)
            small = e * big
            up, down = (big, small) if d[k] >= 0.0 else (small, big)
            g[k] = win[k] * down - loss[k] * up
            h[k] = (win[k] + loss[k]) * up * down

    @numba.cfunc(f"double({CELLS})")
    def log_likelihood(d, win, loss, n):
        total = 0.0
        for k in range(n):
            total -= (win[k] + loss[k]) * math.log1p(math.exp(-abs(d[k])))
            total -= max(d[k], 0.0) * loss[k] + max(-d[k], 0.0) * win[k]
        return total

    return vn.Model.custom("logistic-copy", cell=cell, log_likelihood=log_likelihood)


def fits(store: Any, what: str) -> tuple[str, Any]:
    """What is fitted, and a function that fits a model to it on one thread."""
    if what == "groups":
        rows = simulate.queries(GROUPS[store.size], 100, rng=SEED)
        g = vn.GroupedComparisons(rows.group, rows.first, rows.second, rows.score)
        told = f"{g.n_groups:,} groups of 100 items, 200 pairs"
        return told, lambda model: vn.fit_groups(g, model=model, n_threads=1)
    rows = store.rows(what)
    c = vn.Comparisons(rows.first, rows.second, rows.score)
    told = f"{what}, {len(rows):,} rows, {c.n_pairs:,} pairs"
    return told, lambda model: vn.ratings.fit_model(c, model=model, prior=PRIOR, n_threads=1)


@pytest.mark.benchmark(group="links")
@pytest.mark.parametrize("model", ["built in", "custom"])
@pytest.mark.parametrize("what", CASES)
def test_link(benchmark, store, copied, what, model):
    told, fit = fits(store, what)
    own = "bradley-terry" if model == "built in" else copied
    difference = float(np.nanmax(np.abs(fit(own).theta - fit("bradley-terry").theta)))
    benchmark.extra_info.update(what=told, solver=model, difference=difference, goal=GOAL)
    assert difference < 1e-9
    rounds = {"arena": 15, "ladder": 3, "groups": 5}[what]
    benchmark.pedantic(fit, (own,), rounds=rounds, iterations=1)
