"""The report's part on one round of distillation, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.full_round import GOALS
from benchmarks.tables import seconds, table

GROUP = "round"
GIB = 2**30

NOTES = """\
Groups of 100 items, pairs along two cycles, 4 bridges a group. Votes: from arrays of group, items,
teacher and vote to the table of judgments. Weights and fits: three fits and two rounds of weights
where one teacher voted on each pair, the consensus and a fit with a panel. Calibration takes the
standard errors, targets a student's predictions. One run of each, in a fresh process; peak: the
resident set, the input arrays in it."""


def parts(data: dict[str, Any]) -> list[str]:
    """Paragraphs for docs/benchmarks.md; none if nothing was run."""
    runs = [run["extra_info"] for run in data["benchmarks"] if run["group"] == GROUP]
    if not runs:
        return []
    stages = list(runs[0]["seconds"])
    head = ["seconds", "groups", "votes", *stages, "all", "goal", "peak, GiB", "goal"]
    body = []
    for facts in runs:
        full = data["size"] == "full"
        body.append(
            [
                facts["name"],
                f"{facts['n_groups']:,}",
                f"{facts['n_votes']:,}",
                *(seconds(facts["seconds"][stage]) for stage in stages),
                seconds(facts["total"]),
                seconds(GOALS["seconds"]) if full else "–",
                f"{facts['peak_bytes'] / GIB:.2f}",
                f"{GOALS['bytes'] / GIB:.0f}" if full else "–",
            ]
        )
    return ["## One round of distillation", NOTES, table(head, body)]
