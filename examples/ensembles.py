"""Bagging, boosting and stacking of the same three students, and what each ensemble is worth.

Data: the breast cancer table that scikit-learn ships (569 rows, 30 features, two classes); 40 % of
the rows are held out. Needs scikit-learn: pip install 'venire[ml]'.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import venire as vn

STUDENTS = {
    "logistic": LogisticRegression(max_iter=1000),
    "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
    "naive Bayes": GaussianNB(),
}


class Ensemble(NamedTuple):
    """An ensemble on the held-out rows."""

    name: str
    parts: vn.ensembles.ZeroOneDecomposition
    next_gain: float


def boost(student: Any, X: np.ndarray, y: np.ndarray, n_members: int) -> tuple[list, list]:
    """SAMME: the members and what each of them counts for."""
    members, counts, weight = [], [], None
    for _ in range(n_members):
        member = clone(student).fit(X, y, sample_weight=weight)
        step = vn.ensembles.adaboost_weights(weight, member.predict(X), y, n_classes=2)
        if step.state == "useless" and members:
            break
        members.append(member)
        counts.append(step.estimator_weight or 1.0)
        weight = step.weight
        if step.stop:
            break
    return members, counts


def describe(name: str, votes: np.ndarray, y: np.ndarray, weights: Any = None) -> Ensemble:
    """Take the vote of an ensemble apart."""
    parts = vn.ensembles.decompose(votes, y, loss="zero-one", weights=weights)
    gain = np.nan
    if len(votes) >= 3 and weights is None:
        gain = vn.ensembles.learning_curve(votes, y, loss="zero-one", n_orders=20).next_gain
    return Ensemble(name, parts, gain)


def compare(n_members: int = 50, seed: int = 0) -> list[Ensemble]:
    """All ensembles; the first ones are the students alone."""
    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.4, random_state=seed, stratify=y)
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    found = []
    for name, student in STUDENTS.items():
        alone = clone(student).fit(X, y).predict(X_test)
        found.append(describe(f"{name}, alone", alone[None], y_test))
    for name, student in STUDENTS.items():
        bag = vn.ensembles.Bagging(student, n_members, random_state=seed).fit(X, y)
        found.append(describe(f"{name}, bagged", bag.predict_members(X_test), y_test))
        members, counts = boost(student, X, y, n_members)
        votes = np.stack([m.predict(X_test) for m in members])
        found.append(describe(f"{name}, boosted", votes, y_test, counts))
    students = list(STUDENTS.values())
    stacked = vn.ensembles.stack_estimators(students, X, y, X_test)
    votes = (stacked.member_probability > 0.5).astype(int)
    found.append(describe("all three, vote", votes, y_test))
    found.append(describe("all three, stacked", stacked.prediction[None], y_test))
    return found


def main() -> None:
    print(
        f"{'':<22}{'members':>8}{'error':>8}{'of one':>8}{'var +':>8}{'var -':>8}{'rho':>8}"
        f"{'M_eff':>8}{'next':>9}"
    )
    for name, d, gain in compare():
        several = d.n_members > 1
        print(
            f"{name:<22}{d.n_members:>8}{d.error:>8.4f}"
            + (f"{d.member_error:>8.4f}" if several else f"{'':>8}")
            + (f"{d.unbiased_variance:>8.4f}{d.biased_variance:>8.4f}" if several else f"{'':>16}")
            + (f"{d.rho:>8.2f}{d.n_effective:>8.1f}" if several else f"{'':>16}")
            + (f"{gain:>9.5f}" if np.isfinite(gain) else "")
        )
    print("\nerror = error of one - (var +) + (var -); next: what another member would take off")


if __name__ == "__main__":
    main()
