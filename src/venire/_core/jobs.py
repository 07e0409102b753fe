"""A job folder: what is to be done, what is done, and what could not be done.

======================  ========================================================================
in the folder           what it is
======================  ========================================================================
``job.json``            the plan: the kind of job, options, inputs, versions; never changed
``progress.json``       how far it is, the time used, and what came of it
``parts/``              what the tasks gave (`venire._core.records`), and what was set aside
``lock``                held by the run that is at work (`venire._core.lock`)
======================  ========================================================================

Each file appears whole (`venire._core.disk`). A part has the name of its task and of its job in its
name and in itself; only what has both is ever removed.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from venire._core import disk
from venire._core.job_documents import (
    ENDED,
    PLAN,
    RUNNING,
    Failure,
    Plan,
    Progress,
    compare,
    failed,
    read_plan,
    read_progress,
    write_plan,
    write_progress,
)
from venire._core.lock import LOCK, Lock, is_lock
from venire._core.records import Damaged, Kind, Record, Writer, write
from venire._core.remote import local, url_of, without_secrets
from venire.errors import StateError

__all__ = [
    "SETTLED",
    "JobFolder",
    "about_folder",
    "failure_in",
    "part_of",
    "read_part",
    "write_aside",
]

_PARTS, SETTLED = "parts", "settled"
_NAME = re.compile(r"(?P<task>[a-z]+(-\d+)+)\.(?P<id>[0-9a-f]{8})\.(?P<what>part|aside)")
_EVERY = 1.0  # seconds between two notes of the progress


class JobFolder:
    """The folder of a job, held by this process.

    Parameters
    ----------
    folder : path-like
        A new one, an empty one, or one of the same job.
    plan : Plan
    strict : bool
        The first part that fails ends the run.
    tell : callable
        Gets what the user should know.

    Raises
    ------
    StateError
        If the folder holds something else, a job of another version or of other options or inputs,
        is damaged, or is in use.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        plan: Plan,
        *,
        strict: bool = False,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.folder, self.strict, self.tell = _here(folder), strict, tell
        self.inputs = plan.inputs
        self._numbers = {one.name: number for number, one in enumerate(plan.inputs)}
        self._began = time.monotonic()
        is_new = not self._is_job()
        if is_new:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = Lock(self.folder)
        try:
            with self.writing():
                self._begin(plan)
        except BaseException:
            self._lock.release()
            raise

    # ---- beginning ----------------------------------------------------------------------------

    def _is_job(self) -> bool:
        """Whether it holds one; refuses a stranger's folder."""
        if not os.path.lexists(self.folder):
            return False
        if not self.folder.is_dir():
            raise StateError(f"{self.folder}: is no folder")
        if (self.folder / PLAN).is_file():
            return True
        names = {name for name in os.listdir(self.folder) if not disk.is_part(name)}
        if is_lock(self.folder / LOCK):
            names.discard(LOCK)
        if (self.folder / _PARTS).is_dir() and not os.listdir(self.folder / _PARTS):
            names.discard(_PARTS)
        if names:
            raise StateError(
                f"{self.folder}: is not empty and holds no job: {min(names)!r} is in it; a job "
                "begins in a new or an empty folder"
            )
        return False

    def _begin(self, plan: Plan) -> None:
        document = plan.document()
        if self._is_job():  # nobody else has begun one meanwhile
            found = read_plan(self.folder)
            compare(self.folder, found["plan"], document)
            self.id: str = found["id"]
            self.before = read_progress(self.folder, self.id)
        else:
            self.id, self.before = secrets.token_hex(4), Progress()
            (self.folder / _PARTS).mkdir(exist_ok=True)
            write_plan(self.folder, self.id, document)
        disk.sweep(self.folder)
        self._parts, self._held = self.folder / _PARTS, dict[str, bool]()
        self._parts.mkdir(exist_ok=True)
        disk.sweep(self._parts)
        if self.before.state == ENDED:  # what a run left that was cut off while it removed them
            self._clear()
        self.now = self.before._replace(
            state=RUNNING, n_runs=self.before.n_runs + 1, stage="", done=0, total=0, result={},
            n_tasks=0,
        )  # fmt: skip
        self._written, self._stage_began, self._noted = 0.0, self._began, False
        self._look()

    def _look(self) -> None:
        """What is recorded; what is damaged is as if it were not there."""
        for path in sorted(self._parts.iterdir()):
            name = _NAME.fullmatch(path.name)
            if name is None or name["id"] != self.id:
                continue
            try:
                with Record(os.fspath(path), f"{name['task']}.{self.id}") as record:
                    record.check()
            except Damaged as error:
                self.tell(f"{path}: is damaged ({error}), and is made again")
                continue
            self._held[path.name] = True

    def number_of(self, file: Any) -> int:
        """The number of a file among the inputs."""
        name = file.name if file.url else os.path.abspath(file.name)
        return self._numbers[name]

    # ---- parts --------------------------------------------------------------------------------

    def path(self, name: str, which: Any, what: str = "part") -> Path:
        """Where what a task gave is kept."""
        return self._parts / f"{_task(name, which)}.{self.id}.{what}"

    def label(self, name: str, which: Any) -> str:
        """What its record is called in itself."""
        return f"{_task(name, which)}.{self.id}"

    def holds(self, name: str, which: Any) -> bool:
        """Whether a task was done, or set aside."""
        return self.path(name, which).name in self._held or self.failed(name, which)

    def failed(self, name: str, which: Any) -> bool:
        """Whether it was set aside."""
        return self.path(name, which, "aside").name in self._held

    def landed(self, name: str, which: Any) -> None:
        """A task has been done here or elsewhere: look what came of it."""
        for what in ("part", "aside"):
            path = self.path(name, which, what)
            if path.is_file():
                self._held[path.name] = True

    def read(self, name: str, which: Any, kind: Kind) -> Any:
        """What a task gave, checked; Damaged if it is no good."""
        return read_part(self.path(name, which), self.label(name, which), kind)

    def lost(self, name: str, which: Any, error: Damaged) -> None:
        """What a task gave is no good: it is made again."""
        self.tell(f"{self.path(name, which)}: is damaged ({error}), and is made again")
        self._held.pop(self.path(name, which).name, None)

    def set_aside(self, name: str, which: Any, failure: Failure) -> None:
        """Do without a part."""
        path = self.path(name, which, "aside")
        with self.writing():
            write_aside(os.fspath(path), self.label(name, which), failure)
        self._held[path.name] = True
        self.tell(f"set aside: {failure}")

    @property
    def settled(self) -> bool:
        """Whether it is settled what is set aside: from then on an error ends the run."""
        return self.holds(SETTLED, 0)

    def settle(self) -> None:
        """What comes next rests on all parts that are not set aside."""
        if not self.settled:
            path = self.path(SETTLED, 0)
            with self.writing():
                write(os.fspath(path), self.label(SETTLED, 0), lambda out: None)
            self._held[path.name] = True

    def failure(self, name: str, which: Any) -> Failure:
        """Why a part was set aside."""
        return failure_in(self.path(name, which, "aside"))

    def failures(self) -> list[Failure]:
        """All that was set aside, in the order of its names."""
        if self.before.state == ENDED and self.now.state != ENDED and not self._held:
            known = (failed(one) for one in self.before.failures)
            return [one for one in known if one is not None]
        found: list[Failure] = []
        for name in sorted(self._held):
            own = _NAME.fullmatch(name)
            if own is not None and own["what"] == "aside":
                task, _, which = own["task"].partition("-")
                found.append(self.failure(task, tuple(map(int, which.split("-")))))
        return list(dict.fromkeys(found))

    # ---- progress -----------------------------------------------------------------------------

    def stage(self, what: str, done: int, total: int, unit: str = "") -> None:
        """Note how far it is, now and then."""
        now = time.monotonic()
        if what != self.now.stage:
            self._stage_began = now
            self.now = self.now._replace(stage=what, stage_begun=done)
            self._written = 0.0
        n_rows = max(self.now.n_rows, done, total) if unit == "rows" else self.now.n_rows
        self.now = self.now._replace(done=done, total=total, unit=unit, n_rows=n_rows)
        self.touch()

    def touch(self) -> None:
        """Write down how far it is, unless that was done just now."""
        if time.monotonic() - self._written >= _EVERY:
            self.note()

    def note(self, **more: Any) -> None:
        """Write down how far it is."""
        self._noted, self._written = True, (now := time.monotonic())
        self.now = self.now._replace(
            seconds=self.before.seconds + now - self._began,
            stage_seconds=now - self._stage_began, **more,
        )  # fmt: skip
        with self.writing():
            write_progress(self.folder, self.id, self.now)

    @property
    def is_done(self) -> bool:
        """Whether it has ended before this run, and what it wrote is still there."""
        wrote = self.before.output
        return self.before.state == ENDED and bool(wrote) and all(_is_same(x) for x in wrote)

    def end(self, output: Sequence[str], result: Mapping[str, Any]) -> None:
        """The job is done: its parts are needed no more."""
        failures = tuple(list(one) for one in self.failures())
        wrote = tuple(_stamp(path) for path in output)
        done = [x for x in self._held if x.endswith(".part") and not x.startswith(SETTLED)]
        self.note(state=ENDED, output=wrote, result=dict(result), failures=failures,
                  n_done=len(done))  # fmt: skip
        self._clear()
        with suppress(OSError):  # something else is in it
            self._parts.rmdir()

    def _clear(self) -> None:
        """Remove what was recorded."""
        for path in list(self._parts.iterdir()):
            name = _NAME.fullmatch(path.name)
            if name is not None and name["id"] == self.id and self._is_own(path, name["task"]):
                path.unlink()
        disk.sweep(self._parts)
        self._held = {}

    def _is_own(self, path: Path, task: str) -> bool:
        if path.name in self._held:
            return True
        try:
            with Record(os.fspath(path), f"{task}.{self.id}"):
                return True
        except Damaged:
            return False

    def close(self) -> None:
        """Let others in."""
        if self._noted and self.now.state == RUNNING:
            with suppress(StateError):  # what matters is the error that ended it
                self.note()
        self._lock.release()

    def __enter__(self) -> JobFolder:
        return self

    def __exit__(self, *about: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Errors of the system are about this folder."""
        with about_folder(self.folder):
            yield


@contextmanager
def about_folder(folder: Path) -> Iterator[None]:
    """What the system refuses within is said of a job's folder, and that nothing is lost."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{folder}: cannot be written to: {error.strerror or error}; what is done is kept, and "
            "the same call goes on from there"
        ) from None


