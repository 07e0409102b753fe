"""Fits of rankings beside choix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import venire as vn

SEED = 20261130
# what -> rankings, of how many, items, standard deviation of the ratings
SIZES = {
    "full": {"alike": (1_000_000, 5, 1_000, 1.0), "apart": (1_000_000, 5, 1_000, 2.0),
             "short": (5_000, 5, 200, 1.0)},
    "quick": {"alike": (20_000, 5, 200, 1.0), "apart": (20_000, 5, 200, 2.0),
              "short": (2_000, 5, 50, 1.0)},
}  # fmt: skip


class Data(NamedTuple):
    """Rankings, one a row, best first."""

    n_items: int
    rows: np.ndarray
    rankings: vn.Rankings


def data(n: int, m: int, n_items: int, spread: float) -> Data:
    """Sets of distinct items, sorted by the model of Plackett and Luce."""
    rng = np.random.default_rng([SEED, n, n_items])
    theta = rng.normal(0.0, spread, n_items)
    steps = rng.integers(1, n_items // m, (n, m))
    sets = (rng.integers(n_items, size=(n, 1)) + np.cumsum(steps, axis=1)) % n_items
    by = np.argsort(-(theta[sets] + rng.gumbel(size=sets.shape)), axis=1)
    rows = np.take_along_axis(sets, by, 1)
    return Data(n_items, rows, vn.Rankings(rows, items=np.arange(n_items)))


def _fit(given: Data) -> np.ndarray:
    return vn.fit_plackett_luce(given.rankings).theta


def _whole(given: Data) -> np.ndarray:
    return vn.fit_plackett_luce(vn.Rankings(given.rows, items=np.arange(given.n_items))).theta


def _pairs(given: Data) -> np.ndarray:
    return vn.fit_bradley_terry(given.rankings.to_comparisons(clustered=False)).theta


def _choix(name: str, **options: Any) -> Callable[[Data], np.ndarray]:
    def fit(given: Data) -> np.ndarray:
        import choix

        return getattr(choix, name)(given.n_items, given.rows.tolist(), **options)

    return fit


ALL = ("alike", "apart", "short")
# solver -> module, fit, the workloads that it is asked
SOLVERS: dict[str, tuple[str, Callable[[Data], np.ndarray], tuple[str, ...]]] = {
    "venire": ("venire", _fit, ALL),
    "venire, Rankings built": ("venire", _whole, ALL),
    "venire, pairs by stage weights": ("venire", _pairs, ("short",)),
    "choix ilsr_rankings": ("choix", _choix("ilsr_rankings", tol=1e-8), ("short",)),
    "choix mm_rankings": (
        "choix", _choix("mm_rankings", tol=1e-8, max_iter=100_000), ("short",),
    ),
}  # fmt: skip
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
