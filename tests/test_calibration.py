"""Standard errors are right: z-scores of simulated strengths have standard deviation 1."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn
from venire import reference, simulate

FIT = {"bradley-terry": vn.fit_bradley_terry, "thurstone": vn.fit_thurstone}
N_ITEMS, GAMES = 20, 10


@pytest.mark.parametrize("model", list(FIT))
def test_posterior_errors_under_a_prior(model):
    """theta ~ the prior, 10 games a pair: sd of (estimate - truth) / error is 1 within 0.03.

    Truth and estimates are centred, as the covariance is. The z-scores of one season are
    correlated (they share items and sum to about 0), so the tolerance counts seasons, not items:
    the mean square of a season's z-scores is averaged over 400 seasons, and the sd of that average
    is estimated from the seasons themselves. It is 0.008 in the sd, so that 0.03 is more than three
    of its standard deviations, which is asserted. The seeds are fixed: this cannot flicker.
    """
    prior = vn.GaussianPrior(1.0)
    squares = []
    first, second = np.triu_indices(N_ITEMS, 1)
    for seed in range(400):
        rng = np.random.default_rng(seed)
        theta = rng.normal(0.0, 1.0, N_ITEMS)
        p = reference.probabilities(model, theta[first] - theta[second])
        win = rng.binomial(GAMES, p).astype(float)
        c = vn.Comparisons.from_counts(first, second, win, GAMES - win)
        found = FIT[model](c, prior=prior, n_threads=1)
        z = (found.theta - (theta - theta.mean())) / found.standard_errors()
        squares.append(np.mean(z**2))
    squares = np.array(squares)
    sd = np.sqrt(squares.mean())
    error_of_sd = squares.std(ddof=1) / np.sqrt(len(squares)) / (2.0 * sd)
    assert error_of_sd < 0.01
    assert sd == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("kind", ["fisher", "robust"])
def test_errors_without_a_prior(kind):
    """The same with fixed strengths and many games, where maximum likelihood is near normal."""
    theta = np.linspace(-0.8, 0.8, 8)
    first, second = np.triu_indices(8, 1)
    p = reference.probabilities("bradley-terry", theta[first] - theta[second])
    z = []
    for seed in range(500):
        win = np.random.default_rng(seed).binomial(60, p).astype(float)
        c = vn.Comparisons.from_counts(first, second, win, 60 - win)
        found = vn.fit_bradley_terry(c, n_threads=1)
        z.append((found.theta - theta) / found.standard_errors(errors=kind))
    squares = np.mean(np.square(z), axis=1)
    error_of_sd = squares.std(ddof=1) / np.sqrt(len(squares)) / 2.0
    assert error_of_sd < 0.015
    # three standard deviations of the simulation, and 0.01 for what 60 games lack of normality
    assert np.sqrt(squares.mean()) == pytest.approx(1.0, abs=3.0 * error_of_sd + 0.01)


def test_order_effect_and_tie_errors():
    """The bordered rows of the covariance: z-scores of gamma and of the log tie parameter."""
    z = []
    for seed in range(300):
        rows = simulate.comparisons(
            6,
            900,
            model="davidson",
            theta=np.linspace(-0.5, 0.5, 6),
            order_effect=0.3,
            tie=0.8,
            neutral=0.2,
            rng=seed,
        )
        c = vn.Comparisons(rows.first, rows.second, rows.score, order=rows.order)
        found = vn.fit_davidson(c, order_effect=True, n_threads=1)
        error = np.sqrt(np.diag(found.covariance(full=True))[6:])
        estimate = np.array([found.order_effect, np.log(found.tie)])
        z.append((estimate - [0.3, np.log(0.8)]) / error)
    sd = np.sqrt(np.mean(np.square(z), axis=0))
    # the sd of an sd estimated from 300 normal draws is 1 / sqrt(600)
    np.testing.assert_allclose(sd, 1.0, atol=4.0 / np.sqrt(600.0))
