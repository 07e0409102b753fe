"""A result as a statistician's table in plain text."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from venire._core.tables import Table, shown_of

__all__ = ["Summary", "stopped"]

#: Columns that are shown, from the left.
COLUMNS = (
    "rank", "group", "item", "theta", "logit", "probit", "erf", "elo", "standardized", "estimate",
    "standard_error", "lower", "upper", "rank_lower", "rank_upper", "prob_best",
    "expected_regret", "n_failed", "n_comparisons", "component",
    "judge", "n_votes", "slope", "slope_error", "position_bias", "position_bias_error", "log_loss",
    "plain_log_loss",
)  # fmt: skip


STOPPED = "iteration limit"  # what the status of a group says that did not converge


def stopped(groups: np.ndarray, status: np.ndarray) -> list[str]:
    """Which groups did not converge, in a line, if there are any."""
    found = groups[status == STOPPED].tolist()
    if not found:
        return []
    some = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
    return [f"NOT CONVERGED: {len(found):,} of {len(groups):,} groups ({some})"]


@dataclass(frozen=True)
class Summary:
    """What `summary` of a result returns: prints as a table; the numbers are in `columns`.

    Attributes
    ----------
    header : list of str
        Lines above the table: what was fitted or drawn, and what came of it.
    columns : dict of ndarray
        The rows shown, best first, with the columns of `to_frame`.
    notes : list of str
        Lines below the table.
    level : float
        Level of the intervals.

    Examples
    --------
    >>> import venire as vn
    >>> fit = vn.fit_bradley_terry(vn.Comparisons(["a|b", "c"], ["c", "a|b"], [1, 0.5]))
    >>> print(fit.summary().to_markdown().splitlines()[7])
    | 1 | a\\|b | 0.5493 | 0.8165 | -1.0510 | 2.1496 | 2 |
    """

    header: list[str]
    columns: dict[str, np.ndarray]
    notes: list[str]
    level: float
    _hidden: tuple[str, ...] = field(default=(), repr=False)
    _digits: int = field(default=4, repr=False)

    @classmethod
    def of(
        cls,
        header: list[str],
        columns: dict[str, np.ndarray],
        notes: list[str],
        level: float,
        *,
        order: np.ndarray | None = None,
        top: int | None = None,
        hidden: tuple[str, ...] = (),
        digits: int = 4,
        what: str = "items",
    ) -> Summary:
        """The first `top` rows in `order` (positions); None: all, if they are not too many."""
        if order is None:
            order = np.arange(len(next(iter(columns.values()))))
        count = shown_of(len(order), top)
        left = [f"... and {len(order) - count} more {what}"] if count < len(order) else []
        shown = {name: column[order[:count]] for name, column in columns.items()}
        return cls(header, shown, left + notes, level, hidden, digits)

    @property
    def table(self) -> Table:
        """What is printed."""
        chosen = {
            name: self.columns[name]
            for name in COLUMNS
            if name in self.columns and name not in self._hidden
        }
        rows = len(next(iter(chosen.values()))) if chosen else 0
        return Table.of(self.header, chosen, self.notes, top=max(rows, 1), digits=self._digits)

    def __str__(self) -> str:
        return str(self.table)

    __repr__ = __str__

    def to_html(self) -> str:
        """As a table of HTML; labels are escaped."""
        return self.table.to_html()

    _repr_html_ = to_html

    def to_markdown(self) -> str:
        """As a table of Markdown, as GitHub has it. Needs tabulate."""
        return self.table.to_markdown()

    def to_latex(self) -> str:
        """As a ``table`` of LaTeX, with the rules of booktabs. Needs tabulate."""
        return self.table.to_latex()
