"""New comparisons from old ones: a part of the cells, or the cells of two objects together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire import _checks, _labels

if TYPE_CHECKING:
    from venire.comparisons import Comparisons

__all__ = ["frozen", "merged", "selected"]


def frozen(x: Any) -> Any:
    """A read-only view of an array; anything else as it is."""
    if isinstance(x, np.ndarray):
        x = x.view()
        x.flags.writeable = False
    return x


def selected(c: Comparisons, cells: NDArray[np.int64]) -> Comparisons:
    """A part of the cells, as they are."""
    new = type(c).__new__(type(c))
    new.items, new.has_order, new.clusters = c.items, c.has_order, c.clusters
    first = c.first[cells]
    new._row_ptr = frozen(np.searchsorted(first, np.arange(c.n_items + 1)))
    for name in ("second", "order", "cluster", "win", "loss", "_tie", "_square"):
        array = getattr(c, name)
        setattr(new, name, None if array is None else frozen(array[cells]))
    new.n_pairs = int(len(np.unique(first.astype(np.int64) * c.n_items + new.second)))
    return new


def merged(a: Comparisons, b: Comparisons) -> Comparisons:
    if (a.cluster is None) != (b.cluster is None):
        raise ValueError("cluster: both or neither of the merged comparisons must have clusters")
    items, (places_a, places_b) = _union(a.items, b.items)
    first = np.concatenate([places_a[a.first], places_b[b.first]])
    second = np.concatenate([places_a[a.second], places_b[b.second]])
    masses = {
        name: np.concatenate([getattr(a, name), getattr(b, name)])
        for name in ("win", "loss", "tie")
    }
    if a._square is not None or b._square is not None:
        masses["square"] = np.concatenate([a.square, b.square])
    new = type(a).__new__(type(a))
    cluster = None
    new.clusters = None
    if a.cluster is not None and b.cluster is not None:
        new.clusters, (codes_a, codes_b) = _union(a.clusters, b.clusters)
        cluster = np.concatenate([codes_a[a.cluster], codes_b[b.cluster]])
    new._aggregate(
        items, first, second, masses, None, np.concatenate([a.order, b.order]), cluster,
        _checks.n_threads(None),
    )  # fmt: skip
    new.has_order = a.has_order or b.has_order
    return new


def _union(a: Any, b: Any) -> tuple[NDArray[Any], list[NDArray[np.int32]]]:
    """The labels of both, and the place of each one's labels in them."""
    if len(a) == len(b) and (a == b).all():
        same = np.arange(len(a), dtype=np.int32)
        return a, [same, same]
    items, places_a, places_b = _labels.encode(
        np.concatenate([a, b]), np.concatenate([b, a]), None, None
    )
    return items, [places_a[: len(a)], places_b[: len(b)]]
