"""Quasi-variances against closed forms, published output and a general minimiser."""

from __future__ import annotations

import numpy as np
import pytest

from venire import datasets, reference
from venire.ratings import _quasi
from venire.ratings.fit import Fit


def make_fit(cells, model="bradley-terry", *, order_effect=False):
    found = reference.fit(cells, model, order_effect=order_effect)
    return Fit(
        comparisons=cells,
        model=model,
        theta=found.theta,
        tie=found.tie,
        order_effect=found.order_effect,
        log_likelihood=found.log_likelihood,
        residual=found.residual,
        converged=found.converged,
        n_iter=found.n_iter,
        component=reference.components(cells, "weak").labels,
    )


@pytest.fixture(scope="module")
def baseball():
    return make_fit(reference.cells_from_counts(*datasets.columns("baseball_1987").values()))


def from_pairs(pairs, k):
    v = np.zeros((k, k))
    for (i, j), value in pairs.items():
        v[i, j] = v[j, i] = value
    return v


def test_three_items_are_exact():
    """q_1 = (v_12 + v_13 - v_23) / 2 and so on."""
    cells = reference.cells_from_counts(
        ["a", "b", "c"], ["b", "c", "a"], [9.0, 4.0, 2.0], [3.0, 7.0, 5.0]
    )
    fit = make_fit(cells)
    v = _quasi.difference_variances(fit.covariance())
    expected = [
        (v[0, 1] + v[0, 2] - v[1, 2]) / 2,
        (v[0, 1] + v[1, 2] - v[0, 2]) / 2,
        (v[0, 2] + v[1, 2] - v[0, 1]) / 2,
    ]
    found = fit.quasi_variances()
    np.testing.assert_allclose(found.variances, expected, rtol=1e-10)
    np.testing.assert_allclose(found.standard_errors, np.sqrt(expected), rtol=1e-10)
    np.testing.assert_allclose(found.relative_errors, 0.0, atol=1e-12)


def test_a_published_negative_quasi_variance():
    """Prestige of occupations by type, documentation of the R package qvcalc (1.0.3): the standard
    errors of bc - prof, bc - wc and the three quasi-variances, one of them negative."""
    bc_prof, bc_wc = 4.258961**2, 2.690667**2
    published = np.array([8.261952, 9.876793, -1.022262])
    v = from_pairs({(0, 1): bc_prof, (0, 2): bc_wc, (1, 2): published[1] + published[2]}, 3)
    quasi, relative = _quasi.solve_quasi_variances(v)
    np.testing.assert_allclose(quasi, published, atol=2e-5)
    np.testing.assert_allclose(relative, 0.0, atol=1e-12)


def test_balanced_design_is_exact():
    """Equal strengths, all pairs n times: v_ij = 8 / (n k), so q_i = 4 / (n k)."""
    k, n = 6, 10.0
    i, j = np.triu_indices(k, 1)
    half = np.full(len(i), n / 2)
    fit = make_fit(reference.cells_from_counts(i, j, half, half))
    found = fit.quasi_variances()
    np.testing.assert_allclose(found.variances, 4 / (n * k), rtol=1e-10)


def test_minimum_of_the_squared_log_errors(baseball):
    """A general minimiser, from the same objective written out over pairs, finds nothing better."""
    from scipy.optimize import minimize

    found = baseball.quasi_variances()
    v = _quasi.difference_variances(baseball.covariance())
    i, j = np.triu_indices(7, 1)

    def objective(log_q):
        q = np.exp(log_q)
        return np.sum((np.log(q[i] + q[j]) - np.log(v[i, j])) ** 2)

    best = minimize(objective, np.zeros(7), method="BFGS", options={"gtol": 1e-10})
    np.testing.assert_allclose(found.variances, np.exp(best.x), rtol=1e-6)
    assert objective(np.log(found.variances)) <= best.fun * (1 + 1e-9)
    errors = np.sqrt((found.variances[i] + found.variances[j]) / v[i, j]) - 1
    np.testing.assert_allclose(found.relative_errors, [errors.min(), errors.max()], rtol=1e-9)
    assert -0.02 < found.relative_errors[0] < 0 < found.relative_errors[1] < 0.03


def test_ill_balanced_items_converge():
    """Variances over eight decades, with a negative quasi-variance among many items."""
    rng = np.random.default_rng(3)
    k = 12
    root = rng.standard_normal((k, 3)) * 10.0 ** rng.uniform(-2, 2, (k, 1))
    v = _quasi.difference_variances(root @ root.T + 1e-3 * np.eye(k))
    quasi, relative = _quasi.solve_quasi_variances(v)
    i, j = np.triu_indices(k, 1)
    sums = quasi[i] + quasi[j]
    assert (sums > 0).all()
    residual = np.log(sums) - np.log(v[i, j])
    gradient = np.bincount(i, residual / sums, k) + np.bincount(j, residual / sums, k)
    scale = np.bincount(i, 1 / sums, k) + np.bincount(j, 1 / sums, k)
    assert np.abs(gradient / scale).max() < 1e-6
    assert relative[0] < 0 < relative[1]


def test_components_subsets_and_kinds(baseball):
    cells = reference.cells_from_counts(
        ["a", "b", "c", "x", "solo"],
        ["b", "c", "a", "y", "solo2"],
        [9.0, 4.0, 2.0, 3.0, 1.0],
        [3.0, 7.0, 5.0, 1.0, 1.0],
        items=["a", "b", "c", "x", "y", "solo", "solo2", "never"],
    )
    fit = make_fit(cells)
    found = fit.quasi_variances()
    by = dict(zip(found.items.tolist(), found.variances, strict=True))
    assert np.isnan(by["never"])
    variance = fit.difference_errors("x", "y") ** 2
    np.testing.assert_allclose([by["x"], by["y"]], variance / 2)
    some = baseball.quasi_variances(items=["Toronto", "Boston", "Detroit"], errors="robust")
    np.testing.assert_array_equal(some.items, ["Toronto", "Boston", "Detroit"])
    error = baseball.difference_errors("Toronto", "Detroit", errors="robust")
    assert some.variances[0] + some.variances[2] == pytest.approx(error**2, rel=1e-10)
    with pytest.raises(ValueError, match=r"\[2\] = 'Boston': .*distinct"):
        baseball.quasi_variances(items=["Boston", "Toronto", "Boston"])


def test_too_many_items_are_refused(baseball, monkeypatch):
    monkeypatch.setattr(_quasi, "MAX_QUASI", 5)
    with pytest.raises(ValueError, match="at most 5"):
        baseball.quasi_variances()
