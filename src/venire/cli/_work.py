"""Where a command's work is done, and the folder that keeps it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from venire.cli._report import Report

__all__ = ["Work", "at_work", "set_aside"]

T = TypeVar("T")
_INCOMPLETE = 3  # exit code
_MOST = 20  # failures that are shown
#: Options that change nothing of what is computed.
_SHOWN = ("means", "quiet", "json", "top", "output", "plot", "save", "teachers", "ratings",
          "calibration", "n_threads", "pairs")  # fmt: skip


@dataclass
class Work:
    """What a command works with.

    Parameters
    ----------
    executor : Executor or None
        Who does its tasks; None: this process.
    folder : JobFolder or None
        What is done is kept there.
    """

    executor: Any = None
    folder: Any = None
    said: list[str] = field(default_factory=list)

    def read(self, source: Any, read: Callable[[Any], T]) -> T:
        """What `read` makes of a scanner of the source; a job sets aside what cannot be read."""
        if self.folder is None:
            return read(source.opened())
        from venire.batch.jobs import left_of, without
        from venire.io import DataError

        scanner = source.opened()
        while True:
            try:
                found = read(left_of(scanner, self.folder))
                break
            except DataError as error:
                without(scanner, self.folder, error)
        self.folder.settle()
        return found

    def over(self) -> Report | None:
        """What is said of a job that has ended."""
        if self.folder is None or not self.folder.is_done:
            return None
        wrote = ", ".join(one[0] for one in self.folder.before.output)
        said = [f"the job in {self.folder.folder} has ended: nothing was done again", wrote]
        return self._with_failures(Report(said))

    def ended(self, report: Report, wrote: Sequence[str]) -> Report:
        """The command is done, its files written."""
        if self.folder is None:
            return report
        report = self._with_failures(report)
        if not report.failure or report.code == _INCOMPLETE:
            paths = [os.path.abspath(path) for path in wrote if "://" not in path]
            self.folder.end(paths, {})
        return report

    def _with_failures(self, report: Report) -> Report:
        failures = [str(one) for one in self.folder.failures()]
        notes = [*report.notes, *(f"{x}." for x in self.said if not x.startswith("set aside"))]
        if not failures:
            return replace(report, notes=notes)
        said, failure = set_aside(failures)
        return replace(report, notes=[*notes, *said], failure=failure, code=_INCOMPLETE)


@contextmanager
def at_work(command: Any, steps: Any) -> Iterator[Work]:
    """The means of a command, for as long as the block lasts."""
    means = getattr(command, "means", None)
    if means is None or not command.job_of or (means.executor is None and means.job is None):
        yield Work()
        return
    from venire._core.executor import opened

    with ExitStack() as stack:
        work = Work()
        if means.job is not None:
            work.folder = stack.enter_context(_folder(command, means, work.said))
            steps.heard = work.folder.stage
        if work.folder is None or not work.folder.is_done:
            inner = stack.enter_context(opened(means.executor))
            work.executor = inner if work.folder is None else _recorded(inner, work.folder)
        yield work


def _folder(command: Any, means: Any, said: list[str]) -> Any:
    from venire.batch.jobs import folder_of
    from venire.io.inputs import inputs_of
    from venire.io.sources import File

    source = command.file
    options = {}
    for one in fields(command):
        if one.name not in (*_SHOWN, "file"):
            value = getattr(command, one.name)
            if hasattr(value, "n_threads"):
                value = {k: x for k, x in vars(value).items() if k != "n_threads"}
            options[one.name] = value
            if isinstance(value, (str, os.PathLike)) and os.path.isfile(value):
                options[one.name] = [
                    os.fspath(value),
                    inputs_of([File(os.fspath(value))])[0].digest,
                ]
    options |= {name: getattr(source, name) for name in ("delimiter", "encoding", "decimal")}
    folder = folder_of(
        means.job, command.job_of, options, source.opened(), strict=means.strict, tell=said.append
    )
    if not folder.is_done:
        folder.note()
    return folder


def _recorded(inner: Any, folder: Any) -> Any:
    from venire._core.recorded import Recorded
    from venire.io.kept import KINDS
    from venire.resampling.kept import KINDS as REPLICATES

    tasks = Recorded(inner, folder)
    tasks.keep(KINDS | REPLICATES)
    return tasks


def set_aside(failures: Sequence[str]) -> tuple[list[str], str]:
    """What is said of each part that a job has set aside, and why the exit code is 3."""
    n = len(failures)
    said = [f"set aside: {one}" for one in failures[:_MOST]]
    if n > _MOST:
        said.append(f"set aside: {n - _MOST:,} more; venire status FOLDER --json names all")
    parts = "1 part was" if n == 1 else f"{n:,} parts were"
    return said, f"{parts} set aside; the output is of the rest"
