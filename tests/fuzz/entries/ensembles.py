"""Bagging, boosting, stacking of estimators, decompositions of their errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import venire as vn
from fuzz.case import EXPECTED, Case, entry


def features(case: Case, n: int) -> Any:
    return case.numpy.normal(size=(n, case.whole(1, 3)))


@entry
def bagging(case: Case) -> None:
    n = case.whole(4, 20)
    classes = case.chance(0.5)
    x = features(case, n)
    y = case.column(case.choice(([0, 1], ["a", "b", "c"])), n) if classes else case.floats(n)
    estimator = case.choice(
        (DecisionTreeClassifier(max_depth=2), DummyClassifier()) if classes
        else (Ridge(), LinearRegression(), DecisionTreeRegressor(max_depth=2))
    )  # fmt: skip
    settings = {"estimator": estimator, "n_estimators": case.whole(2, 4)} | case.some(
        {"scheme": lambda: case.choice(("multinomial", "poisson", "bayesian", "subsample")),
         "size": lambda: case.whole(2, n), "max_features": 0.5, "oob": False, "n_jobs": 1,
         "random_state": 1}, 0.3,
    )  # fmt: skip
    settings = case.spoil(settings, 0.25, sizes=("n_estimators", "size", "n_jobs"))
    bag = case.call(vn.ensembles.Bagging, **settings)
    case.call(bag.get_params)
    case.call(bag.set_params, **case.spoil({"n_estimators": 3}, 0.1, sizes=("n_estimators",)))
    data = {"X": x, "y": y} | case.some(
        {"cluster": lambda: case.column([1, 2, 3], n), "strata": lambda: case.column([1, 2], n)},
        0.15,
    )
    allow = (*EXPECTED, NotFittedError)
    case.call(bag.fit, **case.spoil(data, 0.3), allow=allow)
    case.get(bag, "estimators_"), case.get(bag, "estimators_features_")
    new = {"X": x[:3]}
    members = case.call(bag.predict_members, **case.spoil(new, 0.2))
    if not classes:
        case.finite("a prediction of a member", members)
    case.call(bag.predict, **case.spoil(new | {"return_std": True}, 0.2))
    if classes:
        case.within("a probability", case.call(bag.predict_proba, x), 0.0, 1.0, nan=False)
    else:
        case.finite("an interval", case.call(bag.interval, **case.spoil(new | {"level": 0.9}, 0.2)))
    case.call(bag.score, x, y)


@entry
def estimator(case: Case) -> None:
    """Bradley and Terry's model in scikit-learn's words."""
    n = case.whole(2, 20)
    first, second = case.pairs(case.names(case.whole(2, 5)), n)
    x: Any = np.array([first, second], object).T
    if case.chance(0.3):
        x = np.column_stack([x, case.numpy.normal(size=n).astype(object)])
    if case.chance(0.3):
        x = pd.DataFrame({f"c{k}": x[:, k] for k in range(x.shape[1])})
    settings = case.some(
        {"prior": lambda: case.choice((None, vn.GaussianPrior(1.0))), "order_effect": True,
         "tol": 1e-6, "max_iter": 50, "n_threads": 1}, 0.3,
    )  # fmt: skip
    model = case.call(vn.sklearn.BradleyTerry, **case.spoil(settings, 0.2))
    case.call(model.get_params)
    case.call(model.set_params, **case.spoil({"tol": 1e-8}, 0.1))
    data = {"X": x, "y": case.scores(n)} | case.some({"sample_weight": lambda: case.weights(n)})
    allow = (*EXPECTED, NotFittedError)
    case.call(model.fit, **case.spoil(data, 0.3), allow=allow)
    new = case.spoil({"X": x[:3]}, 0.2)
    case.finite("log-odds", case.call(model.decision_function, **new))
    case.within("a probability", case.call(model.predict_proba, **new), 0.0, 1.0, nan=False)
    case.call(model.predict, **new)
    case.finite("a score", case.call(model.score, **case.spoil(data, 0.1)))


@entry
def adaboost(case: Case) -> None:
    n = case.whole(1, 12)
    samme = case.chance(0.5)
    labels = case.names(3)
    arguments: dict[str, Any] = {
        "weight": None if case.chance(0.3) else case.weights(n),
        "prediction": case.column(labels, n) if samme else case.floats(n),
        "target": case.column(labels, n) if samme else case.floats(n),
        "method": "samme" if samme else "r2",
    }
    arguments |= case.some(
        {
            "n_classes": 3,
            "loss": lambda: case.choice(("linear", "square", "exponential")),
            "learning_rate": 0.5,
        }
    )
    step = case.call(vn.ensembles.adaboost_weights, **case.spoil(arguments, 0.4))
    case.finite("a weight", step.weight)
    case.within("an error", step.error, 0.0, 1.0, nan=False)
    case.get(step, "stop")
    case.call(repr, step)


@entry
def stack_estimators(case: Case) -> None:
    n = case.whole(10, 24)
    x = features(case, n)
    y = [case.choice(("n", "y")) for _ in range(n)] if case.chance(0.5) else case.column([0, 1], n)
    members = [DummyClassifier(), DecisionTreeClassifier(max_depth=1), LogisticRegression()]
    arguments = {"estimators": members[: case.whole(1, 3)], "X": x, "y": y, "X_new": x[:2]}
    arguments |= case.some({"cv": 2, "nonnegative": True, "rng": 1, "n_threads": 2})
    s = case.call(vn.ensembles.stack_estimators, **case.spoil(arguments, 0.4), allow=EXPECTED)
    case.within("a probability", s.probability, 0.0, 1.0, nan=False)
    case.call(repr, s)


def predictions(case: Case) -> dict[str, Any]:
    m, n = case.whole(1, 6), case.whole(2, 12)
    loss = case.choice(("squared", "zero-one"))
    if loss == "squared":
        p: Any = case.numpy.normal(size=(m, n))
        target: Any = case.floats(n)
    else:
        labels = case.choice(([0, 1], ["a", "b", "c"]))
        p, target = np.array(case.column(labels, m * n)).reshape(m, n), case.column(labels, n)
    out = {"predictions": p, "target": target, "loss": loss}
    return out | case.some({"cluster": lambda: case.column([1, 2, 3], n)}, 0.2)


@entry
def decompose(case: Case) -> None:
    arguments = predictions(case)
    m = len(arguments["predictions"])
    arguments |= case.some({"weights": lambda: case.weights(m), "noise": 0.1, "level": 0.9}, 0.2)
    d = case.call(vn.ensembles.decompose, **case.spoil(arguments, 0.4))
    case.finite("the error", d.error)
    case.call(repr, d)


@entry
def learning_curve(case: Case) -> None:
    arguments = predictions(case) | case.some({"n_orders": 5, "rng": 1}, 0.5)
    c = case.call(vn.ensembles.learning_curve, **case.spoil(arguments, 0.4, sizes=("n_orders",)))
    case.finite("the error", c.error)
    case.call(repr, c)
