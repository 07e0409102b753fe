"""What the bootstraps of fits, of groups and of statistics have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.frames import as_frame
from venire._core.intervals import critical_value
from venire._core.summary import Summary
from venire._core.tables import Table, Tabled
from venire._core.views import picture
from venire.data.rows import frozen
from venire.ratings import RelativeEstimates
from venire.resampling import _files, _intervals
from venire.resampling._weights import MOST_KEPT
from venire.scales import factor

__all__ = ["OfFits", "Replicates"]


class Replicates(Tabled):
    """Replicates of an estimate, and what can be told from them.

    `Bootstrap`, `GroupedBootstrap` and `StatisticBootstrap` are of this class: arrays of `n_items`
    are of the items of all groups there, and single numbers of a statistic. Statistics are those of
    the replicates that have a fit. Arrays are read-only.
    """

    scheme: str
    _cache: dict[str, Any]

    if TYPE_CHECKING:  # a field or a property of each

        @property
        def n_resamples(self) -> int: ...

    def __post_init__(self) -> None:
        for name, value in list(self.__dict__.items()):
            object.__setattr__(self, name, frozen(value))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_cache": {}}

    def __repr__(self) -> str:
        return f"<{self._title()}>"

    def mean(self) -> Any:
        """Mean of the replicates, (n_items,)."""
        return self._like_estimate(self._draws().mean(axis=0))

    def bias(self) -> Any:
        """Mean of the replicates less the estimate, (n_items,)."""
        return self.mean() - self._like_estimate(self._estimate())

    def standard_errors(self) -> Any:
        """Standard deviations of the replicates, (n_items,).

        Of an item that was never compared, which no replicate moves: that of the prior, or nan.
        """
        return self._like_estimate(self._or_prior(_intervals.deviation(self._draws())))

    def quantiles(self, probs: ArrayLike) -> Any:
        """Quantiles of the replicates, by linear interpolation.

        Parameters
        ----------
        probs : float or array_like of float
            From 0 to 1.

        Returns
        -------
        ndarray of float64, shape (n_items,) + shape of `probs`

        Raises
        ------
        ValueError
            If a probability is out of range, or of groups a quantile was not kept.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[60], loss=[40])
        >>> b = vn.bootstrap(vn.fit_bradley_terry(c), 500, rng=1)
        >>> b.quantiles([0.25, 0.5, 0.75]).shape
        (2, 3)
        """
        wanted = checks.numeric(probs, "probs")
        bad = np.flatnonzero(~((wanted >= 0.0) & (wanted <= 1.0)))
        if len(bad):
            at = None if wanted.ndim == 0 else int(bad[0])
            checks.fail("probs", "must be from 0 to 1", at, wanted.reshape(-1)[bad[0]])
        found = self._quantiles(wanted.reshape(-1).astype(np.float64), slice(None))
        return self._like_estimate(found.reshape(len(found), *wanted.shape))

    def interval(self, level: float = 0.95, interval: str = "percentile") -> Any:
        """Confidence intervals; of an item that was never compared, the prior's.

        Parameters
        ----------
        level : float, default 0.95
        interval : {"percentile", "basic", "bca", "studentized"}
            "percentile": quantiles of the replicates. "basic": these mirrored at the estimate.
            "bca": percentiles corrected for bias and skewness (Efron 1987,
            doi:10.1080/01621459.1987.10478410). "studentized": quantiles of the deviation over its
            standard error in each replicate (Hall 1988, doi:10.1214/aos/1176350933).

        Returns
        -------
        ndarray of float64, shape (n_items, 2)

        Raises
        ------
        ValueError
            If `level` or `interval` is out of range; for "bca" where replicates are constant or all
            on one side of the estimate; where what an interval needs was not kept.
        """
        level = checks.level(level)
        checks.one_of(interval, "interval", _intervals.INTERVALS)
        return self._like_estimate(self._bounds(level, interval, slice(None)))

    def to_frame(
        self, backend: str | None = None, *, level: float = 0.95, interval: str = "percentile"
    ) -> Any:
        """The estimates as a dataframe, one row per item.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        level, interval
            As in `interval`.

        Returns
        -------
        dataframe, or dict of ndarray
            Of a fit: columns item, theta, standard_error, lower, upper, rank (masked, or null,
            where there is none), rank_lower, rank_upper. Of groups: group, item, theta,
            standard_error, lower, upper, n_failed (of the group). Both have `determined` where that
            is not true of all. Of a statistic one row: estimate, standard_error, lower, upper.
        """
        return as_frame(self._columns(level, interval), backend)

    def summary(
        self, level: float = 0.95, top: int | None = None, *, interval: str = "percentile"
    ) -> Summary:
        """A statistician's table: how replicates were drawn, and the items from the best down.

        Parameters
        ----------
        level, interval
            As in `interval`.
        top : int, optional
            Rows shown; None shows all of up to 60 items, else 30.

        Returns
        -------
        Summary
            Prints as the table; also has `header`, `columns` and `notes`.

        Examples
        --------
        >>> import numpy as np, venire as vn
        >>> b = vn.bootstrap_statistic(lambda x, w: x @ w / w.sum(), np.arange(9.0), rng=1)
        >>> print(b.summary(0.9))
        StatisticBootstrap: 1,000 multinomial replicates
        <BLANKLINE>
        --------------------------------
        estimate      SE   lower   upper
        --------------------------------
          4.0000  0.8557  2.5556  5.4444
        --------------------------------
        SE: standard deviation of the replicates; lower, upper: 90 % percentile interval
        """
        top = checks.top(top)
        columns = self._columns(level, interval)
        notes = [
            "SE: standard deviation of the replicates; lower, upper: "
            f"{100 * level:g} % {interval} interval"
        ]
        order = self._order()
        digits = self._decimals()
        return Summary.of(
            [self._title(), *self._troubles(), *self._facts(level)], columns, notes, level,
            order=order, top=top, digits=digits,
        )  # fmt: skip

    def _facts(self, level: float) -> list[str]:
        """What else there is to say above the table."""
        return []

    def _table(self, top: int | None) -> Table:
        return self.summary(top=top).table

    def extend(self, more: int, *, progress: Any = None) -> Self:
        """A result with `more` further replicates, equal to that of one call for all of them.

        Replicates that were kept are not computed again. Of a summary of groups quantiles cannot be
        continued: all replicates are fitted once more, from the same streams.

        Parameters
        ----------
        more : int
            At least 1.
        progress : callable, optional
            As in `bootstrap`.

        Raises
        ------
        ValueError
            If `more` is out of range, or the result is of a statistic and came from a file or
            another process: functions do not travel.
        """
        more = checks.whole(more, "more", 1, MOST_KEPT)
        return self._extended(more, checks.function(progress, "progress"))

    def save(self, path: str | Path) -> None:
        """Write everything, a fit included, to one .npz file; read it with `load`.

        An old file is replaced by a whole new one, or stays as it is.

        Raises
        ------
        OSError
            If the file cannot be written.
        ValueError
            If a label ends in a NUL character.
        """
        _files.save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote; nothing in the file is executed, and all of it is checked.

        Raises
        ------
        ValueError
            If the file is none of these or was changed: names the member and what is wrong.
        FileNotFoundError
            If there is no such file.
        """
        return cls(**_files.load(cls.__name__, path))

    # ---- what each kind brings ----------------------------------------------------------------

    def _title(self) -> str:
        return f"{type(self).__name__}: {self.n_resamples:,} {self.scheme} replicates"

    def _troubles(self) -> list[str]:
        """Lines on what was resampled, where that is worth less than it looks."""
        return []

    def _decimals(self) -> int:
        """That are printed."""
        return 4

    def _order(self) -> NDArray[np.int64] | None:
        """Positions of the rows as they are printed; None: as they are."""
        return None

    def _estimate(self) -> NDArray[np.float64]:
        """What was resampled, (n,)."""
        raise NotImplementedError

    def _draws(self) -> NDArray[np.float64]:
        """The replicates that have a fit, (n_used, n)."""
        raise NotImplementedError

    def _columns(self, level: float, interval: str) -> dict[str, NDArray[Any]]:
        raise NotImplementedError

    def _extended(self, more: int, progress: Any) -> Self:
        raise NotImplementedError

    def _accelerations(self, here: Any) -> NDArray[np.float64]:
        """Of BCa intervals, (n,)."""
        raise NotImplementedError

    def _studentized(self, here: Any) -> tuple[Any, Any]:
        """Deviations of replicates over their errors, (n_used, n), and the full errors, (n,)."""
        raise NotImplementedError

    # ---- how ----------------------------------------------------------------------------------

    def _like_estimate(self, x: NDArray[np.float64]) -> Any:
        return x

    def _quantiles(self, probs: NDArray[np.float64], here: Any) -> NDArray[np.float64]:
        return np.quantile(self._draws()[:, here], probs, axis=0).T

    def _prior_errors(self) -> NDArray[np.float64] | None:
        """Standard deviations, (n,), of what only the prior says: of what was never compared, and
        of what is not linked with the anchor; 0 of the others. None: all are linked."""
        return None

    def _or_prior(self, errors: NDArray[np.float64]) -> NDArray[np.float64]:
        own = self._prior_errors()
        return errors if own is None else np.hypot(errors, own)

    def _bounds(self, level: float, interval: str, here: Any) -> NDArray[np.float64]:
        """Bounds of the items at `here`, (n, 2); Wald's where the prior is part of the error."""
        own = self._prior_errors()
        if own is None:
            return self._interval(level, interval, here)
        here = np.arange(len(own))[here]
        seen = own[here] == 0.0
        half = critical_value(level) * self.standard_errors()[here]
        out = self._estimate()[here][:, None] + np.stack([-half, half], axis=1)
        if seen.any():
            out[seen] = self._interval(level, interval, here[seen])
        return out

    def _interval(self, level: float, interval: str, here: Any) -> NDArray[np.float64]:
        """Bounds of the items at `here`, (n, 2); arguments are checked."""
        tails = _intervals.tails(level)
        estimate = self._estimate()[here]
        if interval == "percentile":
            return self._quantiles(tails, here)
        if interval == "basic":
            return 2.0 * estimate[:, None] - self._quantiles(tails, here)[:, ::-1]
        if interval == "bca":
            acceleration = self._accelerations(here)
            return _intervals.bca(
                self._draws()[:, here], estimate, acceleration, level, self._names()[here]
            )
        ratio, errors = self._studentized(here)
        with np.errstate(over="ignore", invalid="ignore"):  # of errors beyond all numbers
            bounds = np.quantile(ratio, tails, axis=0).T
            return estimate[:, None] - bounds[:, ::-1] * errors[:, None]

    def _names(self) -> NDArray[Any]:
        """What estimates are called in errors."""
        return np.array(["statistic"], object)

    def _once(self, name: str, function: Any) -> Any:
        if name not in self._cache:
            self._cache[name] = function()
        return self._cache[name]


