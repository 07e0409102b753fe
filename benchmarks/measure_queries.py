"""The package's grouped fits in a fresh process: time of each stage, memory, quality.

    python -m benchmarks.measure_queries ROWS.npz MODEL FACTS.json

A build of the package other than the installed one is measured by putting it on PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import ROOT, _peak, _reset_peak, _status
from venire.bench import queries
from venire.simulate import Queries

BUDGET = 20.0  # seconds for repetitions
MOST = 7


def save(rows: Queries, path: Path) -> None:
    np.savez(path, **rows._asdict())


def load(path: Path) -> Queries:
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays |= {name: int(arrays[name]) for name in ("n_groups", "n_items")}
    return Queries(**arrays)


def once(rows: Queries, model: str, errors: bool) -> tuple[dict[str, float], Any]:
    """Seconds of aggregation, fit and standard errors, and the fit."""
    import venire as vn

    seconds, start = {}, time.perf_counter()
    g = vn.GroupedComparisons(rows.group, rows.first, rows.second, rows.score)
    seconds["aggregation"] = time.perf_counter() - start
    gf = vn.fit_groups(g, model=model, prior=vn.GaussianPrior(queries.PRIOR), tol=queries.TOL)
    seconds["total"] = time.perf_counter() - start
    seconds["fit"] = seconds["total"] - seconds["aggregation"]
    if errors:
        start = time.perf_counter()
        _ = gf.standard_errors()
        seconds["errors"] = time.perf_counter() - start
    return seconds, gf


def measure(rows: Queries, model: str) -> dict[str, Any]:
    """The least time of each stage over some rounds; peak and quality of the first."""
    import venire as vn

    once(queries.sample(rows, 1, hard=False), model, True)
    before = _status("VmRSS") or _peak()
    _reset_peak()
    least, gf = once(rows, model, False)
    peak = max(0, _peak() - before)
    theta = gf.theta.reshape(rows.n_groups, rows.n_items)
    facts = {
        "peak_bytes": peak,
        "input_bytes": queries.input_bytes(rows),
        "n_rows": len(rows.group),
        "n_groups": rows.n_groups,
        "converged": int(np.count_nonzero(gf.converged)),
        "iterations": float(gf.n_iter.mean()),
        "residual": queries.worst_residual(rows, theta, model),
        "correlation": queries.correlation(rows, theta),
        "dispatch": vn.show_config("dict")["build"]["dispatch"],
    }
    del gf, theta
    started, rounds = time.perf_counter(), 0
    while rounds < 2 or (rounds < MOST and time.perf_counter() - started < BUDGET):
        seconds, _ = once(rows, model, True)
        least = {k: min(v, least.get(k, np.inf)) for k, v in seconds.items()}
        rounds += 1
    return facts | {"rounds": rounds + 1} | {f"seconds_{k}": v for k, v in least.items()}


def in_fresh_process(rows_path: Path, model: str, build: Path | None = None) -> dict[str, Any]:
    """`measure` on the rows stored at `rows_path`, with the package in `build` if given."""
    out = rows_path.with_suffix(".json")
    env = dict(os.environ)
    if build is not None:
        env["PYTHONPATH"] = str(build)
    command = [sys.executable, "-m", "benchmarks.measure_queries", str(rows_path), model, str(out)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=env, timeout=1_800, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-2_000:])
    return json.loads(out.read_text(encoding="utf-8"))


def build_portable() -> Path:
    """Build the package without dispatch to wider instructions, apart from the tree."""
    folder = ROOT / "build" / "portable"
    command = [sys.executable, "setup.py", "-q", "build", "--build-lib", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"VENIRE_NO_DISPATCH": "1"}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-2_000:])
    return folder


if __name__ == "__main__":
    facts = measure(load(Path(sys.argv[1])), sys.argv[2])
    Path(sys.argv[3]).write_text(json.dumps(facts), encoding="utf-8")
