"""One fit in a fresh process: the memory it needs, whether it finishes, and its answer.

    python -m benchmarks.measure ROWS.npz SOLVER ANSWER.npz

The peak is the high-water mark of the resident set during the fit above the resident set just
before it, so neither imports nor the input arrays count. Linux keeps a mark that can be reset;
elsewhere the mark since the start of the process is used.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

import numpy as np

from venire.bench.quality import quality
from venire.bench.workloads import Rows

ROOT = Path(__file__).resolve().parents[1]
T = TypeVar("T")


@dataclass(frozen=True)
class Probe:
    """What the fresh process found; ``failure`` is None when it finished."""

    seconds: float = 0.0
    peak_bytes: int = 0
    residual: float = 0.0
    log_likelihood: float = 0.0
    error: float | None = None
    iterations: str = ""
    failure: str | None = None


def save_rows(rows: Rows, path: Path) -> None:
    arrays = {f.name: value for f in fields(rows) if (value := getattr(rows, f.name)) is not None}
    np.savez(path, **arrays)


def load_rows(path: Path) -> Rows:
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["n_items"] = int(arrays["n_items"])
    return Rows(**arrays)


def _status(field: str) -> int:
    """A line of /proc/self/status in bytes; 0 where there is none."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def peak_of(function: Callable[[], T]) -> tuple[T, int]:
    """What `function` returns, and how far it raised the memory of this process at its highest.

    Memory that the C library keeps for later is given back before, so that it counts when used.
    """
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    before = _status("VmRSS") or _peak()
    _reset_peak()
    found = function()
    return found, max(0, _peak() - before)


def tiny() -> Rows:
    """Something to warm a solver with: its imports and compilation are not the fit's."""
    first = np.array([0, 1, 2, 0, 1, 2], dtype=np.int32)
    second = np.array([1, 2, 0, 2, 0, 1], dtype=np.int32)
    return Rows(3, first, second, np.ones(6))


def _main(rows_path: str, name: str, answer_path: str) -> None:
    from venire.bench.solvers import SOLVERS

    rows = load_rows(Path(rows_path))
    solve = SOLVERS[name].fit
    solve(tiny())
    before = _status("VmRSS") or _peak()
    _reset_peak()
    start = time.perf_counter()
    answer = solve(rows)
    seconds = time.perf_counter() - start
    peak = max(0, _peak() - before)
    np.savez(
        answer_path,
        theta=answer.theta,
        facts=json.dumps({"seconds": seconds, "peak_bytes": peak, "iterations": answer.iterations}),
    )


def probe(rows: Rows, rows_path: Path, solver: str, limit: float) -> Probe:
    """Run `solver` on the rows stored at `rows_path`, at most `limit` seconds."""
    answer = rows_path.with_suffix(".answer.npz")
    answer.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.measure", str(rows_path), solver, str(answer)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=limit,
            cwd=ROOT,
            env=os.environ | {"JAX_PLATFORMS": "cpu"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Probe(failure=f"over {limit:.0f} s")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Probe(failure=f"fails: {last[:120]}")
    with np.load(answer) as stored:
        theta, facts = stored["theta"], json.loads(str(stored["facts"]))
    answer.unlink()
    return Probe(**facts, **quality(rows, theta)._asdict())


def as_dict(found: Probe) -> dict[str, object]:
    return asdict(found)


if __name__ == "__main__":
    _main(*sys.argv[1:])
