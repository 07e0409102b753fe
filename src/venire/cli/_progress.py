"""Progress on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["Steps", "progress"]


class Steps:
    """One line of progress at a time, on a terminal; nothing elsewhere."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: Any = None
        self._stage = ""

    @contextmanager
    def __call__(self, what: str) -> Iterator[Steps]:
        self._task = self._progress.add_task(what, total=None)
        try:
            yield self
        finally:
            self._progress.remove_task(self._task)
            self._task = None

    def rows(self, done: int, total: int) -> None:
        """Callback of the readers."""
        self._progress.update(self._task, completed=done, total=total or None)

    def iteration(self, *state: Any) -> None:
        """Callback of the fits."""
        if state:
            self._progress.update(self._task, description=f"fitting, iteration {state[0]}")

    def replicates(self, done: int, total: int) -> None:
        """Callback of a bootstrap."""
        text = f"bootstrap, {done:,} of {total:,} replicates"
        self._progress.update(self._task, description=text, completed=done, total=total)

    def stage(self, what: str, done: int, total: int) -> None:
        """Callback of long jobs: each stage starts a line, and a time estimate, of its own."""
        unit = "groups" if what == "fitting" else "rows"
        text = f"{what}, {done:,} of {total:,} {unit}" if total else f"{what}, {done:,} {unit}"
        if what != self._stage:
            self._stage = what
            self._progress.reset(self._task, total=total or None)
        self._progress.update(self._task, description=text, completed=done, total=total or None)


@contextmanager
def progress(stderr: Console, quiet: bool, *, estimate: bool = False) -> Iterator[Steps]:
    """Steps that are shown on a terminal, with the time they may still take if `estimate`."""
    shown = stderr.is_terminal and not quiet
    columns: list[ProgressColumn] = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
    ]
    if estimate:
        columns += [TextColumn("left"), TimeRemainingColumn()]
    with Progress(*columns, console=stderr, transient=True, disable=not shown) as progress:
        yield Steps(progress)
