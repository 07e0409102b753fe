"""What a command says of how its input was read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from venire.cli._report import Report
from venire.data.taken import Taken

__all__ = ["with_taken"]


def with_taken(report: Report, source: Any, taken: Taken | None) -> Report:
    """The report, its first line and a fact of it the columns that were taken."""
    if taken is None:
        return report
    options = ", ".join(f"--{name.replace('_', '-')}" for name in taken.found)
    line = f"read {source}: {taken.told(f'{options} change it')}"
    facts = {
        "columns": taken.said(),
        "found": list(taken.found),
        "rows": taken.n_rows,
        "dropped": dict(taken.dropped),
        "notes": list(taken.notes),
    }
    return replace(report, said=[line, *report.said], facts=dict(report.facts) | {"read": facts})
