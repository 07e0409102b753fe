"""How a job stands, seen from outside: nothing is locked, and nothing is changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from venire._core.job_documents import (
    ENDED,
    PLAN,
    Failure,
    Progress,
    failed,
    read_plan,
    read_progress,
)
from venire._core.jobs import SETTLED, failure_in, part_of
from venire._core.lock import holder
from venire.errors import StateError

__all__ = ["Status", "status_of"]


class Status(NamedTuple):
    """What is known of a job."""

    plan: dict[str, Any]
    progress: Progress
    running: str  # who is at work; empty: nobody
    n_done: int
    failures: list[Failure]

    @property
    def state(self) -> str:
        """running, ended or stopped."""
        if self.running:
            return "running"
        return "ended" if self.progress.state == ENDED else "stopped"

    @property
    def n_left(self) -> int:
        """Tasks that are to be done, of those that are known."""
        if self.state == "ended":
            return 0
        return max(self.progress.n_tasks - self.n_done - len(self.failures), 0)

    @property
    def seconds_left(self) -> float | None:
        """Of the stage, at the pace of the last run; None: not known."""
        p = self.progress
        new = p.done - p.stage_begun
        if self.state == "ended" or not p.total or new <= 0:
            return None
        return p.stage_seconds * (p.total - p.done) / new


def status_of(folder: str | os.PathLike[str]) -> Status:
    """How the job in a folder stands.

    Raises
    ------
    StateError
        If it holds none, or one that is damaged or of another version.
    """
    path = Path(folder)
    if not (path / PLAN).is_file():
        raise StateError(f"{path}: holds no job (no {PLAN})")
    found = read_plan(path)
    name, progress = found["id"], read_progress(path, found["id"])
    failures = [one for x in progress.failures if (one := failed(x)) is not None]
    n_done = progress.n_done if progress.state == ENDED else 0
    if progress.state != ENDED:
        failures = []
        here = sorted((path / "parts").iterdir()) if (path / "parts").is_dir() else []
        for place in here:
            what = part_of(place, name)
            n_done += what == "part" and not place.name.startswith(SETTLED)
            if what == "aside":
                failures.append(failure_in(place))
        failures = list(dict.fromkeys(failures))
    return Status(found["plan"], progress, holder(path), n_done, failures)
