"""Fits of rankings: the kernel against its twin, laws, existence, errors, published values."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venire._native.rankings import Rankings as Native

import venire as vn
from venire import reference
from venire.ratings import PlackettLuceFit


def as_list(r):
    """Rankings as the reference takes them."""
    out = []
    for k in range(r.n_rankings):
        at = slice(r.offsets[k], r.offsets[k + 1])
        tied = np.zeros(r.offsets[k + 1] - r.offsets[k], bool) if r.tied is None else r.tied[at]
        out.append((r.item[at].tolist(), int(r.ranked[k]), tied.tolist()))
    return out


def simulated(n_items=8, n=60, m=5, seed=0, sd=1.0, ties=0.0, top=0.0, weights=False, **options):
    """Rankings of random sets, some of them with ties, some of the best few only."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0.0, sd, n_items)
    rows, sets = [], []
    for _ in range(n):
        size = int(rng.integers(2, m + 1)) if m > 2 else 2
        chosen = rng.choice(n_items, min(size, n_items), replace=False)
        order = chosen[np.argsort(-(theta[chosen] + rng.gumbel(size=len(chosen))))].tolist()
        keep = int(rng.integers(1, len(order) + 1)) if rng.random() < top else len(order)
        row = []
        for item in order[:keep]:
            if row and rng.random() < ties:
                row[-1] = [*(row[-1] if isinstance(row[-1], list) else [row[-1]]), item]
            else:
                row.append(item)
        rows.append(row)
        sets.append(order)
    weight = rng.integers(1, 4, n) * 0.5 if weights else None
    return vn.Rankings(
        rows, weight, among=sets if top else None, items=np.arange(n_items), **options
    )


def native(r, n_threads=1):
    tied = None if r.tied is None else r.tied.view(np.uint8)
    return Native(r.n_items, r.offsets, r.item, r.ranked, tied, r.weight, n_threads=n_threads)


CASES = {
    "full": {},
    "ties": {"ties": 0.3},
    "top": {"top": 0.6},
    "all": {"ties": 0.3, "top": 0.5, "weights": True},
    "pairs": {"m": 2},
    "long": {"n_items": 90, "m": 90, "n": 12},
    "few of all": {"n_items": 7, "m": 7, "n": 300, "top": 0.9, "ties": 0.2, "weights": True},
    "lanes": {"n_items": 12, "m": 3, "n": 400, "top": 0.3},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("spread", [1.0, 200.0, 4000.0])
def test_native_equals_reference(case, spread):
    r = simulated(**CASES[case], seed=3)
    theta = spread * np.random.default_rng(1).normal(size=r.n_items)
    own = native(r)
    slopes, information = reference.rankings_derivatives(theta, as_list(r), r.weight)
    value = reference.rankings_log_likelihood(theta, as_list(r), r.weight)
    assert own.log_likelihood(theta) == pytest.approx(value, rel=1e-12, abs=1e-12)
    pull, diagonal = own.pull(theta, True)
    assert np.array_equal(pull, own.pull(theta))
    size = 1e-13 * np.maximum(own.mass, 1.0) * r.n_items
    assert (np.abs(own.chosen - pull - slopes) <= size).all()
    assert (np.abs(diagonal - np.diagonal(information)) <= size).all()
    ptr, hi = own.pairs()
    first = np.repeat(np.arange(r.n_items), np.diff(ptr))
    assert (hi > first).all()
    np.testing.assert_allclose(
        own.curvature(theta), -information[first, hi], rtol=1e-10, atol=1e-13
    )
    left = information.copy()
    left[first, hi] = left[hi, first] = 0.0
    assert np.abs(left - np.diag(np.diagonal(left))).max() <= 1e-13
    weight = np.ones(r.n_rankings) if r.weight is None else r.weight
    scores = own.scores(theta) * weight[r.owner]
    assert (np.abs(np.bincount(r.item, scores, r.n_items) - slopes) <= size).all()


def test_the_best_few_may_be_far_above_all_others():
    """Then what they have of each other is nothing beside what the others have."""
    r = vn.Rankings([[0, 1, 2], [1, 0, 3]] * 9, among="all", items=np.arange(8))
    theta = np.array([20.0, 19.0, 1, 0, 0, -1, 0, 1])
    own = native(r)
    ptr, hi = own.pairs()
    first = np.repeat(np.arange(8), np.diff(ptr))
    information = reference.rankings_derivatives(theta, as_list(r))[1]
    np.testing.assert_allclose(own.curvature(theta), -information[first, hi], rtol=1e-10)


@pytest.mark.parametrize("case", ["all", "lanes", "full"])
def test_derivatives_are_differences(case):
    r, step = simulated(**CASES[case], seed=5), 1e-5
    own, theta = native(r), np.random.default_rng(2).normal(size=r.n_items)
    for k in range(r.n_items):
        up, down = theta.copy(), theta.copy()
        up[k] += step
        down[k] -= step
        slope = (own.log_likelihood(up) - own.log_likelihood(down)) / (2 * step)
        assert slope == pytest.approx((own.chosen - own.pull(theta))[k], abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 7), st.integers(1, 30), st.integers(2, 6), st.integers(0, 10**6),
    st.sampled_from([0.0, 0.4]), st.sampled_from([0.0, 0.7]),
)  # fmt: skip
def test_existence_and_fit_are_those_of_the_reference(n_items, n, m, seed, ties, top):
    r = simulated(n_items, n, m, seed, ties=ties, top=top)
    there = reference.rankings_strongly_connected(n_items, as_list(r))
    weak = native(r).connected()[0]
    if weak.any():
        return
    if not there:
        with pytest.raises(vn.NotIdentifiedError):
            vn.fit_plackett_luce(r)
        fit = vn.fit_plackett_luce(r, prior=vn.GaussianPrior(0.3))
        expected = reference.fit_rankings(n_items, as_list(r), r.weight, precision=0.3)
    else:
        fit = vn.fit_plackett_luce(r)
        expected = reference.fit_rankings(n_items, as_list(r), r.weight)
    assert fit.converged
    np.testing.assert_allclose(fit.theta, expected - expected.mean(), atol=1e-6)


