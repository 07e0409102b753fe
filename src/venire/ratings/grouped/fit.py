"""The result of the fits of many groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.summary import Summary
from venire._core.tables import Table
from venire._core.views import Sampled
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.grouping import group_at
from venire.data.lookup import GroupLookup
from venire.data.rows import frozen
from venire.models import model_of
from venire.priors import GaussianPrior, ItemPriors, item_priors
from venire.ratings._base import MOST_SHOWN, Ratings
from venire.ratings._errors import ERRORS, ParameterErrors
from venire.ratings._evidence import Evidence
from venire.ratings._quasi import RelativeEstimates
from venire.ratings._sides import sides
from venire.ratings.fit import Fit
from venire.ratings.grouped import _shown, _standing, _uncertainty, batches, scaling
from venire.scales import Display

__all__ = ["GroupedFit"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GroupedFit(Ratings, Sampled):
    """Ratings of the items of many groups, as `fit_groups` returns them.

    ``gf[label]`` is the fit of one group. What is one number of a `Fit` is an array here, one of
    each group.

    Attributes
    ----------
    theta : ndarray of float64, shape (n_items,)
        Log-strength, mean 0 in each group (in each component of a group that falls into several),
        or that of a prior that all items share; of an origin of its own where priors differ.
        nan where the group has no finite fit; the prior's mean, or 0, where it has no comparisons.
    tie : ndarray of float64, shape (n_groups,), or None
        nu (Davidson) or eta (Rao-Kupper) of each group, 0 or 1 where it has no ties, nan where it
        has no fit or no comparisons. One float if shared.
    order_effect : ndarray of float64, shape (n_groups,), or None
        gamma of each group, nan likewise. One float if shared.
    shared : bool
        Order effect and tie parameter are those of all groups.
    status : ndarray of str, shape (n_groups,)
        "converged"; "not identified": there is no unique finite fit (theta is nan), or, without a
        prior, several components that never met were fitted each by itself; "no comparisons";
        "iteration limit".
    residual : ndarray of float64, shape (n_groups,)
        Largest derivative of the objective relative to the weight it belongs to.
    n_iter : ndarray of int32, shape (n_groups,)
        Newton iterations.
    n_components : ndarray of int32, shape (n_groups,)
        Connected components of each group's comparisons.
    evidence : Evidence or None
        How the data chose the one precision of `prior`, where they did.

    Examples
    --------
    >>> import venire as vn
    >>> g = vn.GroupedComparisons(["q", "q", "r"], ["a", "b", "a"], ["b", "c", "c"], [1, 0.8, 0.2])
    >>> gf = vn.fit_groups(g)
    >>> gf.theta[gf.offsets[1] : gf.offsets[2]].round(2).tolist()
    [-0.67, 0.67]
    >>> gf.to_frame("dict")["group"].tolist()
    ['q', 'q', 'q', 'r', 'r']
    """

    comparisons: GroupedComparisons
    model: str
    prior: GaussianPrior | None
    theta: np.ndarray
    tie: Any = None
    order_effect: Any = None
    shared: bool = False
    status: np.ndarray
    residual: np.ndarray
    n_iter: np.ndarray
    n_components: np.ndarray
    tol: float = 1e-9
    n_threads: int = 1
    scale: str = ""
    shared_values: np.ndarray  # gamma and log tie of all groups, as present
    evidence: Evidence | None = None
    _unit: Any = 1.0
    _fitted: GroupedFit | None = None
    _display: Display | None = None
    _cache: dict[Any, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if not self.scale:
            object.__setattr__(self, "scale", self._own_scale())
        for name, value in list(self.__dict__.items()):
            object.__setattr__(self, name, frozen(value))

    def __repr__(self) -> str:
        good = int(np.count_nonzero(self.converged))
        return (
            f"<GroupedFit {self.model}: {len(self.groups):,} groups, {good:,} converged, "
            f"{len(self.items):,} items>"
        )

    @property
    def groups(self) -> np.ndarray:
        """Labels of the groups, (n_groups,)."""
        return self.comparisons.groups

    @property
    def offsets(self) -> np.ndarray:
        """The items of group k are those from ``offsets[k]`` to ``offsets[k + 1]``."""
        return self.comparisons.offsets

    @property
    def converged(self) -> np.ndarray:
        """Whether each group converged, (n_groups,) bool."""
        return self.status == "converged"

    def standard_errors(self, errors: str = "fisher") -> np.ndarray:
        """Standard errors of theta, as deviations from the mean of the item's group, (n_items,).

        The square roots of the diagonal of the inverse information (prior included) on the
        subspace where theta has mean 0 in each component; order effect and tie parameter count as
        estimated. nan where there is no fit. Of an item that was never compared: of theta itself by
        the prior, 1 / sqrt(precision), or nan without one. Priors that differ from item to item
        give theta an origin: then of the whole inverse.

        Parameters
        ----------
        errors : {"fisher", "robust"}
            "robust" where groups share no parameters; nan where votes are soft, for groups do not
            keep the squares of their rows' scores.

        Notes
        -----
        Computed when first asked for. A sparse group costs about as much as its fit, a dense one
        of k items k**3 operations and 16 k**2 bytes per thread. A group of over 2,000 items is
        treated as a single fit, and all are for "robust".
        """
        checks.one_of(errors, "errors", ERRORS)
        fitted = self.own
        if self.display.anchor is not None:
            found = self._once(("anchored", errors), lambda: _uncertainty.one_by_one(self, errors))
        elif errors == "robust":
            found = fitted._once("robust", lambda: _uncertainty.one_by_one(fitted, "robust"))
        elif self.scale == scaling.STANDARDIZED:  # about the mean of the group
            return self.deviation_errors()
        else:
            found = fitted._once("errors", lambda: _uncertainty.compute_errors(fitted)).theta
        return found if self._fitted is None else frozen(found * self._unit)

    def deviation_errors(self) -> np.ndarray:
        """Standard errors of theta less the level of its group, (n_items,).

        The level is that of the group's largest component: the mean, weighted by the precision of
        priors that go by item. Outside that component the error of the item's own level is part of
        it, which a prior knows, or nobody (nan). 0 for the only item of a group.
        """
        fitted = self.own
        found = fitted._once("errors", lambda: _uncertainty.compute_errors(fitted)).in_group
        return found if self._fitted is None else frozen(found * self._unit)

    def component_errors(self) -> np.ndarray:
        """Standard errors of theta less the level of its component, (n_items,).

        They leave out what only a prior says of levels, but for an item that was never compared in
        a group of several.
        """
        fitted = self.own
        found = fitted._once("errors", lambda: _uncertainty.compute_errors(fitted)).in_component
        return found if self._fitted is None else frozen(found * self._unit)

    def level_errors(self) -> np.ndarray:
        """Standard errors of the level of each item's component; see `Ratings.level_errors`."""
        fitted = self.own
        return self._unit * np.sqrt(fitted._once("levels", lambda: _standing.levels(fitted))[0])

    def difference_variances(self) -> np.ndarray:
        """Variance of theta_first - theta_second for each cell of `comparisons`, (n_cells,).

        From the same inverse as the standard errors; nan where there is no fit. On the scale of the
        model.

        Raises
        ------
        ValueError
            If theta is on another scale.

        Notes
        -----
        Computed when first asked for, together with the standard errors and at their cost: of the
        covariance only the entries of pairs that were compared are needed.

        Examples
        --------
        >>> import venire as vn
        >>> gf = vn.fit_groups(vn.GroupedComparisons([1], ["a"], ["b"], [0.5], [8.0]), prior=None)
        >>> gf.difference_variances().tolist()
        [0.5]
        """
        if "errors" not in self._cache or self._cache["errors"].differences is None:
            self._cache["errors"] = _uncertainty.compute_errors(self, differences=True)
        return self._cache["errors"].differences

    def parameter_errors(self, errors: str = "fisher") -> ParameterErrors:
        """Standard errors of the order effect and of the tie parameter; see `Ratings`.

        Of each group, or of all if they are shared; "robust" where they are not.
        """
        checks.one_of(errors, "errors", ERRORS)
        fitted = self.own
        if errors == "robust":
            return _uncertainty.robust_parameter_errors(fitted)
        return fitted._once("errors", lambda: _uncertainty.compute_errors(fitted)).parameters

    def relative_to(self, reference: Any, *, errors: str = "fisher") -> RelativeEstimates:
        """Ratings relative to an item that groups have in common; see `Fit.relative_to`.

        Parameters
        ----------
        reference : label
        errors : {"fisher", "robust"}

        Returns
        -------
        RelativeEstimates
            Named tuple (items, estimates, standard_errors), each (n_items,); nan in groups without
            the item, and where there is no fit.

        Raises
        ------
        ValueError
            If no group has the item, groups share parameters, or the fit was standardized.
        """
        shown = self.rescale(self.scale, anchor=reference, at=0.0)
        return RelativeEstimates(self.items, shown.theta, shown.standard_errors(errors))

    def predict(self, group: Any, first: Any, second: Any, *, order: Any = 0) -> np.ndarray:
        """Probabilities of the outcomes of comparisons within groups.

        Parameters
        ----------
        group : array_like of labels, shape (n,)
        first, second : array_like of labels, shape (n,)
            Of items of the groups.
        order : array_like of int
            As in `Fit.predict`.

        Returns
        -------
        ndarray of float64, shape (n,) or (n, 3)
            As `Fit.predict`; nan where a group has no fit.

        Raises
        ------
        ValueError
            If a group or a label is unknown, or an order is not -1, 0 or 1.

        Examples
        --------
        >>> import venire as vn
        >>> g = vn.GroupedComparisons.from_counts(["q"], ["a"], ["b"], win=[3.0], loss=[1.0])
        >>> gf = vn.fit_groups(g, prior=None)
        >>> gf.predict(["q", "q"], ["a", "b"], ["b", "a"]).round(6)
        array([0.75, 0.25])
        """
        lookup = GroupLookup(self.groups, self.offsets, self.items)
        k = lookup.group(group, "group")
        theta = self.own.theta
        d = theta[lookup.item(k, first, "first")] - theta[lookup.item(k, second, "second")]
        side = np.broadcast_to(sides(order, d.shape), d.shape)
        law, row = model_of(self.model).tie, model_of(self.model)
        out = np.empty(d.shape if law is None else (*d.shape, 3))
        for one in np.unique(k).tolist():
            mine = k == one
            tie, gamma = self._own(self.tie, one), self._own(self.order_effect, one)
            with np.errstate(divide="ignore"):
                log_tie = 0.0 if tie is None else float(np.log(tie))
            out[mine] = row.probabilities(d[mine] + (gamma or 0.0) * side[mine], log_tie)
        return out

    @property
    def log_likelihood(self) -> np.ndarray:
        """Log-likelihood of each group, (n_groups,), without the prior; nan without a fit."""
        if "log_likelihood" not in self._cache:
            value = np.where(self.status == "no comparisons", 0.0, np.nan)
            native, e = self.native()
            batches.in_batches(
                self.comparisons,
                lambda a, b: native.log_likelihoods(e, a, b, value, self.n_threads),
            )
            self._cache["log_likelihood"] = value
        return self._cache["log_likelihood"]

    @property
    def n_comparisons(self) -> float:
        """Weight of all comparisons."""
        return self.comparisons.n_comparisons

    @property
    def item_weights(self) -> np.ndarray:
        """Weight of each item's comparisons, (n_items,)."""
        return self._once("weights", lambda: batches.item_weights(self.comparisons))

    def standardize(self) -> GroupedFit:
        """The fit with theta of mean 0 and standard deviation 1 in each group.

        It makes groups comparable only as far as their items are alike: same mean, same spread.
        `calibrate` needs no such assumption.

        Returns
        -------
        GroupedFit
            Of scale "standardized"; a group of one item or of equal ones gets 0.

        Examples
        --------
        >>> import venire as vn
        >>> gf = vn.fit_groups(vn.GroupedComparisons([1], ["a"], ["b"], [0.9]))
        >>> gf.standardize().theta.tolist()
        [1.0, -1.0]
        """
        fitted = self.own
        theta, unit = scaling.standardized(fitted.theta, fitted.offsets)
        return fitted._on(Display(scaling.STANDARDIZED), theta, unit)

    __iter__ = None  # labels are not positions: Python would count from 0

    def __getitem__(self, label: Any) -> Fit:
        """The fit of one group as a single fit, with all that those offer.

        Parameters
        ----------
        label : int or str
            One of `groups`.

        Raises
        ------
        ValueError
            If there is no such group, it has no fit, or theta is on another scale.
        """
        k = group_at(self.groups, label)
        if not np.isfinite(self.residual[k]) or self.status[k] == "no comparisons":
            checks.fail("label", f"the group has no fit ({self.status[k]})", value=label)
        self.require_own_scale()
        return self.single(k)

    # ---- how ----------------------------------------------------------------------------------

    @property
    def _priors(self) -> ItemPriors:
        return self._once(
            "priors", lambda: item_priors(self.prior, self.items, self.groups, self.offsets)
        )

    def _own(self, values: Any, k: int) -> float | None:
        """A parameter of group `k`."""
        return values if values is None or isinstance(values, float) else float(values[k])

    def _together(self) -> np.ndarray:
        """A number for each item, (n_items,), the same for those that compare."""
        n = len(self.groups)
        block = scaling.group_of_item(self).astype(np.float64)
        if self.prior is None:  # components of a group do not
            for k in np.flatnonzero(self.n_components > 1).tolist():
                if np.isfinite(self.residual[k]) and self.status[k] != "no comparisons":
                    part = self.comparisons[self.groups[k]].components().labels
                    block[self.offsets[k] : self.offsets[k + 1]] = n + k + part / len(part)
        return block

    def _anchors(self, anchor: Any) -> np.ndarray:
        return scaling.anchors(self, anchor, self._together())

    def _find_determined(self) -> np.ndarray:
        return _standing.determined(self)

    def _find_ranks(self) -> np.ndarray:
        return _standing.rank_items_in_groups(self)

    def _columns(self, *asked: Any) -> dict[str, np.ndarray]:
        group = np.repeat(self.groups, np.diff(self.offsets))
        return {"group": group} | super()._columns(*asked)

    def _summary(self, level: float, top: int | None, errors: str | None) -> Summary:
        columns = self.marked(self._columns(level, errors))
        return _shown.summarise(self, columns, level, top, errors)

    def _table(self, top: int | None) -> Table:
        many = len(self.items) > MOST_SHOWN
        return _shown.groups(self, top) if many else super()._table(top)

    def single(self, k: int) -> Fit:
        """The fit of the group at position `k`, which has one."""
        c = self.comparisons.at(k)
        return Fit(
            comparisons=c,
            model=self.model,
            theta=self.theta[self.offsets[k] : self.offsets[k + 1]],
            tie=self._own(self.tie, k),
            order_effect=self._own(self.order_effect, k),
            prior=self._priors.part(slice(self.offsets[k], self.offsets[k + 1])),
            log_likelihood=float(self.log_likelihood[k]),
            residual=float(self.residual[k]),
            converged=bool(self.status[k] != "iteration limit"),
            n_iter=int(self.n_iter[k]),
            component=c.components().labels,
            tol=self.tol,
            n_threads=self.n_threads,
        )

    def native(self) -> tuple[Any, Any]:
        """The cells and the estimates as the native layer sees them."""
        from venire._native.grouped import STATUSES, Estimates

        self.require_own_scale()
        row = model_of(self.model)
        has_tie = row.tie is not None and self.comparisons.cells.tie is not None
        if self.shared:
            has_tie = len(self.shared_values) > (self.order_effect is not None)
        native = batches.native_groups(
            self.comparisons,
            row.fitted(has_tie).name,
            prior=self._priors,
            order_effect=self.order_effect is not None,
            shared=self.shared,
        )
        native.fix(self.shared_values)
        own = not self.shared
        e = Estimates(0, 0, False, False)
        e.theta = self.theta
        e.gamma = self.order_effect if own else None
        if row.tie is not None and has_tie and own:
            with np.errstate(divide="ignore"):
                e.log_tie = np.log(self.tie)
            # a tie parameter of 1 and less than an ulp is 1; on its boundary no tie could be
            e.log_tie = np.maximum(e.log_tie, row.tie.log_boundary + 2.0**-54)
        e.residual, e.n_iter, e.n_parts = self.residual, self.n_iter, self.n_components
        e.status = np.select([self.status == name for name in STATUSES], range(len(STATUSES)), 0)
        e.status = e.status.astype(np.int8)
        return native, e
