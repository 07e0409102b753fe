"""Checks of who met whom: what the graph of comparisons leaves open, and what it hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, MOST, WORTH, Finding, counted, listed
from venire.diagnostics._links import Link, cut_vector, links
from venire.diagnostics._records import Records

__all__ = ["components", "one_sided", "thin_cut", "thin_links", "voters_links"]

FEW = 50.0  # games between two parts: an error of their difference of 0.3 and more
_PART = 0.1  # of the items: a smaller part is a few items, a larger one half of a ranking
_LEAST = 3
_FEW_APART = 0.02  # of the items and of their games: the ranking is that of the others
_MIXED = 0.1  # of the games between the parts that mixing at random would give
_VOTERS = 100  # looked at one by one: the busiest
_EDGES = 4_000_000  # that are gone through for them in all


def components(e: Evidence) -> Iterator[Finding]:
    """Parts that nothing links, and items that met nobody."""
    label, sizes = e.weak
    met = sizes > 1
    alone = np.flatnonzero(~met[label])
    if len(alone):
        yield Finding(
            "never compared", WORTH,
            f"{_items(len(alone))} met nobody: {listed(e.items[alone], n=len(alone))}.",
            {"items": len(alone)}, {"items": tuple(e.items[alone[:MOST]].tolist())},
            "The data say nothing of them: leave them out, or ignore their ratings.",
            len(alone) / len(e.items),
        )  # fmt: skip
    parts = np.flatnonzero(met)
    if len(parts) < 2:
        text = (
            f"a chain of comparisons leads from each of {_items(int(sizes.max()))} to every other."
        )
        yield Finding("components", FINE, text, {"components": 1})
        return
    parts = parts[np.argsort(-sizes[parts], kind="stable")]
    small = np.flatnonzero(np.isin(label, parts[1:]))
    few = max(len(small) / len(e.items), e.games[small].sum() / e.games.sum()) < _FEW_APART
    yield Finding(
        "components", WORTH if few else GRAVE,
        f"the items fall into {len(parts):,} parts that never met: {sizes[parts[0]]:,} items in "
        f"the largest, {len(small):,} outside it ({listed(e.items[small], n=len(small))}).",
        {"components": len(parts), "largest": int(sizes[parts[0]]), "outside": len(small)},
        {"items": tuple(e.items[small[:MOST]].tolist())},
        "Ratings and ranks of different parts cannot be compared: rank each by itself, or add "
        "comparisons between them.",
        10.0 + 10.0 * len(small) / len(e.items),
    )  # fmt: skip


def one_sided(e: Evidence) -> Iterator[Finding]:
    """Items that never lost or never won, and groups that only won against the rest."""
    c, n = e.comparisons, len(e.items)
    won = c.win + c.tie / 2.0
    lost = c.loss + c.tie / 2.0
    up = np.bincount(c.first, won, n) + np.bincount(c.second, lost, n)
    down = np.bincount(c.first, lost, n) + np.bincount(c.second, won, n)
    found = False
    for name, some, never, limit in (
        ("undefeated", (up > 0) & (down == 0), "never lost a point", "+"),
        ("winless", (down > 0) & (up == 0), "never won a point", "-"),
    ):
        which = np.flatnonzero(some)
        if not len(which):
            continue
        found = True
        which = which[np.argsort(-e.games[which], kind="stable")]
        yield Finding(
            name, WORTH,
            f"{_items(len(which))} {never}: "
            + _with_games(e, which) + ".",
            {"items": len(which), "most_games": float(e.games[which[0]])},
            {"items": tuple(e.items[which[:MOST]].tolist())},
            f"Maximum likelihood puts them at {limit}infinity: how far they lie from the others is "
            "the prior's word, not the data's.",
            float(np.log1p(e.games[which[0]])) + len(which) / n,
        )  # fmt: skip
    label, sizes = e.strong
    outside = np.flatnonzero((label != np.argmax(sizes)) & (up > 0) & (down > 0))
    if len(outside):
        most = len(outside) > 0.5 * n
        yield Finding(
            "one way", GRAVE if most else WORTH,
            f"{_items(len(outside))} won and lost, but form groups that only won, or only lost, "
            f"against all others: {listed(e.items[outside], n=len(outside))}.",
            {"items": len(outside), "groups": len(sizes)},
            {"items": tuple(e.items[outside[:MOST]].tolist())},
            "No finite maximum-likelihood fit exists: only a prior says how far the groups lie "
            "apart.",
            len(outside) / n,
        )  # fmt: skip
    elif not found:
        text = "every item won and lost, and a chain of wins leads from each to every other."
        yield Finding("one way", FINE, text)


def _items(n: int) -> str:
    return counted(n, "item")


def _with_games(e: Evidence, which: NDArray[Any]) -> str:
    text = ", ".join(f"{listed([e.items[i]])} ({counted(e.games[i], 'game')})" for i in which[:3])
    return text + (f" and {len(which) - 3:,} more" if len(which) > 3 else "")


def thin_links(e: Evidence) -> Iterator[Finding]:
    """Pairs, and items, that alone hold two parts together."""
    p, n = e.pairs, len(e.items)
    found, order = links(n, p.first, p.second)
    key = p.first.astype(np.int64) * n + p.second  # sorted, as the pairs are

    def games(link: Link) -> float:
        i, j = sorted((link.first, link.second))
        return float(p.mass[np.searchsorted(key, i * n + j)])

    broad = max(_LEAST, _PART * n)
    bridges = [(link, games(link)) for link in found if link.second >= 0]
    parts = [(link, m) for link, m in bridges if link.split >= 2]
    leaves = [(link, m) for link, m in bridges if link.split < 2]
    for link, m in sorted(parts, key=lambda x: (-x[0].split, x[1]))[:3]:
        grave = link.split >= broad and m <= FEW
        yield Finding(
            "thin link", GRAVE if grave else WORTH,
            f"the pair {listed([e.named(*link[:2])])} ({counted(m, 'game')}) alone links "
            f"{_items(link.split)} ({_side(e, link, order)}) to the rest.",
            {"games": m, "items": link.split},
            {"pairs": (e.named(*link[:2]),), "items": _members(e, link, order)},
            "All differences across it rest on these games: add comparisons between the two sides.",
            8.0 + link.split / n * 10.0,
        )  # fmt: skip
    held = [link for link in found if link.second < 0 and link.split >= 2]
    held.sort(key=lambda link: (-link.split, link.first))
    at_bridges = {i for link, _ in parts for i in link[:2]}
    held = [link for link in held if link.first not in at_bridges]
    if held:
        link = held[0]
        yield Finding(
            "thin link", GRAVE if link.split >= broad else WORTH,
            f"the item {listed([e.items[link.first]])} alone links {_items(link.split)} "
            f"({_side(e, link, order)}) to the rest.",
            {"items": link.split, "such_items": len(held)},
            {"items": (e.items[link.first], *_members(e, link, order))},
            "Both sides meet only through it: add comparisons between them.",
            8.0 + link.split / n * 9.0,
        )  # fmt: skip
    if leaves and n > 2:
        few = sorted(leaves, key=lambda x: x[1])
        ends = [_leaf(e, link, order) for link, _ in few]
        yield Finding(
            "single opponent", WORTH,
            f"{_items(len(few))} met one opponent only: {listed(ends, n=len(ends))}.",
            {"items": len(few), "fewest_games": few[0][1]}, {"items": tuple(ends[:MOST])},
            "Their ratings hang on that opponent's, and on those games.",
            len(few) / n,
        )  # fmt: skip
    elif not parts and not held:
        yield Finding("thin link", FINE, "no single pair or item holds the graph together.")


def _inside(e: Evidence, link: Link, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The smaller side's items."""
    below = order[link.side[0] : link.side[1]]
    if len(below) == link.split:
        return below
    label, _ = e.weak
    rest = np.setdiff1d(np.flatnonzero(label == label[link.first]), below)
    return rest[rest != link.first] if link.second < 0 else rest