@pytest.mark.parametrize("method", ["auto", "quasi-newton", "newton", "mm"])
@pytest.mark.parametrize("prior", [None, 0.2, "items"])
def test_methods_agree(method, prior):
    r = simulated(ties=0.2, top=0.3, weights=True)
    chosen = {None: None, 0.2: vn.GaussianPrior(0.2, mean=0.5)}.get(prior)
    if prior == "items":
        chosen = vn.GaussianPrior(np.linspace(0.1, 2.0, 8), mean=np.linspace(-1, 1, 8))
    fit = vn.fit_plackett_luce(r, method=method, prior=chosen)
    precision, mean = 0.0, 0.0
    if chosen is not None:
        precision, mean = np.asarray(chosen.precision), np.asarray(chosen.mean)
    expected = reference.fit_rankings(8, as_list(r), r.weight, precision=precision, mean=mean)
    assert fit.converged
    assert fit.residual <= 1e-9
    np.testing.assert_allclose(fit.theta, expected, atol=1e-7)


def test_of_two_items_it_is_bradley_and_terry():
    r = simulated(m=2, n=200, ties=0.3)
    rows = [(ranking[0][0], ranking[0][1], 0.5 if ranking[2][1] else 1.0) for ranking in as_list(r)]
    c = vn.Comparisons(*map(list, zip(*rows, strict=True)))
    one, other = vn.fit_plackett_luce(r), vn.fit_bradley_terry(c)
    np.testing.assert_allclose(one.theta, other.theta, atol=1e-8)
    np.testing.assert_allclose(one.standard_errors(), other.standard_errors(), rtol=1e-8)
    np.testing.assert_allclose(
        one.standard_errors("robust"), other.standard_errors("robust"), rtol=1e-8
    )
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12)


