"""Where the tasks of a run are done: here, or on workers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

__all__ = ["Executor", "Local", "SetAside", "lent", "opened"]


class SetAside(NamedTuple):
    """What stands for the result of a task that failed, where a job goes on without it."""

    failure: Any


class Executor(ABC):
    """Runs tasks and hands back their results.

    A task is a function of its arguments, which can be pickled, and of files that do not change: it
    may be done anywhere, twice, or again after its worker died, and gives the same result. What a
    task raises is raised where its result is asked for.

    Attributes
    ----------
    apart : bool
        Tasks are done by processes of their own. Then the output is a folder of parts, which the
        tasks write; without, it is one file, written as the fits go on.
    keeps : bool
        What tasks give is kept in the folder of a job.
    at_once : int
        How many tasks are done at the same time, about: no result depends on it.
    """

    apart: bool = True
    keeps: bool = False
    at_once: int = 8

    @abstractmethod
    def limits(self, memory: int, n_threads: int | None) -> tuple[int, int | None]:
        """Bytes and threads of one task, if these are asked for."""

    @abstractmethod
    def submit(self, name: str, which: Any, task: Callable[..., Any], *arguments: Any) -> Any:
        """Have a task done, and return what stands for its result, also in arguments of others.

        `name` and `which` tell the tasks of a run apart.
        """

    def share(self, name: str, which: Any, value: Any) -> Any:
        """Have a large value at hand for many tasks: what stands for it, as their argument."""
        return value

    @abstractmethod
    def completed(self, pending: Sequence[Any], keep: int = 0) -> Iterator[tuple[int, Any]]:
        """Position and result of what `submit` returned, as each is done; None before `keep`.

        A result that has come, and that no further task needs, is let go.
        """

    def keep(self, kinds: Mapping[str, Any]) -> None:  # noqa: B027
        """Say how results of tasks of these names are kept, for those who keep them.

        Where a job does, a task that may fail gives a `SetAside`.
        """

    def here(self, name: str, which: Any, task: Callable[..., Any], *arguments: Any) -> Any:
        """Do a task in this process."""
        return task(*arguments)

    def set_aside(self, name: str, which: Any, error: Any) -> bool:
        """Do without what an error is about; False: nothing can be done without."""
        return False

    def forget(self) -> None:  # noqa: B027
        """Ask for nothing any more: what has not begun need not be done."""


class Local(Executor):
    """This process: each task is done when its result is asked for, and none needs another's."""

    apart = False

    def limits(self, memory: int, n_threads: int | None) -> tuple[int, int | None]:
        return memory, n_threads

    def submit(self, name: str, which: Any, task: Callable[..., Any], *arguments: Any) -> Any:
        return partial(task, *arguments)

    def completed(self, pending: Sequence[Any], keep: int = 0) -> Iterator[tuple[int, Any]]:
        for at, task in enumerate(pending):
            yield at, task()


@contextmanager
def opened(executor: Any) -> Iterator[Executor]:
    """The executor that is meant, for as long as the block lasts."""
    with ExitStack() as stack:
        if executor is None:
            tasks: Executor = Local()
        elif isinstance(executor, Executor):
            tasks = executor
        else:
            from venire._core.dask import cluster

            tasks = stack.enter_context(cluster(executor))
        stack.callback(tasks.forget)
        yield tasks


@contextmanager
def lent(executor: Any) -> Iterator[Executor | None]:
    """The same where this process, None, does without tasks."""
    if executor is None:
        yield None
        return
    with opened(executor) as tasks:
        yield tasks
