"""Judges in the likelihood, beside weights by agreement and crowd-kit's noisy Bradley-Terry."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import venire as vn
from benchmarks.judges import SECONDS, Crowd, crowd

# what -> votes, judges, items
SIZES = {
    "full": {"many": (10_000_000, 1_000, 1_000), "few": (20_000, 50, 50)},
    "quick": {"many": (200_000, 100, 200), "few": (2_000, 10, 20)},
}
SOLVERS = {
    "many": ("fit_judges", "fit_votes"),
    "few": ("fit_judges", "fit_votes", "crowd-kit"),
}
PAIRS = [(what, solver) for what, solvers in SOLVERS.items() for solver in solvers]


def _noisy(given: Crowd) -> Callable[[], np.ndarray]:
    import pandas as pd
    from crowdkit.aggregation import NoisyBradleyTerry

    shown = [(given.first, given.second), (given.second, given.first)]
    left, right = (np.where(given.swapped, b, a) for a, b in zip(*shown, strict=True))
    won = np.where(given.vote > 0, given.first, given.second)
    frame = pd.DataFrame({"worker": given.judge, "left": left, "right": right, "label": won})
    return lambda: NoisyBradleyTerry().fit_predict(frame).sort_index().to_numpy()


def _ours(votes: vn.Votes, solver: str) -> Callable[[], np.ndarray]:
    if solver == "fit_judges":
        return lambda: vn.fit_judges(votes).theta
    return lambda: vn.fit_votes(votes).fit.theta


@pytest.mark.benchmark(group="judges")
@pytest.mark.parametrize(("what", "solver"), PAIRS)
def test_judges(benchmark: Any, size: str, what: str, solver: str) -> None:
    if solver == "crowd-kit" and find_spec("crowdkit") is None:
        pytest.skip("crowd-kit is not installed")
    n, n_judges, n_items = SIZES[size][what]
    given = crowd(n, n_judges, n_items)
    solve = _noisy(given) if solver == "crowd-kit" else _ours(given.votes(), solver)
    goal = SECONDS if (what, solver) == ("many", "fit_judges") else None
    rounds = 1 if solver == "crowd-kit" else 3
    theta = benchmark.pedantic(solve, rounds=rounds, iterations=1)
    benchmark.extra_info.update(
        what=what, solver=solver, n_votes=n, n_judges=n_judges, n_items=n_items, goal=goal,
        error=float(1.0 - np.corrcoef(theta, given.theta)[0, 1] ** 2),
    )  # fmt: skip
