"""Stacking of scikit-learn classifiers: their predictions are votes, the training data the gold."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.checks import fail
from venire._core.extras import needs
from venire.data.votes import Votes
from venire.panel import Stack, stack

__all__ = ["StackedClassifiers", "stack_estimators"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class StackedClassifiers:
    """Classifiers stacked, and what they say about new rows; `stack_estimators` returns it.

    Attributes
    ----------
    classes : ndarray of shape (2,)
        In order; probabilities are those of the second.
    members : list of estimators
        Fitted to all training rows.
    out_of_fold : ndarray of float64, shape (n_members, n_rows)
        What each member says about the rows that it was not fitted to.
    member_probability : ndarray of float64, shape (n_members, n_new)
        What each member says about the new rows.
    probability : ndarray of float64, shape (n_new,)
        What they say together.
    prediction : ndarray of shape (n_new,)
        The class that is more likely.
    stack : Stack
        Weights, penalty and held-out log-loss; its pairs are the training rows, then the new ones.
    """

    classes: np.ndarray
    members: list[Any]
    out_of_fold: np.ndarray
    member_probability: np.ndarray
    probability: np.ndarray
    prediction: np.ndarray
    stack: Stack

    def __repr__(self) -> str:
        return (
            f"<StackedClassifiers: {len(self.members)} members, {len(self.probability)} new rows, "
            f"held-out log-loss {self.stack.log_loss:.4g}>"
        )


def stack_estimators(
    estimators: list[Any],
    X: Any,
    y: Any,
    X_new: Any,
    *,
    cv: Any = 5,
    nonnegative: bool = False,
    rng: Any = 0,
    n_threads: int | None = None,
) -> StackedClassifiers:
    """Stack scikit-learn classifiers of two classes with `stack`.

    A row is a pair, of which the second class may win, and a classifier a teacher: it votes on
    the training rows with its out-of-fold probabilities, and on the new rows after it was fitted
    to all training rows. The training rows have gold.

    Parameters
    ----------
    estimators : list of estimators
        Classifiers; they are cloned. Those without ``predict_proba`` vote for a class.
    X : array_like of shape (n_rows, n_features)
    y : array_like of shape (n_rows,)
        Two classes, of any kind.
    X_new : array_like of shape (n_new, n_features)
        Rows to predict.
    cv : int or scikit-learn splitter, default 5
        Folds; an int means stratified ones in the order of the rows.
    nonnegative : bool, default False
        Keep the weights of all members >= 0.
    rng : int, SeedSequence or Generator, default 0
        For the folds of `stack`.
    n_threads : int, optional

    Returns
    -------
    StackedClassifiers

    Raises
    ------
    ValueError
        If there are fewer than two estimators, fewer than 12 rows, or not exactly two classes.
    TypeError
        If an estimator is no classifier.
    ImportError
        If scikit-learn is not installed.

    Notes
    -----
    `stack` has no intercept and treats both classes alike: where one class is much rarer, a
    logistic regression on the same probabilities is better. How far the panel is trusted is learned
    from the new rows too, so that the prediction of a row depends a little on its company. Numbers
    and more than two classes are not votes on a pair; there is no stacking for them here.

    (folds + 1) fits of each estimator.

    References
    ----------
    D. Wolpert (1992), Stacked generalization, doi:10.1016/S0893-6080(05)80023-1.

    Examples
    --------
    >>> import venire as vn
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(max_depth=4, random_state=0)
    >>> s = vn.ensembles.stack_estimators([GaussianNB(), tree], X[:400], y[:400], X[400:])
    >>> bool((s.prediction == y[400:]).mean() > 0.9)
    True
    """
    base = needs("sklearn.base", "stacking")
    clone, is_classifier = base.clone, base.is_classifier
    cross_val_predict = needs("sklearn.model_selection", "stacking").cross_val_predict
    members = list(checks.listed(estimators, "estimators"))
    if len(members) < 2:
        fail("estimators", "at least two are needed", value=len(members))
    for place, member in enumerate(members):
        if not hasattr(member, "fit") or not is_classifier(member):
            name = type(member).__name__
            fail("estimators", "must be classifiers", place, name, kind=TypeError)
    X, X_new = checks.features(X, "X"), checks.features(X_new, "X_new")
    y = checks.array(y, "y")
    if y.ndim != 1:
        fail("y", f"must have shape (n_rows,), has shape {y.shape}")
    classes, codes = checks.distinct(y, "y")
    if len(classes) != 2:
        fail("y", "must have two classes", value=len(classes))
    fitted, known, new = [], [], []
    for member in members:
        method = "predict_proba" if hasattr(member, "predict_proba") else "predict"
        with checks.about("X"), warnings.catch_warnings():
            warnings.filterwarnings("error", "Number of classes in training fold", RuntimeWarning)
            try:
                out = cross_val_predict(clone(member), X, y, cv=cv, method=method)
            except RuntimeWarning:
                fail("cv", "leaves one of the classes out of what members are fitted to")
            known.append(_second(out, classes))
            fitted.append(clone(member).fit(X, y))
        with checks.about("X_new"):
            new.append(_second(getattr(fitted[-1], method)(X_new), classes))
    out_of_fold, member_probability = np.stack(known), np.stack(new)
    both = np.concatenate([out_of_fold, member_probability], axis=1)
    m, n = both.shape
    flat = both.T.ravel()
    votes = Votes.from_pairs(
        np.repeat(np.arange(n), m),
        np.tile(np.arange(m), n),
        probabilities=np.column_stack([flat, np.zeros(len(flat)), 1.0 - flat]),
        n_threads=n_threads,
    )
    gold = (np.arange(len(y)), codes.astype(np.float64))
    found = stack(votes, gold, nonnegative=nonnegative, rng=rng, n_threads=n_threads)
    probability = found.probability[len(y) :]
    return StackedClassifiers(
        classes=classes,
        members=fitted,
        out_of_fold=out_of_fold,
        member_probability=member_probability,
        probability=probability,
        prediction=classes[(probability > 0.5).astype(int)],
        stack=found,
    )


def _second(output: Any, classes: np.ndarray) -> np.ndarray:
    """Probability of the second class, from probabilities or from classes."""
    output = np.asarray(output)
    if output.ndim == 2:
        return np.clip(output[:, 1], 0.0, 1.0)
    return (output == classes[1]).astype(np.float64)
