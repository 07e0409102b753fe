"""What a table was taken to say: which columns, how many rows were dropped, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from venire.data.columns import Columns, VoteColumns

__all__ = ["Taken"]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How a file or a frame was read.

    Attributes
    ----------
    columns : Columns or VoteColumns
        What its columns were taken to say.
    n_rows : int
        Rows of the table, those that were dropped among them.
    dropped : mapping of str to int
        Rows that were left out, by reason.
    notes : tuple of str
        What was found out rather than told: a delimiter, an encoding, the reading of a column.
    """

    columns: Columns | VoteColumns
    n_rows: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = ", ".join(f"{argument} {name!r}" for argument, name in self.columns.names.items())
        parts = [said, *self.notes]
        if self.dropped:
            why = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.items())
            parts.append(f"{sum(self.dropped.values()):,} of {self.n_rows:,} rows dropped: {why}")
        return "; ".join(parts)
