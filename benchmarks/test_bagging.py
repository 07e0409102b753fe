"""Bagging beside scikit-learn's BaggingRegressor, and a step of boosting beside NumPy."""

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
ROWS = {"full": 5_000_000, "quick": 100_000}


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
        return vn.Bagging(made, n_members, random_state=0)
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


def _numpy_samme(weight: np.ndarray, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    wrong = prediction != target
    error = np.average(wrong, weights=weight)
    new = np.exp(np.log(weight) + np.log((1.0 - error) / error) * wrong)
    return new / new.sum()


def _numpy_r2(weight: np.ndarray, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    lost = np.abs(prediction - target)
    lost /= lost.max()
    error = (weight * lost).sum()
    new = weight * np.power(error / (1.0 - error), 1.0 - lost)
    return new / new.sum()


@pytest.mark.benchmark(group="boosting")
@pytest.mark.parametrize("solver", ["venire", "numpy"])
@pytest.mark.parametrize("method", ["samme", "r2"])
def test_boosting(benchmark, size, method, solver):
    rng = np.random.default_rng(SEED)
    n = ROWS[size]
    weight = rng.uniform(0.5, 1.5, n)
    weight /= weight.sum()
    target = rng.normal(size=n)
    prediction = target + rng.normal(size=n)
    if method == "samme":
        target, prediction = (target > 0).astype(np.int64), (prediction > 0).astype(np.int64)

    def ours() -> np.ndarray:
        step = vn.adaboost_weights(weight, prediction, target, method=method, n_classes=2)
        return step.weight

    def theirs() -> np.ndarray:
        function = _numpy_samme if method == "samme" else _numpy_r2
        return function(weight, prediction, target)

    np.testing.assert_allclose(ours(), theirs(), rtol=1e-9)
    benchmark.extra_info.update(
        what=f"boosting, {method}", solver=solver, n_rows=n, n_features=0, scale=1.0
    )
    benchmark.pedantic(ours if solver == "venire" else theirs, rounds=5, iterations=1)
