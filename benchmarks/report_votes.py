"""The report's part on votes and consensus, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import seconds, table

GROUPS = ("votes",)

NOTES = """\
"from_pairs": votes of 8 teachers, in random order, on ready pair ids; beside a key and
`numpy.bincount`. "first and second": the same votes on pairs of 1,500 items. "append 1 %": a round
of a hundredth of them. "reliability": ten judgments a pair, one vote each, from the table to
posteriors, weights and warnings; beside the same rule by `numpy.bincount`, probabilities alone.
"crowd": from rows to converged weights, beside 100 iterations of crowd-kit's Dawid-Skene; accuracy
is the share of right verdicts."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    body = []
    for run in data["benchmarks"]:
        if run["group"] not in GROUPS:
            continue
        facts = run["extra_info"]
        goal = seconds(facts["goal"]) if facts["goal"] and data["size"] == "full" else "–"
        right = f"{facts['accuracy']:.4f}" if "accuracy" in facts else "–"
        best = seconds(run["stats"]["min"])
        body.append([facts["what"], facts["solver"], f"{facts['n_rows']:,}", best, goal, right])
    if not body:
        return []
    head = ["what", "solver", "rows", "seconds", "goal", "accuracy"]
    return ["## Votes and consensus", NOTES, table(head, body)]
