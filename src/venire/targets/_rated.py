"""The result of rate: a leaderboard over prompts, and the judges it rests on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire import scales
from venire._core import checks
from venire._core.frames import as_frame
from venire._core.intervals import wald
from venire._core.summary import Summary
from venire._core.tables import Table, Tabled
from venire._core.views import Drawn, page
from venire.data.grouping import group_at
from venire.errors import NotIdentifiedWarning
from venire.models import model_of
from venire.panel import Consensus, Notice
from venire.priors import item_priors
from venire.ratings import Fit, GroupedFit, RelativeEstimates, fit_model
from venire.resampling import Bootstrap, bootstrap
from venire.targets._clustered import Clustered
from venire.targets._drawn import redrawn
from venire.targets._judged import Judged
from venire.targets._notes import MOST_ITEMS, notes_of
from venire.targets._position import Lean, leans
from venire.targets._tables import judges, summarised, with_categories

__all__ = ["ERRORS", "Rated"]

ERRORS = ("robust", "fisher")

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Rated(Drawn, Tabled):
    """Ratings of models from the votes of judges over many prompts, as `rate` returns them.

    Attributes
    ----------
    fit : Fit
        Of the consensus on every prompt; its comparisons are clustered by prompt.
    consensus : Consensus
        Of each pair on each prompt.
    by : GroupedFit or None
        The fits of the categories, a group each. ``rated[label]`` is one of them as a `Rated`.
    category : label or None
        Of which category this is; None: of all prompts.

    Notes
    -----
    Errors are of what the same judges and the same models would get on other prompts. "robust"
    leaves out each prompt in turn: with S its score and A its information, prompt g moves theta by
    -(A - A_g)^-1 S_g, and by what it had in the judges' weights. Intervals have Student's t, with
    the degrees of freedom that the number of prompts and their sizes give. "fisher" takes votes
    for independent, which they are not where prompts differ in what they favour.
    """

    fit: Fit
    consensus: Consensus
    by: GroupedFit | None = None
    category: Any = None
    _judged: Judged = field(repr=False, kw_only=True)
    _whole: Rated | None = field(default=None, repr=False, kw_only=True)  # of a category

    # ---- models -------------------------------------------------------------------------------

    @property
    def items(self) -> NDArray[Any]:
        """Labels of the models, (n_items,)."""
        return self.fit.items

    @property
    def theta(self) -> Floats:
        """Log-strengths, (n_items,)."""
        return self.fit.theta

    @property
    def categories(self) -> NDArray[Any]:
        """Labels of the categories, (n_categories,); empty where there are none."""
        return np.empty(0, object) if self.by is None else self.by.groups

    @cached_property
    def n_prompts(self) -> NDArray[np.int64]:
        """Prompts on which each model was judged, (n_items,)."""
        items, count = self._judged.n_prompts(self._place)
        if self.category is not None:
            return count
        out = np.zeros(len(self.items), np.int64)
        out[items] = count
        return out

    def standard_errors(self, errors: str = "robust") -> Floats:
        """Standard errors of theta about the mean of its component, (n_items,).

        Parameters
        ----------
        errors : {"robust", "fisher"}
            "robust": clustered by prompt, see `Rated`. NaN for models that a single prompt holds to
            the others: from one prompt nobody knows what another would say.
        """
        if checks.one_of(errors, "errors", ERRORS) == "fisher":
            return self.fit.standard_errors("fisher")
        return np.sqrt(np.maximum(np.diagonal(self._shown.covariance), 0.0))

    def covariance(self, errors: str = "robust") -> Floats:
        """Covariance matrix of theta about the mean of its component, (n_items, n_items).

        Parameters
        ----------
        errors : {"robust", "fisher"}
            As in `standard_errors`.
        """
        if checks.one_of(errors, "errors", ERRORS) == "fisher":
            return self.fit.covariance("fisher")
        return self._shown.covariance.copy()

    def interval(self, level: float = 0.95, errors: str = "robust") -> Floats:
        """Intervals of theta, (n_items, 2): estimate plus and minus a quantile of errors.

        Parameters
        ----------
        level : float, default 0.95
        errors : {"robust", "fisher"}
            With "robust" the quantile is Student's, with "fisher" the normal one.
        """
        level = checks.level(level)
        if checks.one_of(errors, "errors", ERRORS) == "fisher":
            return self.fit.interval(level, "fisher")
        half = self._shown.quantiles(level) * self.standard_errors()
        return np.stack([self.theta - half, self.theta + half], axis=1)

    def difference(
        self, first: Any, second: Any, *, level: float = 0.95, errors: str = "robust"
    ) -> tuple[Floats, Floats, Floats]:
        """Differences theta of `first` minus theta of `second`, and their intervals.

        Parameters
        ----------
        first, second : array_like of labels
            Broadcast against each other.
        level, errors
            As in `interval`.

        Returns
        -------
        difference, lower, upper : ndarray of float64
            Bounds are NaN where nothing is known of the difference.

        Raises
        ------
        ValueError
            If a label is unknown, or two models never met, directly or by others.
        """
        level = checks.level(level)
        i, j = self.fit.pairs(first, second)
        found = self.theta[i] - self.theta[j]
        c = self.covariance(errors)
        variance = c[i, i] + c[j, j] - 2.0 * c[i, j]
        apart = self.fit.component[i] != self.fit.component[j]
        error = np.sqrt(np.where(apart, np.nan, np.maximum(variance, 0.0)))
        if errors == "robust":
            t = self._shown.quantiles(level)
            half = np.maximum(t[i], t[j]) * error
            return found, found - half, found + half
        return found, *wald(found, error, level)

    def ranks(self) -> NDArray[np.int64]:
        """Ranks by theta, as of the fit."""
        return self.fit.ranks()

    def rescale(
        self, scale: str | None = None, *, anchor: Any = None, at: float | None = None
    ) -> Rated:
        """The ratings on another scale, or of differences from an anchor.

        Parameters
        ----------
        scale, anchor, at
            As in `Fit.rescale`: errors and intervals by prompt are shown likewise.

        Raises
        ------
        ValueError
            As there.
        """
        how: dict[str, Any] = {"anchor": anchor, "at": at}
        by = None if self.by is None else self.by.rescale(scale, **how)
        out = replace(self, fit=self.fit.rescale(scale, **how), by=by)
        if "_clustered" in self.__dict__:  # it costs the most
            out.__dict__["_clustered"] = self._clustered
        return out

    def to_elo(self, anchor: Any = None, at: float | None = None) -> Rated:
        """In Elo points, with an anchor if one is given: ``rescale("elo", ...)``."""
        return self.rescale("elo", anchor=anchor, at=at)

    def relative_to(self, reference: Any, *, errors: str = "robust") -> RelativeEstimates:
        """Ratings relative to a reference model, with the errors of the differences.

        Parameters
        ----------
        reference : label
        errors : {"robust", "fisher"}

        Returns
        -------
        RelativeEstimates
            Named tuple (items, estimates, standard_errors); NaN where a model does not compare.

        Raises
        ------
        ValueError
            As `rescale`, which with ``anchor=reference`` also gives the intervals.
        """
        shown = self.rescale(self.fit.scale, anchor=reference, at=0.0)
        return RelativeEstimates(shown.items, shown.theta, shown.standard_errors(errors))

    def bootstrap(self, n_resamples: int = 1000, *, rng: Any = None, **options: Any) -> Bootstrap:
        """Replicates that draw whole prompts, and weigh the judges by those anew.

        Parameters
        ----------
        n_resamples : int, default 1000
        rng, **options
            As in `venire.bootstrap`.

        Returns
        -------
        Bootstrap

        Notes
        -----
        How the weights move theta is taken to first order. Percentiles are too narrow where prompts
        are few: take `interval` there.
        """
        judged, clusters = self._judged, self._clustered
        fit, shown = self.fit.own, self.fit.display
        options = {"rng": rng, **options}
        if judged.weighing is None or clusters.pull is None:
            b = bootstrap(fit, n_resamples, **options)
            return b.rescale(shown.scale, anchor=shown.anchor, at=shown.at)
        place = np.arange(len(judged.strata.prompts))
        if self.category is not None:
            place = judged.prompts_of(self._place)
        b = redrawn(fit, judged.weighing, clusters.pull, place, n_resamples, options)
        return b.rescale(shown.scale, anchor=shown.anchor, at=shown.at)

    def __getitem__(self, label: Any) -> Rated:
        """The ratings of one category.

        Parameters
        ----------
        label : int or str
            One of `categories`.

        Raises
        ------
        ValueError
            If there is no such category, or it has no finite fit.
        """
        if self.by is None:
            checks.fail("label", "the ratings have no categories: give by=...", value=label)
        judged, fit, shown = self._judged, self.by.own[label], self.fit.display
        place = group_at(self.by.groups, label)
        c = judged.comparisons(fit.n_threads, place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotIdentifiedWarning)
            own = fit_model(
                c, model=fit.model, prior=self.fit.prior, init=fit, n_threads=fit.n_threads
            )
        own = own.rescale(shown.scale, anchor=shown.anchor, at=shown.at)
        return Rated(own, self.consensus, category=label, _judged=judged, _whole=self)

    __iter__ = None  # labels are not positions

    # ---- judges -------------------------------------------------------------------------------

    @property
    def teachers(self) -> NDArray[Any]:
        """Labels of the judges."""
        return self.consensus.teachers

    def teachers_frame(self, backend: str | None = None, *, level: float = 0.95) -> Any:
        """The judges, the heaviest first.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        level : float, default 0.95
            Of the intervals.

        Returns
        -------
        dataframe, or dict of ndarray
            As `Consensus.teachers_frame`, and weight (of a vote, 1 on average), position_bias (what
            being shown first adds to P(first) - P(second); NaN where orders were not recorded, or
            are always the same) with position_lower and position_upper.
        """
        return as_frame(judges(self, checks.level(level)), backend)

    def leans(self, level: float = 0.95) -> Lean:
        """How far each judge leans to the answer shown first; see `teachers_frame`.

        Parameters
        ----------
        level : float, default 0.95

        Returns
        -------
        Lean
            Named tuple (bias, lower, upper), arrays of (n_judges,) in the order of `teachers`.

        Notes
        -----
        Least squares of a judge's votes on what the ratings over all prompts expect and on the
        order, errors clustered by prompt. Where judges vote in both orders it is half the mean
        difference between them.
        """
        level = checks.level(level)
        if self._whole is not None:
            return self._whole.leans(level)
        names, fit = self.consensus.votes.names, self.fit
        theta = fit.own.theta
        d = theta[names.first] - theta[names.second]
        expected = 2.0 * model_of(fit.model).probabilities(d, 0.0) - 1.0
        return leans(self.consensus.votes, expected, self._judged.prompt, level)

    # ---- tables -------------------------------------------------------------------------------

    @cached_property
    def warnings(self) -> tuple[Notice, ...]:
        """What to know of the ratings, then of the panel, and what to do about it."""
        return (*notes_of(self), *self.consensus.warnings)

    def to_frame(
        self,
        backend: str | None = None,
        *,
        level: float = 0.95,
        errors: str | None = "robust",
    ) -> Any:
        """The ratings, one row per model; with categories, those of all prompts first.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        level : float, default 0.95
        errors : {"robust", "fisher"} or None
            Of the standard errors. None leaves out the columns that need them.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns as of `Fit.to_frame`: item, theta, standard_error, lower, upper, rank,
            n_comparisons (effective votes), component; n_prompts and `determined`. With categories
            the first column is category, text, "all" for all prompts.
        """
        level = checks.level(level)
        return as_frame(with_categories(self, self.columns(level, errors), level, errors), backend)

    def summary(
        self, level: float = 0.95, top: int | None = None, *, errors: str | None = "robust"
    ) -> Summary:
        """The leaderboard as a statistician's table, the judges below it.

        Parameters
        ----------
        level, errors
            As in `to_frame`.
        top : int, optional
            Models shown; None shows all of up to 60, else 30.
        """
        top = checks.top(top)
        return summarised(self, checks.level(level), top, errors)

    def _table(self, top: int | None) -> Table:
        errors = "robust" if len(self.items) <= MOST_ITEMS else None
        return self.summary(top=top, errors=errors).table

    def report(self, path: Any = None, **options: Any) -> str | None:
        """A page, one HTML file that needs nothing else: `venire.pages.report`, also for `path` and
        options."""
        return page(self, path, **options)

    def __repr__(self) -> str:
        of = "" if self.category is None else f" of {self.category!r}"
        more = "" if self.by is None else f", {len(self.categories)} categories"
        return (
            f"<Rated {self.fit.model}{of}: {len(self.items)} models, {self.n_clusters:,} prompts, "
            f"{len(self.teachers)} judges{more}>"
        )

    # ---- how ----------------------------------------------------------------------------------

    @property
    def weights_are_given(self) -> bool:
        """Whether errors hold the judges' weights, which were learned, for known."""
        return self._judged.weighing is None and len(self.teachers) > 1

    @property
    def n_clusters(self) -> int:
        """Number of prompts with votes."""
        return len(self._judged.prompts_of(self._place))

    @cached_property
    def _place(self) -> int | None:
        """Of the category."""
        if self.category is None:
            return None
        return group_at(self._judged.strata.categories, self.category)

    @cached_property
    def _clustered(self) -> Clustered:
        fit = self.fit
        if len(fit.theta) > MOST_ITEMS:
            reason = f"by prompt they are for at most {MOST_ITEMS:,} models: ask the fit"
            checks.fail("errors", reason, value=len(fit.theta))
        own = item_priors(fit.prior, fit.items)
        fixed = own.precision is not None
        return self._judged.clustered(fit.model, fit.own.theta, own.ridge, fixed, one=self._place)

    @cached_property
    def _shown(self) -> Clustered:
        """The errors as they are shown."""
        fit, anchor = self.fit, self.fit.display.anchor
        place = None if anchor is None else int(fit.positions([anchor])[0])
        unit = scales.factor(fit.own.scale, fit.scale)
        return self._clustered.shown(unit, place)

    def columns(self, level: float, errors: str | None) -> dict[str, Any]:
        """The columns of `to_frame`, of these ratings alone; arguments are checked."""
        columns: dict[str, Any] = self.fit.to_frame("dict", errors=None)
        head = {name: columns.pop(name) for name in ("item", self.fit.rating)}
        if errors is not None:
            bounds = self.interval(level, errors)
            head |= {"standard_error": self.standard_errors(errors)}
            head |= {"lower": bounds[:, 0], "upper": bounds[:, 1]}
        known = {"determined": self.fit.determined}
        return {**head, **columns, "n_prompts": self.n_prompts, **known}
