"""Tasks on a Dask cluster: the caller's own, one that is joined, or one that is started."""

from __future__ import annotations

import logging
import secrets
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from venire._core import checks
from venire._core.extras import needs
from venire._core.executor import Executor

__all__ = ["Dask", "cluster", "dask_setup"]


class Dask(Executor):
    """The workers of a cluster.

    Parameters
    ----------
    client : distributed.Client
    cpus : int
        CPUs, and memory, are shared among the workers, all on this machine; 0: the cluster is
        another's, where a thread of a worker stands for a CPU.
    """

    def __init__(self, client: Any, cpus: int = 0) -> None:
        self._client, self._cpus = client, cpus
        self._token = secrets.token_hex(4)  # results of another run are not taken for ours
        self._pending: list[Any] = []  # futures that are not done

    def limits(self, memory: int, n_threads: int | None) -> tuple[int, int | None]:
        n_workers = max(len(self._client.nthreads()), 1) if self._cpus else 1
        return memory // n_workers, n_threads or max(1, self._cpus // n_workers)

    def submit(self, name: str, which: Any, task: Callable[..., Any], *arguments: Any) -> Any:
        key = f"{name}-{self._token}-{which}"
        return self._client.submit(task, *arguments, key=key, pure=False)

    def completed(self, pending: Sequence[Any], keep: int = 0) -> Iterator[tuple[int, Any]]:
        from distributed import KilledWorker, as_completed

        position = {future.key: at for at, future in enumerate(pending)}
        self._pending = list(pending)
        waiting = as_completed(self._pending, loop=self._client.loop)
        del pending
        try:
            for future in waiting:
                at = position[future.key]
                self._pending[at] = None
                failed = future.status != "finished"
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


@contextmanager
def cluster(which: Any) -> Iterator[Dask]:
    """The workers that `executor` of `fit_files` means.

    Raises
    ------
    ImportError
        If Dask is not installed.
    OSError
        If no scheduler answers.
    """
    distributed = needs("distributed", "a cluster")
    cpus = 0
    with ExitStack() as stack:
        if isinstance(which, distributed.Client):
            client = which
        elif isinstance(which, str):
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


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the process that started the cluster: it stops the workers itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
