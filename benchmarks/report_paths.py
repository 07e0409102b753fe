"""The report's part on ratings over time, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import MIB, seconds, table

NOTES = """\
Items whose strengths walk; from the comparisons, standard errors included. Error: root mean square
of what ratings are off from the truth, in logits. whole-history-rating makes its games first, and
goes on until its gradient is below 1e-4; its prior is a virtual win and loss for each player."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    runs = [run for run in data["benchmarks"] if run["group"] == "paths"]
    if not runs:
        return []
    ours = {
        run["extra_info"]["what"]: run["stats"]["min"]
        for run in runs
        if run["extra_info"]["solver"] == "venire"
    }
    body = []
    for run in runs:
        facts, best = run["extra_info"], run["stats"]["min"]
        goal = f"{facts['goal']:g}" if facts["goal"] and data["size"] == "full" else "–"
        body.append(
            [
                facts["what"],
                facts["solver"],
                f"{facts['n_rows']:,}",
                seconds(best),
                goal,
                f"{best / ours[facts['what']]:,.0f}",
                f"{facts['error']:.3f}",
                f"{facts['peak_bytes'] / MIB:.0f}",
            ]
        )
    head = ["path of", "solver", "rows", "seconds", "goal", "ratio", "error", "peak MiB"]
    return ["## Ratings over time", NOTES, table(head, body)]
