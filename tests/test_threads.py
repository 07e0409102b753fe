"""Bit-identical results for any number of threads."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import venire as vn
from venire import simulate

THREADS = (2, 8)
FIT = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}


def assert_identical(make):
    """`make(n_threads)` returns a dict of arrays and numbers."""
    one = make(1)
    for n_threads in THREADS:
        other = make(n_threads)
        for name, value in one.items():
            a, b = np.asarray(value), np.asarray(other[name])
            assert a.dtype == b.dtype
            assert a.tobytes() == b.tobytes(), (name, n_threads)


def told(found):
    return {
        "theta": found.theta,
        "order_effect": np.nan if found.order_effect is None else found.order_effect,
        "tie": np.nan if found.tie is None else found.tie,
        "log_likelihood": found.log_likelihood,
        "residual": found.residual,
        "n_iter": found.n_iter,
    }


@pytest.mark.parametrize(
    ("model", "method"),
    [(m, w) for m in FIT for w in ("newton", "mm") if (m, w) != ("thurstone", "mm")],
)
def test_arena(model, method):
    rows = simulate.arena(60, 100_000, rng=1)
    c = vn.Comparisons(rows.first, rows.second, rows.score)
    assert_identical(lambda k: told(FIT[model](c, method=method, n_threads=k, tol=1e-8)))


@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.1)], ids=["mle", "prior"])
@pytest.mark.parametrize("kind", [k for k in simulate.GRAPHS if k != "round-robin"])
def test_graphs(kind, prior):
    """Large enough for several blocks of every loop, on graphs that need each preconditioner."""
    n = 300 if kind == "two-cliques" else 8_000
    rows = simulate.play(*simulate.graph(kind, n, rng=1), n, games=6, rng=2)
    c = vn.Comparisons(rows.first, rows.second, rows.score, rows.weight)

    def make(n_threads):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
            return told(vn.fit_bradley_terry(c, prior=prior, n_threads=n_threads))

    assert_identical(make)


def test_order_effect_and_ties():
    rows = simulate.comparisons(
        3_000, 200_000, model="davidson", order_effect=0.3, neutral=0.2, rng=5
    )
    c = vn.Comparisons(rows.first, rows.second, rows.score, order=rows.order)
    assert_identical(lambda k: told(vn.fit_davidson(c, order_effect=True, n_threads=k)))


def test_aggregation_of_soft_weighted_rows(monkeypatch):
    """Sums that rounding would change if the order of addition depended on the threads."""
    rng = np.random.default_rng(3)
    for n_items in (50, 5_000):
        rows = simulate.comparisons(n_items, 200_000, rng=rng)
        score, weight = rng.random(200_000), rng.random(200_000)

        def make(n_threads, rows=rows, score=score, weight=weight):
            monkeypatch.setenv("OMP_NUM_THREADS", str(n_threads))
            c = vn.Comparisons(rows.first, rows.second, score, weight)
            names = ("first", "second", "order", "win", "loss", "tie", "square")
            return {name: getattr(c, name) for name in names}

        assert_identical(make)


def test_sampled_errors():
    rows = simulate.play(*simulate.graph("grid", 900), 900, rng=1)
    c = vn.Comparisons(rows.first, rows.second, rows.score, rows.weight)

    def make(n_threads):
        found = vn.fit_bradley_terry(c, n_threads=n_threads)
        return {"errors": found.standard_errors(method="sampled", n_samples=20, rng=1)}

    assert_identical(make)


def test_graph_of_many_pairs():
    rng = np.random.default_rng(5)
    n, m = 1500, 300_000  # enough pairs that the graph is built in several chunks
    first = rng.integers(0, n, m)
    second = (first + rng.integers(1, n, m)) % n
    score = (rng.random(m) < 0.5).astype(float)
    data = vn.Comparisons(first, second, score)
    assert_identical(lambda k: told(vn.fit_bradley_terry(data, n_threads=k)))
    theta = vn.fit_bradley_terry(data).theta
    miss = score - 1.0 / (1.0 + np.exp(theta[second] - theta[first]))
    gradient = np.bincount(first, miss, n) - np.bincount(second, miss, n)
    games = np.bincount(first, minlength=n) + np.bincount(second, minlength=n)
    assert np.abs(gradient / games).max() < 2e-9


@pytest.mark.parametrize("kind", ["multinomial", "bayesian", "subsample"])
@pytest.mark.parametrize("count", [1, 3, 8])
def test_weights_of_many_rows(kind, count):
    def draw(k):
        weights = vn.bootstrap_weights(100_003, count, scheme=kind, rng=1, n_threads=k)
        return {"weights": np.concatenate(list(weights))}

    assert_identical(draw)
