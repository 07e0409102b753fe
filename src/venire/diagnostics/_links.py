"""Pairs and items that alone hold a graph together, in linear time; and the weakest cut found."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Link", "cut_vector", "links"]

Codes = NDArray[Any]


class Link(NamedTuple):
    """What falls off when a pair, or an item (then `second` is -1), is taken away."""

    first: int
    second: int
    split: int  # items on the smaller side
    side: tuple[int, int]  # an interval of `links`' order that holds those of one side


def links(n: int, first: Codes, second: Codes) -> tuple[list[Link], NDArray[np.int64]]:
    """All pairs and items whose removal takes other items from each other, and an order of items.

    Depth-first search (Tarjan 1972, doi:10.1137/0201010) of a certificate of at most 2 n edges that
    two breadth-first forests leave (Cheriyan, Kao and Thurimella 1993,
    doi:10.1137/0222013): it has the bridges and the articulation points of the whole.

    Parameters
    ----------
    n : int
    first, second : ndarray of int
        The pairs, each once.
    """
    a, b = first.astype(np.int64), second.astype(np.int64)
    if len(a) > max(2 * n, _FEW):
        one = _forest(n, a, b)
        two = np.zeros(len(a), bool)
        two[~one] = _forest(n, a[~one], b[~one])
        a, b = a[one | two], b[one | two]
    return _searched(n, a, b)


def _forest(n: int, a: Codes, b: Codes) -> NDArray[np.bool_]:
    """Which edges a breadth-first forest takes."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    # A root that is tied to one item of each component makes the forest one search.
    count, label = connected_components(csr_array((np.ones(len(a)), (a, b)), (n, n)), False)
    root = np.empty(count, np.int64)
    root[label[::-1]] = np.arange(n)[::-1]
    rows = np.concatenate([a, np.full(count, n)])
    graph = csr_array((np.ones(len(rows)), (rows, np.concatenate([b, root]))), (n + 1, n + 1))
    _, before = breadth_first_order(graph, n, directed=False)
    return (before[a] == b) | (before[b] == a)


def _searched(n: int, a: Codes, b: Codes) -> tuple[list[Link], NDArray[np.int64]]:
    ends = np.concatenate([a, b])
    by = np.argsort(ends, kind="stable")
    neighbour = np.concatenate([b, a])[by].tolist()
    start = np.searchsorted(ends[by], np.arange(n + 1)).tolist()
    entered, low, size = [-1] * n, [0] * n, [1] * n
    at, above = start[:-1].copy(), [-1] * n
    order: list[int] = []
    cuts: list[tuple[int, int, bool, int]] = []  # above, below, whether a bridge, root
    for root in range(n):
        if entered[root] >= 0:
            continue
        entered[root] = low[root] = len(order)
        order.append(root)
        stack = [root]
        while stack:
            v = stack[-1]
            if at[v] < start[v + 1]:
                u = neighbour[at[v]]
                at[v] += 1
                if entered[u] < 0:
                    above[u] = v
                    entered[u] = low[u] = len(order)
                    order.append(u)
                    stack.append(u)
                elif u != above[v] and entered[u] < low[v]:
                    low[v] = entered[u]
                continue
            stack.pop()
            p = above[v]
            if p < 0:
                continue
            size[p] += size[v]
            low[p] = min(low[p], low[v])
            if low[v] >= entered[p]:
                cuts.append((p, v, low[v] > entered[p], root))
    out = []
    for p, v, bridge, root in cuts:
        side = (entered[v], entered[v] + size[v])
        if bridge:
            out.append(Link(p, v, min(size[v], size[root] - size[v]), side))
        rest = size[root] - size[v] - 1
        if rest > 0 and size[v] > 0:
            out.append(Link(p, -1, min(size[v], rest), side))
        # Below a bridge the lower end holds what hangs on it, too; its own cuts say so.
    return out, np.array(order, np.int64)


def cut_vector(n: int, a: Codes, b: Codes, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """About the second eigenvector of the random walk, by which a graph falls apart most easily.

    (Fiedler 1973, doi:10.21136/CMJ.1973.101168.) Exact for few items; otherwise the walk is taken
    some hundred steps from a fixed start, which leaves what mixes slowest.
    """
    degree = np.bincount(a, weight, n) + np.bincount(b, weight, n)
    root = np.sqrt(np.maximum(degree, 1e-300))
    top = root / np.linalg.norm(root)
    scaled = weight / (root[a] * root[b])
    if n <= 400:
        dense = np.zeros((n, n))
        np.add.at(dense, (a, b), scaled)
        dense += dense.T
        return np.linalg.eigh(dense - 2.0 * np.outer(top, top))[1][:, -1] / root
    from scipy.sparse import csr_array

    walk = csr_array((scaled, (a, b)), shape=(n, n))
    walk = walk + walk.T
    x = np.random.default_rng(0).standard_normal(n)
    for _ in range(_STEPS if len(a) < 1_000_000 else _STEPS // 4):
        x = walk @ x + x
        x -= top * (top @ x)
        x /= np.linalg.norm(x)
    return x / root


_FEW = 10_000  # pairs that are searched sooner than SciPy is loaded
_STEPS = 120
