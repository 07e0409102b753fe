"""The result of a fit of rankings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.lookup import Lookup
from venire.priors import ItemPriors, item_priors
from venire.ratings import _standing
from venire.ratings._rank_intervals import rank_intervals
from venire.ratings._ranking_errors import RankingInformation
from venire.ratings._ranking_labels import TupleLookup, labels_of
from venire.ratings.fit import Fit

if TYPE_CHECKING:
    from venire.data.rankings import Rankings

__all__ = ["PlackettLuceFit"]

FEW = 5  # rankings, or clusters, of an item: from so many on their spread says something


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PlackettLuceFit(Fit):
    """Ratings of items from rankings, as `fit_plackett_luce` returns them.

    All that a `Fit` of comparisons tells, and in the same way: errors, intervals, ranks, frames,
    pictures, draws. Robust errors are by ranking, or by cluster where the rankings have any.

    Attributes
    ----------
    rankings : Rankings
        What was fitted.
    items : ndarray, shape (n_items,)
        Labels; of rankings in groups tuples (group, item).
    theta : ndarray of float64, shape (n_items,)
        Log-strength, mean 0 in each component, or that of a prior that all items share.
    log_likelihood : float
        Without the prior, and without the number of orders of tied items. The deviance is against
        a model in which each ranking was certain.

    Examples
    --------
    >>> import venire as vn
    >>> r = vn.Rankings([["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "c", "b"]])
    >>> fit = vn.fit_plackett_luce(r)
    >>> fit
    <PlackettLuceFit: 3 items, 4 rankings, converged>
    >>> fit.items[fit.ranks() == 1].tolist()
    ['a']
    """

    comparisons: Any  # the rankings: what all ratings name so
    method: str = "quasi-newton"

    counted: ClassVar[str] = "rankings"

    def __repr__(self) -> str:
        return super().__repr__().replace(f"<Fit {self.model}", f"<{type(self).__name__}")

    @property
    def rankings(self) -> Rankings:
        """What was fitted."""
        return self.comparisons

    @property
    def items(self) -> np.ndarray:
        """Labels of the items, (n_items,); of rankings in groups tuples (group, item)."""
        return self._once("items", lambda: labels_of(self.rankings))

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """None: rankings have no covariates."""
        return ()

    @property
    def groups(self) -> np.ndarray | None:
        """Position of each item's group among the rankings' groups, (n_items,); None: no groups."""
        at = self.rankings.item_offsets
        return None if at is None else np.repeat(np.arange(len(at) - 1), np.diff(at))

    @property
    def item_priors(self) -> ItemPriors:
        """What the prior, or none, is for the items."""
        r = self.rankings
        return item_priors(self.prior, r.items, r.groups, r.item_offsets)

    @property
    def dispersion(self) -> float:
        """nan: rankings have no variance that the model would say beside their order."""
        return float("nan")

    def errors_note(self, errors: str) -> str:
        """What one should know of standard errors of this kind, for those who print them; or ""."""
        notes = [] if self._information.is_exact() else [self.sampled_errors(errors).note]
        few = np.count_nonzero(self._information.seen < FEW) if errors == "robust" else 0
        if few:
            what = "rankings" if self.rankings.cluster is None else "clusters"
            notes.append(
                f"SE of {few} of {len(self.theta)} items are too small, maybe by far: they are in "
                f"fewer than {FEW} {what}, whose spread is all that robust errors know"
            )
        return "; ".join(notes)

    def best_first(self, *within: np.ndarray) -> np.ndarray:
        """As `Fit.best_first`; of rankings in groups one group after the other."""
        group = self.groups
        return super().best_first(*within, *([] if group is None else [group]))

    def rank_interval(self, level: float = 0.95, errors: str = "fisher") -> NDArray[np.int64]:
        """Intervals of the ranks that hold for all items together; see `Fit.rank_interval`.

        Of rankings in groups: within each group, and for all items of the group together.
        """
        group = self.groups
        if group is None:
            return super().rank_interval(level, errors)
        level, own = checks.level(level), self.own
        out = np.empty((len(group), 2), np.int64)
        for k in range(int(group.max()) + 1):
            here = np.flatnonzero(group == k)
            out[here] = rank_intervals(own, level, errors, here)
        return out

    def update(self, new: Any = None, *, progress: Any = None, **rows: Any) -> NoReturn:
        """Refused: fit all rankings, old and new, with ``init=`` this fit."""
        checks.fail(
            "fit", "rankings are not added to a fit",
            cure="fit all of them from here: fit_plackett_luce(rankings, init=fit)", kind=TypeError,
        )  # fmt: skip

    def predict(
        self, first: Any, second: Any, *, order: Any = 0, covariates: Any = None
    ) -> np.ndarray:
        """Probabilities that an item is ranked above another, whatever others there are.

        Parameters
        ----------
        first, second : array_like of labels
            Broadcast against each other.
        order, covariates
            Rankings have no order effect and no covariates.

        Returns
        -------
        ndarray of float64
            P(first above second), in the shape of the labels.

        Raises
        ------
        ValueError
            If a label is unknown, or two items are of different components and there is no prior.

        Examples
        --------
        >>> import venire as vn
        >>> r = vn.Rankings([["a", "b"], ["a", "b"], ["b", "a"]])
        >>> vn.fit_plackett_luce(r).predict(["a"], ["b"]).round(6)
        array([0.666667])
        """
        return super().predict(first, second, order=order, covariates=covariates)

    def predict_choice(self, items: Any) -> NDArray[np.float64]:
        """Probabilities that each item of a set is ranked first in it.

        Parameters
        ----------
        items : array_like of labels, shape (..., m)
            Sets of m items each.

        Returns
        -------
        ndarray of float64, shape (..., m)
            They sum to 1 over the last axis.

        Raises
        ------
        ValueError
            If a label is unknown, or the items of a set are of different components and there is no
            prior.

        Examples
        --------
        >>> import venire as vn
        >>> r = vn.Rankings([["a", "b"], ["a", "b"], ["b", "a"]])
        >>> vn.fit_plackett_luce(r).predict_choice(["a", "b"]).round(6)
        array([0.666667, 0.333333])
        """
        theta = self._thetas(items, "items")
        share = np.exp(theta - theta.max(axis=-1, keepdims=True))
        return share / share.sum(axis=-1, keepdims=True)

    def predict_ranking(
        self, items: Any, *, ranked: int | None = None, log: bool = False
    ) -> NDArray[np.float64]:
        """Probabilities that items come in the order in which they are given.

        Parameters
        ----------
        items : array_like of labels, shape (..., m)
            Best first.
        ranked : int, optional
            How many at the front are in order; the others are below them. Default: all.
        log : bool, default False
            Return logarithms.

        Returns
        -------
        ndarray of float64, shape (...)

        Raises
        ------
        ValueError
            As `predict_choice`; if `ranked` is not from 1 to m.

        Examples
        --------
        >>> import venire as vn
        >>> r = vn.Rankings([["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]])
        >>> fit = vn.fit_plackett_luce(r)
        >>> float(fit.predict_ranking(["c", "b", "a"]).round(3))
        0.167
        >>> float(fit.predict_ranking(["c", "b", "a"], ranked=1).round(3))
        0.333
        """
        theta = self._thetas(items, "items")
        m = theta.shape[-1]
        stages = m if ranked is None else checks.whole(ranked, "ranked", 1, m)
        left = np.logaddexp.accumulate(theta[..., ::-1], axis=-1)[..., ::-1]
        value = (theta - left)[..., :stages].sum(axis=-1)
        return value if checks.flag(log, "log") else np.exp(value)

    # ---- how ----------------------------------------------------------------------------------

    def _thetas(self, items: Any, name: str) -> NDArray[np.float64]:
        """Theta of sets of items that compare, in the shape of the labels."""
        place = self._lookup(items, name)
        if place.ndim == 0 or place.shape[-1] == 0:
            checks.fail(name, "must hold at least one label")
        if (np.diff(np.sort(place, axis=-1), axis=-1) == 0).any():
            checks.fail(name, "an item stands twice in one set", value=items)
        own = self.component[place]
        if self.prior is None and (own != own[..., :1]).any():
            checks.fail(
                name, "hold items of different components, each fitted by itself, which do not "
                "compare; a prior would put all items on one scale", value=items,
            )  # fmt: skip
        return self.own.theta[place]

    @property
    def _information(self) -> RankingInformation:
        fitted: Any = self.own
        return fitted._once("information", lambda: RankingInformation(fitted))

    @property
    def _lookup(self) -> Lookup:
        grouped = self.rankings.item_offsets is not None
        return self._once("lookup", lambda: (TupleLookup if grouped else Lookup)(self.items))

    def _told(self) -> tuple[str, ...]:
        return ()

    def _find_determined(self) -> np.ndarray:
        group = self.groups
        if group is None:
            return super()._find_determined()
        return _standing.placed(group, np.asarray(self.component), self.item_weights)

    def _find_ranks(self) -> np.ndarray:
        return _standing.rank_items(self, self.groups)

    def _columns(self, *asked: Any) -> dict[str, np.ndarray]:
        columns = super()._columns(*asked)
        columns = {k.replace("n_comparisons", "n_rankings"): x for k, x in columns.items()}
        group = self.groups
        if group is None:
            return columns
        r = self.rankings
        assert r.groups is not None
        return {"group": r.groups[group]} | columns | {"item": r.items}
