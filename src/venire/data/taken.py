"""What a table was taken to say: which columns, how many rows were dropped, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from venire.data.columns import Columns, VoteColumns

if TYPE_CHECKING:
    from venire.data.rankings.columns import RankingColumns

__all__ = ["Taken"]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How a file or a frame was read.

    Attributes
    ----------
    columns : Columns, VoteColumns or RankingColumns
        What its columns were taken to say.
    n_rows : int
        Rows of the table, those that were dropped among them.
    dropped : mapping of str to int
        Rows that were left out, by reason.
    notes : tuple of str
        What was found out rather than told: a delimiter, an encoding, the reading of a column.
    found : tuple of str
        Arguments whose columns nobody named.

    Examples
    --------
    >>> import venire as vn
    >>> votes = {"model_a": ["x", "y"], "model_b": ["y", "z"], "winner": ["model_a", "tie"]}
    >>> str(vn.Comparisons.from_frame(votes).taken)
    'first=model_a, second=model_b, outcome=winner'
    """

    columns: Columns | VoteColumns | RankingColumns
    n_rows: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    found: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.told()

    def told(self, cure: str = "") -> str:
        """The line, with a remark on the columns that nobody named."""
        said = ", ".join(f"{argument}={name}" for argument, name in self.said().items())
        parts = [said + (f" ({cure})" if cure and self.found else ""), *self.notes]
        if self.dropped:
            why = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.items())
            parts.append(f"{sum(self.dropped.values()):,} of {self.n_rows:,} rows dropped: {why}")
        return "; ".join(parts)

    def said(self) -> dict[str, Any]:
        """What each argument was taken to be: columns, and the score where it is a number."""
        return self.columns.said
