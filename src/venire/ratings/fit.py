"""The result of a fit: ratings of items, and what can be told from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from venire import scales
from venire._core import checks
from venire._core.frames import as_frame
from venire._core.summary import Summary
from venire.models import model_of
from venire.priors import GaussianPrior
from venire.ratings import _errors, _goodness, _summary, _tables, solver
from venire.ratings._uncertainty import Uncertainty

if TYPE_CHECKING:
    from venire.data.comparisons import Comparisons

__all__ = ["Fit"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Fit(Uncertainty):
    """Ratings of items from paired comparisons, as the ``fit_*`` functions return them.

    With several components and no prior each component was fitted and centred by itself, and
    comparing items across components is refused. With a prior all items share one scale.

    Attributes
    ----------
    comparisons : Comparisons
        What was fitted.
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    theta : ndarray of float64, shape (n_items,)
        Log-strength, mean 0 in each component (Thurstone: standard deviations of a difference), or
        that of a prior that all items share; of an origin of its own where priors differ.
        Read-only.
    tie : float or None
        nu (Davidson) or eta (Rao-Kupper). 0 or 1 when no tie was seen: on the boundary, and not
        counted as a free parameter.
    order_effect : float or None
        gamma, added to theta_first - theta_second where `first` had the order advantage.
    prior : GaussianPrior or None
    log_likelihood : float
        Without the prior, and without binomial coefficients.
    residual : float
        Largest derivative of the objective relative to the weight it belongs to.
    converged : bool
    n_iter : int
        Outer iterations.
    n_inner : int
        Iterations of the linear solver in all of them.
    component : ndarray of int32, shape (n_items,)
        Which component each item belongs to.
    method : str
        "newton" or "mm".
    tol : float
        Tolerance on `residual`.
    n_threads : int
    note : str
        Anything the reader of the summary should know.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons(["a", "a", "b", "c", "c"], ["b", "c", "c", "a", "b"], [1, 1, 1, 1, 0.5])
    >>> fit = vn.fit_bradley_terry(c)
    >>> fit.items[fit.ranks() == 1].tolist()
    ['a']
    >>> bool(fit.predict("a", "b") > 0.5)
    True
    """

    comparisons: Comparisons
    model: str
    theta: np.ndarray
    tie: float | None = None
    order_effect: float | None = None
    prior: GaussianPrior | None = None
    log_likelihood: float
    residual: float
    converged: bool
    n_iter: int
    n_inner: int = 0
    component: np.ndarray
    method: str = "newton"
    tol: float = 1e-9
    n_threads: int = 1
    note: str = ""
    _cache: dict[Any, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        model_of(self.model)
        n = len(self.comparisons.items)
        for name, dtype in (("theta", np.float64), ("component", np.int32)):
            array = np.asarray(getattr(self, name), dtype).view()
            if array.shape != (n,):
                raise ValueError(f"{name} must have shape ({n},), got {array.shape}")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if self._has_ties != (self.tie is not None):
            raise ValueError(f"tie does not go with model {self.model!r}: got {self.tie!r}")

    def __repr__(self) -> str:
        state = "converged" if self.converged else "not converged"
        size = f"{len(self.theta)} items, {self.n_comparisons:g} comparisons"
        return f"<Fit {self.model}: {size}, {state}>"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_cache": {}}

    @property
    def items(self) -> np.ndarray:
        """Labels of the items, (n_items,)."""
        return self.comparisons.items

    @property
    def n_comparisons(self) -> float:
        """Weight of the comparisons that were fitted."""
        layout = _errors.layout_of(self)
        return float(np.sum(layout.win + layout.loss + layout.tie))

    @property
    def n_parameters(self) -> int:
        """Number of free parameters.

        One for each item less one for each component (with a prior nothing is taken off), one for
        an order effect, one for a tie parameter that is not on its boundary.
        """
        layout = _errors.layout_of(self)
        free = layout.n if self.prior is not None else layout.n - len(layout.sizes)
        return free + layout.m

    @property
    def deviance(self) -> float:
        """Twice the log-likelihood that the saturated model of (pair, order) cells has in excess.

        Models that count a tie as half a win compare shares of two outcomes, the others of three.
        """
        return 2.0 * (
            self._once("saturated", _goodness.saturated_log_likelihood) - self.log_likelihood
        )

    @property
    def null_deviance(self) -> float:
        """The deviance of equal strengths and no order effect; the share of ties is fitted."""
        saturated = self._once("saturated", _goodness.saturated_log_likelihood)
        return 2.0 * (saturated - self._once("null", _goodness.null_log_likelihood))

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 (n_parameters - log_likelihood); a prior is not accounted for."""
        return 2.0 * (self.n_parameters - self.log_likelihood)

    @property
    def bic(self) -> float:
        """Schwarz's criterion: a parameter costs the log of the weight of the comparisons."""
        weight = max(self.n_comparisons, 1.0)
        return math.log(weight) * self.n_parameters - 2.0 * self.log_likelihood

    def predict(self, first: Any, second: Any, *, order: Any = 0) -> np.ndarray:
        """Probabilities of the outcomes of comparisons.

        Parameters
        ----------
        first, second : array_like of labels
            Broadcast against each other.
        order : array_like of int
            +1 where `first` has the order advantage, -1 where `second` has, 0 where neither has.
            Without an order effect in the fit it changes nothing.

        Returns
        -------
        ndarray of float64
            P(first wins), in the shape of the labels; in the tie models with a last axis of length
            3: win, tie, loss of `first`.

        Raises
        ------
        ValueError
            If a label is unknown, an order is not -1, 0 or 1, or two items are of different
            components and there is no prior.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[3.0], loss=[1.0])
        >>> vn.fit_bradley_terry(c).predict(["a", "b"], ["b", "a"]).round(6)
        array([0.75, 0.25])
        """
        i, j = self._pairs(first, second)
        d = self.theta[i] - self.theta[j]
        side = checks.numeric(order, "order")
        wrong = ~np.isin(side, (-1, 0, 1))
        if wrong.any():
            bad = int(np.argmax(np.ravel(wrong)))
            position = bad if side.ndim else None
            checks.fail("order", "must be -1, 0 or 1", position, np.ravel(side)[bad])
        try:
            d = d + (self.order_effect or 0.0) * side
        except ValueError:
            checks.fail("order", f"has shape {side.shape}, which does not go with {d.shape}")
        return model_of(self.model).probabilities(d, self._log_tie)

    def ranks(self) -> np.ndarray:
        """Ranks by theta, 1 the strongest; exactly equal items share the better rank.

        Returns
        -------
        ndarray of int64, shape (n_items,)
            Within each component when there are several and no prior.
        """
        return _tables.rank_within(self.theta, self.component if self.prior is None else None)

    def to_elo(
        self, scale: float = 400.0, base: float = 10.0, center: float = 1000.0
    ) -> np.ndarray:
        """Ratings in the unit of Elo: center + theta * scale / ln(base).

        Parameters
        ----------
        scale, base : float
            A lead of `scale` points means odds of `base` to 1.
        center : float
            The mean rating of each component.

        Returns
        -------
        ndarray of float64, shape (n_items,)
            A display unit only. Thurstone's theta is first multiplied by 1.702, which brings the
            normal curve within 0.01 of the logistic one: approximate.

        Raises
        ------
        ValueError
            If `scale` is not positive or `base` not over 1.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[10.0], loss=[1.0])
        >>> vn.fit_bradley_terry(c).to_elo().round(2)
        array([1200.,  800.])
        """
        scale = checks.number(scale, "scale", "must be positive", lambda x: 0.0 < x < math.inf)
        base = checks.number(base, "base", "must be over 1", lambda x: 1.0 < x < math.inf)
        center = checks.number(center, "center")
        unit = scales.factor(scales.scale_of(self.model), "logit")
        return center + self.theta * (unit * scale / math.log(base))

    def to_frame(
        self,
        backend: str | None = None,
        *,
        level: float = 0.95,
        kind: str = "fisher",
        errors: bool = True,
    ) -> Any:
        """The ratings as a dataframe, one row per item in the order of `items`.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        level : float
            Of the Wald intervals.
        kind : {"fisher", "robust"}
            Of the standard errors.
        errors : bool
            False leaves out the columns that need a covariance.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns item, theta, standard_error, lower, upper, rank, n_comparisons, component.

        Raises
        ------
        ValueError
            If `backend`, `level` or `kind` is none of its choices.
        """
        errors = checks.flag(errors, "errors")
        return as_frame(_tables.ratings_columns(self, level, kind, errors), backend)

    def summary(
        self,
        level: float = 0.95,
        top: int | None = None,
        *,
        kind: str = "fisher",
        errors: bool = True,
    ) -> Summary:
        """A statistician's table: the model, its fit, and the items from the best down.

        Parameters
        ----------
        level : float
            Of the Wald intervals.
        top : int, optional
            Rows shown; None shows all of up to 60 items, else 30.
        kind : {"fisher", "robust"}
            Of the standard errors.
        errors : bool
            False leaves out what needs a covariance.

        Returns
        -------
        Summary
            Prints as the table; also has `header`, `columns` and `notes`.

        Raises
        ------
        ValueError
            If `level`, `top` or `kind` is out of range.
        """
        if top is not None:
            top = checks.whole(top, "top", 1)
        return _summary.summarise(self, level, top, kind, checks.flag(errors, "errors"))

    @property
    def _has_ties(self) -> bool:
        return model_of(self.model).tie is not None

    @property
    def _has_free_tie(self) -> bool:
        """Whether the tie parameter is inside its range."""
        law = model_of(self.model).tie
        return law is not None and self.tie is not None and self.tie > law.boundary

    @property
    def _log_tie(self) -> float:
        if self.tie is None:
            return 0.0
        return math.log(self.tie) if self.tie > 0.0 else -math.inf

    def _once(self, name: str, function: Any) -> float:
        if name not in self._cache:
            self._cache[name] = function(self)
        return self._cache[name]

    def _laplacian(self) -> solver.InformationSolver:
        """Solver with the information: ``solve(rhs (k, n_params), tol)``."""
        return solver.InformationSolver(self)
