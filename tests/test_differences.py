"""Differences between items: their errors, and which items may be compared at all."""

from __future__ import annotations

import numpy as np
import pytest

from venire import datasets, reference
from venire.priors import GaussianPrior
from venire.ratings.fit import Fit


def make_fit(cells, model="bradley-terry", *, prior=None, order_effect=False, **changes):
    """A Fit from the dense reference: no native code is involved."""
    found = reference.fit(cells, model, prior=prior, order_effect=order_effect)
    values = {
        "comparisons": cells,
        "model": model,
        "theta": found.theta,
        "tie": found.tie,
        "order_effect": found.order_effect,
        "prior": prior,
        "log_likelihood": found.log_likelihood,
        "residual": found.residual,
        "converged": found.converged,
        "n_iter": found.n_iter,
        "component": reference.components(cells, "weak").labels,
    }
    return Fit(**(values | changes))


@pytest.fixture(scope="module")
def baseball():
    return reference.cells_from_counts(*datasets.columns("baseball_1987").values())


@pytest.fixture(scope="module")
def apart():
    """Two groups that never met; the larger one holds b, d, f."""
    return reference.cells_from_counts(
        ["a", "b", "d", "f"], ["c", "d", "f", "b"], [3.0, 4.0, 3.0, 2.0], [1.0, 2.0, 3.0, 2.0]
    )


def test_components_are_not_compared(apart):
    fit = make_fit(apart)
    for compare in (fit.predict, fit.difference_errors, fit.difference_covariance):
        with pytest.raises(ValueError, match="'d' and 'c'"):
            compare(["a", "d"], ["c", "c"])
    with pytest.raises(ValueError, match="'b' and 'a'"):
        fit.relative_to("a")
    np.testing.assert_array_equal(fit.relative_to("a", items=["c"]).items, ["c"])
    assert fit.determined.tolist() == [False, True, False, True, True]
    np.testing.assert_array_equal(fit.ranks()[[0, 2]], [0, 0])
    assert sorted(fit.ranks()[[1, 3, 4]]) == [1, 2, 3]


def test_a_prior_puts_all_on_one_scale(apart):
    fit = make_fit(apart, prior=GaussianPrior(0.5))
    assert 0 < fit.predict("a", "d") < 1
    information = reference.information(apart, "bradley-terry", fit) + 0.5 * np.eye(5)
    full = np.linalg.inv(information)  # levels of the components included
    i, j = np.triu_indices(5, 1)
    expected = np.sqrt(full[i, i] + full[j, j] - 2 * full[i, j])
    labels = fit.items
    np.testing.assert_allclose(fit.difference_errors(labels[i], labels[j]), expected, rtol=1e-9)
    contrasts = np.eye(5)[i] - np.eye(5)[j]
    np.testing.assert_allclose(
        fit.difference_covariance(labels[i], labels[j]), contrasts @ full @ contrasts.T, atol=1e-12
    )


def test_difference_errors_are_those_of_the_covariance(baseball):
    fit = make_fit(baseball)
    for kind in ("fisher", "robust"):
        c = fit.covariance(kind)
        i, j = np.triu_indices(7, 1)
        expected = np.sqrt(c[i, i] + c[j, j] - 2 * c[i, j])
        found = fit.difference_errors(fit.items[i], fit.items[j], errors=kind)
        np.testing.assert_allclose(found, expected, rtol=1e-10)
        both = fit.difference_covariance(fit.items[i], fit.items[j], errors=kind)
        contrasts = np.eye(7)[i] - np.eye(7)[j]
        np.testing.assert_allclose(both, contrasts @ c @ contrasts.T, atol=1e-12)
    assert fit.difference_errors("Boston", "Boston") == 0.0
    np.testing.assert_allclose(
        fit.covariance(items=["Toronto", "Boston"]), fit.covariance()[np.ix_([6, 1], [6, 1])]
    )
