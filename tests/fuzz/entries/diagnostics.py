"""Audits of comparisons, of votes and of frames."""

from __future__ import annotations

import venire as vn
from fuzz.case import Case, entry
from fuzz.entries.data import comparison_arguments, count_arguments, frame_of


def look_at(case: Case, found: vn.diagnostics.Audit) -> None:
    for name in ("grave", "odd", "findings"):
        case.get(found, name)
    case.call(found.summary)
    case.call(found.columns)
    for call in (str, repr, bool, len):
        case.call(call, found)
    case.call(found.to_frame, case.choice((None, "pandas", "polars", "pyarrow", "dict")))
    for finding in found:
        case.finite(finding.name, *finding.how_much.values())


@entry
def audit(case: Case) -> None:
    make, arguments = case.choice(
        (
            (vn.Comparisons, comparison_arguments(case, case.whole(1, 60))),
            (vn.Comparisons.from_counts, count_arguments(case)),
        )
    )
    c = case.call(make, **arguments)
    look_at(case, case.call(vn.audit, c, **case.spoil(case.some({"order_effect": True}), 0.2)))


@entry
def audit_of_frame(case: Case) -> None:
    given = comparison_arguments(case, case.whole(1, 60))
    rows = {k: x for k, x in given.items() if k not in ("items", "n_threads")}
    n = len(rows["first"])
    rows |= case.some(
        {"date": lambda: case.column(["2024-01-01", "2024-02-03", 7, ""], n),
         "prompt": lambda: case.array(n)}
    )  # fmt: skip
    named = {k: k for k in rows if k != "prompt"}
    look_at(case, case.call(vn.audit, frame_of(case, rows), **case.spoil(named, 0.2)))