# ---- parts --------------------------------------------------------------------------------------


def _task(name: str, which: Any) -> str:
    numbers = which if isinstance(which, tuple) else (which,)
    return "-".join([name, *(f"{number:05d}" for number in numbers)])


def read_part(path: str | os.PathLike[str], label: str, kind: Kind, *key: Any) -> Any:
    """What a record holds, or what it has under a key."""
    with Record(os.fspath(path), label) as record:
        try:
            if key and kind.item is not None:
                return kind.item(record, *key)
            return kind.read(record)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise Damaged(" ".join(str(error).split()) or type(error).__name__) from None


def part_of(path: Path, job: str) -> str:
    """Whether a file is a part of a job, or says that one was set aside; empty: neither."""
    name = _NAME.fullmatch(path.name)
    return "" if name is None or name["id"] != job else name["what"]


def failure_in(path: Path) -> Failure:
    """Why a part was set aside."""
    try:
        with Record(os.fspath(path), path.name.removesuffix(".aside")) as record:
            found = failed([record.facts.get(name) for name in Failure._fields])
        if found is None:
            raise Damaged("it does not say what was set aside")
        return found
    except (Damaged, KeyError, TypeError, ValueError) as error:
        raise StateError(f"{path}: is damaged: {error}") from None


def _stamp(path: str) -> list[Any]:
    """A file that was written, and what tells whether it still is."""
    url = url_of(path)
    found = None if url else os.stat(path)
    return [path, -1, -1] if found is None else [path, found.st_size, found.st_mtime_ns]


def _is_same(wrote: Any) -> bool:
    try:
        path, size, _ = wrote
        return isinstance(path, str) and size >= 0 and _stamp(path) == [*wrote]
    except (OSError, ValueError, TypeError):
        return False


def write_aside(path: str, label: str, failure: Failure) -> None:
    """Note that a part is set aside, and why."""

    def fill(writer: Writer) -> None:
        writer.facts = failure._asdict()

    write(path, label, fill)


def _here(folder: str | os.PathLike[str]) -> Path:
    if url_of(folder):
        raise StateError(f"{without_secrets(folder)}: a job lives in a folder that has locks")
    return Path(local(folder))
