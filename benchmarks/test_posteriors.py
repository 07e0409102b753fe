"""Beta posteriors beside SciPy and NumPy, on the same arrays in the same process."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn
from venire.bench.posteriors import FUNCTIONS, SEED
from venire.bench.posteriors import posteriors as made

CELLS = {"full": 8_000_000, "quick": 100_000}
CASES = [
    (name, solver)
    for name, (_, peer, theirs) in FUNCTIONS.items()
    for solver in (["venire", peer] if theirs else ["venire"])
]


@pytest.fixture(scope="module")
def posteriors(size: str) -> tuple[vn.BetaPosterior, np.ndarray]:
    return made(size)


@pytest.mark.benchmark(group="posteriors")
@pytest.mark.parametrize(("name", "solver"), CASES)
def test_function(benchmark, posteriors, name, solver):
    ours, _, theirs = FUNCTIONS[name]
    p, q = posteriors
    call = ours if solver == "venire" else theirs
    found = benchmark.pedantic(call, (p, q), rounds=15, warmup_rounds=1)
    facts = {"function": name, "solver": solver, "n": len(np.atleast_1d(found))}
    if solver != "venire" and name != "sample":
        exact, other = np.asarray(ours(p, q)), np.asarray(found)
        facts["difference"] = float(np.max(np.abs(other / exact - 1.0)[exact > 1e-290]))
    benchmark.extra_info.update(facts)


@pytest.mark.benchmark(group="posteriors")
def test_cells(benchmark, size):
    """Means, standard deviations and P(p > 1/2) of the cells of a table of votes: six votes a cell,
    ties half to each side."""
    rng, n = np.random.default_rng(SEED), CELLS[size]
    share = np.repeat(rng.beta(2.0, 2.0, n // 8), 8)
    win, tie = rng.binomial(5, share), rng.binomial(1, 0.2, n)
    p = vn.BetaPosterior.from_counts(win, 5 - win, tie, prior=(0.5, 0.5))
    benchmark.pedantic(lambda: (p.mean, p.std, p.prob_above(0.5)), rounds=5, warmup_rounds=1)
    benchmark.extra_info.update(
        {"function": "mean, std, prob_above(0.5) of cells", "solver": "venire", "n": n}
    )
