"""What is known about the levels of groups: bridges and anchors, checked and made into a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from venire._core import checks
from venire.data.comparisons import Components
from venire.data.lookup import GroupLookup
from venire.models import model_of
from venire.ratings.grouped._within import Within
from venire.ratings.grouped.scaling import group_of_item

__all__ = ["Evidence", "read"]

LEAST_VARIANCE = 1e-8  # of an anchor: what is known more exactly is taken as known to 1e-4
_ENDS = (("first_group", "first"), ("second_group", "second"))


@dataclass(frozen=True)
class Evidence:
    """Bridges and anchors over the groups that have any, numbered 0 ... n - 1.

    Edge k says: an item of group `lo` against one of group `hi`, with the predictor
    ``b_lo - b_hi + difference``, of which the variance `spread` is not known, won `win` and lost
    `loss` by `lo`. All rows of two items are one edge: what is not known of these is the same in
    all. Edges are sorted by (lo, hi) and then by item, so that the order of rows has no influence.
    """

    model: str
    identified: np.ndarray  # (n_groups,) bool: groups that have a theta
    active: np.ndarray  # (n,) positions of the groups with bridges or anchors
    lo: np.ndarray
    hi: np.ndarray
    difference: np.ndarray
    spread: np.ndarray
    items: np.ndarray  # (2, n_edges) positions of the items of `lo` and of `hi`
    variance: np.ndarray  # (2, n_edges) theirs: `spread` is the sum
    win: np.ndarray
    loss: np.ndarray
    soft: bool  # whether some outcome is neither a win, a loss nor a tie
    pull: np.ndarray | None  # (n,) precision of the anchors of each group; None without anchors
    target: np.ndarray | None  # (n,) the bias that they say
    components: Components  # of all groups
    weight: np.ndarray  # (n_groups,) of the bridges
    anchored: np.ndarray  # (n_groups,) bool: groups that have an anchor

    @property
    def edge_ptr(self) -> np.ndarray:
        """Where the edges of each `lo` begin, (n + 1,) int64."""
        return np.searchsorted(self.lo, np.arange(len(self.active) + 1)).astype(np.int64)


def read(
    gf: Any,
    items: Within,
    first_group: Any,
    first: Any,
    second_group: Any,
    second: Any,
    score: Any,
    weight: Any,
    anchors: Any,
) -> Evidence:
    """Check the arguments of `calibrate` and put them into canonical form.

    `items`: what is known of the items in their groups.
    """
    n = len(gf.offsets) - 1
    lookup = GroupLookup(gf.groups, gf.offsets, gf.items)
    identified = np.bincount(group_of_item(gf), np.isfinite(gf.theta), n) > 0
    labels = (first_group, first, second_group, second)
    missing = [name for name, x in zip(sum(_ENDS, ()), labels, strict=True) if x is None]
    if missing and (len(missing) < 4 or anchors is None):
        what = "bridges need it" if len(missing) < 4 else "give bridges, anchors or both"
        checks.fail(missing[0], f"is missing: {what}")
    rows = None
    if not missing:
        rows = _bridges(gf, lookup, items, labels, score, weight)
    if anchors is None:
        pull, target = np.zeros(n), np.zeros(n)
    else:
        pull, target = _anchors(gf, lookup, items, anchors)
    return _evidence(gf, identified, rows, pull, target, anchors is not None)


def _bridges(
    gf: Any,
    lookup: GroupLookup,
    known: Within,
    labels: Sequence[Any],
    score: Any,
    weight: Any,
) -> tuple[Any, ...]:
    """Per pair of items: lower group, higher group, difference of the items, the items, their
    variances, wins and losses of the lower one; and whether some row is soft."""
    n, *labels, score, weight = checks.columns(
        first_group=labels[0], first=labels[1], second_group=labels[2], second=labels[3],
        score=score, weight=weight,
    )  # fmt: skip
    s = np.broadcast_to(checks.score(score, n), n)
    w = checks.weight(weight, n)
    w = np.ones(n) if w is None else np.broadcast_to(w, n)
    groups, items = [], []
    for (group_name, item_name), group, item in zip(_ENDS, labels[::2], labels[1::2], strict=True):
        groups.append(lookup.group(group, group_name, n))
        items.append(lookup.item(groups[-1], item, item_name))
    same = groups[0] == groups[1]
    if same.any():
        bad = int(np.argmax(same))
        checks.fail(
            "second_group",
            "must differ from first_group: a bridge joins two groups",
            bad,
            gf.groups[groups[1][bad]],
        )
    for (group_name, item_name), group, item in zip(_ENDS, groups, items, strict=True):
        _require_theta(gf, known, group, item, group_name, item_name)
    used = w > 0.0
    if not used.any():
        checks.fail("weight", "is 0 for every bridge")
    if not used.all():
        groups, items = [g[used] for g in groups], [i[used] for i in items]
        s, w = s[used], w[used]
    swap = groups[0] > groups[1]
    a, b = np.where(swap, items[1], items[0]), np.where(swap, items[0], items[1])
    won = np.where(swap, 1.0 - s, s)
    rows = (np.minimum(*groups), np.maximum(*groups), a, b, w * won, w * (1.0 - won))
    lo, hi, a, b, win, loss = _merged(*rows)
    theta, variance = known.theta, known.variance
    soft = bool(((s != 0.0) & (s != 0.5) & (s != 1.0)).any())
    ends = np.stack([a, b])
    return lo, hi, theta[a] - theta[b], ends, variance[ends], win, loss, soft


def _merged(
    lo: np.ndarray, hi: np.ndarray, a: np.ndarray, b: np.ndarray, win: np.ndarray, loss: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Rows in canonical order, those of the same two items added up; sums are in the order of the
    values."""
    order = np.lexsort((b, a, hi, lo))
    key = np.stack([a[order], b[order]])
    new = np.ones(len(order), bool)
    new[1:] = (key[:, 1:] != key[:, :-1]).any(axis=0)
    if new.all():
        return lo[order], hi[order], a[order], b[order], win[order], loss[order]
    order = np.lexsort((loss, win, b, a, hi, lo))
    at = np.flatnonzero(new)
    one = order[at]
    return (
        lo[one], hi[one], a[one], b[one],
        np.add.reduceat(win[order], at), np.add.reduceat(loss[order], at),
    )  # fmt: skip


