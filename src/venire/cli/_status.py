"""``venire status``: how far the job in a folder is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venire._core.job_status import Status, status_of
from venire.cli import _options as opt
from venire.cli._command import Command, argument
from venire.cli._progress import Steps, time_of
from venire.cli._report import Grid, Report

__all__ = ["JobStatus"]

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, kw_only=True)
class JobStatus(Command):
    """Say how far the job in a folder is, what could not be read, and where the output is.

    Nothing is changed, and a run may be at work meanwhile.

    Exit code 0: done; 1: the folder holds no job; 2: usage.
    """

    folder: Path = argument("FOLDER", "What --job named.")
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def do(self, steps: Steps) -> Report:
        """Look."""
        found = status_of(self.folder)
        facts = _facts(self.folder, found)
        return Report(_said(found, facts), facts=facts)


def _facts(folder: Path, s: Status) -> dict[str, Any]:
    plan, p = s.plan, s.progress
    return {
        "folder": str(folder),
        "kind": plan["kind"],
        "state": s.state,
        "running": s.running or None,
        "venire": plan["version"],
        "instruction_set": plan["level"],
        "options": plan["options"],
        "inputs": [{"name": one[0], "bytes": one[1]} for one in plan["inputs"]],
        "n_rows": p.n_rows or None,
        "parts": {"done": s.n_done, "failed": len(s.failures), "to_do": s.n_left},
        "stage": {"name": p.stage, "done": p.done, "total": p.total, "unit": p.unit},
        "n_runs": p.n_runs,
        "seconds": p.seconds,
        "seconds_left": s.seconds_left,
        "output": [one[0] for one in p.output],
        "failures": [one._asdict() for one in s.failures],
    }


def _said(s: Status, f: dict[str, Any]) -> list[str | Grid]:
    p, parts = s.progress, f["parts"]
    state = f"running, {s.running}" if s.running else s.state
    size = sum(max(one["bytes"], 0) for one in f["inputs"])
    n = len(f["inputs"])
    rows = f", {p.n_rows:,} rows" if p.n_rows else ""
    said: list[str | Grid] = [
        f"{f['kind']}: {state}",
        f"inputs: {n:,} file{'s' if n != 1 else ''}, {_bytes(size)}{rows}",
        f"parts: {parts['done']:,} done, {parts['failed']:,} failed, {parts['to_do']:,} to do",
    ]
    if p.stage and s.state != "ended":
        of = f" of {p.total:,}" if p.total else ""
        said.append(f"last: {p.stage}, {p.done:,}{of} {p.unit}")
    runs = f"{p.n_runs:,} run{'s' if p.n_runs != 1 else ''}"
    left = "" if s.seconds_left is None else f", about {time_of(s.seconds_left)} left of this step"
    said.append(f"time: {time_of(p.seconds)} in {runs}{left}")
    said += [f"set aside: {one}" for one in s.failures]
    if f["output"]:
        said.append(f"output: {', '.join(f['output'][:3])}" + ", ..." * (len(f["output"]) > 3))
    if s.state == "stopped":
        said.append("the same command goes on")
    return said


def _bytes(size: float) -> str:
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            return f"{size:,.0f} {unit}" if unit == _UNITS[0] else f"{size:,.1f} {unit}"
        size /= 1024
    return ""
