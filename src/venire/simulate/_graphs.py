"""Graphs of every shape: which items meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core import checks

__all__ = ["GRAPHS", "SHAPES", "count", "graph", "int32", "pairs"]

_MOST = 2**31 - 1  # item numbers are int32


def int32(first: Any, second: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both arrays as contiguous int32."""
    return np.ascontiguousarray(first, np.int32), np.ascontiguousarray(second, np.int32)


def count(x: Any, name: str, least: int) -> int:
    """A number of items, groups or rows."""
    return checks.whole(x, name, least, _MOST)


def pairs(first: Any, second: Any, n_items: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions among the items, one of each array in each row."""
    _, *ends = checks.columns(may_be_empty=True, first=first, second=second)
    out = []
    for name, end in zip(("first", "second"), ends, strict=True):
        array = checks.integers(end, name)
        if array.ndim != 1:
            checks.fail(name, f"must be one-dimensional, has {array.ndim} dimensions")
        inside = (array >= 0) & (array < n_items)
        checks.every(inside, name, f"must be from 0 to {n_items - 1}", array)
        out.append(array)
    return out[0], out[1]


def _chain_pairs(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    return np.arange(n - 1), np.arange(1, n)


def _star_pairs(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    return np.zeros(n - 1, np.int32), np.arange(1, n)


def _grid_pairs(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """A square grid with floor(sqrt(n)) columns; the last row may be shorter."""
    width = int(np.sqrt(n))
    v = np.arange(n)
    right = v[(v % width != width - 1) & (v + 1 < n)]
    down = v[: n - width]
    return np.concatenate([right, down]), np.concatenate([right + 1, down + width])


def _ladder_pairs(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Two chains side by side, joined at every rung."""
    half = n // 2
    rung, rail = np.arange(half), np.arange(half - 1)
    first = np.concatenate([rung, rail, rail + half])
    second = np.concatenate([rung + half, rail + 1, rail + half + 1])
    odd = np.arange(2 * half, n)  # an odd item out hangs from the last rung
    return np.concatenate([first, odd - 1]), np.concatenate([second, odd])


def _round_robin_pairs(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    return np.triu_indices(n, 1)


def _regular_pairs(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Degree 4: two random cycles through all items."""
    cycles = [rng.permutation(n) for _ in range(2)]
    return np.concatenate(cycles), np.concatenate([np.roll(c, -1) for c in cycles])


def _power_law_pairs(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """10 n pairs with popularity rank**-0.7, and a random tree that keeps all of it together."""
    popularity = np.arange(1, n + 1) ** -0.7
    cdf = np.cumsum(popularity / popularity.sum())
    first, second = (np.minimum(np.searchsorted(cdf, rng.random(10 * n)), n - 1) for _ in range(2))
    met = first != second
    child = np.arange(1, n)
    parent = (rng.random(n - 1) ** 2 * child).astype(np.int64)
    return np.concatenate([child, first[met]]), np.concatenate([parent, second[met]])


def _two_cliques_pairs(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Two complete graphs, joined by one edge."""
    half = n // 2
    i, j = np.triu_indices(half, 1)
    k, m = np.triu_indices(n - half, 1)
    return np.concatenate([i, k + half, [half - 1]]), np.concatenate([j, m + half, [half]])


def _components_pairs(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Blocks of 100 items, each of them two random cycles."""
    size = min(100, n)
    blocks = np.arange(n // size * size).reshape(-1, size)
    cycles = np.concatenate([rng.permuted(blocks, axis=1) for _ in range(2)])
    rest = np.arange(blocks.size, n)
    first = np.concatenate([cycles.ravel(), rest])
    second = np.concatenate([np.roll(cycles, -1, axis=1).ravel(), rest - 1])
    return first, second


_GRAPHS = {
    "chain": _chain_pairs,
    "star": _star_pairs,
    "grid": _grid_pairs,
    "ladder": _ladder_pairs,
    "round-robin": _round_robin_pairs,
    "4-regular": _regular_pairs,
    "power-law": _power_law_pairs,
    "two-cliques": _two_cliques_pairs,
    "components": _components_pairs,
}
GRAPHS = tuple(_GRAPHS)
SHAPES = ("random", *GRAPHS)


def graph(shape: str, n_items: int, *, rng: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of items that form a graph of the given shape.

    Parameters
    ----------
    shape : str
        One of `GRAPHS`. All are connected but "components", which is blocks of 100 items each.
    n_items : int
        At least 4.
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    first, second : ndarray of int32, shape (n_edges,)
        A pair may occur more than once in "4-regular", "power-law" and "components".

    Raises
    ------
    ValueError
        If `shape` is unknown or `n_items` too small.

    Examples
    --------
    >>> graph("star", 4)
    (array([0, 0, 0], dtype=int32), array([1, 2, 3], dtype=int32))
    """
    make = _GRAPHS[checks.one_of(shape, "shape", GRAPHS)]
    return int32(*make(count(n_items, "n_items", 4), checks.rng(rng)))