def _anchors(
    gf: Any, lookup: GroupLookup, known: Within, anchors: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Precision and weighted mean of the biases that the anchors of each group say."""
    if not isinstance(anchors, (tuple, list)) or len(anchors) not in (3, 4):
        checks.fail(
            "anchors",
            "must be (group, item, value) or (group, item, value, standard_error), each an array",
            kind=TypeError,
        )
    names = ("anchors group", "anchors item", "anchors value", "anchors standard_error")
    n, *anchors = checks.columns(**dict(zip(names, anchors, strict=False)))
    value = np.broadcast_to(checks.bounded(anchors[2], n, names[2]), n)
    error = np.zeros(n)
    if len(anchors) == 4:
        error = np.broadcast_to(checks.amounts(anchors[3], n, names[3]), n)
    group = lookup.group(anchors[0], names[0], n)
    item = lookup.item(group, anchors[1], names[1])
    _require_theta(gf, known, group, item, names[0], names[1])
    precision = 1.0 / np.maximum(known.variance[item] + error**2, LEAST_VARIANCE)
    order = np.lexsort((value, item))  # sums do not depend on the order of rows
    g, p = group[order], precision[order]
    n_groups = len(gf.offsets) - 1
    pull = np.bincount(g, p, n_groups)
    total = np.bincount(g, p * (value - known.theta[item])[order], n_groups)
    return pull, np.divide(total, pull, out=np.zeros(n_groups), where=pull > 0.0)


def _require_theta(
    gf: Any,
    known: Within,
    group: np.ndarray,
    item: np.ndarray,
    group_name: str,
    item_name: str,
) -> None:
    """Items must have a finite theta and a finite standard error."""
    bad = ~np.isfinite(known.theta[item])
    if bad.any():
        k = int(np.argmax(bad))
        checks.fail(group_name, "has no identified fit (theta is nan)", k, gf.groups[group[k]])
    bad = ~np.isfinite(known.variance[item])
    if bad.any():
        k = int(np.argmax(bad))
        checks.fail(item_name, "has no standard error (nan)", k, gf.items[item[k]])


def _evidence(
    gf: Any,
    identified: np.ndarray,
    rows: tuple[Any, ...] | None,
    pull: np.ndarray,
    target: np.ndarray,
    has_anchors: bool,
) -> Evidence:
    from venire._native.graph import Graph

    n = len(identified)
    if rows is None:
        none, pairs = np.empty(0), np.empty((2, 0))
        rows = (none.astype(np.int64),) * 2 + (
            none,
            pairs.astype(np.int64),
            pairs,
            none,
            none,
            False,
        )
    lo, hi, difference, items, variance, win, loss, soft = rows
    weight = np.bincount(lo, win + loss, n) + np.bincount(hi, win + loss, n)
    anchored = pull > 0.0
    active = np.flatnonzero((weight > 0.0) | anchored)
    place = np.cumsum((weight > 0.0) | anchored) - 1
    graph = Graph(
        np.searchsorted(lo, np.arange(n + 1)).astype(np.int64),
        hi.astype(np.int32), np.zeros(len(lo), np.int8), win, loss,
    )  # fmt: skip
    labels, count = graph.components(False)
    return Evidence(
        model=model_of(gf.model).fitted(free_tie=False).name,
        identified=identified,
        active=active,
        lo=place[lo],
        hi=place[hi].astype(np.int32),
        difference=difference,
        spread=variance.sum(axis=0),
        items=items,
        variance=variance,
        win=win,
        loss=loss,
        soft=soft,
        pull=pull[active] if has_anchors else None,
        target=target[active] if has_anchors else None,
        components=Components(labels, np.bincount(labels, minlength=count)),
        weight=weight,
        anchored=anchored,
    )
