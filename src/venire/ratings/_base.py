"""What single fits and fits of many groups have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from venire import scales
from venire._core import checks
from venire._core.frames import as_frame
from venire._core.intervals import wald
from venire._core.summary import Summary
from venire._core.tables import Table, Tabled
from venire._core.views import page, picture
from venire.data.rows import frozen
from venire.models import model_of
from venire.ratings._errors import ParameterErrors
from venire.ratings._profile import INTERVALS, profile_intervals

__all__ = ["MOST_SHOWN", "Ratings"]

MOST_SHOWN = 1_000  # items of which a notebook computes errors unasked


class Ratings(Tabled, ABC):
    """Ratings of items, with errors, intervals, ranks and tables.

    `Fit` and `GroupedFit` are of this class; arrays of `n_items` are of the items of all groups.
    Two kinds of errors are offered everywhere. ``"fisher"`` inverts the observed information, prior
    included. ``"robust"`` is the sandwich: the inverse information around the outer products of the
    rows' scores (summed within clusters first, if the comparisons have any); it holds when the
    model is wrong, or rows of one cluster hang together. A weight w counts as w rows, and no
    small-sample factor such as n / (n - 1) is applied.

    Attributes
    ----------
    comparisons : Comparisons or GroupedComparisons
        What was fitted.
    model : str, one of `venire.models.MODELS`
    prior : GaussianPrior or None
    theta : ndarray of float64, shape (n_items,)
        Read-only, like all arrays here.
    tol : float
        Tolerance on the residual.
    n_threads : int
    scale : str
        Unit of theta: "logit" or "probit" as fitted; see `rescale`.
    """

    comparisons: Any
    model: str
    theta: np.ndarray
    scale: str
    _unit: Any  # how many units of `scale` one of the model's own is: a number, or one per item
    _fitted: Self | None  # the fit itself, where this one is shown in something else
    _display: scales.Display | None  # in what
    _cache: dict[Any, Any]

    if TYPE_CHECKING:  # a field or a property of each

        @property
        def item_weights(self) -> np.ndarray: ...

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_cache": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        model_of(state["model"])  # a custom one must have been made here too
        self.__dict__.update(state)

    @property
    def items(self) -> np.ndarray:
        """Labels of the items, (n_items,)."""
        return self.comparisons.items

    @abstractmethod
    def standard_errors(self, errors: str = "fisher") -> np.ndarray:
        """Standard errors of theta, (n_items,), as deviations from the mean of the component.

        Where priors differ from item to item, theta has an origin: then they are those of theta
        itself, from the whole inverse of the information.

        Parameters
        ----------
        errors : {"fisher", "robust"}
            See `Ratings`.
        """

    @abstractmethod
    def level_errors(self) -> np.ndarray:
        """Standard errors of the level of each item's component, (n_items,).

        Comparisons do not tell where components lie beside each other: these are the prior's, one
        over the root of the items' precisions together; nan without a prior.
        """

    @abstractmethod
    def parameter_errors(self, errors: str = "fisher") -> ParameterErrors:
        """Standard errors of the order effect and of the tie parameter.

        Parameters
        ----------
        errors : {"fisher", "robust"}

        Returns
        -------
        ParameterErrors
            Named tuple (order_effect, tie, log_tie); None for what the model lacks or holds on its
            boundary.
        """

    def interval(
        self,
        level: float = 0.95,
        errors: str = "fisher",
        *,
        interval: str = "wald",
        **options: Any,
    ) -> np.ndarray:
        """Intervals of theta.

        Parameters
        ----------
        level : float
            Coverage, between 0 and 1.
        errors, **options
            As in `standard_errors`; "profile" and "firth" take none.
        interval : {"wald", "profile", "firth"}
            Plus and minus z standard errors; where the likelihood, prior included, with the item
            held there is exp(-z²/2) of its maximum; or the same without the prior, of the
            likelihood times the root of the determinant of its information (Firth 1993,
            doi:10.1093/biomet/80.1.27; Heinze and Schemper 2002, doi:10.1002/sim.1047), finite
            where items are linked. A bound costs ten factorisations of the information, or thirty.

        Returns
        -------
        ndarray of float64, shape (n_items, 2)
            nan where the standard error is, and where no comparisons link an item with others
            ("firth") or with the anchor (all but "wald").

        Raises
        ------
        ValueError
            If `level` is not strictly between 0 and 1. But for "wald": of robust errors, rankings,
            covariates, shared parameters, standardized fits, fits of over 500 items; "firth": of
            priors that go by item.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[5.0], loss=[1.0])
        >>> fit = vn.fit_bradley_terry(c)
        >>> fit.interval()[0].round(2), fit.interval(interval="firth")[0].round(2)
        (array([-0.27,  1.88]), array([-0.16,  1.79]))
        """
        if checks.one_of(interval, "interval", INTERVALS) != "wald":
            return profile_intervals(self, level, errors, interval, options)
        error = self.standard_errors(errors, **options)
        return np.stack(wald(self.theta, error, level), axis=1)

    @property
    def determined(self) -> np.ndarray:
        """Whether the data place each item among the others (of its group), (n_items,) bool.

        True in the largest component; False outside it, so of what was never compared: there only
        a prior, or nothing, says where items lie. What never lost, or never won, is placed (best,
        or last), though under a prior alone how far from the others: see `Fit.core`.

        Computed when first asked for, O(items + pairs).
        """
        fitted = self.own
        return fitted._once("determined", lambda: frozen(fitted._find_determined()))

    def ranks(self) -> np.ndarray:
        """Ranks by theta of what is `determined`, 1 the strongest; equal items share the better.

        Items are equal if their ratings differ by no more than rounding explains: before they are
        ranked, Newton's method goes on from where the fit stopped until nothing else is left.

        Returns
        -------
        ndarray of int64, shape (n_items,)
            Within each group; 0 where an item is not `determined`, or there is no fit.

        Notes
        -----
        Computed when first asked for; a few solves like those of the fit.
        """
        fitted = self.own
        return fitted._once("ranks", lambda: frozen(fitted._find_ranks()))

    @property
    def display(self) -> scales.Display:
        """What theta is shown in: scale, anchor and where it stands."""
        return self._display or scales.Display(self.scale)

    @property
    def rating(self) -> str:
        """The name of the column of theta: that, or the scale where it is not the fit's own."""
        return "theta" if self._fitted is None else self.scale

    @property
    def own(self) -> Self:
        """The fit itself, on the model's own scale."""
        return self._fitted or self

    def rescale(
        self, scale: str | None = None, *, anchor: Any = None, at: float | None = None
    ) -> Self:
        """The fit with theta, its errors and intervals on another scale; see `venire.scales`.

        Order effect, tie parameter and ranks stay those of the model.

        Parameters
        ----------
        scale : {"logit", "probit", "erf", "elo"}, optional
            On "erf", P(i beats j) = (1 + erf(theta_i - theta_j)) / 2: exactly 1 / sqrt(2) of the
            probit. Logit is about 1.702 times the probit. "elo" is a display unit: 400 / ln(10) for
            each logit, about a mean of 1000. Default: the model's own.
        anchor : label, optional
            An item that stands at `at`. Errors and intervals are those of the differences from it,
            from the full covariance: its own error is 0, its interval a point. What cannot be
            compared with it (another component without a prior, a group without it) is nan.
        at : float, optional
            Where the anchor stands, or without one the mean. Default: 1000 for "elo", else 0.

        Raises
        ------
        ValueError
            If `scale` is none of these, `anchor` is the label of no item, `at` is not finite, or
            the fit was standardized.

        Notes
        -----
        Errors of differences from an anchor cost what `standard_errors` cost, and on a graph too
        large for a dense inverse one solve more. Of groups: a single fit's for each.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[10.0], loss=[1.0])
        >>> elo = vn.fit_bradley_terry(c).rescale("elo")
        >>> elo.theta.round(2), elo.standard_errors().round(2)
        (array([1200.,  800.]), array([91.1, 91.1]))
        >>> anchored = elo.rescale("elo", anchor="a", at=1500)
        >>> anchored.theta.round(2), anchored.standard_errors().round(2)
        (array([1500., 1100.]), array([  0. , 182.2]))
        """
        fitted = self.own
        own = self._own_scale()
        scales.check(scale, own)
        if self.scale not in (*scales.SCALES, own):
            checks.fail("scale", "a standardized fit is on no scale: rescale the fit itself")
        if at is not None:
            at = checks.number(at, "at", "must be finite", math.isfinite)
        display = scales.Display(scale or fitted.scale, anchor, at)
        if display == scales.Display(fitted.scale):
            return fitted
        return fitted._on(
            display, fitted.shown(fitted.theta, display),
            scales.factor(fitted.scale, display.scale),
        )  # fmt: skip

    def to_elo(self, anchor: Any = None, at: float | None = None) -> Self:
        """The fit in Elo points, with an anchor if one is given: ``rescale("elo", ...)``.

        Parameters
        ----------
        anchor, at
            As in `rescale`.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[10.0], loss=[1.0])
        >>> vn.fit_bradley_terry(c).to_elo("b", 1000).theta.round(2)
        array([1400., 1000.])
        """
        return self.rescale("elo", anchor=anchor, at=at)

    def shown(self, values: np.ndarray, display: scales.Display | None = None) -> np.ndarray:
        """Strengths on the model's own scale, (..., n_items), as they are displayed."""
        display = display or self.display
        if display.anchor is None:
            return display.put(values, self._own_scale())
        anchors = self._anchors(display.anchor)
        origin = np.where(anchors >= 0, np.asarray(values)[..., anchors], np.nan)
        return display.put(values, self._own_scale(), origin)

    def to_frame(
        self, backend: str | None = None, *, level: float = 0.95, errors: str | None = "fisher",
        interval: str = "wald",
    ) -> Any:  # fmt: skip
        """The ratings as a dataframe, one row per item in the order of `items`.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        level, interval
            Of the columns lower and upper: see `interval`.
        errors : {"fisher", "robust"} or None
            Of the standard errors. None leaves out the columns that need a covariance.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns group (of groups), item, theta, standard_error, lower, upper, rank (masked, or
            null, where there is none), n_comparisons (the weight of the item's), component (of a
            single fit), and `determined` where that is not true of all. What is shown in something
            else than the model's own has a column named by its scale instead of theta: elo, say.
            Errors and bounds are in the unit of that column.

        Raises
        ------
        ValueError
            If `backend`, `level`, `errors` or `interval` is none of its choices.
        """
        return as_frame(self.marked(self._columns(checks.level(level), errors, interval)), backend)

    def summary(
        self, level: float = 0.95, top: int | None = None, *, errors: str | None = "fisher"
    ) -> Summary:
        """A statistician's table: the model, its fit, and the items from the best down.

        Parameters
        ----------
        level, errors
            As in `to_frame`.
        top : int, optional
            Rows shown; None shows all of up to 60 items, else 30.

        Returns
        -------
        Summary
            Prints as the table; also has `header`, `columns` and `notes`.

        Raises
        ------
        ValueError
            If `level`, `top` or `errors` is out of range.
        """
        top = checks.top(top)
        return self._summary(checks.level(level), top, errors)

    def _table(self, top: int | None) -> Table:
        many = len(self.items) > MOST_SHOWN
        return self.summary(top=top, errors=None if many else "fisher").table

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """A picture of the ratings with their intervals: `venire.plots.plot_ratings`.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.
        **options
            As there: `level`, `top`, `errors`, `interval`, and `group` of fits of groups.

        Returns
        -------
        matplotlib Axes

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[10.0], loss=[1.0])
        >>> vn.fit_bradley_terry(c).plot(level=0.9).get_xlabel()
        'rating (natural-log units), with 90 % intervals'
        """
        return picture(self, ax, **options)

    def report(self, path: Any = None, **options: Any) -> str | None:
        """A page of the ratings, one HTML file that needs nothing else: `venire.pages.report`.

        Parameters
        ----------
        path : path-like, optional
            Where it is written. Default: it is returned.
        **options
            As there: `title`, `level`, `errors`, `audited`, `notes`, `command`.
        """
        return page(self, path, **options)

    def marked(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A table's columns, one row per item, with what is not `determined` marked: `rank`, if it
        is one, is masked there, and a column says so. As they are where all is determined."""
        known = self.determined
        if known.all():
            return columns
        if "rank" in columns:
            columns = columns | {"rank": np.ma.masked_array(columns["rank"], ~known)}
        return columns | {"determined": known}

    def best_first(self, *within: np.ndarray) -> np.ndarray:
        """Positions of the items from the best down: by rank, of equals by label; then those that
        have none, by theta. `within`: what is sorted by first, (n_items,) each, the last the most.
        """
        ranks, label = self.ranks(), self.items.argsort(kind="stable").argsort()
        none = ranks == 0
        return np.lexsort((np.where(none, -self.own.theta, label), ranks, none, *within))

    def require_own_scale(self, name: str = "theta") -> None:
        """Refuse a fit that is shown in something else than the model's own scale."""
        if self._fitted is not None:
            at, what = self.display.place, self.display.anchor
            about = repr(self.scale) if what is None else f"{self.scale!r} with {what} at {at:g}"
            raise ValueError(f"{name} is on the scale {about}: ask the fit itself")

    # ---- how ----------------------------------------------------------------------------------

    @abstractmethod
    def _find_determined(self) -> np.ndarray: ...

    @abstractmethod
    def _find_ranks(self) -> np.ndarray: ...

    @abstractmethod
    def _summary(self, level: float, top: int | None, errors: str | None) -> Summary: ...

    @abstractmethod
    def _anchors(self, anchor: Any) -> np.ndarray:
        """Position of the anchor of each item, (n_items,); -1: it cannot be compared with one."""

    def _columns(self, level: float, errors: str | None, how: str = "wald") -> dict[str, Any]:
        columns: dict[str, np.ndarray] = {"item": self.items, self.rating: self.theta}
        if errors is not None:
            lower, upper = self.interval(level, errors, interval=how).T
            error = self.standard_errors(errors)
            columns |= {"standard_error": error, "lower": lower, "upper": upper}
        return columns | {"rank": self.ranks(), "n_comparisons": self.item_weights}

    def _on(self, display: scales.Display, theta: np.ndarray, unit: Any) -> Self:
        """The same fit with theta in other units."""
        changes: dict[str, Any] = {"theta": theta, "scale": display.scale, "_unit": unit}
        changes["_display"] = display
        return replace(self, _fitted=self, **changes)  # type: ignore[type-var]

    def _once(self, name: Any, function: Any) -> Any:
        if name not in self._cache:
            self._cache[name] = function()
        return self._cache[name]

    def _own_scale(self) -> str:
        """The scale that the model has theta on."""
        return model_of(self.model).scale
