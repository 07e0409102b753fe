"""From pytest-benchmark's JSON to docs/benchmarks.md, docs/growth.png and the README's table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import (
    report_allocate,
    report_bagging,
    report_bootstrap,
    report_busy,
    report_clients,
    report_covariates,
    report_design,
    report_full_round,
    report_judges,
    report_links,
    report_paths,
    report_queries,
    report_rankings,
    report_replicates,
    report_updates,
    report_votes,
)
from benchmarks.tables import MIB, seconds, table
from venire.bench.solvers import SOLVERS
from venire.bench.workloads import GROWING, WORKLOADS

BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"
Found = dict[tuple[str, str], dict[str, Any]]


def collect(data: dict[str, Any]) -> tuple[Found, dict[str, list[tuple[int, float]]]]:
    """Fits by (workload, solver), and (rows, seconds) of the growth runs by workload."""
    fits: Found = {}
    growth: dict[str, list[tuple[int, float]]] = {}
    for run in data["benchmarks"]:
        facts, best = run["extra_info"], run["stats"]["min"]
        if run["group"] in (*report_queries.GROUPS, *report_votes.GROUPS):
            continue
        if run["group"] == "growth":
            growth.setdefault(facts["workload"], []).append((facts["n_rows"], best))
        elif run["group"] == "fits":
            # the fresh process is one more round, and the only warm-up
            best = min(best, facts["seconds"])
            fits[facts["workload"], facts["solver"]] = facts | {"best": best}
    return fits, {name: sorted(points) for name, points in growth.items()}


def exponent(points: list[tuple[int, float]]) -> float:
    """Slope of log time against log size by least squares; nan below two sizes."""
    if len(points) < 2:
        return float("nan")
    m, t = np.log(np.array(points)).T
    return float(np.polyfit(m, t, 1)[0])


def marked(facts: dict[str, Any]) -> str:
    """Seconds, with a mark where the answer is not near the maximum."""
    return seconds(facts["best"]) + ("" if facts["residual"] <= 1e-6 else " \\*")


def times_table(fits: Found, left_out: Found, workloads: list[str]) -> str:
    """Seconds of every solver on the workloads that the peers are asked."""
    solvers = [s for s in SOLVERS if any((w, s) in fits for w in workloads)]
    body = []
    for name in workloads:
        row = [f"{name}, {fits[name, 'venire']['n_rows']:,} rows"]
        for solver in solvers:
            key = (name, solver)
            if key in fits:
                row.append(marked(fits[key]))
            else:
                over = left_out.get(key, {}).get("reason", "")
                row.append(over.replace("over ", "> ") if over.startswith("over ") else "–")
        body.append(row)
    return table(["seconds", *solvers], body)


def short_table(fits: Found, workloads: list[str], queries: list[list[str]]) -> str:
    """The README's: a workload a row, what the package needs and what the others do."""
    body = []
    for name in workloads:
        others = [(s, fits[name, s]) for s in SOLVERS if s != "venire" and (name, s) in fits]
        said = [f"{solver} {marked(facts)}" for solver, facts in others]
        ours = fits[name, "venire"]
        size = f"{name}, {ours['n_rows']:,} rows"
        body.append([size, seconds(ours["best"]), "; ".join(said) or "–"])
    return table(["seconds", "venire", "others"], [*body, *queries])


def memory_limit(name: str, facts: dict[str, Any]) -> float:
    if WORKLOADS[name].memory == "input":
        return 3.0 * facts["input_bytes"]
    return 250.0 * (facts["n_items"] + facts["n_pairs"]) + 64 * MIB


def package_table(fits: Found, full: bool) -> str:
    """What the package needed on every workload, beside what it set itself to reach."""
    body = []
    for name, workload in WORKLOADS.items():
        if (name, "venire") not in fits:
            continue
        facts = fits[name, "venire"]
        limit = memory_limit(name, facts)
        goal = seconds(workload.goal) if workload.goal and full else "–"
        body.append(
            [
                name,
                f"{facts['n_rows']:,}",
                f"{facts['n_items']:,}",
                seconds(facts["best"]),
                goal,
                facts["iterations"] or "–",
                f"{facts['residual']:.1e}",
                "–" if facts["error"] is None else f"{facts['error']:.1e}",
                f"{facts['peak_bytes'] / MIB:.0f}",
                f"{limit / MIB:.0f}",
            ]
        )
    head = ["workload", "rows", "items", "seconds", "goal", "Newton / inner iterations"]
    return table([*head, "residual", "error", "peak MiB", "limit MiB"], body)


def quality_table(fits: Found, workloads: list[str]) -> str:
    body = [
        [
            name,
            solver,
            f"{facts['residual']:.1e}",
            f"{facts['log_likelihood']:.6f}",
            f"{facts['peak_bytes'] / MIB:.0f}",
            facts["iterations"] or "–",
        ]
        for (name, solver), facts in fits.items()
        if name in workloads
    ]
    return table(
        ["workload", "solver", "residual", "log-likelihood", "peak MiB", "iterations"], body
    )


