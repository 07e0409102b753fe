"""Replicates of fits of many items: they share what the full fit found."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn
from venire import simulate
from venire.resampling._replicates import Engine

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
@pytest.mark.parametrize("n_items, shuffled", [(10_000, False), (21_000, True)])
def test_replicates_equal_refits(model, n_items, shuffled):
    ties = 0.2 if model == "davidson" else 0.0
    fit = FITS[model](ladder(n_items, 30, shuffled, ties), prior=vn.GaussianPrior(0.01))
    b = vn.bootstrap(fit, 3, rng=1, tol=1e-10, n_threads=2)
    assert b._engine().singles.donor.preconditioner == "multigrid"
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
    singles.donor = None
    alone = singles.fit([0])[0]
    np.testing.assert_allclose(shared.x, alone.x, atol=1e-5)


def test_small_and_easy_fits_need_none():
    assert Engine(vn.fit_bradley_terry(ladder(200)), "poisson", (1, 2), 1e-7, 1).singles.donor is None
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
