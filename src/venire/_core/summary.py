"""A result as a statistician's table in plain text."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from venire._core.shown import visible, width

__all__ = ["Summary", "amount", "number_shown"]

#: Columns that are printed, from the left, and what stands above them.
TITLES = {
    "rank": "rank",
    "group": "group",
    "item": "item",
    "theta": "estimate",
    "logit": "logit",
    "probit": "probit",
    "erf": "erf",
    "elo": "Elo",
    "standardized": "standardized",
    "estimate": "estimate",
    "standard_error": "SE",
    "lower": "lower",
    "upper": "upper",
    "rank_lower": "best rank",
    "rank_upper": "worst rank",
    "n_failed": "failed",
    "n_comparisons": "games",
    "component": "component",
}
ALL = 60  # rows up to which every one is printed when `top` is None
TOP = 30  # rows that are printed otherwise


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
    ) -> Summary:
        """The first `top` rows in `order` (positions); None: all, if they are not too many."""
        if order is None:
            order = np.arange(len(next(iter(columns.values()))))
        count = len(order) if top is None and len(order) <= ALL else min(top or TOP, len(order))
        left = [f"... and {len(order) - count} more items"] if count < len(order) else []
        shown = {name: column[order[:count]] for name, column in columns.items()}
        return cls(header, shown, left + notes, level, hidden, digits)

    def __str__(self) -> str:
        return "\n".join([*self.header, "", *self._rows(), *self.notes])

    __repr__ = __str__

    def _rows(self) -> list[str]:
        names = [x for x in TITLES if x in self.columns and x not in self._hidden]
        table = [[TITLES[name], *_shown(name, self.columns[name], self._digits)] for name in names]
        widths = [max(map(width, column)) for column in table]
        left = [name in ("group", "item") for name in names]
        lines = [
            "  ".join(
                cell + " " * (size - width(cell)) if on_left else cell.rjust(size)
                for cell, size, on_left in zip(row, widths, left, strict=True)
            ).rstrip()
            for row in zip(*table, strict=True)
        ]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        return [rule, lines[0], rule, *lines[1:], rule]


def _shown(name: str, column: np.ndarray, digits: int) -> list[str]:
    if name == "n_comparisons":
        return [amount(x) for x in column]
    if column.dtype.kind == "f":
        return [number_shown(x, digits) for x in column.tolist()]
    return ["-" if x is None else visible(str(x)) for x in column.tolist()]


def number_shown(x: float, digits: int = 4) -> str:
    """A number with so many decimals, or four digits where it is large."""
    return f"{x:z.{digits}f}" if abs(x) < 1e5 or not np.isfinite(x) else f"{x:.4g}"


def amount(x: float) -> str:
    """A count without decimals when it is whole."""
    return f"{x:.0f}" if float(x).is_integer() else f"{x:.2f}"
