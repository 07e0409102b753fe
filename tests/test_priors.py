"""Priors with a mean and a precision of each item: what they are, and what fits make of them."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn
from venire import reference
from venire.priors import GaussianPrior, ItemPriors, item_priors

FITS = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}
models = pytest.mark.parametrize("model", list(FITS))


def season(n=12, m=150, seed=0, alone=2):
    """Comparisons of n items with ties and an order, the last `alone` of which never played."""
    rng = np.random.default_rng(seed)
    playing = n - alone
    i = rng.integers(0, playing, m)
    j = (i + rng.integers(1, playing, m)) % playing
    score = rng.choice([0.0, 0.5, 1.0], m)
    return vn.Comparisons(i, j, score=score, order=rng.choice([-1, 1], m), items=np.arange(n))


def uneven(n, seed=1):
    rng = np.random.default_rng(seed)
    return GaussianPrior(np.exp(rng.normal(size=n)), mean=2.0 * rng.normal(size=n))


def leagues(seed=0, n_groups=9):
    rng = np.random.default_rng(seed)
    g = rng.integers(0, n_groups, 60 * n_groups)
    i = rng.integers(0, 6, len(g))
    j = (i + rng.integers(1, 6, len(g))) % 6
    score = rng.choice([0.0, 0.5, 1.0], len(g))
    items = (np.repeat(np.arange(n_groups + 1), 8), np.tile(np.arange(8), n_groups + 1))
    order = rng.choice([-1, 1], len(g))
    return vn.GroupedComparisons(g, i, j, score, order=order, items=items)


def names_of(g):
    """(group, item) of each item."""
    groups = np.repeat(g.groups, np.diff(g.offsets)).tolist()
    return list(zip(groups, g.items.tolist(), strict=True))


# ---- the object ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prior",
    [
        GaussianPrior(0.3),
        GaussianPrior(0.3, mean=2),
        GaussianPrior([1.0, 2.0, 3.0], mean=np.arange(3)),
        GaussianPrior({"a": 1.0, "b": 2.0, "c": 3.0}, mean={"b": 1, "a": 0, "c": -2}),
        GaussianPrior({(1, "a"): 1.0, (1, "b"): 2.0}, mean=0.5),
    ],
)
def test_saved_and_back(prior):
    assert GaussianPrior.from_dict(json.loads(json.dumps(prior.to_dict()))) == prior
    assert pickle.loads(pickle.dumps(prior)) == prior
    assert prior != GaussianPrior(0.31)
    assert prior != 0.3
    assert "precision" in repr(prior)
    assert prior.describe().startswith("normal prior of precision")


def test_it_does_not_change():
    given = np.ones(3)
    prior = GaussianPrior(given, mean={"a": 1.0})
    given[0] = 7.0
    assert prior.precision[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        prior.precision[0] = 2.0
    with pytest.raises(TypeError):
        prior.mean["a"] = 2.0
    with pytest.raises(AttributeError):
        prior.mean = 0.0
    assert len({GaussianPrior(0.1), GaussianPrior(0.1), GaussianPrior(0.1, 1.0)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(prior)


LABELS = np.array(["a", "b", "c"])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_ways_to_say_it(frame):
    mean = [1.0, 2.0, -3.0]
    by_label = {"c": -3.0, "a": 1.0, "b": 2.0}
    table = frame({"item": list(by_label), "value": list(by_label.values())})
    for said in (mean, np.array(mean), pd.Series(mean), pl.Series(mean), by_label, table):
        own = GaussianPrior(0.5, mean=said).native(LABELS)
        assert own.mean.tolist() == mean
        assert own.precision.tolist() == [0.5] * 3
    groups, offsets = np.array([7, 9]), np.array([0, 1, 3])
    table = frame({"group": [7, 9, 9], "item": ["a", "b", "c"], "value": mean})
    own = GaussianPrior(table).native(LABELS, groups, offsets) if min(mean) > 0 else None
    own = GaussianPrior(1.0, mean=table).native(LABELS, groups, offsets)
    assert own.mean.tolist() == mean


def test_one_for_all_is_a_number():
    same = GaussianPrior(np.full(3, 0.5), mean={"a": 2.0, "b": 2.0, "c": 2.0})
    assert same.native(LABELS) == GaussianPrior(0.5, mean=2.0).native(LABELS)
    assert same.native(LABELS) == ItemPriors(all=0.5, centre=2.0)
    assert item_priors(None, LABELS) == ItemPriors()
    assert not ItemPriors().given


@pytest.mark.parametrize(
    ("arguments", "error", "argument", "position"),
    [
        ((0.0,), ValueError, "precision", None),
        ((np.inf,), ValueError, "precision", None),
        (([1.0, 0.0],), ValueError, "precision", 1),
        (([1.0, np.nan],), ValueError, "precision", 1),
        (({"a": 1.0, "b": -1.0},), ValueError, "precision", 1),
        ((1e31,), ValueError, "precision", None),
        (("1",), TypeError, "precision", None),
        ((["1"],), TypeError, "precision", None),
        (([[1.0]],), ValueError, "precision", None),
        (([[1.0], [1.0, 2.0]],), ValueError, "precision", None),
        (({1.0, 2.0},), TypeError, "precision", None),
        ((1.0, np.nan), ValueError, "mean", None),
        ((1.0, [0.0, 1001.0]), ValueError, "mean", 1),
        ((1.0, {"a": "x"}), TypeError, "mean", None),
        ((1.0, pd.DataFrame({"item": ["a", "b", "a"], "v": [1, 2, 3]})), ValueError, "mean", 0),
        ((1.0, pd.DataFrame({"v": [1, 2, 3]})), ValueError, "mean", None),
    ],
)  # fmt: skip
def test_refused(arguments, error, argument, position):
    with pytest.raises(error) as info:
        GaussianPrior(*arguments)
    assert (info.value.argument, info.value.position) == (argument, position)


@pytest.mark.parametrize(
    ("mean", "message"),
    [
        ([1.0, 2.0], "mean: holds 2 values, but there are 3 items"),
        ({"a": 1.0, "c": 1.0}, r"mean\[1\] = 'b': must hold a value for every item"),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, "mean = 'd': must name items of the fit only"),
    ],
)
def test_must_go_with_the_items(mean, message):
    prior = GaussianPrior(1.0, mean=mean)
    with pytest.raises(ValueError, match=message):
        vn.fit_bradley_terry(vn.Comparisons(["a", "b"], ["b", "c"], 1.0), prior=prior)
    g = vn.GroupedComparisons([1, 1], ["a", "b"], ["b", "c"], 1.0)
    if isinstance(mean, dict):
        with pytest.raises(ValueError, match=r"\(1, 'a'\): .*and has none for this"):
            vn.fit_groups(g, prior=prior)
        message = message.replace("'b'", r"\(1, 'b'\)").replace("'d'", r"\(1, 'd'\)")
        prior = GaussianPrior(1.0, mean={(1, label): x for label, x in mean.items()})
    with pytest.raises(ValueError, match=message):
        vn.fit_groups(g, prior=prior)


def test_penalty():
    prior = GaussianPrior({"a": 2.0, "b": 4.0}, mean=1.0)
    assert prior.penalty([0.0, 3.0], ["a", "b"]) == 0.5 * (2.0 + 16.0)
    assert GaussianPrior(3.0).penalty([1.0, 2.0]) == 7.5


# ---- native equals reference ---------------------------------------------------------------------


@models
@pytest.mark.parametrize("order_effect", [False, True])
def test_twin(model, order_effect):
    c, prior = season(), uneven(12)
    fit = FITS[model](c, prior=prior, order_effect=order_effect)
    twin = reference.fit(c, model, prior=prior, order_effect=order_effect)
    np.testing.assert_allclose(fit.theta, twin.theta, atol=1e-8)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(twin.log_likelihood, rel=1e-9)
    rest = [x for x in (fit.order_effect, fit.tie) if x is not None]
    np.testing.assert_allclose(
        rest, [x for x in (twin.order_effect, twin.tie) if x is not None], atol=1e-8
    )
    covariance = reference.covariance(c, model, fit, prior=prior)
    np.testing.assert_allclose(fit.covariance(full=True), covariance, atol=1e-10)
    np.testing.assert_allclose(fit.standard_errors(), np.sqrt(np.diag(covariance)[:12]), rtol=1e-10)
    i, j = np.triu_indices(12, 1)
    spread = np.diag(covariance)[i] + np.diag(covariance)[j] - 2.0 * covariance[i, j]
    np.testing.assert_allclose(fit.difference_errors(i, j) ** 2, spread, rtol=1e-9)
    differences = fit.difference_covariance(i[:9], j[:9])
    np.testing.assert_allclose(np.diag(differences), spread[:9], rtol=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(FITS)), st.booleans())
def test_twin_on_anything(seed, model, order_effect):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 8))
    c = season(n + 1, int(rng.integers(1, 30)), seed, alone=1)
    prior = GaussianPrior(10.0 ** rng.uniform(-3, 3, n + 1), mean=5.0 * rng.normal(size=n + 1))
    try:
        twin = reference.fit(c, model, prior=prior, order_effect=order_effect, tol=1e-12)
    except vn.NotIdentifiedError:
        with pytest.raises(vn.NotIdentifiedError):
            FITS[model](c, prior=prior, order_effect=order_effect)
        return
    fit = FITS[model](c, prior=prior, order_effect=order_effect, tol=1e-11)
    np.testing.assert_allclose(fit.theta, twin.theta, atol=1e-5)
    gamma, tie = fit.order_effect, fit.tie
    assert reference.residual(c, model, fit.theta, gamma, tie, prior=prior) <= 1.1e-11


@models
@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_grouped_twin(model, order_effect, shared):
    g = leagues()
    prior = uneven(g.n_items)
    options = {"prior": prior, "order_effect": order_effect, "shared": shared}
    gf = vn.fit_groups(g, model=model, **options)
    twin = reference.fit_groups(g, model, **options)
    np.testing.assert_allclose(gf.theta, twin.theta, atol=1e-7)
    np.testing.assert_array_equal(gf.status, twin.status)
    assert gf.status[-1] == "no comparisons"
    np.testing.assert_array_equal(gf.theta[-8:], prior.mean[-8:])
    errors = reference.grouped_errors(g, model, twin, prior=prior)
    here = slice(0, g.offsets[-2])
    np.testing.assert_allclose(gf.standard_errors()[here], errors.theta[here], rtol=1e-6)
    np.testing.assert_allclose(gf.standard_errors()[-8:], prior.precision[-8:] ** -0.5, rtol=1e-12)


@models
def test_derivatives(model):
    """Gradient and Newton matrix against differences of the objective."""
    from venire.ratings.problem import build_problem

    c = season(alone=0)
    own = uneven(12).native(c.items)
    problem = build_problem(c, model, prior=own, order_effect=True)
    x = np.random.default_rng(3).normal(size=problem.n_parameters) + 1.5
    step = 1e-5 * np.eye(len(x))
    numeric = [(problem.objective(x + s) - problem.objective(x - s)) / 2e-5 for s in step]
    np.testing.assert_allclose(problem.derivatives(x), numeric, atol=1e-5)
    inverse = np.array([problem.solve(row, 1e-14, 1e-14)[0] for row in np.eye(len(x))])
    hessian = [(problem.derivatives(x - s) - problem.derivatives(x + s)) / 2e-5 for s in step]
    np.testing.assert_allclose(np.linalg.inv(inverse), hessian, rtol=2e-4, atol=1e-4)


# ---- laws ----------------------------------------------------------------------------------------


@models
def test_equal_values_are_one_number(model):
    c = season()
    one = FITS[model](c, prior=GaussianPrior(0.3, mean=1.5))
    plain = FITS[model](c, prior=GaussianPrior(0.3))
    array = FITS[model](c, prior=GaussianPrior(np.full(12, 0.3), mean=np.full(12, 1.5)))
    nearly = np.full(12, 0.3)
    nearly[0] *= 1.0 + 1e-12
    close = FITS[model](c, prior=GaussianPrior(nearly, mean=1.5))
    np.testing.assert_array_equal(array.theta, one.theta)
    np.testing.assert_allclose(one.theta, plain.theta + 1.5, atol=1e-8)
    np.testing.assert_allclose(close.theta, one.theta, atol=1e-8)
    np.testing.assert_allclose(one.standard_errors(), plain.standard_errors(), rtol=1e-7)
    pairs = np.arange(5), np.arange(5, 10)
    np.testing.assert_allclose(
        close.difference_errors(*pairs), plain.difference_errors(*pairs), rtol=1e-7
    )


@models
def test_shifted_means_shift_theta(model):
    c, prior = season(), uneven(12)
    fit = FITS[model](c, prior=prior)
    moved = FITS[model](c, prior=GaussianPrior(prior.precision, prior.mean + 40.0))
    np.testing.assert_allclose(moved.theta, fit.theta + 40.0, atol=1e-7)
    np.testing.assert_allclose(moved.standard_errors(), fit.standard_errors(), rtol=1e-7)


@models
def test_weak_and_strong(model):
    c, prior = season(alone=0), uneven(12)
    mle = FITS[model](c)
    weak = FITS[model](c, prior=GaussianPrior(prior.precision * 1e-9, prior.mean))
    level = np.average(prior.mean - mle.theta, weights=prior.precision)
    np.testing.assert_allclose(weak.theta - level, mle.theta, atol=1e-5)
    pairs = np.arange(6), np.arange(6, 12)
    np.testing.assert_allclose(
        weak.difference_errors(*pairs), mle.difference_errors(*pairs), rtol=1e-6
    )
    strong = FITS[model](c, prior=GaussianPrior(prior.precision * 1e9, prior.mean))
    np.testing.assert_allclose(strong.theta, prior.mean, atol=1e-6)
    np.testing.assert_allclose(strong.standard_errors(), (prior.precision * 1e9) ** -0.5, rtol=1e-6)


def test_what_never_met_has_its_prior():
    c, prior = season(alone=3), uneven(12)
    fit = vn.fit_bradley_terry(c, prior=prior)
    np.testing.assert_array_equal(fit.theta[-3:], prior.mean[-3:])
    np.testing.assert_allclose(fit.standard_errors()[-3:], prior.precision[-3:] ** -0.5, rtol=1e-12)
    error = fit.difference_errors(11, 10) ** 2
    np.testing.assert_allclose(error, 1 / prior.precision[-1] + 1 / prior.precision[-2])
    d = prior.mean[11] - fit.theta[0]
    assert fit.predict(11, 0) == pytest.approx(1.0 / (1.0 + np.exp(-d)))


@pytest.mark.parametrize("errors", ["fisher", "robust"])
def test_sampled_errors(errors):
    fit = vn.fit_bradley_terry(season(60, 900), prior=uneven(60))
    exact = fit.standard_errors(errors)
    sampled = fit.standard_errors(errors, method="sampled", n_samples=1500)
    np.testing.assert_allclose(sampled, exact, rtol=0.1)


@models
@pytest.mark.parametrize("order_effect", [False, True])
def test_group_is_a_single_fit(model, order_effect):
    g = leagues()
    rng = np.random.default_rng(5)
    labels = list(
        zip(np.repeat(g.groups, np.diff(g.offsets)).tolist(), g.items.tolist(), strict=False)
    )
    mean = dict(zip(labels, rng.normal(size=len(labels)).tolist(), strict=True))
    mean |= {(2, k): 0.7 for k in range(8)}  # a group in which all have one prior
    gf = vn.fit_groups(g, model=model, prior=GaussianPrior(0.4, mean), order_effect=order_effect)
    for k in (0, 2, 5):
        c = g[int(g.groups[k])]
        own = GaussianPrior(0.4, {i: mean[int(g.groups[k]), i] for i in c.items.tolist()})
        fit = FITS[model](c, prior=own, order_effect=order_effect)
        at = slice(g.offsets[k], g.offsets[k + 1])
        np.testing.assert_allclose(gf.theta[at], fit.theta, atol=1e-8)
        np.testing.assert_allclose(gf.standard_errors()[at], fit.standard_errors(), rtol=1e-7)
        again = gf[int(g.groups[k])]
        np.testing.assert_allclose(again.standard_errors(), fit.standard_errors(), rtol=1e-7)


RANGE = [1e-30, 1e-12, 1e-6, 1.0, 1e6, 1e12, 1e30]


@pytest.mark.parametrize("low", RANGE)
@pytest.mark.parametrize("high", RANGE)
def test_any_precision(low, high):
    """Fits converge, and errors are numbers, wherever precisions are, and however far apart."""
    c = season(alone=1)
    precision = np.where(np.arange(12) % 2, low, high)
    prior = GaussianPrior(precision, mean=np.linspace(-3.0, 3.0, 12))
    fit = vn.fit_bradley_terry(c, prior=prior)
    assert fit.converged
    assert np.isfinite(fit.theta).all()
    assert reference.residual(c, "bradley-terry", fit.theta, prior=prior) <= 1e-9
    errors = fit.standard_errors()
    assert (errors > 0.0).all()
    assert np.isfinite(errors).all()
    assert errors[-1] == pytest.approx(precision[-1] ** -0.5)
    i, j = fit.comparisons.first, fit.comparisons.second
    grouped = vn.GroupedComparisons.from_counts(
        np.zeros(len(i), int), i, j, c.win, c.loss, c.tie,
        items=(np.zeros(12, int), np.arange(12)),
    )  # fmt: skip
    gf = vn.fit_groups(grouped, prior=prior)
    assert gf.status[0] == "converged"
    np.testing.assert_allclose(gf.theta, fit.theta, atol=1e-6 * max(1.0, np.abs(fit.theta).max()))
    np.testing.assert_allclose(gf.standard_errors(), errors, rtol=1e-5)


@pytest.mark.parametrize("size", [300.0, 1000.0])
def test_far_means(size):
    rng = np.random.default_rng(2)
    c = season(alone=0)
    for scale in (1e-6, 1.0, 1e6):
        prior = GaussianPrior(scale * np.exp(rng.normal(size=12)), rng.uniform(-size, size, 12))
        fit = vn.fit_bradley_terry(c, prior=prior)
        assert fit.converged
        assert reference.residual(c, "bradley-terry", fit.theta, prior=prior) <= 1e-9


def test_large_graphs():
    """The preconditioners with a diagonal that varies."""
    rng = np.random.default_rng(4)
    n = 30_000
    chain = np.arange(n - 1)
    i = np.concatenate([chain, rng.integers(0, n, n // 10)])
    j = np.concatenate([chain + 1, (i[n - 1 :] + rng.integers(1, n, n // 10)) % n])
    c = vn.Comparisons.from_counts(i, j, rng.uniform(0.5, 2, len(i)), rng.uniform(0.5, 2, len(i)))
    prior = GaussianPrior(10.0 ** rng.uniform(-4, 2, n), mean=rng.normal(size=n))
    fit = vn.fit_bradley_terry(c, prior=prior, n_threads=1)
    assert fit.converged
    np.testing.assert_array_equal(
        fit.theta, vn.fit_bradley_terry(c, prior=prior, n_threads=2).theta
    )
    d = fit.theta[c.first] - fit.theta[c.second]
    slope = c.win - (c.win + c.loss) / (1.0 + np.exp(-d))
    gradient = np.bincount(c.first, slope, n) - np.bincount(c.second, slope, n)
    gradient -= prior.precision * (fit.theta - prior.mean)
    mass = np.bincount(c.first, c.win + c.loss, n) + np.bincount(c.second, c.win + c.loss, n)
    assert np.max(np.abs(gradient) / (mass + prior.precision)) <= 1e-9
    few = np.array([0, 100, 20_000])
    assert np.isfinite(fit.covariance(items=few)).all()


# ---- replicates ----------------------------------------------------------------------------------


@models
@pytest.mark.parametrize("kind", ["multinomial", "poisson", "bayesian"])
@pytest.mark.parametrize("mean", [1.5, None])
def test_replicates_are_refits(model, kind, mean):
    c = season(8, 200)
    prior = uneven(8) if mean is None else GaussianPrior(0.5, mean)
    fit = FITS[model](c, prior=prior)
    b = vn.bootstrap(fit, 24, scheme=kind, rng=3, tol=1e-9)
    engine = b._engine()
    assert engine.inverse is not None
    for r in range(6):
        masses = engine.cells.masses(engine.draws.replicate(r))
        drawn = vn.Comparisons.from_counts(
            engine.cells.first, engine.cells.second, *masses, items=np.arange(8)
        )
        again = FITS[model](drawn, prior=prior)
        np.testing.assert_allclose(b.theta[r], again.theta, atol=1e-6)
        np.testing.assert_allclose(engine.singles.fit([r])[0].x[:8], again.theta, atol=1e-6)


def test_order_effect_replicates():
    c, prior = season(8, 200), uneven(8)
    fit = vn.fit_bradley_terry(c, prior=prior, order_effect=True)
    b = vn.bootstrap(fit, 20, rng=1, tol=1e-9)
    cells = b._engine().cells
    for r in range(4):
        masses = cells.masses(b._engine().draws.replicate(r))
        drawn = vn.Comparisons.from_counts(
            cells.first, cells.second, *masses, order=cells.order, items=np.arange(8)
        )
        again = vn.fit_bradley_terry(drawn, prior=prior, order_effect=True)
        np.testing.assert_allclose(b.theta[r], again.theta, atol=1e-6)
    np.testing.assert_array_equal(b.theta[:, 6:], np.tile(prior.mean[6:], (20, 1)))


@pytest.mark.parametrize("model", ["bradley-terry", "davidson"])
def test_intervals(model, tmp_path):
    c, prior = season(8, 300, alone=0), uneven(8)
    b = vn.bootstrap(FITS[model](c, prior=prior), 300, rng=1)
    from venire.resampling import _precision

    here, engine = np.arange(8), b._engine()
    solving = copy.copy(engine)
    solving.inverse = None
    exact = _precision.full_errors(engine, here)
    np.testing.assert_allclose(exact, b.fit.standard_errors(), rtol=1e-9)
    np.testing.assert_allclose(exact, _precision.full_errors(solving, here), rtol=1e-4)
    errors = [_precision.replicate_errors(b, x, here) for x in (engine, solving)]
    np.testing.assert_allclose(errors[0], errors[1], rtol=1e-4)
    accelerations = [_precision.accelerations(x, here) for x in (engine, solving)]
    np.testing.assert_allclose(accelerations[0], accelerations[1], atol=1e-5)
    b.save(tmp_path / "b.npz")
    again = vn.resampling.Bootstrap.load(tmp_path / "b.npz")
    assert again.fit.prior == prior
    np.testing.assert_array_equal(again.theta, b.theta)
    np.testing.assert_array_equal(again.fit.standard_errors(), b.fit.standard_errors())


@models
@pytest.mark.parametrize("kind", ["multinomial", "bayesian"])
def test_grouped_replicates(model, kind, tmp_path):
    g = leagues()
    labels = list(
        zip(np.repeat(g.groups, np.diff(g.offsets)).tolist(), g.items.tolist(), strict=False)
    )
    mean = dict(
        zip(labels, np.random.default_rng(5).normal(size=len(labels)).tolist(), strict=False)
    )
    mean |= {(2, k): 0.7 for k in range(8)}
    prior = GaussianPrior(0.4, mean)
    gf = vn.fit_groups(g, model=model, prior=prior, tol=1e-10)
    b = vn.bootstrap(gf, 12, scheme=kind, rng=4, tol=1e-10, keep="draws")
    for label in (0, 2, 5):
        single = b[label]
        rows = b._engine().single(label).run(0, 12).x[:, :8]
        np.testing.assert_allclose(single.theta, rows, atol=1e-6)
        np.testing.assert_allclose(single.theta[:, 6:], np.tile(gf[label].theta[6:], (12, 1)))
    b.save(tmp_path / "b.npz")
    again = vn.resampling.GroupedBootstrap.load(tmp_path / "b.npz")
    assert again.fit.prior == prior
    np.testing.assert_array_equal(again.standard_errors(), b.standard_errors())


def test_damaged_prior_is_refused(tmp_path):
    b = vn.bootstrap(vn.fit_bradley_terry(season(8, 60), prior=uneven(8)), 4, rng=1)
    b.save(tmp_path / "b.npz")
    with np.load(tmp_path / "b.npz", allow_pickle=False) as file:
        arrays = dict(file)
    name = next(key for key, x in arrays.items() if x.dtype.kind == "U" and "precision" in str(x))
    facts = json.loads(str(arrays[name]))
    facts["prior"]["precision"] = facts["prior"]["precision"][:-1]
    arrays[name] = np.array(json.dumps(facts))
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(ValueError, match="prior"):
        vn.resampling.Bootstrap.load(tmp_path / "bad.npz")


# ---- elsewhere -----------------------------------------------------------------------------------


def test_summary_says_it():
    fit = vn.fit_bradley_terry(season(), prior=uneven(12))
    text = str(fit.summary())
    assert "normal prior of precision by item" in text
    assert "origin that of the prior's means" in text
    assert "mean 2 in each component" in str(
        vn.fit_bradley_terry(season(), prior=GaussianPrior(1.0, 2.0)).summary()
    )


@pytest.mark.filterwarnings("ignore:bridges link")
def test_calibration():
    """Means of the groups' priors shift ratings; biases take the shift back."""
    g = leagues(n_groups=4)
    rng = np.random.default_rng(0)
    lead, other = rng.integers(0, 3, 400), np.full(400, 3)
    i, j = rng.integers(0, 6, (2, 400))
    score = rng.integers(0, 2, 400).astype(float)
    shift = np.repeat([0.0, 1.0, -2.0, 0.5, 0.0], 8)
    found = []
    for mean in (np.zeros(g.n_items), shift):
        prior = GaussianPrior(np.full(g.n_items, 0.2), mean)
        gf = vn.fit_groups(g, prior=prior)
        found.append(vn.calibrate(gf, lead, i, other, j, score, variance=1e6))
    ratings = [x.theta - x.theta[:32].mean() for x in found]
    np.testing.assert_allclose(ratings[0][:32], ratings[1][:32], atol=1e-2)


