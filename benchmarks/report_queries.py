"""The report's part on many small fits, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import MIB, seconds, table

GROUPS = ("queries", "queries, peers", "queries, shapes")
# Seconds from rows to theta that the project set itself to reach, on two cores.
GOALS = {
    ("sorted rows", "bradley-terry"): 1.5,
    ("sorted rows", "thurstone"): 1.8,
    ("portable build", "bradley-terry"): 2.5,
    ("portable build", "thurstone"): 2.5,
}

NOTES = """\
Groups of 100 items, each compared with 4 others; Gaussian prior of precision 0.01. From the rows'
arrays to theta, with the aggregation; the stages are the least of several runs each. Correlation:
of theta with the truth, both centred in each group. Portable: built without dispatch to wider
instructions. Peak: memory above what a fresh process held before, beside the limit of twice the
input's bytes."""

PEER_NOTES = """\
The peers fit one group after the other, timed on a sample of the groups and **scaled** to all of
them. choix takes hard votes only (drawn from the soft ones), and ilsr has a regularisation of its
own, so no residual of this objective."""

SHAPE_NOTES = """\
Cost of a comparison, rows to theta, relative to one of the workload above at the same number of
rows: hard votes, groups of so many items (down) with so many comparisons each (across). Limit:
3."""


def collect(data: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What the runs recorded, by group."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
    for run in data["benchmarks"]:
        if run["group"] in found:
            found[run["group"]].append(run["extra_info"])
    return found


def runs_table(runs: list[dict[str, Any]], full: bool) -> str:
    body = []
    for facts in runs:
        goal = GOALS.get((facts["run"], facts["model"])) if full else None
        body.append(
            [
                f"{facts['model']}, {facts['run']}, {facts['dispatch']}",
                seconds(facts["seconds_total"]),
                "–" if goal is None else seconds(goal),
                seconds(facts["seconds_aggregation"]),
                seconds(facts["seconds_fit"]),
                seconds(facts["seconds_errors"]),
                f"{facts['iterations']:.1f}",
                f"{facts['residual']:.1e}",
                f"{facts['correlation']:.4f}",
                f"{facts['peak_bytes'] / MIB:.0f}",
                f"{2 * facts['input_bytes'] / MIB:.0f}",
            ]
        )
    head = ["run", "seconds", "goal", "aggregation", "fit alone", "standard errors", "Newton steps"]
    return table([*head, "residual", "correlation", "peak MiB", "limit MiB"], body)


def main_run(runs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Bradley-Terry on sorted rows, as installed."""
    key = ("sorted rows", "bradley-terry")
    return next((x for x in runs if (x["run"], x["model"]) == key), None)


def peers_table(runs: list[dict[str, Any]], peers: list[dict[str, Any]]) -> str:
    ours = main_run(runs)
    body = []
    if ours is not None:
        body.append(
            [
                "venire", "soft", "all", seconds(ours["seconds_total"]), "1",
                f"{ours['residual']:.1e}", f"{ours['correlation']:.4f}",
            ]
        )  # fmt: skip
    for facts in peers:
        times = "–" if ours is None else f"{facts['seconds_scaled'] / ours['seconds_total']:.0f}"
        body.append(
            [
                facts["peer"],
                facts["votes"],
                f"{facts['n_sampled']:,} of {facts['n_groups']:,}",
                seconds(facts["seconds_scaled"]) + " (scaled)",
                times,
                "–" if facts["residual"] is None else f"{facts['residual']:.1e}",
                f"{facts['correlation']:.4f}",
            ]
        )
    head = ["solver", "votes", "groups timed", "seconds for all", "times ours"]
    return table([*head, "residual", "correlation"], body)


def shapes_table(shapes: list[dict[str, Any]], model: str) -> str:
    at = {(x["n_items"], x["degree"]): x["relative"] for x in shapes if x["model"] == model}
    degrees = sorted({d for _, d in at})
    body = [
        [f"{n:,} items", *(f"{at[n, d]:.2f}" if (n, d) in at else "–" for d in degrees)]
        for n in sorted({n for n, _ in at})
    ]
    return table([model, *(f"degree {d}" for d in degrees)], body)


def parts(data: dict[str, Any]) -> list[str]:
    """Paragraphs for docs/benchmarks.md; none if nothing was run."""
    found = collect(data)
    runs, peers, shapes = (found[name] for name in GROUPS)
    if not any(found.values()):
        return []
    out = ["## Many small fits"]
    if runs:
        size = f"{runs[0]['n_groups']:,} groups, {runs[0]['n_rows']:,} rows. {NOTES}"
        out += [size, runs_table(runs, data["size"] == "full")]
    if peers:
        out += [PEER_NOTES, peers_table(runs, peers)]
    if shapes:
        out.append(SHAPE_NOTES)
        out += [shapes_table(shapes, m) for m in dict.fromkeys(x["model"] for x in shapes)]
    return out


def short(data: dict[str, Any]) -> list[list[str]]:
    """The README's row, the peers scaled from a sample of the groups."""
    found = collect(data)
    ours = main_run(found["queries"])
    if ours is None:
        return []
    peers = [f"{x['peer']} {seconds(x['seconds_scaled'])}" for x in found["queries, peers"]]
    size = f"{ours['n_groups']:,} queries, {ours['n_rows']:,} rows"
    return [[size, seconds(ours["seconds_total"]), f"scaled: {'; '.join(peers)}" if peers else "–"]]
