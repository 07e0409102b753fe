"""The report's part on the bootstrap of many small fits, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import MIB, seconds, table

GROUP = "replicates"
GOAL = 180.0  # seconds of the full size that the project set itself to reach, on two cores

NOTES = """\
Replicates of the groups of the queries above, soft votes drawn as cells; means, standard errors and
intervals of all items, none of the draws kept. Peak: memory above the fit and its data. Residual:
the largest as the fits report it, and one worked out from the rows of a sample of the replicates.
NumPy: dense Newton in a loop, timed on a sample of the replicates and **scaled** to all of them."""


def parts(data: dict[str, Any]) -> list[str]:
    """Paragraphs for docs/benchmarks.md; none if nothing was run."""
    runs = [run["extra_info"] for run in data["benchmarks"] if run["group"] == GROUP]
    if not runs:
        return []
    size = f"{runs[0]['n_groups']:,} groups, {runs[0]['n_resamples']} replicates of each. {NOTES}"
    head = ["kind", "seconds", "goal", "CPU seconds", "residual", "peak MiB", "NumPy, scaled"]
    body = [
        [
            run["kind"],
            seconds(run["seconds"]),
            seconds(GOAL) if data["size"] == "full" else "–",
            seconds(run["cpu_seconds"]),
            f"{run['residual']:.1e}, {run['residual_checked']:.1e}",
            f"{run['peak_bytes'] / MIB:.0f}",
            seconds(run["numpy_scaled"]),
        ]
        for run in runs
    ]
    return ["## Replicates of many small fits", size, table(head, body)]
