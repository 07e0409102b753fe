"""Fits with covariates of every row beside scikit-learn, arena-rank and statsmodels."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import venire as vn

SEED = 20261130
# what -> rows, items, covariates
SIZES = {
    "full": {"arena": (2_000_000, 200, 4), "arena, 8": (2_000_000, 200, 8),
             "short": (50_000, 200, 4), "ladder": (5_000_000, 100_000, 4)},
    "quick": {"arena": (50_000, 50, 4), "arena, 8": (50_000, 50, 8), "short": (5_000, 50, 4)},
}  # fmt: skip


class Data(NamedTuple):
    """Rows whose covariates are all different."""

    n_items: int
    first: np.ndarray
    second: np.ndarray
    x: np.ndarray
    score: np.ndarray


def data(n: int, n_items: int, k: int) -> Data:
    """Covariates that the items have some part in, as writers have a style."""
    rng = np.random.default_rng([SEED, n, k])
    first = rng.integers(n_items, size=n).astype(np.int32)
    step = rng.integers(1, min(n_items, 500), size=n)
    second = ((first + step) % n_items).astype(np.int32)
    own = rng.normal(0.0, 0.5, (n_items, k))
    x = own[first] - own[second] + rng.normal(size=(n, k))
    d = rng.normal(size=n_items)
    d = d[first] - d[second] + x @ rng.normal(0.0, 0.3, k)
    return Data(n_items, first, second, x, (rng.random(n) < 1.0 / (1.0 + np.exp(-d))) * 1.0)


def _venire(rows: Data) -> np.ndarray:
    c = vn.Comparisons(
        rows.first, rows.second, rows.score, items=np.arange(rows.n_items), covariates=rows.x
    )
    fit = vn.fit_bradley_terry(c)
    return np.concatenate([fit.theta, fit.coefficients])


def _design(rows: Data) -> Any:
    """Without the first item, which stands at 0."""
    from scipy import sparse

    n = len(rows.score)
    at = np.repeat(np.arange(n), 2)
    items = np.column_stack([rows.first, rows.second]).ravel()
    signs = np.tile([1.0, -1.0], n)
    of_items = sparse.csr_matrix((signs, (at, items)), shape=(n, rows.n_items))[:, 1:]
    return sparse.hstack([of_items, sparse.csr_matrix(rows.x)], format="csr")


def _centred(found: np.ndarray, rows: Data) -> np.ndarray:
    theta = np.append(0.0, found[: rows.n_items - 1])
    return np.concatenate([theta - theta.mean(), found[rows.n_items - 1 :]])


def _sklearn(solver: str) -> Callable[[Data], np.ndarray]:
    def fit(rows: Data) -> np.ndarray:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(
            C=np.inf, fit_intercept=False, solver=solver, tol=1e-9, max_iter=1_000
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stop short of its tolerance shows in the residual
            model.fit(_design(rows), rows.score)
        return _centred(model.coef_[0], rows)

    return fit


def _statsmodels(rows: Data) -> np.ndarray:
    import statsmodels.api as sm

    family = sm.families.Binomial()
    return _centred(sm.GLM(rows.score, _design(rows).toarray(), family=family).fit().params, rows)


def _arena_rank(rows: Data) -> np.ndarray:
    from arena_rank.models.contextual_bradley_terry import ContextualBradleyTerry
    from arena_rank.utils.data_utils import ContextualPairDataset

    n, k = rows.x.shape
    dataset = ContextualPairDataset(
        competitors=list(range(rows.n_items)), pairs=np.column_stack([rows.first, rows.second]),
        outcomes=rows.score, features=rows.x, weights=np.ones(n),
    )  # fmt: skip
    model = ContextualBradleyTerry(rows.n_items, k, reg=0.0, ftol=1e-15, gtol=1e-9)
    model.fit(dataset)
    theta = np.asarray(model.params["ratings"])
    return np.concatenate([theta - theta.mean(), np.asarray(model.params["coeffs"])])


# solver -> module, fit, the workloads that it is asked
SOLVERS: dict[str, tuple[str, Callable[[Data], np.ndarray], tuple[str, ...]]] = {
    "venire": ("venire", _venire, ("arena", "arena, 8", "short", "ladder")),
    "scikit-learn, newton-cholesky": (
        "sklearn", _sklearn("newton-cholesky"), ("arena", "arena, 8", "short"),
    ),
    "scikit-learn, lbfgs": ("sklearn", _sklearn("lbfgs"), ("short",)),
    "arena-rank": ("arena_rank", _arena_rank, ("arena", "short")),
    "statsmodels GLM": ("statsmodels", _statsmodels, ("short",)),
}  # fmt: skip
PAIRS = [(what, solver) for solver, (_, _, asked) in SOLVERS.items() for what in asked]


def residual(rows: Data, found: np.ndarray) -> float:
    """The largest slope of a parameter for each comparison that it takes part in."""
    theta, beta = found[: rows.n_items], found[rows.n_items :]
    d = theta[rows.first] - theta[rows.second] + rows.x @ beta
    miss = rows.score - 1.0 / (1.0 + np.exp(-d))
    n = rows.n_items
    slope = np.bincount(rows.first, miss, n) - np.bincount(rows.second, miss, n)
    games = np.bincount(rows.first, minlength=n) + np.bincount(rows.second, minlength=n)
    of_x = np.abs(rows.x.T @ miss) / np.abs(rows.x).sum(axis=0)
    return float(max((np.abs(slope) / np.maximum(games, 1)).max(), of_x.max()))


@pytest.mark.benchmark(group="covariates")
@pytest.mark.parametrize(("what", "solver"), PAIRS)
def test_covariates(benchmark, size, what, solver):
    module, fit, _ = SOLVERS[solver]
    pytest.importorskip(module)
    if what not in SIZES[size]:
        pytest.skip("only in the full size")
    rows = data(*SIZES[size][what])
    benchmark.extra_info.update(
        what=what, solver=solver, n_rows=len(rows.score), n_items=rows.n_items,
        n_covariates=rows.x.shape[1], residual=residual(rows, fit(rows)),
    )  # fmt: skip
    rounds = 5 if solver == "venire" else 1
    benchmark.pedantic(fit, args=(rows,), rounds=rounds, iterations=1)
    if solver == "venire":
        assert benchmark.extra_info["residual"] < 1e-8
