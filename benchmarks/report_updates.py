"""The report's part on updates of fits, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import MIB, seconds, table

NOTES = """\
One row of a hundred is new. The refit is of all rows from their arrays, aggregation included;
share: of its time. Difference: the largest of any item's rating from the refit's."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    runs = [run for run in data["benchmarks"] if run["group"] == "updates"]
    if not runs:
        return []
    refits = {
        run["extra_info"]["what"]: run["stats"]["min"]
        for run in runs
        if run["extra_info"]["solver"] != "venire"
    }
    body = []
    for run in runs:
        facts, best = run["extra_info"], run["stats"]["min"]
        if facts["solver"] != "venire" or facts["what"] not in refits:
            continue
        refit = refits[facts["what"]]
        goal = f"{facts['goal']:.0%}" if facts["goal"] and data["size"] == "full" else "–"
        body.append(
            [
                facts["what"],
                f"{facts['n_rows']:,}",
                f"{facts['n_new']:,}",
                seconds(refit),
                seconds(best),
                f"{best / refit:.0%}",
                goal,
                f"{facts['n_iter']} / {facts['n_inner']}",
                f"{facts['difference']:.1e}",
                f"{facts['peak_bytes'] / MIB:.0f}",
            ]
        )
    head = [
        "fit of", "rows", "new", "refit, seconds", "update, seconds", "share", "goal",
        "Newton / inner iterations", "difference", "peak MiB",
    ]  # fmt: skip
    return ["## Updates of fits", NOTES, table(head, body)] if body else []