def test_errors_are_those_of_the_reference():
    r = simulated(weights=True, ties=0.2, top=0.3, seed=9)
    fit = vn.fit_plackett_luce(r)
    _, information = reference.rankings_derivatives(fit.theta, as_list(r), r.weight)
    inverse = np.linalg.pinv(information, hermitian=True)
    np.testing.assert_allclose(fit.covariance(), inverse, atol=1e-10)
    scores = np.array([reference.rankings_derivatives(fit.theta, [one])[0] for one in as_list(r)])
    meat = (scores * r.weight[:, None]).T @ scores
    np.testing.assert_allclose(fit.covariance("robust"), inverse @ meat @ inverse, atol=1e-10)
    sampled = fit.standard_errors(method="sampled", n_samples=4000)
    np.testing.assert_allclose(sampled, fit.standard_errors(), rtol=0.1)
    robust = fit.standard_errors("robust", method="sampled", n_samples=4000)
    np.testing.assert_allclose(robust, fit.standard_errors("robust"), rtol=0.1)


def test_clusters_are_summed():
    r = simulated(n=90)
    cluster = np.arange(90) // 3
    rows = [[r.items[i] for i in ranking[0]] for ranking in as_list(r)]
    fit = vn.fit_plackett_luce(vn.Rankings(rows, cluster=cluster))
    scores = np.array([reference.rankings_derivatives(fit.theta, [one])[0] for one in as_list(r)])
    summed = np.array([scores[cluster == k].sum(axis=0) for k in range(30)])
    inverse = fit.covariance()
    expected = inverse @ summed.T @ summed @ inverse
    np.testing.assert_allclose(fit.covariance("robust"), expected, atol=1e-10)


def test_threads_give_the_same_bits():
    rng = np.random.default_rng(4)
    rows = np.argsort(rng.random((20_000, 30)), axis=1)[:, :6]
    r = vn.Rankings(rows)
    fits = [vn.fit_plackett_luce(r, n_threads=k) for k in (1, 2, 5)]
    for fit in fits[1:]:
        assert np.array_equal(fit.theta, fits[0].theta)
        assert np.array_equal(fit.standard_errors(), fits[0].standard_errors())


def test_laws():
    r = simulated(seed=11, ties=0.2)
    fit = vn.fit_plackett_luce(r)
    lists = as_list(r)
    back = np.random.default_rng(0).permutation(len(lists))
    rows = []
    for k in back:
        row = []
        for item, tie in zip(lists[k][0], lists[k][2], strict=True):
            row = [*row[:-1], [*row[-1], item]] if tie else [*row, [item]]
        rows.append(row)
    names = np.array([f"i{k}" for k in range(8)], object)
    again = vn.fit_plackett_luce(
        vn.Rankings([[[names[i] for i in p] for p in row] for row in rows])
    )
    np.testing.assert_allclose(again.theta, fit.theta, atol=1e-9)
    twice = vn.fit_plackett_luce(vn.Rankings([*rows, *rows]))
    weighed = vn.fit_plackett_luce(vn.Rankings(rows, 2.0))
    np.testing.assert_allclose(twice.theta, weighed.theta, atol=1e-9)
    np.testing.assert_allclose(twice.standard_errors(), weighed.standard_errors(), rtol=1e-9)
    assert twice.log_likelihood == pytest.approx(2.0 * fit.log_likelihood)
    moved = vn.fit_plackett_luce(r, prior=vn.GaussianPrior(0.5, mean=2.0))
    still = vn.fit_plackett_luce(r, prior=vn.GaussianPrior(0.5))
    np.testing.assert_allclose(moved.theta - 2.0, still.theta, atol=1e-9)


def test_existence_names_items():
    with pytest.raises(vn.NotIdentifiedError, match=r"undefeated: a; winless: d.*prior") as caught:
        vn.fit_plackett_luce(vn.Rankings([["a", "b", "c", "d"], ["a", "c", "b"]]))
    assert caught.value.undefeated == ["a"]
    assert caught.value.n_components == 3
    r = vn.Rankings([["a", "b"], ["b", "a"], ["c", "d"], ["d", "c"]])
    with pytest.warns(vn.NotIdentifiedWarning, match="2 components that never met"):
        fit = vn.fit_plackett_luce(r)
    assert fit.component.tolist() == [0, 0, 1, 1]
    top = vn.Rankings([["a"], ["b"]], among="all", items=["a", "b", "c"])
    with pytest.raises(vn.NotIdentifiedError, match="winless: c"):
        vn.fit_plackett_luce(top)


