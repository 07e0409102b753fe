"""Beta posteriors beside SciPy and NumPy, on the same arrays in the same process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import venire as vn

SEED = 20261123
SIZES = {"full": 1_000_000, "quick": 20_000}
CELLS = {"full": 8_000_000, "quick": 100_000}

# function -> (ours, theirs): both take (posterior, levels in (0, 1))
Call = Callable[[vn.BetaPosterior, np.ndarray], Any]


def _scipy(name: str, *, level: float | None = None) -> Call:
    def call(p: vn.BetaPosterior, q: np.ndarray) -> Any:
        from scipy import special

        return getattr(special, name)(p.alpha, p.beta, q if level is None else level)

    return call


def _numpy_sample(p: vn.BetaPosterior, q: np.ndarray) -> Any:
    return np.random.default_rng(SEED).beta(p.alpha, p.beta)


FUNCTIONS: dict[str, tuple[Call, str, Call | None]] = {
    "cdf(0.5)": (lambda p, q: p.cdf(0.5), "scipy.special", _scipy("betainc", level=0.5)),
    "cdf(x)": (lambda p, q: p.cdf(q), "scipy.special", _scipy("betainc")),
    "prob_above(0.5)": (
        lambda p, q: p.prob_above(0.5),
        "scipy.special",
        _scipy("betaincc", level=0.5),
    ),
    "quantile(0.025)": (
        lambda p, q: p.quantile(0.025),
        "scipy.special",
        _scipy("betaincinv", level=0.025),
    ),
    "quantile(q)": (lambda p, q: p.quantile(q), "scipy.special", _scipy("betaincinv")),
    "sample": (lambda p, q: p.sample(rng=SEED), "numpy", _numpy_sample),
    "prob_greater": (lambda p, q: p[: len(q) // 10].prob_greater(p[-(len(q) // 10) :]), "", None),
}
CASES = [
    (name, solver)
    for name, (_, peer, theirs) in FUNCTIONS.items()
    for solver in (["venire", peer] if theirs else ["venire"])
]


@pytest.fixture(scope="module")
def posteriors(size: str) -> tuple[vn.BetaPosterior, np.ndarray]:
    """Shapes uniform in [0.5, 500]."""
    rng, n = np.random.default_rng(SEED), SIZES[size]
    p = vn.BetaPosterior(rng.uniform(0.5, 500.0, n), rng.uniform(0.5, 500.0, n))
    return p, rng.uniform(size=n)


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
