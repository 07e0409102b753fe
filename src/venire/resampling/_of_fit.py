"""Draws of the ratings of one fit, and what can be told from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.frames import as_frame
from venire._core.views import page
from venire.data.coding import encode_one
from venire.ratings.coefficients import coefficients_of
from venire.resampling import _intervals
from venire.resampling._base import OfFits

if TYPE_CHECKING:
    from venire.ratings.coefficients import Coefficients
    from venire.ratings.fit import Fit

__all__ = ["OfOneFit"]

MAX_PAIRS = 5_000  # items up to which simultaneous rank intervals look at all pairs


class OfOneFit(OfFits):
    """Draws of theta of one fit: `Bootstrap` by resampling, `PosteriorDraws` by its information."""

    fit: Fit
    key: tuple[int, int]
    theta: NDArray[np.float64]
    tie: NDArray[np.float64] | None
    order_effect: NDArray[np.float64] | None
    coefficients: NDArray[np.float64] | None
    _own: Any

    @property
    def items(self) -> NDArray[Any]:
        """Labels of the items, (n_items,)."""
        return self.fit.items

    @property
    def n_resamples(self) -> int:
        """Number of replicates, those without a fit included."""
        return len(self.theta)

    def _troubles(self) -> list[str]:
        fit = self.fit
        stopped = f"NOT CONVERGED: the fit, {fit.n_iter} iterations, residual {fit.residual:.1e}"
        return [*([] if fit.converged else [stopped]), *filter(None, [fit.note])]

    def coefficient_table(self, level: float = 0.95) -> Coefficients:
        """The coefficients of the covariates: standard errors and percentile intervals from the
        draws, and what the coefficients are worth; see `Fit.coefficient_table`.

        Parameters
        ----------
        level : float, default 0.95

        Returns
        -------
        Coefficients

        Raises
        ------
        ValueError
            If the fit has no covariates, or `level` is out of range.
        """
        level, own = checks.level(level), self._own or self
        if own.coefficients is None:
            return self.fit.coefficient_table(level=level)  # which says so
        own._draws()  # says so where there are too few
        draws = own.coefficients[own._used()]
        ends = np.quantile(draws, [0.5 - level / 2.0, 0.5 + level / 2.0], axis=0)
        note = f"SE: of {len(draws):,} {own.scheme} draws; lower, upper: {100 * level:g} % of them"
        return coefficients_of(self.fit, draws.std(axis=0, ddof=1), ends, own.scheme, level, note)

    def _facts(self, level: float) -> list[str]:
        own = self._own or self
        return [] if own.coefficients is None else self.coefficient_table(level).lines()

    def _used(self) -> Any:
        """Which draws count."""
        return slice(None)

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
            (Mogstad, Romano, Shaikh and Wilhelm 2024, doi:10.1093/restud/rdad006); no difference
            counts as better known than by the information, for replicates of few comparisons may
            be all alike.
        group : array_like of shape (n_items,), optional
            Labels of items that are ranked together. Default: all, or the fit's own groups.

        Returns
        -------
        ndarray of int64, shape (n_items, 2)
            Best and worst rank. All ranks of an item that is not `Fit.determined`, which others may
            stand before or behind. Items that are equal in a replicate may have any of their ranks.

        Raises
        ------
        ValueError
            If `level` is out of range, or `simultaneous` with more than 5,000 items.

        Notes
        -----
        O(n_resamples n_items log n_items); simultaneous O(n_resamples n_items^2 +
        n_items^3).

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
            own_groups = self.fit.groups
            group = np.zeros(len(self.items), np.int8) if own_groups is None else own_groups
        else:
            _, group = encode_one(group, "group", n=len(self.fit.theta))
        own = self._own or self
        where = _intervals.RankedWhere(group, self.fit.determined, self._equal)
        if checks.flag(simultaneous, "simultaneous"):
            if len(self.items) > MAX_PAIRS:
                checks.fail("simultaneous", f"looks at all pairs: at most {MAX_PAIRS} items")
            draws, known = own._draws(), own.fit.covariance()
            return _intervals.simultaneous_ranks(draws, own.fit.theta, where, level, known)
        return _intervals.rank_intervals(own._draws(), where, level)

    def prob_better(self, first: Any, second: Any) -> Any:
        """Share of the replicates in which `first` is stronger than `second`; equals count half.

        Where only the prior compares the two, what it does not know of them is allowed for: of an
        item that was never compared, nearly one half.

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
        i, j = self.fit.pairs(first, second)
        own = self._own or self
        draws, unknown = own._draws(), own._unknown_gap(i, j)
        flat = [
            _intervals.share_above(draws[:, a] - draws[:, b], self._equal, sd)
            for a, b, sd in zip(np.ravel(i), np.ravel(j), np.ravel(unknown), strict=True)
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
            One row per two neighbours of what has a rank, best first: item, next_item, difference,
            standard_error, lower, upper, prob_better, tied (the interval holds 0).
        """
        level = checks.level(level)
        if self.fit.display.anchor is not None:  # which differences do not have
            return self.rescale(self.fit.scale).tied_neighbours(level, backend)
        theta, ranked = self.fit.theta, np.flatnonzero(self.fit.determined)
        order = ranked[np.argsort(-theta[ranked], kind="stable")]
        i, j = order[:-1], order[1:]
        gaps = self._draws()[:, i] - self._draws()[:, j]
        bounds = np.quantile(gaps, _intervals.tails(level), axis=0).T
        columns = {
            "item": self.items[i],
            "next_item": self.items[j],
            "difference": theta[i] - theta[j],
            "standard_error": gaps.std(axis=0, ddof=1),
            "lower": bounds[:, 0],
            "upper": bounds[:, 1],
            "prob_better": np.array(
                [_intervals.share_above(x, self._factor * self._equal) for x in gaps.T]
            ),
            "tied": (bounds[:, 0] <= 0.0) & (bounds[:, 1] >= 0.0),
        }
        return as_frame(columns, backend)

    def prob_best(self) -> NDArray[np.float64]:
        """Share of the draws in which each item is the strongest, (n_items,); equals share.

        What only a prior says of an item counts: one that was never compared may well be the best.
        Without a prior nan for the items outside the largest component, which do not compare. Items
        of groups, in fits of rankings, are each compared within their own.

        Notes
        -----
        O(n_resamples n_items).

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a", "b"], ["b", "c"], [300, 30], [100, 29])
        >>> draws = vn.resampling.sample(vn.fit_bradley_terry(c), 1000, rng=1)
        >>> draws.prob_best().round(2).tolist()
        [1.0, 0.0, 0.0]
        """
        return self.rank_probabilities(1)[:, 0]

    def rank_probabilities(self, most: int | None = None) -> NDArray[np.float64]:
        """Share of the draws in which each item has each rank, (n_items, most).

        Parameters
        ----------
        most : int, optional
            Ranks 1 to this one. Default: all, which is a matrix of n_items squared.

        Returns
        -------
        ndarray of float64, shape (n_items, most)
            Items that are equal in a draw share the ranks that they have together. See `prob_best`
            for items of several components.

        Raises
        ------
        ValueError
            If `most` is less than 1 or more than the items, or without it there are more than
            5,000.

        Notes
        -----
        O(n_resamples n_items log n_items), in memory of the answer and a few draws.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a", "b"], ["b", "c"], [300, 30], [100, 29])
        >>> draws = vn.resampling.sample(vn.fit_bradley_terry(c), 1000, rng=1)
        >>> draws.rank_probabilities().sum(axis=1).round(9).tolist()
        [1.0, 1.0, 1.0]
        """
        n = len(self.items)
        if most is None and n > MAX_PAIRS:
            checks.fail("most", f"must be given where there are more than {MAX_PAIRS:,} items")
        most = n if most is None else checks.whole(most, "most", 1, n)
        own, out = self._own or self, np.full((n, most), np.nan)
        draws = own._whole_draws()
        for here in self._comparable():
            out[here] = _intervals.rank_shares(draws[:, here], own._equal, most)
        return out

    def expected_regret(self) -> NDArray[np.float64]:
        """How far each item is expected to fall short of the strongest one, (n_items,).

        The mean over the draws of the largest theta less the item's own, in the unit of the fit:
        what it costs to choose this item, as far as is known. nan as in `prob_best`.

        Notes
        -----
        O(n_resamples n_items).

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a", "b"], ["b", "c"], [300, 30], [100, 29])
        >>> draws = vn.resampling.sample(vn.fit_bradley_terry(c), 1000, rng=1)
        >>> bool(draws.expected_regret()[0] < 0.01)
        True
        """
        own, out = self._own or self, np.full(len(self.items), np.nan)
        draws = own._whole_draws()
        for here in self._comparable():
            some = draws[:, here]
            out[here] = self._factor * (some.max(axis=1).mean() - some.mean(axis=0))
        return out

    # ---- how ----------------------------------------------------------------------------------

    def report(self, path: Any = None, **options: Any) -> str | None:
        """A page, one HTML file that needs nothing else: `venire.pages.report`, also for `path` and
        options."""
        return page(self, path, **options)

    @property
    def _equal(self) -> float:
        """Gap that draws may leave between equal items, on the model's own scale."""
        raise NotImplementedError

    def _comparable(self) -> list[NDArray[np.int64]]:
        """Positions of the items that compare, of each group: without a prior, of the largest
        component."""
        component, group = self.fit.component, self.fit.groups
        if group is None:
            group = np.zeros(len(component), np.int64)
        parts = _intervals.members(group)
        if self.fit.prior is None:
            own = [component[here] for here in parts]
            parts = [
                here[of == np.argmax(np.bincount(of))] for here, of in zip(parts, own, strict=True)
            ]
        return parts

    def _whole_draws(self) -> NDArray[np.float64]:
        """Draws with what only a prior says of where components lie."""
        draws, fit = self._draws(), self.fit
        if fit.prior is None or not fit.component.any():
            return draws
        _, at = np.unique(fit.component, return_index=True)
        generator = np.random.default_rng(self.key)
        noise = fit.level_errors()[at] * generator.standard_normal((len(draws), len(at)))
        return draws + noise[:, fit.component]

    def _estimate(self) -> NDArray[np.float64]:
        return self.fit.theta

    def _names(self) -> NDArray[Any]:
        return self.items

    def _order(self) -> NDArray[np.int64]:
        return self.fit.best_first()

    def _columns(self, level: float, interval: str) -> dict[str, NDArray[Any]]:
        bounds, ranks = self.interval(level, interval), self.rank_interval(level)
        told = self.fit.to_frame("dict", errors=None)
        columns = {
            **{name: told[name] for name in ("group", "item") if name in told},
            self.fit.rating: self.fit.theta,
            "standard_error": self.standard_errors(),
            "lower": bounds[:, 0],
            "upper": bounds[:, 1],
            "rank": self.fit.ranks(),
            "rank_lower": ranks[:, 0],
            "rank_upper": ranks[:, 1],
        }
        return self.fit.marked(columns)

    def _prior_errors(self) -> NDArray[np.float64] | None:
        component, anchor = self.fit.component, self.fit.display.anchor
        if anchor is not None:
            return self._unknown_gap(np.arange(len(component)), self.fit.positions(anchor)[0])
        alone = np.bincount(component)[component] == 1
        return np.where(alone, self.fit.level_errors(), 0.0) if alone.any() else None

    def _unknown_gap(self, i: Any, j: Any) -> NDArray[np.float64]:
        """Standard deviation of what only the prior says of the gap between two items."""
        apart = self.fit.component[i] != self.fit.component[j]
        if not np.any(apart):
            return np.zeros(np.shape(i))
        level = self.fit.level_errors()
        return np.where(apart, np.hypot(level[i], level[j]), 0.0)

    def _shown_as(self, fit: Fit) -> Self:
        return replace(self, fit=fit, theta=fit.shown(self.theta), _own=self, _cache={})  # type: ignore[type-var]
