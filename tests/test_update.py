"""A fit updated with new comparisons is the fit of all of them."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

import venire as vn
from venire.models import MODELS

FITS = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}


def rows(rng, n, items, *, ties=True, order=False, cluster=False):
    """Columns of n comparisons among `items`, of strengths that go with the labels."""
    first = rng.integers(0, items, n)
    second = (first + rng.integers(1, items, n)) % items
    d = (first - second) / items
    u = rng.random(n)
    p = 1 / (1 + np.exp(-d))
    score = np.where(u < 0.2, 0.5, (rng.random(n) < p).astype(float)) if ties else u < p
    columns = {"first": first, "second": second, "score": score.astype(float)}
    if order:
        columns["order"] = rng.choice([-1, 0, 1], n)
    if cluster:
        columns["cluster"] = rng.integers(0, 9, n)
    return columns


def both(a, b):
    return {name: np.concatenate([a[name], b[name]]) for name in a}


def assert_same(updated, refit, tol=1e-8):
    assert updated.converged
    assert updated.items.tolist() == refit.items.tolist()
    np.testing.assert_array_equal(updated.component, refit.component)
    np.testing.assert_allclose(updated.theta, refit.theta, rtol=0, atol=tol)
    for name in ("order_effect", "tie"):
        one, other = getattr(updated, name), getattr(refit, name)
        assert (one is None) == (other is None)
        assert one is None or abs(one - other) < tol
    assert abs(updated.log_likelihood - refit.log_likelihood) < tol * max(
        1.0, abs(refit.log_likelihood)
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("order", [False, True])
@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.5)])
def test_update_is_the_refit(model, order, prior):
    rng = np.random.default_rng(1)
    old, new = rows(rng, 900, 12, order=order), rows(rng, 30, 12, order=order)
    options = {"prior": prior, "order_effect": order}
    fit = FITS[model](vn.Comparisons(**old), **options)
    refit = FITS[model](vn.Comparisons(**both(old, new)), **options)
    assert_same(fit.update(vn.Comparisons(**new)), refit)
    assert_same(fit.update(**new), refit)


def test_a_chain_of_updates_is_the_refit():
    rng = np.random.default_rng(2)
    all_rows = rows(rng, 600, 10)
    prior = vn.GaussianPrior(0.1)
    fit = vn.fit_davidson(vn.Comparisons(**all_rows), prior=prior)
    for _ in range(50):
        new = rows(rng, int(rng.integers(1, 20)), int(rng.integers(2, 16)))
        fit = fit.update(**new)
        all_rows = both(all_rows, new)
    assert_same(fit, vn.fit_davidson(vn.Comparisons(**all_rows), prior=prior))


def test_new_items_first_ties_and_links_between_components():
    c = vn.Comparisons(["a", "b", "c", "d"], ["b", "a", "d", "c"], 1.0)
    with pytest.warns(vn.errors.NotIdentifiedWarning):
        fit = vn.fit_davidson(c)
    assert fit.tie == 0.0
    assert fit.component.tolist() == [0, 0, 1, 1]
    new = {"first": ["a", "d", "b"], "second": ["c", "b", "d"], "score": [1.0, 1.0, 0.5]}
    updated = fit.update(**new)
    assert updated.component.tolist() == [0, 0, 0, 0]
    assert_same(updated, vn.fit_davidson(c.append(**new)))
    new = {"first": ["e", "a"], "second": ["a", "e"], "score": 1.0}
    assert_same(updated.update(**new), vn.fit_davidson(updated.comparisons.append(**new)))
    with pytest.raises(vn.NotIdentifiedError, match="undefeated: e"):
        updated.update(first=["e"], second=["a"], score=1.0)


def test_what_was_asked_of_the_fit_is_kept():
    c = vn.Comparisons([0, 1, 2, 2], [1, 0, 0, 1], 1.0)
    with pytest.warns(vn.errors.NotIdentifiedWarning):
        strong = vn.fit_bradley_terry(c, components="strong")
    with pytest.warns(vn.errors.NotIdentifiedWarning):
        again = strong.update(first=[0], second=[1], score=1.0)
    assert again.component.tolist() == [0, 0, 1]
    mm = vn.fit_bradley_terry(vn.Comparisons([0, 1, 2, 1], [1, 2, 0, 0], 1.0), method="mm")
    assert mm.update(first=[0], second=[1], score=0.5).method == "mm"


def test_clusters_and_saved_fits():
    rng = np.random.default_rng(3)
    old, new = rows(rng, 300, 8, cluster=True), rows(rng, 30, 9, cluster=True)
    prior = vn.GaussianPrior(1.0)
    fit = pickle.loads(pickle.dumps(vn.fit_bradley_terry(vn.Comparisons(**old), prior=prior)))
    refit = vn.fit_bradley_terry(vn.Comparisons(**both(old, new)), prior=prior)
    updated = fit.update(**new)
    assert_same(updated, refit)
    np.testing.assert_allclose(
        updated.standard_errors("robust"), refit.standard_errors("robust"), rtol=1e-9
    )
    with pytest.raises(ValueError, match="cluster"):
        fit.update(first=[0], second=[1], score=1.0)


@pytest.mark.parametrize("model", ["bradley-terry", "davidson"])
def test_covariates(model):
    rng = np.random.default_rng(4)
    old, new = rows(rng, 400, 8), rows(rng, 40, 8)
    for columns in (old, new):
        n = len(columns["first"])
        columns["covariates"] = rng.normal(size=(n, 2))
    everything = both(old, new)
    updated = FITS[model](vn.Comparisons(**old)).update(**new)
    refit = FITS[model](vn.Comparisons(**everything))
    assert_same(updated, refit)
    np.testing.assert_allclose(updated.coefficients, refit.coefficients, atol=1e-8)


def test_refused():
    fit = vn.fit_bradley_terry(vn.Comparisons([0, 1], [1, 0], 1.0))
    with pytest.raises(TypeError, match="not both"):
        fit.update(fit.comparisons, first=[0], second=[1], score=1.0)
    with pytest.raises(TypeError, match="must be Comparisons"):
        fit.update([0, 1])
    with pytest.raises(TypeError, match="must be Comparisons"):
        fit.update()
    with pytest.raises(ValueError, match="score"):
        fit.update(first=[0], second=[1], score=2.0)
    with pytest.raises(ValueError, match="update"):
        fit.rescale("elo").update(first=[0], second=[1], score=1.0)


def test_nothing_new_and_no_warning():
    fit = vn.fit_bradley_terry(vn.Comparisons([0, 1], [1, 0], 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = fit.update(first=[0], second=[1], score=0.5)
    np.testing.assert_allclose(same.theta, fit.theta, atol=1e-12)