def _members(e: Evidence, link: Link, order: NDArray[np.int64]) -> tuple[Any, ...]:
    return tuple(e.items[_inside(e, link, order)[:MOST]].tolist())


def _side(e: Evidence, link: Link, order: NDArray[np.int64]) -> str:
    return listed(_members(e, link, order), n=link.split)


def _leaf(e: Evidence, link: Link, order: NDArray[np.int64]) -> Any:
    return e.items[int(_inside(e, link, order)[0])]


def thin_cut(e: Evidence) -> Iterator[Finding]:
    """Two parts between which few games were played, though no single pair is all of them."""
    p, n = e.pairs, len(e.items)
    label, sizes = e.weak
    if n < 6:
        return
    keep = label[p.first] == np.argmax(sizes)
    a, b, mass = p.first[keep], p.second[keep], p.mass[keep]
    if len(a) < n // 2:
        return
    # Equal weights find parts that few pairs link, however often those played.
    x = cut_vector(n, a, b, np.ones(len(a)))
    members = np.flatnonzero(label == np.argmax(sizes))
    by = members[np.argsort(x[members], kind="stable")]
    place = np.zeros(n, np.int64)
    place[by] = np.arange(len(by))
    low, high = np.minimum(place[a], place[b]), np.maximum(place[a], place[b])
    step = np.bincount(low, mass, len(by) + 1) - np.bincount(high, mass, len(by) + 1)
    across = np.cumsum(step)[: len(by) - 1]  # games between the first k + 1 and the others
    games = np.bincount(a, mass, n) + np.bincount(b, mass, n)
    left = np.cumsum(games[by])[:-1]
    total = float(games.sum())
    mixed = left * (total - left) / total  # what mixing at random would give
    split = np.minimum(np.arange(1, len(by)), len(by) - np.arange(1, len(by)))
    wide = split >= max(_LEAST, _PART * n)
    if not wide.any():
        return
    share = np.where(wide, across / np.maximum(mixed, 1e-300), np.inf)
    k = int(np.argmin(share))
    pairs = int(np.count_nonzero((low <= k) & (high > k)))
    if share[k] >= _MIXED or pairs < 2 or mixed[k] < 20.0:
        text = "no part of the items met the others much less often than its own."
        yield Finding("thin cut", FINE, text, {"share_of_mixing": float(share[k])})
        return
    inside = by[: k + 1] if 2 * (k + 1) <= len(by) else by[k + 1 :]
    few = across[k] <= FEW
    yield Finding(
        "thin cut", GRAVE if few and share[k] < _MIXED / 2.0 else WORTH,
        f"{_items(len(inside))} ({listed(e.items[inside], n=len(inside))}) met the rest in "
        f"{across[k]:,.4g} games of {pairs:,} pairs, {share[k]:.1%} of what mixing would give.",
        {"games": float(across[k]), "pairs": pairs, "items": len(inside),
         "share_of_mixing": float(share[k])},
        {"items": tuple(e.items[inside[:MOST]].tolist())},
        "Differences between the two parts are known far less well than those within: add "
        "comparisons between them.",
        6.0 + float(-np.log10(max(share[k], 1e-9))),
    )  # fmt: skip


