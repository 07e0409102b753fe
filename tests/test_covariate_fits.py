"""Fits with coefficients of covariates: against the NumPy twin, the textbook, and laws."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import venire as vn
from venire import reference
from venire.models import MODELS

K = 3
NAMES = ("length", "lists", "tone")


def world(seed=0, n=8, rows=600, ties=0.2, few=False, cluster=False, unit=1.0):
    """Rows of a world in which covariates matter, some of them going with the items."""
    g = np.random.default_rng(seed)
    first = g.integers(0, n, rows)
    second = (first + g.integers(1, n, rows)) % n
    order = g.integers(-1, 2, rows).astype(np.int8)
    theta = g.normal(size=n)
    x = g.integers(-1, 2, (rows, K)) * 1.0 if few else g.normal(size=(rows, K))
    x[:, 0] += theta[first] - theta[second]
    d = theta[first] - theta[second] + x @ [0.6, -0.3, 0.1] + 0.4 * order
    score = (g.random(rows) < 1.0 / (1.0 + np.exp(-d))).astype(float)
    score[g.random(rows) < ties] = 0.5
    out = {
        "first": first,
        "second": second,
        "score": score,
        "weight": g.choice([1.0, 2.0, 0.5], rows),
        "order": order,
        "covariates": dict(zip(NAMES, (x * unit).T, strict=True)),
    }
    return out | ({"cluster": g.integers(0, rows // 12, rows)} if cluster else {})


def both(data, model, **options):
    c = vn.Comparisons(**data)
    twin = dict(data, covariates=np.stack(list(data["covariates"].values()), axis=1))
    cells = reference.aggregate(**twin)
    return vn.ratings.fit_model(c, model=model, **options), cells


def fitted(data, **options):
    return vn.fit_bradley_terry(vn.Comparisons(**data), **options)


def refused(data, match, **options):
    with pytest.raises(vn.NotIdentifiedError, match=match) as error:
        fitted(data, **options)
    return error.value.covariate


# ---- what is fitted ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.7)])
@pytest.mark.parametrize("few", [False, True])
def test_a_fit_is_the_twins(model, order_effect, prior, few):
    fit, cells = both(world(few=few), model, order_effect=order_effect, prior=prior)
    twin = reference.fit(cells, model, order_effect=order_effect, prior=prior, tol=1e-13)
    assert fit.converged
    assert fit.covariate_names == NAMES
    np.testing.assert_allclose(fit.theta, twin.theta, atol=1e-9)
    np.testing.assert_allclose(fit.coefficients, twin.coefficients, atol=1e-9)
    assert fit.log_likelihood == pytest.approx(twin.log_likelihood, rel=1e-11)
    assert (fit.order_effect is None) == (not order_effect)
    if order_effect:
        assert fit.order_effect == pytest.approx(twin.order_effect, abs=1e-9)
    if fit.tie is not None:
        assert fit.tie == pytest.approx(twin.tie, abs=1e-9)
    free = len(fit.theta) - (prior is None) + K + order_effect + (fit.tie is not None)
    assert fit.n_parameters == free


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("cluster", [False, True])
@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.7)])
def test_errors_are_the_twins(model, cluster, prior):
    fit, cells = both(world(cluster=cluster), model, order_effect=True, prior=prior)
    for errors, twin in (("fisher", reference.covariance), ("robust", reference.sandwich)):
        expected = twin(cells, model, fit, prior=prior)
        found = fit.covariance(errors, full=True)
        n = len(fit.theta)
        np.testing.assert_allclose(found[n:, n:], expected[n:, n:], rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(found[:n, n:], expected[:n, n:], rtol=1e-6, atol=1e-10)
        own = np.sqrt(np.diagonal(expected))
        rest = fit.parameter_errors(errors)
        assert rest.order_effect == pytest.approx(own[n], rel=1e-8)
        np.testing.assert_allclose(rest.coefficients, own[n + 1 : n + 1 + K], rtol=1e-8)


@pytest.mark.parametrize("cluster", [False, True])
def test_robust_errors_are_the_textbook_s(cluster):
    """HC0, and its clustered form, of the logistic regression on differences of items."""
    data = world(ties=0.0, cluster=cluster, rows=1500) | {"weight": None}
    fit = fitted(data)
    x = np.stack(list(data["covariates"].values()), axis=1)
    rows, n = np.arange(len(x)), len(fit.theta)
    z = np.zeros((len(x), n))
    z[rows, data["first"]], z[rows, data["second"]] = 1.0, -1.0
    z = np.hstack([z[:, 1:], x])
    p = 1.0 / (
        1.0 + np.exp(-(z @ np.concatenate([fit.theta[1:] - fit.theta[0], fit.coefficients])))
    )
    assert np.abs(z.T @ (data["score"] - p)).max() < 1e-6
    bread = np.linalg.inv(z.T @ (z * (p * (1.0 - p))[:, None]))
    scores = z * (data["score"] - p)[:, None]
    if cluster:
        sums = np.zeros((data["cluster"].max() + 1, len(z.T)))
        np.add.at(sums, data["cluster"], scores)
        scores = sums
    textbook = np.sqrt(np.diagonal(bread @ (scores.T @ scores) @ bread))[-K:]
    np.testing.assert_allclose(fit.parameter_errors("robust").coefficients, textbook, rtol=1e-9)


def test_large_graphs_errors_by_solves():
    """What is solved for and drawn is what the dense inverse says."""
    fit = fitted(world(n=40, rows=3000, ties=0.0), order_effect=True)
    exact = fit.covariance(full=True)
    sampled = fit.standard_errors(method="sampled", n_samples=4000, rng=1)
    np.testing.assert_allclose(sampled, fit.standard_errors(), rtol=0.06)
    own = fit._information
    n, m = 40, K + 1
    rows = np.zeros((m, n + m))
    rows[np.arange(m), n + np.arange(m)] = 1.0
    np.testing.assert_allclose(own.solver.covariance(rows, None), exact[n:, n:], rtol=1e-4)
    draws = fit.posterior((1, 2)).rows(0, 20_000)
    np.testing.assert_allclose(np.cov(draws.T)[n:, n:], exact[n:, n:], rtol=0.1, atol=1e-4)


# ---- laws ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1e-6, 1e6, 1e-20, 1e20])
def test_units_do_not_matter(unit):
    fit, other = fitted(world()), fitted(world(unit=unit))
    np.testing.assert_allclose(other.theta, fit.theta, atol=1e-12)
    np.testing.assert_allclose(other.coefficients * unit, fit.coefficients, atol=1e-12)
    np.testing.assert_allclose(
        other.parameter_errors().coefficients * unit, fit.parameter_errors().coefficients, rtol=1e-9
    )
    np.testing.assert_allclose(other.standard_errors("robust"), fit.standard_errors("robust"))


def test_sides_and_signs():
    data = world()
    fit = fitted(data, order_effect=True)
    turned = data | {
        "first": data["second"],
        "second": data["first"],
        "score": 1.0 - data["score"],
        "order": -data["order"],
        "covariates": {k: -x for k, x in data["covariates"].items()},
    }
    again = fitted(turned, order_effect=True)
    assert np.array_equal(again.theta, fit.theta)
    assert np.array_equal(again.coefficients, fit.coefficients)
    flipped = {k: -x for k, x in data["covariates"].items()}
    against = fitted(data | {"covariates": flipped}, order_effect=True)
    np.testing.assert_allclose(against.coefficients, -fit.coefficients, atol=1e-12)


def test_what_goes_with_items_moves_ratings_only():
    """A number for each item, added to a covariate, is taken up by the ratings."""
    data = world()
    fit = fitted(data)
    length = np.linspace(-3.0, 4.0, 8)
    added = length[data["first"]] - length[data["second"]]
    other = fitted(
        data | {"covariates": data["covariates"] | {"tone": data["covariates"]["tone"] + added}}
    )
    np.testing.assert_allclose(other.coefficients, fit.coefficients, atol=1e-9)
    moved = fit.theta - fit.coefficients[2] * (length - length.mean())
    np.testing.assert_allclose(other.theta, moved, atol=1e-8)


def test_a_covariate_that_is_the_order_is_the_order_effect():
    data = world()
    fit = fitted(data, order_effect=True)
    x = data["covariates"] | {"home": data["order"] * 2.0}
    data["order"] = None
    other = fitted(data | {"covariates": x})
    np.testing.assert_allclose(other.theta, fit.theta, atol=1e-9)
    assert other.coefficients[3] * 2.0 == pytest.approx(fit.order_effect, abs=1e-9)


@pytest.mark.parametrize("n", [2, 60])
def test_threads_change_nothing(n):
    """Also where a pair has more cells than are worked on at a time, and for the first steps."""
    data = world(n=n, rows=60_000, ties=0.0)
    one, many = (
        vn.fit_bradley_terry(vn.Comparisons(**data, n_threads=k), order_effect=True, n_threads=k)
        for k in (1, 4)
    )
    assert np.array_equal(one.theta, many.theta)
    assert np.array_equal(one.coefficients, many.coefficients)
    assert one.log_likelihood == many.log_likelihood
    x = np.stack(list(data["covariates"].values()), axis=1)
    cells = reference.aggregate(**dict(data, covariates=x))
    assert reference.residual(
        cells, "bradley-terry", one.theta, one.order_effect, coefficients=one.coefficients
    ) < 1e-9  # fmt: skip


def test_starts():
    data = world()
    fit, fresh = fitted(data), vn.Comparisons(**data)
    again = vn.fit_bradley_terry(fresh, init=fit)
    assert again.n_iter <= 1
    np.testing.assert_allclose(again.coefficients, fit.coefficients, atol=1e-9)


def test_components():
    """Parts that never met have coefficients in common."""
    data = world(ties=0.0)
    apart = data | {"first": data["first"] + 100, "second": data["second"] + 100}
    two = {
        k: np.concatenate([data[k], apart[k]]) for k in ("first", "second", "score", "weight")
    } | {"covariates": {k: np.concatenate([x, x]) for k, x in data["covariates"].items()}}
    with pytest.warns(vn.NotIdentifiedWarning):
        fit = fitted(two)
    one = fitted(data | {"order": None})
    np.testing.assert_allclose(fit.coefficients, one.coefficients, atol=1e-9)
    np.testing.assert_allclose(fit.theta, np.tile(one.theta, 2), atol=1e-8)
    error = fit.parameter_errors().coefficients
    np.testing.assert_allclose(error, one.parameter_errors().coefficients / np.sqrt(2.0), rtol=1e-8)
    worse = data | {"first": np.append(data["first"], 50), "second": np.append(data["second"], 0)}
    worse |= {"score": np.append(data["score"], 0.0), "weight": None, "order": None}
    worse["covariates"] = {k: np.append(x, 0.5) for k, x in data["covariates"].items()}
    with pytest.warns(vn.NotIdentifiedWarning):
        strong = fitted(worse, components="strong")
    np.testing.assert_allclose(
        strong.coefficients, fitted(data | {"order": None, "weight": None}).coefficients, atol=1e-9
    )


def test_goodness():
    data = world(cluster=True, few=True)
    fit, plain = fitted(data), fitted({k: v for k, v in data.items() if k != "cluster"})
    assert fit.log_likelihood == pytest.approx(plain.log_likelihood)
    assert fit.deviance == pytest.approx(plain.deviance)
    without = vn.fit_bradley_terry(vn.Comparisons(**data).without_covariates())
    assert fit.n_parameters == without.n_parameters + K
    assert fit.log_likelihood > without.log_likelihood


# ---- what is refused -----------------------------------------------------------------------------


def with_(data, **more):
    return data | {"covariates": data["covariates"] | more}


def test_covariates_that_say_nothing():
    data = world()
    zero, ones = np.zeros(600), np.ones(600)
    assert refused(with_(data, void=zero), "'void' is 0 in every comparison") == "void"
    match = "'void' is at most 1e-160 in size, and .* another unit"
    assert refused(with_(data, void=1e-160 * (np.arange(600.0) % 2)), match) == "void"
    plain = data | {"order": None}
    match = "'flat' is constant: .* order_effect=True"
    assert refused(with_(plain, flat=3.0 * ones), match) == "flat"
    match = "'flat' is collinear with the order effect"
    assert refused(with_(plain, flat=3.0 * ones), match, order_effect=True) == "flat"


@pytest.mark.parametrize("rows", [600, 60_000])
def test_collinear_covariates(rows):
    data = world(rows=rows)
    x, size = data["covariates"], np.arange(8.0) ** 2
    sizes = size[data["first"]] - size[data["second"]]
    assert refused(with_(data, size=sizes), "'size' cannot be told from the items'") == "size"
    both = 2.0 * x["length"] - 1e3 * x["tone"]
    match = "'mix' is collinear with length, tone,"
    assert refused(with_(data, mix=both), match) == "mix"
    match = "'mix' is collinear with the order effect, lists,"
    mix = x["lists"] + data["order"] + sizes
    assert refused(with_(data, mix=mix), match, order_effect=True) == "mix"
    fitted(with_(data, mix=mix))  # without the order effect it is a column like any other
    nearly = both + np.random.default_rng(3).normal(size=rows)
    fitted(with_(data, mix=nearly))


def test_collinear_where_no_pair_met_twice():
    """Nothing varies within a pair: the items have to be taken off by solves."""
    g = np.random.default_rng(5)
    pairs = np.array([(i, (i + k) % 300) for i in range(300) for k in (1, 7, 40, 91)])
    first, second = pairs.T
    size, x = g.normal(size=300), g.normal(size=1200)
    data = {"first": first, "second": second, "score": g.choice([0.0, 0.5, 1.0], 1200)}
    fit = fitted(data | {"covariates": {"x": x}})
    assert fit.converged
    sizes = size[first] - size[second]
    both = {"x": x, "size": sizes, "y": g.normal(size=1200)}
    assert refused(data | {"covariates": both}, "cannot be told from the items'") == "size"
    both = {"x": x, "y": 2.0 * x + sizes}
    assert refused(data | {"covariates": both}, "collinear with x, up to") == "y"


@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(1.0)])
@pytest.mark.parametrize("model", MODELS)
def test_separating_covariates(prior, model):
    data = world(ties=0.0)
    won = 2.0 * data["score"] - 1.0
    g = np.random.default_rng(1)
    some = np.where(g.random(600) < 0.03, won * g.random(600), 0.0)  # decides where it is not 0
    for name, x in (("judge", won * (1.0 + g.random(600))), ("rare", some)):
        c = vn.Comparisons(**with_(data, **{name: x}))
        with pytest.raises(vn.NotIdentifiedError, match=f"{name!r} separates") as error:
            vn.ratings.fit_model(c, model=model, prior=prior)
        assert error.value.covariate == name
    x = g.normal(size=600)
    pair = {"one": won + 3.0 * x, "other": won - 3.0 * x}  # only together
    c = vn.Comparisons(**with_(data, **pair))
    with pytest.raises(vn.NotIdentifiedError, match=r"'(one|other)' separates"):
        vn.ratings.fit_model(c, model=model, prior=prior)


@pytest.mark.parametrize("rows", [60, 6_000])
@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize("ties", [0.0, 0.2])
@pytest.mark.parametrize("model", MODELS)
def test_separating_beneath_other_columns(model, ties, order_effect, rows):
    """What separates is most of nothing once items and another covariate are taken off: far out its
    curvature is lost in theirs. A prior holds the items, but not what needs none of them."""
    g = np.random.default_rng(rows)
    n = 5
    first = g.integers(0, n, rows)
    second = (first + g.integers(1, n, rows)) % n
    score = np.where(g.random(rows) < ties, 0.5, g.random(rows) < 0.5)
    z, size = g.normal(size=rows), g.normal(size=n)
    decides = np.sign(score - 0.5) * (g.random(rows) > 0.6)
    sizes = size[first] - size[second]
    order = np.where(g.random(rows) < 0.5, 1, -1) if order_effect else None

    def fit(prior=None, **covariates):
        c = vn.Comparisons(first, second, score, order=order, covariates=covariates)
        return vn.ratings.fit_model(c, model=model, prior=prior, order_effect=order_effect)

    with pytest.raises(vn.NotIdentifiedError, match=r"covariate '(z|mix)' separates"):
        fit(z=z, mix=decides + sizes + 2.0 * z)
    with pytest.raises(vn.NotIdentifiedError, match=r"covariate '(z|mix)' separates"):
        fit(vn.GaussianPrior(0.1), z=z, mix=decides + 2.0 * z)
    assert fit(vn.GaussianPrior(0.1), z=z, mix=decides + sizes + 2.0 * z).converged
    assert fit(z=z, mix=decides * np.where(np.arange(rows) % 4, 1.0, -1.0) + 2.0 * z).converged


def test_separation_is_refused_with_the_tie_parameter():
    """Ties at 0 and wins elsewhere: coefficient and tie parameter rise together."""
    g = np.random.default_rng(2)
    data = world(ties=0.3)
    side = np.sign(data["score"] - 0.5)
    for model in ("davidson", "rao-kupper"):
        c = vn.Comparisons(**with_(data, judge=side * g.random(600)))
        with pytest.raises(vn.NotIdentifiedError, match="'judge' separates"):
            vn.ratings.fit_model(c, model=model)


def test_separation_in_a_replicate():
    """One row speaks against; draws without it have no fit."""
    data = world(ties=0.0, rows=200)
    won = 2.0 * data["score"] - 1.0
    won[7] *= -1.0
    z = np.random.default_rng(4).normal(size=200)
    c = vn.Comparisons(**with_(data, z=z, judge=won + 2.0 * z))
    fit = vn.fit_thurstone(c, prior=vn.GaussianPrior(0.1))
    with pytest.warns(vn.NotIdentifiedWarning, match="have no finite fit"):
        b = vn.bootstrap(fit, 40, rng=1)
    assert 5 < (~np.isfinite(b.coefficients[:, 0])).sum() < 30


def test_all_but_separating_is_fitted():
    data = world(ties=0.0, rows=2000)
    won = 2.0 * data["score"] - 1.0
    won[::200] *= -1.0
    fit = fitted(with_(data, judge=won))
    assert fit.converged
    assert fit.coefficients[3] > 3.0


def test_no_sweeps_with_covariates():
    with pytest.raises(ValueError, match="method = 'mm': does not go with covariates"):
        fitted(world(), method="mm")


def test_coefficients_go_with_covariates():
    fit = fitted(world())
    with pytest.raises(ValueError, match="coefficients do not go with covariates"):
        vn.ratings.Fit(
            comparisons=fit.comparisons, model="bradley-terry", theta=fit.theta,
            log_likelihood=0.0, residual=0.0, converged=True, n_iter=1, component=fit.component,
        )  # fmt: skip
    with pytest.raises(ValueError, match="read-only"):
        fit.coefficients[0] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert vn.fit_bradley_terry(fit.comparisons.without_covariates()).coefficients is None
