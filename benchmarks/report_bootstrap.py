"""The report's part on the bootstrap, from pytest-benchmark's JSON."""

from __future__ import annotations

from typing import Any

from benchmarks.tables import MIB, seconds, table

NOTES = """\
Of fits: from the rows' arrays, aggregation and fit included (ladder: the fit is not in it).
Residual: the largest of any item in any replicate. Peak: memory above what the process held before.
A \\* marks what was timed with fewer replicates and scaled up; arena-rank is called as its own
bootstrap calls it, in one process. Goals are for two cores. Statistics: percentile interval; the
median is that of sorted numbers with weights, sorting included."""


def parts(data: dict[str, Any]) -> list[str]:
    """The section, if anything in it was run."""
    made = [
        part
        for group, make in (
            ("bootstrap of fits", _fits),
            ("draws of fits", _draws),
            ("bootstrap of statistics", _statistics),
            ("bootstrap weights", _weights),
        )
        if (runs := [run for run in data["benchmarks"] if run["group"] == group])
        for part in [make(runs, data["size"] == "full")]
    ]
    return ["## Bootstrap", NOTES, *made] if made else []


def _best(run: dict[str, Any]) -> float:
    return run["stats"]["min"] * run["extra_info"].get("scale", 1.0)


def _ours(runs: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {r["extra_info"]["what"]: r for r in runs if r["extra_info"]["solver"] == "venire"}


def _timed(run: dict[str, Any]) -> str:
    return seconds(_best(run)) + (" \\*" if run["extra_info"].get("scale", 1.0) != 1.0 else "")


def _peak(run: dict[str, Any]) -> str:
    return f"{run['extra_info']['peak_bytes'] / MIB:.0f}"


def _fits(runs: list[dict[str, Any]], full: bool) -> str:
    ours, body = _ours(runs), []
    for run in runs:
        facts = run["extra_info"]
        own = ours.get(facts["what"])
        body.append(
            [
                facts["what"],
                facts["solver"],
                f"{facts['replicates']:,}",
                _timed(run),
                f"{facts['goal']:g}" if facts["goal"] and full else "–",
                f"{_best(run) / _best(own):,.0f}" if own else "–",
                f"{facts['residual']:.1e}",
                _peak(run),
            ]
        )
    head = ["fits of", "solver", "replicates", "seconds", "goal", "ratio", "residual", "peak MiB"]
    return table(head, body)


def _draws(runs: list[dict[str, Any]], full: bool) -> str:
    ours, body = _ours(runs), []
    for run in runs:
        facts = run["extra_info"]
        own = ours.get(facts["what"])
        ratio = f"{_best(run) / _best(own):.1f}" if own else "–"
        body.append(
            [facts["what"], facts["solver"], f"{facts['draws']:,}", _timed(run), ratio, _peak(run)]
        )
    return table(["draws around", "solver", "draws", "seconds", "ratio", "peak MiB"], body)


def _statistics(runs: list[dict[str, Any]], full: bool) -> str:
    ours, body = _ours(runs), []
    for run in runs:
        facts = run["extra_info"]
        own = ours.get(facts["what"])
        ratio = f"{_best(run) / _best(own):.1f}" if own else "–"
        least = f"{facts['goal']:g}" if facts["goal"] and full else "–"
        replicates = f"{facts['replicates']:,}"
        body.append(
            [facts["what"], facts["solver"], replicates, _timed(run), ratio, least, _peak(run)]
        )
    head = ["statistic", "solver", "replicates", "seconds", "ratio", "wanted", "peak MiB"]
    return table(head, body)


def _weights(runs: list[dict[str, Any]], full: bool) -> str:
    body = []
    for run in runs:
        facts = run["extra_info"]
        rate = facts["counts"] / run["stats"]["min"] / 1e6
        goal = f"{facts['goal']:g}" if facts["goal"] and full else "–"
        body.append([facts["what"], facts["solver"], f"{rate:.0f}", goal, _peak(run)])
    return table(["weights", "solver", "million counts a second", "wanted", "peak MiB"], body)
