"""Draws from the normal approximation around the fits of many groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.rows import frozen
from venire.resampling._group_engine import group_keys
from venire.resampling._of_groups import OfGroups
from venire.resampling._posterior import PosteriorDraws, drawn, refuse_interval

if TYPE_CHECKING:
    from venire.ratings.grouped import GroupedFit

__all__ = ["GroupedPosteriorDraws"]

MOST_HELD = 1 << 25  # numbers of theta that are held between two questions, at most


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GroupedPosteriorDraws(OfGroups):
    """Draws from the normal approximations around fits of many groups, as `sample` returns them.

    ``draws[label]`` are those of one group, a `PosteriorDraws`; what they tell of its items, these
    tell of the items of all groups. It is nan where a group has no fit of its comparisons.

    Attributes
    ----------
    fit : GroupedFit
        What the draws are around.
    errors : {"fisher", "robust"}
        Whose covariance they have.
    key : tuple of int
        The stream: draw k of a group depends on the group's own fit and label, `errors`, `key` and
        k only.
    n_resamples : int
        Number of draws.

    Examples
    --------
    >>> import venire as vn
    >>> g = vn.GroupedComparisons.from_counts(
    ...     ["q", "q", "r"], ["a", "b", "a"], ["b", "c", "c"], [30, 20, 60], [10, 20, 40]
    ... )
    >>> draws = vn.fit_groups(g).sample(2000, rng=1)
    >>> draws.prob_best().round(1).tolist()
    [1.0, 0.0, 0.0, 1.0, 0.0]
    >>> bool(draws["q"].prob_better("a", "b") > 0.99)
    True
    """

    fit: GroupedFit
    errors: str
    key: tuple[int, int]
    n_resamples: int
    _own: GroupedPosteriorDraws | None = None
    _cache: dict[str, Any] = field(default_factory=dict)

    scheme = "posterior"

    @property
    def drawn(self) -> NDArray[np.bool_]:
        """Whether each group has a fit of its comparisons to draw around, (n_groups,) bool."""
        return np.isfinite(self.fit.residual) & (np.diff(self.fit.comparisons.cell_offsets) > 0)

    @property
    def theta(self) -> NDArray[np.float64]:
        """All draws, (n_resamples, n_items): as large as that."""
        return frozen(self._numbers((self.n_resamples,), lambda d: d.theta.T).T)

    def mean(self) -> NDArray[np.float64]:
        """Mean of the draws, (n_items,)."""
        return self._numbers((), lambda d: d.mean())

    def standard_errors(self) -> NDArray[np.float64]:
        """Standard deviations of the draws, (n_items,)."""
        return self._numbers((), lambda d: d.standard_errors())

    def prob_best(self) -> NDArray[np.float64]:
        """Share of the draws in which each item is the strongest of its group, (n_items,).

        See `PosteriorDraws.prob_best`.
        """
        return self._numbers((), lambda d: d.prob_best())

    def rank_probabilities(self, most: int | None = None) -> NDArray[np.float64]:
        """Share of the draws in which each item has each rank in its group, (n_items, most).

        Parameters
        ----------
        most : int, optional
            Ranks 1 to this one. Default: as many as the largest group has items. 0 for ranks that
            a group does not have.

        Raises
        ------
        ValueError
            If `most` is less than 1 or more than the items of the largest group.

        Examples
        --------
        >>> import venire as vn
        >>> g = vn.GroupedComparisons.from_counts(
        ...     ["q", "r"], ["a", "a"], ["b", "b"], [90, 20], [10, 20]
        ... )
        >>> vn.fit_groups(g).sample(500, rng=1).rank_probabilities()[0].tolist()
        [1.0, 0.0]
        """
        largest = int(np.diff(self.offsets).max(initial=1))
        most = largest if most is None else checks.whole(most, "most", 1, largest)

        def of_group(d: PosteriorDraws) -> NDArray[np.float64]:
            found = d.rank_probabilities(min(most, len(d.items)))
            return np.pad(found, ((0, 0), (0, most - found.shape[1])))

        return self._numbers((most,), of_group)

    def expected_regret(self) -> NDArray[np.float64]:
        """How far each item is expected to fall short of the strongest of its group, (n_items,).

        See `PosteriorDraws.expected_regret`.
        """
        return self._numbers((), lambda d: d.expected_regret())

    def __getitem__(self, label: Any) -> PosteriorDraws:
        """The draws of one group, with all that those offer.

        Parameters
        ----------
        label : int or str
            One of `groups`.

        Raises
        ------
        ValueError
            If there is no such group, or it has no fit.
        """
        own = self._own or self
        own.fit[label]  # refuses what has none
        return self._at(int(np.flatnonzero(self.groups == label)[0]))

    # ---- how ----------------------------------------------------------------------------------

    def _title(self) -> str:
        how = "" if self.errors == "fisher" else f" by {self.errors} errors"
        return (
            f"GroupedPosteriorDraws of {self.fit.model}: {self.n_resamples:,} draws of "
            f"{len(self.groups):,} groups{how}"
        )

    def _columns(self, level: float, interval: str) -> dict[str, NDArray[Any]]:
        names = ("standard_error", "lower", "upper", "prob_best", "expected_regret")

        def of_group(d: PosteriorDraws) -> NDArray[np.float64]:
            own = [d.prob_best(), d.expected_regret()]
            return np.column_stack([d.standard_errors(), d.interval(level, interval), *own])

        found = self._numbers((len(names),), of_group)
        columns = {
            "group": np.repeat(self.groups, np.diff(self.offsets)),
            "item": self.items,
            self.fit.rating: self.fit.theta,
            **dict(zip(names, found.T, strict=True)),
        }
        return self.fit.marked(columns)

    def _quantiles(self, probs: NDArray[np.float64], here: Any) -> NDArray[np.float64]:
        return self._numbers((len(probs),), lambda d: d.quantiles(probs))[here]

    def _bounds(self, level: float, interval: str, here: Any) -> NDArray[np.float64]:
        if interval not in ("percentile", "basic"):
            refuse_interval()
        return self._numbers((2,), lambda d: d.interval(level, interval))[here]

    def _accelerations(self, here: Any) -> NoReturn:
        refuse_interval()

    def _studentized(self, here: Any) -> NoReturn:
        refuse_interval()

    def _numbers(
        self, shape: tuple[int, ...], function: Callable[[PosteriorDraws], Any]
    ) -> NDArray[np.float64]:
        """What `function` finds of the draws of each group, (n_items, *shape)."""
        return self._each(np.full((len(self.items), *shape), np.nan), function)

    def _has_draws(self) -> NDArray[np.bool_]:
        return self.drawn

    def _at(self, k: int) -> PosteriorDraws:
        own = self._own or self
        held = own._cache.setdefault("held", {})
        found = held.get(k)
        if found is None:
            key = own._once("keys", lambda: group_keys(own.key, own.groups))[k]
            found = drawn(
                own.fit.single(k), own.errors, (int(key[0]), int(key[1])), own.n_resamples
            )
            if own.n_resamples * len(own.items) <= MOST_HELD:
                held[k] = found
        display = self.fit.display
        return found.rescale(display.scale, anchor=display.anchor, at=display.at)

    def _extended(self, more: int, progress: Any) -> GroupedPosteriorDraws:
        own = replace(self._own or self, n_resamples=self.n_resamples + more, _cache={})
        if progress is not None:  # they are made when something is asked
            progress(more, more)
        return own if self._own is None else own._shown_as(self.fit)

    def _shown_as(self, fit: GroupedFit) -> GroupedPosteriorDraws:
        return replace(self, fit=fit, _own=self, _cache={})
