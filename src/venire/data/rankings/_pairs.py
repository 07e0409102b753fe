"""Rankings as paired comparisons, by weights of the stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.tables import shown_of
from venire.data.aggregation import aggregate
from venire.data.coding import Encoded, encode_one
from venire.data.comparisons import Comparisons
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.rankings._listing import offsets_of
from venire.data.rows import Rows
from venire.data.votes import Votes
from venire.data.votes.rows import checked_rows

if TYPE_CHECKING:
    from venire.data.rankings._rankings import Rankings

__all__ = ["chain_of", "comparisons_of", "majority", "met_of", "pairs_of", "shares_of", "votes_of"]


def pairs_of(r: Rankings) -> dict[str, NDArray[Any]]:
    """Each ranked item against all that are below it or share its place, ranking by ranking.

    Returns
    -------
    dict
        `first` and `second` (positions in `r.items`), `weight`, and where there are ties `score`;
        and `n` of each ranking.
    """
    sizes, ranked = np.diff(r.offsets), r.ranked.astype(np.int64)
    stage = r.place if r.tied is None else _stages(r)
    per = ranked * (sizes - 1) - ranked * (ranked - 1) // 2
    at = offsets_of(per)
    out: dict[str, NDArray[Any]] = {
        "n": per,
        "first": np.empty(at[-1], np.int32),
        "second": np.empty(at[-1], np.int32),
        "weight": np.empty(at[-1]),
    }
    if r.tied is not None:
        out["score"] = np.empty(at[-1])
    shapes, which = np.unique(sizes * (sizes.max() + 1) + ranked, return_inverse=True)
    by = np.argsort(which, kind="stable")
    ends = np.searchsorted(which[by], np.arange(len(shapes) + 1))
    for k, shape in enumerate(shapes.tolist()):
        m, front = divmod(shape, int(sizes.max()) + 1)
        upper, lower = np.triu_indices(m, 1)
        upper, lower = upper[upper < front], lower[upper < front]
        alike = by[ends[k] : ends[k + 1]]
        for start in range(0, len(alike), step := max(1, (1 << 20) // len(upper))):
            some = alike[start : start + step]
            above = r.offsets[some][:, None] + upper
            below = r.offsets[some][:, None] + lower
            here = at[some][:, None] + np.arange(len(upper))
            weight = 2.0 / (m - stage[above])
            out["first"][here], out["second"][here] = r.item[above], r.item[below]
            out["weight"][here] = weight if r.weight is None else weight * r.weight[some][:, None]
            if r.tied is not None:
                out["score"][here] = np.where(stage[above] == stage[below], 0.5, 1.0)
    return out


def _stages(r: Rankings) -> NDArray[np.int32]:
    """How many items are above each: those that share a place have the same."""
    first = np.where(r.tied, 0, np.arange(r.n_listed))
    return (np.maximum.accumulate(first) - r.offsets[r.owner]).astype(np.int32)


def comparisons_of(r: Rankings, clustered: bool, n_threads: int) -> Any:
    """Cells of the pairs, as `Comparisons`, or `GroupedComparisons` of rankings in groups."""
    pairs = pairs_of(r)
    first, second = (Encoded(r.items, pairs[k]) for k in ("first", "second"))
    weight, score = pairs["weight"], pairs.get("score", 1.0)
    rows = Rows(len(weight), first, second, score, weight=weight, order=0)

    def of_ranking(labels: Any, codes: Any) -> Encoded:
        return Encoded(labels, np.repeat(codes, pairs["n"]))

    if r.group is not None:
        rows = rows._replace(group=of_ranking(r.groups, r.group))
        missing = np.bincount(r.item, minlength=r.n_items) == 0
        own = np.repeat(np.arange(len(r.groups)), np.diff(r.item_offsets))[missing]
        more = (r.groups[own], r.items[missing]) if missing.any() else None
        cells = aggregate(rows, items=more, n_threads=n_threads)
        return GroupedComparisons.from_cells(cells)
    if r.cluster is not None:
        rows = rows._replace(cluster=of_ranking(r.clusters, r.cluster))
    elif clustered:
        rows = rows._replace(cluster=of_ranking(r.labels, np.arange(r.n_rankings, dtype=np.int32)))
    return Comparisons.from_cells(aggregate(rows, n_threads=n_threads))


def votes_of(r: Rankings, teacher: Any, n_threads: int) -> Votes:
    """A vote for each pair of each ranking, by whoever ranked."""
    pairs = pairs_of(r)
    if teacher is None and r.cluster is None:
        cure = "say teacher=..., or give the rankings clusters"
        checks.fail("teacher", "must say who ranked", value=None, cure=cure, kind=TypeError)
    if teacher is not None:
        labels, codes = encode_one(teacher, "teacher", n_threads, n=r.n_rankings)
    else:
        labels, codes = r.clusters, r.cluster
    score = pairs.get("score")
    more: dict[str, Any] = {}
    first: Any = pairs["first"]
    second: Any = pairs["second"]
    if r.group is not None:  # whose labels may stand in several
        more["group"] = r.groups[np.repeat(r.group, pairs["n"])]
        first, second = r.items[first], r.items[second]
    else:
        first, second = Encoded(r.items, first), Encoded(r.items, second)
    vote = (
        np.ones(len(pairs["weight"]), np.int8) if score is None else (score > 0.5).astype(np.int8)
    )
    rows = checked_rows(
        first=first, second=second, teacher=Encoded(labels, np.repeat(codes, pairs["n"])),
        vote=vote, weight=pairs["weight"], **more,
    )  # fmt: skip
    return Votes.from_rows(rows, n_threads)


def majority(r: Rankings, first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """What most of the rankings that place two items say of them.

    Parameters
    ----------
    r : Rankings
    first, second : ndarray of int, shape (n,)
        Positions in `r.items`.

    Returns
    -------
    ndarray of float64, shape (n,)
        1 where first is above, -1 where second is, 0 where they share a place or as many say one as
        say the other; nan where no ranking tells.
    """
    pairs, n = pairs_of(r), r.n_items
    one, other = pairs["first"].astype(np.int64), pairs["second"]
    keys, at = np.unique(np.minimum(one, other) * n + np.maximum(one, other), return_inverse=True)
    sign = np.where(one < other, 1.0, -1.0) * (2.0 * pairs.get("score", np.float64(1.0)) - 1.0)
    says = np.sign(np.bincount(at, sign, len(keys)))
    wanted = np.minimum(first, second) * n + np.maximum(first, second)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(
        keys[place] == wanted, says[place] * np.where(first < second, 1.0, -1.0), np.nan
    )


def met_of(r: Rankings) -> Comparisons:
    """Each pair of a ranking once, by whatever group, as the items' positions."""
    pairs = pairs_of(r)
    first, second = (Encoded(np.arange(r.n_items), pairs[k]) for k in ("first", "second"))
    weight = None if r.weight is None else np.repeat(r.weight, pairs["n"])
    rows = Rows(
        len(pairs["weight"]), first, second, pairs.get("score", 1.0), weight=weight, order=0
    )
    return Comparisons.from_cells(aggregate(rows))


