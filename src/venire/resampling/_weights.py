"""Weights of bootstrap replicates, in blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import arrays, checks
from venire.resampling.plan import make_plan

__all__ = ["MOST_KEPT", "MOST_RESAMPLES", "BootstrapWeights", "bootstrap_weights"]

MOST_ROWS, MOST_RESAMPLES = 2**40, 2**31 - 1  # counters of streams are made of both
MOST_KEPT = 10_000_000  # replicates of one result
BLOCK = 1 << 22  # numbers of a block: small enough for the allocator to hand them out again


class BootstrapWeights:
    """Iterator over the weights of replicates, as `bootstrap_weights` returns it.

    Each step gives the next block, an array of shape (n_block, n): one row per replicate.

    Attributes
    ----------
    n : int
        Number of positions.
    n_resamples : int
    scheme : str
    block : int
        Replicates of a step.
    dtype : numpy.dtype
        int32, or float64 for "bayesian".
    """

    def __init__(
        self,
        n: int,
        n_resamples: int,
        scheme: str,
        native: Any,
        block: int,
        n_threads: int,
    ) -> None:
        self.n: int = n
        self.n_resamples: int = n_resamples
        self.scheme: str = scheme
        self.dtype: np.dtype[Any] = np.dtype(np.float64 if scheme == "bayesian" else np.int32)
        self.block: int = block
        self._native, self._n_threads = native, n_threads
        self._next = 0

    def __repr__(self) -> str:
        return f"BootstrapWeights({self.scheme}, n={self.n}, n_resamples={self.n_resamples})"

    def __iter__(self) -> BootstrapWeights:
        return self

    def __next__(self) -> NDArray[Any]:
        if self._next >= self.n_resamples:
            raise StopIteration
        start, self._next = self._next, min(self._next + self.block, self.n_resamples)
        return self._native.draw(start, self._next, self._n_threads)

    def replicates(self, start: int, stop: int, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Weights of the replicates `start` <= k < `stop`, wherever the iteration stands.

        Parameters
        ----------
        start, stop : int
            0 <= start <= stop; replicates beyond `n_resamples` may be asked for.
        out : ndarray of `dtype`, shape (stop - start, n), optional
            Where they go: contiguous and writeable. It is returned.

        Returns
        -------
        ndarray of int32 or float64, shape (stop - start, n)

        Raises
        ------
        ValueError
            If start < 0 or stop < start, or `out` is not as it must be.
        TypeError
            If `out` is no array of `dtype`.

        Examples
        --------
        >>> import venire as vn
        >>> w = vn.bootstrap_weights(4, 10, rng=0)
        >>> bool((w.replicates(7, 8) == w.replicates(0, 10)[7:8]).all())
        True
        """
        start = checks.whole(start, "start", 0, MOST_RESAMPLES)
        stop = checks.whole(stop, "stop", start, MOST_RESAMPLES)
        if out is None:
            return self._native.draw(start, stop, self._n_threads)
        to = arrays.target(out, (stop - start, self.n), dtype=self.dtype)
        self._native.draw(start, stop, self._n_threads, to)
        return out


def bootstrap_weights(
    n: int,
    n_resamples: int,
    *,
    scheme: str = "multinomial",
    size: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    rng: Any = None,
    block: int | None = None,
    n_threads: int | None = None,
) -> BootstrapWeights:
    """Weights of bootstrap replicates: how often each row stands in each of them.

    Parameters
    ----------
    n : int
        Number of rows (of the data that is resampled), at least 2.
    n_resamples : int
        Number of replicates.
    scheme : {"multinomial", "poisson", "bayesian", "subsample"}
        "multinomial": `size` draws with replacement (Efron 1979). "poisson": independent Poisson
        counts of the same mean. "bayesian": Dirichlet weights of total `size` (Rubin 1981).
        "subsample": `size` draws without replacement, 0 or 1 each (Politis and Romano 1994).
    size : int or array_like of shape (n_strata,), optional
        Draws per replicate, of rows or clusters. Default: as many as there are; half of them for
        "subsample". An int is shared out over strata by their sizes.
    cluster : array_like of shape (n,), optional
        Labels of rows that are drawn together: the units are then the clusters.
    strata : array_like of shape (n,), optional
        Labels of rows that are resampled apart: each stratum keeps its number of draws. A cluster
        must lie in one stratum.
    rng : int, SeedSequence or Generator, optional
        From a Generator one key is drawn. Replicate k depends on the key, k and the arguments
        before this one, and not on `n_resamples`, `block` or `n_threads`.
    block : int, optional
        Replicates per step. Default: as many as make about four million numbers.
    n_threads : int, optional
        Default: all usable CPUs.

    Returns
    -------
    BootstrapWeights
        Iterator over arrays of shape (n_block, n): int32, float64 for "bayesian".

    Raises
    ------
    ValueError
        If `n` < 2, `n_resamples` < 1, `scheme` is unknown, lengths differ, all rows are of one
        cluster, a cluster lies in two strata, or `size` is out of range.
    TypeError
        If a number is not an integer.

    Notes
    -----
    O(n) time per replicate; memory of one block. Counter-based streams (`reference.threefry`): a
    multinomial is drawn as Poisson counts of a total a little smaller, and the rest as single
    draws. Probabilities are right to 2^-32.

    References
    ----------
    Efron (1979), doi:10.1214/aos/1176344552. Rubin (1981), doi:10.1214/aos/1176345338. Politis and
    Romano (1994), doi:10.1214/aos/1176325770.

    Examples
    --------
    >>> import numpy as np, venire as vn
    >>> x = np.array([2.0, 3.0, 5.0, 7.0, 11.0])
    >>> blocks = vn.bootstrap_weights(5, 2000, rng=1)
    >>> means = np.concatenate([w @ x / w.sum(axis=1) for w in blocks])
    >>> means.shape, bool(abs(means.std() - x.std() / 5**0.5) < 0.1)
    ((2000,), True)
    """
    from venire._native.resample import Resampler

    n = checks.whole(n, "n", 1, MOST_ROWS)
    n_resamples = checks.whole(n_resamples, "n_resamples", 1, MOST_RESAMPLES)
    step = max(1, BLOCK // n) if block is None else checks.whole(block, "block", 1, MOST_RESAMPLES)
    plan = make_plan(n, scheme, size, cluster, strata)
    threads = checks.n_threads(n_threads)
    native = Resampler(scheme, plan.ptr, plan.size, n, plan.unit, arrays.keys(rng))
    return BootstrapWeights(n, n_resamples, scheme, native, step, threads)
