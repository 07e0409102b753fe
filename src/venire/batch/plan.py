"""Batches of groups that fit into memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from venire._core.memory import resident
from venire.batch.job import Batch, Fitted, Job
from venire.batch.scan import Counts

__all__ = ["DEFAULT_MEMORY", "Plan", "Work", "free", "pieces"]

DEFAULT_MEMORY = 4 << 30
LEAST = 1 << 14  # rows of a batch, whatever the memory
MOST = 1 << 20  # rows that are read at a time
_OVERHEAD = 96 << 20  # buffers of the readers and the writer, and what allocators keep


class Work(NamedTuple):
    """What all batches of a run have in common, once the files have been looked at."""

    source: str
    job: Job
    types: dict[str, Any]  # Arrow type of each column
    schema: Any  # of the output
    memory: int  # bytes that the process may need
    n_threads: int | None

    def room(self) -> int:
        """How many rows a batch may have."""
        left = int(free(self.memory) / row_bytes(self.job, self.types))
        return max(left - 2 * pieces(self.memory), LEAST)

    def fit(self, batch: Batch, progress: Callable[[int, int], None] | None = None) -> Fitted:
        """Check, add up and fit the rows of a batch."""
        job, n_threads = self.job, self.n_threads
        # the comparisons have no name here: the fit alone holds on to them
        return job.fit(job.comparisons(batch, n_threads), self.schema, n_threads, progress)


@dataclass(frozen=True)
class Plan:
    """Which groups are fitted together.

    Parameters
    ----------
    groups : Counts
        The groups to fit, sorted. Rows of others are passed over.
    starts : ndarray of int64, shape (n_batches,)
        Position in `groups` of each batch's first group.
    complete : bool
        There are no other groups, so that none has to be looked for.
    """

    groups: Counts
    starts: np.ndarray
    complete: bool = False

    @property
    def n_batches(self) -> int:
        """Number of batches."""
        return len(self.starts)

    def rows(self) -> np.ndarray:
        """Number of rows of each batch."""
        return np.add.reduceat(self.groups.rows, self.starts)

    def n_groups(self) -> np.ndarray:
        """Number of groups of each batch."""
        return np.diff(np.append(self.starts, len(self.groups.labels)))

    def batch_of(self, labels: np.ndarray) -> np.ndarray:
        """The batch of each of these labels, int64; -1 for one that is not to be fitted."""
        if self.complete:
            first = self.groups.labels[self.starts]
            return np.searchsorted(first, labels, side="right") - 1
        at = np.searchsorted(self.groups.labels, labels)
        at[at == len(self.groups.labels)] = 0
        batch = np.searchsorted(self.starts, at, side="right") - 1
        return np.where(self.groups.labels[at] == labels, batch, -1)


def free(memory: int) -> int:
    """How many of `memory` bytes are left for batches."""
    return memory - resident() - _OVERHEAD


def pieces(memory: int) -> int:
    """How many rows are read at a time."""
    return int(np.clip(memory // 2000, LEAST, MOST))


def row_bytes(job: Job, types: dict[str, Any]) -> float:
    """Bytes that a row needs, at most, while its batch is read and fitted.

    The labels' codes; each column of numbers as it is read and as float64; the cells; and for text
    the labels themselves, of which a row is taken to bring one.
    """
    import pyarrow as pa

    names = job.names
    n_text = sum(
        not pa.types.is_primitive(types[names[argument]]) for argument in ("first", "second")
    )
    labels = {"group", "first", "second"}
    numbers = sum(argument not in labels for argument in names)
    statistics = 0.0 if job.bootstrap is None else 64.0
    return 100.0 + 16.0 * numbers + 60.0 * n_text + statistics
