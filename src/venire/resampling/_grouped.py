"""The result of a bootstrap of many fits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.rows import frozen
from venire.ratings import ParameterErrors
from venire.ratings.fitting import tie_of
from venire.resampling import _groups, _tasks
from venire.resampling._group_engine import GroupEngine, GroupReplicates
from venire.resampling._intervals import deviation
from venire.resampling._of_groups import OfGroups
from venire.resampling._result import Bootstrap
from venire.resampling._status import NO_FIT, NOT_CONVERGED, warn_of_left_out
from venire.scales import factor

if TYPE_CHECKING:
    from venire._core.executor import Executor
    from venire.ratings.fit import Fit
    from venire.ratings.grouped import GroupedFit

__all__ = ["GroupedBootstrap"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GroupedBootstrap(OfGroups):
    """Replicates of the fits of many groups, or statistics of them, as `bootstrap` returns them.

    Statistics of a group are nan where less than two of its replicates have a fit. ``b[label]`` is
    the bootstrap of one group.

    Attributes
    ----------
    fit : GroupedFit
        What was resampled.
    scheme : {"multinomial", "poisson", "bayesian"}
    unit : {"auto", "outcomes", "cells"}
        What was drawn; see `bootstrap`.
    key : tuple of int
        The stream: replicate k of a group depends on the group's own comparisons and label,
        `scheme`, `unit`, `key` and k only.
    n_resamples : int
    levels : tuple of float
        Those whose intervals are kept.
    n_failed : ndarray of int64, shape (n_groups,)
        Replicates without a finite fit.
    n_unconverged : ndarray of int64, shape (n_groups,)
        Replicates whose residual did not reach `tol`; they are left out of the statistics too.
    resampled : ndarray of bool, shape (n_groups,)
        False where there is nothing to resample: the group has no fit, or less than two comparisons
        (or cells) to draw.
    residual : ndarray of float64, shape (n_groups,)
        The largest of the replicates that have a fit.
    theta : ndarray of float64, shape (n_resamples, n_items), or None
        The replicates, if they were kept; nan without a fit.
    tol : float
    n_threads : int

    Examples
    --------
    >>> import venire as vn
    >>> g = vn.GroupedComparisons.from_counts(
    ...     ["q", "q", "r"], ["a", "b", "a"], ["b", "c", "c"], [30, 20, 60], [10, 20, 40]
    ... )
    >>> b = vn.bootstrap(vn.fit_groups(g), 1000, rng=1)
    >>> b.n_failed.tolist(), b.interval().shape
    ([0, 0], (5, 2))
    >>> bool(abs(b.standard_errors()[3] / b.fit.standard_errors()[3] - 1) < 0.1)
    True
    """

    fit: GroupedFit
    scheme: str
    unit: str
    key: tuple[int, int]
    n_resamples: int
    levels: tuple[float, ...]
    n_failed: NDArray[np.int64]
    n_unconverged: NDArray[np.int64]
    resampled: NDArray[np.bool_]
    residual: NDArray[np.float64]
    tol: float = 1e-7
    n_threads: int = 1
    _mean: NDArray[np.float64]
    _errors: NDArray[np.float64]
    _kept: NDArray[np.float64]  # two for each level
    _gamma_errors: NDArray[np.float64] | None
    _tie_errors: NDArray[np.float64] | None
    _log_tie_errors: NDArray[np.float64] | None
    _replicates: GroupReplicates | None = None
    _own: GroupedBootstrap | None = None
    _gap_errors: NDArray[np.float64] | None = None  # of an anchor: what only the prior says
    _cache: dict[str, Any] = field(default_factory=dict)

    @property
    def keep(self) -> str:
        """What is kept: "summary" or "draws"."""
        return "summary" if self._replicates is None else "draws"

    @property
    def theta(self) -> NDArray[np.float64] | None:
        """The replicates, (n_resamples, n_items), if they were kept."""
        return None if self._replicates is None else frozen(self._shown(self._replicates.theta))

    def mean(self) -> NDArray[np.float64]:
        """Mean of theta over the replicates, (n_items,)."""
        return self._mean

    def standard_errors(self) -> NDArray[np.float64]:
        """Standard deviations of theta over the replicates; see `Replicates.standard_errors`."""
        return self._or_prior(self._errors)

    def parameter_errors(self) -> ParameterErrors:
        """Standard deviations of each group's own order effect and tie parameter.

        Returns
        -------
        ParameterErrors
            Named tuple (order_effect, tie, log_tie); None for what the groups lack or share.
        """
        return ParameterErrors(self._gamma_errors, self._tie_errors, self._log_tie_errors)

    def __getitem__(self, label: Any) -> Bootstrap:
        """The bootstrap of one group, with all that those offer.

        The replicates are the same; where only a summary was kept, they are fitted once more.

        Parameters
        ----------
        label : int or str
            One of `groups`.

        Raises
        ------
        ValueError
            If there is no such group, there was nothing to resample in it, or it has parameters
            that are not its own.
        """
        if self.fit.shared and len(self.fit.shared_values):
            raise ValueError(
                "the order effect or the tie parameter is that of all groups, and a single group's "
                "bootstrap would estimate its own"
            )
        fit = self.fit[label]
        k = int(np.flatnonzero(self.groups == label)[0])
        if not self.resampled[k]:
            checks.fail("label", "there is nothing to resample in the group", value=label)
        return self._single(k, fit)

    # ---- how ----------------------------------------------------------------------------------

    def _title(self) -> str:
        failed = int(self.n_failed.sum())
        left = f", {failed:,} without a finite fit" if failed else ""
        if others := int(self.n_unconverged.sum()):
            left += f", {others:,} not converged"
        return (
            f"GroupedBootstrap of {self.fit.model}: {self.n_resamples:,} {self.scheme} replicates "
            f"of {len(self.groups):,} groups{left}"
        )

    def _columns(self, level: float, interval: str) -> dict[str, NDArray[Any]]:
        bounds, sizes = self.interval(level, interval), np.diff(self.offsets)
        columns = {
            "group": np.repeat(self.groups, sizes),
            "item": self.items,
            self.fit.rating: self.fit.theta,
            "standard_error": self.standard_errors(),
            "lower": bounds[:, 0],
            "upper": bounds[:, 1],
            "n_failed": np.repeat(self.n_failed, sizes),
        }
        return self.fit.marked(columns)

    def _prior_errors(self) -> NDArray[np.float64] | None:
        if self.fit.display.anchor is not None:
            return self._gap_errors
        alone = self.fit.item_weights == 0.0
        return np.where(alone, self.fit.level_errors(), 0.0) if alone.any() else None

    def _quantiles(self, probs: NDArray[np.float64], here: Any) -> NDArray[np.float64]:
        from venire._native.grouped import summary

        kept = _groups.probabilities(self.levels)
        if np.isin(probs, kept).all():
            return self._kept[:, [int(np.flatnonzero(kept == p)[0]) for p in probs]][here]
        draws = self._replicates
        if draws is None:
            known = ", ".join(map(str, self.levels))
            reason = f"only those of {known} were kept; ask for levels=..., or keep='draws'"
            checks.fail("level", reason)
        theta = np.ascontiguousarray(self._shown(draws.theta))
        return summary(self.offsets, theta, draws.status, probs, self.n_threads)[2][here]

    def _interval(self, level: float, interval: str, here: Any) -> NDArray[np.float64]:
        if interval in ("percentile", "basic"):
            return super()._interval(level, interval, here)
        out = np.full((len(self.items), 2), np.nan)
        return self._each(out, lambda b: b.interval(level, interval))[here]

    def _has_draws(self) -> NDArray[np.bool_]:
        return self.resampled

    def _at(self, k: int) -> Bootstrap:
        label = self.groups[k]
        if self._own is None:
            return self[label]
        display = self.fit.display
        return self._own[label].rescale(display.scale, anchor=display.anchor, at=display.at)

    def _shown(self, draws: NDArray[np.float64]) -> NDArray[np.float64]:
        return draws if self._own is None else self.fit.shown(draws)

    def _shown_as(self, fit: GroupedFit) -> GroupedBootstrap:
        empty = replace(self, fit=fit, _own=self, _cache={})
        if fit.display.anchor is None:
            size = factor(self.fit.scale, fit.scale)
            mean, errors = fit.shown(self._mean), size * self._errors
            return replace(empty, _mean=mean, _errors=errors, _kept=fit.shown(self._kept.T).T)
        probs, none = _groups.probabilities(self.levels), np.full(len(self.items), np.nan)

        def found(b: Bootstrap) -> NDArray[np.float64]:
            if b.n_resamples - b.n_failed - b.n_unconverged < 2:
                return np.full((len(b.items), 3 + len(probs)), np.nan)
            gap = b._prior_errors()
            gap = np.zeros(len(b.items)) if gap is None else gap
            own = [b.mean(), deviation(b._draws()), gap]
            return np.concatenate([np.stack(own, axis=1), b.quantiles(probs)], axis=1)

        every = empty._each(np.tile(none[:, None], 3 + len(probs)), found)
        gaps = every[:, 2] if (every[:, 2] > 0.0).any() else None
        return replace(
            empty, _mean=every[:, 0], _errors=every[:, 1], _kept=every[:, 3:], _gap_errors=gaps
        )

    def _single(self, k: int, fit: Fit) -> Bootstrap:
        """The replicates of group `k`, whose fit is `fit`."""
        engine = self._engine()
        if self._replicates is None:
            draws = engine.room(self.n_resamples, k, k + 1)
            engine.run(draws, k, k + 1, 0, self.n_resamples)
        else:
            items = slice(self.offsets[k], self.offsets[k + 1])
            draws = self._replicates.part(slice(None), items, slice(k, k + 1))
        tie = None
        if fit.tie is not None:
            none = np.full(self.n_resamples, fit.tie)
            tie = none if draws.log_tie is None else tie_of(draws.log_tie[:, 0])
        return Bootstrap(
            fit=fit,
            scheme=self.scheme,
            key=(int(engine.keys[k, 0]), int(engine.keys[k, 1])),
            theta=draws.theta,
            tie=tie,
            order_effect=None if draws.gamma is None else draws.gamma[:, 0],
            residual=draws.residual[:, 0],
            status=draws.status[:, 0],
            n_iter=draws.n_iter[:, 0],
            tol=self.tol,
            n_threads=self.n_threads,
            unit=engine.unit_of(k),
        )

    def _extended(
        self, more: int, progress: Any, tasks: Executor | None = None
    ) -> GroupedBootstrap:
        if self._own is not None:
            return self._own._extended(more, progress)._shown_as(self.fit)
        engine, n = self._engine(), self.n_resamples + more
        draws, begin = None, 0
        if self._replicates is not None:
            draws, begin = engine.room(n, 0, len(self.groups)), self.n_resamples
            for old, new in zip(self._replicates, draws, strict=True):
                if old is not None and new is not None:
                    new[:begin] = old
        if tasks is None or not len(self.groups):
            kept = _groups.resample(engine, begin, n, self.levels, draws, progress)
        else:
            kept, draws = _tasks.grouped(tasks, self, engine, n, progress)
        left_out = {NO_FIT: kept["n_failed"], NOT_CONVERGED: kept["n_unconverged"]}
        warn_of_left_out(left_out, n, self.groups)
        return replace(self, n_resamples=n, _replicates=draws, _cache={"engine": engine}, **kept)

    def _engine(self) -> GroupEngine:
        return self._once(
            "engine",
            lambda: GroupEngine(
                self.fit, self.scheme, self.unit, self.key, self.tol, self.n_threads
            ),
        )
