"""Replicates of fits of many items: they share what the full fit found."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn
from venire import simulate
from venire.resampling import _precision
from venire.resampling._engine import Engine

FITS = {"bradley-terry": vn.fit_bradley_terry, "davidson": vn.fit_davidson}


def ladder(n_items=10_000, mean=40, shuffled=False, ties=0.0):
    """A long, thin graph: neighbours in strength meet, and each pair but seldom."""
    made = simulate.ladder(n_items, mean * n_items)
    if shuffled:
        made = simulate.permuted(made, rng=5)
    tied = np.random.default_rng(6).random(len(made.first)) < ties
    return vn.Comparisons(made.first, made.second, np.where(tied, 0.5, made.score))


def refit(b, r):
    """Replicate r as a fit of its own, from the masses that were drawn."""
    cells = b._engine().cells
    win, loss, tie = cells.masses(b._engine().draws.replicate(r))
    c = vn.Comparisons.from_counts(
        b.items[cells.first], b.items[cells.second], win, loss, tie, items=b.items
    )
    return FITS[b.fit.model](c, prior=b.fit.prior, tol=1e-11)


@pytest.mark.parametrize("model", FITS)
@pytest.mark.parametrize(("n_items", "shuffled"), [(10_000, False), (21_000, True)])
def test_replicates_equal_refits(model, n_items, shuffled):
    ties = 0.2 if model == "davidson" else 0.0
    fit = FITS[model](ladder(n_items, 30, shuffled, ties), prior=vn.GaussianPrior(0.01))
    b = vn.bootstrap(fit, 3, rng=1, tol=1e-10, n_threads=2)
    assert b._engine().singles.donor.level == "multigrid"
    assert b.residual.max() <= 1e-10
    for r in range(3):
        other = refit(b, r)
        np.testing.assert_allclose(b.theta[r], other.theta, atol=1e-6)
        if b.tie is not None:
            assert b.tie[r] == pytest.approx(other.tie, rel=1e-8)


def test_threads_chunks_and_numbers_of_replicates():
    fit = vn.fit_bradley_terry(ladder())
    one = vn.bootstrap(fit, 5, rng=3, n_threads=1)
    two = vn.bootstrap(fit, 2, rng=3, n_threads=2).extend(3)
    assert one.theta.tobytes() == two.theta.tobytes()
    assert one.residual.max() <= 1e-7


def test_a_shared_preconditioner_serves_at_once():
    engine = Engine(vn.fit_bradley_terry(ladder()), "multinomial", (1, 2), 1e-7, 1)
    singles = engine.singles
    shared = singles.fit([0])[0]
    assert singles.donor is not None
    problem = singles._problem(singles._take_scratch().of(0), 1)
    assert problem.preconditioner == "jacobi"
    problem.adopt(singles.donor)
    assert problem.preconditioner == "multigrid"
    with singles.replicate(0) as ready:
        assert ready.preconditioner == "multigrid"
        ready.derivatives(engine.start)
        rhs = np.zeros(ready.n_parameters)
        rhs[[0, -1]] = 1.0, -1.0  # from end to end
        assert ready.solve(rhs, 1e-6)[1] < 40
    singles.donor = None
    alone = singles.fit([0])[0]
    np.testing.assert_allclose(shared.x, alone.x, atol=1e-5)


def test_a_shared_factor():
    first, second = simulate.graph("grid", 3_600, rng=1)
    rng = np.random.default_rng(0)
    win = np.rint(10.0 ** rng.uniform(0.0, 6.9, len(first)))  # weights over seven decades
    loss = np.maximum(1.0, np.rint(win * rng.uniform(0.3, 1.0, len(first))))
    c = vn.Comparisons.from_counts(first, second, win, loss)
    b = vn.bootstrap(vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.1)), 2, rng=1, tol=1e-10)
    assert b._engine().singles.donor.level == "cholesky"
    np.testing.assert_allclose(b.theta[1], refit(b, 1).theta, atol=1e-9)


def test_small_and_easy_fits_need_none():
    assert (
        Engine(vn.fit_bradley_terry(ladder(200)), "poisson", (1, 2), 1e-7, 1).singles.donor is None
    )
    first, second = simulate.graph("4-regular", 2_000, rng=1)
    c = vn.Comparisons.from_counts(first, second, np.full(len(first), 9), np.full(len(first), 9))
    b = vn.bootstrap(vn.fit_bradley_terry(c), 2, rng=1)
    assert b._engine().singles.donor is None  # a diagonal preconditioner does
    assert b.n_failed == 0
    path = np.arange(2_000)
    c = vn.Comparisons.from_counts(path[:-1], path[1:], np.full(1_999, 30), np.full(1_999, 30))
    b = vn.bootstrap(vn.fit_bradley_terry(c), 2, rng=1)  # eliminated exactly
    win, loss = (b._engine().cells.masses(b._engine().draws.replicate(1))[k] for k in (0, 1))
    np.testing.assert_allclose(-np.diff(b.theta[1]), np.log(win / loss), atol=1e-6)


# --- intervals by solves --------------------------------------------------------------------------


def league(n_items=6, games=900, seed=0, **more):
    """Comparisons with ties; `order` says whose turn it was."""
    rng = np.random.default_rng(seed)
    strength = np.linspace(-1.0, 1.0, n_items)
    first = rng.integers(0, n_items, games)
    second = (first + rng.integers(1, n_items, games)) % n_items
    order = rng.choice([-1, 1], games)
    p = 1.0 / (1.0 + np.exp(strength[second] - strength[first] - 0.3 * order))
    score = np.where(rng.random(games) < 0.2, 0.5, rng.random(games) < p)
    return vn.Comparisons(first, second, score, order=order, **more)


@pytest.mark.parametrize("model", FITS)
@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(2.0)])
@pytest.mark.parametrize("cluster", [None, np.arange(900) % 90])
def test_solves_equal_the_inverse(model, prior, cluster):
    b = vn.bootstrap(FITS[model](league(cluster=cluster), prior=prior), 5, rng=1)
    here = np.array([4, 0])
    engine = b._engine()
    expected = _precision.accelerations(engine, here)
    dense = _precision.replicate_errors(b, engine, here)
    engine.inverse = None  # as of a fit of many items
    found = _precision.accelerations(engine, here)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
    full = _precision.full_errors(engine, here)
    np.testing.assert_allclose(full, b.fit.standard_errors()[here], rtol=1e-5)
    np.testing.assert_allclose(_precision.replicate_errors(b, engine, here), dense, rtol=1e-5)


def test_accelerations_with_an_order_effect_are_those_of_refits():
    fit = vn.fit_davidson(league(games=300), order_effect=True, tol=1e-13)
    b = vn.bootstrap(fit, 5, rng=1)
    c, second, third = fit.comparisons, np.zeros(6), np.zeros(6)
    masses = np.stack([c.win, c.loss, c.tie])
    for kind in range(3):
        for k in np.flatnonzero(masses[kind]):
            theta = []
            for step in (1e-3, -1e-3):
                more = masses.copy()
                more[kind, k] += step
                changed = vn.Comparisons.from_counts(
                    c.items[c.first], c.items[c.second], *more, order=c.order, items=c.items
                )
                theta.append(vn.fit_davidson(changed, order_effect=True, tol=1e-13).theta)
            influence = (theta[0] - theta[1]) / 2e-3
            second += masses[kind, k] * influence**2
            third += masses[kind, k] * influence**3
    expected = third / (6.0 * second**1.5)
    found = _precision.accelerations(b._engine(), np.arange(6))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)


def test_all_intervals_with_an_order_effect():
    fit = vn.fit_davidson(league(games=20_000), order_effect=True)
    b = vn.bootstrap(fit, 400, rng=1)
    wald, error = fit.interval(), fit.standard_errors()
    for kind in ("percentile", "basic", "bca", "studentized"):
        # five times the standard error of a 2.5 % quantile of 400 draws
        assert np.abs((b.interval(interval=kind) - wald) / error[:, None]).max() < 5 * 0.135


def test_intervals_of_some_items():
    b = vn.bootstrap(vn.fit_bradley_terry(ladder(), prior=vn.GaussianPrior(0.1)), 40, rng=1)
    some = b.items[[7, 5_000]]
    for kind in ("percentile", "basic"):
        both = b.interval(interval=kind)[[7, 5_000]]
        np.testing.assert_array_equal(b.interval(interval=kind, items=some), both)
    for kind in ("bca", "studentized"):
        with pytest.raises(ValueError, match="items: name those wanted"):
            b.interval(interval=kind)
        off = b.interval(interval=kind, items=some) - b.interval(items=some)
        assert np.abs(off).max() < 0.8 * b.standard_errors()[[7, 5_000]].max()
    with pytest.raises(ValueError, match="items"):
        b.interval(items=["nobody"])
    small = vn.bootstrap(vn.fit_bradley_terry(league()), 60, rng=1)
    for kind in ("bca", "studentized"):
        np.testing.assert_array_equal(
            small.interval(interval=kind, items=small.items[[3]]),
            small.interval(interval=kind)[[3]],
        )
