"""How many asks each group gets: equal shares, given ones, or what the gains say."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core import checks

__all__ = ["by_gain", "equal_shares", "given_shares", "limits_for_gain"]

AHEAD = 3  # times the mean share that a group is run to before the gains decide


def equal_shares(total: int, room: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """`total` asks over groups that have `room` for so many, as equally as that allows.

    Every group gets the same or all that it has room for; what is left goes one by one to groups
    in random order.
    """
    low, high = 0, int(room.max(initial=0))
    while low < high:  # the highest level whose sum is not above the total
        middle = (low + high + 1) // 2
        if int(np.minimum(room, middle).sum()) <= total:
            low = middle
        else:
            high = middle - 1
    shares = np.minimum(room, low)
    left = total - int(shares.sum())
    order = generator.permutation(len(room))
    more = order[room[order] > low][:left]
    shares[more] += 1
    return shares


def given_shares(budget: Any, room: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The budget, one number or one per group, as asks per group."""
    possible = int(room.sum())
    if checks.length(budget, "budget") is None:
        total = checks.whole(budget, "budget", 1)
        if total > possible:
            checks.fail("budget", f"the groups have only {possible} pairs", value=total)
        return equal_shares(total, room, generator)
    array = checks.integers(budget, "budget")
    if array.shape != room.shape:
        checks.fail("budget", f"must have one number for each of {len(room)} groups, has shape "
                     f"{array.shape}")  # fmt: skip
    bad = np.flatnonzero((array < 0) | (array > room))
    if len(bad):
        at = int(bad[0])
        rule = "must not be negative" if array[at] < 0 else f"the group has {room[at]} pairs"
        checks.fail("budget", rule, at, int(array[at]))
    shares = array.astype(np.int64)
    if not shares.any():
        checks.fail("budget", "must be at least 1 in some group")
    return shares


def limits_for_gain(shares: np.ndarray, room: np.ndarray) -> np.ndarray:
    """How far each group is run so that gains can be compared."""
    able = int(np.count_nonzero(room))
    mean = -(-int(shares.sum()) // max(able, 1))
    return np.maximum(np.minimum(AHEAD * mean, room), shares)


def by_gain(gain: np.ndarray, offsets: np.ndarray, total: int) -> np.ndarray:
    """How many picks of each group are among the `total` best; ties by (group, order).

    Picks are taken in the order in which they were made, so a pick counts for at most what those
    before it gain.
    """
    sizes = np.diff(offsets)
    group = np.repeat(np.arange(len(sizes)), sizes)
    least = _running_minimum(gain, offsets)
    order = np.argsort(-least, kind="stable")[:total]
    return np.bincount(group[order], minlength=len(sizes)).astype(np.int64)


def _running_minimum(x: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    out = x.copy()
    sizes = np.diff(offsets)
    for step in range(1, int(sizes.max(initial=0))):
        at = offsets[:-1][sizes > step] + step
        out[at] = np.minimum(out[at], out[at - 1])
    return out
