"""One round of distillation in a fresh process: time of each stage, memory, quality.

    python -m benchmarks.measure_full_round GROUPS VOTES_PER_PAIR FACTS.json

From rows of votes and a student's predictions to targets with standard errors and weights; the
student's training and the choice of pairs are not in it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.full_round import N_ITEMS, Round, simulate_round
from benchmarks.measure import ROOT, _peak, _reset_peak, _status


def play(rows: Round, method: str) -> tuple[Any, ...]:
    """Seconds and peak of each stage, the fitted votes and the targets.

    Seconds twice: on the clock, and of all processors ("cpu"), which on a busy machine says more.
    """
    import venire as vn

    seconds: dict[str, float] = {}
    used: dict[str, float] = {}
    peaks: dict[str, int] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        _reset_peak()
        start, busy = time.perf_counter(), time.process_time()
        yield
        seconds[name] = time.perf_counter() - start
        used[name] = time.process_time() - busy
        peaks[name] = _peak()

    universe = (
        np.repeat(np.arange(rows.n_groups, dtype=np.int32), N_ITEMS),
        np.tile(np.arange(N_ITEMS, dtype=np.int32), rows.n_groups),
    )
    with stage("votes"):
        votes = vn.Votes(rows.first, rows.second, rows.teacher, rows.vote, group=rows.group)
    with stage("weights and fits"):
        found = vn.fit_votes(votes, method=method, items=universe)
    del votes
    with stage("standard errors"):
        _ = found.fit.standard_errors()
    with stage("calibration"):
        calibration = vn.calibrate(found.fit, *rows.bridges)
    with stage("targets"):
        targets = vn.make_targets(found, calibration, prediction=rows.prediction)
    return seconds, used, peaks, found, targets


def measure(n_groups: int, panel: int) -> dict[str, Any]:
    """The facts of one round."""
    method = "fit" if panel == 1 else "consensus"
    play(simulate_round(20, panel), method)
    rows = simulate_round(n_groups, panel)
    before = _status("VmRSS") or _peak()
    seconds, used, peaks, found, targets = play(rows, method)
    truth = rows.theta - rows.theta.mean(axis=1, keepdims=True) + rows.level[:, None]
    error = targets.target - truth.ravel()
    return {
        "n_groups": n_groups,
        "panel": panel,
        "n_votes": len(rows.vote),
        "input_bytes": sum(x.nbytes for x in rows[1:6]),
        "resident_before": before,
        "peak_bytes": max(peaks.values()),
        "weights": found.weights.tolist(),
        "correlation": float(np.corrcoef(targets.target, truth.ravel())[0, 1]),
        "standardized": float(np.sqrt(np.mean((error / targets.standard_error) ** 2))),
        "seconds": seconds,
        "cpu": used,
        "peaks": peaks,
        "total": sum(seconds.values()),
        "total_cpu": sum(used.values()),
    }


def in_fresh_process(n_groups: int, panel: int, out: Path) -> dict[str, Any]:
    """`measure` in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.measure_full_round",
        str(n_groups),
        str(panel),
        str(out),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=1_800, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-2_000:])
    return json.loads(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    facts = measure(int(sys.argv[1]), int(sys.argv[2]))
    Path(sys.argv[3]).write_text(json.dumps(facts), encoding="utf-8")
