"""Fits of rankings beside choix."""

from __future__ import annotations

import numpy as np
import pytest

from venire.bench.rankings import SIZES, SOLVERS, Data, data

PAIRS = [(what, solver) for solver, (_, _, asked) in SOLVERS.items() for what in asked]


def residual(given: Data, theta: np.ndarray) -> float:
    """The largest slope of an item for each ranking that it stands in."""
    w = np.exp(theta - theta.max())[given.rows]
    left = np.cumsum(w[:, ::-1], axis=1)[:, ::-1]
    chosen = np.ones(w.shape[1]) * (np.arange(w.shape[1]) < w.shape[1] - 1)
    miss = chosen - w * np.cumsum(chosen / left, axis=1)
    slope = np.bincount(given.rows.ravel(), miss.ravel(), given.n_items)
    games = np.bincount(given.rows.ravel(), minlength=given.n_items)
    return float((np.abs(slope) / np.maximum(games, 1)).max())


@pytest.mark.benchmark(group="rankings")
@pytest.mark.parametrize(("what", "solver"), PAIRS)
def test_rankings(benchmark, size, what, solver):
    module, fit, _ = SOLVERS[solver]
    pytest.importorskip(module)
    given = data(*SIZES[size][what])
    benchmark.extra_info.update(
        what=what, solver=solver, n_rankings=len(given.rows), of=given.rows.shape[1],
        n_items=given.n_items, spread=SIZES[size][what][3], residual=residual(given, fit(given)),
    )  # fmt: skip
    rounds = 5 if solver.startswith("venire") else 1
    benchmark.pedantic(fit, args=(given,), rounds=rounds, iterations=1)
    if solver.startswith("venire") and "pairs" not in solver:
        assert benchmark.extra_info["residual"] < 1e-8
