"""The bootstrap of a supplied statistic: replicates, intervals by formulas, bad input."""

from __future__ import annotations

import math
import subprocess
import sys

import numba
import numpy as np
import pytest
from scipy import stats

import venire as vn


def mean(x, w):
    """Weighted mean."""
    return np.sum(w * x) / np.sum(w)


def mean_error(x, w):
    """Its standard error."""
    m = np.sum(w * x) / np.sum(w)
    return math.sqrt(np.sum(w * (x - m) ** 2)) / np.sum(w)


fast_mean = numba.njit(mean)
fast_error = numba.njit(mean_error)


@numba.njit
def slope(x, y, w):
    """Of the weighted least squares line."""
    n = np.sum(w)
    mx, my = np.sum(w * x) / n, np.sum(w * y) / n
    return np.sum(w * (x - mx) * (y - my)) / np.sum(w * (x - mx) ** 2)


@pytest.fixture
def x():
    return np.random.default_rng(0).exponential(size=200)


@pytest.mark.parametrize("kind", ["multinomial", "poisson", "bayesian", "subsample"])
def test_replicates_are_the_statistic_of_the_weights(x, kind):
    b = vn.bootstrap_statistic(mean, x, n_resamples=50, scheme=kind, rng=3)
    w = vn.bootstrap_weights(200, 50, scheme=kind, rng=3).replicates(0, 50)
    np.testing.assert_allclose(b.replicates, w @ x / w.sum(axis=1), rtol=1e-12)
    assert b.estimate == pytest.approx(x.mean(), rel=1e-14)
    fast = vn.bootstrap_statistic(fast_mean, x, n_resamples=50, scheme=kind, rng=3)
    np.testing.assert_allclose(fast.replicates, b.replicates, rtol=1e-12)


def test_threads(x):
    runs = [
        vn.bootstrap_statistic(fast_mean, x, n_resamples=200, rng=1, n_threads=t) for t in (1, 2, 8)
    ]
    for other in runs[1:]:
        np.testing.assert_array_equal(runs[0].replicates, other.replicates)
    few = vn.bootstrap_statistic(fast_mean, x, n_resamples=18, rng=1)
    assert few.replicates[17] == runs[0].replicates[17]


def test_several_arrays_and_clusters():
    rng = np.random.default_rng(1)
    x = np.repeat(rng.normal(size=50), 4)
    y = 2.0 * x + np.repeat(rng.normal(size=50), 4)
    cluster = np.repeat(np.arange(50), 4)
    b = vn.bootstrap_statistic(slope, x, y, n_resamples=1000, cluster=cluster, rng=1)
    alone = vn.bootstrap_statistic(slope, x[::4], y[::4], n_resamples=1000, rng=1)
    np.testing.assert_allclose(b.replicates, alone.replicates, rtol=1e-10)
    rows = vn.bootstrap_statistic(slope, x, y, n_resamples=1000, rng=1)
    # rows of one cluster are alike: without the clusters the error is half as large
    assert abs(b.standard_errors() / rows.standard_errors() - 2.0) < 0.3


def test_standard_error_of_a_mean(x):
    b = vn.bootstrap_statistic(fast_mean, x, n_resamples=20_000, rng=1)
    np.testing.assert_allclose(
        b.standard_errors(), x.std() / math.sqrt(200), rtol=5 / math.sqrt(4e4)
    )


def test_intervals_by_their_formulas(x):
    b = vn.bootstrap_statistic(fast_mean, x, n_resamples=4000, error=fast_error, bca=True, rng=1)
    low, high = np.quantile(b.replicates, [0.05, 0.95])
    np.testing.assert_allclose(b.interval(0.9), [low, high])
    np.testing.assert_allclose(b.interval(0.9, "basic"), [2 * x.mean() - high, 2 * x.mean() - low])
    assert b.error == pytest.approx(x.std() / math.sqrt(200))
    t = (b.replicates - x.mean()) / b.errors
    low, high = np.quantile(t, [0.05, 0.95])
    expected = [x.mean() - high * b.error, x.mean() - low * b.error]
    np.testing.assert_allclose(b.interval(0.9, "studentized"), expected)
    # the acceleration of a mean is a sixth of the skewness over the root of n
    assert b.acceleration == pytest.approx(stats.skew(x) / 6.0 / math.sqrt(200), rel=1e-9)
    z0 = stats.norm.ppf((b.replicates < x.mean()).mean())
    z = stats.norm.ppf([0.05, 0.95])
    q = stats.norm.cdf(z0 + (z0 + z) / (1.0 - b.acceleration * (z0 + z)))
    np.testing.assert_allclose(b.interval(0.9, "bca"), np.quantile(b.replicates, q), rtol=1e-9)


