"""How far a command is: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
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

from venire.cli._terminal import Screen, visible
from venire.cli._work import Work

__all__ = ["Steps", "progress", "time_of"]

EVERY = 15.0  # seconds between two lines where there is no terminal


class Steps:
    """What is being done, one thing at a time, and how much of it is done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: Any = None
        self._stage = ""
        self.interrupted = ""  # what was being done when Ctrl-C was pressed
        self.work: Any = Work()
        self.heard: Callable[[str, int, int, str], None] | None = None  # how far it is, for a job

    @contextmanager
    def __call__(self, what: str) -> Iterator[Steps]:
        self._task = self._progress.add_task(visible(what), total=None)
        try:
            yield self
        except KeyboardInterrupt:
            self.interrupted = self.interrupted or self._progress.tasks[0].description
            raise
        finally:
            self._progress.remove_task(self._task)
            self._task = None

    def rows(self, done: int, total: int) -> None:
        """Callback of the readers."""
        if self.heard is not None:
            self.heard("reading", done, total, "rows")
        self._progress.update(self._task, completed=done, total=total or None)

    def iteration(self, *state: Any) -> None:
        """Callback of the fits."""
        if self.heard is not None and state:
            self.heard("fitting", int(state[0]), 0, "iterations")
        if state:
            self._progress.update(self._task, description=f"fitting, iteration {state[0]}")

    def stage(self, what: str, done: int, total: int, unit: str = "") -> None:
        """Callback of long jobs: each stage starts a line, and a time estimate, of its own."""
        unit = unit or ("groups" if what == "fitting" else "rows")
        if self.heard is not None:
            self.heard(what, done, total, unit)
        text = f"{what}, {done:,} of {total:,} {unit}" if total else f"{what}, {done:,} {unit}"
        if what != self._stage:
            self._stage = what
            self._progress.reset(self._task, total=total or None)
        self._progress.update(
            self._task, description=visible(text), completed=done, total=total or None
        )


class _Left(TimeRemainingColumn):
    """The time that is left, where it can be told."""

    def render(self, task: Task) -> Text:
        return Text("left ") + super().render(task) if task.total else Text()


@contextmanager
def progress(quiet: bool) -> Iterator[Steps]:
    """Steps that are shown on standard error."""
    terminal = sys.stderr.isatty()
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        _Left(),
        console=Console(stderr=True, highlight=False),
        transient=True,
        disable=quiet or not terminal,
    ) as shown:
        if quiet or terminal:
            yield Steps(shown)
        else:
            with _logged(shown):
                yield Steps(shown)


@contextmanager
def _logged(shown: Progress) -> Iterator[None]:
    """A line about the task now and then; none of what is done before the first."""
    screen, over, begun = Screen(sys.stderr), threading.Event(), time.monotonic()

    def tell() -> None:
        while not over.wait(EVERY):
            for task in shown.tasks[:1]:
                screen.line(f"venire: {_said(task, time.monotonic() - begun)}")
                sys.stderr.flush()

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _said(task: Task, elapsed: float) -> str:
    """What is done, its share, the time since the command began, and what is left of the stage."""
    text, spent = task.description, task.elapsed or 0.0
    if task.total and task.completed and f"{task.total:,}" not in text:
        text += f", {task.completed:,.0f} of {task.total:,.0f}"
    if task.total and task.completed:
        text += f" ({task.completed / task.total:.1%})"
    text += f", {time_of(elapsed)}"
    if task.total and task.completed:
        left = spent * (task.total - task.completed) / task.completed
        text += f", about {time_of(left)} left"
    return text


def time_of(seconds: float) -> str:
    """A time in words."""
    minutes, seconds = divmod(round(seconds), 60)
    if not minutes:
        return f"{seconds} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
