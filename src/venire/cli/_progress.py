"""Progress on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

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

    def stage(self, what: str, done: int, total: int, unit: str = "") -> None:
        """Callback of long jobs: each stage starts a line, and a time estimate, of its own."""
        unit = unit or ("groups" if what == "fitting" else "rows")
        text = f"{what}, {done:,} of {total:,} {unit}" if total else f"{what}, {done:,} {unit}"
        if what != self._stage:
            self._stage = what
            self._progress.reset(self._task, total=total or None)
        self._progress.update(self._task, description=text, completed=done, total=total or None)


class _Left(TimeRemainingColumn):
    """The time that is left, where it can be told."""

    def render(self, task: Task) -> Text:
        return Text("left ") + super().render(task) if task.total else Text()


@contextmanager
def progress(stderr: Console, quiet: bool) -> Iterator[Steps]:
    """Steps that are shown on a terminal."""
    shown = stderr.is_terminal and not quiet
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        _Left(),
        console=stderr,
        transient=True,
        disable=not shown,
    ) as progress:
        yield Steps(progress)
