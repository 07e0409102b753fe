"""The report's part on bagging, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import seconds, table

NOTES = """\
Bagging: fit with out-of-bag score, one job; a \\* marks a peer that was timed with fewer members
and scaled up."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    runs = [run for run in data["benchmarks"] if run["group"] == "bagging"]
    ours = {
        run["extra_info"]["what"]: run["stats"]["min"]
        for run in runs
        if run["extra_info"]["solver"] == "venire"
    }
    body = []
    for run in runs:
        facts = run["extra_info"]
        best = run["stats"]["min"] * facts["scale"]
        mark = " \\*" if facts["scale"] != 1.0 else ""
        score = f"{facts['oob_score']:.4f}" if "oob_score" in facts else "–"
        ratio = f"{best / ours[facts['what']]:.1f}" if facts["what"] in ours else "–"
        shape = f"{facts['n_rows']:,}" + (
            f" × {facts['n_features']}" if facts["n_features"] else ""
        )
        body.append([facts["what"], facts["solver"], shape, seconds(best) + mark, ratio, score])
    if not body:
        return []
    head = ["what", "solver", "rows × features", "seconds", "ratio", "out-of-bag R²"]
    return ["## Bagging", NOTES, table(head, body)]
