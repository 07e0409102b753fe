"""Does a unique finite Plackett-Luce fit exist? If not, say why and what to do.

It does iff within each component the graph of "ranked above" is strongly connected (Hunter 2004,
assumption 1, doi:10.1214/aos/1079120141): no part of the items is above all the others whenever the
two meet. Tied items are above each other, as two that tie are half a win to each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.data.rankings import Rankings
from venire.errors import NotIdentifiedError
from venire.ratings._ranking_labels import labels_of

__all__ = ["require_ranking_existence", "strong_components", "within"]

EXAMPLES = 10  # items listed at most in the error's attributes; a third of them in its message


def require_ranking_existence(r: Rankings, native: Any, *, prior: bool) -> NDArray[np.int32]:
    """Components of what was ranked together, (n_items,), when a unique finite fit exists.

    Raises
    ------
    NotIdentifiedError
        With the number of strong components, example items and the cure.
    """
    weak, n_weak, strong = native.connected()
    if prior or strong:
        return weak
    found = strong_components(native, r.n_items)
    n_strong = int(found.max()) + 1
    if n_strong > n_weak:
        _refuse(r, native, n_strong)
    return weak


def strong_components(native: Any, n_items: int) -> NDArray[np.int32]:
    """Which items are above each other, directly or in a chain: labels, (n_items,)."""
    from venire._native.graph import Graph

    ptr, to = native.arcs()
    win, none = np.ones(len(to)), np.zeros(len(to))
    return Graph(ptr, to, np.zeros(len(to), np.int8), win, none).components(True)[0]


def within(r: Rankings, component: NDArray[np.int32]) -> Rankings:
    """The rankings among the items of each component by itself: parts of those that span several.

    What is left of a ranking is a ranking by the same model (Luce's axiom of choice). The items of
    a strongly connected component stand together in each.
    """
    owner, of = r.owner, component[r.item]
    if (of == of[r.offsets[:-1]][owner]).all():
        return r
    order = np.lexsort((r.place, of, owner))
    key = owner[order].astype(np.int64) * (int(component.max()) + 1) + of[order]
    new = np.append(True, key[1:] != key[:-1])
    start = np.flatnonzero(new)
    size = np.diff(np.append(start, len(order)))
    listed = r.place[order] < r.ranked[owner[order]]
    ranked = np.add.reduceat(listed.astype(np.int64), start)
    tied = None
    if r.tied is not None:
        tied = r.tied[order] & ~new
    keep = np.repeat((size > 1) & (ranked > 0), size)
    chosen = (size > 1) & (ranked > 0)
    mine = owner[order][start][chosen]
    a = r.arrays
    return Rankings.from_arrays(
        a._replace(
            offsets=np.concatenate([[0], np.cumsum(size[chosen])]).astype(np.int64),
            item=r.item[order][keep],
            ranked=ranked[chosen].astype(np.int32),
            tied=None if tied is None else tied[keep],
            labels=r.labels[mine],
            **{
                k: x[mine]
                for k in ("weight", "group", "cluster")
                if (x := getattr(a, k)) is not None
            },
        )
    )


def _refuse(r: Rankings, native: Any, n_strong: int) -> None:
    ptr, to = native.arcs()
    above = np.diff(ptr) > 0
    below = np.bincount(to, minlength=r.n_items) > 0
    kinds = {"undefeated": above & ~below, "winless": below & ~above, "isolated": ~above & ~below}
    told, items = "", labels_of(r)
    for name, mask in kinds.items():
        if mask.any():
            examples = ", ".join(str(x) for x in items[mask][:3])
            count = int(mask.sum())
            told += f"; {name}: {examples}" + (f" and {count - 3} more" if count > 3 else "")
    raise NotIdentifiedError(
        "no unique finite fit exists: the graph of what was ranked above what has "
        f"{n_strong} strongly connected components, so some items' strengths would be infinite"
        f"{told}. Cure: use a prior, such as prior=GaussianPrior(0.01), or components='strong' to "
        "fit each strongly connected component by itself",
        n_components=n_strong,
        **{name: items[mask][:EXAMPLES].tolist() for name, mask in kinds.items()},
    )
