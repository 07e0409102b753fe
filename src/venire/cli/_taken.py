"""What a command says of how its input was read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from venire.cli._report import Report
from venire.data.taken import Taken

__all__ = ["with_taken"]


def with_taken(report: Report, source: Any, taken: Taken | None) -> Report:
    """The report, with how its input was read in its notes and among its facts."""
    if taken is None:
        return report
    options = ", ".join(f"--{name.replace('_', '-')}" for name in taken.found)
    change = "change it" if len(taken.found) > 1 else "changes it"
    line = f"read {source}: {taken.told(f'{options} {change}')}"
    if not (taken.found or taken.dropped or taken.notes):
        line = ""  # it is what was asked for
    facts = {
        "columns": taken.said(),
        "found": list(taken.found),
        "rows": taken.n_rows,
        "dropped": dict(taken.dropped),
        "notes": list(taken.notes),
    }
    return replace(report, taken=line, facts=dict(report.facts) | {"read": facts})
