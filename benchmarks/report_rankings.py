"""The report's part on rankings, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import seconds, table

NOTES = """\
Plackett and Luce's model, from `Rankings` to strengths; "built" from an array of labels. Pairs by
stage weights maximise another likelihood, and are consistent for the same strengths. Residual: the
largest slope of an item per ranking of its own, worked out from the rankings; \\* marks one above
1e-6."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    runs = [run for run in data["benchmarks"] if run["group"] == "rankings"]
    ours = {
        run["extra_info"]["what"]: run["stats"]["min"]
        for run in runs
        if run["extra_info"]["solver"] == "venire"
    }
    body = []
    for run in runs:
        facts, best = run["extra_info"], run["stats"]["min"]
        mark = "" if facts["residual"] <= 1e-6 else " \\*"
        ratio = f"{best / ours[facts['what']]:.1f}" if facts["what"] in ours else "–"
        shape = [f"{facts[name]:,}" for name in ("n_rankings", "of", "n_items")]
        left = f"{facts['residual']:.1e}{mark}"
        body.append([facts["solver"], *shape, f"{facts['spread']:g}", seconds(best), ratio, left])
    if not body:
        return []
    head = ["solver", "rankings", "of", "items", "sd", "seconds", "ratio", "residual"]
    return ["## Rankings", NOTES, table(head, body)]
