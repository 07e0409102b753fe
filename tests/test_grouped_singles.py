"""Every group's numbers are those of the single fit, whatever stands beside it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import venire as vn
from venire import reference, simulate
from venire.ratings import ParameterErrors

FIT = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}
MODELS = list(FIT)
PRIORS = {"mle": None, "prior": vn.GaussianPrior(0.01)}
KINDS = ("round-robin", "chain", "star", "grid", "ladder", "power-law")


def regular(n, degree, rng):
    """Random cycles through all items, degree / 2 of them."""
    cycles = [rng.permutation(n) for _ in range(degree // 2)]
    return np.concatenate(cycles), np.concatenate([np.roll(c, -1) for c in cycles])


def batch(graphs, rng, *, soft, decades=0.0, ties=0.0):
    """Rows of groups with the given graphs: soft votes as of a noisy judge, or hard ones."""
    columns = []
    for k, (first, second) in enumerate(graphs):
        n = int(max(first.max(), second.max())) + 1
        theta = rng.normal(size=n)
        d = theta[first] - theta[second]
        if soft:
            score = 1.0 / (1.0 + np.exp(-d - rng.normal(0.0, 0.5, len(d))))
        else:
            score = (rng.random(len(d)) < 1.0 / (1.0 + np.exp(-d))).astype(float)
        score[rng.random(len(d)) < ties] = 0.5
        weight = 10.0 ** rng.uniform(-decades / 2.0, decades / 2.0, len(d))
        columns.append((np.full(len(d), k), first, second, score, weight))
    return [np.concatenate(c) for c in zip(*columns, strict=True)]


def degrees(rng, largest=1_000):
    """10 to 1,000 items, 4 to 32 partners each."""
    sizes = [n for n in (10, 30, 100, 300, 1_000) if n <= largest]
    return [regular(n, degree, rng) for n in sizes for degree in (4, 8, 16, 32) if degree < 2 * n]


def shapes(rng, sizes=(10, 100, 300)):
    graphs = [simulate.graph(kind, n, rng=rng) for kind in KINDS for n in sizes]
    return [*graphs, simulate.graph("two-cliques", 50, rng=rng)]


def own(gf, values, k):
    return values[gf.offsets[k] : gf.offsets[k + 1]]


def singles(gf, **kwargs):
    """(k, single fit) of every group that has a fit."""
    for k in np.flatnonzero(np.isfinite(gf.residual)):
        c = gf.comparisons[gf.groups[k]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
            yield k, FIT[gf.model](c, prior=gf.prior, **kwargs)


def assert_equal_to_singles(gf, atol, **kwargs):
    n_seen = 0
    for k, single in singles(gf, **kwargs):
        assert gf.status[k] == "converged", (k, gf.status[k])
        np.testing.assert_allclose(own(gf, gf.theta, k), single.theta, rtol=0.0, atol=atol)
        n_seen += 1
    return n_seen


@pytest.mark.parametrize("prior", list(PRIORS))
@pytest.mark.parametrize("soft", [True, False], ids=["soft", "hard"])
@pytest.mark.parametrize("model", ["bradley-terry", "thurstone"])
def test_theta_for_every_degree(model, soft, prior):
    """To 1e-7 at the default tolerance, to 1e-10 at 1e-12."""
    rng = np.random.default_rng(1)
    g = vn.GroupedComparisons(*batch(degrees(rng), rng, soft=soft))
    for tol, atol in ((1e-9, 1e-7), (1e-12, 1e-10)):
        gf = vn.fit_groups(g, model=model, prior=PRIORS[prior], tol=tol)
        n_seen = assert_equal_to_singles(gf, atol, tol=1e-12)
        assert n_seen == g.n_groups or (prior == "mle" and not soft and n_seen > 5)


@pytest.mark.parametrize("decades", [0.0, 3.0])
@pytest.mark.parametrize("prior", list(PRIORS))
@pytest.mark.parametrize("model", ["bradley-terry", "thurstone"])
def test_theta_for_every_shape(model, prior, decades):
    rng = np.random.default_rng(2)
    g = vn.GroupedComparisons(*batch(shapes(rng), rng, soft=True, decades=decades))
    for tol, atol in ((1e-9, 1e-7), (1e-12, 1e-10)):
        gf = vn.fit_groups(g, model=model, prior=PRIORS[prior], tol=tol)
        assert assert_equal_to_singles(gf, atol, tol=1e-13) == g.n_groups


@pytest.mark.parametrize("model", ["davidson", "rao-kupper"])
def test_theta_with_ties_and_an_order_effect(model):
    rng = np.random.default_rng(3)
    g = vn.GroupedComparisons(*batch(degrees(rng, 100), rng, soft=False, ties=0.3))
    for tol, atol in ((1e-9, 1e-7), (1e-12, 1e-10)):
        gf = vn.fit_groups(g, model=model, order_effect=True, tol=tol)
        for k, single in singles(gf, order_effect=True, tol=1e-13):
            np.testing.assert_allclose(own(gf, gf.theta, k), single.theta, rtol=0.0, atol=atol)
            assert gf.order_effect[k] == pytest.approx(single.order_effect, abs=atol)
            assert gf.tie[k] == pytest.approx(single.tie, rel=10 * atol)


@pytest.mark.parametrize("prior", list(PRIORS))
@pytest.mark.parametrize("model", MODELS)
def test_errors_and_likelihood(model, prior):
    """Errors of theta, order effect and tie parameter; groups below and above 512 items."""
    rng = np.random.default_rng(4)
    graphs = [*shapes(rng, (10, 60)), *degrees(rng, 100), regular(700, 6, rng)]
    g = vn.GroupedComparisons(*batch(graphs, rng, soft=False, ties=0.25))
    gf = vn.fit_groups(g, model=model, prior=PRIORS[prior], order_effect=True, tol=1e-11)
    n_seen = 0
    for k, single in singles(gf, order_effect=True, tol=1e-12):
        errors, expected = gf.parameter_errors(), single.parameter_errors()
        np.testing.assert_allclose(
            own(gf, gf.standard_errors(), k), single.standard_errors(), rtol=1e-6
        )
        assert errors.order_effect[k] == pytest.approx(expected.order_effect, rel=1e-6)
        if gf.tie is not None:
            assert errors.tie[k] == pytest.approx(expected.tie, rel=1e-6)
        assert gf.log_likelihood[k] == pytest.approx(single.log_likelihood, rel=1e-10)
        n_seen += 1
    assert n_seen > 10
    assert isinstance(gf.parameter_errors(), ParameterErrors)


@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
def test_errors_of_a_group_over_512_items(shared):
    """With shared parameters, a large group's errors know that they come from all groups."""
    rng = np.random.default_rng(5)
    graphs = [regular(n, 6, rng) for n in (550, 40, 40)]
    data = batch(graphs, rng, soft=False, ties=0.2)
    gf = vn.fit_groups(
        vn.GroupedComparisons(*data), model="davidson", order_effect=True, shared=shared
    )
    cells = reference.aggregate_groups(*data)
    tie, gamma = gf.tie, gf.order_effect
    union = None
    if shared:
        twin = reference.fit_groups(
            cells, "davidson", prior=gf.prior, order_effect=True, shared=True, max_iter=0, tol=0.5
        )
        union = twin.union
    found = reference.ReferenceGroupedFit(
        gf.theta, gamma, tie, gf.status, gf.log_likelihood, gf.residual, gf.n_components, union
    )
    errors = reference.grouped_errors(cells, "davidson", found, prior=gf.prior)
    np.testing.assert_allclose(gf.standard_errors(), errors.theta, rtol=1e-6)
    np.testing.assert_allclose(gf.parameter_errors().tie, errors.tie, rtol=1e-6)


