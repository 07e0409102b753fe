"""The result of a bootstrap: replicates of the ratings, and what can be told from them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.frames import as_frame
from venire.data.coding import encode_one
from venire.resampling import _influence, _intervals, _saving, _solved
from venire.resampling._replicates import MAX_DENSE, Engine
from venire.resampling._status import DONE, NO_FIT, NOT_CONVERGED

if TYPE_CHECKING:
    from venire.ratings.fit import Fit

__all__ = ["Bootstrap"]

MAX_PAIRS = 5_000  # items up to which simultaneous rank intervals look at all pairs


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Bootstrap:
    """Replicates of a fit, as `bootstrap` returns them.

    Statistics are those of the replicates that have a fit; `n_failed` says how many have none.

    Attributes
    ----------
    fit : Fit
        The fit that was resampled.
    kind : {"multinomial", "poisson", "bayesian"}
    key : tuple of int
        The stream: replicate k depends on the fit, `kind`, `key` and k only.
    theta : ndarray of float64, shape (n_resamples, n_items)
        nan where a replicate has no finite fit. Read-only, like all arrays here.
    tie, order_effect : ndarray of float64, shape (n_resamples,), or None
        The other parameters, where the fit has them.
    residual : ndarray of float64, shape (n_resamples,)
    status : ndarray of int8, shape (n_resamples,)
        0 fitted, 1 no finite fit, 3 not converged (theta is where the iteration stopped; such
        replicates are left out of the statistics too).
    n_iter : ndarray of int32, shape (n_resamples,)
    tol : float
    n_threads : int
    unit : {"outcomes", "cells", "clusters"}
        What was drawn; see `bootstrap`.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts(["a", "b", "a"], ["b", "c", "c"], [30, 25, 35], [20, 15, 8])
    >>> b = vn.bootstrap(vn.fit_bradley_terry(c), 200, rng=1)
    >>> b.theta.shape, b.n_failed
    ((200, 3), 0)
    >>> bool(b.prob_better("a", "c") > 0.95)
    True
    """

    fit: Fit
    kind: str
    key: tuple[int, int]
    theta: NDArray[np.float64]
    tie: NDArray[np.float64] | None
    order_effect: NDArray[np.float64] | None
    residual: NDArray[np.float64]
    status: NDArray[np.int8]
    n_iter: NDArray[np.int32]
    tol: float = 1e-7
    n_threads: int = 1
    unit: str = "auto"
    _cache: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("theta", "tie", "order_effect", "residual", "status", "n_iter"):
            array = getattr(self, name)
            if array is not None:
                array = array.view()
                array.flags.writeable = False
                object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        failed = f", {self.n_failed} without a finite fit" if self.n_failed else ""
        return (
            f"<Bootstrap {self.kind} of {self.fit.model}: {self.n_resamples} replicates of "
            f"{len(self.items)} items{failed}>"
        )

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_cache": {}}

    @property
    def items(self) -> NDArray[Any]:
        """Labels of the items, (n_items,)."""
        return self.fit.items

    @property
    def n_resamples(self) -> int:
        """Number of replicates, those without a fit included."""
        return len(self.theta)

    @property
    def n_failed(self) -> int:
        """Replicates without a finite fit."""
        return int((self.status == NO_FIT).sum())

    @property
    def n_unconverged(self) -> int:
        """Replicates whose residual did not reach `tol`."""
        return int((self.status == NOT_CONVERGED).sum())

    def standard_errors(self) -> NDArray[np.float64]:
        """Standard deviations of theta over the replicates, (n_items,)."""
        return self._used().std(axis=0, ddof=1)

    def interval(
        self, level: float = 0.95, kind: str = "percentile", *, items: Any = None
    ) -> NDArray[np.float64]:
        """Confidence intervals of theta.

        Parameters
        ----------
        level : float, default 0.95
        kind : {"percentile", "basic", "bca", "studentised"}
            "percentile": quantiles of the replicates. "basic": these mirrored at the estimate.
            "bca": percentiles corrected for bias and skewness (Efron 1987,
            doi:10.1080/01621459.1987.10478410). "studentised": quantiles of the deviation over its
            standard error in each replicate (Hall 1988, doi:10.1214/aos/1176350933); replicates
            whose tie parameter is on its boundary have none and are left out.
        items : array_like of labels, optional
            The items whose intervals are wanted. Default: all.

        Returns
        -------
        ndarray of float64, shape (n_items, 2)

        Raises
        ------
        ValueError
            If `level` or `kind` is out of range, or a label unknown; for "bca" where an item's
            replicates are constant or all on one side of the estimate; for "bca" and "studentised"
            of more than 1,500 items that are not named by `items`.

        Notes
        -----
        O(n_resamples n_items log n_resamples). "studentised" inverts the information of every
        replicate once, O(n_resamples n_items^3). Fits with an order effect or more than 1,500 items
        keep no inverse: for each item asked for, "bca" solves one system like those of the fit and
        goes once over the cells, "studentised" solves one system in each replicate.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[60], loss=[40])
        >>> b = vn.bootstrap(vn.fit_bradley_terry(c), 2000, rng=1)
        >>> b.interval(0.9, "bca").shape
        (2, 2)
        """
        level = checks.level(level)
        checks.one_of(kind, "kind", _intervals.INTERVALS)
        here = np.arange(len(self.items)) if items is None else self._positions(items)
        draws, estimate = self._used()[:, here], self.fit.theta[here]
        if kind == "percentile":
            return _intervals.percentile(draws, level)
        if kind == "basic":
            return 2.0 * estimate[:, None] - _intervals.percentile(draws, level)[:, ::-1]
        if self._engine().inverse is None and items is None and len(here) > MAX_DENSE:
            checks.fail("items", f"name those wanted: {kind!r} of more than {MAX_DENSE:,} is slow")
        if kind == "bca":
            return _intervals.bca(
                draws, estimate, self._accelerations(here), level, self.items[here]
            )
        scale, errors = self._errors(here)
        used = (self.status == DONE) & np.isfinite(errors).all(axis=1)
        if used.sum() < 2:
            raise ValueError(
                f"kind: only {int(used.sum())} of {self.n_resamples} replicates have standard "
                "errors, which 'studentised' needs; take 'percentile'"
            )
        with np.errstate(invalid="ignore", divide="ignore"):  # an item without an error: nan
            ratio = (self.theta[np.ix_(used, here)] - estimate) / errors[used]
        return estimate[:, None] - _intervals.percentile(ratio, level)[:, ::-1] * scale[:, None]

    def rank_interval(
        self, level: float = 0.95, *, simultaneous: bool = False, group: Any = None
    ) -> NDArray[np.int64]:
        """Intervals of the items' ranks, 1 the strongest.

        Parameters
        ----------
        level : float, default 0.95
        simultaneous : bool, default False
            False: for each item, quantiles of its rank in the replicates. True: intervals that hold
            the ranks of all items together, from the largest studentised deviation over all pairs
            (Mogstad, Romano, Shaikh and Wilhelm 2024, doi:10.1093/restud/rdad006).
        group : array_like of shape (n_items,), optional
            Labels of items that are ranked together. Default: all, or without a prior those of one
            component.

        Returns
        -------
        ndarray of int64, shape (n_items, 2)
            Best and worst rank.

        Raises
        ------
        ValueError
            If `level` is out of range, or `simultaneous` with more than 5,000 items.

        Notes
        -----
        O(n_resamples n_items log n_items); simultaneous O(n_resamples n_items^2).

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a", "b"], ["b", "c"], [300, 30], [100, 29])
        >>> b = vn.bootstrap(vn.fit_bradley_terry(c), 500, rng=1)
        >>> b.rank_interval(0.9).tolist(), b.rank_interval(0.9, simultaneous=True).tolist()
        ([[1, 1], [2, 3], [2, 3]], [[1, 1], [2, 3], [2, 3]])
        """
        level = checks.level(level)
        if group is None:
            group = self._groups()
        else:
            _, group = encode_one(group, "group", n=len(self.fit.theta))
        simultaneous = checks.flag(simultaneous, "simultaneous")
        if simultaneous:
            if len(self.items) > MAX_PAIRS:
                checks.fail("simultaneous", f"looks at all pairs: at most {MAX_PAIRS} items")
            return _intervals.simultaneous_ranks(self._used(), self.fit.theta, group, level)
        ranks = _intervals.rank_matrix(self._used(), group)
        tail = 0.5 - level / 2.0
        low = np.quantile(ranks, tail, axis=0, method="lower")
        high = np.quantile(ranks, 1.0 - tail, axis=0, method="higher")
        return np.stack([low, high], axis=1).astype(np.int64)

    def prob_better(self, first: Any, second: Any) -> Any:
        """Share of the replicates in which `first` is stronger than `second`; equals count half.

        Parameters
        ----------
        first, second : array_like of labels
            Broadcast against each other.

        Returns
        -------
        float64, or ndarray of float64 in the shape of the labels

        Raises
        ------
        ValueError
            If a label is unknown, or two items are of different components without a prior.
        """
        i, j = self.fit._pairs(first, second)
        draws = self._used()
        flat = [
            (np.sign(draws[:, a] - draws[:, b]).mean() + 1.0) / 2.0
            for a, b in zip(np.ravel(i), np.ravel(j), strict=True)
        ]
        return np.array(flat).reshape(np.shape(i))[()]

    def tied_neighbours(self, level: float = 0.95, backend: str | None = None) -> Any:
        """Neighbours in the order of the ratings, and whether the data tell them apart.

        Parameters
        ----------
        level : float, default 0.95
            Of the percentile interval of each difference.
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            As in `Fit.to_frame`.

        Returns
        -------
        dataframe, or dict of ndarray
            One row per two neighbours of one component, best first: item, next_item, difference,
            standard_error, lower, upper, prob_better, tied (the interval holds 0).
        """
        level = checks.level(level)
        group, theta = self._groups(), self.fit.theta
        order = np.lexsort((-theta, group))
        inside = group[order[1:]] == group[order[:-1]]
        i, j = order[:-1][inside], order[1:][inside]
        gaps = self._used()[:, i] - self._used()[:, j]
        bounds = _intervals.percentile(gaps, level)
        columns = {
            "item": self.items[i],
            "next_item": self.items[j],
            "difference": theta[i] - theta[j],
            "standard_error": gaps.std(axis=0, ddof=1),
            "lower": bounds[:, 0],
            "upper": bounds[:, 1],
            "prob_better": (np.sign(gaps).mean(axis=0) + 1.0) / 2.0,
            "tied": (bounds[:, 0] <= 0.0) & (bounds[:, 1] >= 0.0),
        }
        return as_frame(columns, backend)

    def to_frame(
        self, backend: str | None = None, *, level: float = 0.95, kind: str = "percentile"
    ) -> Any:
        """The table of ratings, one row per item in the order of `items`.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            As in `Fit.to_frame`.
        level, kind
            As in `interval`.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns item, theta, standard_error, lower, upper, rank, rank_lower, rank_upper.
        """
        interval, ranks = self.interval(level, kind), self.rank_interval(level)
        columns = {
            "item": self.items,
            "theta": self.fit.theta,
            "standard_error": self.standard_errors(),
            "lower": interval[:, 0],
            "upper": interval[:, 1],
            "rank": self.fit.ranks(),
            "rank_lower": ranks[:, 0],
            "rank_upper": ranks[:, 1],
        }
        return as_frame(columns, backend)

    def extend(self, more: int, *, progress: Any = None) -> Bootstrap:
        """A result with `more` further replicates; those of this one are not fitted again.

        Parameters
        ----------
        more : int
            At least 1.
        progress : callable, optional
            As in `bootstrap`.

        Returns
        -------
        Bootstrap
            Equal to that of one call for all of them.
        """
        from venire.resampling._bootstrap import add_replicates

        return add_replicates(self, self._engine(), more, progress)

    def save(self, path: str | Path) -> None:
        """Write everything, the fit included, to one .npz file; read it with `Bootstrap.load`.

        An old file is replaced by a whole new one, or stays as it is.

        Raises
        ------
        OSError
            If the file cannot be written.
        ValueError
            If a label ends in a NUL character.
        """
        _saving.save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Bootstrap:
        """Read what `save` wrote; nothing in the file is executed, and all of it is checked.

        Raises
        ------
        ValueError
            If the file is none of these or was changed: names the member and what is wrong.
        FileNotFoundError
            If there is no such file.
        """
        return cls(**_saving.load(path))

    def _used(self) -> NDArray[np.float64]:
        """Theta of the replicates that have a fit."""
        used = self.status == DONE
        if used.sum() < 2:
            raise ValueError(
                f"only {int(used.sum())} of {self.n_resamples} replicates have a fit: nothing to "
                "take statistics of"
            )
        return self.theta if used.all() else self.theta[used]

    def _groups(self) -> NDArray[Any]:
        """Items that are ranked together."""
        component = np.asarray(self.fit.component)
        return component if self.fit.prior is None else np.zeros_like(component)

    def _positions(self, items: Any) -> NDArray[np.int64]:
        """Positions of labels, (n,)."""
        return self.fit._listed(items)

    def _accelerations(self, here: NDArray[np.int64]) -> NDArray[np.float64]:
        engine = self._engine()
        if engine.inverse is None:
            return _solved.accelerations(self, here)
        return self._once("acceleration", lambda: _influence.accelerations(engine))[here]

    def _errors(self, here: NDArray[np.int64]) -> tuple[Any, Any]:
        """Standard errors of the fit, (n,), and of the replicates, (n_resamples, n)."""
        engine = self._engine()
        if engine.inverse is None:
            return _solved.errors(self, here)
        errors = self._once(
            "errors",
            lambda: _influence.replicate_errors(engine, self.theta, self.tie, self.status),
        )
        return self.fit.standard_errors()[here], errors[:, here]

    def _engine(self) -> Engine:
        return self._once(
            "engine",
            lambda: Engine(self.fit, self.kind, self.key, self.tol, self.n_threads, self.unit),
        )

    def _once(self, name: str, function: Any) -> Any:
        if name not in self._cache:
            self._cache[name] = function()
        return self._cache[name]

    def _with(self, **changes: Any) -> Bootstrap:
        engine = {k: v for k, v in self._cache.items() if k in ("engine", "acceleration")}
        return replace(self, _cache=engine, **changes)
