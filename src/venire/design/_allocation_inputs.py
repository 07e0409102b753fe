"""Arguments of `allocate` made canonical: numbers, predictions, some of the groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core import checks
from venire.data.grouped_comparisons import GroupedComparisons

__all__ = ["centred_prediction", "items_of", "some_groups"]


def some_groups(c: GroupedComparisons, chosen: np.ndarray) -> GroupedComparisons:
    """The groups at the positions `chosen`, by themselves."""

    def taken(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sizes = np.diff(offsets)[chosen]
        new = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return new, np.repeat(offsets[chosen] - new[:-1], sizes) + np.arange(new[-1])

    offsets, items = taken(c.offsets)
    cell_offsets, cells = taken(c.cell_offsets)
    per_cell = ("first", "second", "order", "win", "loss", "tie")
    kept = {k: x[cells] for k in per_cell if (x := getattr(c.cells, k)) is not None}
    return GroupedComparisons.from_cells(
        c.cells._replace(
            groups=c.groups[chosen], offsets=offsets, cell_offsets=cell_offsets,
            items=c.items[items], **kept,
        )
    )  # fmt: skip


def items_of(offsets: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Flat positions of the items of the groups `chosen`."""
    sizes = np.diff(offsets)[chosen]
    new = np.concatenate([[0], np.cumsum(sizes)])
    return np.repeat(offsets[chosen] - new[:-1], sizes) + np.arange(new[-1])


def centred_prediction(prediction: Any, c: GroupedComparisons) -> np.ndarray | None:
    """Predictions with mean 0 in each group; 0 where there is none (nan); None if there are none.

    The mean is that of the items that have a prediction.
    """
    if prediction is None:
        return None
    x = checks.predictions(prediction, c.n_items).copy()
    known = ~np.isnan(x)
    if not known.any():
        return None
    x[~known] = 0.0
    group = np.repeat(np.arange(c.n_groups), np.diff(c.offsets))
    total = np.bincount(group, x, c.n_groups)
    count = np.bincount(group, known, c.n_groups)
    x -= (total / np.maximum(count, 1))[group]
    x[~known] = 0.0
    return x
