"""The grouped fits against their twin on generated batches, and against single fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import venire as vn
from venire import reference, simulate

FIT = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}
MODELS = list(FIT)
PRIORS = {"mle": None, "prior": vn.GaussianPrior(0.3)}
SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LABELS = {
    "int32": np.array([3, 0, 2, 9, 1, 8, 4, 7], np.int32),
    "int64": np.array([2**62, -5, 7, -(2**62), 0, 12, 2**40, -1]),
    "text": np.array(["d", "b", "a", "z", "c", "y", "x", "w"], object),
}


@st.composite
def batches(draw):
    """Ragged groups: empty ones, single items, a few stray rows, seasons that nearly always have a
    fit; soft, hard and tied scores, weights of zero, rows of all groups mixed."""
    parts, named = [], [(0, 0)]
    for k in range(draw(st.integers(2, 5))):
        kind = draw(st.sampled_from(["season"] * 3 + ["stray", "single", "empty"]))
        if kind == "season":
            n = draw(st.integers(2, 7))
            games = simulate.comparisons(
                n, draw(st.integers(12, 30)) * n, model="davidson", order_effect=0.3, neutral=0.3,
                theta=np.linspace(-0.6, 0.6, n), rng=draw(st.integers(0, 2**32 - 1)),
            )  # fmt: skip
            score = games.score.copy()
            score[:: draw(st.integers(2, 9))] = draw(st.sampled_from([0.1, 0.5, 0.8]))
            parts.append((k, games.first, games.second, score, games.order))
        elif kind == "stray":
            n_rows = draw(st.integers(1, 6))
            rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
            i = rng.integers(0, 5, n_rows)
            j = (i + rng.integers(1, 5, n_rows)) % 5
            score = rng.choice([0.0, 1.0, 0.5, 0.7], n_rows)
            parts.append((k, i, j, score, rng.integers(-1, 2, n_rows)))
        named += [(k, draw(st.integers(0, 7)))] * (kind != "empty")
    columns = [
        np.concatenate([np.broadcast_to(p[c], len(p[1])) for p in parts] or [np.empty(0, np.int64)])
        for c in range(5)
    ]
    shuffle = np.random.default_rng(draw(st.integers(0, 99))).permutation(len(columns[0]))
    group, i, j, score, order = (x[shuffle] for x in columns)
    groups, items = (LABELS[draw(st.sampled_from(list(LABELS)))] for _ in range(2))
    at = np.array(named)
    return {
        "group": groups[group.astype(int)],
        "first": items[i.astype(int)],
        "second": items[j.astype(int)],
        "score": score.astype(np.float64),
        "weight": np.tile([1.0, 0.0, 0.5, 3.0, 1.0], len(score) + 1)[: len(score)],
        "order": order.astype(np.int8),
        "groups": groups[draw(st.permutations(range(5)))],
        "items": (groups[at[:, 0]], items[at[:, 1]]),
    }


def native(data):
    return vn.GroupedComparisons(**data, n_threads=1)


def assert_close(found, expected, what, atol):
    if expected is None:
        assert found is None, what
        return
    assert np.shape(found) == np.shape(expected), what
    np.testing.assert_allclose(found, expected, atol=atol, rtol=atol, err_msg=what)


def compare(model, prior, order_effect, shared, data, atol=1e-6):
    """Native against the twin; returns the statuses, or None where both refuse."""
    g, twin_g = native(data), reference.aggregate_groups(**data)
    options = {"prior": prior, "order_effect": order_effect, "shared": shared}
    try:
        twin = reference.fit_groups(twin_g, model, tol=1e-12, **options)
    except vn.NotIdentifiedError:
        with pytest.raises(vn.NotIdentifiedError):
            vn.fit_groups(g, model=model, **options)
        return None
    gf = vn.fit_groups(g, model=model, tol=1e-11, n_threads=1, **options)
    assert gf.status.tolist() == twin.status.tolist()
    assert gf.n_components.tolist() == twin.n_components.tolist()
    known = np.isfinite(twin.residual)
    assert np.isfinite(gf.residual).tolist() == known.tolist()
    assert (gf.residual[known] <= 1e-11).all()
    assert_close(gf.theta, twin.theta, "theta", atol)
    assert_close(gf.order_effect, twin.order_effect, "order_effect", atol)
    assert_close(gf.tie, twin.tie, "tie", atol)
    assert_close(gf.log_likelihood, twin.log_likelihood, "log_likelihood", 1e-8)
    errors = reference.grouped_errors(twin_g, model, twin, prior=prior)
    own = gf.parameter_errors()
    assert_close(gf.standard_errors(), errors.theta, "standard_errors", 10 * atol)
    assert_close(own.order_effect, errors.order_effect, "error of the order effect", 10 * atol)
    assert_close(own.tie, errors.tie, "error of the tie parameter", 10 * atol)
    return gf.status.tolist()


@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
@pytest.mark.parametrize("order_effect", [False, True], ids=["plain", "order"])
@pytest.mark.parametrize("prior", list(PRIORS))
@pytest.mark.parametrize("model", MODELS)
def test_native_equals_reference(model, prior, order_effect, shared):
    seen = []

    @settings(SETTINGS, max_examples=15)
    @given(batches())
    def check(data):
        seen.extend(compare(model, PRIORS[prior], order_effect, shared, data) or ["refused"])

    check()
    assert seen.count("converged") > 1


@pytest.mark.parametrize("model", ["davidson", "rao-kupper"])
def test_ties_only_in_a_group_without_a_fit(model):
    """The shared tie parameter is on its boundary where no group that counts has a tie."""
    data = {
        "group": [1, 1, 2, 2, 2],
        "first": [0, 1, 0, 0, 1],
        "second": [1, 0, 1, 2, 2],
        "score": [1.0, 1.0, 1.0, 1.0, 0.5],
    }
    assert compare(model, None, False, True, data) == ["converged", "not identified"]


def test_shared_parameters_that_nothing_determines():
    one_sided = vn.GroupedComparisons([1, 1, 2], [0, 1, 5], [1, 0, 6], 1.0)  # `first` always wins
    for prior in PRIORS.values():
        with pytest.raises(vn.NotIdentifiedError, match="order_effect"):
            vn.fit_groups(one_sided, prior=prior, order_effect=True, shared=True)
    only_ties = vn.GroupedComparisons([1, 2], [0, 5], [1, 6], 0.5)
    for model in ("davidson", "rao-kupper"):
        with pytest.raises(vn.NotIdentifiedError, match="tie"):
            vn.fit_groups(only_ties, model=model, shared=True)
    nothing = vn.GroupedComparisons([1, 2], [0, 5], [1, 6], 1.0)
    with pytest.raises(vn.NotIdentifiedError, match="no group has a fit"):
        vn.fit_groups(nothing, prior=None, order_effect=True, shared=True)


@pytest.mark.parametrize("model", MODELS)
def test_shared_parameters_of_many_groups(model):
    """What no group tells alone: four games each."""
    rng = np.random.default_rng(3)
    group, n = np.repeat(np.arange(400), 4), 1_600
    first = rng.integers(0, 3, n)
    second = (first + rng.integers(1, 3, n)) % 3
    theta = rng.normal(0.0, 0.7, (400, 3))
    d = np.stack([theta[group, first], theta[group, second]])
    score = simulate.outcomes(
        np.arange(n), n + np.arange(n), d.ravel(), model="davidson", order_effect=0.5, tie=0.6,
        rng=rng,
    )  # fmt: skip
    data = {"group": group, "first": first, "second": second, "score": score}
    options = {"prior": vn.GaussianPrior(2.0), "order_effect": True, "shared": True}
    gf = vn.fit_groups(vn.GroupedComparisons(**data), model=model, tol=1e-11, **options)
    twin = reference.fit_groups(reference.aggregate_groups(**data), model, tol=1e-12, **options)
    np.testing.assert_allclose(gf.theta, twin.theta, atol=1e-8)
    assert gf.order_effect == pytest.approx(twin.order_effect, abs=1e-8)
    error = gf.parameter_errors()
    assert 0.01 < error.order_effect < 0.2
    if gf.tie is not None:
        assert gf.tie == pytest.approx(twin.tie, abs=1e-8)
        assert 0.0 < error.tie < 0.3
    # the joint slopes vanish as well as those of the groups
    args = (gf.theta[twin.union.items], gf.order_effect, gf.tie)
    assert reference.residual(twin.union, model, *args, prior=options["prior"]) <= 1.1e-11


def test_the_twin_can_fail():
    """A comparison of fits that are not the same is noticed."""
    data = {"group": [1, 1, 1, 1], "first": [0, 1, 2, 0], "second": [1, 2, 0, 1]}
    twin = reference.fit_groups(reference.aggregate_groups(**data, score=[1, 1, 1, 0]))
    gf = vn.fit_groups(vn.GroupedComparisons(**data, score=[1, 1, 1, 0.1]), prior=None)
    assert np.abs(gf.theta - twin.theta).max() > 1e-3
