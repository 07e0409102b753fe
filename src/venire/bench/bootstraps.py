"""Bootstraps of fits, of statistics, and of nothing but weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from venire import reference
from venire.bench import plain
from venire.bench.case import OURS, PLAIN, TWIN, Case, Contender
from venire.bench.solvers import cells
from venire.bench.workloads import WORKLOADS, Rows
from venire.data import Comparisons
from venire.ratings import fit_bradley_terry
from venire.resampling import bootstrap, bootstrap_statistic, bootstrap_weights

__all__ = ["SEED", "STATISTICS", "cases", "compiled", "resampled_regressions"]

SEED = 20261124
REPLICATES = {"full": 1_000, "quick": 100}
WEIGHTS = {"full": (1_000_000, 200), "quick": (100_000, 20)}
NUMBERS = {"full": (100_000, 10_000), "quick": (10_000, 200)}

Weighted = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def resampled_regressions(rows: Rows) -> Callable[[int], Iterator[Weighted]]:
    """Fits of replicates by scikit-learn, one by one: pairs, wins and losses drawn, theta."""
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    first, second, win, loss = cells(rows)
    k = len(first)
    place = np.column_stack([first, second]).ravel().astype(np.int32)
    design = sparse.csr_matrix(
        (np.tile([1.0, -1.0], k), place, np.arange(0, 2 * k + 1, 2, dtype=np.int32)),
        shape=(k, rows.n_items),
    )
    both, side = sparse.vstack([design, design], format="csr"), np.repeat([1, 0], k)
    mass = np.concatenate([win, loss])  # half ties apart: another law, and the same work
    rng = np.random.default_rng(1)

    def run(n: int) -> Iterator[Weighted]:
        for _ in range(n):
            weight = rng.multinomial(int(mass.sum()), mass / mass.sum()).astype(np.float64)
            model = LogisticRegression(
                C=np.inf, fit_intercept=False, solver="newton-cg", tol=1e-8, max_iter=1_000
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(both, side, sample_weight=weight)
            yield first, second, weight[:k], weight[k:], model.coef_[0]

    return run


def compiled(statistic: str) -> Any:
    """The mean of weighted numbers, or the median of weighted numbers in ascending order."""
    import numba

    if statistic == "mean":

        @numba.njit(fastmath=True)
        def mean(x: Any, w: Any) -> Any:
            total, weight = 0.0, 0.0
            for i in range(len(x)):
                total += w[i] * x[i]
                weight += w[i]
            return total / weight

        return mean

    @numba.njit
    def median(x: Any, w: Any) -> Any:
        total = 0
        for i in range(len(x)):
            total += w[i]
        below, above = (total - 1) // 2, total // 2  # the middle ones, counted from 0
        seen, low = 0, x[0]
        found = False
        for i in range(len(x)):
            seen += w[i]
            if not found and seen > below:
                low, found = x[i], True
            if seen > above:
                return 0.5 * (low + x[i])
        return np.nan

    return median


def _weighted_mean(values: np.ndarray, weight: np.ndarray) -> float:
    """The mean of weighted numbers by NumPy."""
    return float(values @ weight / weight.sum())


def _scipy(x: np.ndarray, statistic: Any, n: int) -> np.ndarray:
    from scipy import stats

    return stats.bootstrap(
        (x,), statistic, n_resamples=n, batch=20, method="percentile", rng=1
    ).bootstrap_distribution


def _arch(x: np.ndarray, statistic: Any, n: int) -> np.ndarray:
    from arch.bootstrap import IIDBootstrap

    return IIDBootstrap(x, seed=1).apply(statistic, n)[:, 0]


STATISTICS = {
    "scipy.stats.bootstrap": ("scipy.stats", _scipy),
    "arch IIDBootstrap": ("arch.bootstrap", _arch),
}


def cases(size: str) -> Iterator[Case]:
    """Replicates of fits, of a mean, and of weights."""
    yield _fits(WORKLOADS["arena"].rows(size), REPLICATES[size])
    yield _mean(*NUMBERS[size])
    yield _weights(*WEIGHTS[size])


def _fits(rows: Rows, n: int) -> Case:
    fit = fit_bradley_terry(Comparisons(rows.first, rows.second, rows.score))
    counted = reference.aggregate(rows.first, rows.second, rows.score)
    masses = np.concatenate([counted.win, counted.loss, counted.tie])
    listed = list(zip(*(x.tolist() for x in (rows.first, rows.second, rows.score)), strict=True))
    few, slow = 4, "minutes" if len(rows) > 500_000 else ""

    def twin() -> list[Any]:
        rng = np.random.default_rng(SEED)
        found = []
        for _ in range(few):
            drawn = rng.multinomial(int(masses.sum()), masses / masses.sum()).astype(np.float64)
            win, loss, tie = drawn.reshape(3, -1)
            replicate = reference.fit(counted._replace(win=win, loss=loss, tie=tie), tol=1e-7)
            found.append(replicate.theta)
        return found

    def regressions() -> list[Any]:
        return list(resampled_regressions(rows)(few))

    def loops() -> Any:
        return plain.bootstrap_thetas(rows.n_items, listed, 1, SEED)

    return Case("bootstrap of a fit", n, f"replicates of {len(rows):,} comparisons", (
        Contender(OURS, lambda: bootstrap(fit, n, rng=SEED).theta, answer=None),
        Contender(TWIN, twin, (), n / few, slow, None),
        Contender(PLAIN, loops, (), float(n), slow, None),
        Contender("scikit-learn LogisticRegression", regressions,
                  ("sklearn.linear_model", "scipy.sparse"), n / few, "", None),
    ))  # fmt: skip


def _mean(n: int, n_resamples: int) -> Case:
    x = np.random.default_rng(SEED).normal(size=n)
    few = max(20, n_resamples // 50)
    values, loops = x.tolist(), max(2, few // 10)

    def ours(statistic: Any, n_resamples: int) -> np.ndarray:
        return bootstrap_statistic(statistic, x, n_resamples=n_resamples, rng=SEED).replicates

    statistic: Any = _weighted_mean
    if find_spec("numba") is not None:
        statistic = compiled("mean")
        bootstrap_statistic(statistic, x[:10], n_resamples=2)  # compilation is not timed

    def choices() -> np.ndarray:
        rng = np.random.default_rng(SEED)
        return np.array([x[rng.integers(0, n, n)].mean() for _ in range(few)])

    scale = n_resamples / few
    peers = [
        Contender(name, partial(call, x, np.mean, few), (module,), scale, "", None)
        for name, (module, call) in STATISTICS.items()
    ]
    return Case("bootstrap_statistic, a mean", n_resamples, f"replicates of {n:,} numbers", (
        Contender(OURS, partial(ours, statistic, n_resamples), answer=None),
        Contender("venire, NumPy function", partial(ours, _weighted_mean, few), (), scale, "",
                  None),
        Contender("NumPy choices", choices, (), scale, "", None),
        Contender(PLAIN, lambda: plain.bootstrap_means(values, loops, SEED), (),
                  n_resamples / loops, "", None),
        *peers,
    ))  # fmt: skip


def _weights(n: int, n_resamples: int) -> Case:
    def ours() -> int:
        blocks = bootstrap_weights(n, n_resamples, rng=SEED)
        return sum(int(block[0, 0]) for block in blocks)

    def one_by_one() -> None:
        np.random.default_rng(SEED).multinomial(n, np.full(n, 1.0 / n))

    def counted() -> np.ndarray:
        return np.bincount(np.random.default_rng(SEED).integers(0, n, n), minlength=n)

    def loops() -> list[int]:
        import random

        count = [0] * n
        for k in random.Random(SEED).choices(range(n), k=n):
            count[k] += 1
        return count

    scale = float(n_resamples)
    return Case("bootstrap_weights", n_resamples, f"replicates of {n:,} rows", (
        Contender(OURS, ours, answer=None),
        Contender(TWIN, lambda: reference.bootstrap_weights(1_000, (SEED, 1), 0), (),
                  scale * n / 1_000, "", None),
        Contender("NumPy multinomial", one_by_one, (), scale, "", None),
        Contender("NumPy integers, bincount", counted, (), scale, "", None),
        Contender(PLAIN, loops, (), scale, "", None),
    ))  # fmt: skip