def test_strong_components_are_fitted_apart():
    r = vn.Rankings([["a", "b", "c", "d"], ["c", "b"], ["b", "c", "e"]])
    with pytest.warns(vn.NotIdentifiedWarning, match="not linked by ranks both ways"):
        fit = vn.fit_plackett_luce(r, components="strong")
    inner = vn.fit_plackett_luce(vn.Rankings([["b", "c"], ["c", "b"], ["b", "c"]]))
    at = [r.items.tolist().index(x) for x in "bc"]
    np.testing.assert_allclose(fit.theta[at], inner.theta, atol=1e-9)
    np.testing.assert_allclose(fit.standard_errors()[at], inner.standard_errors(), rtol=1e-9)
    assert np.isnan(fit.standard_errors()[0])


def test_groups_are_fits_of_their_own():
    a, b = simulated(seed=1, n=80), simulated(seed=2, n=80)
    rows = [[[int(i) for i in x[0]] for x in as_list(r)] for r in (a, b)]
    r = vn.Rankings(rows[0] + rows[1], group=["x"] * 80 + ["y"] * 80)
    fit = vn.fit_plackett_luce(r)
    for k, one in enumerate((a, b)):
        alone = vn.fit_plackett_luce(one)
        here = slice(8 * k, 8 * k + 8)
        np.testing.assert_allclose(fit.theta[here], alone.theta, atol=1e-8)
        np.testing.assert_allclose(fit.standard_errors()[here], alone.standard_errors(), rtol=1e-7)
        assert fit.ranks()[here].tolist() == alone.ranks().tolist()
    assert fit.items[9] == ("y", 1)
    assert fit.determined.all()
    assert fit.predict(("x", 1), ("x", 2)) == pytest.approx(
        vn.fit_plackett_luce(a).predict(1, 2), abs=1e-8
    )
    with pytest.raises(ValueError, match="different components"):
        fit.predict(("x", 1), ("y", 1))
    frame = fit.to_frame("dict")
    assert frame["group"].tolist()[::8] == ["x", "y"]
    prior = vn.GaussianPrior(1.0, mean=dict.fromkeys(fit.items, 0.0))
    assert vn.fit_plackett_luce(r, prior=prior).converged


def test_predictions():
    r = simulated(seed=6)
    fit = vn.fit_plackett_luce(r)
    assert isinstance(fit, PlackettLuceFit)
    share = fit.predict_choice([[0, 1, 2], [3, 4, 5]])
    np.testing.assert_allclose(share.sum(axis=1), 1.0)
    np.testing.assert_allclose(fit.predict_choice([0, 1])[0], fit.predict(0, 1))
    value = sum(
        fit.predict_ranking(order, log=True)
        for order in [[int(i) for i in x[0]] for x in as_list(r)]
    )
    assert value == pytest.approx(fit.log_likelihood)
    assert fit.predict_ranking([2, 1, 0], ranked=1) == pytest.approx(
        fit.predict_choice([2, 1, 0])[0]
    )
    with pytest.raises(ValueError, match="items\\[1\\] = 99"):
        fit.predict_choice([0, 99])
    with pytest.raises(ValueError, match="ranked"):
        fit.predict_ranking([0, 1], ranked=3)


def test_it_starts_from_a_fit_and_travels():
    r = simulated(n_items=20, n=400, seed=7)
    fit = vn.fit_plackett_luce(r)
    again = vn.fit_plackett_luce(r, init=fit)
    assert again.n_iter <= fit.n_iter
    np.testing.assert_allclose(again.theta, fit.theta, atol=1e-8)
    back = pickle.loads(pickle.dumps(fit))
    assert np.array_equal(back.theta, fit.theta)
    np.testing.assert_allclose(back.standard_errors(), fit.standard_errors())
    draws = fit.sample(4000, rng=1)
    np.testing.assert_allclose(draws.standard_errors(), fit.standard_errors(), rtol=0.1)
    assert "rankings 400" in str(fit.summary())


