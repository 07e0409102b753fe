"""The bootstrap of a statistic that the caller supplies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.coding import encode_one
from venire.jit import statistics
from venire.resampling import _intervals
from venire.resampling._weights import MOST_KEPT, bootstrap_weights

__all__ = ["StatisticBootstrap", "bootstrap_statistic"]

GROUPS = 1000  # of units that the jackknife leaves out together, at most


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class StatisticBootstrap:
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
    kind : str
    """

    estimate: float
    replicates: NDArray[np.float64]
    error: float | None
    errors: NDArray[np.float64] | None
    acceleration: float | None
    kind: str

    def __repr__(self) -> str:
        return f"<StatisticBootstrap {self.kind}: {len(self.replicates)} of {self.estimate:g}>"

    @property
    def standard_error(self) -> float:
        """Standard deviation of the replicates."""
        size = _unit(self.replicates)
        return float((self.replicates / size).std(ddof=1) * size)

    def interval(self, level: float = 0.95, kind: str = "percentile") -> NDArray[np.float64]:
        """A confidence interval of the statistic.

        Parameters
        ----------
        level : float, default 0.95
        kind : {"percentile", "basic", "bca", "studentised"}
            As in `Bootstrap.interval`.

        Returns
        -------
        ndarray of float64, shape (2,)

        Raises
        ------
        ValueError
            If `level` or `kind` is out of range; for "bca" without ``bca=True`` or with constant
            replicates; for "studentised" without `error`.
        """
        level = checks.level(level)
        checks.one_of(kind, "kind", _intervals.INTERVALS)
        draws, estimate = self.replicates[:, None], self.estimate
        if kind == "percentile":
            return _intervals.percentile(draws, level)[0]
        if kind == "basic":
            return 2.0 * estimate - _intervals.percentile(draws, level)[0, ::-1]
        if kind == "bca":
            if self.acceleration is None:
                checks.fail("kind", "'bca' needs bootstrap_statistic(..., bca=True)")
            skewness = np.array([self.acceleration])
            return _intervals.bca(draws, np.array([estimate]), skewness, level, ["statistic"])[0]
        if self.errors is None or self.error is None:
            checks.fail("kind", "'studentised' needs bootstrap_statistic(..., error=...)")
        ratio = (self.replicates - estimate) / self.errors
        return estimate - _intervals.percentile(ratio[:, None], level)[0, ::-1] * self.error


def bootstrap_statistic(
    statistic: Callable[..., float],
    *arrays: ArrayLike,
    n_resamples: int = 1000,
    kind: str = "multinomial",
    size: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    error: Callable[..., float] | None = None,
    bca: bool = False,
    rng: Any = None,
    n_threads: int | None = None,
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
    kind, size, cluster, strata
        As in `bootstrap_weights`.
    error : callable, optional
        The standard error of the statistic, called like it and compiled like it; for studentised
        intervals.
    bca : bool, default False
        Also compute what BCa intervals need: the statistic with each row (or cluster) left out;
        with over 1,000 of them, with each of 1,000 groups of neighbours left out.
    rng : int, SeedSequence or Generator, optional
    n_threads : int, optional
        Default: all usable CPUs; the result does not depend on it.

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
    >>> bool(abs(b.standard_error / (x.std() / 20) - 1) < 0.1), b.interval(0.95, "bca").shape
    (True, (2,))
    """
    if statistic is None:
        checks.fail("statistic", "must be callable", value=statistic, kind=TypeError)
    checks.function(statistic, "statistic")
    checks.function(error, "error")
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
        n, n_resamples, kind=kind, size=size, cluster=cluster, strata=strata, rng=rng,
        n_threads=threads,
    )  # fmt: skip
    ones = np.ones((1, n), weights.dtype)
    wanted = [("statistic", statistic)] + ([("error", error)] if error is not None else [])
    full = [float(_values(f, data, ones, threads, name, None)[0]) for name, f in wanted]
    blocks: list[list[NDArray[np.float64]]] = [[] for _ in wanted]
    done = 0
    for block in weights:
        for found, (name, function) in zip(blocks, wanted, strict=True):
            found.append(_values(function, data, block, threads, name, done))
        done += len(block)
    draws = [np.concatenate(found) for found in blocks]
    for array in draws:
        array.flags.writeable = False
    return StatisticBootstrap(
        estimate=full[0],
        replicates=draws[0],
        error=full[1] if error is not None else None,
        errors=draws[1] if error is not None else None,
        acceleration=_jackknife(statistic, data, cluster, weights.dtype, threads) if bca else None,
        kind=kind,
    )


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


def _unit(x: NDArray[np.float64]) -> float:
    """A power of two of the size of the numbers: in it their squares and cubes are doubles too."""
    return float(np.ldexp(1.0, int(np.frexp(np.abs(x).max())[1]) - 1))


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
    size = _unit(left_out)
    with np.errstate(invalid="ignore", divide="ignore"):
        pull = (left_out / size).mean() - left_out / size
        return float((pull**3).sum() / (6.0 * (pull**2).sum() ** 1.5))
