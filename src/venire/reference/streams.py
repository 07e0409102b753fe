"""Counter-based streams, in plain NumPy: the twin of csrc/vn_streams.c.

Number i of a key's stream has the words of the counter (i, 0), whatever else is drawn.
"""

from __future__ import annotations

import numpy as np

from venire.reference.beta import _uniform
from venire.reference.resampling import alias_table, poisson_weights, threefry

__all__ = ["stream_normal", "stream_poisson", "stream_uniform"]

STEPS = 16  # up to so many values are found by inversion


def _words(key: tuple[int, int], first: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(over="ignore"):
        counter = np.arange(n, dtype=np.uint64) + np.uint64(first)
    return threefry(key, counter, 0)


def stream_uniform(key: tuple[int, int], first: int, n: int) -> np.ndarray:
    """Numbers first ... first + n - 1 of the uniform variates in (0, 1): the first word of each.

    Kernel: csrc/vn_streams.c, by `venire.jit.stream_uniform`.

    Examples
    --------
    >>> import venire as vn
    >>> vn.reference.stream_uniform((1, 2), 0, 2).round(6)
    array([0.857362, 0.975657])
    """
    return _uniform(_words(key, first, n)[0])


def stream_normal(key: tuple[int, int], first: int, n: int) -> np.ndarray:
    """Numbers first ... first + n - 1 of the normal variates: the cosine of Box and Muller (1958).

    Kernel: csrc/vn_streams.c, by `venire.jit.stream_normal`.

    doi:10.1214/aoms/1177706645.

    Examples
    --------
    >>> import venire as vn
    >>> vn.reference.stream_normal((1, 2), 0, 2).round(6)
    array([-0.548162, -0.143818])
    """
    one, two = _words(key, first, n)
    return np.sqrt(-2.0 * np.log(_uniform(one))) * np.cos(2.0 * np.pi * _uniform(two))


def stream_poisson(key: tuple[int, int], first: int, n: int, mean: float) -> np.ndarray:
    """Numbers first ... first + n - 1 of the Poisson counts: the lower half of the first word.

    Kernel: csrc/vn_streams.c, by `venire.jit.stream_poisson`.

    By inversion where there are few values, else by an alias table (Walker 1977,
    doi:10.1145/355744.355749).

    Examples
    --------
    >>> import venire as vn
    >>> vn.reference.stream_poisson((1, 2), 0, 5, 3.5)
    array([4, 1, 6, 4, 2])
    """
    word = (_words(key, first, n)[0] & np.uint64(2**32 - 1)).astype(np.int64)
    low, weights = poisson_weights(mean)
    if len(weights) <= STEPS:
        return low + np.searchsorted(np.cumsum(weights), word, side="right")
    bits, threshold, other = alias_table(weights)
    column, rest = word >> (32 - bits), (word << bits) & (2**32 - 1)
    return low + np.where(rest < threshold[column], column, other[column])
