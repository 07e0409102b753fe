"""The report's part on the next asks, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import MIB, seconds, table

NOTES = """\
Sequential picks of pairs after a first round of degree 8; every pick changes the posterior
covariance before the next. Processor time is that of all threads, in all and for one pick. Memory:
how much higher the process's peak rose than in the runs before."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    body = []
    for run in data["benchmarks"]:
        if run["group"] != "allocate":
            continue
        facts = run["extra_info"]
        body.append(
            [
                facts["run"],
                f"{facts['n_groups']:,} × {facts['n_items']:,}",
                f"{facts['n_picks']:,}",
                seconds(run["stats"]["min"]),
                f"{facts['processor_seconds']:.1f} s",
                f"{1e6 * facts['processor_seconds'] / facts['n_picks']:.1f} µs",
                f"{facts['peak'] / MIB:,.0f} MiB",
            ]
        )
    if not body:
        return []
    head = ["picks", "groups × items", "asks", "seconds", "processor", "per ask", "memory"]
    return ["## The next asks", NOTES, table(head, body)]
