"""The result of a bootstrap of many fits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.frames import as_frame
from venire.ratings.fitting import tie_of
from venire.ratings.grouped import GroupedParameterErrors
from venire.resampling import _groups, _saving
from venire.resampling._group_engine import GroupEngine, GroupReplicates
from venire.resampling._result import Bootstrap
from venire.resampling._weights import MOST_KEPT

if TYPE_CHECKING:
    from venire.ratings.grouped import GroupedFit

__all__ = ["GroupedBootstrap", "bootstrap_groups"]

KINDS = ("percentile", "basic")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GroupedBootstrap:
    """Replicates of the fits of many groups, or statistics of them, as `bootstrap` returns them.

    Statistics of a group are those of its replicates that have a fit; nan where there are less than
    two. Arrays are read-only.

    Attributes
    ----------
    fit : GroupedFit
        What was resampled.
    kind : {"multinomial", "poisson", "bayesian"}
    unit : {"auto", "outcomes", "cells"}
        What was drawn; see `bootstrap`.
    key : tuple of int
        The stream: replicate k of a group depends on the group's own comparisons and label, `kind`,
        `unit`, `key` and k only.
    n_resamples : int
    levels : tuple of float
        Those whose intervals are kept.
    mean : ndarray of float64, shape (n_items,)
        Of theta over the replicates.
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
    >>> bool(abs(b.standard_errors()[3] / b.fit.standard_errors[3] - 1) < 0.1)
    True
    """

    fit: GroupedFit
    kind: str
    unit: str
    key: tuple[int, int]
    n_resamples: int
    levels: tuple[float, ...]
    mean: NDArray[np.float64]
    n_failed: NDArray[np.int64]
    n_unconverged: NDArray[np.int64]
    resampled: NDArray[np.bool_]
    residual: NDArray[np.float64]
    tol: float = 1e-7
    n_threads: int = 1
    _errors: NDArray[np.float64]
    _quantiles: NDArray[np.float64]  # two for each level
    _gamma_errors: NDArray[np.float64] | None
    _tie_errors: NDArray[np.float64] | None
    _draws: GroupReplicates | None = None
    _cache: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, array in list(self.__dict__.items()):
            if isinstance(array, np.ndarray):
                array = array.view()
                array.flags.writeable = False
                object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        failed = int(self.n_failed.sum())
        left = f", {failed:,} without a finite fit" if failed else ""
        return (
            f"<GroupedBootstrap {self.kind} of {self.fit.model}: {self.n_resamples} replicates of "
            f"{len(self.groups):,} groups{left}>"
        )

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_cache": {}}

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

    @property
    def keep(self) -> str:
        """What is kept: "summary" or "draws"."""
        return "summary" if self._draws is None else "draws"

    @property
    def theta(self) -> NDArray[np.float64] | None:
        """The replicates, (n_resamples, n_items), if they were kept."""
        if self._draws is None:
            return None
        theta = self._draws.theta.view()
        theta.flags.writeable = False
        return theta

    def standard_errors(self) -> NDArray[np.float64]:
        """Standard deviations of theta over the replicates, (n_items,)."""
        return self._errors

    def parameter_errors(self) -> GroupedParameterErrors:
        """Standard deviations of each group's own order effect and tie parameter.

        Returns
        -------
        GroupedParameterErrors
            Named tuple (order_effect, tie); None for what the groups lack or share.
        """
        return GroupedParameterErrors(self._gamma_errors, self._tie_errors)

    def interval(self, level: float | None = None, kind: str = "percentile") -> NDArray[np.float64]:
        """Confidence intervals of theta.

        Parameters
        ----------
        level : float, optional
            Default: the first of `levels`. Others need the draws.
        kind : {"percentile", "basic"}
            Quantiles of the replicates, or these mirrored at the estimate. `group` gives a result
            that knows more kinds.

        Returns
        -------
        ndarray of float64, shape (n_items, 2)

        Raises
        ------
        ValueError
            If `kind` is unknown, or `level` is out of range or not kept.
        """
        level = self.levels[0] if level is None else checks.level(level)
        if not isinstance(kind, str) or kind not in KINDS:
            reason = f"must be one of {', '.join(KINDS)}; group(label).interval knows more"
            checks.fail("kind", reason, value=kind)
        if level in self.levels:
            at = 2 * self.levels.index(level)
            bounds = self._quantiles[:, at : at + 2]
        elif self._draws is not None:
            bounds = self._bounds(level)
        else:
            known = ", ".join(map(str, self.levels))
            reason = f"only those of {known} were kept; ask for levels=..., or keep='draws'"
            checks.fail("level", reason, value=level)
        if kind == "basic":
            return 2.0 * self.fit.theta[:, None] - bounds[:, ::-1]
        return bounds

    def group(self, label: Any) -> Bootstrap:
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
        if self.fit.shared and len(self.fit._values):
            raise ValueError(
                "the order effect or the tie parameter is that of all groups, and a single group's "
                "bootstrap would estimate its own"
            )
        fit = self.fit.group(label)
        k = int(np.flatnonzero(self.groups == label)[0])
        if not self.resampled[k]:
            checks.fail("label", "there is nothing to resample in the group", value=label)
        engine = self._engine()
        if self._draws is None:
            draws = engine.room(self.n_resamples, k, k + 1)
            engine.run(draws, k, k + 1, 0, self.n_resamples)
        else:
            items = slice(self.offsets[k], self.offsets[k + 1])
            draws = self._draws.part(slice(None), items, slice(k, k + 1))
        tie = None
        if fit.tie is not None:
            none = np.full(self.n_resamples, fit.tie)
            tie = none if draws.log_tie is None else tie_of(draws.log_tie[:, 0])
        return Bootstrap(
            fit=fit,
            kind=self.kind,
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

    def prob_better(self, label: Any, first: Any, second: Any) -> Any:
        """Share of a group's replicates in which `first` is stronger than `second`.

        Parameters
        ----------
        label : int or str
            The group.
        first, second : array_like of labels
            As in `Bootstrap.prob_better`.

        Returns
        -------
        float64, or ndarray of float64 in the shape of the labels

        Raises
        ------
        ValueError
            As `group` and `Bootstrap.prob_better`.
        """
        return self.group(label).prob_better(first, second)

    def to_frame(
        self, backend: str | None = None, *, level: float | None = None, kind: str = "percentile"
    ) -> Any:
        """The ratings as a dataframe, one row per item.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            As in `Fit.to_frame`.
        level, kind
            As in `interval`.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns group, item, theta, standard_error, lower, upper, n_failed (of the group).
        """
        bounds, sizes = self.interval(level, kind), np.diff(self.offsets)
        columns = {
            "group": np.repeat(self.groups, sizes),
            "item": self.items,
            "theta": self.fit.theta,
            "standard_error": self._errors,
            "lower": bounds[:, 0],
            "upper": bounds[:, 1],
            "n_failed": np.repeat(self.n_failed, sizes),
        }
        return as_frame(columns, backend)

    def extend(self, more: int, *, progress: Any = None) -> GroupedBootstrap:
        """A result with `more` further replicates, equal to that of one call for all of them.

        Where the draws were kept, the replicates of this result are not fitted again. Of a summary
        quantiles cannot be continued: all replicates are fitted once more, from the same streams.

        Parameters
        ----------
        more : int
            At least 1.
        progress : callable, optional
            As in `bootstrap`.

        Returns
        -------
        GroupedBootstrap
        """
        more = checks.whole(more, "more", 1, MOST_KEPT)
        return _extended(self, more, checks.function(progress, "progress"), stacklevel=4)

    def save(self, path: str | Path) -> None:
        """Write everything, the fit included, to one .npz file: see `Bootstrap.save`."""
        _saving.save_groups(self, path)

    @classmethod
    def load(cls, path: str | Path) -> GroupedBootstrap:
        """Read what `save` wrote; nothing in the file is executed, and all of it is checked.

        Raises
        ------
        ValueError, FileNotFoundError
            As `Bootstrap.load`.
        """
        return cls(**_saving.load_groups(path))

    # ---- how --------------------------------------------------------------------------------

    def _bounds(self, level: float) -> NDArray[np.float64]:
        from venire._native.grouped import summary

        assert self._draws is not None
        tail = 0.5 - level / 2.0
        probs = np.array([tail, 1.0 - tail])
        draws = self._draws
        return summary(self.offsets, draws.theta, draws.status, probs, self.n_threads)[2]

    def _engine(self) -> GroupEngine:
        if "engine" not in self._cache:
            self._cache["engine"] = GroupEngine(
                self.fit, self.kind, self.unit, self.key, self.tol, self.n_threads
            )
        return self._cache["engine"]


def bootstrap_groups(
    fit: GroupedFit,
    n_resamples: int,
    *,
    kind: str,
    unit: str,
    key: tuple[int, int],
    tol: float,
    keep: str,
    levels: tuple[float, ...],
    n_threads: int,
    progress: Any,
) -> GroupedBootstrap:
    """`bootstrap` of a GroupedFit; arguments are checked."""
    _groups.check_unit(fit, unit)
    nothing = np.empty(0)
    empty = GroupedBootstrap(
        fit=fit, kind=kind, unit=unit, key=key, n_resamples=0, levels=levels, mean=nothing,
        n_failed=np.empty(0, np.int64), n_unconverged=np.empty(0, np.int64),
        resampled=np.empty(0, bool), residual=nothing, tol=tol, n_threads=n_threads,
        _errors=nothing, _quantiles=np.empty((0, 2)), _gamma_errors=None, _tie_errors=None,
    )  # fmt: skip
    if keep == "draws":
        room = empty._engine().room(0, 0, len(fit.groups))
        empty = replace(empty, _draws=room)
    return _extended(empty, n_resamples, progress, stacklevel=5)


def _extended(
    b: GroupedBootstrap, more: int, progress: Any, *, stacklevel: int
) -> GroupedBootstrap:
    engine, n = b._engine(), b.n_resamples + more
    draws, begin = None, 0
    if b._draws is not None:
        draws, begin = engine.room(n, 0, len(b.groups)), b.n_resamples
        for old, new in zip(b._draws, draws, strict=True):
            if old is not None and new is not None:
                new[:begin] = old
    kept = _groups.resample(engine, begin, n, b.levels, draws, progress)
    _groups.warn(b.fit, kept, n, stacklevel)
    return replace(b, n_resamples=n, _draws=draws, _cache={"engine": engine}, **kept)
