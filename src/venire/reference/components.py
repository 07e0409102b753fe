"""Connected components: weak (who was compared with whom) and strong (who beat whom)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Components", "components"]


class Components(NamedTuple):
    """Which component each item is in; components are numbered by their first item.

    Attributes
    ----------
    labels : ndarray of int32, shape (n_items,)
    sizes : ndarray of int64, shape (n_components,)
    """

    labels: np.ndarray
    sizes: np.ndarray


def wins_graph(cells: Any) -> tuple[np.ndarray, np.ndarray]:
    """Edges from winner to loser; a tie or a soft score is a win each way."""
    forward = (cells.win > 0.0) | (cells.tie > 0.0)
    backward = (cells.loss > 0.0) | (cells.tie > 0.0)
    winner = np.concatenate([cells.first[forward], cells.second[backward]])
    loser = np.concatenate([cells.second[forward], cells.first[backward]])
    return winner, loser


def _number(root: list[int]) -> Components:
    """Component numbers in the order in which the components are first met."""
    _, position, labels, sizes = np.unique(
        np.asarray(root, np.int64), return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.argsort(np.argsort(position))
    return Components(
        rank[labels.ravel()].astype(np.int32), sizes[np.argsort(position)].astype(np.int64)
    )


def _weak(n_items: int, tail: np.ndarray, head: np.ndarray) -> Components:
    """Union-find with path halving."""
    parent = list(range(n_items))

    def find(v: int) -> int:
        while parent[v] != v:
            parent[v] = parent[parent[v]]
            v = parent[v]
        return v

    for a, b in zip(tail.tolist(), head.tolist(), strict=True):
        a, b = find(a), find(b)
        parent[max(a, b)] = min(a, b)
    return _number([find(v) for v in range(n_items)])


def _strong(n_items: int, tail: np.ndarray, head: np.ndarray) -> Components:
    """Tarjan's algorithm with an explicit stack (depth is bounded by memory, not by recursion)."""
    by_tail = np.argsort(tail, kind="stable")
    target = head[by_tail].tolist()
    start = np.searchsorted(tail[by_tail], np.arange(n_items + 1)).tolist()
    index = [-1] * n_items  # order of discovery
    low = [0] * n_items  # the earliest vertex on the stack that is reachable
    root = [-1] * n_items
    stack: list[int] = []
    clock = 0
    for source in range(n_items):
        if index[source] >= 0:
            continue
        path = [(source, start[source])]
        while path:
            v, edge = path.pop()
            if index[v] < 0:
                index[v] = low[v] = clock
                clock += 1
                stack.append(v)
            descend = False
            while edge < start[v + 1]:
                w = target[edge]
                if index[w] < 0:
                    path += [(v, edge), (w, start[w])]  # come back to this edge afterwards
                    descend = True
                    break
                if root[w] < 0:
                    low[v] = min(low[v], low[w])
                edge += 1
            if descend:
                continue
            if low[v] == index[v]:
                while root[v] < 0:
                    root[stack.pop()] = v
    return _number(root)


def components(cells: Any, connection: str = "weak") -> Components:
    """Connected components of the comparisons.

    Kernel: csrc/vn_graph.c, by `venire.Comparisons.components`.

    Parameters
    ----------
    cells : Cells or Comparisons
    connection : {"weak", "strong"}
        Weak: linked by any comparison. Strong: each item of the component can be reached from each
        other one along wins, where a tie or a soft score is a win each way.

    Returns
    -------
    Components

    Raises
    ------
    ValueError
        If `connection` is neither.

    Notes
    -----
    O(n_items + n_cells).

    References
    ----------
    Tarjan 1972, doi:10.1137/0201010.

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> components(aggregate([0, 1], [1, 2]), "strong").labels
    array([0, 1, 2], dtype=int32)
    """
    if connection not in ("weak", "strong"):
        raise ValueError(f"connection must be 'weak' or 'strong', got {connection!r}")
    tail, head = wins_graph(cells)
    return (_weak if connection == "weak" else _strong)(cells.n_items, tail, head)
