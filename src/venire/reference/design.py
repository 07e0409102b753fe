"""Which pairs of one group are asked: the twin of csrc/vn_design.c, draw by draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from venire.reference.resampling import threefry

__all__ = ["design_pairs"]

TILE, COUNTERS = 256, 64
TRIES, MOVED = 200, 64


class Draws:
    """A group's stream of 32-bit words: four to a counter, a tile of counters at a time."""

    def __init__(self, key: tuple[int, int], group: int) -> None:
        a, b = threefry(key, [group], 2**64 - 1)
        self.key = int(a[0]), int(b[0])
        self.counter = 0
        self.left: Iterator[int] = iter(())

    def below(self, bound: int) -> int:
        """A whole number from 0 to bound - 1."""
        word = next(self.left, None)
        if word is None:
            counters = np.arange(self.counter, self.counter + COUNTERS, dtype=np.uint64)
            w0, w1 = threefry(self.key, counters, 0)
            low, shift = np.uint64(2**32 - 1), np.uint64(32)
            tile = np.concatenate([w0 & low, w0 >> shift, w1 & low, w1 >> shift])
            self.left = iter(tile.tolist())
            self.counter += COUNTERS
            word = next(self.left)
        return word * bound >> 32

    def permutation(self, n: int) -> list[int]:
        """Fisher and Yates, from the end."""
        p = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.below(i + 1)
            p[i], p[j] = p[j], p[i]
        return p


