"""The bootstrap of a statistic that the caller supplies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.coding import encode_one
from venire.jit import statistics
from venire.resampling import _intervals
from venire.resampling._base import Replicates
from venire.resampling._weights import MOST_KEPT, BootstrapWeights, bootstrap_weights

__all__ = ["StatisticBootstrap", "bootstrap_statistic"]

GROUPS = 1000  # of units that the jackknife leaves out together, at most


class _Source(NamedTuple):
    """Where the replicates of a statistic come from."""

    functions: list[tuple[str, Any]]
    data: tuple[Any, ...]
    weights: BootstrapWeights
    n_threads: int

    def replicates(self, start: int, stop: int, progress: Any) -> list[NDArray[np.float64]]:
        """Each function's values for the replicates start <= k < stop."""
        blocks: list[list[NDArray[np.float64]]] = [[] for _ in self.functions]
        for low in range(start, stop, self.weights.block):
            high = min(low + self.weights.block, stop)
            weights = self.weights.replicates(low, high)
            for found, (name, function) in zip(blocks, self.functions, strict=True):
                found.append(_values(function, self.data, weights, self.n_threads, name, low))
            if progress is not None:
                progress(high, stop)
        return [np.concatenate(found) for found in blocks]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class StatisticBootstrap(Replicates):
    """Replicates of a statistic, as `bootstrap_statistic` returns them.

    Attributes
    ----------
    estimate : float
        The statistic of the data.
    replicates : ndarray of float64, shape (n_resamples,)
        Read-only.
    error : float or None
        The standard error that `error` gave for the data.
    errors : ndarray of float64, shape (n_resamples,), or None
        And for each replicate.
    acceleration : float or None
        For BCa intervals; None where they were not asked for.
    scheme : {"multinomial", "poisson", "bayesian", "subsample"}
    """

    scheme: str
    estimate: float
    replicates: NDArray[np.float64]
    error: float | None
    errors: NDArray[np.float64] | None
    acceleration: float | None
    _source: _Source | None = None
    _cache: dict[str, Any] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_source": None}

    @property
    def n_resamples(self) -> int:
        """Number of replicates."""
        return len(self.replicates)

    # ---- how ----------------------------------------------------------------------------------

    def _estimate(self) -> NDArray[np.float64]:
        return np.array([self.estimate])

    def _draws(self) -> NDArray[np.float64]:
        return self.replicates[:, None]

    def _like_estimate(self, x: NDArray[np.float64]) -> Any:
        return x[0]

    def _columns(self, level: float, interval: str) -> dict[str, NDArray[Any]]:
        lower, upper = self.interval(level, interval)
        values = {
            "estimate": self.estimate, "standard_error": self.standard_errors(), "lower": lower,
            "upper": upper,
        }  # fmt: skip
        return {name: np.array([x], np.float64) for name, x in values.items()}

    def _accelerations(self, here: Any) -> NDArray[np.float64]:
        if self.acceleration is None:
            checks.fail("interval", "'bca' needs bootstrap_statistic(..., bca=True)")
        return np.array([self.acceleration])

    def _studentized(self, here: Any) -> tuple[Any, Any]:
        if self.errors is None or self.error is None:
            checks.fail("interval", "'studentized' needs bootstrap_statistic(..., error=...)")
        ratio = (self.replicates - self.estimate) / self.errors
        return ratio[:, None], np.array([self.error])

    def _extended(self, more: int, progress: Any) -> StatisticBootstrap:
        if self._source is None:
            raise ValueError("the statistic did not come along: call bootstrap_statistic again")
        n = self.n_resamples
        values, *errors = self._source.replicates(n, n + more, progress)
        return replace(
            self,
            replicates=np.concatenate([self.replicates, values]),
            errors=None if self.errors is None else np.concatenate([self.errors, *errors]),
        )


