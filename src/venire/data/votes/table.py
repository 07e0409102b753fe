"""The sparse (pair x teacher) table of judgments, and two tables as one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import fail
from venire.data import coding

__all__ = ["PairNames", "Table", "joined", "union"]

_MOST = 2**31 - 1  # runs of one judgment


class PairNames(NamedTuple):
    """What the pairs are called: by labels of their own, or by their two items (and group).

    Pairs are sorted: by label, or by (group, first, second); first < second in the order of items.
    """

    pairs: NDArray[Any] | None = None
    items: NDArray[Any] | None = None
    first: NDArray[np.int32] | None = None  # positions in items
    second: NDArray[np.int32] | None = None
    groups: NDArray[Any] | None = None
    group: NDArray[np.int32] | None = None  # positions in groups

    def __len__(self) -> int:
        if self.pairs is not None:
            return len(self.pairs)
        return 0 if self.first is None else len(self.first)

    def major(self) -> NDArray[np.int64]:
        """Group and first item as one number, ascending."""
        assert self.items is not None
        assert self.first is not None
        first = self.first.astype(np.int64)
        return first if self.group is None else self.group * np.int64(len(self.items)) + first

    def labels(self) -> tuple[Any, Any, Any]:
        """Group (0 where there are none), first and second item of each pair, as coded columns."""
        assert self.items is not None
        groups: Any = (self.groups, self.group)
        if self.groups is None:
            groups = np.zeros(1, np.int64), np.zeros(len(self), np.int32)
        coded: Any = (groups, (self.items, self.first), (self.items, self.second))
        group, first, second = (coding.Encoded(known, codes) for known, codes in coded)
        return group, first, second


class Table(NamedTuple):
    """Cells, sorted by (pair, teacher); `columns` as the native layer made them."""

    names: PairNames
    teachers: NDArray[Any]
    ptr: NDArray[np.int64]
    columns: dict[str, NDArray[Any]]
    n_votes: int

    @property
    def n_cells(self) -> int:
        """Number of judgments."""
        return len(self.columns["teacher"])


def joined(a: Table, b: Table, n_threads: int) -> Table:
    """Both tables as one; pairs and teachers are the union."""
    from venire._native import votes

    names, at_a, at_b = _union_of_pairs(a.names, b.names)
    teachers, to_a, to_b = union(a.teachers, b.teachers, "teacher")
    if a.n_votes + b.n_votes > _MOST and _most_runs(a) + _most_runs(b) > _MOST:
        fail("vote", f"one judgment has more than {_MOST} runs")
    ptr, columns = votes.merge(
        a.ptr, a.columns, b.ptr, b.columns, at_a, at_b, to_a, to_b, n_threads
    )
    return Table(names, teachers, ptr, columns, a.n_votes + b.n_votes)


def _most_runs(table: Table) -> int:
    """Largest number of runs of a judgment."""
    c = table.columns
    if table.n_cells == 0:
        return 0
    if "runs" in c:
        return int(c["runs"].max())
    return int((c["win"].astype(np.int64) + c["tie"] + c["loss"]).max())


def union(
    a: NDArray[Any], b: NDArray[Any], name: str
) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int32]]:
    """Sorted labels of both, and the place of each one's labels among them."""
    if (a.dtype == object) != (b.dtype == object) and len(a) and len(b):
        words = ["text" if x.dtype == object else "integers" for x in (a, b)]
        fail(name, f"must all be of one type: here is {words[1]} after {words[0]}")
    if len(a) == len(b) and (a == b).all():
        same = np.arange(len(a), dtype=np.int32)
        return a, same, same
    if len(a) == 0 or len(b) == 0:
        whole = a if len(a) else b
        places = [np.arange(len(x), dtype=np.int32) for x in (a, b)]
        return whole, places[0], places[1]
    both, inverse = np.unique(coding._joined([a, b]), return_inverse=True)
    places = [inverse[: len(a)].astype(np.int32), inverse[len(a) :].astype(np.int32)]
    return both, places[0], places[1]


def _union_of_pairs(
    a: PairNames, b: PairNames
) -> tuple[PairNames, NDArray[np.int32], NDArray[np.int32]]:
    """Names of all pairs, and where each table has them (-1: nowhere)."""
    if (a.pairs is None) != (b.pairs is None):
        fail("pair", "one has labels of pairs, the other pairs of items")
    if a.pairs is not None and b.pairs is not None:
        pairs, to_a, to_b = union(a.pairs, b.pairs, "pair")
        return PairNames(pairs), _places(to_a, len(pairs)), _places(to_b, len(pairs))
    assert a.items is not None
    assert b.items is not None
    if (a.groups is None) != (b.groups is None):
        fail("group", "both or neither of the votes must have groups")
    items, item_a, item_b = union(a.items, b.items, "first")
    groups = group_a = group_b = None
    if a.groups is not None and b.groups is not None:
        groups, group_a, group_b = union(a.groups, b.groups, "group")
    columns = []
    for x, item, group in ((a, item_a, group_a), (b, item_b, group_b)):
        assert x.first is not None
        assert x.second is not None
        ids = np.zeros(len(x), np.int32)
        if group is not None and x.group is not None:
            ids = group[x.group]
        columns.append((ids, item[x.first], item[x.second]))
    (ga, fa, sa), (gb, fb, sb) = columns
    if len(a) == len(b) and (ga == gb).all() and (fa == fb).all() and (sa == sb).all():
        place = np.arange(len(a), dtype=np.int32)
        return PairNames(None, items, fa, sa, groups, None if groups is None else ga), place, place
    major = [g.astype(np.int64) * len(items) + f for g, f, _ in columns]
    keys = np.concatenate(major), np.concatenate([sa, sb])
    order = np.lexsort((keys[1], keys[0]))
    new = np.ones(len(order), bool)
    ordered = keys[0][order], keys[1][order]
    new[1:] = (np.diff(ordered[0]) != 0) | (np.diff(ordered[1]) != 0)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.cumsum(new) - 1
    n = int(new.sum())
    heads = order[new]
    names = PairNames(
        None,
        items,
        np.concatenate([fa, fb])[heads],
        np.concatenate([sa, sb])[heads],
        groups,
        None if groups is None else np.concatenate([ga, gb])[heads],
    )
    return names, _places(rank[: len(a)], n), _places(rank[len(a) :], n)


def _places(to: NDArray[Any], n: int) -> NDArray[np.int32]:
    """The inverse of a map into 0 ... n - 1; -1 where nothing goes."""
    out = np.full(n, -1, np.int32)
    out[to] = np.arange(len(to), dtype=np.int32)
    return out
