"""The bootstrap of grouped fits in a fresh process: time, memory, how good the replicates are.

python -m benchmarks.measure_replicates quick|full KIND FACTS.json
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import ROOT, _peak, _reset_peak, _status
from venire import reference
from venire.bench import queries
from venire.simulate import Queries

N_RESAMPLES = 100
CHECKED = (5, 20)  # groups and replicates whose residual is worked out from their rows
SAMPLED = (1, 20)  # groups and replicates that a loop in NumPy is timed on


def checked_residual(rows: Queries, b: Any) -> float:
    """Largest derivative of the objective relative to an item's comparisons, in some replicates."""
    n_groups, n_replicates = CHECKED
    worst = 0.0
    for k in range(min(n_groups, len(b.groups))):
        own = b[b.groups[k]]
        c = own.fit.comparisons
        for r in range(n_replicates):
            times = reference.bootstrap_draws(np.ones(len(c.first), int), own.key, r, b.scheme)
            d = own.theta[r, c.first] - own.theta[r, c.second]
            terms = reference.cell_terms(
                "bradley-terry", d, 0.0, times * c.win, times * c.loss, times * c.tie
            )
            n, mass = rows.n_items, times * (c.win + c.loss + c.tie)
            slope = np.bincount(c.first, terms["d1"], n) - np.bincount(c.second, terms["d1"], n)
            weight = np.bincount(c.first, mass, n) + np.bincount(c.second, mass, n)
            off = np.abs(slope - queries.PRIOR * own.theta[r])[weight > 0.0]
            worst = max(worst, float((off / weight[weight > 0.0]).max()))
    return worst


def loop_in_numpy(rows: Queries) -> float:
    """Seconds that dense Newton in NumPy takes for a replicate of a group."""
    n_groups, n_replicates = SAMPLED
    part = queries.sample(rows, n_groups, hard=False)
    per_group = len(part.group) // n_groups
    rng = np.random.default_rng(queries.SEED)
    start = time.perf_counter()
    for k in range(n_groups):
        for _ in range(n_replicates):
            at = k * per_group + rng.integers(0, per_group, per_group)
            items, place = np.unique([part.first[at], part.second[at]], return_inverse=True)
            first, second = place.reshape(2, -1)  # items that were not drawn have no rating here
            queries.numpy_newton(first, second, part.score[at], len(items))
    return (time.perf_counter() - start) / (n_groups * n_replicates)


def measure(size: str, kind: str) -> dict[str, Any]:
    """Seconds, seconds of all threads, peak and residual of one bootstrap."""
    import venire as vn

    rows = queries.workload(size)
    g = vn.GroupedComparisons(rows.group, rows.first, rows.second, rows.score)
    gf = vn.fit_groups(g, prior=vn.GaussianPrior(queries.PRIOR))
    before = _status("VmRSS") or _peak()
    _reset_peak()
    start, cpu = time.perf_counter(), time.process_time()
    b = vn.bootstrap(gf, N_RESAMPLES, scheme=kind, rng=queries.SEED)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "kind": kind,
        "n_groups": rows.n_groups,
        "n_resamples": N_RESAMPLES,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "n_threads": b.n_threads,
        "peak_bytes": max(0, _peak() - before),
        "output_bytes": b.standard_errors().nbytes * 4,
        "residual": float(b.residual.max()),
        "residual_checked": checked_residual(rows, b),
        "n_failed": int(b.n_failed.sum()),
        "n_unconverged": int(b.n_unconverged.sum()),
        "numpy_scaled": loop_in_numpy(rows) * rows.n_groups * N_RESAMPLES,
    }


def in_fresh_process(size: str, kind: str, out: Path) -> dict[str, Any]:
    """`measure`, by itself."""
    command = [sys.executable, "-m", "benchmarks.measure_replicates", size, kind, str(out)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=1_800, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-2_000:])
    return json.loads(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(json.dumps(measure(*sys.argv[1:3])), encoding="utf-8")