def test_a_large_group_among_thousands_of_tiny_ones():
    """100,000 items in one group; the tiny ones do not notice."""
    rng = np.random.default_rng(6)
    tiny = batch([regular(4, 2, rng) for _ in range(3_000)], rng, soft=True)
    large = batch([regular(100_000, 4, rng)], rng, soft=True)
    large[0] = large[0] + 1_500.5
    tiny[0], large[0] = 2 * tiny[0], (2 * large[0]).astype(int)  # it comes in the middle
    g = vn.GroupedComparisons(*(np.concatenate(x) for x in zip(large, tiny, strict=True)))
    k = int(np.argmax(np.diff(g.offsets)))
    assert (g.n_groups, k, g.offsets[k + 1] - g.offsets[k]) == (3_001, 1_501, 100_000)
    gf = vn.fit_groups(g)
    assert gf.converged.all()
    single = vn.fit_bradley_terry(g[g.groups[k]], prior=gf.prior)
    np.testing.assert_allclose(own(gf, gf.theta, k), single.theta, atol=1e-7)
    alone = vn.fit_groups(vn.GroupedComparisons(*tiny))
    rest = np.delete(gf.theta, np.arange(g.offsets[k], g.offsets[k + 1]))
    np.testing.assert_array_equal(rest, alone.theta)


@pytest.mark.parametrize("model", MODELS)
def test_a_group_as_a_single_fit(model):
    """`group` gives the single fit itself, with all that it offers."""
    rng = np.random.default_rng(7)
    data = batch([regular(n, 6, rng) for n in (8, 20)], rng, soft=False, ties=0.2)
    g = vn.GroupedComparisons(*data)
    gf = vn.fit_groups(g, model=model, order_effect=True)
    for k in range(2):
        single = FIT[model](g[k], prior=gf.prior, order_effect=True)
        fit = gf[k]
        assert isinstance(fit, vn.Fit)
        assert (fit.model, fit.converged, fit.n_comparisons) == (model, True, single.n_comparisons)
        np.testing.assert_array_equal(fit.items, single.items)
        np.testing.assert_allclose(fit.theta, single.theta, atol=1e-7)
        np.testing.assert_allclose(fit.standard_errors(), single.standard_errors(), rtol=1e-6)
        np.testing.assert_allclose(fit.interval(), single.interval(), atol=1e-5)
        np.testing.assert_allclose(fit.predict(0, 1), single.predict(0, 1), atol=1e-7)
        assert fit.log_likelihood == pytest.approx(single.log_likelihood, rel=1e-10)
