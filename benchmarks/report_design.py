"""The report's part on designs of pairs, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import seconds, table

NOTES = """\
Pairs for many groups at once. Broken: groups whose graph is not simple, regular, connected and
balanced (each item first as often as second), all of them checked; random pairs promise none of it.
tr(L⁺)/n: the mean variance of a rating per unit of information, over 100 of the groups."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    body = []
    for run in data["benchmarks"]:
        if run["group"] != "design":
            continue
        facts = run["extra_info"]
        body.append(
            [
                f"{facts['what']}, {facts['method']}",
                f"{facts['n_groups']:,} × {facts['n_items']}",
                str(facts["degree"]),
                str(facts["n_threads"] or "all"),
                seconds(run["stats"]["min"]),
                str(facts["repeats"]),
                str(facts["broken"]) if facts["method"] == "cycles" else "–",
                f"{facts['mean_variance']:.3f}",
            ]
        )
    if not body:
        return []
    head = ["what", "groups × items", "degree", "threads", "seconds", "repeats", "broken"]
    return ["## Designs of pairs", NOTES, table([*head, "tr(L⁺)/n"], body)]
