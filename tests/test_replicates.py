"""What all bootstraps offer, each in the shape of what it estimates."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import venire as vn

FIRST, SECOND = ["a", "b", "a", "c"], ["b", "c", "c", "d"]
WIN, LOSS = [30, 25, 35, 12], [20, 15, 8, 9]


def mean(x, w):
    return np.dot(x, w) / np.sum(w)


def of_a_fit(n=60, **options):
    c = vn.Comparisons.from_counts(FIRST, SECOND, WIN, LOSS)
    return vn.bootstrap(vn.fit_bradley_terry(c), n, rng=1, **options)


def of_groups(n=60, keep="draws", **options):
    g = vn.GroupedComparisons.from_counts(["q", "q", "q", "r"], FIRST, SECOND, WIN, LOSS)
    return vn.bootstrap(vn.fit_groups(g), n, rng=1, keep=keep, **options)


def of_a_statistic(n=60):
    return vn.bootstrap_statistic(mean, np.arange(12.0) ** 2, n_resamples=n, rng=1)


MAKE = {"fit": of_a_fit, "groups": of_groups, "statistic": of_a_statistic}


def draws(b):
    return b.replicates[:, None] if isinstance(b, vn.resampling.StatisticBootstrap) else b.theta


def estimate(b):
    return b.estimate if isinstance(b, vn.resampling.StatisticBootstrap) else b.fit.theta


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_statistics_are_those_of_the_draws(make):
    b = make()
    x, shape = draws(b), np.shape(estimate(b))
    for found, expected in (
        (b.mean(), x.mean(axis=0)),
        (b.bias(), x.mean(axis=0) - estimate(b)),
        (b.standard_errors(), x.std(axis=0, ddof=1)),
        (b.quantiles(0.3), np.quantile(x, 0.3, axis=0)),
    ):
        assert np.shape(found) == shape
        np.testing.assert_allclose(np.ravel(found), np.ravel(expected), atol=1e-12)
    found = b.quantiles([[0.1, 0.5], [0.9, 1.0]])
    assert found.shape == (*shape, 2, 2)
    np.testing.assert_allclose(found.reshape(-1, 4).T, np.quantile(x, [0.1, 0.5, 0.9, 1], axis=0))
    assert b.interval(0.9).shape == (*shape, 2)
    with pytest.raises(ValueError, match=r"probs\[1\] = 1\.5: must be from 0 to 1"):
        b.quantiles([0.5, 1.5])
    with pytest.raises(ValueError, match=r"interval.*: must be one of percentile, basic, bca"):
        b.interval(interval="wald")


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_more_replicates_are_those_of_one_call(make):
    b, seen = make(), []
    more, whole = b.extend(30, progress=lambda *x: seen.append(x)), make(90)
    assert type(more) is type(b)
    assert more.n_resamples == 90
    np.testing.assert_array_equal(draws(more), draws(whole))
    np.testing.assert_array_equal(more.standard_errors(), whole.standard_errors())
    assert seen[-1][0] == seen[-1][1]
    with pytest.raises(ValueError, match=r"more.*: must be at least 1"):
        b.extend(0)


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_tables(make, tmp_path):
    b = make()
    table, bounds = b.to_frame("dict", level=0.9, interval="basic"), b.interval(0.9, "basic")
    np.testing.assert_array_equal(table["lower"], bounds.reshape(-1, 2)[:, 0])
    np.testing.assert_array_equal(table["standard_error"], np.ravel(b.standard_errors()))
    summary = b.summary(0.9, top=1, interval="basic")
    assert f"{b.n_resamples} multinomial replicates" in summary.header[0]
    assert len(summary.columns["lower"]) == 1
    assert "90 % basic interval" in str(summary)
    b.save(tmp_path / "b.npz")
    for again in (type(b).load(tmp_path / "b.npz"), pickle.loads(pickle.dumps(b))):
        np.testing.assert_array_equal(again.interval(0.9), b.interval(0.9))
        np.testing.assert_array_equal(again.bias(), b.bias())


def test_a_group_by_itself_and_among_others():
    b = of_groups(n=300)
    kept = of_groups(n=300, keep="summary")
    at = {"q": slice(0, 3), "r": slice(3, 5)}
    for interval in ("percentile", "basic", "bca", "studentized"):
        together = b.interval(0.95, interval)
        np.testing.assert_allclose(kept.interval(0.95, interval), together, rtol=1e-12)
        for label, items in at.items():
            own = b[label].interval(0.95, interval)
            np.testing.assert_allclose(own, together[items], rtol=1e-12)
    ranks = b.rank_interval(0.9)
    for label, items in at.items():
        np.testing.assert_array_equal(b[label].rank_interval(0.9), ranks[items])
    with pytest.raises(ValueError, match=r"only those of 0\.95 were kept"):
        kept.quantiles(0.4)


def test_groups_that_cannot_be_resampled_have_no_interval_and_all_ranks():
    g = vn.GroupedComparisons.from_counts(["p", "q"], ["a", "a"], ["b", "b"], [1, 30], [0, 20])
    b = vn.bootstrap(vn.fit_groups(g), 50, rng=1)
    assert b.resampled.tolist() == [False, True]
    assert np.isnan(b.interval(interval="bca")[:2]).all()
    assert np.isfinite(b.interval(interval="bca")[2:]).all()
    assert b.rank_interval()[:2].tolist() == [[1, 2], [1, 2]]
