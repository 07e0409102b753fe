"""What fit_judges returns: ratings, and how each judge sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.frames import as_frame
from venire._core.intervals import wald
from venire._core.summary import Summary
from venire._core.tables import Table, Tabled
from venire._core.views import Drawn
from venire.data.asked import wanted
from venire.data.lookup import GroupLookup, Lookup
from venire.data.votes import Votes
from venire.panel import Notice
from venire.ratings import Fit
from venire.ratings.grouped import GroupedFit
from venire.targets._judge_calibration import calibration_of

__all__ = ["JudgesFit"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class JudgesFit(Tabled, Drawn):
    """Ratings, and the slope and the position bias of each judge, as `fit_judges` returns them.

    Attributes
    ----------
    fit : Fit or GroupedFit
        The ratings; of votes in groups a `GroupedFit`. Its comparisons are votes of the average
        judge that say the same: fitted by themselves they give these ratings. Its errors take the
        judges as known; where pairs have one vote each they are also 1 to 7 % too small.
    judges : ndarray of shape (n_judges,)
        Labels, sorted.
    n_judgments : ndarray of int64, shape (n_judges,)
        Pairs that each judge voted on.
    n_votes : ndarray of float64, shape (n_judges,)
        Votes on pairs whose ratings are known.
    slopes : ndarray of float64, shape (n_judges,)
        a: what a judge sees of a difference of theta, 1 on average over the votes.
    slope_errors : ndarray of float64, shape (n_judges,)
        Standard errors, the shrinkage included, given the ratings; nan of the only judge, whose
        slope is the unit; of a slope held at 0 as if it were free.
    position_biases, position_bias_errors : ndarray of float64, shape (n_judges,), or None
        g: what being shown first is worth, in log-odds; None where orders were not recorded.
    slope_spread : float
        Standard deviation of slopes, of which they are shrunk to 1.
    bias_mean, bias_spread : float or None
        Mean and standard deviation of position biases.
    log_losses, plain_log_losses : ndarray of float64, shape (n_judges,)
        Mean log-loss of a judge's votes, in natural units: by its slope and bias, and as an average
        judge without bias. Of the votes that were fitted. nan where `n_votes` is 0.
    signed : bool
        Slopes could be negative.
    n_rounds : int
    converged : bool
    warnings : tuple of Notice
        What to know, and what to do.

    Examples
    --------
    >>> import venire as vn
    >>> first, second = ["a", "b", "a"] * 40, ["b", "c", "c"] * 40
    >>> judge = ["ann"] * 60 + ["bea"] * 60
    >>> vote = [1, 1, 1, 1, -1, 1] * 10 + [1, 1, -1, -1, 1, 1] * 10
    >>> found = vn.fit_judges(vn.Votes(first, second, judge, vote))
    >>> found
    <JudgesFit: 3 items, 2 judges, slopes 0.18 to 1.82>
    >>> found.predict("a", "c", ["ann", "bea"]).round(2).tolist()
    [0.99, 0.61]
    """

    fit: Fit | GroupedFit
    judges: NDArray[Any]
    n_judgments: NDArray[np.int64]
    n_votes: Floats
    slopes: Floats
    slope_errors: Floats
    position_biases: Floats | None
    position_bias_errors: Floats | None
    slope_spread: float
    bias_mean: float | None
    bias_spread: float | None
    log_losses: Floats
    plain_log_losses: Floats
    signed: bool
    n_rounds: int
    converged: bool
    warnings: tuple[Notice, ...]

    @property
    def theta(self) -> Floats:
        """Ratings of the items, those of `fit`."""
        return self.fit.theta

    @property
    def items(self) -> NDArray[Any]:
        """Labels of the items, those of `fit`."""
        return self.fit.items

    @property
    def comparisons(self) -> Any:
        """Votes of the average judge that say the same, those of `fit`."""
        return self.fit.comparisons

    def predict(
        self,
        first: ArrayLike,
        second: ArrayLike,
        judge: ArrayLike | None = None,
        *,
        group: ArrayLike | None = None,
        order: ArrayLike = 0,
    ) -> Floats:
        """Probability that a judge votes for `first`.

        Parameters
        ----------
        first, second : label, or array_like of labels
        judge : label, or array_like of labels, optional
            None: a judge of whom nothing is known, with slope 1 and the mean bias.
        group : label, or array_like of labels
            Of the items; where the votes had groups.
        order : int or array_like of int, default 0
            1 if `first` is shown first, -1 if `second` is, 0 for neither: without bias.

        Returns
        -------
        ndarray of float64
            nan where a group has no fit.

        Raises
        ------
        ValueError
            If a label is unknown, an order is not -1, 0 or 1, or `group` is missing or not asked
            for.
        """
        grouped = isinstance(self.fit, GroupedFit)
        if grouped != (group is not None):
            checks.fail("group", "is needed: the votes had groups" if grouped else "there are none")
        given = {"first": first, "second": second, "judge": judge, "group": group, "order": order}
        missing = [k for k in ("judge", "group") if given[k] is None]
        arrays = {k: checks.array(x, k, object) for k, x in given.items() if k not in missing}
        try:
            shape = np.broadcast_shapes(*(x.shape for x in arrays.values()))
        except ValueError:
            shapes = ", ".join(f"{k} {x.shape}" for k, x in arrays.items())
            checks.fail("first", f"shapes do not go together: {shapes}")
        arrays = {k: np.broadcast_to(x, shape).ravel() for k, x in arrays.items()}
        side = checks.order(arrays["order"], int(np.prod(shape)))
        d = self._differences(arrays)
        a, g = np.ones(len(d)), np.full(len(d), self.bias_mean or 0.0)
        if judge is not None:
            k = Lookup(self.judges).places(arrays["judge"])
            checks.every(k >= 0, "judge", "is none of the judges", arrays["judge"])
            a, g = self.parameters_of(arrays["judge"])
        with np.errstate(over="ignore"):
            p = 1.0 / (1.0 + np.exp(-(a * d + g * side)))
        return np.asarray(p.reshape(shape))

    def calibration(
        self, votes: Votes, *, bins: int = 5, level: float = 0.95, backend: str | None = None
    ) -> Any:
        """How often each judge votes as it is expected to, by how sure that is.

        Each vote is seen from the side that the judge is expected to vote for, by its slope and,
        where the order is known, its position bias. A judge whose observed shares lie below the
        expected ones is less sharp than its slope says.

        Parameters
        ----------
        votes : Votes
            On items of this fit, best those that were not fitted: the fitted ones flatter it.
            Judges that it does not know are the average one.
        bins : int, default 5
            At most so many rows a judge, of equal numbers of votes; 1: one row each.
        level : float, default 0.95
            Of the intervals of the observed shares, Wilson's (1927,
            doi:10.1080/01621459.1927.10502953), as if votes were independent.
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns judge, n_votes, expected, observed, lower, upper; log_loss and plain_log_loss as
            in `to_frame`, of these votes. Judges without votes on items with ratings have no row.

        Raises
        ------
        TypeError
            If `votes` is something else.
        ValueError
            If a number is out of range, an item or group is unknown, or only one of votes and fit
            has groups.

        Notes
        -----
        O(votes log votes).

        Examples
        --------
        >>> import venire as vn
        >>> votes = vn.datasets.load_verdicts()
        >>> held = vn.fit_judges(votes).calibration(votes, bins=1, backend="dict")
        >>> held["judge"].tolist(), held["observed"].round(2).tolist()
        (['friendly', 'hasty', 'strict'], [0.83, 0.69, 0.9])
        """
        wanted(votes, "votes", Votes)
        bins, level = checks.whole(bins, "bins", 1, 1_000), checks.level(level)
        if votes.items is None or (votes.groups is None) != isinstance(self.fit, Fit):
            checks.fail("votes", "must be on pairs of items, and in groups where the fit has them")
        pairs: dict[str, Any] = {
            "first": votes.first, "second": votes.second, "group": votes.group,
        }  # fmt: skip
        judges = self.parameters_of(votes.teachers)
        columns = calibration_of(votes, self._differences(pairs), *judges, bins, level)
        return as_frame(columns, backend)

    def parameters_of(self, judge: ArrayLike) -> tuple[Floats, Floats]:
        """Slope and position bias of judges: of one that is not known, those of the average judge.

        Parameters
        ----------
        judge : label, or array_like of labels

        Returns
        -------
        slope, position_bias : ndarray of float64
            Biases are 0 where orders were not recorded.

        Examples
        --------
        >>> import venire as vn
        >>> found = vn.fit_judges(vn.datasets.load_verdicts())
        >>> slope, bias = found.parameters_of(["strict", "somebody else"])
        >>> slope.round(2).tolist(), bias.round(2).tolist()
        ([1.32, 1.0], [0.02, 0.04])
        """
        labels = checks.array(judge, "judge", object)
        k = Lookup(self.judges).places(labels.ravel()).reshape(labels.shape)
        known, k = k >= 0, np.maximum(k, 0)
        a = np.asarray(np.where(known, self.slopes[k], 1.0))
        if self.position_biases is None:
            return a, 0.0 * a
        return a, np.asarray(np.where(known, self.position_biases[k], self.bias_mean or 0.0))

    def _differences(self, given: dict[str, NDArray[Any]]) -> Floats:
        sides = ("first", "second")
        if isinstance(self.fit, GroupedFit):
            groups = GroupLookup(self.fit.groups, self.fit.offsets, self.fit.items)
            k = groups.group(given["group"], "group")
            at = [groups.item(k, given[side], side) for side in sides]
        else:
            items = Lookup(self.fit.items)
            at = [items(given[side], side) for side in sides]
        theta = self.fit.own.theta
        return np.asarray(theta[at[0]] - theta[at[1]])

    def to_frame(self, backend: str | None = None, *, level: float = 0.95) -> Any:
        """The judges as a data frame.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        level : float, default 0.95
            Of the intervals.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns judge, n_judgments, n_votes, slope, slope_error, slope_lower, slope_upper; where
            orders were recorded position_bias and the same of it; log_loss, plain_log_loss.
        """
        columns: dict[str, Any] = {
            "judge": self.judges, "n_judgments": self.n_judgments, "n_votes": self.n_votes,
        }  # fmt: skip
        own = [("slope", self.slopes, self.slope_errors)]
        if self.position_biases is not None and self.position_bias_errors is not None:
            own.append(("position_bias", self.position_biases, self.position_bias_errors))
        for name, x, error in own:
            columns[name], columns[f"{name}_error"] = x, error
            columns[f"{name}_lower"], columns[f"{name}_upper"] = wald(x, error, level)
        columns["log_loss"], columns["plain_log_loss"] = self.log_losses, self.plain_log_losses
        return as_frame(columns, backend)

    def summary(self, level: float = 0.95, top: int | None = None) -> Summary:
        """The judges, those with most votes first.

        Parameters
        ----------
        level : float, default 0.95
            Of the intervals.
        top : int, optional
            Rows shown; None shows all of up to 60, else 30.

        Returns
        -------
        Summary
        """
        return self._summary(checks.level(level), checks.top(top))

    def _summary(self, level: float, top: int | None) -> Summary:
        spread = f"slopes N(1, {self.slope_spread:.3g}^2)"
        if self.bias_mean is not None:
            spread += f", biases N({self.bias_mean:.3g}, {self.bias_spread:.3g}^2)"
        columns, found = self.to_frame("dict", level=level), self.fit.evidence
        order = np.argsort(-columns["n_votes"], kind="stable")
        return Summary.of(
            [*self._titled(), spread, *([] if found is None else found.lines())],
            columns,
            [w.text for w in self.warnings],
            level,
            order=order,
            top=top,
            what="judges",
        )

    def _table(self, top: int | None) -> Table:
        return self._summary(0.95, top).table

    def __repr__(self) -> str:
        low, high = self.slopes.min(), self.slopes.max()
        groups = f"{len(self.fit.groups):,} groups, " if isinstance(self.fit, GroupedFit) else ""
        return (
            f"<JudgesFit: {groups}{len(self.items):,} items, {len(self.judges):,} judges, "
            f"slopes {low:.2f} to {high:.2f}>"
        )