def posteriors_table(data: dict[str, Any]) -> str:
    """Seconds of the functions of Beta posteriors and of their peers."""
    best: dict[str, dict[str, float]] = {}
    sizes: dict[str, int] = {}
    peers: dict[str, str] = {}
    for run in data["benchmarks"]:
        if run["group"] == "posteriors":
            facts = run["extra_info"]
            best.setdefault(facts["function"], {})[facts["solver"]] = run["stats"]["min"]
            sizes[facts["function"]] = facts["n"]
            if facts["solver"] != "venire":
                peers[facts["function"]] = facts["solver"]
    body = []
    for name, times in best.items():
        ours, peer = times["venire"], peers.get(name)
        theirs = [peer, seconds(times[peer]), f"{times[peer] / ours:.1f}"] if peer else ["–"] * 3
        body.append([name, f"{sizes[name]:,}", seconds(ours), *theirs])
    return table(["function", "values", "seconds", "peer", "its seconds", "ratio"], body)


def machine(data: dict[str, Any]) -> str:
    config, info = data["config"], data["machine_info"]
    packages = ", ".join(f"{k} {config['packages'][k]}" for k in ("numpy", "scipy"))
    return (
        f"{data['datetime'][:10]}, {data['processor']}, {config['run']['threads']} threads, "
        f"Python {info['python_version']}, {packages}, {config['build']['compiler']}, "
        f"dispatch {config['build']['dispatch']}"
    )


NOTES = """\
Times are the least of several runs, from arrays of ids and scores to theta, aggregation included.
Residual: the largest |actual - expected wins| of any item per comparison of its own, computed from
the rows and theta in the same way for every solver; \\* marks one above 1e-6. Peak: the high-water
mark of memory in a fresh process above what it held before the fit; the input arrays are not in
it. Peers are called as their documentation says, with the tolerance at which they reach a
residual near 1e-9 where they can; "index given" hands evalica its list of labels, in finding which
it otherwise spends most of its time."""


def write(data: dict[str, Any], docs: Path, readme: Path | None) -> str:
    """Write the report and the picture into `docs`; refresh the README when there is one."""
    fits, growth = collect(data)
    left_out = {(x["workload"], x["solver"]): x for x in data["left_out"]}
    compared = [n for n, w in WORKLOADS.items() if w.peers and (n, "venire") in fits]
    main = [n for n in compared if n in GROWING]
    reasons = sorted({(s, w, x["reason"]) for (w, s), x in left_out.items()})
    exponents = [[name, f"{exponent(points):.2f}"] for name, points in growth.items()]
    parts = [
        "# Benchmarks",
        f"`make bench` wrote this page: {machine(data)}, {data['size']} sizes.",
        NOTES,
        "## Against other packages",
        times_table(fits, left_out, compared),
        "## The package on every workload",
        "Goals are for two cores. Error: largest distance from the closed form, if there is one.",
        package_table(fits, data["size"] == "full"),
        *report_queries.parts(data),
        *report_updates.parts(data),
        *report_links.parts(data),
        *report_paths.parts(data),
        *report_replicates.parts(data),
        *report_votes.parts(data),
        *report_judges.parts(data),
        *report_covariates.parts(data),
        *report_rankings.parts(data),
        *report_clients.parts(data),
        *report_bootstrap.parts(data),
        *report_bagging.parts(data),
        *report_design.parts(data),
        *report_full_round.parts(data),
        *report_allocate.parts(data),
        *report_busy.parts(data),
        "## Beta posteriors",
        "Shapes uniform in [0.5, 500]; the cells have six votes each. The peers use one thread.",
        posteriors_table(data),
        "## Growth",
        "Items grow in proportion to comparisons. Exponent of time against comparisons, by least "
        "squares on logarithms, with the package's own aggregation:",
        table(["workload", "exponent"], exponents),
        "![time against comparisons](growth.png)",
        "## Quality and memory of every answer",
        quality_table(fits, compared),
        "## Not run",
        table(["solver", "workload", "why"], [list(r) for r in reasons]) if reasons else "Nothing.",
    ]
    docs.mkdir(exist_ok=True)
    text = "\n\n".join(parts) + "\n"
    (docs / "benchmarks.md").write_text(text, encoding="utf-8")
    draw(growth, docs / "growth.png")
    if readme is not None:
        short = "\n\n".join(
            [
                short_table(fits, main, report_queries.short(data)),
                *report_busy.short(data),
                f"{machine(data)}; \\* : residual above 1e-6. [All of it](docs/benchmarks.md).",
            ]
        )
        old = readme.read_text(encoding="utf-8")
        if BEGIN in old and END in old:
            head, tail = old.split(BEGIN)[0], old.split(END)[1]
            readme.write_text(f"{head}{BEGIN}\n{short}\n{END}{tail}", encoding="utf-8")
    return text


def draw(growth: dict[str, list[tuple[int, float]]], path: Path) -> None:
    """Time against size, one line per workload."""
    if not growth:
        return
    import matplotlib

    matplotlib.use("Agg")
    from venire import plots

    series = {name: tuple(zip(*points, strict=True)) for name, points in growth.items()}
    axes = plots.plot_growth(series, limit=1.0)
    axes.figure.savefig(path, dpi=150, bbox_inches="tight")