def test_bca_agrees_with_scipy(x):
    b = vn.bootstrap_statistic(fast_mean, x, n_resamples=10_000, bca=True, rng=1)
    peer = stats.bootstrap((x,), np.mean, n_resamples=10_000, method="BCa", rng=1, batch=100)
    # two quantiles of 10,000 draws: each has a standard error of 0.027 standard deviations
    off = np.abs(b.interval(interval="bca") - peer.confidence_interval) / b.standard_errors()
    assert off.max() < 5 * 0.027 * math.sqrt(2.0)


def test_the_jackknife_in_groups():
    x = np.random.default_rng(2).exponential(size=5000)
    b = vn.bootstrap_statistic(fast_mean, x, n_resamples=10, bca=True, rng=1)
    means = x.reshape(1000, 5).mean(axis=1)
    assert b.acceleration == pytest.approx(stats.skew(means) / 6.0 / math.sqrt(1000), rel=1e-3)


def test_result_is_frozen(x):
    b = vn.bootstrap_statistic(mean, x, n_resamples=5, rng=1)
    assert isinstance(b, vn.resampling.StatisticBootstrap)
    assert "multinomial" in repr(b)
    with pytest.raises(ValueError, match="read-only"):
        b.replicates[0] = 0.0
    with pytest.raises(AttributeError):
        b.estimate = 0.0


def test_a_statistic_that_is_not_finite():
    def often(x, w):
        return np.nan if w[0] == 0 else 1.0

    w = vn.bootstrap_weights(20, 100, rng=1).replicates(0, 100)
    first = int(np.argmax(w[:, 0] == 0))
    for function in (often, numba.njit(often)):
        with pytest.raises(
            ValueError, match=f"statistic = nan: is not finite of replicate {first}"
        ):
            vn.bootstrap_statistic(function, np.ones(20), n_resamples=100, rng=1)
    with pytest.raises(ValueError, match=r"statistic.*: is not finite of the data"):
        vn.bootstrap_statistic(lambda x, w: np.inf, np.ones(20), rng=1)


def test_a_statistic_that_raises():
    def broken(x, w):
        if w[0] != 1:
            raise ZeroDivisionError("mine")
        return 1.0

    for function in (broken, numba.njit(broken)):
        with pytest.raises(ZeroDivisionError, match="mine"):
            vn.bootstrap_statistic(function, np.ones(20), rng=1)


def test_constant_data():
    b = vn.bootstrap_statistic(mean, np.ones(30), n_resamples=50, bca=True, rng=1)
    assert b.interval().tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="BCa interval is not defined for 'statistic'"):
        b.interval(interval="bca")


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "text"),
    [
        ((3, np.ones(4)), {}, TypeError, "statistic.*: must be callable"),
        ((mean,), {}, ValueError, "arrays: give at least one"),
        ((mean, 3.0), {}, ValueError, "arrays: give at least one"),
        ((mean, np.ones(4), np.ones(5)), {}, ValueError, "array 1 has 5 rows, but array 0 has 4"),
        ((mean, np.ones(4)), {"n_resamples": 0}, ValueError, "n_resamples.*: must be at least 2"),
        ((mean, np.ones(4)), {"error": 3}, TypeError, "error.*: must be callable"),
        ((mean, np.ones(4)), {"scheme": "x"}, ValueError, "scheme.*: must be one of"),
        ((mean, np.ones(4)), {"cluster": [1, 2]}, ValueError, "cluster: has 2 rows"),
    ],
)
def test_bad_input(arguments, options, kind, text):
    with pytest.raises(kind, match=text):
        vn.bootstrap_statistic(*arguments, **options)


def test_bad_kinds_of_interval(x):
    b = vn.bootstrap_statistic(mean, x, n_resamples=5, rng=1)
    for kind, text in (("bca", "bca=True"), ("studentized", "error="), ("wald", "must be one of")):
        with pytest.raises(ValueError, match=text):
            b.interval(interval=kind)
    with pytest.raises(ValueError, match="level"):
        b.interval(0.0)


def test_numba_is_loaded_only_for_compiled_statistics():
    code = (
        "import sys, numpy as np, venire as vn\n"
        "vn.bootstrap_statistic(lambda x, w: (w * x).sum(), np.ones(9), n_resamples=3)\n"
        "print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_statistic_that_is_too_large_for_a_double():
    with pytest.raises(ValueError, match="statistic: gave a number that is too large"):
        vn.bootstrap_statistic(lambda x, w: 10**400, [1.0, 2.0], n_resamples=5, rng=0)


@pytest.mark.parametrize("unit", [2.0**600, 2.0**-600])
def test_a_statistic_in_any_unit(unit):
    x = np.random.default_rng(0).exponential(size=20)

    def run(size):
        def scaled(x, w):
            return size * float(x @ w)

        return vn.bootstrap_statistic(scaled, x, n_resamples=99, bca=True, rng=1)

    one, other = run(1.0), run(unit)
    assert other.standard_errors() == unit * one.standard_errors()
    np.testing.assert_array_equal(other.interval(0.9, "bca"), unit * one.interval(0.9, "bca"))
