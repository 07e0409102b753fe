"""Bootstraps of fits, of statistics, and of nothing but weights, beside who else makes them.

Peers that need minutes are timed with a few of the replicates; ``scale`` says by how much.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import venire as vn
from benchmarks import bootstrap_peers as peers
from benchmarks.measure import peak_of

SEED = 20261124
MODELS = {
    "bradley-terry": vn.fit_bradley_terry,
    "davidson": vn.fit_davidson,
    "thurstone": vn.fit_thurstone,
}
# model, kind, seconds to reach on 2 cores
ARENA = [
    ("bradley-terry", "multinomial", 0.6),
    ("bradley-terry", "poisson", 0.4),
    ("davidson", "multinomial", 1.5),
    ("thurstone", "multinomial", 1.0),
]
REPLICATES = {"full": 1_000, "quick": 100}
LADDER = {"full": (200, 40), "quick": (20, 4)}  # replicates, and how many are timed
WEIGHTS = {"full": (1_000_000, 200), "quick": (100_000, 20)}
GOALS = {"poisson": 400.0, "multinomial": 150.0}  # million counts a second
NUMBERS = {"full": (100_000, 10_000), "quick": (10_000, 200)}
RATIOS = {"mean": 3.0, "median": 5.0}  # times scipy's time


def _ours(rows: Any, model: str, kind: str, n: int) -> Any:
    fit = MODELS[model](vn.Comparisons(rows.first, rows.second, rows.score))
    return vn.bootstrap(fit, n, scheme=kind, rng=SEED)


def _time(benchmark: Any, function: Callable[[], Any], rounds: int, **facts: Any) -> Any:
    """Once for the peak of memory, then `rounds` times."""
    found, peak = peak_of(function)
    benchmark.extra_info.update(peak_bytes=peak, **facts)
    benchmark.pedantic(function, rounds=rounds, iterations=1)
    return found


@pytest.mark.benchmark(group="bootstrap of fits")
@pytest.mark.parametrize(("model", "kind", "goal"), ARENA)
def test_arena(benchmark, store, size, model, kind, goal):
    rows, n = store.rows("arena"), REPLICATES[size]
    b = _time(
        benchmark, lambda: _ours(rows, model, kind, n), 5, what=f"arena, {model}, {kind}",
        solver="venire", replicates=n, scale=1.0, goal=goal,
    )  # fmt: skip
    assert b.n_failed == 0
    benchmark.extra_info["residual"] = float(b.residual.max())


@pytest.mark.benchmark(group="bootstrap of fits")
@pytest.mark.parametrize("peer", peers.ARENA)
def test_arena_peers(benchmark, store, size, peer):
    pytest.importorskip(peers.ARENA[peer].module)
    rows, n, few = store.rows("arena"), REPLICATES[size], 4
    ready = peers.ARENA[peer].prepare(rows)  # not timed, nor is compilation
    ready(1)
    residual = _time(
        benchmark, lambda: ready(few), 1, what="arena, bradley-terry, multinomial", solver=peer,
        replicates=n, scale=n / few, goal=None,
    )  # fmt: skip
    benchmark.extra_info["residual"] = residual


@pytest.mark.benchmark(group="bootstrap of fits")
def test_ladder(benchmark, store, size):
    rows = store.rows("ladder")
    n, part = LADDER[size]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
        b, peak = peak_of(lambda: _ours(rows, "bradley-terry", "multinomial", part))
        fit = b.fit
        benchmark.extra_info.update(
            what="ladder, bradley-terry, multinomial", solver="venire", replicates=n,
            scale=n / part, goal=120.0, residual=float(np.nanmax(b.residual)), peak_bytes=peak,
        )  # fmt: skip
        benchmark.pedantic(lambda: vn.bootstrap(fit, part, rng=SEED), rounds=1, iterations=1)


def _dense_draws(fit: Any, n: int) -> np.ndarray:
    """The same law from a dense covariance, as one would write it with NumPy."""
    c, m = fit.comparisons, len(fit.items)
    p = 1.0 / (1.0 + np.exp(fit.theta[c.second] - fit.theta[c.first]))
    h = (c.win + c.loss + c.tie) * p * (1.0 - p)
    matrix = np.full((m, m), 1.0 / m)
    np.add.at(matrix, (c.first, c.second), -h)
    np.add.at(matrix, (c.second, c.first), -h)
    matrix[np.diag_indices(m)] += np.bincount(c.first, h, m) + np.bincount(c.second, h, m)
    covariance = np.linalg.inv(matrix) - 1.0 / m
    return np.random.default_rng(SEED).multivariate_normal(fit.theta, covariance, n, method="svd")


@pytest.mark.benchmark(group="draws of fits")
@pytest.mark.parametrize("solver", ["venire", "numpy, dense"])
def test_draws(benchmark, store, size, solver):
    rows, n = store.rows("arena"), {"full": 10_000, "quick": 1_000}[size]
    fit = vn.fit_bradley_terry(vn.Comparisons(rows.first, rows.second, rows.score))

    def make() -> Any:
        return fit.sample(n, rng=SEED).theta if solver == "venire" else _dense_draws(fit, n)

    found = _time(benchmark, make, 3, what="arena, bradley-terry", solver=solver, draws=n)
    assert abs((found.std(axis=0) / fit.standard_errors()).mean() - 1.0) < 0.01


@pytest.mark.benchmark(group="draws of fits")
@pytest.mark.parametrize("solver", ["venire", "venire, bootstrap"])
def test_draws_of_a_ladder(benchmark, store, size, solver):
    rows, (n, part) = store.rows("ladder"), {"full": (100, 20), "quick": (20, 4)}[size]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
        fit = vn.fit_bradley_terry(vn.Comparisons(rows.first, rows.second, rows.score))
        how = {
            "venire": fit.sample,
            "venire, bootstrap": lambda k, rng: vn.bootstrap(fit, k, rng=rng),
        }
        _time(
            benchmark, lambda: how[solver](part, rng=SEED), 1, what="ladder, bradley-terry",
            solver=solver, draws=n, scale=n / part,
        )  # fmt: skip


@pytest.mark.benchmark(group="bootstrap weights")
@pytest.mark.parametrize("solver", ["venire", "numpy", "numpy integers, bincount"])
@pytest.mark.parametrize("kind", ["poisson", "multinomial"])
def test_weights(benchmark, size, kind, solver):
    n, replicates = WEIGHTS[size]
    if solver == "numpy integers, bincount" and kind == "poisson":
        pytest.skip("draws a multinomial")
    run = replicates if solver == "venire" else max(1, replicates // 20)
    rng = np.random.default_rng(SEED)

    def ours() -> int:
        blocks = vn.bootstrap_weights(n, run, scheme=kind, rng=SEED)
        return sum(int(block[0, 0]) for block in blocks)

    def theirs() -> None:
        for _ in range(run):
            if kind == "poisson":
                rng.poisson(1.0, n)
            elif solver == "numpy":
                rng.multinomial(n, np.full(n, 1.0 / n))
            else:
                np.bincount(rng.integers(0, n, n), minlength=n)

    _time(
        benchmark, ours if solver == "venire" else theirs, 3 if solver == "venire" else 1,
        what=f"{kind}, n = {n:,}", solver=solver, counts=n * run,
        goal=GOALS[kind] if solver == "venire" else None,
    )  # fmt: skip


@pytest.mark.benchmark(group="bootstrap of statistics")
@pytest.mark.parametrize("solver", ["venire", *peers.STATISTICS])
@pytest.mark.parametrize("statistic", RATIOS)
def test_statistic(benchmark, size, statistic, solver):
    n, replicates = NUMBERS[size]
    x = np.random.default_rng(SEED).normal(size=n)
    if solver == "venire":
        run, compiled = replicates, peers.compiled(statistic)

        def resample() -> np.ndarray:
            b = vn.bootstrap_statistic(compiled, np.sort(x), n_resamples=run, rng=SEED)
            b.interval(0.95, "percentile")
            return b.replicates

        vn.bootstrap_statistic(compiled, x[:10], n_resamples=2)  # compilation
    else:
        run = max(20, replicates // 50)
        module, call = peers.STATISTICS[solver]
        pytest.importorskip(module)

        def resample() -> np.ndarray:
            return call(x, getattr(np, statistic), run)

    found = _time(
        benchmark, resample, 2 if solver == "venire" else 1, what=f"{statistic} of {n:,} numbers",
        solver=solver, replicates=replicates, scale=replicates / run,
        goal=RATIOS[statistic] if solver == "scipy.stats.bootstrap" else None,
    )  # fmt: skip
    # the same law: standard errors agree to five of their own
    spread = 5.0 * np.sqrt(0.5 / run + 0.5 / 1_000)
    error = {"mean": 1.0, "median": np.sqrt(np.pi / 2.0)}[statistic] / np.sqrt(n)
    assert abs(np.std(found) / error - 1.0) < spread + 0.1
