"""Listed labels become rankings: items coded, what cannot be a ranking refused, sets completed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire._core.failing import NO_VALUE
from venire.data.coding import Encoder, encode_one
from venire.data.rankings._listing import Listed, about_lists, lists_of, offsets_of

__all__ = ["Arrays", "Places", "arrays_of_lists", "built", "taken_out"]

_ONE = "holds one item alone, which says nothing: a ranking needs two"
_MOST = 2**40  # labels of all rankings and their sets
_BLOCK = 1 << 20  # labels that are looked at together


class Arrays(NamedTuple):
    """What rankings are made of; see `Rankings`."""

    items: NDArray[Any]
    offsets: NDArray[np.int64]
    item: NDArray[np.int32]
    ranked: NDArray[np.int32]
    tied: NDArray[np.bool_] | None = None
    weight: NDArray[np.float64] | None = None
    group: NDArray[np.int32] | None = None
    groups: NDArray[Any] | None = None
    item_offsets: NDArray[np.int64] | None = None
    cluster: NDArray[np.int32] | None = None
    clusters: NDArray[Any] | None = None
    labels: NDArray[Any] | None = None


class Places(NamedTuple):
    """How errors name a ranking, and a place in it: argument and position."""

    ranking: Callable[[int], tuple[str, int]]
    place: Callable[[int, int], tuple[str, int]]
    twice: Callable[[int, int], str]  # of a ranking, and of the place where the item was before

    @classmethod
    def of_lists(cls, name: str) -> Places:
        """Of an argument that is a list of lists."""
        return cls(
            lambda i: (name, i),
            lambda i, j: (f"{name}[{i}]", j),
            lambda i, j: f"stands in it twice, at position {j}, too",
        )


def arrays_of_lists(
    rankings: Any, among: Any, items: Any, own: dict[str, Any], n_threads: int
) -> Arrays:
    """Rankings that are lists, best first; `own` are weight, group and cluster."""
    lists = {"rankings": lists_of(rankings, "rankings")}
    if among is not None and not isinstance(among, str):
        lists["among"] = lists_of(among, "among", ties=False)
    elif among is not None:
        checks.every(among == "all", "among", "must be 'all', or a set for each ranking", [among])
    n = len(lists["rankings"].offsets) - 1
    if n == 0:
        fail("rankings", "is empty: at least one ranking is needed")
    if items is not None and own["group"] is not None:
        fail("items", "rankings in groups find the items of each group by themselves")
    with about_lists(lists):
        encoder = Encoder(tuple(lists), n_threads)
        encoder.add(*(x.item for x in lists.values()))
        found, codes = encoder.finish(items)
    coded = {k: x._replace(item=c) for (k, x), c in zip(lists.items(), codes, strict=True)}
    columns = {name: checks.column(x, name) for name, x in own.items()}
    for name, x in columns.items():
        if (size := checks.length(x, name)) not in (None, n):
            fail(name, f"has {size} rows, but there are {n} rankings")
    places = Places.of_lists("rankings")
    return built(
        found, coded["rankings"], places, among=coded.get("among", among), n_threads=n_threads,
        **columns,
    )  # fmt: skip


def built(
    items: NDArray[Any],
    listed: Listed,
    places: Places,
    *,
    weight: Any = None,
    group: Any = None,
    cluster: Any = None,
    among: Listed | str | None = None,
    labels: NDArray[Any] | None = None,
    n_threads: int,
) -> Arrays:
    """Rankings of coded labels; `weight`, `group` and `cluster` have one entry a ranking.

    `among` holds codes of the same items, or is "all".
    """
    n = len(listed.offsets) - 1
    sizes = np.diff(listed.offsets)
    item = np.ascontiguousarray(listed.item, dtype=np.int32)
    ranked = sizes.astype(np.int32) if listed.ranked is None else listed.ranked
    if not sizes.all():
        where = places.ranking(int(np.argmin(sizes)))
        fail(where[0], "is empty: a ranking needs two items", where[1])
    if not ranked.all():
        at = int(np.argmin(ranked))
        where = places.ranking(at)
        fail(where[0], "has no item with a rank", where[1], _named(labels, at))
    _distinct(items, item, listed.offsets, places)
    a = Arrays(items, listed.offsets, item, ranked, listed.tied, labels=labels)
    if cluster is not None:
        clusters, codes = encode_one(cluster, "cluster", n_threads, n=n)
        a = a._replace(cluster=codes, clusters=clusters)
    if group is not None:
        groups, codes = encode_one(group, "group", n_threads, n=n)
        a, among = _grouped(a._replace(group=codes, groups=groups), among, n_threads)
    if isinstance(among, str):
        a = _with_rest(a, _all_of_group(a))
    elif among is not None:
        a = _with_rest(a, _given_set(a, among, places))
    alone = np.diff(a.offsets) < 2
    if alone.any():
        at = int(np.argmax(alone))
        where = places.ranking(at)
        value = (
            labels[at] if labels is not None else a.items[a.item[a.offsets[at : at + 1]]].tolist()
        )
        fail(where[0], _ONE, where[1], value)
    return _weighted(a, weight, n)


def _named(labels: NDArray[Any] | None, at: int) -> Any:
    return NO_VALUE if labels is None else labels[at]


def _weighted(a: Arrays, weight: Any, n: int) -> Arrays:
    """With weights, and without the rankings that have none."""
    w = checks.weight(weight, n)
    if w is None:
        return a
    w = np.full(n, w[0]) if len(w) != n else w
    if not w.all():
        keep = np.flatnonzero(w)
        if not len(keep):
            fail("weight", "every ranking has weight 0")
        return taken_out(a._replace(weight=w), keep)
    return a if (w == 1.0).all() else a._replace(weight=w.copy())


def taken_out(a: Arrays, keep: NDArray[np.int64]) -> Arrays:
    """Some of the rankings; all items stay."""
    if a.labels is None:
        a = a._replace(labels=np.arange(len(a.ranked)))
    sizes = np.diff(a.offsets)[keep]
    offsets = offsets_of(sizes)
    at = np.repeat(a.offsets[keep] - offsets[:-1], sizes) + np.arange(offsets[-1])
    return a._replace(
        offsets=offsets,
        **{k: x[at] for k in ("item", "tied") if (x := getattr(a, k)) is not None},
        **{
            k: x[keep]
            for k in ("ranked", "weight", "group", "cluster", "labels")
            if (x := getattr(a, k)) is not None
        },
    )


# ---- what is refused ----------------------------------------------------------------------------


def _distinct(
    items: NDArray[Any],
    item: NDArray[np.int32],
    offsets: NDArray[np.int64],
    places: Places,
) -> None:
    """Refuse a ranking that holds an item twice; rankings of one size are looked at together."""
    sizes = np.diff(offsets)
    many = np.bincount(sizes)
    many[:2] = 0  # which repeat nothing
    for m in np.flatnonzero(many).tolist():
        of_size = np.flatnonzero(sizes == m)
        for start in range(0, len(of_size), block := max(1, _BLOCK // m)):
            chosen = of_size[start : start + block]
            first = int(offsets[chosen[0]])
            if len(chosen) == chosen[-1] - chosen[0] + 1:
                rows = item[first : first + len(chosen) * m].reshape(-1, m)
            else:
                rows = item[offsets[chosen][:, None] + np.arange(m)]
            ordered = np.sort(rows, axis=1)
            twice = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
            if twice.any():
                at = int(np.argmax(twice))
                _refuse_repeat(items, rows[at].tolist(), int(chosen[at]), places)


def _refuse_repeat(items: NDArray[Any], row: list[int], ranking: int, places: Places) -> NoReturn:
    again = next(k for k, code in enumerate(row) if code in row[:k])
    name, position = places.place(ranking, again)
    fail(name, places.twice(ranking, row.index(row[again])), position, items[row[again]])


# ---- groups, and the rest of the set ------------------------------------------------------------


def _grouped(a: Arrays, among: Listed | str | None, n_threads: int) -> tuple[Arrays, Any]:
    """Items of their own for each group, one group's after the other's."""
    assert a.group is not None
    assert a.groups is not None
    lists = [Listed(a.item, a.offsets)] + ([among] if isinstance(among, Listed) else [])
    encoder = Encoder(("item", "among")[: len(lists)], n_threads)
    encoder.add(
        *(
            np.repeat(a.group.astype(np.int64), np.diff(x.offsets)) * len(a.items) + x.item
            for x in lists
        )
    )
    keys, codes = encoder.finish()
    group, label = np.divmod(keys, len(a.items))
    at = np.searchsorted(group, np.arange(len(a.groups) + 1)).astype(np.int64)
    own = a._replace(items=a.items[label], item=codes[0], item_offsets=at)
    return own, among._replace(item=codes[1]) if isinstance(among, Listed) else among


def _all_of_group(a: Arrays) -> _Set:
    """Of each ranking all items there are, in its group if it has one."""
    n = len(a.offsets) - 1
    if a.group is None or a.item_offsets is None:
        first, size = np.zeros(n, np.int64), np.full(n, len(a.items))
    else:
        first, size = a.item_offsets[a.group], np.diff(a.item_offsets)[a.group]
    if size.sum() > _MOST:
        fail("among", f"the sets would hold {size.sum():,} items in all, too many", value="all")

    def rest(block: slice, own: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[Any]:
        item = np.arange(len(own)) + (first[block] - offsets[:-1])[own]
        left = np.ones(len(own), bool)
        sizes = np.diff(a.offsets)[block]
        listed = a.item[a.offsets[block.start] : a.offsets[block.stop]]
        left[listed + np.repeat(offsets[:-1] - first[block], sizes)] = False
        return item[left]

    return _Set(offsets_of(size), rest)


def _given_set(a: Arrays, among: Listed, places: Places) -> _Set:
    """The sets that were given, if each holds what is ranked of it."""
    n, width = len(a.offsets) - 1, len(a.items)
    if len(among.offsets) - 1 != n:
        fail("among", f"has {len(among.offsets) - 1} sets, but there are {n} rankings")
    item = np.asarray(among.item, np.int32)
    _distinct(a.items, item, among.offsets, Places.of_lists("among"))
    keys, given = (
        np.repeat(np.arange(n), np.diff(offsets)) * width + codes
        for codes, offsets in ((a.item, a.offsets), (item, among.offsets))
    )
    inside = np.isin(keys, given)
    if not inside.all():
        at = int(np.argmin(inside))
        ranking = int(np.searchsorted(a.offsets, at, side="right")) - 1
        argument, position = places.place(ranking, at - int(a.offsets[ranking]))
        fail(argument, f"is not in among[{ranking}]", position, a.items[a.item[at]])
    left = ~np.isin(given, keys)

    def rest(block: slice, own: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[Any]:
        here = slice(among.offsets[block.start], among.offsets[block.stop])
        return item[here][left[here]]

    return _Set(among.offsets, rest)


class _Set(NamedTuple):
    """What each ranking was made of: where its set begins, and what of some sets is not placed."""

    offsets: NDArray[np.int64]
    rest: Callable[[slice, NDArray[np.int64], NDArray[np.int64]], NDArray[Any]]


def _with_rest(a: Arrays, among: _Set) -> Arrays:
    """Each ranking with those of its set behind it that it does not place."""
    n, offsets = len(a.offsets) - 1, among.offsets
    out = np.empty(offsets[-1], np.int32)
    tied = None if a.tied is None else np.zeros(len(out), bool)
    sizes = np.diff(offsets)
    start = 0
    while start < n:
        stop = int(np.searchsorted(offsets, offsets[start] + _BLOCK, side="right")) - 1
        block = slice(start, max(stop, start + 1))
        start = block.stop
        own = np.repeat(np.arange(block.stop - block.start), sizes[block])
        within = offsets[block.start : block.stop + 1] - offsets[block.start]
        listed = slice(a.offsets[block.start], a.offsets[block.stop])
        n_listed = np.diff(a.offsets)[block]
        shift = within[:-1] - (a.offsets[block] - a.offsets[block.start])
        front = np.repeat(shift, n_listed) + np.arange(n_listed.sum())
        behind = np.ones(len(own), bool)
        behind[front] = False
        here = out[offsets[block.start] : offsets[block.stop]]
        here[front] = a.item[listed]
        here[behind] = among.rest(block, own, within)
        if tied is not None and a.tied is not None:
            tied[offsets[block.start] : offsets[block.stop]][front] = a.tied[listed]
    return a._replace(offsets=offsets, item=out, tied=tied)
