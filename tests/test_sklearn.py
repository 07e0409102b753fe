"""The estimator: the fit that it wraps, and what scikit-learn asks of its own."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import column_or_1d
from sklearn.utils.estimator_checks import check_estimator

import venire as vn
from venire.sklearn import BradleyTerry

PRIOR = vn.GaussianPrior(0.1)


class Fed(BradleyTerry):
    """With the rows and targets of scikit-learn's checks, any numbers, made comparisons first."""

    def _read(self, X, *, reset):
        read = super()._read(X, reset=reset)
        first, second = (np.clip(np.rint(2.0 * np.asarray(x, float)), -99, 99) for x in read[:2])
        return read._replace(first=first, second=second + 1000, covariates=None)

    def fit(self, X, y, sample_weight=None):
        y = np.asarray(column_or_1d(y, warn=True))
        good = y.dtype.kind not in "OU" and np.isfinite(y).all()
        return super().fit(X, (y == y.max()) * 1.0 if good else y, sample_weight)

    def score(self, X, y, sample_weight=None):
        return super().score(X, (np.asarray(y) == np.max(y)) * 1.0, sample_weight)


SCORES = "y holds scores from 0 to 1, soft ones among them, no names of classes"
EXPECTED = {
    "check_parameters_default_constructible": "the default prior is an object, which cannot change",
    "check_classifiers_classes": SCORES,
    "check_classifiers_regression_target": SCORES,
    "check_classifier_not_supporting_multiclass": SCORES,
}


def test_the_checks_of_scikit_learn_pass():
    found = check_estimator(Fed(), expected_failed_checks=EXPECTED, on_fail=None, on_skip=None)
    failed = [(f["check_name"], f["exception"]) for f in found if f["status"] == "failed"]
    assert not failed, failed
    expected = {f["check_name"] for f in found if f["status"] == "xfail"}
    assert expected == set(EXPECTED)  # none of them has come to pass


def test_rows_of_the_checks_that_are_no_comparisons_are_refused_as_such():
    """Without `Fed`: whatever fails does because an item meets itself, or y is no score."""
    words = ("with itself", "not fractions", "between 0 and 1", "must hold numbers", "separates",
             "is constant")  # fmt: skip
    for found in check_estimator(BradleyTerry(), on_fail=None, on_skip=None):
        if found["status"] != "failed" or found["check_name"] in EXPECTED:
            continue
        error, told = found["exception"], []
        while error is not None:
            told.append(str(error))
            error = error.__cause__ or error.__context__
        assert any(word in text for word in words for text in told), (found["check_name"], told)


@pytest.fixture
def games():
    made = vn.simulate.arena(8, 600)
    return np.stack([made.first, made.second], axis=1), made.score


def test_it_is_the_fit(games):
    x, y = games
    weight = np.arange(len(y)) % 3
    model = BradleyTerry(PRIOR, order_effect=True).fit(x, y, weight)
    fit = vn.fit_bradley_terry(
        vn.Comparisons(x[:, 0], x[:, 1], y, weight), prior=PRIOR, order_effect=True
    )
    np.testing.assert_array_equal(model.ratings_, fit.theta)
    np.testing.assert_array_equal(model.items_, fit.items)
    assert model.order_effect_ == fit.order_effect
    assert model.n_features_in_ == 2
    assert model.coef_.shape == (0,)
    p = model.predict_proba(x)
    np.testing.assert_allclose(p[:, 1], fit.predict(x[:, 0], x[:, 1], order=1), rtol=1e-13)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-13)
    np.testing.assert_array_equal(model.predict(x), np.argmax(p, axis=1))
    np.testing.assert_array_equal(model.classes_, [0.0, 1.0])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(x), p)


def test_score_is_the_mean_log_likelihood(games):
    x, y = games
    model = BradleyTerry().fit(x, y)
    assert model.score(x, y) == pytest.approx(model.fit_.log_likelihood / len(y), rel=1e-12)
    hard = y != 0.5
    own = -log_loss(y[hard], model.predict_proba(x[hard]))
    assert model.score(x[hard], y[hard]) == pytest.approx(own, rel=1e-9)
    weight = hard * 2.0
    assert model.score(x, y, weight) == pytest.approx(own, rel=1e-9)


def frame(n=400, seed=3):
    rng = np.random.default_rng(seed)
    first, second = np.array(list("abcdef"), object)[
        (rng.integers(6, size=n) + np.array([[0], [1]]) * rng.integers(1, 6, n)) % 6
    ]
    length = rng.normal(size=n)
    d = np.array([ord(b) - ord(a) for a, b in zip(first, second, strict=True)]) / 3 + 0.8 * length
    y = (rng.random(n) < 1.0 / (1.0 + np.exp(-d))) * 1.0
    return {"model_a": first, "model_b": second, "length": length}, y


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, "objects"])
def test_frames_text_and_covariates(library):
    columns, y = frame()
    if library == "objects":
        x = np.stack(list(columns.values()), axis=1)
        model = BradleyTerry().fit(x, y)
        assert not hasattr(model, "feature_names_in_")
        names = ["x0"]
    else:
        x = library(columns)
        model = BradleyTerry().fit(x, y)
        assert model.feature_names_in_.tolist() == list(columns)
        names = ["length"]
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(
                library({"a": columns["model_a"], **columns}).drop(columns=["length"])
                if library is pd.DataFrame
                else x.rename({"length": "l"})
            )
    c = vn.Comparisons(
        columns["model_a"], columns["model_b"], y, covariates={names[0]: columns["length"]}
    )
    fit = vn.fit_bradley_terry(c, prior=PRIOR)
    np.testing.assert_array_equal(model.ratings_, fit.theta)
    np.testing.assert_array_equal(model.coef_, fit.coefficients)
    assert model.fit_.covariate_names == tuple(names)
    expected = fit.predict(columns["model_a"], columns["model_b"], covariates=columns["length"])
    np.testing.assert_allclose(model.predict_proba(x)[:, 1], expected, rtol=1e-12)


