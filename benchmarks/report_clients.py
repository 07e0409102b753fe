"""The report's part on calls from other languages, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import table

NOTES = """\
Nanoseconds of a call, on one thread but for Python's array call: scalar functions in a loop of the
caller's language, `many` an element of one call, fits of 20 items one after the other, from rows to
strengths. "SciPy" is `scipy.special.cython_special` in the same loop; "by hand" the formula in the
caller's own compiled code; Python's fit is `vn.fit_bradley_terry`, labels, checks and result
included. Ratio: to the first side of the function."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    first: dict[str, float] = {}
    body = []
    for run in data["benchmarks"]:
        if run["group"] != "clients":
            continue
        facts = run["extra_info"]
        ns = run["stats"]["min"] / facts["n"] * 1e9
        base = first.setdefault(facts["function"], ns)
        body.append([facts["function"], facts["side"], f"{ns:,.0f}" if ns >= 10 else f"{ns:.1f}",
                     f"{ns / base:.2f}"])  # fmt: skip
    if not body:
        return []
    head = ["function", "from", "ns", "ratio"]
    return ["## Kernels from other languages", NOTES, table(head, body)]