class Asked(set):
    """Unordered pairs of n items."""

    def __init__(self, n: int, pairs: Iterable[tuple[int, int]] = ()) -> None:
        self.n = n
        super().__init__((min(i, j), max(i, j)) for i, j in pairs)

    def has(self, i: int, j: int) -> bool:
        return (min(i, j), max(i, j)) in self

    def ask(self, i: int, j: int) -> None:
        self.add((min(i, j), max(i, j)))

    def unavoidable(self, wanted: int) -> int:
        """Repeats that cannot be avoided where every item takes part in `wanted` more pairs."""
        partners = np.bincount(np.array(list(self), np.int64).ravel(), minlength=self.n)
        lacks = np.maximum(wanted - (self.n - 1 - partners), 0)
        return int(max((lacks.sum() + 1) // 2, lacks.max()))


def design_pairs(
    n: int,
    degree: int,
    key: tuple[int, int],
    group: int = 0,
    used: Any = ((), ()),
    method: str = "cycles",
) -> tuple[np.ndarray, np.ndarray, int]:
    """Pairs of one group's items, in the order shown.

    Kernel: csrc/vn_design.c, by `venire.design.design_pairs`.

    Parameters
    ----------
    n : int
        Number of items.
    degree : int
        Asks of each item; all pairs where degree >= n - 1.
    key : pair of int
        The seed's two words.
    group : int
        Number of the group's stream.
    used : (first, second)
        What was asked before.
    method : {"cycles", "random"}

    Returns
    -------
    first, second : ndarray of int32, shape (n_asks,)
    repeats : int
        Asks of pairs that were asked before.

    Examples
    --------
    >>> import venire as vn
    >>> first, second, repeats = vn.reference.design_pairs(6, 2, (1, 2))
    >>> sorted(first.tolist()), sorted(second.tolist()), repeats
    ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], 0)
    """
    before = list(zip(np.asarray(used[0]).tolist(), np.asarray(used[1]).tolist(), strict=True))
    draws = Draws(key, group)
    asked = Asked(n, before)
    pairs: list[tuple[int, int]] = []
    repeats = 0
    if n < 2:
        pass
    elif method == "random":
        pairs, repeats = _at_random(draws, asked, len(before), degree)
    elif degree >= n - 1:
        pairs, repeats = _round_robin(draws.permutation(n)), len(asked)
    else:
        pairs, repeats = _cycles(draws, asked, degree)
        if repeats and not before:
            pairs, repeats = _zigzags(draws.permutation(n), degree), 0
    out = np.array(pairs, np.int32).reshape(-1, 2)
    return out[:, 0], out[:, 1], repeats


def _round_robin(p: list[int]) -> list[tuple[int, int]]:
    """Every pair, at distance 1, 2, ... around a circle."""
    n = len(p)
    return [
        (p[i], p[(i + distance) % n])
        for distance in range(1, n // 2 + 1)
        for i in range(n // 2 if 2 * distance == n else n)
    ]


def _cycles(draws: Draws, asked: Asked, degree: int) -> tuple[list[tuple[int, int]], int]:
    """Cycles, and for an odd degree pairs of neighbours of one more permutation."""
    n, pairs, repeats = asked.n, [], 0
    for _ in range(degree // 2):
        p = draws.permutation(n)
        repeats += _repair_cycle(draws, asked, p)
        cycle = [(p[i], p[(i + 1) % n]) for i in range(n)]
        for i, j in cycle:
            asked.ask(i, j)
        pairs += cycle
    if degree % 2:
        p = draws.permutation(n)
        repeats += _repair_matching(draws, asked, p)
        pairs += [(p[i], p[i + 1]) for i in range(0, n - 1, 2)]
    return pairs, repeats


def _zigzags(label: list[int], degree: int) -> list[tuple[int, int]]:
    """Cycles that share no edge (Walecki 1892, as told by Alspach 2008): rotations of one zigzag
    over all items but the last, which stand in a circle, and through the last."""
    circle, pairs = len(label) - 1, []
    for k in range((degree + 1) // 2):
        zigzag = [k + (t + 1) // 2 if t % 2 else k - t // 2 for t in range(circle)]
        p = [label[i % circle] for i in zigzag] + [label[-1]]
        if 2 * k + 1 == degree:
            pairs += [(p[i], p[i + 1]) for i in range(0, circle, 2)]
        else:
            pairs += [(p[i], p[(i + 1) % len(p)]) for i in range(len(p))]
    return pairs


def _repair_cycle(draws: Draws, asked: Asked, p: list[int]) -> int:
    """Reverse segments of p, in place, until no edge of the cycle was asked; the repeats left."""
    n = asked.n
    repeats = sum(asked.has(p[i], p[(i + 1) % n]) for i in range(n))
    least = asked.unavoidable(2) if repeats else 0
    tries, failed, a = TRIES * n, 0, 0
    while repeats > least and tries > 0:
        while not asked.has(p[a], p[(a + 1) % n]):
            a = (a + 1) % n
        length = 2 + draws.below(n - 3)
        start, b = (a + 1) % n, (a + length) % n
        end = (b + 1) % n
        before = 1 + asked.has(p[b], p[end])
        after = asked.has(p[a], p[b]) + asked.has(p[start], p[end])
        if after <= before:
            segment = [p[(start + k) % n] for k in range(length)]
            for k in range(length):
                p[(start + k) % n] = segment[length - 1 - k]
            repeats += after - before
            tries -= length // MOVED
            failed = 0
        elif (failed := failed + 1) == n:
            a, failed = start, 0
        tries -= 1
    return repeats


def _repair_matching(draws: Draws, asked: Asked, p: list[int]) -> int:
    """Exchange items of the pairs (p[0], p[1]), (p[2], p[3]), ... until none was asked."""
    m = len(p) // 2 * 2
    repeats = sum(asked.has(p[i], p[i + 1]) for i in range(0, m, 2))
    if m < 4:
        return repeats
    least = asked.unavoidable(1) if repeats and m == asked.n else 0
    tries, failed, a = TRIES * m, 0, 0
    while repeats > least and tries > 0:
        while not asked.has(p[a], p[a + 1]):
            a = (a + 2) % m
        c = (a + 2 + draws.below(m - 2)) % m
        mate = p[c ^ 1]
        before = 1 + asked.has(p[c], mate)
        after = asked.has(p[a], p[c]) + asked.has(p[a + 1], mate)
        if after <= before:
            p[a + 1], p[c] = p[c], p[a + 1]
            repeats += after - before
            failed = 0
        elif (failed := failed + 1) == m:
            a, failed = (a + 2) % m, 0
        tries -= 1
    return repeats


def _at_random(
    draws: Draws, asked: Asked, n_used: int, degree: int
) -> tuple[list[tuple[int, int]], int]:
    """Distinct pairs; those that were asked only when there is no other."""
    n = asked.n
    every = n * (n - 1) // 2
    wanted = every if degree >= n - 1 else n * degree // 2
    pairs: list[tuple[int, int]] = []
    if 4 * (n_used + wanted) <= n * (n - 1):
        while len(pairs) < wanted:
            i, j = draws.below(n), draws.below(n - 1)
            j += j >= i
            if not asked.has(i, j):
                asked.ask(i, j)
                pairs.append((i, j))
        return pairs, 0
    listed = [(i, j) for i in range(n) for j in range(i + 1, n)]
    listed.sort(key=asked.__contains__)
    free = every - len(asked)
    for k in range(wanted):
        chosen = k + draws.below((free if k < free else every) - k)
        i, j = listed[chosen]
        pairs.append((j, i) if draws.below(2) else (i, j))
        listed[chosen] = listed[k]
    return pairs, max(wanted - free, 0)