def bootstrap_statistic(
    statistic: Callable[..., float],
    *arrays: ArrayLike,
    n_resamples: int = 1000,
    scheme: str = "multinomial",
    size: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    error: Callable[..., float] | None = None,
    bca: bool = False,
    rng: Any = None,
    n_threads: int | None = None,
    progress: Any = None,
) -> StatisticBootstrap:
    """Bootstrap a statistic of weighted data.

    Parameters
    ----------
    statistic : callable
        ``statistic(*arrays, weights)``, a float. `weights` has one number per row: ones for the
        data, int32 counts (float64 for "bayesian") in a replicate. A function made by
        ``numba.njit`` is compiled into a loop that each thread runs; any other is called from
        Python.
    *arrays : array_like of shape (n, ...)
        The data, one row per observation.
    n_resamples : int, default 1000
    scheme, size, cluster, strata
        As in `bootstrap_weights`.
    error : callable, optional
        The standard error of the statistic, called like it and compiled like it; for studentized
        intervals.
    bca : bool, default False
        Also compute what BCa intervals need: the statistic with each row (or cluster) left out;
        with over 1,000 of them, with each of 1,000 groups of neighbours left out.
    rng : int, SeedSequence or Generator, optional
    n_threads : int, optional
        Default: all usable CPUs; the result does not depend on it.
    progress : callable, optional
        Called with (replicates done, n_resamples) after each block.

    Returns
    -------
    StatisticBootstrap

    Raises
    ------
    ValueError
        If there is no array, lengths differ, the statistic (or its error) is not finite for the
        data or some replicate, which is named, or as `bootstrap_weights`.
    TypeError
        If `statistic` is not callable.

    Notes
    -----
    One call of the statistic per replicate, with blocks of weights of about four million numbers.
    What the statistic raises is passed on.

    References
    ----------
    Efron (1987), doi:10.1080/01621459.1987.10478410. Hall (1988), doi:10.1214/aos/1176350933.

    Examples
    --------
    >>> import numpy as np, venire as vn
    >>> x = np.random.default_rng(0).normal(size=400)
    >>> def mean(x, w):
    ...     return np.dot(w, x) / np.sum(w)
    >>> b = vn.bootstrap_statistic(mean, x, n_resamples=2000, bca=True, rng=1)
    >>> bool(abs(b.standard_errors() / (x.std() / 20) - 1) < 0.1), b.interval(0.95, "bca").shape
    (True, (2,))
    """
    if statistic is None:
        checks.fail("statistic", "must be callable", value=statistic, kind=TypeError)
    checks.function(statistic, "statistic")
    checks.function(error, "error")
    checks.function(progress, "progress")
    bca = checks.flag(bca, "bca")
    data = tuple(checks.array(x, f"arrays[{k}]") for k, x in enumerate(arrays))
    if not data or data[0].ndim == 0 or not len(data[0]):
        checks.fail("arrays", "give at least one array of observations")
    n = len(data[0])
    for k, array in enumerate(data):
        if array.ndim == 0 or len(array) != n:
            rows = "no" if array.ndim == 0 else len(array)
            checks.fail("arrays", f"array {k} has {rows} rows, but array 0 has {n}")
    n_resamples = checks.whole(n_resamples, "n_resamples", 2, MOST_KEPT)
    threads = checks.n_threads(n_threads)
    weights = bootstrap_weights(
        n, n_resamples, scheme=scheme, size=size, cluster=cluster, strata=strata, rng=rng,
        n_threads=threads,
    )  # fmt: skip
    functions = [("statistic", statistic)] + ([("error", error)] if error is not None else [])
    ones, none = np.ones((1, n), weights.dtype), np.empty(0)
    full = [float(_values(f, data, ones, threads, name, None)[0]) for name, f in functions]
    empty = StatisticBootstrap(
        scheme=scheme,
        estimate=full[0],
        replicates=none,
        error=full[1] if error is not None else None,
        errors=none if error is not None else None,
        acceleration=_jackknife(statistic, data, cluster, weights.dtype, threads) if bca else None,
        _source=_Source(functions, data, weights, threads),
    )
    return empty._extended(n_resamples, progress)


def _values(
    function: Any,
    data: tuple[Any, ...],
    weights: NDArray[Any],
    n_threads: int,
    name: str,
    first: int | None,
) -> NDArray[np.float64]:
    """The function of each row of weights; one that is not finite is an error."""
    if statistics.is_compiled(function):
        out = statistics.evaluate(function, data, weights, n_threads)
    else:
        try:
            out = np.array([float(function(*data, row)) for row in weights])
        except OverflowError as error:
            checks.fail(name, f"gave a number that is too large ({error})")
        except (TypeError, ValueError) as error:
            checks.fail(name, f"raised, or gave no number ({error})", kind=type(error)
                         if type(error) in (TypeError, ValueError) else ValueError)  # fmt: skip
    bad = np.flatnonzero(~np.isfinite(out))
    if len(bad):
        where = "of the data" if first is None else f"of replicate {first + int(bad[0])}"
        checks.fail(name, f"is not finite {where}", value=out[bad[0]])
    return out


def _jackknife(
    statistic: Any, data: tuple[Any, ...], cluster: Any, dtype: Any, n_threads: int
) -> float:
    """A sixth of the skewness of the jackknife values, over the root of their number."""
    n = len(data[0])
    unit = np.arange(n) if cluster is None else encode_one(cluster, "cluster")[1].astype(np.int64)
    n_units = int(unit.max()) + 1
    group = unit if n_units <= GROUPS else unit * GROUPS // n_units
    values = []
    step = max(1, (1 << 22) // n)
    for start in range(0, min(n_units, GROUPS), step):
        stop = min(start + step, min(n_units, GROUPS))
        weights = (group[None, :] != np.arange(start, stop)[:, None]).astype(dtype)
        values.append(_values(statistic, data, weights, n_threads, "statistic", None))
    left_out = np.concatenate(values)
    size = _intervals.unit_of(left_out)
    with np.errstate(invalid="ignore", divide="ignore"):
        pull = (left_out / size).mean() - left_out / size
        return float((pull**3).sum() / (6.0 * (pull**2).sum() ** 1.5))