class OfFits(Replicates):
    """Replicates of fits, which are shown in what their fit is shown in."""

    fit: Any
    _own: Self | None  # the replicates themselves, where these are shown in something else

    def rescale(
        self, scale: str | None = None, *, anchor: Any = None, at: float | None = None
    ) -> Self:
        """The same replicates on another scale, or of differences from an anchor.

        Parameters
        ----------
        scale, anchor, at
            As in `Fit.rescale`. Ranks and probabilities stay what they are.

        Raises
        ------
        ValueError
            As there; and for an anchor in groups that share parameters.

        Notes
        -----
        O(n_resamples n_items). Of a summary of groups an anchor costs all fits once more.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[60], loss=[40])
        >>> b = vn.bootstrap(vn.fit_bradley_terry(c), 500, rng=1).rescale("elo", anchor="b")
        >>> b.interval().round()[1].tolist(), b.fit.theta.round().tolist()
        ([1000.0, 1000.0], [1070.0, 1000.0])
        """
        own = self._own or self
        fit = own.fit.rescale(scale, anchor=anchor, at=at)
        return own if fit is own.fit else own._shown_as(fit)

    def to_elo(self, anchor: Any = None, at: float | None = None) -> Self:
        """In Elo points, with an anchor if one is given: ``rescale("elo", ...)``."""
        return self.rescale("elo", anchor=anchor, at=at)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """A picture of the ratings with their intervals: `venire.plots.plot_ratings`.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.
        **options
            As there: `level`, `top`, `interval`, and `group` of groups.

        Returns
        -------
        matplotlib Axes
        """
        return picture(self, ax, **options)

    def relative_to(self, reference: Any) -> RelativeEstimates:
        """Ratings relative to a reference item, with the standard deviations of the differences.

        Parameters
        ----------
        reference : label

        Returns
        -------
        RelativeEstimates
            Named tuple (items, estimates, standard_errors); nan where an item does not compare.

        Raises
        ------
        ValueError
            As `rescale`, which with ``anchor=reference`` also gives the intervals.
        """
        shown = self.rescale(self.fit.scale, anchor=reference, at=0.0)
        return RelativeEstimates(shown.fit.items, shown.fit.theta, shown.standard_errors())

    def _decimals(self) -> int:
        return self.fit.display.digits

    @property
    def _factor(self) -> float:
        """How many units one of the fit's own is."""
        return factor(self.fit.own.scale, self.fit.scale)

    def _shown_as(self, fit: Any) -> Self:
        """These replicates, of the model's own scale, shown as `fit` is."""
        raise NotImplementedError
