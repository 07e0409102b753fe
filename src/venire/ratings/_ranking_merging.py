"""Equal rankings as one, of their weights together, where few items make many of them equal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from venire.data.rankings import Rankings

__all__ = ["merged"]

WORTH = 10_000  # rankings from which on it is tried
MOST_KEYS = 1 << 22


def merged(r: Rankings) -> Rankings:
    """The same rankings, equal ones as one, if they are of one length and a table of all there may
    be is no longer than they are. Clusters keep them apart. O(n_listed)."""
    n, m = r.n_rankings, int(r.offsets[1] - r.offsets[0])
    if n < WORTH or r.cluster is not None or r.group is not None or n * m != r.n_listed:
        return r
    if (np.diff(r.offsets) != m).any():
        return r
    key = (r.ranked - r.ranked.min()).astype(np.int64)
    each = math.log(r.n_items * (1 if r.tied is None else 2))
    if math.log(int(key.max()) + 1) + m * each > math.log(min(n // 2, MOST_KEYS)):
        return r
    for column in r.item.reshape(n, m).T:
        key *= r.n_items
        key += column
    if r.tied is not None:
        for column in r.tied.reshape(n, m).T:
            key *= 2
            key += column
    total = np.bincount(key, r.weight)
    there = np.flatnonzero(total)
    first = np.empty(len(total), np.int64)
    first[key[::-1]] = np.arange(n)[::-1]
    chosen = first[there]
    a = r.arrays
    own: dict[str, Any] = {"item": r.item.reshape(n, m)[chosen].ravel(), "ranked": r.ranked[chosen]}
    if r.tied is not None:
        own["tied"] = r.tied.reshape(n, m)[chosen].ravel()
    offsets = np.arange(len(chosen) + 1, dtype=np.int64) * m
    weight = total[there].astype(np.float64)
    return Rankings.from_arrays(
        a._replace(offsets=offsets, weight=weight, labels=r.labels[chosen], **own)
    )