def test_items_that_the_fit_did_not_have_stand_at_the_mean_of_the_prior():
    x = [["a", "b"], ["b", "c"], ["c", "a"]]
    model = BradleyTerry(vn.GaussianPrior(1.0, mean=0.5)).fit(x, [1, 1, 0.5])
    new = model.decision_function([["a", "z"], ["z", "y"]])
    np.testing.assert_allclose(new, [model.ratings_[0] - 0.5, 0.0])
    means = {"a": 1.0, "b": 0.0, "c": -1.0}
    model = BradleyTerry(vn.GaussianPrior(1.0, mean=means)).fit(x, [1, 1, 0.5])
    with pytest.raises(ValueError, match=r"second\[0\] = 'z': is none of the fit's items"):
        model.predict([["a", "z"]])
    model = BradleyTerry(None).fit(x, [1, 1, 0.5])
    with pytest.raises(ValueError, match=r"first\[1\] = 'z': is none of the fit's items"):
        model.predict([["a", "b"], ["z", "a"]])
    with pytest.raises(TypeError, match="must be text, as in the fit"):
        model.predict([[1, 2]])


def test_without_a_prior_components_are_not_compared():
    x = [[0, 1], [1, 0], [2, 3], [3, 2]]
    with pytest.warns(vn.NotIdentifiedWarning):
        model = BradleyTerry(None).fit(x, [1, 1, 1, 1])
    with pytest.raises(ValueError, match=r"first\[1\] = 1: was never compared"):
        model.predict([[0, 1], [1, 2]])
    with pytest.raises(vn.NotIdentifiedError):
        BradleyTerry(None).fit([[0, 1]], [1])


def test_a_search_over_priors_in_a_pipeline(games):
    x, y = games
    names = np.array([f"m{k}" for k in range(8)], object)
    pipeline = make_pipeline(FunctionTransformer(lambda z: names[z]), BradleyTerry())
    grid = {"bradleyterry__prior": [vn.GaussianPrior(p) for p in (0.01, 1.0, 100.0)]}
    search = GridSearchCV(pipeline, grid, cv=4, error_score="raise").fit(x, y)
    best = search.best_params_["bradleyterry__prior"]
    assert best in grid["bradleyterry__prior"][:2]  # the true strengths are no near ties
    by_hand = cross_val_score(clone(pipeline).set_params(bradleyterry__prior=best), x, y, cv=4)
    assert search.best_score_ == pytest.approx(by_hand.mean(), rel=1e-12)
    hard = y != 0.5
    for scoring in ("neg_log_loss", "accuracy", "roc_auc", "neg_brier_score"):
        got = cross_val_score(BradleyTerry(), x[hard], y[hard], cv=4, scoring=scoring)
        assert np.isfinite(got).all()


@pytest.mark.parametrize(
    ("x", "y", "weight", "error", "words"),
    [
        ([[0, 1]], [1.5], None, ValueError, r"y\[0\] = 1.5: must be between 0 and 1"),
        ([[0, 1]], [np.nan], None, ValueError, r"y\[0\] = nan"),
        ([[0, 1]], ["a"], None, TypeError, "y"),
        ([[0, 1]], None, None, ValueError, "y should be a 1d array"),
        ([[0, 1], [1, 0]], [1], None, ValueError, "inconsistent numbers of samples"),
        ([[0, 0]], [1], None, ValueError, r"second\[0\] = 0: an item cannot be compared"),
        ([[0.5, 1]], [1], None, ValueError, r"first\[0\] = 0.5: must be integers or text"),
        ([[0, np.nan]], [1], None, ValueError, "NaN"),
        ([[0]], [1], None, ValueError, "minimum of 2 is required"),
        (pd.DataFrame({"a": [1]}), [1], None, ValueError, "must have columns first and second"),
        ([[0, 1]], [1], [-1], ValueError, r"sample_weight\[0\] = -1.0"),
        ([[0, 1]], [1], [0], ValueError, "sample_weight.*is zero in every row"),
        ([["a", "b", 0.5]], [1], None, TypeError, "covariates"),
    ],
)  # fmt: skip
def test_bad_input_is_named(x, y, weight, error, words):
    with pytest.raises(error, match=words):
        BradleyTerry().fit(x, y, weight)


def test_a_number_is_no_prior():
    with pytest.raises(TypeError, match=r"say GaussianPrior\(1.0\)"):
        BradleyTerry(1.0).fit([[0, 1]], [1])
