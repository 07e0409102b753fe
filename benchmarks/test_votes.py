"""Votes into judgments, judgments into a consensus; beside NumPy and crowd-kit."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import venire as vn
from venire import simulate
from venire.bench.votes import (
    N_PANEL,
    N_TEACHERS,
    N_VOTES,
    SEED,
    dawid_skene,
    numpy_counts,
    numpy_reliability,
    panel,
)
from venire.simulate import SimulatedVotes

N_CROWD = {"full": 20_000, "quick": 2_000}  # pairs of ten judgments each, for slow peers
ROUNDS = {"full": 4, "quick": 3}


@pytest.fixture(scope="module")
def rows(size: str) -> SimulatedVotes:
    n = N_VOTES[size]
    return simulate.votes(n // 50, n, N_TEACHERS, rng=SEED)


@pytest.fixture(scope="module")
def table(rows: SimulatedVotes) -> vn.Votes:
    return vn.Votes.from_pairs(rows.pair, rows.teacher, rows.vote)


def _note(benchmark: Any, what: str, solver: str, n: int, goal: float | None = None) -> None:
    benchmark.extra_info.update(what=what, solver=solver, n_rows=n, goal=goal)


@pytest.mark.benchmark(group="votes")
@pytest.mark.parametrize("solver", ["venire", "numpy"])
def test_count(benchmark, size, rows, solver):
    solve: Callable[[], Any] = {
        "venire": lambda: vn.Votes.from_pairs(rows.pair, rows.teacher, rows.vote),
        "numpy": lambda: numpy_counts(rows),
    }[solver]
    _note(benchmark, "from_pairs", solver, len(rows.pair), 0.35 if solver == "venire" else None)
    benchmark.pedantic(solve, rounds=ROUNDS[size], iterations=1, warmup_rounds=1)


@pytest.mark.benchmark(group="votes")
def test_count_by_items(benchmark, size, rows):
    n_items = 1_500 if size == "full" else 200
    first, second = np.triu_indices(n_items, 1)
    some = np.random.default_rng(SEED).permutation(len(first))[: len(rows.truth)]
    first, second = (x[some].astype(np.int32)[rows.pair] for x in (first, second))
    _note(benchmark, "first and second", "venire", len(rows.pair), 0.8)
    benchmark.pedantic(
        lambda: vn.Votes(first, second, rows.teacher, rows.vote),
        rounds=ROUNDS[size], iterations=1, warmup_rounds=1,
    )  # fmt: skip


@pytest.mark.benchmark(group="votes")
def test_append(benchmark, size, rows, table):
    n = len(rows.pair) // 100
    columns = rows.pair[:n].copy(), rows.teacher[:n].copy()
    vote = rows.vote[:n].copy()
    _note(benchmark, "append 1 %", "venire", n)
    benchmark.pedantic(
        lambda: table.append(*columns, vote=vote), rounds=10, iterations=1, warmup_rounds=1
    )


@pytest.mark.benchmark(group="votes")
def test_posteriors(benchmark, size, table):
    win, loss, tie = table.win, table.loss, table.tie

    def solve() -> Any:
        p = vn.BetaPosterior.from_counts(win, loss, tie)
        return p.mean, p.std, p.prob_above(0.5)

    _note(benchmark, "mean, sd, prob_above of cells", "venire", table.n_cells, 0.5)
    benchmark.pedantic(solve, rounds=ROUNDS[size], iterations=1, warmup_rounds=1)


@pytest.mark.benchmark(group="votes")
@pytest.mark.parametrize("solver", ["venire", "numpy"])
def test_consensus(benchmark, size, solver):
    made = panel(N_PANEL[size])
    votes = made.to_votes()
    solve: Callable[[], Any] = {
        "venire": lambda: vn.consensus(votes, "reliability"),
        "numpy": lambda: numpy_reliability(made.pair, made.teacher, made.vote, votes.n_pairs),
    }[solver]
    _note(benchmark, "reliability", solver, len(made.pair), 0.4 if solver == "venire" else None)
    benchmark.pedantic(solve, rounds=ROUNDS[size], iterations=1, warmup_rounds=1)
    if solver == "numpy":  # the same answer, or there is nothing to compare
        np.testing.assert_allclose(solve(), vn.consensus(votes).probability, atol=1e-9)


@pytest.mark.benchmark(group="votes")
@pytest.mark.parametrize("solver", ["venire", "crowd-kit"])
def test_crowd(benchmark, size, solver):
    """Converged weights beside Dawid and Skene's model (1979, doi:10.2307/2346806)."""
    made = panel(N_CROWD[size])
    if solver == "crowd-kit":
        if find_spec("crowdkit") is None:
            pytest.skip("crowd-kit is not installed")

        def solve() -> np.ndarray:
            return dawid_skene(made)
    else:

        def solve() -> np.ndarray:
            return vn.consensus(made.to_votes(), rounds="converge").probability > 0.5

    _note(benchmark, "crowd, converged", solver, len(made.pair))
    found = benchmark.pedantic(solve, rounds=ROUNDS[size], iterations=1, warmup_rounds=1)
    benchmark.extra_info["accuracy"] = float((found == (made.truth == 1)).mean())
