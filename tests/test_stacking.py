"""Stacking of scikit-learn classifiers by `stack`."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import venire as vn

DATA, TRUTH = load_breast_cancer(return_X_y=True)
X, X_NEW, Y, Y_NEW = train_test_split(DATA, TRUTH, test_size=0.4, random_state=0, stratify=TRUTH)
STUDENTS = [
    make_pipeline(StandardScaler(), LogisticRegression()),
    DecisionTreeClassifier(max_depth=4, random_state=0),
    GaussianNB(),
]


def test_members_and_votes_are_what_they_should_be():
    s = vn.ensembles.stack_estimators(STUDENTS, X, Y, X_NEW)
    assert isinstance(s, vn.ensembles.StackedClassifiers)
    for k, student in enumerate(STUDENTS):
        for train, test in StratifiedKFold(5).split(X, Y):
            fitted = clone(student).fit(X[train], Y[train])
            np.testing.assert_allclose(s.out_of_fold[k, test], fitted.predict_proba(X[test])[:, 1])
        whole = clone(student).fit(X, Y).predict_proba(X_NEW)[:, 1]
        np.testing.assert_allclose(s.member_probability[k], whole)
    assert s.probability.shape == Y_NEW.shape
    assert s.stack.n_gold == len(Y)
    assert "3 members, 228 new rows" in repr(s)


def test_gold_is_of_use():
    # better than the plain mean of the members, and than all but the best of them
    s = vn.ensembles.stack_estimators(STUDENTS, X, Y, X_NEW)
    alone = sorted(log_loss(Y_NEW, p) for p in s.member_probability)
    loss = log_loss(Y_NEW, s.probability)
    assert loss < log_loss(Y_NEW, s.member_probability.mean(axis=0))
    assert loss < alone[1]
    assert s.stack.log_loss < s.stack.log_loss_start


def test_names_of_classes_and_their_order_change_nothing():
    s = vn.ensembles.stack_estimators(STUDENTS, X, Y, X_NEW)
    named = vn.ensembles.stack_estimators(STUDENTS, X, np.array(["bad", "good"])[Y], X_NEW)
    np.testing.assert_allclose(named.probability, s.probability)
    assert (named.prediction == np.array(["bad", "good"])[s.prediction]).all()
    turned = vn.ensembles.stack_estimators(STUDENTS, X, 1 - Y, X_NEW)
    np.testing.assert_allclose(turned.probability, 1.0 - s.probability, atol=0.01)


def test_classifiers_without_probabilities_vote():
    svc = make_pipeline(StandardScaler(), LinearSVC())
    s = vn.ensembles.stack_estimators([svc, GaussianNB()], X, Y, X_NEW, nonnegative=True)
    assert set(s.out_of_fold[0]) == {0.0, 1.0}
    assert (s.stack.weights >= 0).all()
    assert np.mean(s.prediction == Y_NEW) > 0.9


@pytest.mark.parametrize(
    ("args", "kind", "message"),
    [
        ((STUDENTS[:1], X, Y, X_NEW), ValueError, "estimators = 1: at least two are needed"),
        (([GaussianNB(), Ridge()], X, Y, X_NEW), TypeError, r"\[1\].*: must be classifiers"),
        ((STUDENTS, X, np.arange(len(Y)) % 3, X_NEW), ValueError, "y.*: must have two classes"),
        ((STUDENTS, X, np.stack([Y, Y], 1), X_NEW), ValueError, "y: must have shape"),
    ],
)
def test_bad_input(args, kind, message):
    with pytest.raises(kind, match=message):
        vn.ensembles.stack_estimators(*args)
