"""The result of a path: ratings of items in periods."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire import scales
from venire._core import checks
from venire._core.frames import as_frame
from venire._core.intervals import wald
from venire._core.summary import Summary
from venire._core.tables import Table, Tabled
from venire._core.views import Drawn, Kept
from venire.data.rows import frozen
from venire.models import model_of
from venire.ratings._errors import ParameterErrors
from venire.ratings._sides import sides
from venire.ratings.fit import Fit
from venire.ratings.paths.evidence import PathEvidence
from venire.ratings.paths.periods import Periods

if TYPE_CHECKING:
    from venire.ratings.paths._problem import Grid, PathProblem

__all__ = ["PathFit"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PathFit(Tabled, Drawn, Kept):
    """Ratings over time, as `fit_path` returns them.

    Attributes
    ----------
    static : Fit
        The fit of the same comparisons with one rating an item for all time.
    periods : ndarray, shape (n_periods,)
        Where each begins: datetime64[D], or numbers.
    step : str or float
    walk : float
        Variance of the step from one period to the next, in the unit of theta squared.
    evidence : PathEvidence or None
        How the walk was found, if it was.
    tie, order_effect : float or None
        As of a `Fit`; the same in all periods.
    log_likelihood, residual, converged, n_iter, tol
        As of a `Fit`.
    cell_periods : ndarray of int64, shape (n_cells,)
        Period of each cell of ``static.comparisons``.
    parameters : ndarray of float64
        What was fitted: theta by period and item less the prior's mean, order effect, log tie.
    scale : str
        Unit of theta; see `rescale`.

    Examples
    --------
    >>> import venire as vn
    >>> path = vn.fit_path(vn.datasets.load_club(), step="year", walk=0.04)
    >>> path.theta.shape == (len(path.items), len(path.periods)) == path.interval().shape[:2]
    True
    """

    static: Fit
    periods: NDArray[Any]
    step: str | float
    walk: float
    evidence: PathEvidence | None
    tie: float | None
    order_effect: float | None
    log_likelihood: float
    residual: float
    converged: bool
    n_iter: int
    tol: float
    cell_periods: NDArray[np.int64]
    parameters: NDArray[np.float64]
    scale: str = ""
    _grid: Grid
    _ratings: NDArray[np.float64]  # of the grid's vertices, in the model's own unit
    _problem: PathProblem
    _own: dict[str, Any] = field(default_factory=dict)  # what all units share
    _cache: dict[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if not self.scale:
            object.__setattr__(self, "scale", scales.scale_of(self.model))
        for name, value in list(self.__dict__.items()):
            object.__setattr__(self, name, frozen(value))

    def __getstate__(self) -> dict[str, Any]:
        self._blocks()  # the problem holds what cannot travel
        return self.__dict__ | {"_problem": None, "_cache": {}}

    def __repr__(self) -> str:
        return f"<{self._title()}>"

    @property
    def model(self) -> str:
        """What was fitted."""
        return self.static.model

    @property
    def prior(self) -> Any:
        """Of each item's first theta."""
        return self.static.prior

    @property
    def items(self) -> NDArray[Any]:
        """Labels of the items, (n_items,)."""
        return self.static.items

    @property
    def component(self) -> NDArray[np.int32]:
        """Component of each item, over all periods; without a prior they do not compare."""
        return self.static.component

    @property
    def notes(self) -> list[str]:
        """What is to be known of how walk and prior were chosen: that the evidence has no maximum,
        or a flat one."""
        chosen = (self.evidence, self.static.evidence)
        return [found.note for found in chosen if found is not None and found.note]

    @property
    def period_labels(self) -> NDArray[np.str_]:
        """What the periods are called, (n_periods,): 2024-03, say."""
        return self._periods.labels

    @property
    def theta(self) -> NDArray[np.float64]:
        """Ratings, (n_items, n_periods); nan before an item's first and after its last period.

        The mean over items of their means over time is 0 in each component; with a prior the mean
        of first ratings is the prior's.
        """
        return self._once("theta", lambda: self._wide(self._shown(self._ratings)))

    @property
    def n_comparisons(self) -> NDArray[np.float64]:
        """Weight of the comparisons of each item in each period, (n_items, n_periods)."""
        return self._once("games", lambda: self._wide(self._games(), 0.0))

    def standard_errors(self) -> NDArray[np.float64]:
        """Standard errors of theta, (n_items, n_periods), of deviations from the component's level.

        By the observed information with the walk as part of it; the walk's variance counts as
        known, order effect and tie parameter as estimated. Where priors differ from item to item
        theta has an origin, and they are of theta itself.

        Notes
        -----
        When first asked for O(periods items^3), about as much as two iterations of the fit.
        """
        return self._once("errors", lambda: self._wide(self._factor * self._errors()))

    def parameter_errors(self) -> ParameterErrors:
        """Standard errors of the order effect and of the tie parameter; see `Fit`."""
        _, inverse = self._blocks()
        found = np.sqrt(np.diagonal(inverse)).tolist()
        gamma = None if self.order_effect is None else found[0]
        if len(found) == (gamma is not None) or self.tie is None:
            return ParameterErrors(gamma, None, None)
        return ParameterErrors(gamma, self.tie * found[-1], found[-1])

    def interval(self, level: float = 0.95) -> NDArray[np.float64]:
        """Wald intervals, (n_items, n_periods, 2).

        Raises
        ------
        ValueError
            If `level` is not strictly between 0 and 1.
        """
        return np.stack(wald(self.theta, self.standard_errors(), level), axis=-1)

    def at(self, date: Any = None, backend: str | None = None, *, level: float = 0.95) -> Any:
        """The ratings at a date, best first.

        After its last period an item keeps its rating, and the walk widens its error; before its
        first it has none.

        Parameters
        ----------
        date : date, text of ISO 8601 or number, optional
            Default: the last period. It may be later.
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            As in `Fit.to_frame`.
        level : float, default 0.95
            Of the intervals.

        Returns
        -------
        dataframe, or dict of ndarray
            item, theta (or the scale's name), standard_error, lower, upper, since (the label of the
            period that the rating is of), n_comparisons (in that period).

        Raises
        ------
        ValueError
            If `date` is none, or is before the first period.
        """
        when = self._periods.at(date)
        if when < 0:
            checks.fail("date", f"is before the first period, {self.period_labels[0]}", value=date)
        vertex = self._latest(when)
        vertex = vertex[vertex >= 0]
        later = when - self._grid.period[vertex]
        errors = self._factor * np.sqrt(self._errors()[vertex] ** 2 + self.walk * later)
        columns = self._rows(vertex, errors, level)
        columns["since"] = self.period_labels[self._grid.period[vertex]]
        columns["n_comparisons"] = self._games()[vertex]
        order = np.lexsort((self._grid.item[vertex], -columns[self.rating]))
        return as_frame({name: x[order] for name, x in columns.items()}, backend)

    def predict(
        self, first: Any, second: Any, date: Any = None, *, order: Any = 0
    ) -> NDArray[np.float64]:
        """Probabilities of the outcomes of comparisons at a date; see `Fit.predict`.

        Parameters
        ----------
        first, second : array_like of labels
        date : date, optional
            One for all; as in `at`.
        order : array_like of int
            As in `Fit.predict`.

        Returns
        -------
        ndarray of float64
            As there; nan where an item has no rating yet.
        """
        when = self._periods.at(date)
        i, j = self.static.pairs(first, second)
        latest = self._latest(min(max(when, -1), len(self.periods) - 1))
        own = np.append(self._ratings, np.nan)
        d = own[latest[i]] - own[latest[j]]
        d, side = np.broadcast_arrays(
            d, sides(order, np.broadcast_shapes(d.shape, np.shape(order)))
        )
        with np.errstate(divide="ignore", invalid="ignore"):  # no ties, no rating yet
            log_tie = 0.0 if self.tie is None else float(np.log(self.tie))
            d = d + (self.order_effect or 0.0) * side
            return model_of(self.model).probabilities(d, log_tie)

    def to_frame(self, backend: str | None = None, *, level: float = 0.95) -> Any:
        """The path in long form, one row per item and period that it has a rating in.

        Parameters
        ----------
        backend, level
            As in `Fit.to_frame`.

        Returns
        -------
        dataframe, or dict of ndarray
            item, period, theta (or the scale's name), standard_error, lower, upper, n_comparisons
            (in the period); by item, within it by period.
        """
        grid = self._grid
        by = np.lexsort((grid.period, grid.item))
        columns = self._rows(by, self._factor * self._errors()[by], level)
        columns = {"item": columns.pop("item"), "period": self.period_labels[grid.period[by]]} | (
            columns
        )
        return as_frame(columns | {"n_comparisons": self._games()[by]}, backend)

    def rescale(self, scale: str | None = None) -> PathFit:
        """The path with theta, its errors and intervals on another scale; see `Fit.rescale`.

        Raises
        ------
        ValueError
            If `scale` is none of `venire.scales.SCALES`.
        """
        own = scales.scale_of(self.model)
        scales.check(scale, own)
        return replace(self, scale=scale or own)

    def require_own_scale(self, name: str = "theta") -> None:
        """Refuse a path that is shown in something else than the model's own scale."""
        if self.scale != scales.scale_of(self.model):
            checks.fail("scale", f"{name} is on {self.scale!r}: ask path.rescale()")

    def to_elo(self) -> PathFit:
        """The path in Elo points: ``rescale("elo")``."""
        return self.rescale("elo")

    def summary(self, level: float = 0.95, top: int | None = None) -> Summary:
        """A statistician's table: the path, and where the items stand in the last period.

        Parameters
        ----------
        level : float, default 0.95
        top : int, optional
            Rows shown; None shows all of up to 60 items, else 30.

        Returns
        -------
        Summary
            Columns as of `at`, and `change`, the last rating less the item's first.
        """
        top, level = checks.top(top), checks.level(level)
        columns = self.at(None, "dict", level=level)
        place = {label: k for k, label in enumerate(self.items.tolist())}
        at = np.array([place[x] for x in columns["item"].tolist()], np.int64)
        first = self._shown(self._ratings[self._grid.first_of[at]])
        columns["change"] = columns[self.rating] - first
        notes = [
            f"ratings of the last period, {self.period_labels[-1]}; since: the item's own last one;"
            " change: from its first",
            f"SE: of deviations from the level; lower, upper: {100 * level:g} % Wald interval",
        ]
        notes += self.notes
        return Summary.of(self._header(), columns, notes, level, top=top, digits=self._digits)

    # ---- how ----------------------------------------------------------------------------------

    @property
    def rating(self) -> str:
        """The name of the column of theta."""
        return "theta" if self.scale == scales.scale_of(self.model) else self.scale

    @property
    def _periods(self) -> Periods:
        return Periods(self.periods, self.step)

    @property
    def _digits(self) -> int:
        return scales.Display(self.scale).digits

    @property
    def _factor(self) -> float:
        return scales.factor(scales.scale_of(self.model), self.scale)

    def _shown(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        own = scales.scale_of(self.model)
        return theta if self.scale == own else scales.Display(self.scale).put(theta, own)

    def _once(self, name: str, function: Any) -> Any:
        if name not in self._cache:
            self._cache[name] = frozen(function())
        return self._cache[name]

    def _wide(self, x: NDArray[np.float64], empty: float = np.nan) -> NDArray[np.float64]:
        out = np.full((len(self.items), len(self.periods)), empty)
        out[self._grid.item, self._grid.period] = x
        return out

    def _games(self) -> NDArray[np.float64]:
        g = self._grid
        weight = g.win + g.loss + g.tie
        n = g.n_vertices
        return np.asarray(np.bincount(g.lo, weight, n) + np.bincount(g.hi, weight, n), np.float64)

    def _blocks(self) -> Any:
        if "blocks" not in self._own:
            self._own["blocks"] = self._problem.covariances()
        return self._own["blocks"]

    def _errors(self) -> NDArray[np.float64]:
        """Of the grid's vertices, on the model's own scale."""
        blocks, _ = self._blocks()
        found = np.concatenate([np.diagonal(block) for block in blocks])
        found = np.sqrt(np.maximum(found, 0.0))
        if not self.walk:  # one rating an item
            found = found[self._grid.item]
        if self.prior is None:
            alone = np.bincount(self.component)[self.component] == 1
            found = np.where(alone[self._grid.item], np.nan, found)
        return found

    def _latest(self, when: int) -> NDArray[np.int64]:
        """The vertex of each item's last rating up to a period; -1 where it has none."""
        out = np.full(len(self.items), -1)
        upto = np.searchsorted(self._grid.period, when, side="right")
        out[self._grid.item[:upto]] = np.arange(upto)
        return out

    def _rows(
        self, vertex: NDArray[np.int64], errors: NDArray[np.float64], level: float
    ) -> dict[str, NDArray[Any]]:
        theta = self._shown(self._ratings[vertex])
        lower, upper = wald(theta, errors, level)
        return {
            "item": self.items[self._grid.item[vertex]],
            self.rating: theta,
            "standard_error": errors,
            "lower": lower,
            "upper": upper,
        }

    def _title(self) -> str:
        long = f"a {self.step}"
        if not isinstance(self.step, str):
            unit = f" {_plural('day', self.step)}" if self.periods.dtype.kind == "M" else ""
            long = f"{self.step:g}{unit}"
        n_items, n_periods = len(self.items), len(self.periods)
        return (
            f"PathFit of {self.model}: {n_items:,} {_plural('item', n_items)} in "
            f"{n_periods:,} {_plural('period', n_periods)} of {long}, walk {self.walk:.4g}"
        )

    def _header(self) -> list[str]:
        lines = [self._title()]
        found = self.evidence
        if found is not None and np.isfinite(found.log_walk_sd):
            lines.append(
                f"walk by the evidence, {found.n_fits} fits: a standard deviation of "
                f"{np.sqrt(self.walk):.3g} a step, log of the variance known to "
                f"{found.log_walk_sd:.2g}"
            )
        if self.prior is not None:
            lines.append(f"first ratings: {self.prior.describe()}")
        if self.static.evidence is not None:
            lines.append(f"prior: {self.static.evidence.describe()}")
        parts = int(self.component.max()) + 1
        if parts > 1 and self.prior is None:
            lines.append(f"{parts:,} components that never met: compare ratings only within one")
        state = "converged" if self.converged else "NOT CONVERGED"
        lines.append(
            f"{state} after {self.n_iter} iterations, residual {self.residual:.1e}; "
            f"log-likelihood {self.log_likelihood:.4f}"
        )
        for value, name in ((self.order_effect, "order effect"), (self.tie, "tie parameter")):
            if value is not None:
                lines.append(f"{name} {value:.4f}")
        return lines

    def _table(self, top: int | None) -> Table:
        return self.summary(top=top).table


def _plural(word: str, number: float) -> str:
    return word if number == 1 else f"{word}s"
