"""What fitted members predict: means, deviations, intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from venire._core import checks
from venire._core.checks import fail
from venire.ensembles import _members

__all__ = ["Predictions", "classifies"]

ROWS = 4096  # of a block of predictions of all members


def classifies(bagging: Any) -> bool:
    """Whether the learner is a classifier."""
    return is_classifier(bagging.estimator)


class Predictions:
    """The predicting half of `Bagging`."""

    estimator: Any
    coef_: np.ndarray
    intercept_: np.ndarray
    classes_: np.ndarray
    n_features_in_: int
    _fitted: list[Any]
    _features: list[np.ndarray] | None
    _flat: bool
    _n_members: int

    def _feature_of(self, k: int) -> np.ndarray | None:
        return None if self._features is None else self._features[k]

    @property
    def estimators_(self) -> list[Any]:
        """The members; those of a linear learner are made when they are asked for."""
        if hasattr(self, "_fitted"):
            return self._fitted
        if not hasattr(self, "coef_"):
            raise AttributeError("estimators_: call fit first")
        made = []
        for k in range(len(self.coef_)):
            member = clone(self.estimator)
            coef = self.coef_[k] if self._features is None else self.coef_[k][:, self._features[k]]
            member.coef_ = coef[0] if self._flat else coef
            member.intercept_ = float(self.intercept_[k, 0]) if self._flat else self.intercept_[k]
            member.n_features_in_ = coef.shape[1]
            made.append(member)
        return made

    @property
    def estimators_features_(self) -> list[np.ndarray]:
        """The features of each member."""
        check_is_fitted(self, "_n_members")
        if self._features is not None:
            return self._features
        return [np.arange(self.n_features_in_)] * self._n_members

    def _validated(self, X: Any) -> Any:
        check_is_fitted(self, "_n_members")
        tags = get_tags(self)
        X = checks.features(X, "X")
        with checks.about("X"), np.errstate(over="ignore", invalid="ignore"):  # its sums of all
            return validate_data(
                self,
                X,
                reset=False,
                accept_sparse=("csr", "csc") if tags.input_tags.sparse else False,
                dtype=None,
                ensure_all_finite=not tags.input_tags.allow_nan,
            )

    def _outputs(self, X: Any) -> Iterator[np.ndarray]:
        """What each member says: (n_rows, n_targets or n_classes)."""
        if hasattr(self, "coef_"):
            x = np.asarray(X, np.float64)
            for coef, intercept in zip(self.coef_, self.intercept_, strict=True):
                yield x @ coef.T + intercept
            return
        classes = getattr(self, "classes_", None)
        for k, member in enumerate(self._fitted):
            features = self._feature_of(k)
            seen = X if features is None else X[:, features]
            yield _members.member_output(member, seen, classes).reshape(X.shape[0], -1)

    def _moments(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (divisor M - 1; 0 with one member) over members."""
        X = self._validated(X)
        parts = [self._block_moments(X[i : i + ROWS]) for i in range(0, X.shape[0], ROWS)]
        mean, square = (np.concatenate(part) for part in zip(*parts, strict=True))
        return mean, np.sqrt(square / max(1, self._n_members - 1))

    def _block_moments(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Mean, and sum of squares around it, of the members' outputs."""
        mean = square = np.zeros(0)
        for k, out in enumerate(self._outputs(X)):
            if k == 0:
                mean, square = out.copy(), np.zeros(out.shape)
                continue
            step = out - mean
            mean += step / (k + 1)
            square += step * (out - mean)
        return mean, square

    def _shaped(self, x: np.ndarray) -> np.ndarray:
        return x[..., 0] if not classifies(self) and self._flat else x

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Mean of the members, or the class of the largest mean probability.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_rows, n_features)
        return_std : bool, default False
            Return the standard deviation over members too (regressors only).

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_targets), or two of them

        Raises
        ------
        ValueError
            If `return_std` is asked of a classifier: `predict_proba` has it.
        """
        return_std = checks.flag(return_std, "return_std")
        if classifies(self):
            if return_std:
                fail("return_std", "is for regressors; predict_proba has one for classifiers")
            probability = self.predict_proba(X)
            return self.classes_[probability.argmax(axis=1)]
        mean, deviation = self._moments(X)
        if return_std:
            return self._shaped(mean), self._shaped(deviation)
        return self._shaped(mean)

    @available_if(classifies)
    def predict_proba(self, X: Any, return_std: bool = False) -> Any:
        """Mean probability of each class over the members (votes if they have none).

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_rows, n_features)
        return_std : bool, default False
            Return the standard deviation over members too.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_classes), or two of them
        """
        mean, deviation = self._moments(X)
        return (mean, deviation) if return_std else mean

    def predict_members(self, X: Any) -> np.ndarray:
        """What each member predicts, for `decompose`.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_estimators, n_rows) or (n_estimators, n_rows, n_targets)
            Numbers, or classes.
        """
        X = self._validated(X)
        if classifies(self):
            return np.stack([self.classes_[out.argmax(axis=1)] for out in self._outputs(X)])
        return self._shaped(np.stack(list(self._outputs(X))))

    def interval(self, X: Any, level: float = 0.95, kind: str = "mean") -> np.ndarray:
        """Intervals of the predictions, or of the probabilities of a classifier.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_rows, n_features)
        level : float, default 0.95
        kind : {"mean", "observation"}
            "mean": quantiles over the members, for what the learner would predict with other
            data. "observation" (regressors): the prediction plus quantiles of the out-of-bag
            residuals, for a new y.

        Returns
        -------
        ndarray of float64, shape (2, n_rows), (2, n_rows, n_targets) or (2, n_rows, n_classes)
            Lower and upper ends.

        Raises
        ------
        ValueError
            If `level` is not between 0 and 1, or there are no out-of-bag residuals.
        """
        level = checks.level(level)
        checks.one_of(kind, "kind", ("mean", "observation"))
        ends = np.array([0.5 - 0.5 * level, 0.5 + 0.5 * level])
        if kind == "observation":
            residuals = getattr(self, "oob_residuals_", np.zeros(0))
            if len(residuals):
                known = np.isfinite(residuals).reshape(len(residuals), -1).all(axis=1)
                residuals = residuals[known]
            if len(residuals) < 2:
                fail("kind", "there are no out-of-bag residuals", value=kind)
            mean = self.predict(X)
            shift = np.quantile(residuals, ends, axis=0)
            return mean[None] + (shift[:, None] if shift.ndim == 1 else shift[:, None, :])
        X = self._validated(X)
        parts = []
        for start in range(0, X.shape[0], ROWS):
            stack = np.stack(list(self._outputs(X[start : start + ROWS])))
            parts.append(np.quantile(stack, ends, axis=0))
        return self._shaped(np.concatenate(parts, axis=1))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of a regressor, accuracy of a classifier.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n_rows, n_features)
        y : array_like of shape (n_rows,) or (n_rows, n_targets)
        sample_weight : array_like of shape (n_rows,), optional

        Returns
        -------
        float
        """
        measure = accuracy_score if classifies(self) else r2_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))
