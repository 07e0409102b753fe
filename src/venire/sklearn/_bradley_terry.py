"""Bradley and Terry's model as a classifier of comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from venire._core import checks
from venire.data import Comparisons
from venire.data.coding import encode_one
from venire.models import model_of
from venire.priors import GaussianPrior
from venire.ratings import fit_bradley_terry
from venire.ratings.coefficients import terms_of

__all__ = ["BradleyTerry"]

LEAST = 2  # columns of X: first and second


class _Read(NamedTuple):
    """The columns of X."""

    first: Any
    second: Any
    covariates: Any  # a mapping, an array, or None


class BradleyTerry(ClassifierMixin, BaseEstimator):
    """Bradley and Terry's model of paired comparisons as a scikit-learn classifier.

    What `fit_bradley_terry` fits, where a pipeline, a cross-validation or a grid search over the
    prior wants an estimator. A row of X is a comparison, its class whether `first` won.

    Parameters
    ----------
    prior : GaussianPrior or None, default GaussianPrior(0.1)
        On the strengths. An item that no row of the fit had is predicted at its mean. None: the
        most likely strengths, which exist only where items beat each other in chains; items that
        the fit did not have are then refused.
    order_effect : bool, default False
        Whether to fit what the first place is worth.
    tol : float, default 1e-9
    max_iter : int, optional
    n_threads : int, optional
        These as in `fit_bradley_terry`.

    Attributes
    ----------
    classes_ : ndarray of float64
        0 and 1: `second` won, `first` won.
    items_ : ndarray, shape (n_items,)
        Distinct labels, sorted.
    ratings_ : ndarray of float64, shape (n_items,)
        Log-strength of each.
    coef_ : ndarray of float64, shape (n_covariates,)
        What a unit of each covariate adds to the log-odds of `first`.
    order_effect_ : float or None
    n_iter_ : int
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        If X had names of columns.
    fit_ : Fit
        The fit itself, with errors, intervals, ranks, tables and pictures.

    Notes
    -----
    Ties and soft scores count as shares of a win on both sides. Metrics of scikit-learn such as
    "accuracy" and "neg_log_loss" want scores of 0 and 1; `score` takes all of them.

    Labels are whole numbers or text, as everywhere in this package. Data frames are read column by
    column; in an array all columns have one type: object for text beside numbers.

    References
    ----------
    Bradley and Terry 1952, doi:10.2307/2334029.

    Examples
    --------
    >>> import numpy as np, venire as vn
    >>> from sklearn.model_selection import GridSearchCV
    >>> games = vn.simulate.arena(10, 500)
    >>> X, y = np.stack([games.first, games.second], axis=1), games.score
    >>> model = vn.sklearn.BradleyTerry().fit(X, y)
    >>> model.ratings_.shape, model.predict_proba([[0, 9], [9, 0]]).shape
    ((10,), (2, 2))
    >>> grid = {"prior": [vn.GaussianPrior(precision) for precision in (0.01, 0.1, 1.0, 10.0)]}
    >>> search = GridSearchCV(vn.sklearn.BradleyTerry(), grid, cv=5).fit(X, y)
    >>> search.best_params_["prior"] in grid["prior"]
    True
    """

    def __init__(
        self,
        prior: GaussianPrior | None = GaussianPrior(0.1),  # noqa: B008
        *,
        order_effect: bool = False,
        tol: float = 1e-9,
        max_iter: int | None = None,
        n_threads: int | None = None,
    ) -> None:
        self.prior = prior
        self.order_effect = order_effect
        self.tol = tol
        self.max_iter = max_iter
        self.n_threads = n_threads

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit strengths, and coefficients where X has more than two columns.

        Parameters
        ----------
        X : array_like or data frame of shape (n, 2 + K)
            In each row the labels of `first` and `second`, and K covariates: of `first` less those
            of `second`, finite.
        y : array_like of shape (n,)
            Share that `first` got: 1 a win, 0 a loss, 0.5 a tie, any other in [0, 1] a soft vote.
        sample_weight : array_like of shape (n,), optional
            How many comparisons a row stands for; default 1.

        Raises
        ------
        ValueError, TypeError
            As `Comparisons` and `fit_bradley_terry`.
        NotIdentifiedError
            If there is no prior, and no finite fit.
        """
        read = self._read(X, reset=True)
        score = _scores(y, read.first)
        weight = _weights(sample_weight, read.first)
        c = Comparisons(
            read.first, read.second, score, weight, covariates=read.covariates,
            n_threads=self.n_threads,
        )  # fmt: skip
        found = fit_bradley_terry(
            c, prior=self.prior, order_effect=self.order_effect, tol=self.tol,
            max_iter=self.max_iter, n_threads=self.n_threads,
        )  # fmt: skip
        self.fit_ = found
        self.classes_ = np.array([0.0, 1.0])
        self.items_, self.ratings_ = found.items, found.theta
        self.coef_ = np.zeros(0) if found.coefficients is None else found.coefficients
        self.order_effect_, self.n_iter_ = found.order_effect, found.n_iter
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Log-odds that `first` wins.

        Parameters
        ----------
        X : as in `fit`
            Items that the fit did not have stand at the mean of its prior.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        ValueError
            If the fit had no prior and a label is not among its items, or two items are not linked
            by comparisons.
        TypeError
            If labels are text, and those of the fit were numbers, or the other way round.
        """
        check_is_fitted(self)
        read = self._read(X, reset=False)
        theta, component = self._strengths(read.first, "first")
        other, its = self._strengths(read.second, "second")
        if self.fit_.prior is None:
            rule = "was never compared, directly or in a chain, with second: give the fit a prior"
            labels = np.asarray(read.first, object)
            checks.every(component == its, "first", rule, labels)
        d = theta - other + (self.order_effect_ or 0.0)
        return d + terms_of(self.fit_, read.covariates, d.shape)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes: that `second` wins, and that `first` does.

        Parameters
        ----------
        X : as in `decision_function`

        Returns
        -------
        ndarray of float64, shape (n, 2)
        """
        d = self.decision_function(X)
        law = model_of(self.fit_.model)
        return np.stack([law.probabilities(-d, 0.0), law.probabilities(d, 0.0)], axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """The likelier class: 1 where `first` is the stronger, else 0.

        Parameters
        ----------
        X : as in `decision_function`

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        return (self.decision_function(X) > 0.0).astype(np.float64)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean log-likelihood of a comparison: at most 0, log(1/2) for a coin.

        Unlike the share of right verdicts it tells one prior from another. Soft scores count by
        their shares.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`

        Returns
        -------
        float
        """
        d = self.decision_function(X)
        share, weight = _scores(y, d), _weights(sample_weight, d)
        loss = share * np.logaddexp(0.0, -d) + (1.0 - share) * np.logaddexp(0.0, d)
        return -float(np.average(loss, weights=weight))

    # ---- what was given ------------------------------------------------------------------------

    def _read(self, X: Any, *, reset: bool) -> _Read:
        """The columns of X, whose number and names are those of the fit."""
        if not (hasattr(X, "columns") and hasattr(X, "shape")):
            least = LEAST if reset else 1  # later there must be as many as then
            x = validate_data(self, X, reset=reset, dtype=None, ensure_min_features=least)
            return _Read(x[:, 0], x[:, 1], x[:, LEAST:] if x.shape[1] > LEAST else None)
        validate_data(self, X, reset=reset, skip_check_array=True)
        import narwhals as nw

        frame = nw.from_native(X, eager_only=True)
        if len(frame.columns) < LEAST:
            checks.fail("X", f"must have columns first and second, has {len(frame.columns)}")
        first, second, *others = (column.to_native() for column in frame.iter_columns())
        names = map(str, frame.columns[LEAST:])
        return _Read(first, second, dict(zip(names, others, strict=True)) or None)

    def _strengths(self, labels: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Theta of the item of each row, and its component: -1 of an item that is new."""
        fit, (found, codes) = self.fit_, encode_one(labels, name)
        if (found.dtype == object) != (fit.items.dtype == object):
            rule = f"must be {'text' if fit.items.dtype == object else 'numbers'}, as in the fit"
            checks.fail(name, rule, 0, found[codes[0]], kind=TypeError)
        place = {label: k for k, label in enumerate(fit.items.tolist())}
        at = np.array([place.get(label, -1) for label in found.tolist()], np.intp)
        theta, component = fit.theta[at], fit.component[at]
        for k in np.flatnonzero(at < 0).tolist():
            row = int(np.argmax(codes == k))
            theta[k], component[k] = self._expected(found[k], name, row), -1
        return theta[codes], component[codes]

    def _expected(self, label: Any, name: str, row: int) -> float:
        """Where an item stands of which the fit had no comparisons."""
        mean = None if self.fit_.prior is None else self.fit_.prior.mean
        if isinstance(mean, Mapping):
            mean = mean.get(label)
        if not isinstance(mean, float):
            rule = "is none of the fit's items, and no prior says where it stands"
            checks.fail(name, rule, row, label)
        return mean


def _scores(y: Any, rows: Any) -> np.ndarray:
    y = column_or_1d(y, warn=True)
    check_consistent_length(rows, y)
    return checks.within(y, len(y), "y", 0.0, 1.0, checks.SCORE)


def _weights(sample_weight: Any, rows: Any) -> np.ndarray | None:
    if sample_weight is None:
        return None
    n = len(rows)
    weight = np.broadcast_to(checks.amounts(sample_weight, n, "sample_weight"), (n,))
    checks.every(weight.any(), "sample_weight", "is zero in every row", weight)
    return weight
