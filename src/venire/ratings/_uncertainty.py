"""The part of a fit that says how sure it is: errors, covariances, intervals, quasi-variances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from venire._core import checks
from venire._core.intervals import critical_value
from venire.data.lookup import Lookup
from venire.ratings import _errors, _quasi

if TYPE_CHECKING:
    from venire.ratings._sampled import SampledErrors
    from venire.ratings.fit import Fit

__all__ = ["RelativeEstimates", "Uncertainty"]


class RelativeEstimates(NamedTuple):
    """Ratings relative to a reference item.

    Attributes
    ----------
    items : ndarray, shape (n,)
        Labels.
    estimates : ndarray of float64, shape (n,)
        theta minus that of the reference.
    standard_errors : ndarray of float64, shape (n,)
        Of those differences; 0 for the reference itself.
    """

    items: np.ndarray
    estimates: np.ndarray
    standard_errors: np.ndarray


class Uncertainty:
    """Methods of `Fit` about its covariance.

    Two kinds are offered everywhere. ``"fisher"`` inverts the observed information, prior included.
    ``"robust"`` is the sandwich: the inverse information around the outer products of the rows'
    scores (summed within clusters first, if the comparisons have any); it holds when the model is
    wrong, or rows of one cluster hang together. A weight w counts as w rows, and no small-sample
    factor such as n / (n - 1) is applied.
    """

    theta: np.ndarray
    component: np.ndarray

    if TYPE_CHECKING:  # the fit has it

        @property
        def items(self) -> np.ndarray: ...

    def standard_errors(
        self,
        kind: str = "fisher",
        *,
        method: str = "auto",
        n_samples: int | None = None,
        rng: Any = 0,
    ) -> np.ndarray:
        """Standard errors of theta, as deviations from the mean of the item's component.

        Where priors differ from item to item, theta has an origin: then they are those of theta
        itself, from the whole inverse of the information.

        Parameters
        ----------
        kind : {"fisher", "robust"}
            See `Uncertainty`.
        method : {"auto", "exact", "sampled"}
            "exact" inverts the information densely, component by component: O(k^3) for k items.
            "sampled" estimates all of them from solves with random right-hand sides (Spielman and
            Srivastava 2011, doi:10.1137/080734029); `sampled_errors` also says how far off they
            are. "auto" is exact while no component has over 6,000 items.
        n_samples : int, optional
            Draws of the sampled method. None: until the typical relative error of a standard error
            is under 1 %, at most 200 draws, which give 5 % or less.
        rng : int, SeedSequence or Generator
            Seed of the draws.

        Returns
        -------
        ndarray of float64, shape (n_items,)
            0 for an item alone in its component: its only value there is the mean. nan where the
            information is singular to working precision (a warning says so).

        Raises
        ------
        ValueError
            If an argument is none of its choices, or "exact" would need over 1.5 GB.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[3.0], loss=[1.0])
        >>> vn.fit_bradley_terry(c).standard_errors().round(4)
        array([0.5774, 0.5774])
        """
        return _errors.standard_errors(_fit(self), kind, method, n_samples, rng)

    def sampled_errors(
        self, kind: str = "fisher", *, n_samples: int | None = None, rng: Any = 0
    ) -> SampledErrors:
        """Standard errors by sampling, together with their own relative errors.

        Parameters
        ----------
        kind, n_samples, rng
            As in `standard_errors`.

        Returns
        -------
        SampledErrors
            Named tuple (standard_errors, relative_error, n_samples) with `typical_error`. The cost
            is one solve with the information for each draw.
        """
        return _errors.sampled_errors(_fit(self), kind, n_samples, rng)

    def parameter_errors(self, kind: str = "fisher") -> _errors.ParameterErrors:
        """Standard errors of the order effect and of the tie parameter.

        Parameters
        ----------
        kind : {"fisher", "robust"}

        Returns
        -------
        ParameterErrors
            Named tuple (order_effect, tie, log_tie); None for what the model lacks or holds on its
            boundary.
        """
        fit = _fit(self)
        layout = _errors.layout_of(fit)
        errors = np.sqrt(np.diagonal(_errors.parameter_covariance(fit, kind)))
        gamma = float(errors[0]) if layout.has_gamma else None
        if not layout.has_tie or fit.tie is None:
            return _errors.ParameterErrors(gamma, None, None)
        return _errors.ParameterErrors(gamma, fit.tie * float(errors[-1]), float(errors[-1]))

    def covariance(
        self, kind: str = "fisher", *, items: Any = None, full: bool = False
    ) -> np.ndarray:
        """Covariance matrix of theta.

        The inverse information on the subspace where theta has mean 0 in each component: its
        pseudo-inverse when there is no prior. The whole inverse where priors differ from item to
        item.

        Parameters
        ----------
        kind : {"fisher", "robust"}
        items : array_like of labels, optional
            Only these, in this order. On a graph too large for a dense inverse each costs a solve.
        full : bool
            Append the order effect and the log of the tie parameter, those that are free.

        Returns
        -------
        ndarray of float64, shape (q, q)

        Raises
        ------
        ValueError
            If a label is unknown, or the matrix would have over 8,000 rows.
        """
        fit = _fit(self)
        chosen = None if items is None else self._listed(items)
        return _errors.covariance(fit, kind, chosen, checks.flag(full, "full"))

    def interval(
        self, level: float = 0.95, kind: str = "fisher", *, method: str = "auto"
    ) -> np.ndarray:
        """Wald intervals of theta: estimate plus and minus z standard errors.

        Parameters
        ----------
        level : float
            Coverage, between 0 and 1.
        kind, method
            As in `standard_errors`.

        Returns
        -------
        ndarray of float64, shape (n_items, 2)

        Raises
        ------
        ValueError
            If `level` is not strictly between 0 and 1.
        """
        half = critical_value(level) * self.standard_errors(kind, method=method)
        return np.stack([self.theta - half, self.theta + half], axis=1)

    def difference_errors(
        self,
        first: Any,
        second: Any,
        *,
        kind: str = "fisher",
        method: str = "auto",
        n_samples: int | None = None,
        rng: Any = 0,
    ) -> np.ndarray:
        """Standard errors of theta of `first` minus theta of `second`.

        Parameters
        ----------
        first, second : array_like of labels
            Broadcast against each other.
        kind, method, n_samples, rng
            As in `standard_errors`. On a graph too large for a dense inverse up to 256 differences
            are exact (a solve each), more are sampled (200 draws: 5 %).

        Returns
        -------
        ndarray of float64, shape of the broadcast labels

        Raises
        ------
        ValueError
            If a label is unknown, or a pair is of two components without a prior. With one, the
            prior's own uncertainty about where each component lies is part of the error.
        """
        i, j = self._pairs(first, second)
        args = (kind, method, n_samples, rng)
        return _errors.difference_errors(_fit(self), i.ravel(), j.ravel(), *args).reshape(i.shape)

    def difference_covariance(self, first: Any, second: Any, *, kind: str = "fisher") -> np.ndarray:
        """Covariance matrix of the differences theta of `first` minus theta of `second`.

        Parameters
        ----------
        first, second : array_like of labels, shape (n,)
        kind : {"fisher", "robust"}

        Returns
        -------
        ndarray of float64, shape (n, n)

        Raises
        ------
        ValueError
            As `difference_errors`, and for over 8,000 differences.
        """
        i, j = self._pairs(first, second)
        return _errors.difference_covariance(_fit(self), i.ravel(), j.ravel(), kind)

    def relative_to(
        self, reference: Any, *, items: Any = None, kind: str = "fisher"
    ) -> RelativeEstimates:
        """Ratings relative to a reference item, as a table with a baseline prints them.

        Parameters
        ----------
        reference : label
        items : array_like of labels, optional
            Only these.
        kind : {"fisher", "robust"}

        Returns
        -------
        RelativeEstimates
            Named tuple (items, estimates, standard_errors).

        Raises
        ------
        ValueError
            If a label is unknown, or an item is of another component and there is no prior.
        """
        chosen = np.arange(len(self.theta)) if items is None else self._listed(items)
        labels = self.items[chosen]
        i, j = self._pairs(labels, reference, ("items", "reference"))
        if j.shape != labels.shape or (j[1:] != j[:-1]).any():
            checks.fail("reference", "must be the label of one item", value=reference)
        errors = self.difference_errors(labels, self.items[j], kind=kind)
        return RelativeEstimates(self.items[i], self.theta[i] - self.theta[j], errors)

    def quasi_variances(self, *, items: Any = None, kind: str = "fisher") -> _quasi.QuasiVariances:
        """Quasi-variances: Var(theta_i - theta_j) is about q_i + q_j for every pair at once.

        Minimises the squared differences of log(q_i + q_j) and the log of the variance, over the
        pairs within each component (Firth and de Menezes 2004, doi:10.1093/biomet/91.1.65).

        Parameters
        ----------
        items : array_like of distinct labels, optional
            Only these and the pairs among them; a few dozen are what one prints or draws.
        kind : {"fisher", "robust"}

        Returns
        -------
        QuasiVariances
            Named tuple (items, variances, standard_errors, relative_errors). A variance can be
            negative: then its standard error is nan.

        Raises
        ------
        ValueError
            If a component has over 3,000 of the items, a label is unknown or occurs twice.
        """
        fit = _fit(self)
        chosen = np.arange(len(self.theta))
        if items is not None:
            chosen = self._listed(items)
            seen, first = np.unique(chosen, return_index=True)
            if len(seen) < len(chosen):
                bad = int(np.setdiff1d(np.arange(len(chosen)), first)[0])
                checks.fail("items", "must be distinct", bad, self.items[chosen[bad]])
        variances, errors = np.full(len(chosen), np.nan), []
        groups = self.component[chosen]
        for group in np.unique(groups):
            mine = np.flatnonzero(groups == group)
            if len(mine) > _quasi.MAX_QUASI:
                checks.fail(
                    "items",
                    f"quasi-variances of {len(mine)} items are too many: at most "
                    f"{_quasi.MAX_QUASI}; name the ones that matter",
                )
            among = _errors.covariance(fit, kind, chosen[mine], False)
            variances[mine], relative = _quasi.solve_quasi_variances(
                _quasi.difference_variances(among)
            )
            errors.append(relative)
        spread = np.array(errors) if errors else np.zeros((1, 2))
        return _quasi.QuasiVariances(
            self.items[chosen],
            variances,
            np.sqrt(np.where(variances >= 0.0, variances, np.nan)),
            (float(spread[:, 0].min()), float(spread[:, 1].max())),
        )

    def _positions(self, labels: Any, name: str) -> np.ndarray:
        cache = _fit(self)._cache
        if "lookup" not in cache:
            cache["lookup"] = Lookup(self.items)
        return cache["lookup"](labels, name)

    def _listed(self, items: Any) -> np.ndarray:
        """Positions of one item, or of some in a row."""
        chosen = self._positions(items, "items")
        if chosen.ndim > 1:
            checks.fail("items", f"must be one-dimensional, has {chosen.ndim} dimensions")
        return np.atleast_1d(chosen)

    def _pairs(
        self, first: Any, second: Any, names: tuple[str, str] = ("first", "second")
    ) -> tuple[np.ndarray, np.ndarray]:
        """Positions of two lots of labels that may be compared."""
        i, j = self._positions(first, names[0]), self._positions(second, names[1])
        try:
            i, j = np.broadcast_arrays(i, j)
        except ValueError:
            reason = f"has shape {j.shape}, which does not go with {i.shape} of {names[0]}"
            checks.fail(names[1], reason)
        apart = np.ravel(self.component[i] != self.component[j])
        if _fit(self).prior is None and apart.any():
            k = int(np.argmax(apart))
            a, b = (self.items[[np.ravel(x)[k]]].tolist()[0] for x in (i, j))
            raise ValueError(
                f"{a!r} and {b!r} cannot be compared: they are in different components, each "
                "fitted by itself; a prior would put all items on one scale"
            )
        return i, j


def _fit(methods: Uncertainty) -> Fit:
    return cast("Fit", methods)
