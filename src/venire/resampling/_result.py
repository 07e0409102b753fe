"""The result of a bootstrap: replicates of the ratings, and what can be told from them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.ratings.fitting import tie_of
from venire.resampling import _intervals, _tasks
from venire.resampling._engine import MAX_DENSE, Batch, Engine, engine_of
from venire.resampling._of_fit import OfOneFit
from venire.resampling._status import DONE, NO_FIT, NOT_CONVERGED, warn_of_left_out

if TYPE_CHECKING:
    from venire._core.executor import Executor
    from venire.ratings.fit import Fit

__all__ = ["Bootstrap"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Bootstrap(OfOneFit):
    """Replicates of a fit, as `bootstrap` returns them; `n_failed` says how many have no fit.

    Attributes
    ----------
    fit : Fit
        The fit that was resampled.
    scheme : {"multinomial", "poisson", "bayesian"}
    key : tuple of int
        The stream: replicate k depends on the fit, `scheme`, `key` and k only.
    theta : ndarray of float64, shape (n_resamples, n_items)
        nan where a replicate has no finite fit.
    tie, order_effect : ndarray of float64, shape (n_resamples,), or None
        The other parameters, where the fit has them.
    coefficients : ndarray of float64, shape (n_resamples, K), or None
        Of the covariates.
    residual : ndarray of float64, shape (n_resamples,)
    status : ndarray of int8, shape (n_resamples,)
        0 fitted, 1 no finite fit, 3 not converged (theta is where the iteration stopped; such
        replicates are left out of the statistics too).
    n_iter : ndarray of int32, shape (n_resamples,)
    tol : float
    n_threads : int
    unit : {"outcomes", "cells", "clusters"}
        What was drawn; see `bootstrap`.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts(["a", "b", "a"], ["b", "c", "c"], [30, 25, 35], [20, 15, 8])
    >>> b = vn.bootstrap(vn.fit_bradley_terry(c), 200, rng=1)
    >>> b.theta.shape, b.n_failed
    ((200, 3), 0)
    >>> bool(b.prob_better("a", "c") > 0.95)
    True
    """

    fit: Fit
    scheme: str
    key: tuple[int, int]
    theta: NDArray[np.float64]
    tie: NDArray[np.float64] | None
    order_effect: NDArray[np.float64] | None
    coefficients: NDArray[np.float64] | None = None
    residual: NDArray[np.float64]
    status: NDArray[np.int8]
    n_iter: NDArray[np.int32]
    tol: float = 1e-7
    n_threads: int = 1
    unit: str = "auto"
    _own: Bootstrap | None = None
    _cache: dict[str, Any] = field(default_factory=dict)

    @property
    def n_failed(self) -> int:
        """Replicates without a finite fit."""
        return int((self.status == NO_FIT).sum())

    @property
    def n_unconverged(self) -> int:
        """Replicates whose residual did not reach `tol`."""
        return int((self.status == NOT_CONVERGED).sum())

    def interval(
        self, level: float = 0.95, interval: str = "percentile", *, items: Any = None
    ) -> NDArray[np.float64]:
        """Confidence intervals of theta; see `Replicates.interval`.

        Parameters
        ----------
        level : float, default 0.95
        interval : {"percentile", "basic", "bca", "studentized"}
            For "studentized", replicates whose tie parameter is on its boundary have no standard
            error and are left out.
        items : array_like of labels, optional
            The items whose intervals are wanted. Default: all.

        Returns
        -------
        ndarray of float64, shape (n_items, 2)

        Raises
        ------
        ValueError
            If `level` or `interval` is out of range, or a label unknown; for "bca" where an item's
            replicates are constant or all on one side of the estimate; for "bca" and "studentized"
            of more than 1,500 items that are not named by `items`.

        Notes
        -----
        O(n_resamples n_items log n_resamples). "studentized" inverts the information of every
        replicate once, O(n_resamples n_items^3). Fits with an order effect or more than 1,500 items
        keep no inverse: for each item asked for, "bca" solves one system like those of the fit and
        goes once over the cells, "studentized" solves one system in each replicate.

        Examples
        --------
        >>> import venire as vn
        >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[60], loss=[40])
        >>> b = vn.bootstrap(vn.fit_bradley_terry(c), 2000, rng=1)
        >>> b.interval(0.9, "bca").shape
        (2, 2)
        """
        level = checks.level(level)
        checks.one_of(interval, "interval", _intervals.INTERVALS)
        here = np.arange(len(self.items)) if items is None else self.fit.positions(items)
        return self._bounds(level, interval, here)

    # ---- how ----------------------------------------------------------------------------------

    def _title(self) -> str:
        what = f"Bootstrap of {self.fit.model}: {self.n_resamples:,} {self.scheme} replicates"
        failed = f", {self.n_failed} without a finite fit" if self.n_failed else ""
        stopped = f", {self.n_unconverged:,} not converged" if self.n_unconverged else ""
        return f"{what} of {len(self.items)} items{failed}{stopped}"

    def _draws(self) -> NDArray[np.float64]:
        used = self.status == DONE
        if used.sum() < 2:
            raise ValueError(
                f"only {int(used.sum())} of {self.n_resamples} replicates have a fit: nothing to "
                "take statistics of"
            )
        return self.theta if used.all() else self.theta[used]

    def _used(self) -> Any:
        return self.status == DONE

    @property
    def _equal(self) -> float:
        """Gap that replicates may leave between equal items, on the model's own scale."""
        return _intervals.SLACK * self.tol

    def _of_items(self, name: str, here: Any, function: Any) -> Any:
        """What `function` finds for the items at `here`: for all at once, and kept, where the
        inverse information is at hand."""
        n = len(self.items)
        if self._engine().inverse is not None:
            return self._once(name, lambda: function(np.arange(n)))[..., here]
        if len(here) == n > MAX_DENSE:
            checks.fail("items", f"name those wanted: of more than {MAX_DENSE:,} it is slow")
        return function(here)

    def _accelerations(self, here: Any) -> NDArray[np.float64]:
        self._without_anchor()
        if self._own is not None:
            return self._own._accelerations(here)
        engine = self._engine()
        return self._of_items("acceleration", here, engine.accelerations)

    def _without_anchor(self) -> None:
        if self.fit.display.anchor is not None:
            checks.fail("interval", "of differences from an anchor must be 'percentile' or 'basic'")

    def _studentized(self, here: Any) -> tuple[Any, Any]:
        self._without_anchor()
        if self._own is not None:
            ratio, errors = self._own._studentized(here)
            return ratio, self._factor * errors
        engine = self._engine()
        errors = self._of_items("errors", here, lambda at: engine.replicate_errors(self, at))
        used = (self.status == DONE) & np.isfinite(errors).all(axis=1)
        if used.sum() < 2:
            raise ValueError(
                f"interval: only {int(used.sum())} of {self.n_resamples} replicates have standard "
                "errors, which 'studentized' needs; take 'percentile'"
            )
        with np.errstate(invalid="ignore", divide="ignore"):  # an item without an error: nan
            ratio = (self.theta[np.ix_(used, here)] - self.fit.theta[here]) / errors[used]
        return ratio, engine.full_errors(here)

    def _extended(self, more: int, progress: Any, tasks: Executor | None = None) -> Bootstrap:
        if self._own is not None:
            return self._own._extended(more, progress)._shown_as(self.fit)
        engine = self._engine()
        start, stop = self.n_resamples, self.n_resamples + more
        batches: list[Batch] = []
        if tasks is not None:
            batches = _tasks.single(tasks, self, engine, start, stop, progress)
        for low in range(start, stop, engine.block) if tasks is None else ():
            high = min(low + engine.block, stop)
            batches.append(engine.run(low, high))
            if progress is not None:
                progress(high, stop)
        new: dict[str, Any] = {
            name: np.concatenate([getattr(x, name) for x in batches]) for name in Batch._fields
        }
        x, n = new.pop("x"), len(self.items)
        new["theta"] = x[:, :n]
        if self.tie is not None:
            new["tie"] = tie_of(x[:, -1]) if engine.free_tie else np.full(more, self.fit.tie)
        if self.order_effect is not None:
            new["order_effect"] = x[:, n]
        if self.coefficients is not None:
            at = n + (self.order_effect is not None)
            new["coefficients"] = x[:, at : at + self.coefficients.shape[1]]
        joined: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), x]) for name, x in new.items()
        }
        cache = {k: v for k, v in self._cache.items() if k in ("engine", "acceleration")}
        out = replace(self, _cache=cache, **joined)
        warn_of_left_out(
            {
                NO_FIT: out.n_failed if out.n_failed > self.n_failed else 0,
                NOT_CONVERGED: out.n_unconverged if out.n_unconverged > self.n_unconverged else 0,
            },
            stop,
        )
        return out

    def _engine(self) -> Engine:
        return self._once(
            "engine",
            lambda: engine_of(self.fit, self.scheme, self.key, self.tol, self.n_threads, self.unit),
        )
