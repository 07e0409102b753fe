"""Random numbers that belong to a place: the same key and counters always give the same number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._native.resample import words

__all__ = ["Key", "child", "normal_pairs", "normals", "uniforms"]

Key = tuple[int, int]
Floats = NDArray[np.float64]


def child(key: Key, number: int, purpose: int) -> Key:
    """The key of a stream that is independent of `key`'s own."""
    a, b = words(key, [number], purpose)
    return int(a[0]), int(b[0])


def uniforms(key: Key, c0: Any, c1: Any) -> tuple[Floats, Floats]:
    """Two numbers in (0, 1) for each counter (c0, c1); c0 has the shape of the result."""
    a, b = words(key, c0, c1)
    return _uniform(a), _uniform(b)


def _uniform(word: NDArray[np.uint64]) -> Floats:
    """The middles of 2^52 cells of (0, 1)."""
    return ((word >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def normal_pairs(key: Key, c0: Any, c1: Any) -> tuple[Floats, Floats]:
    """Two standard normal numbers for each counter, by Box and Muller's transform."""
    u, v = uniforms(key, c0, c1)
    radius, angle = np.sqrt(-2.0 * np.log(u)), 2.0 * np.pi * v
    return radius * np.cos(angle), radius * np.sin(angle)


def normals(key: Key, number: NDArray[np.uint64], width: int) -> Floats:
    """Standard normal numbers, (n, width): row i belongs to number[i]."""
    half = np.arange(-(-width // 2), dtype=np.uint64)
    shape = (len(number), len(half))
    parts = normal_pairs(
        key,
        np.ascontiguousarray(np.broadcast_to(number[:, None], shape)),
        np.broadcast_to(half, shape),
    )
    return np.ascontiguousarray(np.stack(parts, axis=2).reshape(len(number), -1)[:, :width])
