"""A user's compiled statistic, evaluated on many rows of weights by several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core.extras import needs

__all__ = ["evaluate", "is_compiled"]

_loops: dict[Any, Any] = {}  # of each statistic: a loop compiled around it


def is_compiled(function: Any) -> bool:
    """Whether `function` was made by numba.njit (or jit)."""
    return hasattr(function, "py_func") and hasattr(function, "targetoptions")


def evaluate(
    statistic: Any, arrays: tuple[Any, ...], weights: NDArray[Any], n_threads: int
) -> NDArray[np.float64]:
    """``statistic(*arrays, row)`` of each row of weights, (n_rows,).

    Each thread runs the compiled loop over rows of its own, without the lock of the interpreter:
    unlike Numba's own threads, these hand on what the statistic raises.
    """
    loop, n = _loop(statistic), len(weights)
    out = np.empty(n)
    parts = min(n_threads, n)
    if parts <= 1:
        loop(arrays, weights, out)
        return out
    loop(arrays, weights[:1], out[:1])  # compiles, once
    cuts = [1 + (n - 1) * k // parts for k in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        jobs = [
            pool.submit(loop, arrays, weights[low:high], out[low:high])
            for low, high in pairwise(cuts)
        ]
        for job in jobs:
            job.result()
    return out


def _loop(statistic: Any) -> Any:
    if statistic in _loops:
        return _loops[statistic]
    numba = needs("numba", "a compiled statistic")

    @numba.njit(nogil=True)
    def loop(arrays: Any, weights: Any, out: Any) -> None:
        for r in range(len(weights)):
            out[r] = statistic(*arrays, weights[r])

    _loops[statistic] = loop
    return loop
