"""The report's part on covariates, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import seconds, table

NOTES = """\
Bradley-Terry with covariates that are different in every row: from arrays to strengths and
coefficients, aggregation included. Residual: the largest slope of a parameter per comparison of its
own, worked out from the rows; \\* marks one above 1e-6."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    runs = [run for run in data["benchmarks"] if run["group"] == "covariates"]
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
        shape = [f"{facts[name]:,}" for name in ("n_rows", "n_items", "n_covariates")]
        body.append(
            [facts["solver"], *shape, seconds(best), ratio, f"{facts['residual']:.1e}{mark}"]
        )
    if not body:
        return []
    head = ["solver", "rows", "items", "covariates", "seconds", "ratio", "residual"]
    return ["## Covariates", NOTES, table(head, body)]
