"""The report's part on links that callers bring, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import seconds, table

NOTES = """\
The logistic curve as two functions compiled by `numba.cfunc`, plain loops, beside the package's
own. One thread, a prior of precision 0.01 (groups: the default). Difference: the largest of any
rating."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    runs = [run for run in data["benchmarks"] if run["group"] == "links"]
    best = {
        (run["extra_info"]["what"], run["extra_info"]["solver"]): run["stats"]["min"]
        for run in runs
    }
    body = []
    for run in runs:
        facts, own = run["extra_info"], run["stats"]["min"]
        built_in = best.get((facts["what"], "built in"))
        if facts["solver"] == "custom" and built_in is not None:
            goal = f"{facts['goal']:g}" if data["size"] == "full" else "–"
            body.append([facts["what"], seconds(built_in), seconds(own), f"{own / built_in:.2f}",
                         goal, f"{facts['difference']:.1e}"])  # fmt: skip
    head = ["fit of", "built in, seconds", "custom, seconds", "ratio", "goal", "difference"]
    return ["## Links that callers bring", NOTES, table(head, body)] if body else []
