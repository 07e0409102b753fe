"""The reference fits: maxima, agreement of Newton and the sweeps, covariance, the sandwich."""

from __future__ import annotations

import numpy as np
import pytest

from venire import reference, simulate
from venire.errors import ConvergenceWarning
from venire.priors import GaussianPrior

MODELS = reference.MODELS
CELLS_OF = {}


def cells_of(model, order_effect=True):
    """8 items with ties, neutral games and soft scores; a fit exists in every model."""
    if (model, order_effect) not in CELLS_OF:
        rows = simulate.comparisons(
            8, 600, model="davidson", order_effect=0.4, neutral=0.3, tie=0.6, rng=11
        )
        score = rows.score.copy()
        score[::7] = np.random.default_rng(0).uniform(0.1, 0.9, len(score[::7]))
        CELLS_OF[model, order_effect] = reference.aggregate(
            rows.first, rows.second, score, order=rows.order
        )
    return CELLS_OF[model, order_effect]


def perturbed(cells, model, found, prior, size):
    """Objective along random directions, `size` away from the fit."""
    rng = np.random.default_rng(1)
    n = cells.n_items
    for _ in range(20):
        u = rng.normal(size=n + 2)
        u *= size / np.linalg.norm(u)
        gamma = None if found.order_effect is None else found.order_effect + u[n]
        tie = None if found.tie is None else found.tie * np.exp(u[n + 1])
        if model == "rao-kupper":
            tie = max(tie, 1.0 + 1e-9)
        theta = found.theta + u[:n] - u[:n].mean()
        yield reference.log_likelihood(cells, model, theta, gamma, tie, prior=prior)


@pytest.mark.parametrize("prior", [None, GaussianPrior(2.0)])
@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_fit_is_a_maximum(model, order_effect, prior):
    cells = cells_of(model)
    found = reference.fit(cells, model, order_effect=order_effect, prior=prior)
    assert found.converged
    assert found.residual <= 1e-9
    assert abs(found.theta.mean()) < 1e-14
    assert (found.order_effect is not None) == order_effect
    args = (found.theta, found.order_effect, found.tie)
    assert reference.residual(cells, model, *args, prior=prior) <= 1e-9
    assert found.log_likelihood == pytest.approx(reference.log_likelihood(cells, model, *args))
    top = reference.log_likelihood(cells, model, *args, prior=prior)
    for size in (1e-3, 0.1, 2.0):
        assert max(perturbed(cells, model, found, prior, size)) < top


@pytest.mark.parametrize("prior", [None, GaussianPrior(2.0)])
@pytest.mark.parametrize("model", MODELS)
def test_information_is_minus_the_second_difference(model, prior):
    cells = cells_of(model)
    found = reference.fit(cells, model, order_effect=True, prior=prior)
    h = reference.information(cells, model, found, prior=prior)
    n = cells.n_items
    x = np.append(found.theta, found.order_effect)
    if found.tie is not None:
        x = np.append(x, np.log(found.tie))

    def objective(v):
        tie = None if found.tie is None else np.exp(v[-1])
        return reference.log_likelihood(cells, model, v[:n], v[n], tie, prior=prior)

    e, step = np.eye(len(x)), 1e-3
    numeric = np.array(
        [
            [
                sum(
                    a * b * objective(x + step * (a * e[i] + b * e[j]))
                    for a in (1, -1)
                    for b in (1, -1)
                )
                / (-4 * step**2)
                for j in range(len(x))
            ]
            for i in range(len(x))
        ]
    )
    np.testing.assert_allclose(h, numeric, atol=2e-4 * np.abs(h).max())
    if prior is None:
        np.testing.assert_allclose(h[:n].sum(axis=0), 0.0, atol=1e-10)  # a Laplacian


@pytest.mark.parametrize("sweep", [reference.newman_sweep, reference.hunter_sweep])
@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize("model", ["bradley-terry", "davidson", "rao-kupper"])
def test_sweeps_find_the_newton_fit(model, order_effect, sweep):
    cells = cells_of(model)
    newton = reference.fit(cells, model, order_effect=order_effect)
    swept = reference.fit_mm(cells, model, order_effect=order_effect, sweep=sweep, tol=1e-10)
    assert swept.converged
    np.testing.assert_allclose(swept.theta, newton.theta, atol=1e-7)
    assert swept.log_likelihood == pytest.approx(newton.log_likelihood, rel=1e-12)
    if order_effect:
        assert swept.order_effect == pytest.approx(newton.order_effect, abs=1e-7)
    if newton.tie is not None:
        assert swept.tie == pytest.approx(newton.tie, abs=1e-7)


def test_newman_needs_fewer_sweeps_and_hunter_never_goes_down():
    cells = cells_of("davidson")
    sweeps = [
        reference.fit_mm(cells, "davidson", sweep=s).n_iter
        for s in (reference.newman_sweep, reference.hunter_sweep)
    ]
    assert sweeps[0] < sweeps[1] / 2
    state = reference.State(np.ones(8), 1.0, 0.5)
    values = []
    for _ in range(20):
        state = reference.hunter_sweep(cells, "davidson", state)
        values.append(
            reference.log_likelihood(cells, "davidson", np.log(state.pi), None, state.tie)
        )
    assert (np.diff(values) > 0.0).all()


