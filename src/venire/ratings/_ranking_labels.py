"""Labels of the items of rankings: in groups tuples of group and item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core import checks
from venire.data.lookup import Lookup

if TYPE_CHECKING:
    from venire.data.rankings import Rankings

__all__ = ["TupleLookup", "labels_of"]


def labels_of(r: Rankings) -> np.ndarray:
    """Labels of the items; in groups an array of tuples (group, item)."""
    if r.groups is None or r.item_offsets is None:
        return r.items
    group = np.repeat(r.groups, np.diff(r.item_offsets))
    out = np.empty(r.n_items, object)
    out[:] = list(zip(group.tolist(), r.items.tolist(), strict=True))
    out.flags.writeable = False
    return out


class TupleLookup(Lookup):
    """Positions of labels that are tuples (group, item)."""

    def __call__(self, labels: Any, name: str) -> np.ndarray:
        return super().__call__(_of_tuples(labels, name), name)


def _of_tuples(labels: Any, name: str) -> np.ndarray:
    """One tuple, or lists of them, as an array of objects."""
    if isinstance(labels, np.ndarray) and labels.dtype == object:
        return labels
    if isinstance(labels, tuple):
        out = np.empty((), object)
        out[()] = labels
        return out
    if not isinstance(labels, (list, np.ndarray)):
        rule = "must be a label (group, item) of rankings in groups, or a list of such"
        checks.fail(name, rule, value=labels, kind=TypeError)
    parts = [_of_tuples(x, name) for x in labels]
    if len({x.shape for x in parts}) > 1:
        checks.fail(name, "holds sets of different sizes")
    return np.stack(parts) if parts else np.empty(0, object)
