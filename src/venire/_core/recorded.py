"""Tasks whose results are kept in the folder of a job, and are not done twice."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from venire._core.executor import Executor, SetAside
from venire._core.job_documents import Failure
from venire._core.jobs import JobFolder, about_folder, read_part, write_aside
from venire._core.plain import identity
from venire._core.records import Damaged, Kind, write

__all__ = ["Recorded"]


class _Task:
    """A task that is started once its result is needed."""

    def __init__(self, name: str, which: Any, task: Callable[..., Any], arguments: Any) -> None:
        self.name, self.which, self.task, self.arguments = name, which, task, arguments
        self.handle: Any = None  # of the executor that does it


class _Shared:
    """A value that many tasks have as their argument."""

    def __init__(self, value: Any, handle: Any) -> None:
        self.value, self.handle = value, handle


class Recorded(Executor):
    """Another executor, whose results land in the folder of a job.

    What was done in an earlier run is read, not done again: the tasks of a job are the same in each
    run, and so are their names.

    Parameters
    ----------
    inner : Executor
    folder : JobFolder
    """

    keeps = True

    def __init__(self, inner: Executor, folder: JobFolder) -> None:
        self.inner, self.folder, self.apart = inner, folder, inner.apart
        self.at_once = inner.at_once
        self._kinds: dict[str, Kind] = {}
        self._asked: dict[str, int] = {}  # how often each task that is kept was submitted

    def limits(self, memory: int, n_threads: int | None) -> tuple[int, int | None]:
        return self.inner.limits(memory, n_threads)

    def keep(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds |= kinds

    def submit(self, name: str, which: Any, task: Callable[..., Any], *arguments: Any) -> Any:
        if name in self._kinds and self._kinds[name].by_unit:
            which = self._of_unit(*arguments)
            self._asked[self.folder.label(name, which)] = 1
            return _Task(name, which, task, arguments)
        return _Task(name, self._numbered(name, which), task, arguments)

    def _of_unit(self, unit: Any, *options: Any) -> tuple[int, int, int]:
        """What tells the task of a unit apart, whatever other units there are: file, row, options.

        How much memory and how many threads it has changes nothing.
        """
        number = self.folder.number_of(unit.path)
        told = [one.value if isinstance(one, _Shared) else one for one in options]
        options = tuple(one for one in told if not callable(one))
        return number, unit.start, identity(*options, without=("memory", "n_threads"))

    def share(self, name: str, which: Any, value: Any) -> Any:
        return _Shared(value, self.inner.share(name, which, value))

    def completed(self, pending: Sequence[Any], keep: int = 0) -> Iterator[tuple[int, Any]]:
        self.folder.note(n_tasks=sum(self._asked.values()))
        left: list[int] = []
        for at, one in enumerate(pending):
            found = self._kept(one, at >= keep)
            if found is _NOTHING:
                left.append(at)
            else:
                yield at, found
        if not left:
            return
        handles = [self._started(pending[at]) for at in left]
        n_unwanted = sum(at < keep for at in left)
        for which, result in self.inner.completed(handles, n_unwanted):
            one = pending[left[which]]
            if one.name in self._kinds:
                self.folder.landed(one.name, one.which)
                self.folder.touch()
                one.handle = None  # whoever needs it reads it
            at = left[which]
            if one.name in self._kinds and self.folder.failed(one.name, one.which):
                failure = self.folder.failure(one.name, one.which)
                self.folder.tell(f"set aside: {failure}")
                result = SetAside(failure)
            elif result is None and at >= keep and one.name in self._kinds:
                folder, kind = self.folder, self._kinds[one.name]
                place, label = folder.path(one.name, one.which), folder.label(one.name, one.which)
                result = fetch(str(place), label, kind)
            yield at, result

    def here(self, name: str, which: Any, task: Callable[..., Any], *arguments: Any) -> Any:
        one = _Task(name, self._numbered(name, which), task, arguments)
        found = self._kept(one, True)
        if found is _NOTHING:
            found = done(*self._spec(one), task, *arguments)
            self.folder.landed(name, one.which)
        return found

    def set_aside(self, name: str, which: Any, error: Any) -> bool:
        if self.folder.strict or self.folder.settled:
            return False
        self.folder.set_aside(name, which, failure_of(error))
        return True

    def forget(self) -> None:
        self.inner.forget()

    def _numbered(self, name: str, which: Any) -> Any:
        """What tells a task from all others: the same name may come again and again."""
        if name not in self._kinds:
            return which
        label = self.folder.label(name, which)
        n = self._asked[label] = self._asked.get(label, 0) + 1
        numbers = which if isinstance(which, tuple) else (which,)
        return which if n == 1 else (*numbers, n)

    def _kept(self, one: _Task, wanted: bool) -> Any:
        """What the folder has of a task; `_NOTHING`: it is to be done."""
        name, which, folder = one.name, one.which, self.folder
        if name not in self._kinds or not folder.holds(name, which):
            return _NOTHING
        if folder.failed(name, which):
            return SetAside(folder.failure(name, which))
        if not wanted:
            return None
        try:
            return folder.read(name, which, self._kinds[name])
        except Damaged as error:
            folder.lost(name, which, error)
            return _NOTHING

    def _started(self, one: _Task) -> Any:
        """What stands for the result of a task that is to be done."""
        if one.handle is None:
            task, arguments = one.task, self._resolved(one.arguments)
            if one.name in self._kinds:
                arguments = (*self._spec(one), task, *arguments)
                task = done
            one.handle = self.inner.submit(one.name, one.which, task, *arguments)
        return one.handle

    def _spec(self, one: _Task) -> tuple[str, tuple[str, str, str, Kind, bool]]:
        """What `done` needs to know."""
        folder, kind = self.folder, self._kinds[one.name]
        path, aside = (str(folder.path(one.name, one.which, what)) for what in ("part", "aside"))
        label = folder.label(one.name, one.which)
        may_fail = kind.may_fail and not (folder.strict or folder.settled)
        return str(folder.folder), (path, aside, label, kind, may_fail)

    def _resolved(self, value: Any) -> Any:
        """Arguments, tasks among them replaced by what stands for their results."""
        if isinstance(value, _Task):
            return self._needed(value)
        if isinstance(value, _Shared):
            return value.handle
        if type(value) in (list, tuple):
            return type(value)(self._resolved(one) for one in value)
        return value

    def _needed(self, one: _Task) -> Any:
        """The result of a task that another one needs: here, or on the workers that do it."""
        key: tuple[Any, ...] = ()
        of = one
        if one.task is operator.getitem and isinstance(one.arguments[0], _Task):
            of, key = one.arguments[0], one.arguments[1:]
        kind = self._kinds.get(of.name)
        if kind is not None and self.folder.holds(of.name, of.which) and of.handle is None:
            path = str(self.folder.path(of.name, of.which))
            read = (path, self.folder.label(of.name, of.which), kind, *key)
            if self.apart:
                if one.handle is None:
                    one.handle = self.inner.submit(f"{one.name}-kept", one.which, fetch, *read)
                return one.handle
            return fetch(*read)
        handle = self._started(one)
        if self.apart:
            return handle
        return next(self.inner.completed([handle]))[1]


_NOTHING = object()


def done(folder: str, spec: tuple[str, str, str, Kind, bool], task: Any, *arguments: Any) -> Any:
    """Do a task and keep what it gives; what fails twice, and may, is set aside.

    What is large, and read item by item, is not handed on.
    """
    path, aside, label, kind, may_fail = spec
    for left in (True, False):
        try:
            found = task(*arguments)
            with about_folder(Path(folder)):
                write(path, label, partial(kind.write, found))
            return found if kind.item is None else None
        except ValueError as error:
            if not may_fail or not hasattr(error, "path"):  # it is not about the data
                raise
            if left:
                continue
            failure = failure_of(error)
            with about_folder(Path(folder)):
                write_aside(aside, label, failure)
            return failure
    return None


def failure_of(error: Any) -> Failure:
    """What an error of a file says."""
    return Failure(str(error.path), str(error), error.row, error.column)


def fetch(path: str, label: str, kind: Kind, *key: Any) -> Any:
    """What was kept, or what it has under a key."""
    try:
        return read_part(path, label, kind, *key)
    except Damaged as error:
        raise OSError(f"{path}: is damaged ({error}); start again, and it is made again") from None
