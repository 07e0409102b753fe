"""What draws of many groups have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core.summary import stopped
from venire.resampling._base import OfFits

if TYPE_CHECKING:
    from venire.ratings.grouped import GroupedFit

__all__ = ["OfGroups"]


class OfGroups(OfFits):
    """Draws of theta of the fits of many groups: `GroupedBootstrap` by resampling,
    `GroupedPosteriorDraws` by their information."""

    fit: GroupedFit

    @property
    def groups(self) -> NDArray[Any]:
        """Labels of the groups, (n_groups,)."""
        return self.fit.groups

    @property
    def offsets(self) -> NDArray[np.int64]:
        """The items of group k are those from ``offsets[k]`` to ``offsets[k + 1]``."""
        return self.fit.offsets

    @property
    def items(self) -> NDArray[Any]:
        """Labels of the items, (n_items,)."""
        return self.fit.items

    def rank_interval(
        self, level: float = 0.95, *, simultaneous: bool = False
    ) -> NDArray[np.int64]:
        """Intervals of the items' ranks within their groups, 1 the strongest.

        Parameters
        ----------
        level, simultaneous
            As in `Bootstrap.rank_interval`. Where only a summary was kept, all is fitted once more.

        Returns
        -------
        ndarray of int64, shape (n_items, 2)
            Best and worst rank: all of the group's where there is nothing to draw from.

        Examples
        --------
        >>> import venire as vn
        >>> g = vn.GroupedComparisons.from_counts(
        ...     ["q", "r"], ["a", "a"], ["b", "b"], [90, 20], [10, 20]
        ... )
        >>> vn.bootstrap(vn.fit_groups(g), 200, rng=1).rank_interval(0.8).tolist()
        [[1, 1], [2, 2], [1, 2], [1, 2]]
        """
        sizes = np.diff(self.offsets)
        out = np.ones((len(self.items), 2), np.int64)
        out[:, 1] = np.repeat(sizes, sizes)
        own = self._own or self  # ranks are the same in all units
        return own._each(out, lambda d: d.rank_interval(level, simultaneous=simultaneous))

    __iter__ = None  # labels are not positions: Python would count from 0

    # ---- what each kind brings ----------------------------------------------------------------

    def _has_draws(self) -> NDArray[np.bool_]:
        """Whether there is anything to draw from in each group, (n_groups,)."""
        raise NotImplementedError

    def _at(self, k: int) -> Any:
        """The draws of the group at position `k`, shown as these are."""
        raise NotImplementedError

    # ---- how ----------------------------------------------------------------------------------

    def _troubles(self) -> list[str]:
        return stopped(self.groups, self.fit.status)

    def _estimate(self) -> NDArray[np.float64]:
        return self.fit.theta

    def _each(self, out: NDArray[Any], function: Callable[[Any], Any]) -> NDArray[Any]:
        """`out` with what `function` finds of each group's draws, where there are any."""
        for k in np.flatnonzero(self._has_draws()).tolist():
            here = slice(self.offsets[k], self.offsets[k + 1])
            if not np.isnan(self.fit.theta[here]).all():  # without the anchor
                out[here] = function(self._at(k))
        return out
