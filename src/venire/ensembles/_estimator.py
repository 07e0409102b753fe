"""Bagging of scikit-learn estimators on bootstrap weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples, check_is_fitted, validate_data

from venire._core import checks
from venire._core.checks import fail
from venire.ensembles import _linear, _members
from venire.ensembles._members import blocks, features_of, rows_of, takes_weights
from venire.resampling import bootstrap_weights
from venire.resampling.plan import SCHEMES

__all__ = ["Bagging"]

BLOCK = 1 << 25  # numbers of a block of weights
GRAMS = 1 << 24  # numbers of the matrices of a block of replicates
WIDEST = 1000  # features; beyond, linear replicates are fitted one by one
_FITTED = ("coef_", "intercept_", "classes_", "n_features_in_", "feature_names_in_")


def classifies(bagging: Any) -> bool:
    """Whether the learner is a classifier."""
    return is_classifier(bagging.estimator)


class Bagging(MetaEstimatorMixin, BaseEstimator):
    """Mean, or vote, of members that are fitted to bootstrap replicates of the data.

    A scikit-learn estimator: a regressor or a classifier, as `estimator` is.

    Parameters
    ----------
    estimator : estimator
        The learner. It is given the weights of a replicate as ``sample_weight`` if its ``fit``
        and those of learners within it take them (rows of weight 0 are left out), else the rows
        themselves, repeated.
    n_estimators : int, default 100
        Number of members.
    scheme : {"multinomial", "poisson", "bayesian", "subsample"}
        Of the weights, see `bootstrap_weights`. "bayesian" leaves no row out of the bag.
    size : int, optional
        Rows (clusters) drawn for a member. Default: as many as there are; half for "subsample".
    max_features : int or float, default 1.0
        Features of a member, drawn without replacement: a number, or a share of them.
    oob : bool, default True
        Predict the rows that are out of a member's bag.
    n_jobs : int, optional
        Members fitted at a time, and threads of the solver of linear learners (there None is
        all usable CPUs). The result does not depend on it.
    random_state : int, RandomState or None

    Attributes
    ----------
    estimators_ : list of estimators
        The members.
    estimators_features_ : list of ndarray
        The features of each.
    coef_ : ndarray of float64, shape (n_estimators, n_targets, n_features)
        Of `LinearRegression` and `Ridge`; with `intercept_` (n_estimators, n_targets).
    classes_ : ndarray, shape (n_classes,)
        Of classifiers.
    oob_prediction_ : ndarray of float64, shape (n_rows,), (n_rows, n_targets), (n_rows, n_classes)
        Mean over the members whose bag the row is not in; of a classifier the mean probability.
        nan for rows that are in every bag.
    oob_count_ : ndarray of int64, shape (n_rows,)
        How many members that is.
    oob_residuals_ : ndarray of float64
        Of regressors: ``y - oob_prediction_``.
    oob_score_ : float
        R² or accuracy of `oob_prediction_`; nan if fewer than two rows have one.
    n_features_in_ : int
        If X had columns.
    feature_names_in_ : ndarray of str
        If X had names of columns.

    Notes
    -----
    All replicates of `LinearRegression` and of `Ridge` (solvers "auto", "cholesky" and "svd", not
    ``positive``, dense X) are solved together: weighted sums of products for blocks of replicates,
    O(n_rows * n_features² * n_estimators) operations that run at the speed of a matrix product,
    and then a small system each (up to 1,000 features). A replicate whose equations have a
    condition number above 10⁸ is fitted by the learner itself.

    Member k depends on the data, `random_state` and k only, not on `n_estimators` or `n_jobs`.

    References
    ----------
    L. Breiman (1996), Bagging predictors, doi:10.1007/BF00058655. T. Ho (1998), The random
    subspace method, doi:10.1109/34.709601. H. Zhang, J. Zimmerman, D. Nettleton and D. Nordman
    (2020), Random forest prediction intervals, doi:10.1080/00031305.2019.1585288.

    Examples
    --------
    >>> import numpy as np, venire as vn
    >>> from sklearn.linear_model import Ridge
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> y = X @ [1.0, 2.0, 3.0] + rng.normal(size=200)
    >>> bag = vn.ensembles.Bagging(Ridge(), 50, random_state=0).fit(X, y)
    >>> bag.coef_.shape, bool(bag.oob_score_ > 0.9)
    ((50, 1, 3), True)
    >>> low, high = bag.interval(X, level=0.9, of="observation")
    >>> bool(0.8 < np.mean((low <= y) & (y <= high)) < 1.0)
    True
    """

    def __init__(
        self,
        estimator: Any,
        n_estimators: int = 100,
        *,
        scheme: str = "multinomial",
        size: int | None = None,
        max_features: float = 1.0,
        oob: bool = True,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.scheme = scheme
        self.size = size
        self.max_features = max_features
        self.oob = oob
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        own = get_tags(self.estimator)
        tags.estimator_type = own.estimator_type
        tags.classifier_tags, tags.regressor_tags = own.classifier_tags, own.regressor_tags
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = False
        tags.input_tags.sparse = own.input_tags.sparse
        tags.input_tags.allow_nan = own.input_tags.allow_nan
        tags.target_tags.required = True
        tags.target_tags.multi_output = own.target_tags.multi_output and not classifies(self)
        return tags

    def fit(self, X: Any, y: Any, *, cluster: Any = None, strata: Any = None) -> Bagging:
        """Fit the members.

        Parameters
        ----------
        X : rows as `estimator` takes them
            An array, a sparse matrix, a data frame, a list of texts: each member is given rows of
            it, picked by position, and checks them.
        y : array_like of shape (n_rows,) or, for regressors that take it, (n_rows, n_targets)
        cluster : array_like of shape (n_rows,), optional
            Labels of rows that are drawn together.
        strata : array_like of shape (n_rows,), optional
            Labels of rows that are drawn apart: each stratum keeps its number of draws in every
            replicate. The classes of a classifier (``strata=y``), so that none misses one; a
            cluster must lie in one stratum.

        Returns
        -------
        Bagging
            Itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, or the data are not what the learner takes.
        """
        self._check()
        X, y = rows_of(X), self._target(y)
        if _num_samples(X) != len(y):
            fail("y", f"has {len(y)} rows, but X has {_num_samples(X)}")
        if len(y) < 2:
            fail("X", f"must have two rows or more, has {len(y)} sample")
        for name in list(self.__dict__):
            if name in _FITTED or name.startswith("oob_"):
                del self.__dict__[name]
        if classifies(self):
            with checks.about("y"), np.errstate(invalid="ignore"):  # its casts to integers
                check_classification_targets(y)
            self.classes_ = np.unique(y)
        width = 1 if y.ndim == 1 else y.shape[1]
        task = None
        n_columns = getattr(X, "shape", (0, 0))[-1]
        if not (classifies(self) or hasattr(X, "tocsr") or n_columns > WIDEST):
            task = _linear.linear_task(self.estimator, width)
        X = self._validated(X, task is not None, reset=True)
        with checks.about("random_state"):
            self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        features = features_of(
            self.max_features, getattr(self, "n_features_in_", 0), self.n_estimators, self._seed
        )
        self._flat = y.ndim == 1
        block = BLOCK // len(y)
        if task is not None:
            block = min(block, GRAMS // (1 + X.shape[1] + width) ** 2)
        weights = bootstrap_weights(
            len(y), self.n_estimators, scheme=self.scheme, size=self.size, cluster=cluster,
            strata=strata, rng=self._seed, block=max(1, block), n_threads=self._threads(),
        )  # fmt: skip
        bag = None
        if self.oob:
            bag = _members.OutOfBag(len(y), len(self.classes_) if classifies(self) else width)
        to = (self.estimator, X, y, weights, features)
        if task is None:
            classes = getattr(self, "classes_", None)
            self._members: Any = _members.fit_each(*to, classes, self._seed, self.n_jobs, bag)
        else:
            self._members = _linear.fit_linear(*to, task, self._seed, self._threads(), bag)
            self.coef_, self.intercept_ = self._members.coef, self._members.intercept
        self._finish_oob(y, bag)
        return self

    def _check(self) -> None:
        if not (hasattr(self.estimator, "fit") and hasattr(self.estimator, "get_params")):
            reason = "must be a scikit-learn estimator"
            fail("estimator", reason, value=self.estimator, kind=TypeError)
        checks.whole(self.n_estimators, "n_estimators", 1, 2**31 - 1)
        checks.flag(self.oob, "oob")
        if self.n_jobs is not None:
            checks.whole(self.n_jobs, "n_jobs", -(2**31), 2**31 - 1)
            if self.n_jobs == 0:
                fail("n_jobs", "must not be 0", value=self.n_jobs)
        scheme = checks.one_of(self.scheme, "scheme", SCHEMES)
        if scheme == "bayesian" and not takes_weights(self.estimator):
            name = type(self.estimator).__name__
            fail(
                "scheme", f"needs a learner that takes sample_weight, {name} does not", value=scheme
            )

    def _threads(self) -> int:
        jobs = self.n_jobs
        return checks.n_threads(jobs if jobs is not None and jobs > 0 else None)

    def _finish_oob(self, y: np.ndarray, bag: Any) -> None:
        if bag is None:
            return
        mean = bag.mean()
        known = bag.count > 0
        self.oob_count_ = bag.count
        self.oob_score_ = np.nan
        if classifies(self):
            self.oob_prediction_ = mean
            if known.sum() >= 2:
                guess = self.classes_[mean[known].argmax(axis=1)]
                self.oob_score_ = float(accuracy_score(y[known], guess))
            return
        self.oob_prediction_ = mean[:, 0] if self._flat else mean
        self.oob_residuals_ = y - self.oob_prediction_
        if known.sum() >= 2:
            self.oob_score_ = float(r2_score(y[known], self.oob_prediction_[known]))

    @property
    def estimators_(self) -> list[Any]:
        """The members; those of a linear learner are made when they are asked for."""
        check_is_fitted(self, "_members")
        return self._members.estimators(getattr(self, "feature_names_in_", None))

    @property
    def estimators_features_(self) -> list[np.ndarray]:
        """The features of each member."""
        check_is_fitted(self, "_members")
        if self._members.features:
            return self._members.features
        n = getattr(self, "n_features_in_", 0)  # of texts, say, there are none
        return [np.arange(n)] * len(self._members)

    def _target(self, y: Any) -> np.ndarray:
        """Targets as scikit-learn wants them: out-of-bag figures are made of them."""
        y = y if y is None else checks.array(y, "y")
        numeric = not classifies(self)
        if numeric and y is not None and y.dtype.kind != "c":  # scikit-learn has words
            y = checks.features(checks.numeric(y, "y"), "y")
        many = get_tags(self).target_tags.multi_output
        with checks.about("y"), np.errstate(over="ignore", invalid="ignore"):  # its sums of all
            return validate_data(self, y=y, y_numeric=numeric, multi_output=many)

    def _validated(self, X: Any, together: bool, *, reset: bool = False) -> Any:
        """Rows as the members want them, who check them themselves; but for names and number of
        columns at a fit and where members see some of them. `together`: there are none to check.
        """
        if together:
            with checks.about("X"), np.errstate(over="ignore", invalid="ignore"):
                return validate_data(self, X, reset=reset, dtype=np.float64)
        if reset or self._members.features is not None:
            table = len(getattr(X, "shape", ())) > 1  # texts have no columns
            validate_data(self, X, reset=reset, skip_check_array=True, ensure_2d=table)
        return X

    def _said(self, X: Any) -> Iterator[Iterator[np.ndarray]]:
        """What each member says, for each block of the rows."""
        check_is_fitted(self, "_members")
        X = self._validated(rows_of(X), hasattr(self, "coef_"))
        return (self._members.outputs(block) for block in blocks(X))

    def _moments(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (divisor M - 1; 0 with one member) over members."""
        parts = [self._block_moments(outputs) for outputs in self._said(X)]
        mean, square = (np.concatenate(part) for part in zip(*parts, strict=True))
        return mean, np.sqrt(square / max(1, len(self._members) - 1))

    def _block_moments(self, outputs: Iterator[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Mean, and sum of squares around it, of the members' outputs."""
        mean = square = np.zeros(0)
        for k, out in enumerate(outputs):
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
        X : rows as `estimator` takes them
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
        X : rows as `estimator` takes them
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
        X : rows as `estimator` takes them

        Returns
        -------
        ndarray of shape (n_estimators, n_rows) or (n_estimators, n_rows, n_targets)
            Numbers, or classes.
        """
        outputs = np.concatenate([np.stack(list(said)) for said in self._said(X)], axis=1)
        return self.classes_[outputs.argmax(axis=2)] if classifies(self) else self._shaped(outputs)

    def interval(self, X: Any, level: float = 0.95, of: str = "mean") -> np.ndarray:
        """Intervals of the predictions, or of the probabilities of a classifier.

        Parameters
        ----------
        X : rows as `estimator` takes them
        level : float, default 0.95
        of : {"mean", "observation"}
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
        checks.one_of(of, "of", ("mean", "observation"))
        ends = np.array([0.5 - 0.5 * level, 0.5 + 0.5 * level])
        if of == "observation":
            residuals = getattr(self, "oob_residuals_", np.zeros(0))
            if len(residuals):
                known = np.isfinite(residuals).reshape(len(residuals), -1).all(axis=1)
                residuals = residuals[known]
            if len(residuals) < 2:
                fail("of", "there are no out-of-bag residuals", value=of)
            mean = self.predict(X)
            shift = np.quantile(residuals, ends, axis=0)
            return mean[None] + (shift[:, None] if shift.ndim == 1 else shift[:, None, :])
        parts = [np.quantile(np.stack(list(said)), ends, axis=0) for said in self._said(X)]
        return self._shaped(np.concatenate(parts, axis=1))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of a regressor, accuracy of a classifier.

        Parameters
        ----------
        X : rows as `estimator` takes them
        y : array_like of shape (n_rows,) or (n_rows, n_targets)
        sample_weight : array_like of shape (n_rows,), optional

        Returns
        -------
        float
        """
        measure = accuracy_score if classifies(self) else r2_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))