def voters_links(e: Evidence) -> Iterator[Finding]:
    """Clusters (voters) without whose rows the graph would fall apart."""
    r = e.records
    if r is None or r.clusters is None:
        return
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = len(e.items)
    pair, owner, other = _busy(e, r, len(r.clusters))
    a, b = np.divmod(pair, n)
    sole = owner == other
    if not sole.any():
        yield Finding("voter holds the graph", FINE, "no voter alone holds the graph together.")
        return

    def parts(use: Any, n: int, a: Any, b: Any) -> tuple[int, NDArray[Any]]:
        graph = csr_array((np.ones(len(a[use])), (a[use], b[use])), shape=(n, n))
        return connected_components(graph, False)

    count, label = parts(~sole, n, a, b)
    sizes = np.bincount(label)
    a, b, owner = label[a[sole]], label[b[sole]], owner[sole]
    between = a != b
    a, b, owner = a[between], b[between], owner[between]
    base, _ = parts(np.ones(len(a), bool), count, a, b)
    worst: tuple[int, Any, int] = (0, None, 0)
    common = np.argsort(-np.bincount(owner, minlength=1), kind="stable")[
        : min(_VOTERS, _EDGES // max(len(a), 1))
    ]
    for v in common[np.isin(common, owner)]:
        left, again = parts(owner != v, count, a, b)
        if left > base:
            held = np.bincount(again, sizes)
            near = np.sort(held)[::-1]
            off = int(near[1:][near[1:] > 0].sum()) - _apart(e)
            worst = max(worst, (off, v, left - base), key=lambda x: x[0])
    off, v, more = worst
    # What falls off one at a time hangs on single votes, which is no voter's doing.
    if v is None or off < 2:
        text = "no voter alone holds the graph together."
        yield Finding("voter holds the graph", FINE, text)
        return
    grave = off / more >= 2.0 and off >= max(_LEAST, _PART * n)
    yield Finding(
        "voter holds the graph", GRAVE if grave else WORTH,
        f"without the rows of {listed([r.clusters[v]])} the items fall into {more + base:,} parts, "
        f"{_items(off)} outside the largest.",
        {"items": off, "parts": more + base}, {"clusters": (r.clusters[v],)},
        "One voter decides how the parts compare: have others judge the same pairs.",
        7.0 + off / n * 10.0,
    )  # fmt: skip


def _busy(e: Evidence, r: Records, voters: int) -> tuple[NDArray[Any], ...]:
    """The pairs, and the last and the first voter of each."""
    n = len(e.items)
    dense = n * n <= max(4 * len(e.pairs), 1 << 16)
    pair = np.arange(n * n) if dense else e.pairs.first.astype(np.int64) * n + e.pairs.second
    most, least = np.full(len(pair), -1, np.int32), np.full(len(pair), voters, np.int32)
    for block in r.blocks():
        at, cluster = block.pair(n), block.cluster
        if not dense:
            place = np.minimum(np.searchsorted(pair, at), len(pair) - 1)
            here = pair[place] == at  # but for rows without weight
            at, cluster = place[here], cluster[here]
        np.maximum.at(most, at, cluster)
        np.minimum.at(least, at, cluster)
    seen = np.flatnonzero(most >= 0)
    return pair[seen], most[seen], least[seen]


def _apart(e: Evidence) -> int:
    """Items outside the largest component anyway."""
    _, sizes = e.weak
    return int(sizes.sum() - sizes.max())