def chain_of(r: Rankings) -> Comparisons:
    """The fewest comparisons that reach as far as the rankings: each item against the next."""
    end = r.offsets[r.owner] + r.ranked[r.owner]  # of what is placed
    below = np.flatnonzero(r.place > 0)
    above = np.minimum(below, end[below]) - 1
    score: Any = 1.0 if r.tied is None else np.where(r.tied[below], 0.5, 1.0)
    first, second = (Encoded(np.arange(r.n_items), r.item[x]) for x in (above, below))
    return Comparisons.from_cells(aggregate(Rows(len(below), first, second, score)))


def shares_of(r: Rankings, top: int | None) -> dict[str, NDArray[Any]]:
    """How often the items were ranked, and how well, the most often ranked first."""
    n, ranked = r.n_items, r.place < r.ranked[r.owner]
    count, placed = (np.bincount(x, minlength=n) for x in (r.item, r.item[ranked]))
    order = np.argsort(-count, kind="stable")[: shown_of(n, top)]
    share = 1.0 - r.place / (np.diff(r.offsets)[r.owner] - 1)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(r.item[ranked], share[ranked], n) / placed
    return {
        "item": r.items[order],
        "rankings": count[order],
        "first": np.bincount(r.item[r.place == 0], minlength=n)[order],
        "mean share below": mean[order],
    }
