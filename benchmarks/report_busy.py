"""The report's part on a busy machine, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import seconds, table

GROUP = "busy"
LIMIT = 1.25  # times the seconds of one thread that the project set itself not to exceed

HEAD = ["seconds", "busy, default", "busy, 1 thread", "ratio", "busy, NumPy"]

NOTES = """\
Each workload beside as many spinning processes as there are CPUs, at least two: medians of five
times with the default number of threads and five with one, in turn; short calls are repeated for
each of them. The longest workloads have a part of their groups or replicates. NumPy: a key and two
counts."""


def row(facts: dict[str, Any]) -> list[str]:
    """One workload, under HEAD."""
    return [
        facts["workload"],
        seconds(facts["default"]),
        seconds(facts["one"]),
        f"{facts['default'] / facts['one']:.2f}",
        seconds(facts["numpy"]) if "numpy" in facts else "–",
    ]


def largest(runs: list[dict[str, Any]]) -> str:
    """One line: where the default costs the most beside one thread."""
    worst = max(runs, key=lambda facts: facts["default"] / facts["one"])
    ratio = worst["default"] / worst["one"]
    return (
        f"Beside {worst['busy']} busy processes the default number of threads takes at most "
        f"{ratio:.2f} times what one thread takes ({worst['workload']}; limit {LIMIT})."
    )


def collect(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [run["extra_info"] for run in data["benchmarks"] if run["group"] == GROUP]


def parts(data: dict[str, Any]) -> list[str]:
    """Paragraphs for docs/benchmarks.md; none if nothing was run."""
    runs = collect(data)
    if not runs:
        return []
    return ["## On a busy machine", NOTES, table(HEAD, [row(r) for r in runs]), largest(runs)]


def short(data: dict[str, Any]) -> list[str]:
    """The README's line."""
    runs = collect(data)
    return [largest(runs)] if runs else []