def test_not_converged_is_said():
    with pytest.warns(vn.ConvergenceWarning, match="did not converge"):
        fit = vn.fit_plackett_luce(simulated(), method="mm", max_iter=2)
    assert not fit.converged


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"method": "lbfgs"}, ValueError, "method"),
        ({"tol": 0.0}, ValueError, "tol"),
        ({"prior": 0.1}, TypeError, "say GaussianPrior"),
        ({"components": "all"}, ValueError, "components"),
        ({"init": [0.0]}, ValueError, "init"),
        ({"max_iter": -1}, ValueError, "max_iter"),
    ],
)
def test_what_is_refused(options, error, match):
    with pytest.raises(error, match=match):
        vn.fit_plackett_luce(simulated(), **options)


def test_rankings_are_wanted():
    with pytest.raises(TypeError, match="must be Rankings, got Comparisons"):
        vn.fit_plackett_luce(vn.Comparisons([0], [1], 1))


def test_native_checks_its_arrays():
    good = (3, np.array([0, 3]), np.array([0, 1, 2], np.int32), np.array([3], np.int32))
    Native(*good)
    for place, bad in (
        (0, 2), (1, np.array([0, 2])), (2, np.array([0, 1, 1], np.int32)),
        (2, np.array([0, 1, 3], np.int32)), (3, np.array([4], np.int32)),
        (3, np.array([-1], np.int32)),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            Native(*(bad if k == place else x for k, x in enumerate(good)))
    with pytest.raises(ValueError):
        Native(*good, np.array([1, 0, 0], np.uint8))
    with pytest.raises(ValueError):
        Native(*good).pull(np.zeros(2))


def test_ranks_of_groups_are_within_them():
    rows = simulated(4, 400, 4, seed=1)
    lists = [[int(i) for i in x[0]] for x in as_list(rows)]
    alone = vn.fit_plackett_luce(vn.Rankings(lists))
    both = vn.fit_plackett_luce(vn.Rankings(lists * 2, group=[0] * 400 + [1] * 400))
    expected = alone.rank_interval(0.9).tolist()
    assert both.rank_interval(0.9).tolist() == expected * 2
    assert max(max(x) for x in expected) <= 4


def test_robust_errors_of_what_was_seen_once_are_no_secret():
    rows = [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]] * 4 + [["a", "d", "b"]]
    fit = vn.fit_plackett_luce(vn.Rankings(rows))
    assert "SE of 1 of 4 items are too small" in fit.errors_note("robust")
    assert fit.errors_note("fisher") == ""
    assert "fewer than 5 rankings" in str(fit.summary(errors="robust"))


@pytest.mark.parametrize("weights", [False, True])
def test_equal_rankings_are_one(weights):
    from venire.ratings.rankings import merged

    rng = np.random.default_rng(5)
    rows = np.argsort(rng.gumbel(size=(20_000, 4)) + np.linspace(0, 1, 4), axis=1)
    lists = [[row[:2], *row[2:]] if rng.random() < 0.2 else row for row in rows.tolist()]
    weight = rng.integers(1, 4, len(rows)) if weights else None
    r = vn.Rankings(lists, weight)
    few = merged(r)
    assert few.n_rankings <= 24 + 24
    assert few.weight.sum() == (len(rows) if weight is None else weight.sum())
    apart = vn.Rankings(lists, weight, cluster=np.arange(len(rows)))
    assert merged(apart) is apart
    one, other = vn.fit_plackett_luce(r), vn.fit_plackett_luce(apart)
    np.testing.assert_allclose(one.theta, other.theta, atol=1e-9)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-11)
    assert one.n_comparisons == other.n_comparisons
    np.testing.assert_allclose(one.standard_errors(), other.standard_errors(), rtol=1e-8)
    if not weights:  # a cluster of weight 2 is not two rankings
        np.testing.assert_allclose(
            one.standard_errors("robust"), other.standard_errors("robust"), rtol=1e-8
        )
    top = vn.Rankings(rows[:, :2], among="all", items=range(4))
    expected = vn.fit_plackett_luce(
        vn.Rankings(rows[:, :2], among="all", cluster=np.arange(20_000))
    )
    np.testing.assert_allclose(vn.fit_plackett_luce(top).theta, expected.theta, atol=1e-9)
    assert merged(top).n_rankings == 12


