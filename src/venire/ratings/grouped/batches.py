"""The native fits of small groups, a batch of groups at a time; and which groups are too large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from venire._native.grouped import Estimates, Groups
    from venire.data.grouped_comparisons import GroupedComparisons
    from venire.priors import ItemPriors

__all__ = [
    "Progress",
    "batches",
    "fit_small",
    "in_batches",
    "is_large",
    "item_weights",
    "native_groups",
]

#: Called with the number of groups done and the number of groups.
Progress = Callable[[int, int], None]

MAX_ITER = 100
PATIENCE, ENDLESS = 600, 0  # conjugate gradient iterations per solve; where there is no other way
MAX_ITEMS, MAX_CELLS = 20_000, 200_000  # above, a group is fitted by all threads together
MAX_ERRORS = 2_000  # items up to which one thread inverts a group's matrix
BATCH = 1 << 19  # cells between two looks at the keyboard, about


def is_large(g: GroupedComparisons) -> np.ndarray:
    """Groups that one thread and simple preconditioning are not enough for, (n_groups,) bool."""
    return (np.diff(g.offsets) > MAX_ITEMS) | (np.diff(g.cell_offsets) > MAX_CELLS)


def batches(g: GroupedComparisons, size: int = BATCH) -> Iterator[tuple[int, int]]:
    """Ranges of consecutive groups with about `size` cells and items each."""
    work = g.cell_offsets + g.offsets
    start = 0
    while start < g.n_groups:
        stop = int(np.searchsorted(work, work[start] + size, side="left"))
        stop = min(max(stop, start + 1), g.n_groups)
        yield start, stop
        start = stop


def item_weights(g: GroupedComparisons) -> np.ndarray:
    """Weight of each item's comparisons, (n_items,)."""
    total = np.zeros(g.n_items)
    for start, stop in batches(g):
        cells = slice(g.cell_offsets[start], g.cell_offsets[stop])
        weight = g.win[cells] + g.loss[cells]
        if g.cells.tie is not None:
            weight = weight + g.cells.tie[cells]
        base = np.repeat(g.offsets[start:stop], np.diff(g.cell_offsets[start : stop + 1]))
        items = slice(g.offsets[start], g.offsets[stop])
        base -= items.start
        for side in (g.first, g.second):
            total[items] += np.bincount(base + side[cells], weight, items.stop - items.start)
    return total


def native_groups(
    g: GroupedComparisons,
    model: str,
    *,
    prior: ItemPriors,
    order_effect: bool,
    shared: bool,
) -> Groups:
    """The cells as the native layer sees them."""
    from venire._native.grouped import Groups

    return Groups(
        model,
        g.offsets,
        g.cell_offsets,
        g.first,
        g.second,
        g.order,
        g.win,
        g.loss,
        g.cells.tie,
        prior=prior,
        gamma=order_effect,
        shared=shared,
    )


def in_batches(
    g: GroupedComparisons, call: Callable[[int, int], Any], progress: Progress | None = None
) -> None:
    """Call on each batch of groups; Ctrl-C arrives between two."""
    for start, stop in batches(g):
        call(start, stop)
        if progress is not None:
            progress(stop, g.n_groups)


def fit_small(
    native: Groups,
    e: Estimates,
    g: GroupedComparisons,
    *,
    tol: float,
    max_iter: int,
    patience: int,
    warm: bool,
    n_threads: int,
    progress: Progress | None,
) -> None:
    """Fit every group whose status is 0."""

    def one(start: int, stop: int) -> None:
        native.fit(
            e, start, stop, tol=tol, max_iter=max_iter, patience=patience, warm=warm,
            n_threads=n_threads,
        )  # fmt: skip

    in_batches(g, one, progress)
