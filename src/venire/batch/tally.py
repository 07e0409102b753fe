"""What came of the fits of many groups, counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from venire import scales
from venire.data.taken import Taken

__all__ = ["FITTED", "GroupsSummary", "Tally", "added"]

FITTED = ("converged", "iteration limit")
_EXAMPLES = 5


def added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Counts of both, in an order of their own."""
    return {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}


@dataclass
class Tally:
    """Counts the groups of each status and keeps the first labels of each.

    `without` counts groups with a fit whose first item has no rating, or no error.
    """

    n_groups: int = 0
    n_items: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[Any]] = field(default_factory=dict)
    without: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        groups: np.ndarray,
        status: np.ndarray,
        n_items: int,
        first: Mapping[str, np.ndarray],
        dropped: Mapping[str, int],
    ) -> None:
        """Count one batch, and the rows that were left out of it; `first` are the columns of each
        group's first item. Batches come in the order of the groups."""
        names = np.unique(status).tolist()
        which = {name: groups[status == name] for name in names}
        counts = {name: len(some) for name, some in which.items()}
        examples = {name: some[:_EXAMPLES].tolist() for name, some in which.items()}
        left = np.isin(status, FITTED)
        without = {}
        for name in ("standard_error", *scales.SCALES):
            if name in first and len(first[name]) == len(status):
                without[name] = int(np.count_nonzero(left & np.isnan(first[name])))
        if "standard_error" in without:  # beside a rating
            without["standard_error"] -= sum(without.values()) - without["standard_error"]
        self.merge(Tally(len(groups), n_items, counts, examples, without, dict(dropped)))

    def merge(self, other: Tally) -> None:
        """Add the counts of later groups."""
        self.n_groups += other.n_groups
        self.n_items += other.n_items
        self.dropped = added(self.dropped, other.dropped)
        for status, count in other.counts.items():
            self.counts[status] = self.counts.get(status, 0) + count
            some = self.examples.get(status, []) + other.examples[status]
            self.examples[status] = some[:_EXAMPLES]
        for name, count in other.without.items():
            self.without[name] = self.without.get(name, 0) + count


@dataclass(frozen=True)
class GroupsSummary:
    """What came of the fits of many groups.

    Attributes
    ----------
    n_groups, n_items, n_rows : int
    counts : dict of str to int
        Number of groups of each status.
    examples : dict of str to list
        The first few groups of each status.
    dropped : dict of str to int
        Rows that were left out, by reason.
    seconds : float
    notes : list of str
        What the caller should know.
    parts : list of str
        The files that were written.
    without : dict of str to int
        Groups with a fit, but no rating (they lack the anchor), or no error, by column.
    failures : list of str
        Parts of the source that a job has set aside, and why.
    taken : Taken or None
        How the source was read.
    """

    n_groups: int
    n_items: int
    n_rows: int
    counts: dict[str, int]
    examples: dict[str, list[Any]]
    dropped: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    without: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    taken: Taken | None = None

    @property
    def converged(self) -> bool:
        """Whether every group has a converged fit."""
        return set(self.counts) <= {"converged"}
