"""The native kernels, a batch of groups at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from venire.data.grouped_comparisons import GroupedComparisons
from venire.models import DEFAULT
from venire.priors import ItemPriors
from venire.ratings.grouped.batches import batches, native_groups

if TYPE_CHECKING:
    from venire._native.grouped import Groups
    from venire.design._asks import Asks
    from venire.design._prior import AllocationPrior

__all__ = ["held_out_losses", "pick"]

DENSE = 2000  # items of a group up to which its covariance is a matrix
SKETCH = 256  # random combinations in a larger one
BATCH = 4e9  # operations between two reports of progress, about


def held_out_losses(
    c: GroupedComparisons, held: np.ndarray, model: str, mean: np.ndarray, precision: float,
    n_threads: int,
) -> np.ndarray:  # fmt: skip
    """Negative log-likelihood of the held-out cells of each group, (n_groups,)."""
    from venire._native import allocate

    loss = np.zeros(c.n_groups)
    groups = _groups(c, model, mean, precision)
    for start, stop in batches(c):
        allocate.held_out(groups, held.view(np.uint8), start, stop, n_threads, loss)
    return loss


def pick(
    c: GroupedComparisons,
    asks: Asks,
    n_pending: np.ndarray,
    n_picks: np.ndarray,
    prior: AllocationPrior,
    *,
    model: str = DEFAULT,
    n_threads: int,
    progress: Callable[[int, int], None] | None = None,
    given: tuple[np.ndarray, np.ndarray] | None = None,
    **options: Any,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Picks of all groups, group by group: first, second, gain.

    `options` are those of `venire.reference.allocate_groups`.
    """
    from venire._native import allocate

    offsets = np.concatenate([[0], np.cumsum(n_picks)]).astype(np.int64)
    first, second = given or (np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int32))
    gain = np.empty(offsets[-1])
    groups = _groups(c, model, prior.mean, prior.precision)
    pending = np.ascontiguousarray(n_pending, np.int64)
    for start, stop in _batches(np.diff(c.offsets), n_picks):
        allocate.pick(
            groups, asks.offsets, asks.first, asks.second, pending, offsets, first, second, gain,
            start, stop, n_threads, dense=DENSE, sketch=SKETCH, **options,
        )  # fmt: skip
        if progress is not None:
            progress(stop, c.n_groups)
    return first, second, gain


def _groups(c: GroupedComparisons, model: str, mean: np.ndarray, precision: Any) -> Groups:
    prior = ItemPriors(mean, np.full(c.n_items, precision))
    return native_groups(c, model, prior=prior, order_effect=False, shared=False)


def _batches(n_items: np.ndarray, n_picks: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of groups that take about as long."""
    n = n_items.astype(float)
    work = np.cumsum(n * n * np.minimum(n, DENSE) + n_picks * (100.0 * n + 200.0 * n_picks))
    start = 0
    while start < len(n):
        done = work[start - 1] if start else 0.0
        stop = max(int(np.searchsorted(work, done + BATCH, "right")), start + 1)
        yield start, stop
        start = stop
