"""One way to fit all groups, or some: large ones one by one, small ones in native batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire.errors import NotIdentifiedError
from venire.models import model_of
from venire.priors import ItemPriors
from venire.ratings.fitting import fit_quietly
from venire.ratings.grouped import _shared, batches
from venire.ratings.grouped.batches import ENDLESS, MAX_ITER, PATIENCE

if TYPE_CHECKING:
    from venire._native.grouped import Estimates, Groups
    from venire.data.grouped_comparisons import GroupedComparisons

__all__ = ["Run"]


class Run:
    """Fits groups into the arrays of all, as often as it is called.

    Attributes
    ----------
    values : ndarray
        Of the parameters that all groups share, as present.
    """

    def __init__(
        self,
        g: GroupedComparisons,
        model: str,
        native: Groups,
        e: Estimates,
        priors: ItemPriors,
        order_effect: bool,
        shared: bool,
        has_tie: bool,
        start: NDArray[np.float64],
        tol: float,
        max_iter: int | None,
        n_threads: int,
        progress: batches.Progress | None,
    ) -> None:
        self.g, self.model, self.native, self.e, self.priors = g, model, native, e, priors
        self.order_effect, self.shared, self.has_tie = order_effect, shared, has_tie
        self.values = start if shared else np.empty(0)
        self.tol, self.n_threads, self.progress = tol, n_threads, progress
        self.limit = MAX_ITER if max_iter is None else int(max_iter)
        self.single = Single(g, model, order_effect, max_iter, n_threads)

    def set_precision(self, precision: float) -> None:
        """Another precision of the prior of all items."""
        self.native.set_precision(precision)  # where it goes by item, in the arrays of `priors`
        if self.priors.precision is None:
            self.priors = self.priors._replace(all=precision)

    def __call__(self, tol: float, *, warm: bool, groups: NDArray[np.bool_] | None = None) -> None:
        """Fit all groups, or those given; where `warm`, from where they are."""
        from venire._native.grouped import ELSEWHERE, STATUSES

        g, e = self.g, self.e
        e.status[:] = 0
        if self.shared and (self.order_effect or self.has_tie):
            law = model_of(self.model).tie
            self.values, left = _shared.fit_shared(
                self.native, e, g, self.values,
                lambda again: self._small(tol, ENDLESS, warm or again),
                names=("order_effect",) * self.order_effect + ("tie",) * self.has_tie,
                lower=-np.inf if law is None else law.log_boundary,
                prior=self.priors.given, tol=tol, n_threads=self.n_threads,
            )  # fmt: skip
            if left > tol:
                e.status[e.status == STATUSES.index("converged")] = STATUSES.index(
                    "iteration limit"
                )
            return
        wanted = np.ones(g.n_groups, bool) if groups is None else groups
        large = batches.is_large(g)
        e.status[large | ~wanted] = ELSEWHERE
        for k in np.flatnonzero(large & wanted).tolist():  # first, so that no thread idles
            self.single.fit(e, k, self.priors, tol, warm)  # while one ends
        self._small(tol, PATIENCE, warm)
        for k in np.flatnonzero((e.status == ELSEWHERE) & wanted).tolist():
            # from where the slow solver got to, a fit may stop at once
            self.single.fit(e, k, self.priors, tol, False)

    def fitted(self) -> NDArray[np.bool_]:
        """Groups that have parameters, (n_groups,)."""
        return np.isfinite(self.e.residual) & (np.diff(self.g.cell_offsets) > 0)

    @contextmanager
    def only(self, groups: NDArray[np.bool_]) -> Iterator[None]:
        """The native layer takes no others for fitted meanwhile."""
        from venire._native.grouped import ELSEWHERE

        kept = self.e.status.copy()
        self.e.status[~groups] = ELSEWHERE
        try:
            yield
        finally:
            self.e.status[:] = kept

    def _small(self, tol: float, patience: int, warm: bool) -> None:
        batches.fit_small(
            self.native, self.e, self.g, tol=tol, max_iter=self.limit, patience=patience,
            warm=warm, n_threads=self.n_threads, progress=self.progress,
        )  # fmt: skip


class Single:
    """Fits of single groups by all threads, into the arrays of all groups."""

    def __init__(
        self,
        g: GroupedComparisons,
        model: str,
        order_effect: bool,
        max_iter: int | None,
        n_threads: int,
    ) -> None:
        self.g, self.model = g, model
        self.options: dict[str, Any] = {
            "order_effect": order_effect, "method": "newton", "max_iter": max_iter,
            "n_threads": n_threads, "progress": None, "components": "weak",
        }  # fmt: skip

    def fit(self, e: Estimates, k: int, priors: ItemPriors, tol: float, warm: bool) -> None:
        from venire._native.grouped import STATUSES

        items = slice(self.g.offsets[k], self.g.offsets[k + 1])
        if self.g.cell_offsets[k] == self.g.cell_offsets[k + 1]:
            e.status[k] = STATUSES.index("no comparisons")
            e.n_parts[k] = items.stop - items.start
            means = priors.mean
            e.theta[items] = priors.centre if means is None else means[items]
            self._unknown(e, k)
            return
        c = self.g.at(k)
        start = np.nan_to_num(e.theta[items]) if warm else None
        try:
            prior = priors.part(items)
            fit, _ = fit_quietly(self.model, c, prior=prior, init=start, tol=tol, **self.options)
        except NotIdentifiedError:
            e.status[k] = STATUSES.index("not identified")
            e.n_parts[k] = int(c.components().labels.max()) + 1
            e.theta[items], e.residual[k] = np.nan, np.nan
            self._unknown(e, k)
            return
        e.theta[items] = fit.theta
        e.residual[k], e.n_iter[k] = fit.residual, fit.n_iter
        e.n_parts[k] = int(fit.component.max()) + 1
        if e.gamma is not None:
            e.gamma[k] = fit.order_effect
        if e.log_tie is not None:
            e.log_tie[k] = fit.log_tie
        apart = e.n_parts[k] > 1 and not priors.given
        status = "not identified" if apart else "converged"
        e.status[k] = STATUSES.index(status if fit.converged else "iteration limit")

    def _unknown(self, e: Estimates, k: int) -> None:
        for values in (e.gamma, e.log_tie):
            if values is not None:
                values[k] = np.nan
