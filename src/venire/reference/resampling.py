"""Weights of bootstrap replicates, in plain NumPy: the twin of csrc/vn_resample.c, draw by draw.

Unit i of replicate r has a 32-bit word of its own, whatever else is drawn. Poisson counts are found
by inversion or, where there are many values, read off an alias table; a multinomial is made of
Poisson counts and single draws.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np

from venire.reference.beta import _threefry, _uniform

__all__ = [
    "alias_table",
    "bootstrap_draws",
    "bootstrap_weights",
    "group_keys",
    "poisson_weights",
    "threefry",
]

TILE, COUNTERS, HALF_TILE = 1024, 256, 512
MARGIN = 6.0
FILL, SINGLE = 0, 1
WHOLE, TEXT = 2**64 - 2, 2**64 - 3  # counters of groups whose labels are integers, and texts
STEPS = 16  # up to so many values are found by inversion


def threefry(key: tuple[int, int], c0: Any, c1: Any) -> tuple[np.ndarray, np.ndarray]:
    """Threefry-2x64 with 20 rounds: two 64-bit words for each counter (c0, c1).

    Kernel: csrc/vn_random.h, by all that is drawn.

    c1 is one number, or an array that broadcasts to the shape of c0.

    Salmon, Moraes, Dror and Shaw (2011), doi:10.1145/2063384.2063405.

    Examples
    --------
    >>> import venire as vn
    >>> [hex(w[0]) for w in vn.reference.threefry((0, 0), [0], 0)]
    ['0xc2b6e3a8c2c69865', '0x6f81ed42f350084d']
    """
    return _threefry(key, np.asarray(c0, np.uint64), c1)


def group_keys(key: tuple[int, int], labels: Any) -> np.ndarray:
    """The streams of groups: a key for each label, whatever other groups there are.

    Kernel: csrc/vn_random.h, by `venire.bootstrap` of groups.

    Parameters
    ----------
    key : pair of int
    labels : array_like of int or str, shape (n_groups,)

    Returns
    -------
    ndarray of uint64, shape (n_groups, 2)

    Examples
    --------
    >>> import venire as vn
    >>> keys = vn.reference.group_keys((1, 2), [7, 8])
    >>> bool((keys[1] == vn.reference.group_keys((1, 2), [8])[0]).all())
    True
    """
    labels = np.asarray(labels)
    if labels.dtype.kind in "iu":
        counter, purpose = labels.astype(np.uint64), WHOLE
    else:
        digests = [hashlib.blake2b(str(x).encode(), digest_size=8).digest() for x in labels]
        words = [int.from_bytes(digest, "little") for digest in digests]
        counter, purpose = np.array(words, np.uint64), TEXT
    return np.stack(threefry(key, counter, purpose), axis=1)


def poisson_weights(mean: float) -> tuple[int, list[int]]:
    """Probabilities of Poisson(mean) in units of 2^-32: the first value, and one for each.

    Kernel: csrc/vn_poisson.c, by `venire.bootstrap_weights`.
    """
    mode = int(mean)
    reach = 40 + int(10.0 * math.sqrt(mean))
    first = max(mode - reach, 0)
    p = np.ones(mode + reach - first + 1)
    for k in range(mode, first, -1):
        p[k - 1 - first] = p[k - first] * (k / mean)
    for k in range(mode + 1, mode + reach + 1):
        p[k - first] = p[k - 1 - first] * (mean / k)
    w = [int(x) for x in np.floor(p / sum(p.tolist()) * 2.0**32 + 0.5)]
    w[mode - first] += 2**32 - sum(w)
    used = [k for k, x in enumerate(w) if x]
    return first + used[0], w[used[0] : used[-1] + 1]


def alias_table(weights: list[int]) -> tuple[int, np.ndarray, np.ndarray]:
    """Walker's alias table of whole weights that add up to 2^32, as Vose fills it.

    Kernel: csrc/vn_draws.c, by `venire.bootstrap`.

    Returns
    -------
    bits : int
        There are 2^bits columns of equal weight.
    threshold, other : ndarray of int64, shape (2**bits,)
        What of a column's 2^32 parts is its own; whose the rest is.
    """
    bits = max(1, (len(weights) - 1).bit_length())
    room = 2 ** (32 - bits)
    left = weights + [0] * (2**bits - len(weights))
    short = [k for k, x in enumerate(left) if x < room]
    long = [k for k, x in enumerate(left) if x >= room]
    threshold, other = np.zeros(2**bits, np.int64), np.arange(2**bits)
    while short:
        k = short.pop()
        threshold[k], other[k] = left[k] << bits, long[-1]
        left[long[-1]] -= room - left[k]
        if left[long[-1]] < room:
            short.append(long.pop())
    return bits, threshold, other


def bootstrap_weights(
    n: int,
    key: tuple[int, int],
    replicate: int,
    scheme: str = "multinomial",
    size: int | None = None,
    ptr: Any = None,
) -> np.ndarray:
    """One replicate's weights of `n` units.

    Kernel: csrc/vn_resample.c, by `venire.bootstrap_weights`.

    Parameters
    ----------
    n : int
        Units; with `ptr` (n_strata + 1,) in strata, one after another, of which each has as many
        draws as units (half of them for "subsample"). Without, `size` draws.
    key : pair of int
        The stream.
    replicate : int
    scheme : {"multinomial", "poisson", "bayesian", "subsample"}

    Returns
    -------
    ndarray of int64, or float64 for "bayesian", shape (n,)

    Examples
    --------
    >>> import venire as vn
    >>> int(vn.reference.bootstrap_weights(100, (1, 2), 0).sum())
    100
    """
    a, b = threefry(key, [replicate], 2**64 - 1)
    own = int(a[0]), int(b[0])
    ptr = np.array([0, n] if ptr is None else ptr)
    units = np.diff(ptr)
    sizes = units // 2 if scheme == "subsample" else units
    if size is not None:
        sizes = np.array([size])
    if scheme == "bayesian":
        tile = np.arange(-(-n // HALF_TILE) * COUNTERS, dtype=np.uint64)
        words = [w.reshape(-1, COUNTERS) for w in threefry(own, tile, FILL)]
        weights = -np.log(_uniform(np.concatenate(words, axis=1).ravel()[:n]))
        for k, total in enumerate(sizes):
            part = slice(ptr[k], ptr[k + 1])
            weights[part] *= total / weights[part].sum()
        return weights
    out = np.zeros(n, np.int64)
    for k, total in enumerate(sizes):
        part = slice(ptr[k], ptr[k + 1])
        single = 0 if scheme == "subsample" else int(sizes[:k].sum())
        out[part] = _stratum(own, scheme, part, int(total), k, single)
    return out


def _stratum(
    key: tuple[int, int], scheme: str, part: slice, size: int, stratum: int, single: int
) -> np.ndarray:
    """Counts of one stratum."""
    n = int(part.stop - part.start)
    inverted = scheme == "subsample" and 2 * size > n
    wanted = n - size if inverted else size
    for attempt in range(100):
        counts = _first_pass(key, scheme, part, wanted, attempt)
        if scheme == "poisson":
            return counts
        if counts.sum() <= wanted:
            break
    purpose = 2 * attempt + SINGLE + (stratum << 20 if scheme == "subsample" else 0)
    draw = single
    while counts.sum() < wanted:
        word, _ = threefry(key, [draw], purpose)
        i = int(word[0]) * n >> 64
        counts[i] += scheme != "subsample" or counts[i] == 0
        draw += 1
    return 1 - counts if inverted else counts


def _first_pass(
    key: tuple[int, int], scheme: str, part: slice, size: int, attempt: int
) -> np.ndarray:
    """Independent counts whose total is, almost surely, at most `size`."""
    n = int(part.stop - part.start)
    total = size if scheme == "poisson" else size - MARGIN * math.sqrt(size)
    if n == 0 or total <= 0.0:
        return np.zeros(n, np.int64)
    word = _words(key, part.stop, attempt)[part.start :]
    if scheme == "subsample":
        return (word < int(total / n * 2.0**32)).astype(np.int64)
    low, weights = poisson_weights(total / n)
    if len(weights) <= STEPS:
        return low + np.searchsorted(np.cumsum(weights[:-1]), word, side="right")
    bits, threshold, other = alias_table(weights)
    column = word >> (32 - bits)
    fraction = (word << bits) % 2**32
    return low + np.where(fraction < threshold[column], column, other[column])


def _words(key: tuple[int, int], n: int, attempt: int) -> np.ndarray:
    """The 32-bit words of the first `n` units, as int64."""
    tile = np.arange(-(-n // TILE) * COUNTERS, dtype=np.uint64)
    w0, w1 = (w.reshape(-1, COUNTERS) for w in threefry(key, tile, 2 * attempt + FILL))
    low, shift = np.uint64(2**32 - 1), np.uint64(32)
    quarters = [w0 & low, w0 >> shift, w1 & low, w1 >> shift]
    return np.concatenate(quarters, axis=1).ravel()[:n].astype(np.int64)


# --- units that stand for several rows ------------------------------------------------------------


def bootstrap_draws(
    counts: Any, key: tuple[int, int], replicate: int, scheme: str = "multinomial"
) -> np.ndarray:
    """How often units of `counts` exchangeable rows each are drawn: the twin of csrc/vn_draws.c.

    Kernel: csrc/vn_draws.c, by `venire.bootstrap`.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Whole numbers, at least 1 each.
    key : pair of int
    replicate : int
    scheme : {"multinomial", "poisson", "bayesian"}

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> import venire as vn
    >>> float(vn.reference.bootstrap_draws([30, 50, 20], (1, 2), 0).sum())
    100.0
    """
    a, b = threefry(key, [replicate], 2**64 - 1)
    own, n = (int(a[0]), int(b[0])), len(counts)
    if scheme == "bayesian":
        gamma = np.array([_gamma(own, u, float(c)) for u, c in enumerate(counts)])
        return gamma * (np.sum(counts, dtype=np.float64) / gamma.sum())
    counts = np.asarray(counts, np.int64)
    total = int(counts.sum())
    share = max(1.0 - 3.0 / math.sqrt(total), 0.0) if scheme == "multinomial" else 1.0
    for attempt in range(100):
        word = _words(own, n, 2 * attempt)
        out = np.array([_inverted(float(c) * share, w) for c, w in zip(counts, word, strict=True)])
        if scheme == "poisson" or out.sum() <= total:
            break
    if scheme == "poisson":
        return out
    bits, threshold, other = _alias_of_counts(counts.tolist())
    for j in range(total - int(out.sum())):
        w0, w1 = threefry(own, [j], 4 * attempt + SINGLE)
        column, part = int(w0[0]) >> (64 - bits), int(w1[0]) * total >> 64
        out[column if part < threshold[column] else other[column]] += 1.0
    return out


def _inverted(mean: float, word: int) -> float:
    """The Poisson value of one word."""
    if mean <= 0.0:
        return 0.0
    low, weights = poisson_weights(mean)
    if len(weights) <= STEPS:
        return float(low + np.searchsorted(np.cumsum(weights[:-1]), word, side="right"))
    bits, threshold, other = alias_table(weights)
    column = int(word) >> (32 - bits)
    own = (int(word) << bits) % 2**32 < threshold[column]
    return float(low + (column if own else other[column]))


def _alias_of_counts(counts: list[int]) -> tuple[int, list[int], list[int]]:
    """Walker's table of units that are drawn in proportion to `counts`: columns of their sum."""
    bits, room = max(1, (len(counts) - 1).bit_length()), sum(counts)
    left = [c << bits for c in counts] + [0] * (2**bits - len(counts))
    short = [k for k, x in enumerate(left) if x < room]
    long = [k for k, x in enumerate(left) if x >= room]
    threshold, other = [room] * 2**bits, list(range(2**bits))
    while short:
        k = short.pop()
        threshold[k], other[k] = left[k], long[-1]
        left[long[-1]] -= room - left[k]
        if left[long[-1]] < room:
            short.append(long.pop())
    return bits, threshold, other


def _gamma(key: tuple[int, int], unit: int, shape: float) -> float:
    """A gamma variate of shape >= 1 (Marsaglia and Tsang 2000, doi:10.1145/358407.358414)."""
    d = shape - 1.0 / 3.0
    for attempt in range(1000):
        w0, w1 = threefry(key, [unit], 8 * attempt + 2)
        u, _ = threefry(key, [unit], 8 * attempt + 6)
        z = math.sqrt(-2.0 * math.log(_uniform(w0)[0])) * math.cos(2 * math.pi * _uniform(w1)[0])
        v = (1.0 + z / (3.0 * math.sqrt(d))) ** 3
        # of a shape beyond 1e9 less than one in it is refused, and rounding would decide which
        if v > 0.0 and (
            d > 1e9 or math.log(_uniform(u)[0]) < 0.5 * z * z + d * (1.0 - v + math.log(v))
        ):
            break
    return d * v
