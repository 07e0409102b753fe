"""The error of an ensemble taken apart: identities, the twin, analytic values, bad input."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn
from venire import reference


def make(seed, n_members, n_rows, n_trials=0, n_repeats=1):
    rng = np.random.default_rng(seed)
    shape = (n_trials, n_members, n_rows) if n_trials else (n_members, n_rows)
    truth = rng.normal(size=n_rows)
    common = rng.normal(size=n_rows)
    f = truth + 0.4 + 0.7 * common + rng.normal(size=shape)
    t = truth + 0.5 * rng.normal(size=(n_repeats, n_rows))
    return f, t, rng


def some_weights(rng, n_members, kind):
    if kind == "equal":
        return None
    w = rng.uniform(0.1, 1.0, n_members)
    if kind == "signed" and n_members > 2:
        w[0] = -0.1
    return w


# ---- squared loss ----------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_members=st.integers(1, 6),
    n_rows=st.integers(2, 12),
    n_trials=st.sampled_from([0, 2, 5]),
    n_repeats=st.sampled_from([1, 3]),
    kind=st.sampled_from(["equal", "positive", "signed"]),
)
def test_squared_equals_reference_and_identities(
    seed, n_members, n_rows, n_trials, n_repeats, kind
):
    f, t, rng = make(seed, n_members, n_rows, n_trials, n_repeats)
    w = some_weights(rng, n_members, kind)
    d = vn.ensembles.decompose(f, t, weights=w)
    twin = reference.decompose_squared(f, t, None if w is None else w / w.sum())
    for name in twin._fields:
        np.testing.assert_allclose(
            getattr(d, name), getattr(twin, name), rtol=1e-9, atol=1e-12, err_msg=name
        )
    parts = d.noise + d.bias2 + d.share * d.variance
    if n_members > 1:
        parts += (1.0 - d.share) * d.covariance
    assert parts == pytest.approx(d.error, rel=1e-10)
    assert d.member_error - d.ambiguity == pytest.approx(d.error, rel=1e-9)
    assert d.weights @ d.member_errors == pytest.approx(d.member_error, rel=1e-12)
    assert d.over == ("trials" if n_trials else "rows")
    assert isinstance(d, vn.ensembles.Decomposition)


def test_noise_that_is_known():
    f, t, _ = make(3, 5, 40)
    plain = vn.ensembles.decompose(f, t[0])
    d = vn.ensembles.decompose(f, t[0], noise=0.25)
    each = vn.ensembles.decompose(f, t[0], noise=np.linspace(0.0, 0.5, 40))
    assert each.noise == pytest.approx(0.25)
    assert d.error == plain.error
    assert d.variance == pytest.approx(plain.variance - 0.25)
    assert d.covariance == pytest.approx(plain.covariance - 0.25)
    parts = d.noise + d.bias2 + d.share * d.variance + (1 - d.share) * d.covariance
    assert parts == pytest.approx(d.error)
    trials = vn.ensembles.decompose(np.stack([f, f + 1.0]), t[0], noise=0.25)
    assert trials.noise == 0.25
    parts = trials.noise + trials.bias2 + trials.variance / 5 + 0.8 * trials.covariance
    assert parts == pytest.approx(trials.error)


def test_terms_are_what_was_simulated():
    # At each row: bias 0.3, variance 1 + 0.5, covariance 0.5 of two members, noise 0.25.
    rng = np.random.default_rng(0)
    n_trials, m, n = 60, 4, 3000
    truth = rng.normal(size=n)
    f = truth + 0.3 + rng.normal(0, math.sqrt(0.5), (n_trials, 1, n))
    f = f + rng.normal(size=(n_trials, m, n))
    t = truth + 0.5 * rng.normal(size=(5, n))
    d = vn.ensembles.decompose(f, t)
    # the errors of these means are below 0.01 (for bias2, 2 * 0.3 * sqrt(0.7 / n) of the truth)
    assert d.bias2 == pytest.approx(0.09, abs=0.02)
    assert d.variance == pytest.approx(1.5, abs=0.02)
    assert d.covariance == pytest.approx(0.5, abs=0.02)
    assert d.noise == pytest.approx(0.25, abs=0.015)
    assert d.rho == pytest.approx(1 / 3, abs=0.02)
    low, high = d.rho_interval
    assert low < 1 / 3 < high


def test_equicorrelated_members_have_the_textbook_variance():
    # equal variances: rho sigma² + (1 - rho) sigma² / M is the variance of the mean
    rng = np.random.default_rng(1)
    f = rng.normal(size=(6, 50)) + rng.normal(size=50)
    f /= f.std(axis=1, keepdims=True)
    d = vn.ensembles.decompose(f, np.zeros(50))
    assert d.predicted_variance == pytest.approx(d.observed_variance, rel=1e-12)
    assert d.observed_variance == pytest.approx(f.mean(axis=0).var(ddof=1))
    assert d.n_effective == pytest.approx(6 / (1 + 5 * d.rho))
    assert d.sigma2 / d.n_effective == pytest.approx(d.predicted_variance)
    np.testing.assert_allclose(d.correlation, np.corrcoef(f), atol=1e-12)


def test_variances_that_differ_are_told_apart():
    f = np.random.default_rng(1).normal(size=(4, 50)) * np.array([[1.0], [2.0], [3.0], [9.0]])
    d = vn.ensembles.decompose(f, np.zeros(50))
    assert d.predicted_variance != pytest.approx(d.observed_variance, rel=1e-3)
    assert d.observed_variance == pytest.approx(f.mean(axis=0).var(ddof=1))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_members=st.integers(2, 5),
    n_rows=st.integers(4, 20),
    clustered=st.booleans(),
)
def test_rho_equals_reference(seed, n_members, n_rows, clustered):
    f, t, rng = make(seed, n_members, n_rows)
    cluster = np.append(rng.integers(0, 3, n_rows - 2), [0, 1]) if clustered else None
    d = vn.ensembles.decompose(f, t, cluster=cluster)
    rho, error = reference.mean_correlation(f - t[0], cluster)
    np.testing.assert_allclose([d.rho, d.rho_error], [rho, error], atol=1e-11)


def test_rho_error_is_that_of_the_jackknife():
    f, t, _ = make(5, 4, 400)
    d = vn.ensembles.decompose(f, t)
    left = [vn.ensembles.decompose(np.delete(f, i, 1), np.delete(t, i, 1)).rho for i in range(400)]
    jackknife = math.sqrt(399 * np.var(left))
    assert d.rho_error == pytest.approx(jackknife, rel=0.03)


def test_interval_of_rho_covers():
    # 400 simulations at a level of 0.9: 4 standard errors of a share are 0.06; the interval is
    # that of large samples, which 150 rows are to within 0.02.
    rng, hits = np.random.default_rng(7), 0
    for _ in range(400):
        f = rng.normal(size=(5, 150)) + rng.normal(size=150)
        low, high = vn.ensembles.decompose(f, np.zeros(150), level=0.9).rho_interval
        hits += low <= 0.5 <= high
    assert abs(hits / 400 - 0.9) < 0.08


def test_interval_of_two_members_is_fishers():
    f, t, _ = make(9, 2, 30)
    d = vn.ensembles.decompose(f, t)
    middle = math.tanh((math.atanh(d.rho_interval[0]) + math.atanh(d.rho_interval[1])) / 2)
    assert middle == pytest.approx(d.rho)


def test_degenerate_ensembles():
    x = np.array([1.0, 2.0, 4.0])
    alone = vn.ensembles.decompose([x], [1.0, 1.0, 1.0])
    assert math.isnan(alone.rho)
    assert math.isnan(alone.covariance)
    assert alone.n_effective == 1.0
    assert alone.predicted_variance == alone.observed_variance
    twins = vn.ensembles.decompose([x, x], [1.0, 1.0, 1.0])
    assert twins.rho == pytest.approx(1.0)
    assert twins.rho_interval == (twins.rho, twins.rho)
    assert twins.n_effective == pytest.approx(1.0)
    assert twins.ambiguity == 0.0
    opposite = vn.ensembles.decompose([x, 2.0 - x], [1.0, 1.0, 1.0])
    assert opposite.rho == pytest.approx(-1.0)
    assert opposite.n_effective > 1e12
    with_constant = vn.ensembles.decompose([x, x + np.eye(3)[1], [3.0] * 3], [1.0, 1.0, 1.0])
    assert np.isnan(with_constant.correlation[2]).all()
    assert math.isfinite(with_constant.rho)


def test_decompose_leaves_inputs_alone():
    f, t, _ = make(1, 3, 8)
    f.flags.writeable = t.flags.writeable = False
    a = vn.ensembles.decompose(f[:, ::-1], t[:, ::-1])
    b = vn.ensembles.decompose(f, t)
    assert a.error == pytest.approx(b.error)
    assert vn.ensembles.decompose([[1, 2], [3, 4]], [1, 2]).error == 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        b.error = 0.0


# ---- zero-one loss ---------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_members=st.integers(1, 6),
    n_rows=st.integers(2, 12),
    n_classes=st.integers(1, 4),
    n_repeats=st.sampled_from([1, 2, 5]),
    weighted=st.booleans(),
)
def test_zero_one_equals_reference_and_identity(
    seed, n_members, n_rows, n_classes, n_repeats, weighted
):
    rng = np.random.default_rng(seed)
    names = np.array(["d", "b", "a", "c"])
    f = names[rng.integers(0, n_classes, (n_members, n_rows))]
    t = names[rng.integers(0, n_classes, (n_repeats, n_rows))]
    w = some_weights(rng, n_members, "positive" if weighted else "equal")
    d = vn.ensembles.decompose(f, t, loss="zero-one", weights=w)
    twin = reference.decompose_zero_one(f, t, None if w is None else w / w.sum())
    for name in twin._fields:
        np.testing.assert_allclose(getattr(d, name), getattr(twin, name), atol=1e-12, err_msg=name)
    share = d.weights
    observed = sum(
        share[m] * np.mean(f[m] != t[r]) for m in range(n_members) for r in range(n_repeats)
    )
    assert d.member_error == pytest.approx(observed / n_repeats)
    parts = d.noise_effect + d.bias + d.unbiased_variance - d.biased_variance
    assert parts == pytest.approx(d.member_error)
    assert d.error == pytest.approx(np.mean(d.main[None] != t))
    if n_repeats == 1:
        assert d.noise == 0.0
        assert d.bias == pytest.approx(d.error)
    if n_classes == 2:  # missing the vote hits the other class, which is right
        assert d.variance == pytest.approx(d.unbiased_variance + d.biased_variance)
    assert isinstance(d, vn.ensembles.ZeroOneDecomposition)


def test_zero_one_by_hand():
    # Row 0: members a a b, truth a: unbiased, variance 1/3. Row 1: a a b, truth b: biased, and the
    # one that differs is right. Row 2: a a b, truth c: biased, nobody is right.
    f = [["a"] * 3, ["a"] * 3, ["b"] * 3]
    d = vn.ensembles.decompose(f, ["a", "b", "c"], loss="zero-one")
    assert d.bias == pytest.approx(2 / 3)
    assert d.unbiased_variance == pytest.approx(1 / 9)
    assert d.biased_variance == pytest.approx(1 / 9)
    assert d.member_error == pytest.approx((1 / 3 + 2 / 3 + 1) / 3)
    assert d.main.tolist() == ["a", "a", "a"]


def test_classes_may_be_objects():
    f, t = np.array([["a", "b"], ["b", "b"]]), np.array(["a", "b"])
    plain = vn.ensembles.decompose(f, t, loss="zero-one")
    assert (
        vn.ensembles.decompose(f.astype(object), t, loss="zero-one").member_error
        == plain.member_error
    )
    step = vn.ensembles.adaboost_weights(None, f[0].astype(object), np.array(["b", "b"]))
    assert step.error == 0.5


def test_zero_one_rho_is_that_of_the_indicators():
    rng = np.random.default_rng(2)
    f, t = rng.integers(0, 3, (4, 60)), rng.integers(0, 3, 60)
    d = vn.ensembles.decompose(f, t, loss="zero-one")
    rho, error = reference.mean_correlation(f != t)
    np.testing.assert_allclose([d.rho, d.rho_error], [rho, error], atol=1e-11)
    assert d.n_effective == pytest.approx(4 / (1 + 3 * rho))


# ---- learning curve --------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_members=st.integers(2, 6), n_rows=st.integers(2, 6))
def test_curve_is_the_mean_over_subsets(seed, n_members, n_rows):
    f, t, _ = make(seed, n_members, n_rows)
    curve = vn.ensembles.learning_curve(f, t[0])
    assert isinstance(curve, vn.ensembles.LearningCurve)
    found = [reference.subset_errors(f, t[0], k) for k in range(1, n_members + 1)]
    np.testing.assert_allclose(curve.error[:-1], found, rtol=1e-9, atol=1e-12)
    assert curve.next_gain == pytest.approx(curve.error[-2] - curve.error[-1], abs=1e-12)
    assert curve.error[n_members - 1] == pytest.approx(vn.ensembles.decompose(f, t).error)
    assert curve.sizes.tolist() == list(range(1, n_members + 2))


def test_curve_foresees_the_next_member():
    # gain of the seventh of seven against what six foresee, over many rows
    rng = np.random.default_rng(0)
    f = rng.normal(size=(7, 200_000)) + rng.normal(size=200_000)
    t = np.zeros(200_000)
    six = vn.ensembles.learning_curve(f[:6], t)
    gain = vn.ensembles.decompose(f[:6], t).error - vn.ensembles.decompose(f, t).error
    assert six.next_gain == pytest.approx(1 / 42, rel=0.02)
    assert gain == pytest.approx(six.next_gain, abs=0.005)
    assert six.limit == pytest.approx(1.0, abs=0.02)


def test_curve_errors_are_those_of_means_over_rows():
    f, t, rng = make(4, 3, 200)
    curve = vn.ensembles.learning_curve(f, t[0])
    alone = ((f - t[0]) ** 2).mean(axis=0)
    together = (f.mean(axis=0) - t[0]) ** 2
    assert curve.standard_error[0] == pytest.approx(alone.std(ddof=1) / math.sqrt(200))
    assert curve.standard_error[2] == pytest.approx(together.std(ddof=1) / math.sqrt(200))
    cluster = rng.integers(0, 10, 200)
    sums = np.bincount(cluster, together - together.mean())
    expected = math.sqrt(sums @ sums * 10 / 9) / 200
    assert vn.ensembles.learning_curve(f, t[0], cluster=cluster).standard_error[2] == pytest.approx(
        expected
    )
    # each row twice, in clusters of two, says nothing new
    twice = vn.ensembles.learning_curve(
        np.repeat(f, 2, 1), np.repeat(t[0], 2), cluster=np.arange(400) // 2
    )
    assert twice.next_gain_error == pytest.approx(curve.next_gain_error)


def test_zero_one_curve():
    rng = np.random.default_rng(3)
    t = rng.integers(0, 3, 12)
    f = np.where(rng.random((4, 12)) < 0.6, t, rng.integers(0, 3, (4, 12)))
    curve = vn.ensembles.learning_curve(f, t, loss="zero-one", n_orders=4000, rng=1)
    found = [reference.subset_errors(f, t, k, zero_one=True) for k in range(1, 5)]
    # the error of one order is at most 1/2 from its mean: four standard errors of 4,000
    np.testing.assert_allclose(curve.error, found, atol=4 * 0.5 / math.sqrt(4000))
    assert curve.error[-1] == pytest.approx(found[-1])  # all of them: no order matters
    assert curve.next_gain == pytest.approx((curve.error[1] - curve.error[3]) / 2)
    assert math.isnan(curve.limit)
    again = vn.ensembles.learning_curve(f, t, loss="zero-one", n_orders=4000, rng=1)
    np.testing.assert_array_equal(curve.error, again.error)


# ---- bad input -------------------------------------------------------------------------

F, T = [[1.0, 2.0], [2.0, 1.0], [0.0, 1.0]], [1.0, 2.0]


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "message"),
    [
        ("decompose", (F, [1.0]), {}, "target: has 1 rows, but predictions have 2"),
        ("decompose", ([1.0, 2.0], T), {}, "predictions: must have shape"),
        ("decompose", (np.empty((0, 2)), T), {}, "predictions: is empty"),
        ("decompose", ([[1.0]], [1.0]), {}, "= 1.*: at least two rows are needed"),
        ("decompose", ([F], T), {}, "= 1.*: at least two trials are needed"),
        ("decompose", ([F, F], T), {"cluster": [0, 1]}, "cluster: has no meaning with trials"),
        ("decompose", ([[1.0, np.nan]], T), {}, "predictions.* = nan: must be finite"),
        ("decompose", (F, [1.0, np.inf]), {}, r"target\[1\] = inf: must be finite"),
        ("decompose", (F, T), {"weights": [1.0, 2.0]}, r"weights: must have shape \(3,\)"),
        ("decompose", (F, T), {"weights": [1, -2, 1]}, "weights.*: must have a sum > 0"),
        (
            "decompose",
            (F, T),
            {"weights": [1, -2, 4], "loss": "zero-one"},
            r"weights\[1\] = -2.0: must be >= 0",
        ),
        ("decompose", (F, T), {"noise": [0.1, -1.0]}, "noise.* = -1.0: must be finite and >= 0"),
        ("decompose", (F, [T, T]), {"noise": 0.1}, "noise: is estimated from the repeats"),
        ("decompose", (F, T), {"noise": 0.1, "loss": "zero-one"}, "noise: is for squared loss"),
        ("decompose", (F, T), {"noise": [1.0] * 3}, "noise.*: must be a number or have shape"),
        ("decompose", (F, T), {"cluster": [0]}, r"cluster: must have shape \(2,\)"),
        ("decompose", (F, T), {"cluster": [5, 5]}, "cluster.*: at least two clusters are needed"),
        ("decompose", (F, T), {"level": 1.0}, "level.*: must be strictly between 0 and 1"),
        ("decompose", (F, T), {"loss": "log"}, "loss = 'log': must be one of squared, zero-one"),
        ("decompose", ([[1]], [1]), {"loss": "zero-one"}, "at least two rows are needed"),
        ("learning_curve", (F[:1], T), {}, "= 1.*: at least 2 members are needed"),
        ("learning_curve", (F[:2], T), {"loss": "zero-one"}, "at least 3 members are needed"),
        ("learning_curve", (F, [T, T]), {}, "target: must have shape"),
        ("learning_curve", (F, T), {"loss": "zero-one", "n_orders": 0}, "n_orders.*: must be"),
        ("learning_curve", (F, T), {"loss": "x"}, "loss.*: must be"),
    ],
)
def test_bad_values(function, args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        getattr(vn.ensembles, function)(*args, **kwargs)


def test_bad_types():
    with pytest.raises(TypeError, match=r"predictions: must hold numbers.*loss='zero-one'"):
        vn.ensembles.decompose([["a", "b"]], ["a", "b"])
    with pytest.raises(TypeError, match="target: has dtype"):
        vn.ensembles.decompose([["a", "b"]], [0, 1], loss="zero-one")
    with pytest.raises(TypeError, match=r"level.*: must be a number"):
        vn.ensembles.decompose(F, T, level="0.9")
