"""The result of a fit: ratings of items, and what can be told from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from venire._core.summary import Summary
from venire._core.views import Kept, Sampled
from venire.data.ageing import told
from venire.models import model_of
from venire.priors import GaussianPrior
from venire.ratings import _goodness, _standing, _summary
from venire.ratings._contrasts import Contrasts
from venire.ratings._errors import ParameterErrors
from venire.ratings._sides import sides
from venire.ratings.coefficients import Styled, terms_of
from venire.scales import Display

if TYPE_CHECKING:
    from venire.data.comparisons import Comparisons
    from venire.ratings._evidence import Evidence
    from venire.ratings._posterior import Posterior
    from venire.ratings._prior_means import PriorMeans
    from venire.ratings._sampled import SampledErrors
    from venire.ratings.newton import Progress

__all__ = ["Fit"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Fit(Contrasts, Sampled, Styled, Kept):
    """Ratings of items from paired comparisons, as the ``fit_*`` functions return them.

    With several components and no prior each was fitted and centred by itself, and comparing items
    across them is refused. With a prior all items share one scale.

    Attributes
    ----------
    theta : ndarray of float64, shape (n_items,)
        Log-strength, mean 0 in each component (Thurstone: standard deviations of a difference), or
        that of a prior that all items share; of an origin of its own where priors differ.
    tie : float or None
        nu (Davidson) or eta (Rao-Kupper). 0 or 1 when no tie was seen: on the boundary, and not
        counted as a free parameter.
    order_effect : float or None
        gamma, added to theta_first - theta_second where `first` had the order advantage.
    coefficients : ndarray of float64, shape (n_covariates,), or None
        What a unit of each covariate of the comparisons adds to theta_first - theta_second.
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
    method : {"newton", "mm"}
    note : str
        What the reader of the summary should know.
    components : str
        "weak" or "strong", as it was asked for.
    evidence, prior_means : Evidence and PriorMeans of `venire.ratings`, or None
        How the data chose the precision, and the means, of `prior`, where they did.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons(["a", "a", "b", "c", "c"], ["b", "c", "c", "a", "b"], [1, 1, 1, 1, 0.5])
    >>> fit = vn.fit_bradley_terry(c)
    >>> fit.items[fit.ranks() == 1].tolist(), bool(fit.predict("a", "b") > 0.5)
    (['a'], True)
    """

    comparisons: Comparisons
    model: str
    theta: np.ndarray
    tie: float | None = None
    order_effect: float | None = None
    coefficients: np.ndarray | None = None
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
    evidence: Evidence | None = None
    prior_means: PriorMeans | None = None
    components: str = "weak"
    scale: str = ""
    _unit: float = 1.0
    _fitted: Fit | None = None
    _display: Display | None = None
    _core: bool = False
    _cache: dict[Any, Any] = field(default_factory=dict, init=False)

    counted: ClassVar[str] = "comparisons"  # what is fitted, and its weight counts
    groups: ClassVar[Any] = None  # (n_items,) int, where groups of items are ranked by themselves

    def __post_init__(self) -> None:
        n = len(self.comparisons.items)
        for name, dtype in (("theta", np.float64), ("component", np.int32)):
            array = np.asarray(getattr(self, name), dtype).view()
            if array.shape != (n,):
                raise ValueError(f"{name} must have shape ({n},), got {array.shape}")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        names = self.covariate_names
        if (0 if self.coefficients is None else len(self.coefficients)) != len(names):
            raise ValueError(f"coefficients do not go with covariates {names}")
        if self.coefficients is not None:
            own = np.asarray(self.coefficients, np.float64).view()
            own.flags.writeable = False
            object.__setattr__(self, "coefficients", own)
        if (model_of(self.model).tie is not None) != (self.tie is not None):
            raise ValueError(f"tie does not go with model {self.model!r}: got {self.tie!r}")
        if not self.scale:
            object.__setattr__(self, "scale", self._own_scale())

    def __repr__(self) -> str:
        state = "converged" if self.converged else "not converged"
        size = f"{len(self.theta)} items, {self.n_comparisons:g} {self.counted}"
        return f"<Fit {self.model}: {size}, {state}>"

    @property
    def status(self) -> str:
        """ "converged"; "not identified": several components that no prior holds together were
        fitted each by itself; "iteration limit"."""
        if not self.converged:
            return "iteration limit"
        apart = self.prior is None and bool(np.max(self.component, initial=0) > 0)
        return "not identified" if apart else "converged"

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """Names of the covariates that `coefficients` belong to."""
        return self.comparisons.covariate_names

    @property
    def item_weights(self) -> np.ndarray:
        """Weight of the comparisons of each item that the fit used, (n_items,)."""
        return self._information.layout.games

    @property
    def n_comparisons(self) -> float:
        """Weight of the comparisons that were fitted."""
        return self._information.layout.weight

    @property
    def n_parameters(self) -> int:
        """Number of free parameters.

        One for each item less one for each component (with a prior nothing is taken off), one for
        an order effect, for each coefficient, and for a tie parameter that is not on its boundary.
        """
        layout = self._information.layout
        return layout.n + layout.m - (0 if self.prior is not None else len(layout.sizes))

    @property
    def deviance(self) -> float:
        """Twice the log-likelihood that the saturated model of (pair, order) cells has in excess.

        Models that count a tie as half a win compare shares of two outcomes, the others of three.
        """
        return 2.0 * (self._information.saturated - self.log_likelihood)

    @property
    def null_deviance(self) -> float:
        """The deviance of equal strengths and no order effect; the share of ties is fitted."""
        return 2.0 * (self._information.saturated - self._information.null)

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 (n_parameters - log_likelihood); a prior is not accounted for."""
        return 2.0 * (self.n_parameters - self.log_likelihood)

    @property
    def bic(self) -> float:
        """Schwarz's criterion: a parameter costs the log of the weight of the comparisons."""
        weight = max(self.n_comparisons, 1.0)
        return math.log(weight) * self.n_parameters - 2.0 * self.log_likelihood

    @property
    def dispersion(self) -> float:
        """Variance of the outcomes about the fit, beside what the model expects of wins and losses.

        The mean square of the rows' scores over the mean information of a row, parameters allowed
        for; nan where there are no more rows than those. Models that count a tie as half a win know
        none: with ties or soft scores it is below 1, and errors="fisher" are too wide, by one over
        its root; errors="robust" allow for it. It is above 1 where the model misses something.
        """
        return self.own._once("dispersion", lambda: _goodness.dispersion(self.own))

    def core(self) -> Fit:
        """The same fit, with ranks only for what the data determine without its prior.

        Where items that beat each other, directly or in a chain, are at least half of the largest
        component, they alone are `determined`: what never lost, or never won, against them owes a
        finite rating to the prior. ``venire fit`` shows a fit so if its prior was nobody's wish.
        Without a prior, or without such a core, nothing changes.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons(["a", "b", "c"], ["b", "a", "a"], 1.0)
        >>> fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.01))
        >>> fit.ranks().tolist(), fit.core().ranks().tolist()
        ([3, 2, 1], [2, 1, 0])
        """
        self.require_own_scale("core")
        return replace(self, _core=True)

    def update(
        self, new: Comparisons | None = None, *, progress: Progress | None = None, **rows: Any
    ) -> Fit:
        """The fit of these comparisons and new ones: what a fit of all of them would be.

        Model, prior, order effect and tolerance are those of this fit, which the new one starts
        from; new rows are merged into its cells. What the evidence chose it chooses again.

        Parameters
        ----------
        new : Comparisons, optional
            Items may be new.
        progress : callable, optional
            Called with the number and the residual of each iteration.
        **rows
            Instead: the arguments of ``Comparisons.append``. With a half-life, what is old weighs
            less by then.

        Returns
        -------
        Fit
            Of all comparisons, to within the tolerance of a fit from anew.

        Raises
        ------
        ValueError
            As `Comparisons`; or if this fit is shown in another unit.
        NotIdentifiedError
            If new items leave no finite fit.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons(["a", "b", "a", "c", "b"], ["b", "c", "c", "a", "a"], 1.0)
        >>> yesterday = vn.fit_bradley_terry(c)
        >>> today = yesterday.update(first=["c", "d", "a"], second=["d", "a", "d"], score=1.0)
        >>> refit = vn.fit_bradley_terry(today.comparisons)
        >>> today.items.tolist(), bool(abs(today.theta - refit.theta).max() < 1e-8)
        (['a', 'b', 'c', 'd'], True)
        """
        from venire.ratings._update import update

        return update(self, new, rows, progress)

    def errors_note(self, errors: str) -> str:
        """What one should know of standard errors of this kind, for those who print them; or ""."""
        exact = self._information.is_exact()
        notes = [_goodness.errors_note(self.own, errors)]
        notes += [] if self.prior_means is None else ["SE take the prior's means as known"]
        notes += [] if exact else [self.sampled_errors(errors).note]
        return "; ".join(filter(None, notes))

    def predict(
        self, first: Any, second: Any, *, order: Any = 0, covariates: Any = None
    ) -> np.ndarray:
        """Probabilities of the outcomes of comparisons.

        Parameters
        ----------
        first, second : array_like of labels
            Broadcast against each other.
        order : array_like of int
            +1 where `first` has the order advantage, -1 where `second` has, 0 where neither has.
            Without an order effect in the fit it changes nothing.
        covariates : mapping of str to array_like, or array_like of shape (..., K), optional
            Of `first` less `second`, of shapes that go with labels. Default: both have the same.

        Returns
        -------
        ndarray of float64
            P(first wins), in the shape of the labels; in the tie models with a last axis of length
            3: win, tie, loss of `first`.

        Raises
        ------
        ValueError
            If a label is unknown, an order is not -1, 0 or 1, covariates are not those of the fit,
            or two items are of different components and there is no prior.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[3.0], loss=[1.0])
        >>> vn.fit_bradley_terry(c).predict(["a", "b"], ["b", "a"]).round(6)
        array([0.75, 0.25])
        """
        i, j = self.pairs(first, second)
        theta = self.own.theta
        d = theta[i] - theta[j]
        d = d + (self.order_effect or 0.0) * sides(order, d.shape)
        d = d + terms_of(self, covariates, d.shape)
        return model_of(self.model).probabilities(d, self.log_tie)

    def standard_errors(
        self,
        errors: str = "fisher",
        *,
        method: str = "auto",
        n_samples: int | None = None,
        rng: Any = 0,
    ) -> np.ndarray:
        """Standard errors of theta, as deviations from the mean of the item's component.

        Parameters
        ----------
        errors : {"fisher", "robust"}
            See `Ratings`.
        method : {"auto", "exact", "sampled"}
            "exact" inverts the information densely, component by component: O(k^3) for k items.
            "sampled" estimates all of them from solves with random right-hand sides (Spielman and
            Srivastava 2011, doi:10.1137/080734029); `sampled_errors` also says how far off they
            are. "auto" is exact while no component has over 6,000 items.
        n_samples : int, optional
            Draws of the sampled method. None: until the typical relative error of a standard error
            is under 1 %, at most 200 draws. Where 16 do not do (errors that come from afar: chains,
            ladders), up to 64 items are solved for, the strongest and the most compared among them,
            and only what they do not say of the others is drawn.
        rng : int, SeedSequence or Generator
            Seed of the draws.

        Returns
        -------
        ndarray of float64, shape (n_items,)
            Of an item alone in its component, that was never compared: of theta itself by the
            prior, 1 / sqrt(precision); nan without one. nan where the information is singular to
            working precision (a warning says so).

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
        if self._anchor is not None:
            found = self._information.anchored_errors(self._anchor, errors, method, n_samples, rng)
            return np.where(np.isnan(self.theta), np.nan, self._unit * found.standard_errors)
        return self._unit * self._information.standard_errors(errors, method, n_samples, rng)

    def sampled_errors(
        self, errors: str = "fisher", *, n_samples: int | None = None, rng: Any = 0
    ) -> SampledErrors:
        """Standard errors by sampling, together with their own relative errors.

        Parameters as in `standard_errors`. Returns a `SampledErrors` (standard_errors,
        relative_error, n_samples); the cost is one solve for each draw and each item solved for.
        """
        found = (
            self._information.sampled_errors(errors, n_samples, rng)
            if self._anchor is None
            else self._information.anchored_errors(self._anchor, errors, "sampled", n_samples, rng)
        )
        return found._replace(standard_errors=self._unit * found.standard_errors)

    def deviation_errors(self, errors: str = "fisher") -> np.ndarray:
        """Standard errors of theta less the level of its component, (n_items,); 0 for an item alone
        in it."""
        return self._unit * self._information.deviation_errors(errors)

    def level_errors(self) -> np.ndarray:
        """Standard errors of the level of each item's component; see `Ratings.level_errors`."""
        layout = self._information.layout
        return self._unit * np.sqrt(layout.levels)[layout.component]

    def parameter_errors(self, errors: str = "fisher") -> ParameterErrors:
        """Standard errors of the parameters besides theta; see `Ratings`."""
        layout = self._information.layout
        found = np.sqrt(np.diagonal(self._information.parameter_covariance(errors)))
        gamma = float(found[0]) if layout.has_gamma else None
        moving = len(layout.effects)
        own = None if self.coefficients is None else found[int(layout.has_gamma) : moving]
        if not layout.has_tie or self.tie is None:
            return ParameterErrors(gamma, None, None, own)
        return ParameterErrors(gamma, self.tie * float(found[-1]), float(found[-1]), own)

    def posterior(self, key: tuple[int, int], *, errors: str = "fisher") -> Posterior:
        """What `sample` draws from: the normal approximation around this fit.

        Parameters
        ----------
        key : tuple of int
            The stream: draw k depends on the fit, `errors`, `key` and k only.
        errors : {"fisher", "robust"}

        Returns
        -------
        Posterior
            ``posterior.rows(start, stop)`` are draws of what is to be added to (theta, order
            effect, coefficients, log of the tie parameter), those that the fit has; in the model's
            own unit.
        """
        return self.own._information.posterior(errors, key)

    @property
    def log_tie(self) -> float:
        """Log of the tie parameter; 0 in models without one."""
        if self.tie is None:
            return 0.0
        return math.log(self.tie) if self.tie > 0.0 else -math.inf

    @property
    def has_free_tie(self) -> bool:
        """Whether the tie parameter is inside its range."""
        law = model_of(self.model).tie
        return law is not None and law.inside(self.tie)

    def _told(self) -> tuple[str, ...]:
        """What the summary says of the weights of what was fitted."""
        return told(self.comparisons)

    def _find_determined(self) -> np.ndarray:
        return _standing.determined(self, core=self._core)

    def _find_ranks(self) -> np.ndarray:
        return _standing.rank_items(self)

    def _columns(self, *asked: Any) -> dict[str, np.ndarray]:
        return super()._columns(*asked) | {"component": np.asarray(self.component)}

    def _summary(self, level: float, top: int | None, errors: str | None) -> Summary:
        columns = self.marked(self._columns(level, errors))
        return _summary.summarise(self, columns, level, top, errors)