def test_targets_and_settings():
    """Votes are fitted under means of each item; a loop keeps such a prior in its state."""
    from venire.distillation import Settings

    rng = np.random.default_rng(6)
    teacher, first = rng.integers(0, 3, 300), rng.integers(0, 6, 300)
    second = (first + rng.integers(1, 6, 300)) % 6
    group = rng.integers(0, 4, 300)
    votes = vn.Votes(first, second, teacher, rng.choice([-1.0, 1.0], 300), group=group)
    mean = {(int(g), int(i)): float(rng.normal()) for g in range(4) for i in range(6)}
    prior = GaussianPrior(1e6, mean)
    fit = vn.fit_votes(votes, prior=prior).fit
    here = [mean[label] for label in names_of(fit)]
    np.testing.assert_allclose(fit.theta, here, atol=1e-3)
    kept = Settings(["ann"], prior=prior)
    assert Settings.of_plain(json.loads(json.dumps(kept.plain()))).prior == prior


def test_files(tmp_path):
    """Fits of files look labels up batch by batch; arrays have no order to go by there."""
    g = leagues(n_groups=3)
    rows = {
        "group": np.repeat(g.groups, np.diff(g.cell_offsets)), "a": g.first, "b": g.second,
        "win": g.win, "loss": g.loss, "tie": g.tie,
    }  # fmt: skip
    pl.DataFrame(rows).write_parquet(tmp_path / "in.parquet")
    mean = dict(zip(names_of(g), np.linspace(-2.0, 2.0, g.n_items).tolist(), strict=True))
    prior = GaussianPrior(0.5, mean)
    columns = vn.Columns(group="group", first="a", second="b", win="win", loss="loss", tie="tie")
    vn.batch.fit_files(tmp_path / "in.parquet", tmp_path / "out.parquet", columns, prior=prior)
    found = pl.read_parquet(tmp_path / "out.parquet")
    gf = vn.fit_groups(g, prior=prior)
    theta = dict(zip(names_of(gf), gf.theta.tolist(), strict=True))
    labels = zip(found["group"].to_list(), found["item"].to_list(), strict=True)
    np.testing.assert_allclose(found["theta"], [theta[label] for label in labels], atol=1e-8)
    with pytest.raises(ValueError, match="prior: holds an array"):
        vn.batch.fit_files(
            tmp_path / "in.parquet", tmp_path / "no.parquet", columns, prior=GaussianPrior([1, 2])
        )
