"""Tasks on a Dask cluster: the caller's own, one that is joined, or one that is started."""

from __future__ import annotations

import functools
import logging
import queue
import secrets
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from venire._core import checks
from venire._core.executor import Executor
from venire._core.extras import needs

__all__ = ["Dask", "cluster", "dask_setup"]

_LOOK = 2.0  # seconds between two looks at a cluster from which nothing comes

# What a worker must be: evaluated there, whatever is installed. Other versions, or instruction
# sets, may give other bits.
_FACTS = "(lambda build: (build['venire'], build['dispatch']))"
_FACTS += "(__import__('venire').show_config('dict')['build'])"


class Dask(Executor):
    """The workers of a cluster.

    Parameters
    ----------
    client : distributed.Client
    cpus : int
        CPUs, and memory, are shared among the workers, all on this machine; 0: the cluster is
        another's, where a thread of a worker stands for a CPU.

    Raises
    ------
    OSError
        If there are no workers, or they lack this version of the package.
    """

    def __init__(self, client: Any, cpus: int = 0) -> None:
        self._client, self._cpus = client, cpus
        self._token = secrets.token_hex(4)  # results of another run are not taken for ours
        self._count = 0
        self._pending: list[Any] = []  # futures that are not done
        self._alone: float | None = None  # since when there are no workers
        with self._reaching():
            self._wait_for_workers()
            self._facts = _facts()
            _check(self._facts, client.run(eval, _FACTS, on_error="return"))
            self.at_once = max(sum(client.nthreads().values()), 2)

    def limits(self, memory: int, n_threads: int | None) -> tuple[int, int | None]:
        with self._reaching():
            n_workers = max(len(self._client.nthreads()), 1) if self._cpus else 1
        return memory // n_workers, n_threads or max(1, self._cpus // n_workers)

    def submit(self, name: str, which: Any, task: Callable[..., Any], *arguments: Any) -> Any:
        self._count += 1  # several fits of one run may use the same names
        key = f"{name}-{self._token}-{self._count}-{which}"
        with self._reaching():
            return self._client.submit(checked, self._facts, task, *arguments, key=key, pure=False)

    def share(self, name: str, which: Any, value: Any) -> Any:
        with warnings.catch_warnings():  # that it is large; a task can be done again, if it is lost
            warnings.filterwarnings("ignore", "Sending large graph")
            return self.submit(name, which, _same, value)

    def completed(self, pending: Sequence[Any], keep: int = 0) -> Iterator[tuple[int, Any]]:
        from distributed import KilledWorker

        done: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._pending = list(pending)
        for at, future in enumerate(self._pending):
            future.add_done_callback(lambda _, at=at: done.put(at))
        n = len(self._pending)
        del pending
        if n:
            del future
        try:
            for _ in range(n):
                at = self._next(done)
                future, self._pending[at] = self._pending[at], None
                failed = future.status != "finished"
                with self._reaching():
                    result = future.result() if failed or at >= keep else None
                del future
                yield at, result
        except KilledWorker as error:
            raise OSError(
                f"workers died again and again over one task ({error.task}); have they enough "
                "memory?"
            ) from None

    def forget(self) -> None:
        for future in self._pending:
            if future is not None:
                future.release()
        self._pending = []

    # ---- a cluster that is not there -------------------------------------------------------------

    def _next(self, done: queue.SimpleQueue[int]) -> int:
        """Which future is done; now and then, whether there is somebody to do the others."""
        while True:
            try:
                return done.get(timeout=_LOOK)
            except queue.Empty:
                with self._reaching():
                    self._look()

    def _look(self) -> None:
        """Refuse to wait for a scheduler that does not answer, or that has no workers."""
        client = self._client
        if client.status not in ("running", "connecting"):
            raise OSError(f"{self._where()}: the connection to it is lost")
        if client.sync(client.scheduler.identity, callback_timeout=_patience())["workers"]:
            self._alone = None
            return
        self._alone = self._alone or time.monotonic()
        if time.monotonic() - self._alone > _patience():
            raise OSError(f"{self._where()}: it has no workers any more")

    def _wait_for_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_patience())
        except TimeoutError:
            raise OSError(f"{self._where()}: it has no workers") from None

    def _where(self) -> str:
        return f"the scheduler {self._client.scheduler.address}"

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """What is said where the scheduler is gone."""
        from concurrent.futures import CancelledError

        from distributed.comm import CommClosedError

        try:
            yield
        except (CancelledError, CommClosedError, TimeoutError):
            raise OSError(f"{self._where()} does not answer any more") from None
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] != "venire":
                raise
            raise OSError(f"a worker has no venire: {error}") from None


def _patience() -> float:
    """Seconds to wait for a scheduler, or for its first worker."""
    import dask
    from dask.utils import parse_timedelta

    return float(parse_timedelta(dask.config.get("distributed.comm.timeouts.connect")))


@functools.cache
def _facts() -> tuple[str, str]:
    return eval(_FACTS)


def _same(value: Any) -> Any:
    return value


def checked(facts: tuple[str, str], task: Callable[..., Any], *arguments: Any) -> Any:
    """Do a task, if this worker is what the run began with: others may have joined since."""
    if _facts() != facts:
        from distributed import get_worker

        _check(facts, {get_worker().address: _facts()})
    return task(*arguments)


def _check(facts: tuple[str, str], workers: dict[str, Any]) -> None:
    """Refuse workers of another version, or whose bits may be others.

    Parameters
    ----------
    facts : tuple of str
        Version and instruction set of this process.
    workers : dict
        The same of each worker, or the exception that asking raised.
    """
    for address, found in sorted(workers.items()):
        if isinstance(found, ModuleNotFoundError):
            raise OSError(f"worker {address}: venire is not installed there ({found})")
        if isinstance(found, BaseException):
            raise OSError(f"worker {address}: {type(found).__name__}: {found}")
        if found[0] != facts[0]:
            raise OSError(
                f"worker {address}: venire {found[0]} is installed there, and {facts[0]} here: "
                "take one version"
            )
        if found[1] != facts[1]:
            raise OSError(
                f"worker {address}: its instruction set is {found[1]}, and {facts[1]} here: the "
                "last bits would depend on where a task is done"
            )


@contextmanager
def cluster(which: Any) -> Iterator[Dask]:
    """The workers that `executor` means.

    Raises
    ------
    ImportError
        If Dask is not installed.
    OSError
        If no scheduler answers, it has no workers, or they have another version.
    """
    distributed = needs("distributed", "a cluster")
    cpus = 0
    with ExitStack() as stack:
        if isinstance(which, distributed.Client):
            client = which
        elif isinstance(which, str):
            stack.enter_context(_silent())
            client = stack.enter_context(distributed.Client(which, set_as_default=False))
        else:
            cpus = checks.n_threads(None)
            started = distributed.LocalCluster(
                n_workers=checks.whole(which, "executor", 1),
                threads_per_worker=1,  # the kernels have threads of their own
                processes=True,
                preload=[__name__],
                dashboard_address=":0",
                silence_logs=logging.CRITICAL,
            )
            stack.enter_context(started)
            client = stack.enter_context(distributed.Client(started, set_as_default=False))
        yield Dask(client, cpus)


@contextmanager
def _silent() -> Iterator[None]:
    """Have Dask's log say nothing of a lost connection, which is raised."""
    handlers = logging.getLogger("distributed").handlers
    levels = [handler.level for handler in handlers]
    for handler in handlers:
        handler.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for handler, level in zip(handlers, levels, strict=True):
            handler.setLevel(level)


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the process that started the cluster: it stops the workers itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
