"""Benchmarks: asked wrongly, and stopped before they take long; their results shown."""

from __future__ import annotations

import math
from typing import Any

import venire as vn
from fuzz.case import Case, entry
from fuzz.values import Planted


def stop(function: str, solver: str) -> None:
    raise Planted


@entry
def benchmarks(case: Case) -> None:
    """Runs that end where they would begin to time."""
    arguments: dict[str, Any] = {
        "workloads": case.choice(("bootstrap", [], ["posteriors", "rankings"])),
        "progress": stop,
    } | case.some({"size": "quick", "n_threads": 1})
    case.try_(vn.bench.run, **case.spoil(arguments, 0.5))
    case.try_(vn.bench.workload, **case.spoil({"name": "arena", "size": "quick"}, 0.5))


@entry
def benchmark(case: Case) -> None:
    """A result with odd names and numbers."""
    names = case.names(4)
    timed = tuple(
        case.call(vn.bench.Timed, "arena", str(name), k, "rows",
                  "venire" if k == 0 else str(name), 1.0 + k, case.chance(0.5), 10.0**k,
                  case.choice((math.nan, 0.0, 1e-9)))
        for k, name in enumerate(names)
    )  # fmt: skip
    skipped = (case.call(vn.bench.Skipped, "arena", str(names[0]), 1, "who", str(names[-1])),)
    found = case.call(vn.bench.Benchmark, "quick", 2, timed, skipped[: case.whole(0, 1)])
    case.get(timed[0], "times")
    for show in (found.to_frame, found.skipped_frame):
        backend = case.choice((None, "pandas", "polars", "pyarrow", "dict"))
        case.try_(show, **case.spoil({"backend": backend}, 0.2))
    case.call(str, found)
    case.try_(found.plot)
    case.try_(vn.plots.plot_benchmark, **case.spoil({"result": found, "ax": None}, 0.3))
