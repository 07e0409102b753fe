"""What compares the items of one fit: covariances, differences, and all items with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core import checks
from venire.data.lookup import Lookup
from venire.ratings._base import Ratings
from venire.ratings._errors import Information
from venire.ratings._quasi import QuasiVariances, RelativeEstimates, quasi_variances
from venire.ratings._rank_intervals import rank_intervals

__all__ = ["Contrasts"]


class Contrasts(Ratings):
    """A fit of one list of items, as far as they are compared with each other."""

    if TYPE_CHECKING:
        component: np.ndarray
        prior: Any

    def covariance(
        self, errors: str = "fisher", *, items: Any = None, full: bool = False
    ) -> np.ndarray:
        """Covariance matrix of theta.

        The inverse information on the subspace where theta has mean 0 in each component: its
        pseudo-inverse when there is no prior. An item alone in its component has the variance of
        the prior, nan without one. With an anchor: of the differences from it.

        Parameters
        ----------
        errors : {"fisher", "robust"}
        items : array_like of labels, optional
            Only these, in this order. On a graph too large for a dense inverse each costs a solve.
        full : bool
            Append the order effect and the log of the tie parameter, those that are free.

        Returns
        -------
        ndarray of float64, shape (q, q)

        Raises
        ------
        ValueError
            If a label is unknown, or the matrix would have over 8,000 rows.
        """
        chosen = np.arange(len(self.theta)) if items is None else self.positions(items)
        full, n = checks.flag(full, "full"), len(chosen)
        if self._anchor is None:
            found = self._information.covariance(errors, chosen, full)
        else:
            found = self._information.anchored_covariance(self._anchor, errors, chosen, full)
            lost = np.flatnonzero(np.isnan(self.theta[chosen]))
            found[lost] = found[:, lost] = np.nan
        found[:n] *= self._unit
        found[:, :n] *= self._unit
        return found

    def difference_errors(
        self,
        first: Any,
        second: Any,
        *,
        errors: str = "fisher",
        method: str = "auto",
        n_samples: int | None = None,
        rng: Any = 0,
    ) -> np.ndarray:
        """Standard errors of theta of `first` minus theta of `second`.

        Parameters
        ----------
        first, second : array_like of labels
            Broadcast against each other.
        errors, method, n_samples, rng
            As in `standard_errors`. On a graph too large for a dense inverse up to 256 differences
            are exact (a solve each), more are sampled (200 draws: 5 %).

        Returns
        -------
        ndarray of float64, shape of the broadcast labels

        Raises
        ------
        ValueError
            If a label is unknown, or a pair is of two components without a prior. With one, the
            prior's own uncertainty about where each component lies is part of the error.
        """
        i, j = self.pairs(first, second)
        args = (i.ravel(), j.ravel(), errors, method, n_samples, rng)
        return self._unit * self._information.difference_errors(*args).reshape(i.shape)

    def difference_covariance(
        self, first: Any, second: Any, *, errors: str = "fisher"
    ) -> np.ndarray:
        """Covariance matrix of the differences theta of `first` minus theta of `second`.

        Parameters as in `difference_errors`, labels of shape (n,); returns (n, n). ValueError as
        there, and for over 8,000 differences.
        """
        i, j = self.pairs(first, second)
        found = self._information.difference_covariance(i.ravel(), j.ravel(), errors)
        return self._unit**2 * found

    def relative_to(
        self, reference: Any, *, items: Any = None, errors: str = "fisher"
    ) -> RelativeEstimates:
        """Ratings relative to a reference item, as a table with a baseline prints them.

        Parameters
        ----------
        reference : label
        items : array_like of labels, optional
            Only these.
        errors : {"fisher", "robust"}

        Returns
        -------
        RelativeEstimates
            Named tuple (items, estimates, standard_errors).

        Raises
        ------
        ValueError
            If a label is unknown, or an item is of another component and there is no prior.
        """
        chosen = np.arange(len(self.theta)) if items is None else self.positions(items)
        labels = self.items[chosen]
        i, j = self.pairs(labels, reference, ("items", "reference"))
        if j.shape != labels.shape or (j[1:] != j[:-1]).any():
            checks.fail("reference", "must be the label of one item", value=reference)
        error = self.difference_errors(labels, self.items[j], errors=errors)
        theta = self._unit * self.own.theta
        return RelativeEstimates(self.items[i], theta[i] - theta[j], error)

    def rank_interval(self, level: float = 0.95, errors: str = "fisher") -> np.ndarray:
        """Intervals of the ranks, 1 the strongest, that hold for all items together.

        An item's best rank has all before it whose ratings are surely higher, its worst rank all
        behind it whose ratings are surely lower. Sure is what differs by more than a number of
        standard errors that all pairs keep within together: by the inequality of Sidak (1967,
        doi:10.1080/01621459.1967.10482935), whatever the correlations. How differences bound ranks:
        Mogstad, Romano, Shaikh and Wilhelm 2024, doi:10.1093/restud/rdad006.

        Parameters
        ----------
        level : float, default 0.95
            Chance that the intervals hold the ranks of all items.
        errors : {"fisher", "robust"}

        Returns
        -------
        ndarray of int64, shape (n_items, 2)
            Best and worst rank. All ranks of an item that is not `determined`, which others may
            stand before or behind.

        Raises
        ------
        ValueError
            If `level` or `errors` is out of range, or over 6,000 items are determined.

        Notes
        -----
        Needs the covariance of all items: O(n_items^3), 2,000 items in a second or two.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a", "b"], ["b", "c"], [300, 30], [100, 29])
        >>> vn.fit_bradley_terry(c).rank_interval(0.9).tolist()
        [[1, 1], [2, 3], [2, 3]]
        """
        return rank_intervals(self.own, checks.level(level), errors)

    def quasi_variances(self, *, items: Any = None, errors: str = "fisher") -> QuasiVariances:
        """Quasi-variances: Var(theta_i - theta_j) is about q_i + q_j for every pair at once.

        Minimises the squared differences of log(q_i + q_j) and the log of the variance, over the
        pairs within each component (Firth and de Menezes 2004, doi:10.1093/biomet/91.1.65).

        Parameters
        ----------
        items : array_like of distinct labels, optional
            Only these and the pairs among them; a few dozen are what one prints or draws.
        errors : {"fisher", "robust"}

        Returns
        -------
        QuasiVariances
            Named tuple (items, variances, standard_errors, relative_errors). A variance can be
            negative: then its standard error is nan.

        Raises
        ------
        ValueError
            If a component has over 3,000 of the items, a label is unknown or occurs twice.
        """
        chosen = np.arange(len(self.theta)) if items is None else self.positions(items)
        return quasi_variances(self, chosen, errors)

    def positions(self, items: Any) -> np.ndarray:
        """Positions of one label, or of some in a row, among `items`: (n,) int64."""
        return self._lookup.some(items, "items")

    def pairs(
        self, first: Any, second: Any, names: tuple[str, str] = ("first", "second")
    ) -> tuple[np.ndarray, np.ndarray]:
        """Positions of two lots of labels, broadcast against each other, that may be compared:
        ValueError for unknown labels, and for items of different components without a prior."""
        return self._lookup.pairs(first, second, names, self._apart)

    # ---- how ----------------------------------------------------------------------------------

    @property
    def _apart(self) -> np.ndarray | None:
        """The component of each item where they do not compare; None: all do."""
        return None if self.prior is not None else self.component

    def _anchors(self, anchor: Any) -> np.ndarray:
        place = self._lookup(anchor, "anchor")
        if place.ndim:
            checks.fail("anchor", "must be the label of one item", value=anchor)
        apart = np.zeros(len(self.theta)) if self._apart is None else self._apart
        return np.where(apart == apart[place], place, -1)

    @property
    def _anchor(self) -> int | None:
        """Position of the item that all are compared with, if there is one."""
        label = self.display.anchor
        return None if label is None else int(self._lookup(label, "anchor"))

    @property
    def _information(self) -> Information:
        fitted: Any = self.own
        return fitted._once("information", lambda: Information(fitted))

    @property
    def _lookup(self) -> Lookup:
        return self._once("lookup", lambda: Lookup(self.items))
