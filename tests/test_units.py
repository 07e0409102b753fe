"""Anchors and units: what ratings are shown in, their errors and intervals with them."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

import venire as vn
from venire.ratings import fit_model

ELO = 400.0 / math.log(10.0)
MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")


def played(n_items=9, n=300, seed=0, *, ties=True):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, n_items, n)
    second = (first + rng.integers(1, n_items, n)) % n_items
    scores = [0.0, 0.5, 1.0] if ties else [0.0, 1.0]
    names = np.array([f"m{k}" for k in range(n_items)], object)
    return vn.Comparisons(names[first], names[second], rng.choice(scores, n))


def factor_of(fit):
    return ELO * (vn.scales.LOGIT_PER_PROBIT if fit.scale == "probit" else 1.0)


# ---- fits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("errors", ["fisher", "robust"])
@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.3)])
def test_errors_are_of_differences_from_the_anchor(model, errors, prior):
    fit = fit_model(played(), model=model, prior=prior)
    elo, a = fit.to_elo("m3", 1234.0), 3
    v = fit.covariance(errors)
    expected = factor_of(fit) * np.sqrt(np.maximum(v.diagonal() + v[a, a] - 2.0 * v[a], 0.0))
    expected[a] = 0.0
    np.testing.assert_allclose(elo.standard_errors(errors), expected, rtol=1e-9, atol=1e-9)
    assert elo.standard_errors(errors)[a] == 0.0
    np.testing.assert_allclose(
        elo.theta, 1234.0 + factor_of(fit) * (fit.theta - fit.theta[a]), rtol=1e-14
    )
    low, high = elo.interval(0.9, errors).T
    assert low[a] == high[a] == elo.theta[a] == 1234.0
    np.testing.assert_allclose(high - low, 2 * 1.6448536269514722 * expected, rtol=1e-9)
    whole = elo.covariance(errors, full=True)
    np.testing.assert_allclose(np.sqrt(whole.diagonal()[:9]), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(whole[:9, 9:].T, factor_of(fit) * (
        fit.covariance(errors, full=True)[9:, :9] - fit.covariance(errors, full=True)[9:, [a]]
    ), atol=1e-9)  # fmt: skip
    np.testing.assert_array_equal(elo.ranks(), fit.ranks())
    np.testing.assert_array_equal(elo.predict("m1", "m2"), fit.predict("m1", "m2"))
    relative = fit.relative_to("m3", errors=errors)
    np.testing.assert_allclose(relative.standard_errors * factor_of(fit), expected, atol=1e-9)


def test_where_things_stand():
    fit = vn.fit_bradley_terry(played())
    assert fit.rescale() is fit is fit.rescale("logit") is fit.to_elo("m1").rescale()
    assert fit.rescale(anchor="m2").theta[2] == 0.0
    assert fit.to_elo("m2").theta[2] == 1000.0
    assert fit.to_elo(at=1500.0).theta.mean() == pytest.approx(1500.0)
    np.testing.assert_allclose(
        fit.to_elo(at=1500.0).standard_errors(), fit.to_elo().standard_errors(), rtol=1e-14
    )
    assert fit.rescale("erf", anchor="m2", at=3).display == vn.scales.Display("erf", "m2", 3.0)
    assert fit.rescale("elo", anchor="m0").rescale("elo").display == vn.scales.Display("elo")


def test_columns_are_named_by_the_unit():
    fit = vn.fit_bradley_terry(played())
    frame = fit.to_elo("m2", 1100).to_frame("dict", level=0.9)
    assert list(frame)[:5] == ["item", "elo", "standard_error", "lower", "upper"]
    assert frame["elo"][2] == frame["lower"][2] == frame["upper"][2] == 1100.0
    assert "theta" in fit.to_frame("dict")
    text = str(fit.to_elo("m2", 1100).summary())
    assert "m2 at 1100" in text
    assert "of the difference from m2" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"anchor": "x"}, r"anchor = 'x'"),
        ({"anchor": ["m1", "m2"]}, "must be the label of one item"),
        ({"anchor": 1}, "anchor = 1"),
        ({"anchor": "m1", "at": math.inf}, "at = inf: must be finite"),
        ({"at": "1000"}, "at = '1000'"),
        ({"scale": "points"}, "scale = 'points'"),
    ],
)
def test_what_is_refused(arguments, message):
    fit = vn.fit_bradley_terry(played())
    for kind in (fit, vn.bootstrap(fit, 5, rng=0)):
        with pytest.raises((ValueError, TypeError), match=message):
            kind.rescale(**arguments)


def test_an_anchored_fit_is_shown_and_not_fitted_on():
    anchored = vn.fit_bradley_terry(played()).rescale(anchor="m1")
    with pytest.raises(ValueError, match="is on the scale 'logit' with m1 at 0: ask the fit"):
        vn.bootstrap(anchored, 5)
    with pytest.raises(ValueError, match="ask the fit itself"):
        vn.fit_bradley_terry(played(), init=anchored)


def test_other_components_have_no_place():
    c = vn.Comparisons.from_counts(["a", "c", "d"], ["b", "d", "c"], [3, 2, 2], [1, 1, 2])
    with pytest.warns(vn.NotIdentifiedWarning):
        fit = vn.fit_bradley_terry(c)
    elo = fit.to_elo("a")
    assert np.isnan(elo.theta).tolist() == [False, False, True, True]
    assert np.isnan(elo.standard_errors()).tolist() == [False, False, True, True]
    np.testing.assert_array_equal(elo.ranks(), fit.ranks())
    held = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(1.0)).to_elo("a")
    assert np.isfinite(held.interval()).all()
    np.testing.assert_allclose(
        held.standard_errors()[2], ELO * held.own.difference_errors("c", "a"), rtol=1e-12
    )


@pytest.mark.parametrize("errors", ["fisher", "robust"])
def test_a_graph_too_large_for_a_matrix(errors):
    """A chain, where theta_i - theta_a has a variance that adds up along the way."""
    n, a = 7000, 3000
    rng = np.random.default_rng(1)
    win, loss = rng.integers(1, 5, n - 1).astype(float), rng.integers(1, 5, n - 1).astype(float)
    c = vn.Comparisons.from_counts(np.arange(n - 1), np.arange(1, n), win, loss)
    fit = vn.fit_bradley_terry(c)
    error = fit.rescale(anchor=a).standard_errors(errors)
    total = np.concatenate([[0.0], np.cumsum(1.0 / win + 1.0 / loss)])
    expected = np.sqrt(np.abs(total - total[a]))
    assert error[a] == 0.0
    others = np.arange(n) != a
    ratio = error[others] / expected[others]
    assert np.sqrt(np.mean((ratio - 1.0) ** 2)) < 0.06
    sampled = fit.rescale(anchor=a).sampled_errors(errors)
    assert sampled.relative_error.max() <= 0.051
    few = np.array([a - 1, a, a + 1])
    v = fit.rescale(anchor=a).covariance(errors, items=few)
    np.testing.assert_allclose(np.sqrt(v.diagonal()), expected[few], rtol=1e-6, atol=1e-9)


# ---- groups and replicates -----------------------------------------------------------------------


def grouped():
    c = played(seed=3, n=360)
    rng = np.random.default_rng(4)
    first, second = rng.integers(0, 6, 300), rng.integers(1, 6, 300)
    second = (first + second) % 6
    group = np.repeat(["q", "r"], 150)
    return vn.GroupedComparisons(
        [*group, "s"], [*(c.items[first]), "x"], [*(c.items[second]), "y"],
        [*rng.choice([0.0, 1.0], 300), 1.0],
    )  # fmt: skip


@pytest.mark.parametrize("errors", ["fisher", "robust"])
def test_groups_have_the_anchor_in_common(errors):
    gf = vn.fit_groups(grouped())
    elo = gf.to_elo("m2", 1100.0)
    for k, label in enumerate(gf.groups.tolist()):
        here = slice(gf.offsets[k], gf.offsets[k + 1])
        if label == "s":  # without it
            assert np.isnan(elo.theta[here]).all()
            assert np.isnan(elo.standard_errors(errors)[here]).all()
            continue
        single = gf[label].to_elo("m2", 1100.0)
        np.testing.assert_allclose(elo.theta[here], single.theta, rtol=1e-14)
        np.testing.assert_allclose(
            elo.standard_errors(errors)[here], single.standard_errors(errors), rtol=1e-12
        )
    np.testing.assert_array_equal(elo.ranks(), gf.ranks())
    relative = gf.relative_to("m2", errors=errors)
    np.testing.assert_allclose(ELO * relative.standard_errors, elo.standard_errors(errors))
    np.testing.assert_allclose(1100.0 + ELO * relative.estimates, elo.theta)
    assert "elo" in elo.to_frame("dict")
    with pytest.raises(ValueError, match="must be the label of an item"):
        gf.to_elo("nobody")
    with pytest.raises(ValueError, match="about the mean"):
        vn.targets.make_targets(elo)


def test_groups_that_share_parameters_have_no_anchored_errors():
    gf = vn.fit_groups(grouped(), model="davidson", shared=True, order_effect=True)
    assert np.isfinite(gf.to_elo("m2").theta).any()
    with pytest.raises(ValueError, match="share parameters"):
        gf.to_elo("m2").standard_errors()


def test_replicates_are_of_the_differences():
    fit = vn.fit_bradley_terry(played())
    b = vn.bootstrap(fit, 60, rng=1)
    elo = b.to_elo("m4", 1200.0)
    draws = 1200.0 + ELO * (b.theta - b.theta[:, [4]])
    np.testing.assert_allclose(elo.standard_errors(), draws.std(axis=0, ddof=1), atol=1e-9)
    for how in ("percentile", "basic"):
        assert elo.interval(0.9, how)[4].tolist() == [1200.0, 1200.0]
    np.testing.assert_allclose(
        elo.interval(0.9), np.quantile(draws, [0.05, 0.95], axis=0).T, rtol=1e-12
    )
    np.testing.assert_array_equal(elo.rank_interval(), b.rank_interval())
    assert elo.prob_better("m1", "m2") == b.prob_better("m1", "m2")
    np.testing.assert_allclose(
        elo.tied_neighbours(backend="dict")["difference"],
        ELO * b.tied_neighbours(backend="dict")["difference"],
    )
    np.testing.assert_array_equal(elo.extend(7).theta, b.extend(7).to_elo("m4", 1200.0).theta)
    np.testing.assert_allclose(
        b.relative_to("m4").standard_errors, elo.standard_errors() / ELO, atol=1e-12
    )
    frame = elo.to_frame("dict")
    assert frame["elo"][4] == frame["lower"][4] == frame["upper"][4] == 1200.0
    with pytest.raises(ValueError, match="'percentile' or 'basic'"):
        elo.interval(0.9, "bca")
    with pytest.raises(ValueError, match="ask the fit itself"):
        elo.save("x.npz")
    assert b.to_elo().rescale("logit") is b


@pytest.mark.parametrize("how", ["percentile", "basic", "bca", "studentized"])
def test_replicates_in_elo(how):
    b = vn.bootstrap(vn.fit_bradley_terry(played()), 200, rng=1)
    np.testing.assert_allclose(
        b.to_elo().interval(0.9, how), 1000.0 + ELO * b.interval(0.9, how), rtol=1e-10
    )


@pytest.mark.parametrize("keep", ["summary", "draws"])
def test_replicates_of_groups(keep):
    gb = vn.bootstrap(vn.fit_groups(grouped()), 60, rng=2, keep=keep)
    for anchor in ("m2", None):
        elo = gb.to_elo(anchor)
        for k, label in enumerate("qr"):
            here = slice(gb.offsets[k], gb.offsets[k + 1])
            single = gb[label].to_elo(anchor)
            np.testing.assert_allclose(elo.standard_errors()[here], single.standard_errors())
            np.testing.assert_allclose(elo.interval()[here], single.interval(), rtol=1e-12)
            np.testing.assert_allclose(elo.mean()[here], single.mean(), rtol=1e-12)
        np.testing.assert_array_equal(elo.rank_interval(), gb.rank_interval())
        assert elo.extend(3).n_resamples == 63
    assert np.isnan(gb.to_elo("m2").interval()[gb.offsets[2] :]).all()


@pytest.mark.parametrize("keep", ["summary", "draws"])
def test_replicates_of_groups_know_what_only_the_prior_says(keep):
    """Of items that no chain of comparisons links with the anchor."""
    prior = vn.GaussianPrior(0.01)
    g = vn.GroupedComparisons.from_counts(
        ["q"] * 3 + ["r"], ["a", "b", "x", "a"], ["b", "c", "y", "b"], [9, 8, 7, 6], [5, 6, 7, 8]
    )
    gb = vn.bootstrap(vn.fit_groups(g, prior=prior), 60, rng=3, keep=keep)
    elo, single = gb.to_elo("a"), gb["q"].to_elo("a")
    here = slice(gb.offsets[0], gb.offsets[1])
    apart = np.isin(elo.items[here], ["x", "y"])
    width = np.diff(elo.interval()[here], axis=1)[:, 0]
    np.testing.assert_allclose(width[apart], 3.919928 * elo.standard_errors()[here][apart])
    assert (elo.standard_errors()[here][apart] > 0.99 * ELO * np.sqrt(100 / 3 + 100 / 2)).all()
    for how in ("percentile", "basic"):
        np.testing.assert_allclose(
            elo.interval(0.95, how)[here], single.interval(0.95, how), rtol=1e-12
        )
    np.testing.assert_allclose(elo.standard_errors()[here], single.standard_errors())
    again = pickle.loads(pickle.dumps(elo))
    np.testing.assert_array_equal(again.interval(), elo.interval())