def test_oddities():
    tied = vn.fit_plackett_luce(vn.Rankings([[["a", "b", "c"]]] * 2))
    assert tied.theta.tolist() == [0.0, 0.0, 0.0]
    assert tied.ranks().tolist() == [1, 1, 1]
    extra = vn.Rankings([["a", "b"], ["b", "a"]], items=["a", "b", "z"])
    with pytest.warns(vn.NotIdentifiedWarning):
        fit = vn.fit_plackett_luce(extra)
    assert fit.ranks().tolist() == [1, 1, 0]
    assert np.isnan(fit.standard_errors()[2])
    kept = vn.fit_plackett_luce(extra, prior=vn.GaussianPrior(0.1))
    assert kept.standard_errors()[2] == pytest.approx(10**0.5)
    assert kept.ranks().tolist() == [1, 1, 0]
    far = vn.GaussianPrior(1.0, mean={"a": 900, "b": 0, "z": -900})
    fit = vn.fit_plackett_luce(extra, prior=far)
    assert fit.converged
    np.testing.assert_allclose(fit.theta, [899, 1, -900], atol=1e-6)
    other = vn.fit_bradley_terry(vn.Comparisons(["a", "b"], ["b", "a"], 1))
    assert vn.fit_plackett_luce(extra, prior=far, init=other).converged


def test_sets_are_checked():
    fit = vn.fit_plackett_luce(vn.Rankings([["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]))
    for method in (fit.predict_choice, fit.predict_ranking):
        for bad in (["a", "a"], [["a", "b"], ["c"]], [], "a", ["z"]):
            with pytest.raises(ValueError, match="items"):
                method(bad)
    both = vn.fit_plackett_luce(vn.Rankings([["a", "b"], ["b", "a"]] * 2, group=[1, 1, 2, 2]))
    sets = [[(1, "a"), (1, "b")], [(2, "b"), (2, "a")]]
    assert both.predict_choice(sets).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    with pytest.raises(ValueError, match="different components"):
        both.predict_choice([(1, "a"), (2, "b")])
    with pytest.raises(TypeError, match=r"label \(group, item\)"):
        both.predict_choice("a")


def test_the_evidence_finds_the_spread():
    found = []
    for seed in range(6):
        r = simulated(60, 500, 5, seed=seed, sd=1.0)
        fit = vn.fit_plackett_luce(r, prior=vn.GaussianPrior("evidence"))
        truth = np.random.default_rng(seed).normal(0.0, 1.0, 60)
        found.append(fit.prior.precision * np.mean(truth**2))
        again = vn.fit_plackett_luce(r, prior=fit.prior)
        np.testing.assert_allclose(again.theta, fit.theta, atol=1e-7)
    assert np.mean(found) == pytest.approx(1.0, abs=0.15)  # each within 20 % or so
    assert "by evidence" in str(fit.summary())
    means = vn.GaussianPrior("evidence", mean=np.linspace(-1, 1, 60))
    assert vn.fit_plackett_luce(r, prior=means).converged
    two = vn.Rankings([[["a"], ["b"]], [["b"], ["a"]]])
    with pytest.warns(vn.NotIdentifiedWarning, match="no spread"):
        vn.fit_plackett_luce(two, prior=vn.GaussianPrior("evidence"))
    with pytest.raises(ValueError, match="method"):
        vn.fit_plackett_luce(r, prior=vn.GaussianPrior("evidence"), method="mm")


def test_more_pairs_than_are_looked_at():
    """Where errors cannot be had, ratings and ranks can, and the message says so."""
    rows = [[k, k + 1, k + 2] for k in range(60)]
    r = vn.Rankings(rows, among="all", items=np.arange(9000))
    fit = vn.fit_plackett_luce(r, prior=vn.GaussianPrior(1.0))
    assert "60 rankings" in repr(fit)
    ranks = fit.ranks()
    assert ranks[4] < ranks[0] < ranks[8000]
    assert fit.to_frame("dict", errors=None)["n_rankings"][0] == 60
    with pytest.raises(ValueError, match=r"errors=None and the bootstrap do without"):
        fit.standard_errors()
