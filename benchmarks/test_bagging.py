"""Bagging beside scikit-learn's BaggingRegressor."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import venire as vn

SEED = 20261124
# learner -> rows, features, members, and the members of the peer (its time is scaled up)
SIZES: dict[str, dict[str, tuple[int, int, int, int]]] = {
    "full": {"Ridge": (100_000, 50, 200, 20), "tree": (20_000, 20, 50, 50)},
    "quick": {"Ridge": (5_000, 20, 40, 10), "tree": (2_000, 10, 10, 10)},
}


def _data(n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(n, p))
    return x, x @ rng.normal(size=p) + 3.0 * rng.normal(size=n)


def _bag(solver: str, learner: str, n_members: int) -> Any:
    from sklearn.ensemble import BaggingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.tree import DecisionTreeRegressor

    made = Ridge() if learner == "Ridge" else DecisionTreeRegressor(min_samples_leaf=5)
    if solver == "venire":
        return vn.ensembles.Bagging(made, n_members, random_state=0)
    return BaggingRegressor(made, n_members, oob_score=True, random_state=0)


@pytest.mark.benchmark(group="bagging")
@pytest.mark.parametrize("solver", ["venire", "scikit-learn"])
@pytest.mark.parametrize("learner", ["Ridge", "tree"])
def test_bagging(benchmark, size, learner, solver):
    pytest.importorskip("sklearn")
    n, p, members, peer_members = SIZES[size][learner]
    run = members if solver == "venire" else peer_members
    x, y = _data(n, p)

    def fit() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # few members: rows that are in every bag
            return _bag(solver, learner, run).fit(x, y)

    found = fit()
    benchmark.extra_info.update(
        what=f"{learner}, {members} members", solver=solver, n_rows=n, n_features=p,
        scale=members / run, oob_score=float(found.oob_score_),
    )  # fmt: skip
    benchmark.pedantic(fit, rounds=3 if size == "full" else 1, iterations=1)