def test_iteration_limits_warn():
    cells = cells_of("davidson")
    with pytest.warns(ConvergenceWarning, match="not converged after 1 step"):
        found = reference.fit(cells, "davidson", max_iter=1)
    assert not found.converged
    assert found.residual > 1e-9
    with pytest.warns(ConvergenceWarning, match="2 sweeps"):
        assert not reference.fit_mm(cells, "davidson", max_iter=2).converged
    with pytest.raises(ValueError, match="newton"):
        reference.fit_mm(cells, "thurstone")


@pytest.mark.parametrize(("model", "boundary"), [("davidson", 0.0), ("rao-kupper", 1.0)])
def test_no_ties_is_bradley_terry(model, boundary):
    rows = simulate.comparisons(6, 200, rng=2)
    cells = reference.aggregate(rows.first, rows.second, rows.score)
    plain, tied = reference.fit(cells), reference.fit(cells, model)
    assert tied.tie == boundary
    np.testing.assert_allclose(tied.theta, plain.theta, atol=1e-10)
    assert tied.log_likelihood == pytest.approx(plain.log_likelihood)
    swept = reference.fit_mm(cells, model)
    assert swept.tie == boundary
    np.testing.assert_allclose(swept.theta, plain.theta, atol=1e-7)


def test_components_are_fitted_each_by_itself():
    a, b = simulate.comparisons(5, 200, rng=1), simulate.comparisons(4, 150, rng=2)
    both = reference.aggregate(
        np.concatenate([a.first, b.first + 5]),
        np.concatenate([a.second, b.second + 5]),
        np.concatenate([a.score, b.score]),
    )
    parts = [reference.fit(reference.aggregate(r.first, r.second, r.score)).theta for r in (a, b)]
    np.testing.assert_allclose(reference.fit(both).theta, np.concatenate(parts), atol=1e-9)
    cov = reference.covariance(both, "bradley-terry", reference.fit(both))
    np.testing.assert_allclose(cov[:5, 5:], 0.0, atol=1e-15)


def test_covariance_is_the_pseudo_inverse():
    cells = cells_of("thurstone")
    for prior in (None, GaussianPrior(3.0)):
        found = reference.fit(cells, "thurstone", prior=prior)
        h = reference.information(cells, "thurstone", found, prior=prior)
        inner = np.eye(8) - 1.0 / 8.0
        expected = np.linalg.pinv(inner @ h @ inner, rcond=1e-10)
        cov = reference.covariance(cells, "thurstone", found, prior=prior)
        np.testing.assert_allclose(cov, expected, atol=1e-13)
        np.testing.assert_allclose(cov.sum(axis=0), 0.0, atol=1e-14)
        if prior is None:
            np.testing.assert_allclose(cov, np.linalg.pinv(h, rcond=1e-10), atol=1e-13)


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_sandwich_against_scores_of_rows(model, clustered):
    """Meat summed over rows, each row's score by finite differences of its own log-likelihood."""
    rng = np.random.default_rng(5)
    rows = simulate.comparisons(5, 120, model="davidson", order_effect=0.3, neutral=0.2, rng=rng)
    score = rows.score.copy()
    if model not in reference.TIE_MODELS:
        score[::3] = rng.uniform(0.0, 1.0, 40)  # soft votes
    cluster = np.arange(120) // 4 if clustered else None
    cells = reference.aggregate(rows.first, rows.second, score, order=rows.order, cluster=cluster)
    found = reference.fit(cells, model, order_effect=True)
    x = np.append(found.theta, found.order_effect)
    if found.tie is not None:
        x = np.append(x, np.log(found.tie))

    def row_value(r, v):
        one = reference.aggregate(
            rows.first[[r]], rows.second[[r]], score[[r]], items=np.arange(5), order=rows.order[[r]]
        )
        tie = None if found.tie is None else np.exp(v[-1])
        return reference.log_likelihood(one, model, v[:5], v[5], tie)

    step = 1e-6 * np.eye(len(x))
    scores = np.array(
        [[(row_value(r, x + e) - row_value(r, x - e)) / 2e-6 for e in step] for r in range(120)]
    )
    if clustered:
        scores = scores.reshape(30, 4, -1).sum(axis=1)
    bread = reference.covariance(cells, model, found)
    expected = bread @ (scores.T @ scores) @ bread
    robust = reference.sandwich(cells, model, found)
    np.testing.assert_allclose(robust, expected, rtol=1e-5, atol=1e-8)
    assert np.abs(robust - bread).max() > 1e-3  # it is not the model's covariance


@pytest.mark.parametrize("model", MODELS)
def test_true_strengths_are_recovered(model):
    rows = simulate.comparisons(6, 40_000, model=model, order_effect=0.3, rng=3)
    cells = reference.aggregate(rows.first, rows.second, rows.score)
    found = reference.fit(cells, model, order_effect=True)
    error = np.sqrt(np.diag(reference.covariance(cells, model, found)))
    z = (found.theta - (rows.theta - rows.theta.mean())) / error[:6]
    assert np.abs(z).max() < 4.0
    assert abs(found.order_effect - 0.3) < 4.0 * error[6]
    if model in reference.TIE_MODELS:
        true = {"davidson": 0.5, "rao-kupper": 1.5}[model]
        assert abs(np.log(found.tie / true)) < 4.0 * error[7]
