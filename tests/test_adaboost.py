"""Re-weighting of boosting: scikit-learn's step by step, the twin, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import venire as vn
from venire import reference

LOSSES = ("linear", "square", "exponential")


# ---- the twin --------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 30),
    n_classes=st.integers(2, 5),
    rate=st.sampled_from([0.1, 1.0, 3.0]),
    share=st.sampled_from([0.0, 0.2, 0.6, 1.0]),
)
def test_samme_equals_reference(seed, n, n_classes, rate, share):
    rng = np.random.default_rng(seed)
    weight = rng.uniform(size=n) * (rng.random(n) < 0.8)
    weight[0] = 1.0
    target = rng.integers(0, n_classes, n)
    wrong = rng.random(n) < share
    prediction = np.where(wrong, target + 1, target)
    step = vn.ensembles.adaboost_weights(
        weight, prediction, target, n_classes=n_classes, learning_rate=rate
    )
    w, error, alpha = reference.samme_step(weight, wrong, n_classes, rate)
    np.testing.assert_allclose(step.weight, w, rtol=1e-12)
    assert step.error == pytest.approx(error, rel=1e-12)
    assert step.estimator_weight == pytest.approx(alpha, rel=1e-9, abs=1e-12)
    assert step.stop == (error <= 0 or error >= 1 - 1 / n_classes)
    assert step.weight.sum() == pytest.approx(1.0)
    assert ((step.weight == 0) == (weight == 0)).all()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 30),
    loss=st.sampled_from(LOSSES),
    rate=st.sampled_from([0.1, 1.0, 3.0]),
    noise=st.sampled_from([0.0, 1.0]),
)
def test_r2_equals_reference(seed, n, loss, rate, noise):
    rng = np.random.default_rng(seed)
    weight = rng.uniform(size=n) * (rng.random(n) < 0.8)
    weight[0] = 1.0
    target = rng.normal(size=n)
    prediction = target + noise * rng.standard_t(2, n)
    step = vn.ensembles.adaboost_weights(
        weight, prediction, target, method="r2", loss=loss, learning_rate=rate
    )
    w, error, alpha = reference.r2_step(weight, prediction - target, loss, rate)
    np.testing.assert_allclose(step.weight, w, rtol=1e-11)
    assert step.error == pytest.approx(error, rel=1e-12)
    assert step.estimator_weight == pytest.approx(alpha, rel=1e-9, abs=1e-12)
    assert step.stop == (error <= 0 or error >= 0.5)


def test_samme_puts_half_of_the_weight_on_what_was_wrong():
    # with two classes and rate 1 the learner is no better than chance on the new weights
    rng = np.random.default_rng(0)
    target, weight = rng.integers(0, 2, 500), rng.uniform(size=500)
    prediction = np.where(rng.random(500) < 0.3, 1 - target, target)
    step = vn.ensembles.adaboost_weights(weight, prediction, target)
    assert step.weight[prediction != target].sum() == pytest.approx(0.5)
    assert vn.ensembles.adaboost_weights(
        step.weight * 7, prediction, target
    ).error == pytest.approx(0.5)
    assert isinstance(step, vn.ensembles.BoostingStep)


# ---- scikit-learn, step by step --------------------------------------------------------


@pytest.mark.parametrize("rate", [1.0, 0.3])
@pytest.mark.parametrize("text", [False, True])
def test_samme_is_that_of_scikit_learn(rate, text):
    x, y = load_iris(return_X_y=True)
    rng = np.random.default_rng(1)
    y = np.where(rng.random(len(y)) < 0.1, rng.integers(0, 3, len(y)), y)
    if text:
        y = np.array(["setosa", "versicolor", "virginica"])[y]
    stump = DecisionTreeClassifier(max_depth=1)
    theirs = AdaBoostClassifier(stump, n_estimators=25, learning_rate=rate, random_state=3)
    theirs.fit(x, y)
    weight = np.full(len(y), 1.0 / len(y))
    for k, member in enumerate(theirs.estimators_):
        ours = DecisionTreeClassifier(max_depth=1, random_state=member.random_state)
        ours.fit(x, y, sample_weight=weight)
        prediction = ours.predict(x)
        assert (prediction == member.predict(x)).all(), f"step {k} was given other weights"
        step = vn.ensembles.adaboost_weights(weight, prediction, y, learning_rate=rate)
        assert step.error == pytest.approx(theirs.estimator_errors_[k], rel=1e-9)
        assert step.estimator_weight == pytest.approx(theirs.estimator_weights_[k], rel=1e-9)
        weight = step.weight
    assert k == 24


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("rate", [1.0, 0.5])
def test_r2_is_that_of_scikit_learn(loss, rate):
    x, y = load_diabetes(return_X_y=True)
    tree = DecisionTreeRegressor(max_depth=3)
    theirs = AdaBoostRegressor(tree, n_estimators=12, learning_rate=rate, loss=loss, random_state=3)
    theirs.fit(x, y)
    assert len(theirs.estimators_) >= 5
    # the same stream: a seed for the learner, then the rows
    state = np.random.RandomState(3)
    weight = None
    for k, member in enumerate(theirs.estimators_):
        ours = DecisionTreeRegressor(max_depth=3, random_state=state.randint(2**31 - 1))
        assert ours.random_state == member.random_state
        p = np.full(len(y), 1.0 / len(y)) if weight is None else weight
        rows = state.choice(np.arange(len(y)), size=len(y), replace=True, p=p)
        prediction = ours.fit(x[rows], y[rows]).predict(x)
        np.testing.assert_array_equal(prediction, member.predict(x))
        step = vn.ensembles.adaboost_weights(
            weight, prediction, y, method="r2", loss=loss, learning_rate=rate
        )
        if step.state == "useless":
            break
        assert step.error == pytest.approx(theirs.estimator_errors_[k], rel=1e-9)
        assert step.estimator_weight == pytest.approx(theirs.estimator_weights_[k], rel=1e-9)
        weight = step.weight


# ---- what a kernel owes -----------------------------------------------------------------


def test_extremes_stay_finite():
    # one row wrong in a million and a huge rate: nothing overflows, nothing becomes 0
    target = np.zeros(1_000_000, np.int8)
    prediction = target.copy()
    prediction[5] = 1
    step = vn.ensembles.adaboost_weights(None, prediction, target, learning_rate=1000.0)
    assert step.weight[5] == pytest.approx(1.0)
    assert step.weight.min() == np.finfo(float).eps
    step = vn.ensembles.adaboost_weights(
        None, target + prediction * 1e300, target, method="r2", learning_rate=1000.0
    )
    assert step.weight[5] == pytest.approx(1.0)
    assert math.isfinite(step.estimator_weight)


def test_states():
    y = np.array([0, 1, 0, 1])
    perfect = vn.ensembles.adaboost_weights([1.0, 2.0, 1.0, 0.0], y, y)
    assert (perfect.state, perfect.estimator_weight, perfect.error) == ("perfect", 1.0, 0.0)
    np.testing.assert_array_equal(perfect.weight, [0.25, 0.5, 0.25, 0.0])
    useless = vn.ensembles.adaboost_weights(None, 1 - y, y)
    assert (useless.state, useless.estimator_weight, useless.error) == ("useless", 0.0, 1.0)
    assert vn.ensembles.adaboost_weights(None, y, y, method="r2").state == "perfect"
    # an error where the weight is 0 does not count, not even for the largest error
    apart = vn.ensembles.adaboost_weights(
        [1.0, 1.0, 1.0, 0.0], y + np.array([0, 0, 1, 99]), y, method="r2"
    )
    assert apart.error == pytest.approx(1 / 3)


def test_inputs_are_left_alone():
    weight, y = np.array([0.2, 0.3, 0.5]), np.array([1.0, 2.0, 4.0])
    weight.flags.writeable = y.flags.writeable = False
    step = vn.ensembles.adaboost_weights(weight[::-1], y[::-1] + np.eye(3)[0], y[::-1], method="r2")
    assert step.error == pytest.approx(0.5)
    vn.ensembles.adaboost_weights(weight, y.astype(np.int32), y)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((None, [1, 2], [1]), {}, r"prediction: must have the shape of target, \(1,\), has"),
        ((None, [], []), {}, r"target: must have shape \(n_rows,\)"),
        ((None, 1, 1), {}, "target: must have shape"),
        (([1.0], [1, 2], [1, 2]), {}, r"weight: has 1 rows, but there are 2"),
        (([1.0, -1.0], [1, 2], [1, 2]), {}, "weight.* = -1.0: must be finite and >= 0"),
        (([0.0, 0.0], [1, 2], [1, 2]), {}, "weight.*: must have a sum > 0"),
        ((None, [1, 2], [1, 2]), {"method": "SAMME"}, "method.*: must be"),
        ((None, [1, 2], [1, 2]), {"loss": "cubic"}, "loss.*: must be"),
        ((None, [1, 2], [1, 2]), {"n_classes": 1}, "n_classes.*: must be at least 2"),
        ((None, [1, 2], [1, 2]), {"learning_rate": 0.0}, "learning_rate.*: must be finite"),
        ((None, [1, np.nan], [1, 2]), {"method": "r2"}, r"prediction\[1\].*: must be finite"),
        ((None, [1, 2], [np.inf, 2]), {"method": "r2"}, r"target\[0\].*: must be finite"),
    ],
)
def test_bad_values(args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        vn.ensembles.adaboost_weights(*args, **kwargs)


def test_bad_types():
    with pytest.raises(TypeError, match=r"learning_rate.*: must be a number"):
        vn.ensembles.adaboost_weights(None, [1], [1], learning_rate="1")
    with pytest.raises(TypeError, match="prediction: has dtype"):
        vn.ensembles.adaboost_weights(None, [0, 1], ["a", "b"])


@pytest.mark.parametrize("least", [5e-324, 1e-310, 1e-300])
def test_weights_near_the_smallest_number_are_scaled_like_any_others(least):
    target, guess = [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.5]
    for method in ("samme", "r2"):
        step = vn.ensembles.adaboost_weights([least] * 4, guess, target, method=method)
        assert step.weight.sum() == pytest.approx(1.0)
        if least > 1e-320:
            usual = vn.ensembles.adaboost_weights([0.25] * 4, guess, target, method=method)
            np.testing.assert_allclose(step.weight, usual.weight, rtol=1e-9)


def test_a_rate_beyond_all_numbers_and_shares_that_add_up_to_more_than_one():
    step = vn.ensembles.adaboost_weights(None, [1, 1, 1, 2], [1, 1, 1, 1], learning_rate=1e308)
    assert np.isfinite([step.estimator_weight, *step.weight]).all()
    assert step.weight[3] == pytest.approx(1.0)
    for n in range(3, 60):
        wrong = vn.ensembles.adaboost_weights(None, np.ones(n), np.zeros(n), n_classes=2)
        assert wrong.error <= 1.0
        assert wrong.state == "useless"
