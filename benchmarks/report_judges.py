"""The report's part on judges in the likelihood, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import seconds, table

NOTES = """\
Votes of judges with slopes N(1, .3²) and position biases N(.1, .3²), one a row, on random pairs:
`fit_judges` beside `fit_votes`, which weighs judges by agreement and knows nothing of positions,
and crowd-kit's `NoisyBradleyTerry` with its defaults. Times are from a table of votes to ratings.
1 - r²: of the ratings against those that the votes were drawn from. What slopes gain in simulated
worlds and on real votes held out: `python -m benchmarks.judges`."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    body = []
    for run in data["benchmarks"]:
        if run["group"] != "judges":
            continue
        facts = run["extra_info"]
        goal = seconds(facts["goal"]) if facts["goal"] and data["size"] == "full" else "–"
        shape = [f"{facts[name]:,}" for name in ("n_votes", "n_judges", "n_items")]
        body.append(
            [facts["solver"], *shape, seconds(run["stats"]["min"]), goal, f"{facts['error']:.5f}"]
        )
    if not body:
        return []
    head = ["solver", "votes", "judges", "items", "seconds", "goal", "1 - r²"]
    return ["## Judges in the likelihood", NOTES, table(head, body)]
