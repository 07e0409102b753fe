"""Bootstrap weights: the compiled streams against their twin, their laws, and bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from venire._native.resample import Resampler, words

import venire as vn
from venire import reference

KINDS = ("multinomial", "poisson", "bayesian", "subsample")
COUNTED = ("multinomial", "poisson", "subsample")
SETTINGS = settings(max_examples=60, deadline=None)


def one(n, size, kind, key, replicates=(0, 3)):
    native = Resampler(kind, np.array([0, n]), np.array([size]), n, None, key)
    return native.draw(*replicates, 1)


def all_of(blocks):
    return np.concatenate(list(blocks))


# --- native = twin --------------------------------------------------------------------------------


def test_threefry_has_the_published_words():
    # the authors' known answers for 20 rounds of Threefry-2x64
    ones = 2**64 - 1
    for draw in (reference.threefry, words):
        x, y = draw((ones, ones), [ones], ones)
        assert (hex(x[0]), hex(y[0])) == ("0xe02cb7c4d95d277a", "0xd06633d0893b8b68")
    counters = np.arange(12).reshape(3, 4)
    for second in (7, ones, counters[::-1, :1]):
        for own, twin in zip(
            words((1, ones), counters, second),
            reference.threefry((1, ones), counters, np.broadcast_to(second, (3, 4))),
            strict=True,
        ):
            assert own.dtype == twin.dtype
            np.testing.assert_array_equal(own, twin)


@SETTINGS
@given(
    n=st.integers(1, 3000),
    share=st.floats(0.0, 3.0),
    kind=st.sampled_from(KINDS),
    key=st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)),
    start=st.integers(0, 10**9),
)
def test_native_equals_twin(n, share, kind, key, start):
    size = max(1, round(n * share))
    if kind == "subsample":
        size = min(size, n)
    found = one(n, size, kind, key, (start, start + 2))
    for k in range(2):
        expected = reference.bootstrap_weights(n, key, start + k, kind, size)
        if kind == "bayesian":
            np.testing.assert_allclose(found[k], expected, rtol=1e-13)
        else:
            np.testing.assert_array_equal(found[k], expected)


@pytest.mark.parametrize("kind", KINDS)
def test_native_equals_twin_in_strata(kind):
    ptr = np.array([0, 2, 1500, 1501, 4096, 4100])
    sizes = np.diff(ptr) // 2 if kind == "subsample" else np.diff(ptr)
    n = int(ptr[-1])
    found = Resampler(kind, ptr, sizes, n, None, (5, 6)).draw(0, 3, 1)
    for k in range(3):
        expected = reference.bootstrap_weights(n, (5, 6), k, kind, ptr=ptr)
        np.testing.assert_allclose(found[k], expected, rtol=1e-13)
        sums = np.add.reduceat(found[k], ptr[:-1])
        if kind != "poisson":
            np.testing.assert_allclose(sums, sizes, rtol=1e-12)


@pytest.mark.parametrize("mean", [1e-9, 0.03, 1.0, 7.3, 250.0, 1e5])
def test_poisson_weights_are_the_probabilities(mean):
    low, weights = reference.poisson_weights(mean)
    assert sum(weights) == 2**32
    exact = stats.poisson.pmf(low + np.arange(len(weights)), mean) * 2.0**32
    off = np.abs(np.array(weights) - exact)
    mode = int(mean) - low
    assert off[mode] <= len(weights)  # takes what rounding leaves over
    assert np.delete(off, mode).max(initial=0.0) < 0.6 + 1e-9 * exact.max()


@pytest.mark.parametrize("mean", [0.5, 1.0, 40.0])
def test_alias_table_keeps_the_weights(mean):
    _, weights = reference.poisson_weights(mean)
    bits, threshold, other = reference.alias_table(weights)
    room = 2 ** (32 - bits)
    got = [0] * 2**bits
    for k in range(2**bits):
        own = int(threshold[k]) >> bits if other[k] != k else room
        got[k] += own
        got[int(other[k])] += room - own
    assert got[: len(weights)] == weights
    assert sum(got) == 2**32


# --- laws -----------------------------------------------------------------------------------------


def chi_square(observed, expected):
    """The statistic, and what it exceeds with probability 1e-6."""
    keep = expected >= 5.0
    observed = np.append(observed[keep], observed[~keep].sum())
    expected = np.append(expected[keep], expected[~keep].sum())
    used = expected > 0.0
    value = ((observed - expected)[used] ** 2 / expected[used]).sum()
    return value, stats.chi2.isf(1e-6, used.sum() - 1)


@pytest.mark.parametrize(
    ("kind", "n", "size", "law"),
    [
        ("multinomial", 500, 500, stats.binom(500, 1 / 500)),
        ("multinomial", 500, 1300, stats.binom(1300, 1 / 500)),
        ("multinomial", 10, 10, stats.binom(10, 0.1)),  # single draws only
        ("poisson", 500, 500, stats.poisson(1.0)),
        ("poisson", 100, 3000, stats.poisson(30.0)),
        ("subsample", 500, 100, stats.bernoulli(0.2)),
        ("subsample", 500, 400, stats.bernoulli(0.8)),
    ],
)
def test_law_of_one_count(kind, n, size, law):
    """Counts of one position over replicates: independent draws of the law."""
    w = one(n, size, kind, (11, 13), (0, 20_000))
    for position in (0, n - 1):
        values = np.bincount(w[:, position], minlength=100)[:100]
        statistic, limit = chi_square(values, 20_000 * law.pmf(np.arange(100)))
        assert statistic < limit


@pytest.mark.parametrize(
    ("kind", "size", "covariance"),
    [("multinomial", 200, -1 / 200), ("poisson", 200, 0.0), ("subsample", 50, -0.1875 / 199)],
)
def test_covariance_of_two_positions(kind, size, covariance):
    n, replicates = 200, 40_000
    w = one(n, size, kind, (3, 4), (0, replicates)).astype(float)
    left, right = w[:, :100].sum(axis=1), w[:, 100:].sum(axis=1)
    found = np.cov(left, right)[0, 1] / 10_000
    variance = left.var() / 10_000  # about that of the mean of a sum; six standard errors
    assert abs(found - covariance) < 6.0 * (variance + abs(covariance)) / math.sqrt(replicates)


def test_bayesian_is_dirichlet():
    n, replicates = 20, 20_000
    w = one(n, n, "bayesian", (3, 4), (0, replicates))
    np.testing.assert_allclose(w.sum(axis=1), n, rtol=1e-13)
    for position in (0, 19):
        assert stats.kstest(w[:, position] / n, stats.beta(1, n - 1).cdf).pvalue > 1e-6


def test_sums():
    for n, size in ((1000, 1000), (37, 5), (2, 2), (100_000, 250_000)):
        assert set(one(n, size, "multinomial", (7, 8)).sum(axis=1)) == {size}
    for n, size in ((1000, 999), (1000, 500), (1000, 1), (50_000, 20_000), (40, 40)):
        w = one(n, size, "subsample", (7, 8))
        assert set(w.sum(axis=1)) == {size}
        assert set(np.unique(w)) <= {0, 1}


# --- a replicate is itself ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_replicates_do_not_depend_on_chunks_or_threads(kind):
    cluster = np.arange(3000) // 3
    strata = np.arange(3000) // 1500
    for given_ in ({}, {"cluster": cluster}, {"strata": strata, "cluster": cluster}):
        whole = all_of(vn.bootstrap_weights(3000, 40, scheme=kind, rng=5, n_threads=1, **given_))
        for threads, block in ((1, 7), (2, 1), (8, 40)):
            again = vn.bootstrap_weights(
                3000, 40, scheme=kind, rng=5, n_threads=threads, block=block, **given_
            )
            np.testing.assert_array_equal(all_of(again), whole)
        few = all_of(vn.bootstrap_weights(3000, 18, scheme=kind, rng=5, **given_))
        np.testing.assert_array_equal(few[17], whole[17])
        assert not np.array_equal(whole[0], whole[1])


@pytest.mark.parametrize("kind", KINDS)
def test_threads_share_a_large_replicate(kind):
    draws = [vn.bootstrap_weights(200_000, 1, scheme=kind, rng=9, n_threads=t) for t in (1, 2, 8)]
    one_, two, eight = (next(d) for d in draws)
    np.testing.assert_array_equal(one_, two)
    np.testing.assert_array_equal(one_, eight)


def test_a_generator_moves_on():
    rng = np.random.default_rng(1)
    first, second = (next(vn.bootstrap_weights(50, 3, rng=rng)) for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, next(vn.bootstrap_weights(50, 3, rng=1)))


def test_iterator():
    w = vn.bootstrap_weights(10, 7, rng=0, block=3)
    assert isinstance(w, vn.resampling.BootstrapWeights)
    assert "n_resamples=7" in repr(w)
    blocks = list(w)
    assert [len(b) for b in blocks] == [3, 3, 1]
    assert w.dtype == blocks[0].dtype == np.int32
    np.testing.assert_array_equal(w.replicates(2, 5), np.concatenate(blocks)[2:5])
    assert w.replicates(3, 3).shape == (0, 10)


def test_a_billion_counts_come_in_blocks():
    w = vn.bootstrap_weights(10**6, 1000, scheme="poisson", rng=0)
    assert next(w).nbytes <= 1 << 25


# --- clusters and strata --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", COUNTED)
def test_clusters_are_drawn_together(kind):
    cluster = np.array(["c", "a", "b", "a", "c", "d", "a"])
    w = all_of(vn.bootstrap_weights(7, 500, scheme=kind, cluster=cluster, rng=2))
    np.testing.assert_array_equal(w[:, 1], w[:, 3])
    np.testing.assert_array_equal(w[:, 1], w[:, 6])
    np.testing.assert_array_equal(w[:, 0], w[:, 4])
    units = w[:, [1, 2, 0, 5]].sum(axis=1)
    if kind != "poisson":
        assert set(units) == {2 if kind == "subsample" else 4}


def test_strata_keep_their_sizes():
    strata = np.array([1, 0, 1, 0, 1, 1, 2])
    w = all_of(vn.bootstrap_weights(7, 200, strata=strata, rng=2))
    for label, size in ((0, 2), (1, 4), (2, 1)):
        assert set(w[:, strata == label].sum(axis=1)) == {size}
    w = all_of(vn.bootstrap_weights(7, 200, strata=strata, size=[5, 0, 2], rng=2))
    for label, size in ((0, 5), (1, 0), (2, 2)):
        assert set(w[:, strata == label].sum(axis=1)) == {size}
    shared = all_of(vn.bootstrap_weights(7, 20, strata=strata, size=14, rng=2))
    assert set(shared[:, strata == 1].sum(axis=1)) == {8}


def test_clusters_in_strata():
    cluster = np.array([0, 0, 1, 2, 2, 3])
    strata = np.array([0, 0, 0, 1, 1, 1])
    w = all_of(vn.bootstrap_weights(6, 300, cluster=cluster, strata=strata, rng=2))
    np.testing.assert_array_equal(w[:, 0], w[:, 1])
    assert set(w[:, 1] + w[:, 2]) == {2}
    assert set(w[:, 4] + w[:, 5]) == {2}


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"n_resamples": 0}, ValueError, "n_resamples = 0: must be at least 1"),
        ({"n_resamples": -3}, ValueError, "n_resamples = -3: must be at least 1"),
        ({"n_resamples": 2.0}, TypeError, "n_resamples.*: must be a whole number"),
        ({"n": 0}, ValueError, "n.*: must be at least 1"),
        ({"n": 1}, ValueError, "nothing to resample"),
        ({"n": True}, TypeError, "n.*: must be a whole number"),
        ({"scheme": "jackknife"}, ValueError, "scheme = 'jackknife': must be one of"),
        ({"cluster": [1, 2]}, ValueError, "cluster: has 2 rows, but there are 4"),
        ({"cluster": [1, 1, 1, 1]}, ValueError, "cluster: all rows are of one cluster"),
        ({"cluster": 3}, TypeError, "cluster.*: must be an array of labels"),
        ({"strata": [1, 2, 3]}, ValueError, "strata: has 3 rows"),
        ({"strata": [1, 2, 3, 4]}, ValueError, "strata: each has one row"),
        (
            {"strata": [0, 0, 1, 1], "cluster": [0, 1, 1, 2]},
            ValueError,
            r"strata\[2\]: rows of one cluster lie in two strata",
        ),
        ({"size": 0}, ValueError, "size.*: must be at least 1"),
        ({"size": 5, "scheme": "subsample"}, ValueError, "only 4 can be drawn"),
        ({"size": [1, 2]}, ValueError, r"size: has shape \(2,\)"),
        ({"size": [-1]}, ValueError, r"size\[0\] = -1: is negative"),
        ({"size": [1.5]}, TypeError, "size: must hold integers"),
        ({"size": 10**9}, ValueError, "size: more than"),
        ({"rng": -1}, ValueError, "rng.*: a seed must be >= 0"),
        ({"block": 0}, ValueError, "block.*: must be at least 1"),
    ],
)
def test_bad_input(arguments, kind, text):
    with pytest.raises(kind, match=text):
        vn.bootstrap_weights(**({"n": 4, "n_resamples": 2} | arguments))


def test_inputs_stay_as_they_are():
    cluster = np.arange(100) % 7
    cluster.flags.writeable = False
    before = cluster.copy()
    list(vn.bootstrap_weights(100, 2, cluster=cluster[::1], rng=0))
    np.testing.assert_array_equal(cluster, before)
