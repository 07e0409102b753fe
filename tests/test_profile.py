"""Intervals by profiles: closed forms, the reference, published laws, refusals."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import log_expit

import venire as vn
from venire import reference

Z = 1.959963984540054
FITS = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}
WAYS = [("profile", False), ("firth", True)]


def rows(seed: int, n_items: int = 5, n: int = 40, ties: float = 0.2) -> vn.Comparisons:
    rng = np.random.default_rng(seed)
    i = rng.integers(0, n_items, n)
    j = (i + rng.integers(1, n_items, n)) % n_items
    score = np.where(rng.random(n) < ties, 0.5, rng.integers(0, 2, n).astype(float))
    return vn.Comparisons(i, j, score, order=rng.choice([-1, 1], n), items=np.arange(n_items))


@pytest.mark.parametrize(("win", "loss"), [(5.0, 1.0), (3.0, 3.0), (7.0, 0.0), (0.4, 1.6)])
def test_two_items_by_firth_are_a_binomial_with_half_a_win_more(win: float, loss: float) -> None:
    # of one pair the information is n p q, and Jeffreys' prior that of Beta(1/2, 1/2)
    def value(d: float) -> float:
        return (win + 0.5) * log_expit(d) + (loss + 0.5) * log_expit(-d)

    best = value(np.log((win + 0.5) / (loss + 0.5)))

    def low(d: float) -> float:
        return 2.0 * (best - value(d)) - Z * Z

    top = np.log((win + 0.5) / (loss + 0.5))
    expected = [brentq(low, top - 50, top, xtol=1e-13), brentq(low, top, top + 50, xtol=1e-13)]
    c = vn.Comparisons.from_counts(["a"], ["b"], [win], [loss])
    fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.01))
    assert 2.0 * fit.interval(interval="firth")[0] == pytest.approx(expected, abs=2e-7)


def test_two_items_by_profile() -> None:
    fit = vn.fit_bradley_terry(vn.Comparisons.from_counts(["a"], ["b"], [5.0], [1.0]))

    def low(d: float) -> float:
        return 2.0 * (fit.log_likelihood - 5.0 * log_expit(d) - log_expit(-d)) - Z * Z

    expected = [brentq(low, -50, 1.6, xtol=1e-13), brentq(low, 1.7, 50, xtol=1e-13)]
    assert 2.0 * fit.interval(interval="profile")[0] == pytest.approx(expected, abs=2e-7)


@pytest.mark.parametrize("model", FITS)
@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize(("interval", "jeffreys"), WAYS)
def test_single_fits_equal_the_reference(
    model: str, order_effect: bool, interval: str, jeffreys: bool
) -> None:
    prior = vn.GaussianPrior(0.5, mean=1.0) if order_effect else None
    c = rows(int(jeffreys), n_items=4)
    fit = FITS[model](c, prior=prior, order_effect=order_effect)
    want = reference.profile_bounds(c, model, fit, 2, z=Z, prior=prior, jeffreys=jeffreys)
    assert fit.interval(interval=interval)[2] == pytest.approx(want, abs=2e-6)


@pytest.mark.parametrize(("interval", "jeffreys"), WAYS)
def test_anchors_and_other_units(interval: str, jeffreys: bool) -> None:
    c = rows(4)
    fit = vn.fit_davidson(c)
    shown = fit.to_elo(anchor=2, at=1500.0)
    got = (shown.interval(interval=interval) - 1500.0) * np.log(10.0) / 400.0
    want = reference.profile_bounds(c, "davidson", fit, 4, z=Z, jeffreys=jeffreys, anchor=2)
    assert got[4] == pytest.approx(want, abs=2e-6)
    assert got[2].tolist() == [0.0, 0.0]
    elo = fit.to_elo().interval(interval=interval)
    own = fit.interval(interval=interval)
    assert elo == pytest.approx(1000.0 + own * 400.0 / np.log(10.0), abs=1e-9)


def test_priors_that_go_by_item() -> None:
    c = rows(5)
    prior = vn.GaussianPrior([0.2, 1.0, 2.0, 0.5, 1.0], mean=[1.0, 0.0, -1.0, 0.0, 2.0])
    fit = vn.fit_bradley_terry(c, prior=prior)
    want = reference.profile_bounds(c, "bradley-terry", fit, 1, z=Z, prior=prior)
    assert fit.interval(interval="profile")[1] == pytest.approx(want, abs=2e-6)
    with pytest.raises(ValueError, match="go by item"):
        fit.interval(interval="firth")


@pytest.mark.parametrize("interval", ["profile", "firth"])
@pytest.mark.parametrize("model", FITS)
def test_groups_are_single_fits(interval: str, model: str) -> None:
    rng = np.random.default_rng(2)
    n = 300
    group, i = rng.integers(0, 9, n), rng.integers(0, 6, n)
    j = (i + rng.integers(1, 6, n)) % 6
    score = rng.choice([0.0, 0.5, 1.0], n)
    g = vn.GroupedComparisons(group, i, j, score)
    gf = vn.fit_groups(g, model=model, n_threads=1)
    got = gf.interval(interval=interval)
    for k in (0, 5, 8):
        here = slice(gf.offsets[k], gf.offsets[k + 1])
        assert got[here] == pytest.approx(gf.single(k).interval(interval=interval), abs=1e-9)
    two = vn.fit_groups(g, model=model, n_threads=2).interval(interval=interval)
    np.testing.assert_array_equal(got, two)
    anchored = gf.rescale(anchor=3)
    one = gf.single(4).rescale(anchor=3).interval(interval=interval)
    here = slice(gf.offsets[4], gf.offsets[5])
    assert anchored.interval(interval=interval)[here] == pytest.approx(one, abs=1e-9)


def test_firth_needs_no_fit_and_no_prior() -> None:
    c = vn.Comparisons(["a", "a", "b"], ["b", "c", "c"], 1.0, items=["a", "b", "c", "new"])
    loose, tight = (vn.fit_bradley_terry(c, prior=vn.GaussianPrior(p)) for p in (1e-3, 1.0))
    got = loose.interval(interval="firth")
    assert np.isfinite(got[:3]).all()
    assert np.isnan(got[3]).all()  # of which nothing is known
    assert got == pytest.approx(tight.interval(interval="firth"), abs=1e-6, nan_ok=True)
    wald = tight.interval()
    assert tight.interval(interval="profile")[3] == pytest.approx(wald[3])


def test_many_votes_leave_no_difference() -> None:
    c = rows(7, n=60_000)
    fit = vn.fit_davidson(c)
    for interval in ("profile", "firth"):
        off = fit.interval(interval=interval) - fit.interval()
        assert np.abs(off).max() < 0.01 * fit.standard_errors().max()


def test_what_is_counted_twice_has_clusters() -> None:
    cells = {"win": [2.0, 1.0, 3.0], "loss": [1.0, 2.0, 1.0]}
    once = vn.Comparisons.from_counts([0, 1, 0], [1, 2, 2], **cells)
    first, second, score = [], [], []
    for a, b, w, loss in zip([0, 1, 0], [1, 2, 2], cells["win"], cells["loss"], strict=True):
        first += [a] * int(w + loss)
        second += [b] * int(w + loss)
        score += [1.0] * int(w) + [0.0] * int(loss)
    by_row = vn.Comparisons(first, second, score, cluster=np.arange(len(score)))
    fits = [vn.fit_bradley_terry(x) for x in (once, by_row)]
    for interval in ("profile", "firth"):
        a, b = (fit.interval(interval=interval) for fit in fits)
        assert a == pytest.approx(b, abs=1e-6)


def test_components_each_by_itself() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        apart = vn.fit_bradley_terry(
            vn.Comparisons(["a", "b", "a", "x", "y"], ["b", "a", "b", "y", "x"], 1.0)
        )
    alone = vn.fit_bradley_terry(vn.Comparisons(["a", "b", "a"], ["b", "a", "b"], 1.0))
    for interval in ("profile", "firth"):
        got = apart.interval(interval=interval)[:2]
        assert got == pytest.approx(alone.interval(interval=interval), abs=1e-6)


def test_what_has_no_profile_is_refused() -> None:
    fit = vn.fit_bradley_terry(rows(0))
    with pytest.raises(ValueError, match="interval"):
        fit.interval(interval="quasi")
    with pytest.raises(ValueError, match="errors = 'robust'"):
        fit.interval(errors="robust", interval="profile")
    with pytest.raises(ValueError, match="n_samples"):
        fit.interval(interval="firth", n_samples=9)
    with pytest.raises(ValueError, match="level"):
        fit.interval(1.0, interval="profile")
    ranked = vn.fit_plackett_luce(
        vn.Rankings([["a", "b", "c"], ["b", "a", "c"]]), prior=vn.GaussianPrior(1.0)
    )
    with pytest.raises(ValueError, match="rankings"):
        ranked.interval(interval="profile")
    big = vn.Comparisons(np.arange(501), np.arange(1, 502), 0.5)
    with pytest.raises(ValueError, match="500 items"):
        vn.fit_bradley_terry(big).interval(interval="profile")
    g = vn.GroupedComparisons([0, 0, 1, 1], [0, 1, 0, 1], [1, 0, 1, 0], [1.0, 0.5, 0.0, 0.5])
    shared = vn.fit_groups(g, model="davidson", shared=True)
    with pytest.raises(ValueError, match="share"):
        shared.interval(interval="firth")
    with pytest.raises(ValueError, match="standardized"):
        vn.fit_groups(g).standardize().interval(interval="profile")
