"""The result of the fits of many groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from venire import scales
from venire._core import checks
from venire._core.frames import as_frame
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.grouping import group_at
from venire.models import model_of
from venire.priors import GaussianPrior, ItemPriors, item_priors
from venire.ratings.fit import Fit
from venire.ratings.grouped import _uncertainty, batches, scaling
from venire.ratings.grouped._uncertainty import GroupedParameterErrors

__all__ = ["GroupedFit", "GroupedParameterErrors"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GroupedFit:
    """Ratings of the items of many groups, as `fit_groups` returns them.

    Attributes
    ----------
    comparisons : GroupedComparisons
        What was fitted.
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    prior : GaussianPrior or None
    theta : ndarray of float64, shape (n_items,)
        Log-strength, mean 0 in each group (in each component of a group that falls into several),
        or that of a prior that all items share; of an origin of its own where priors differ.
        nan where the group has no finite fit; the prior's mean, or 0, where it has no comparisons.
        Read-only.
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
    tol : float
        Tolerance on the residual.
    n_threads : int
    scale : str
        Unit of theta: "logit" or "probit" as fitted; see `rescale` and `standardize`.

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
    _values: np.ndarray  # the shared gamma and log tie, as present
    _cache: dict[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if not self.scale:
            object.__setattr__(self, "scale", scales.scale_of(self.model))
        for name in (
            "theta",
            "tie",
            "order_effect",
            "status",
            "residual",
            "n_iter",
            "n_components",
        ):
            array = getattr(self, name)
            if isinstance(array, np.ndarray):
                array = array.view()
                array.flags.writeable = False
                object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        good = int(np.count_nonzero(self.converged))
        return (
            f"<GroupedFit {self.model}: {len(self.groups):,} groups, {good:,} converged, "
            f"{len(self.items):,} items>"
        )

    def __getstate__(self) -> dict[str, Any]:
        kept = {
            k: v for k, v in self._cache.items() if k in ("standard_errors", "deviation_errors")
        }
        return self.__dict__ | {"_cache": kept}

    @property
    def groups(self) -> np.ndarray:
        """Labels of the groups, (n_groups,)."""
        return self.comparisons.groups

    @property
    def offsets(self) -> np.ndarray:
        """The items of group k are those from ``offsets[k]`` to ``offsets[k + 1]``."""
        return self.comparisons.offsets

    @property
    def items(self) -> np.ndarray:
        """Labels of the items, (n_items,)."""
        return self.comparisons.items

    @property
    def converged(self) -> np.ndarray:
        """Whether each group converged, (n_groups,) bool."""
        return self.status == "converged"

    @property
    def standard_errors(self) -> np.ndarray:
        """Standard errors of theta, as deviations from the mean of the item's group, (n_items,).

        The square roots of the diagonal of the inverse information (prior included) on the
        subspace where theta has mean 0 in each component; order effect and tie parameter count as
        estimated. 0 for an item alone in its component, nan where there is no fit. Priors that
        differ from item to item give theta an origin: then of the whole inverse.

        Notes
        -----
        Computed when first asked for. A sparse group costs about as much as its fit, a dense one
        of k items k**3 operations and 16 k**2 bytes per thread. A group of over 2,000 items is
        treated as a single fit.
        """
        if "standard_errors" not in self._cache:
            _uncertainty.compute_errors(self)
        return self._cache["standard_errors"]

    @property
    def deviation_errors(self) -> np.ndarray:
        """Standard errors of theta less the level of its component, (n_items,).

        The level is the mean, weighted by the precision of priors that go by item. Only these give
        theta a level that can err: else these are the `standard_errors`.
        """
        if "deviation_errors" not in self._cache:
            _uncertainty.compute_errors(self)
        return self._cache["deviation_errors"]

    @property
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
        >>> gf.difference_variances.tolist()
        [0.5]
        """
        if "difference_variances" not in self._cache:
            _uncertainty.compute_errors(self, differences=True)
        return self._cache["difference_variances"]

    def parameter_errors(self) -> GroupedParameterErrors:
        """Standard errors of the order effect and of the tie parameter.

        Returns
        -------
        GroupedParameterErrors
            Named tuple (order_effect, tie).
        """
        if "parameter_errors" not in self._cache:
            _uncertainty.compute_errors(self)
        return self._cache["parameter_errors"]

    @property
    def log_likelihood(self) -> np.ndarray:
        """Log-likelihood of each group, (n_groups,), without the prior; nan without a fit."""
        if "log_likelihood" not in self._cache:
            value = np.where(self.status == "no comparisons", 0.0, np.nan)
            native, e = self._native()
            batches.in_batches(
                self.comparisons,
                lambda a, b: native.log_likelihoods(e, a, b, value, self.n_threads),
            )
            self._cache["log_likelihood"] = value
        return self._cache["log_likelihood"]

    @property
    def n_comparisons(self) -> np.ndarray:
        """Weight of each item's comparisons, (n_items,)."""
        if "n_comparisons" not in self._cache:
            g = self.comparisons
            total = np.zeros(g.n_items)
            for start, stop in batches.batches(g):
                cells = slice(g.cell_offsets[start], g.cell_offsets[stop])
                weight = g.win[cells] + g.loss[cells]
                if g.cells.tie is not None:
                    weight = weight + g.cells.tie[cells]
                base = np.repeat(g.offsets[start:stop], np.diff(g.cell_offsets[start : stop + 1]))
                items = slice(g.offsets[start], g.offsets[stop])
                base -= items.start
                for side in (g.first, g.second):
                    total[items] += np.bincount(
                        base + side[cells], weight, items.stop - items.start
                    )
            self._cache["n_comparisons"] = total
        return self._cache["n_comparisons"]

    def rescale(self, scale: str) -> GroupedFit:
        """The fit with theta and standard errors on another scale; see `venire.scales`.

        Parameters
        ----------
        scale : {"logit", "probit", "erf", "elo"}
            On "erf", P(i beats j) = (1 + erf(theta_i - theta_j)) / 2: exactly 1 / sqrt(2) of the
            probit. Logit is about 1.702 times the probit. "elo" is a display unit of mean 1000.

        Returns
        -------
        GroupedFit

        Raises
        ------
        ValueError
            If `scale` is none of these, or the fit was standardized.

        Examples
        --------
        >>> import venire as vn
        >>> gf = vn.fit_groups(vn.GroupedComparisons([1], ["a"], ["b"], [0.9]), model="thurstone")
        >>> ratio = gf.rescale("erf").theta / gf.theta
        >>> (ratio * 2**0.5).round(12).tolist()
        [1.0, 1.0]
        """
        return scaling.rescaled(self, scale)

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
        return scaling.standardized(self)

    def to_frame(self, backend: str | None = None, *, errors: bool = True) -> Any:
        """The ratings as a dataframe, one row per item.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        errors : bool
            False leaves out the standard errors, which then need not be computed.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns group, item, theta, standard_error, n_comparisons.

        Raises
        ------
        ValueError
            If `backend` is none of its choices.
        """
        sizes = np.diff(self.offsets)
        columns = {
            "group": np.repeat(self.groups, sizes), "item": self.items, "theta": self.theta,
        }  # fmt: skip
        if checks.flag(errors, "errors"):
            columns["standard_error"] = self.standard_errors
        columns["n_comparisons"] = self.n_comparisons
        return as_frame(columns, backend)

    def group(self, label: Any) -> Fit:
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
        if self.scale != scales.scale_of(self.model):
            raise ValueError(f"theta is on the scale {self.scale!r}: ask the fit itself")
        return self._single(k)

    @property
    def _priors(self) -> ItemPriors:
        if "priors" not in self._cache:
            own = item_priors(self.prior, self.items, self.groups, self.offsets)
            self._cache["priors"] = own
        return self._cache["priors"]

    # ---- how --------------------------------------------------------------------------------

    def _single(self, k: int) -> Fit:
        c = self.comparisons.at(k)
        tie, gamma = (
            x if x is None or isinstance(x, float) else float(x[k])
            for x in (self.tie, self.order_effect)
        )
        return Fit(
            comparisons=c,
            model=self.model,
            theta=self.theta[self.offsets[k] : self.offsets[k + 1]],
            tie=tie,
            order_effect=gamma,
            prior=self._priors.part(slice(self.offsets[k], self.offsets[k + 1])),
            log_likelihood=float(self.log_likelihood[k]),
            residual=float(self.residual[k]),
            converged=bool(self.status[k] != "iteration limit"),
            n_iter=int(self.n_iter[k]),
            component=c.components().labels,
            tol=self.tol,
            n_threads=self.n_threads,
        )

    def _native(self) -> tuple[Any, Any]:
        """The cells and the estimates as the native layer sees them."""
        from venire._native.grouped import STATUSES, Estimates

        if self.scale != scales.scale_of(self.model):
            raise ValueError(f"theta is on the scale {self.scale!r}: ask the fit itself")
        row = model_of(self.model)
        has_tie = row.tie is not None and self.comparisons.cells.tie is not None
        if self.shared:
            has_tie = len(self._values) > (self.order_effect is not None)
        native = batches.native_groups(
            self.comparisons,
            row.fitted(has_tie).name,
            prior=self._priors,
            order_effect=self.order_effect is not None,
            shared=self.shared,
        )
        native.fix(self._values)
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
