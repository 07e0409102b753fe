"""Bagging of scikit-learn estimators on bootstrap weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import has_fit_parameter, validate_data

from venire._core import checks
from venire._core.checks import fail
from venire.ensembles import _linear, _members
from venire.ensembles._predictions import ROWS, Predictions, classifies
from venire.resampling import bootstrap_weights
from venire.resampling.plan import SCHEMES

__all__ = ["Bagging"]

BLOCK = 1 << 25  # numbers of a block of weights
GRAMS = 1 << 24  # numbers of the matrices of a block of replicates
WIDEST = 1000  # features; beyond, linear replicates are fitted one by one


class Bagging(MetaEstimatorMixin, Predictions, BaseEstimator):
    """Mean, or vote, of members that are fitted to bootstrap replicates of the data.

    A scikit-learn estimator: a regressor or a classifier, as `estimator` is.

    Parameters
    ----------
    estimator : estimator
        The learner. It is given the weights of a replicate as ``sample_weight`` if its ``fit``
        takes them (rows of weight 0 are left out), else the rows themselves, repeated.
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
        Of regressors: y - oob_prediction_.
    oob_score_ : float
        R² or accuracy of `oob_prediction_`; nan if fewer than two rows have one.
    n_features_in_ : int
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
    >>> bag = vn.Bagging(Ridge(), 50, random_state=0).fit(X, y)
    >>> bag.coef_.shape, bool(bag.oob_score_ > 0.9)
    ((50, 1, 3), True)
    >>> low, high = bag.interval(X, level=0.9, kind="observation")
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
        X : array_like or sparse matrix of shape (n_rows, n_features)
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
        tags = get_tags(self)
        X = checks.features(X, "X")
        y = y if y is None else checks.array(y, "y")
        if not classifies(self) and y is not None and y.dtype.kind != "c":  # scikit-learn has words
            y = checks.features(checks.numeric(y, "y"), "y")
        with checks.about("X"), np.errstate(over="ignore", invalid="ignore"):  # its sums of all
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse=("csr", "csc") if tags.input_tags.sparse else False,
                dtype=None,
                ensure_all_finite=not tags.input_tags.allow_nan,
                ensure_min_samples=2,
                multi_output=tags.target_tags.multi_output,
                y_numeric=not classifies(self),
            )
        for name in list(self.__dict__):
            if name in ("coef_", "intercept_", "_fitted", "classes_") or name.startswith("oob_"):
                del self.__dict__[name]
        if classifies(self):
            with checks.about("y"), np.errstate(invalid="ignore"):  # its casts to integers
                check_classification_targets(y)
            self.classes_ = np.unique(y)
        with checks.about("random_state"):
            self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self._features = self._draw_features(X.shape[1])
        self._flat = y.ndim == 1
        width = 1 if y.ndim == 1 else y.shape[1]
        task = None
        if not classifies(self) and not hasattr(X, "tocsr") and X.shape[1] <= WIDEST:
            task = _linear.linear_task(self.estimator, width)
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
        if task is None:
            self._fit_each(X, y, weights, bag)
        else:
            self._fit_linear(X, y, weights, bag, task)
        self._n_members = self.n_estimators
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
        if checks.one_of(self.scheme, "scheme", SCHEMES) == "bayesian" and not has_fit_parameter(
            self.estimator, "sample_weight"
        ):
            name = type(self.estimator).__name__
            fail(
                "scheme",
                f"needs a learner that takes sample_weight, {name} does not",
                value="bayesian",
            )

    def _threads(self) -> int:
        jobs = self.n_jobs
        return checks.n_threads(jobs if jobs is not None and jobs > 0 else None)

    def _draw_features(self, p: int) -> list[np.ndarray] | None:
        """The features of each member in order, None where they are all."""
        x = self.max_features
        rule = f"must be from 1 to {p}, or a share from 0 to 1"
        checks.number(x, "max_features", rule, lambda v: 0.0 < v <= p)
        chosen = int(x) if isinstance(x, (int, np.integer)) else max(1, int(x * p))
        if not 1 <= chosen <= p or x <= 0:
            fail("max_features", f"must be from 1 to {p}, or a share from 0 to 1", value=x)
        if chosen == p:
            return None
        streams = (_members.member_seed(self._seed, k, 1) for k in range(self.n_estimators))
        return [np.sort(s.choice(p, chosen, replace=False)) for s in streams]

    def _fit_linear(
        self, X: np.ndarray, y: np.ndarray, weights: Any, bag: Any, task: _linear.LinearTask
    ) -> None:
        x, target = np.asarray(X, np.float64), np.asarray(y, np.float64).reshape(len(y), -1)
        table = _linear.make_table(x, target, task)
        coefs, intercepts, start = [], [], 0
        for block in weights:
            stop = start + len(block)
            part = None if self._features is None else np.array(self._features[start:stop])
            coef, intercept, solved = _linear.solve_replicates(
                table, block, part, task, self._threads()
            )
            for i in np.flatnonzero(~solved).tolist():
                own = None if part is None else part[i]
                member, _, _ = _members.fit_member(
                    self.estimator, x, target, block[i], own, True, self._seed, start + i, None
                )
                coef[i] = 0.0
                coef[i][:, slice(None) if own is None else own] = member.coef_
                intercept[i] = member.intercept_
            if bag is not None and self.scheme != "bayesian":
                flat = coef.reshape(-1, coef.shape[2]).T
                for i in range(0, len(x), ROWS):
                    output = (x[i : i + ROWS] @ flat).reshape(-1, *intercept.shape) + intercept
                    bag.add_block(i, output, block[:, i : i + ROWS] == 0)
            coefs.append(coef)
            intercepts.append(intercept)
            start = stop
        self.coef_, self.intercept_ = np.concatenate(coefs), np.concatenate(intercepts)

    def _fit_each(self, X: Any, y: np.ndarray, weights: Any, bag: Any) -> None:
        by_weight = has_fit_parameter(self.estimator, "sample_weight")
        classes = getattr(self, "classes_", None)
        self._fitted: list[Any] = []
        for block in weights:
            start = len(self._fitted)
            jobs = (
                delayed(_members.fit_member)(
                    self.estimator, X, y, row, self._feature_of(start + i), by_weight,
                    self._seed, start + i, classes,
                )
                for i, row in enumerate(block)
            )  # fmt: skip
            for member, output, outside in Parallel(n_jobs=self.n_jobs)(jobs):
                self._fitted.append(member)
                if bag is not None and output is not None:
                    bag.add(outside, output.reshape(len(outside), -1))

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
