"""Bagging: scikit-learn's checks, replicates against single fits, out-of-bag figures, bad input."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    VotingClassifier,
)
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks
from venire._native.gram import weighted_grams

import venire as vn
from venire import reference

X, Y = load_diabetes(return_X_y=True)
IRIS, KIND = load_iris(return_X_y=True)


@parametrize_with_checks(
    [
        vn.ensembles.Bagging(Ridge(), 5),
        vn.ensembles.Bagging(LinearRegression(), 5),
        vn.ensembles.Bagging(DecisionTreeRegressor(), 5, scheme="bayesian"),
        vn.ensembles.Bagging(KNeighborsRegressor(), 5),
        vn.ensembles.Bagging(LogisticRegression(), 5, scheme="poisson"),
        vn.ensembles.Bagging(DecisionTreeClassifier(), 5),
        vn.ensembles.Bagging(LinearSVC(), 5),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# ---- the kernel -------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([1, 5, 255, 256, 257, 700]),
    d=st.integers(1, 9),
    k=st.sampled_from([1, 3, 4, 9, 270]),
    real=st.booleans(),
)
def test_grams_equal_reference(seed, n, d, k, real):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, d))
    w = rng.exponential(size=(k, n)) if real else rng.poisson(1.0, (k, n)).astype(np.int32)
    found = weighted_grams(z, w, 1)
    np.testing.assert_allclose(found, reference.weighted_grams(z, w), rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(found, weighted_grams(z, w, 7))
    np.testing.assert_array_equal(found[-1:], weighted_grams(z, w[-1:].copy(), 2))


# ---- linear replicates together -----------------------------------------------------------


def weights_of(bag, n, **kwargs):
    return vn.bootstrap_weights(
        n, bag.n_estimators, scheme=bag.scheme, size=bag.size, rng=bag._seed, **kwargs
    ).replicates(0, bag.n_estimators)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 1),
    kind=st.sampled_from(["multinomial", "poisson", "bayesian", "subsample"]),
    penalty=st.sampled_from([0.0, 0.5, 30.0]),
    intercept=st.booleans(),
    far=st.sampled_from([0.0, 1e4]),
)
def test_replicates_equal_reference(seed, kind, penalty, intercept, far):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 4)) * [1.0, 100.0, 1e-3, 1.0] + far * intercept
    y = x @ [1.0, 0.02, 500.0, -1.0] + rng.normal(size=60) + far * intercept
    learner = Ridge(alpha=penalty, fit_intercept=intercept)
    if penalty == 0.0:
        learner = LinearRegression(fit_intercept=intercept)
    bag = vn.ensembles.Bagging(learner, 9, scheme=kind, random_state=seed).fit(x, y)
    coef, start = reference.ridge_replicates(x, y, weights_of(bag, 60), penalty, intercept)
    np.testing.assert_allclose(bag.coef_[:, 0], coef, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(bag.intercept_[:, 0], start, rtol=1e-6, atol=1e-4 if far else 1e-8)
    np.testing.assert_allclose(bag.predict(x), (x @ coef.T + start).mean(axis=1), rtol=1e-6)


@pytest.mark.parametrize("max_features", [1.0, 0.5, 3])
def test_members_of_linear_learners_are_those_fitted_one_by_one(max_features):
    class Slow(Ridge):
        """Not the exact class: fitted one by one."""

    y = np.column_stack([Y, Y**2 / 100.0])
    options = {"max_features": max_features, "random_state": 4}
    fast = vn.ensembles.Bagging(Ridge(alpha=[0.1, 0.2]), 12, **options).fit(X, y)
    slow = vn.ensembles.Bagging(Slow(alpha=[0.1, 0.2]), 12, **options).fit(X, y)
    np.testing.assert_allclose(fast.predict(X), slow.predict(X), rtol=1e-9)
    np.testing.assert_allclose(fast.oob_prediction_, slow.oob_prediction_, rtol=1e-9)
    np.testing.assert_array_equal(fast.oob_count_, slow.oob_count_)
    assert fast.oob_score_ == pytest.approx(slow.oob_score_)
    for a, b, features in zip(
        fast.estimators_, slow.estimators_, fast.estimators_features_, strict=True
    ):
        np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-7)
        np.testing.assert_allclose(a.predict(X[:, features]), b.predict(X[:, features]))
    assert not hasattr(slow, "coef_")
    np.testing.assert_allclose(fast.interval(X), slow.interval(X), rtol=1e-8)


def test_ill_conditioned_replicates_are_fitted_by_the_learner():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    x = np.column_stack([x, x[:, 0] + x[:, 1], np.ones(40)])  # rank 3 and a constant
    y = x[:, 0] + rng.normal(size=40)
    bag = vn.ensembles.Bagging(LinearRegression(), 6, random_state=0).fit(x, y)
    for k, w in enumerate(weights_of(bag, 40)):
        single = LinearRegression().fit(x[w > 0], y[w > 0], sample_weight=w[w > 0])
        np.testing.assert_allclose(bag.coef_[k, 0], single.coef_, atol=1e-8)
    wide = vn.ensembles.Bagging(LinearRegression(), 3, random_state=0).fit(
        rng.normal(size=(10, 30)), y[:10]
    )
    assert np.isfinite(wide.coef_).all()


# ---- any learner --------------------------------------------------------------------------


def test_members_are_the_learner_on_the_weights():
    bag = vn.ensembles.Bagging(DecisionTreeRegressor(max_depth=4), 8, random_state=1).fit(X, Y)
    rows = vn.ensembles.Bagging(KNeighborsRegressor(), 8, random_state=1).fit(X, Y)
    for k, w in enumerate(weights_of(bag, len(Y))):
        seed = bag.estimators_[k].random_state
        tree = DecisionTreeRegressor(max_depth=4, random_state=seed)
        tree.fit(X[w > 0], Y[w > 0], sample_weight=w[w > 0])
        np.testing.assert_array_equal(bag.estimators_[k].predict(X), tree.predict(X))
        chosen = np.repeat(np.arange(len(Y)), w)  # no sample_weight there
        near = KNeighborsRegressor().fit(X[chosen], Y[chosen])
        np.testing.assert_array_equal(rows.estimators_[k].predict(X), near.predict(X))
    assert len({e.random_state for e in bag.estimators_}) == 8


@pytest.mark.parametrize("learner", [Ridge(), DecisionTreeRegressor(max_depth=3)])
def test_figures_by_hand(learner):
    bag = vn.ensembles.Bagging(learner, 20, random_state=2).fit(X, Y)
    members = bag.predict_members(X)
    assert members.shape == (20, len(Y))
    mean, deviation = bag.predict(X, return_std=True)
    np.testing.assert_allclose(mean, members.mean(axis=0))
    np.testing.assert_allclose(deviation, members.std(axis=0, ddof=1))
    np.testing.assert_allclose(bag.interval(X, 0.8), np.quantile(members, [0.1, 0.9], axis=0))
    out = weights_of(bag, len(Y)) == 0
    np.testing.assert_array_equal(bag.oob_count_, out.sum(axis=0))
    known = bag.oob_count_ > 0
    expected = (members * out).sum(axis=0)[known] / out.sum(axis=0)[known]
    np.testing.assert_allclose(bag.oob_prediction_[known], expected)
    assert np.isnan(bag.oob_prediction_[~known]).all()
    residual = Y[known] - expected
    np.testing.assert_allclose(bag.oob_residuals_[known], residual)
    assert bag.oob_score_ == pytest.approx(
        1 - (residual**2).sum() / ((Y[known] - Y[known].mean()) ** 2).sum()
    )
    low, high = bag.interval(X, 0.9, of="observation")
    np.testing.assert_allclose(high - mean, np.quantile(residual, 0.95))
    np.testing.assert_allclose(low - mean, np.quantile(residual, 0.05))
    assert bag.score(X, Y) == pytest.approx(
        1 - ((Y - mean) ** 2).sum() / ((Y - Y.mean()) ** 2).sum()
    )


def test_classifier_by_hand():
    names = np.array(["setosa", "versicolor", "virginica"])[KIND]
    tree = DecisionTreeClassifier(max_depth=2)
    bag = vn.ensembles.Bagging(tree, 15, max_features=2, random_state=2).fit(IRIS, names)
    parts = [
        e.predict_proba(IRIS[:, f])
        for e, f in zip(bag.estimators_, bag.estimators_features_, strict=True)
    ]
    mean, deviation = bag.predict_proba(IRIS, return_std=True)
    np.testing.assert_allclose(mean, np.mean(parts, axis=0))
    np.testing.assert_allclose(deviation, np.std(parts, axis=0, ddof=1), atol=1e-12)
    assert (bag.predict(IRIS) == bag.classes_[mean.argmax(axis=1)]).all()
    known = bag.oob_count_ > 0
    guess = bag.classes_[bag.oob_prediction_[known].argmax(axis=1)]
    assert bag.oob_score_ == np.mean(guess == names[known])
    assert bag.interval(IRIS).shape == (2, 150, 3)
    assert set(bag.predict_members(IRIS).ravel()) == set(names)
    d = vn.ensembles.decompose(bag.predict_members(IRIS), names, loss="zero-one")
    assert d.n_members == 15
    with pytest.raises(ValueError, match="return_std"):
        bag.predict(IRIS, return_std=True)
    with pytest.raises(ValueError, match=r"of.*: there are no out-of-bag residuals"):
        bag.interval(IRIS, of="observation")
    svc = vn.ensembles.Bagging(LinearSVC(), 7, random_state=0).fit(
        IRIS, names
    )  # no probabilities: votes
    votes = np.stack([e.predict(IRIS) for e in svc.estimators_])
    np.testing.assert_allclose(svc.predict_proba(IRIS)[:, 0], (votes == "setosa").mean(axis=0))


def test_replicates_that_miss_a_class():
    x = np.arange(12.0)[:, None]
    y = np.array([0] * 11 + [1])
    for learner in (LogisticRegression(), DecisionTreeClassifier(), KNeighborsClassifier(1)):
        bag = vn.ensembles.Bagging(learner, 30, random_state=0).fit(x, y)
        p = bag.predict_proba(x)
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
        # the only row of class 1 is in a bag with probability 1 - (11/12)^12 = 0.65
        assert 0.3 < p[-1, 1] < 0.9


def test_clusters_are_drawn_together():
    cluster = np.arange(len(Y)) // 7
    bag = vn.ensembles.Bagging(Ridge(), 10, random_state=3).fit(X, Y, cluster=cluster)
    for c in range(cluster[-1]):
        assert len(set(bag.oob_count_[cluster == c])) == 1
    w = weights_of(bag, len(Y), cluster=cluster)
    np.testing.assert_array_equal(bag.oob_count_, (w == 0).sum(axis=0))


def test_strata_keep_their_draws():
    x = np.arange(12.0)[:, None]
    y = np.array([0] * 11 + [1])  # the only row of class 1 is then in every bag, once
    bag = vn.ensembles.Bagging(DecisionTreeClassifier(), 30, random_state=0).fit(x, y, strata=y)
    assert bag.oob_count_[-1] == 0
    assert bag.predict_proba(x)[-1, 1] == 1.0
    ridge = vn.ensembles.Bagging(Ridge(), 10, random_state=3).fit(
        X, Y, strata=np.arange(len(Y)) % 5
    )
    w = weights_of(ridge, len(Y), strata=np.arange(len(Y)) % 5)
    np.testing.assert_array_equal(ridge.oob_count_, (w == 0).sum(axis=0))
    with pytest.raises(ValueError, match="strata: has 3 rows"):
        vn.ensembles.Bagging(Ridge(), 2).fit(X, Y, strata=[1, 2, 3])


def test_same_members_whatever_the_number_and_the_threads():
    for learner in (Ridge(), DecisionTreeRegressor()):
        few = vn.ensembles.Bagging(learner, 6, max_features=0.7, random_state=9).fit(X, Y)
        many = vn.ensembles.Bagging(learner, 11, max_features=0.7, random_state=9, n_jobs=2).fit(
            X, Y
        )
        for a, b in zip(few.estimators_, many.estimators_, strict=False):
            np.testing.assert_array_equal(a.predict(X[:, :7]), b.predict(X[:, :7]))
    ridge = vn.ensembles.Bagging(Ridge(), 6, random_state=10).fit(X, Y)
    more = vn.ensembles.Bagging(Ridge(), 9, random_state=10, n_jobs=2).fit(X, Y)
    np.testing.assert_array_equal(ridge.coef_, more.coef_[:6])
    assert (vn.ensembles.Bagging(Ridge(), 6, random_state=11).fit(X, Y).coef_ != ridge.coef_).all()


def test_as_good_as_that_of_scikit_learn():
    tree = DecisionTreeRegressor(min_samples_leaf=5)
    ours = vn.ensembles.Bagging(tree, 200, random_state=0).fit(X, Y)
    theirs = BaggingRegressor(tree, 200, oob_score=True, random_state=0).fit(X, Y)
    assert ours.oob_score_ == pytest.approx(theirs.oob_score_, abs=0.03)
    stump = DecisionTreeClassifier(max_depth=2)
    ours = vn.ensembles.Bagging(stump, 100, random_state=0).fit(IRIS, KIND)
    theirs = BaggingClassifier(stump, 100, oob_score=True, random_state=0).fit(IRIS, KIND)
    assert ours.oob_score_ == pytest.approx(theirs.oob_score_, abs=0.03)


def test_deviation_is_the_standard_error_of_least_squares():
    # homoscedastic errors: the deviation over replicates estimates sigma sqrt(x (X'X)^-1 x)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 3))
    y = x @ [1.0, 2.0, 3.0] + rng.normal(size=2000)
    bag = vn.ensembles.Bagging(LinearRegression(), 1000, random_state=0).fit(x, y)
    design = np.column_stack([np.ones(2000), x])
    exact = np.sqrt(np.einsum("np,pq,nq->n", design, np.linalg.inv(design.T @ design), design))
    _, deviation = bag.predict(x, return_std=True)
    # 1,000 replicates: a standard deviation is known to 2.2 %, its mean over rows less well so;
    # 2,000 rows: the variance of the errors to 3 %
    assert np.mean(deviation / exact) == pytest.approx(1.0, abs=0.1)


def test_kinds_that_leave_nothing_out():
    bag = vn.ensembles.Bagging(Ridge(), 5, scheme="bayesian", random_state=0).fit(X, Y)
    assert (bag.oob_count_ == 0).all()
    assert np.isnan(bag.oob_score_)
    with pytest.raises(ValueError, match="no out-of-bag residuals"):
        bag.interval(X, of="observation")
    without = vn.ensembles.Bagging(Ridge(), 5, oob=False, random_state=0).fit(X, Y)
    assert not hasattr(without, "oob_score_")
    half = vn.ensembles.Bagging(
        DecisionTreeRegressor(), 5, scheme="subsample", size=50, random_state=0
    )
    assert {e.tree_.n_node_samples[0] for e in half.fit(X, Y).estimators_} == {50}


def test_scikit_learn_uses_it_like_its_own():
    bag = vn.ensembles.Bagging(make_pipeline(StandardScaler(), Ridge()), 5, random_state=0)
    assert is_regressor(bag)
    assert not is_classifier(bag)
    assert is_classifier(vn.ensembles.Bagging(LogisticRegression()))
    assert cross_val_score(bag, X, Y, cv=3).mean() > 0.3
    assert clone(bag).set_params(estimator__ridge__alpha=2.0).n_estimators == 5
    fitted = vn.ensembles.Bagging(Ridge(), 5, random_state=0).fit(X, Y)
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict(X), fitted.predict(X))
    again = fitted.set_params(estimator=DecisionTreeRegressor()).fit(X, Y)  # nothing is left over
    assert not hasattr(again, "coef_")
    assert len(again.estimators_) == 5


def test_scikit_learn_is_not_loaded_before():
    look = "print('sklearn' in sys.modules)"
    code = f"import sys, venire; {look}; venire.ensembles.Bagging; {look}"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "True"]
    code = "import sys; sys.modules['sklearn'] = None; import venire; venire.ensembles.Bagging(1)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError: Bagging needs scikit-learn" in out.stderr


@pytest.mark.parametrize(
    ("learner", "options", "message"),
    [
        (Ridge(), {"n_estimators": 0}, "n_estimators = 0: must be at least 1"),
        (Ridge(), {"n_estimators": -3}, "n_estimators = -3: must be at least 1"),
        (Ridge(), {"scheme": "jackknife"}, "scheme.*: must be one of"),
        (Ridge(), {"size": 0}, "size.*: must be at least 1"),
        (Ridge(), {"max_features": 0}, "max_features.*: must be from 1 to 10"),
        (Ridge(), {"max_features": 11}, "max_features.*: must be from 1 to 10"),
        (Ridge(), {"max_features": -0.5}, "max_features.*: must be from 1 to 10"),
        (KNeighborsRegressor(), {"scheme": "bayesian"}, "KNeighborsRegressor does not"),
    ],
)
def test_bad_parameters(learner, options, message):
    with pytest.raises(ValueError, match=message):
        vn.ensembles.Bagging(learner, **options).fit(X, Y)


def test_bad_arguments():
    with pytest.raises(ValueError, match="cluster: has 3 rows, but there are 442"):
        vn.ensembles.Bagging(Ridge(), 2).fit(X, Y, cluster=[1, 2, 3])
    with pytest.raises(ValueError, match="cluster: all rows are of one cluster"):
        vn.ensembles.Bagging(Ridge(), 2).fit(X, Y, cluster=np.zeros(442, int))
    bag = vn.ensembles.Bagging(Ridge(), 2).fit(X, Y)
    with pytest.raises(ValueError, match=r"level.*: must be strictly between 0 and 1"):
        bag.interval(X, 1.0)
    with pytest.raises(ValueError, match=r"of.*: must be one of mean, observation"):
        bag.interval(X, of="both")
    with pytest.raises(TypeError, match=r"max_features.*: must be a number"):
        vn.ensembles.Bagging(Ridge(), 2, max_features="sqrt").fit(X, Y)
    with pytest.raises(AttributeError, match="nothing"):
        _ = vn.nothing


# ---- whatever the learner takes -----------------------------------------------------------

N = 80
_rng = np.random.default_rng(0)
A = _rng.normal(size=(N, 3))
AIM = A @ [1.0, 2.0, 3.0] + _rng.normal(size=N)
SIGN = np.where(AIM > 0, "yes", "no")
HOLES = np.where(np.arange(3 * N).reshape(N, 3) % 7 == 0, np.nan, A)
TEXT = [("good " if v > 0 else "bad ") + f"w{i % 5}" for i, v in enumerate(AIM)]
COLUMNS = {"a": A[:, 0], "b": A[:, 1], "s": np.where(A[:, 2] > 0, "x", "z").tolist()}
FRAME = pd.DataFrame(COLUMNS, index=np.arange(N) + 1000)  # labels of rows are no positions
KINDS = pd.DataFrame({"a": A[:, 0], "k": pd.Categorical(COLUMNS["s"])})


def by_name(model):
    """A learner that asks for columns by their names."""
    numbers = ("numbers", StandardScaler(), ["a", "b"])
    return make_pipeline(
        ColumnTransformer([numbers, ("text", OneHotEncoder(handle_unknown="ignore"), ["s"])]), model
    )


TAKEN = {
    "nan": (HistGradientBoostingRegressor(max_iter=3), HOLES, AIM),
    "nan by a pipeline that fills": (make_pipeline(SimpleImputer(), Ridge()), HOLES, AIM),
    "nan in a frame": (HistGradientBoostingRegressor(max_iter=3), pd.DataFrame(HOLES), AIM),
    "categories": (
        HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype"), KINDS, SIGN,
    ),
    "names": (by_name(Ridge()), FRAME, pd.Series(AIM)),
    "names of a polars frame": (by_name(Ridge()), pl.DataFrame(COLUMNS), pl.Series(AIM)),
    "names, classes": (by_name(LogisticRegression()), FRAME, pd.Series(pd.Categorical(SIGN))),
    "a search over names": (GridSearchCV(by_name(Ridge()), {"ridge__alpha": [1, 9]}), FRAME, AIM),
    "texts": (make_pipeline(CountVectorizer(), LogisticRegression()), TEXT, SIGN),
    "texts of a series": (make_pipeline(CountVectorizer(), Ridge()), pd.Series(TEXT), AIM),
    "dicts": (make_pipeline(DictVectorizer(), Ridge()), [{t[:3]: 1.0} for t in TEXT], AIM),
    "rows of any length": (
        make_pipeline(CountVectorizer(analyzer=list), Ridge()),
        [t.split() * (1 + i % 3) for i, t in enumerate(TEXT)], AIM,
    ),
    "sparse": (Ridge(), scipy.sparse.coo_matrix(A), AIM),
    "sparse, some columns": (DecisionTreeRegressor(), scipy.sparse.csc_array(A), AIM, 2),
    "frame, some columns": (DecisionTreeRegressor(), FRAME[["a", "b"]], AIM, 1),
    "images": (
        make_pipeline(FunctionTransformer(lambda x: x.reshape(len(x), -1)), Ridge()),
        A[:, :, None], AIM,
    ),
    "several targets": (KNeighborsRegressor(), FRAME[["a", "b"]], np.column_stack([AIM, -AIM])),
    "no weights within": (MultiOutputRegressor(KNeighborsRegressor()), A, np.c_[AIM, -AIM]),
    "no weights in a vote": (VotingClassifier([("k", KNeighborsClassifier())]), A, SIGN),
}  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("what", TAKEN)
def test_it_takes_what_its_learner_takes(what):
    learner, x, y, *some = TAKEN[what]
    bag = vn.ensembles.Bagging(learner, 5, max_features=(*some, 1.0)[0], random_state=0).fit(x, y)
    assert 0.1 < bag.score(x, y) <= 1.0
    assert bag.interval(x).shape[:2] == (2, N)
    assert np.isfinite(bag.oob_score_)
    if not some:  # each member is the learner on rows that it was given as they are
        members = bag.predict_members(x)
        for member, said in zip(bag.estimators_, members, strict=True):
            np.testing.assert_array_equal(np.asarray(member.predict(x)), said)


@pytest.mark.filterwarnings("error")
def test_names_of_columns_are_kept():
    bag = vn.ensembles.Bagging(by_name(Ridge()), 3, random_state=0).fit(FRAME, AIM)
    assert bag.feature_names_in_.tolist() == ["a", "b", "s"]
    assert bag.n_features_in_ == 3
    turned = FRAME[["s", "b", "a"]].assign(more=1.0)  # by name is by name
    np.testing.assert_array_equal(bag.predict(turned), bag.predict(FRAME))
    with pytest.raises(ValueError, match="columns are missing"):
        bag.predict(FRAME[["a", "b"]])
    many = pd.concat([FRAME] * 60)  # more than a block
    np.testing.assert_array_equal(bag.predict_members(many)[:, -N:], bag.predict_members(FRAME))
    linear = vn.ensembles.Bagging(Ridge(), 3, random_state=0).fit(FRAME[["a", "b"]], AIM)
    for member in linear.estimators_:
        member.predict(FRAME[["a", "b"]])
    for learner, some in ((Ridge(), 1.0), (DecisionTreeRegressor(), 1)):
        bag = vn.ensembles.Bagging(learner, 3, max_features=some).fit(FRAME[["a", "b"]], AIM)
        with pytest.raises(ValueError, match="feature names should match"):
            bag.predict(FRAME[["b", "a"]])
    again = bag.fit(A, AIM)
    assert not hasattr(again, "feature_names_in_")


def test_what_it_checks_itself():
    tree, texts = DecisionTreeRegressor(), make_pipeline(CountVectorizer(), Ridge())
    for learner, x, y, message in (
        (tree, FRAME, AIM[:-1], "y: has 79 rows, but X has 80"),
        (tree, A, np.where(AIM > 2, np.nan, AIM), "y: Input y contains NaN"),
        (tree, A[:1], AIM[:1], "X: must have two rows or more"),
        (Ridge(), HOLES, AIM, "X: Input X contains NaN"),
        (Ridge(), TEXT, AIM, "X: "),
        (DecisionTreeClassifier(), A, np.c_[SIGN, SIGN], "y: y should be a 1d array"),
    ):
        with pytest.raises(ValueError, match=message):
            vn.ensembles.Bagging(learner, 2).fit(x, y)
    with pytest.raises(ValueError, match=r"max_features.*: must be 1.0 where X has no columns"):
        vn.ensembles.Bagging(texts, 2, max_features=0.5).fit(TEXT, AIM)
    vote = VotingClassifier([("k", KNeighborsClassifier())])
    with pytest.raises(ValueError, match=r"scheme.*: needs a learner that takes sample_weight"):
        vn.ensembles.Bagging(vote, 2, scheme="bayesian").fit(A, SIGN)


def test_a_member_without_rows_says_so():
    """Poisson counts of few clusters may all be 0."""
    x, y = np.arange(8.0)[:, None], [0, 1] * 4
    bag = vn.ensembles.Bagging(DecisionTreeClassifier(), 60, scheme="poisson", random_state=0)
    with pytest.raises(ValueError, match=r"scheme: member .* was given no rows"):
        bag.fit(x, y, cluster=[1, 1, 1, 1, 2, 2, 2, 2])
