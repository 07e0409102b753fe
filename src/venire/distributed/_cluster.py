"""Clusters: the caller's own, one that is joined, or one that is started."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from venire._core import checks

__all__ = ["connected"]


@contextmanager
def connected(
    client: Any, scheduler: str | None, n_workers: int | None, n_threads: int | None
) -> Iterator[tuple[Any, int]]:
    """A client, and how many threads each task may use.

    Parameters
    ----------
    client : distributed.Client or None
    scheduler : str or None
        Address of a scheduler.
    n_workers : int or None
        Processes to start, if neither of the other two is given; default: one for each two CPUs.
    n_threads : int or None
        Default: all CPUs shared among the processes that are started; 1 on another's cluster, where
        a thread of a worker stands for a CPU.

    Raises
    ------
    ImportError
        If Dask is not installed.
    OSError
        If no scheduler answers.
    """
    try:
        import distributed
    except ImportError:
        raise ImportError("clusters need dask: pip install 'venire[distributed]'") from None

    if client is not None:
        yield client, n_threads or 1
        return
    if scheduler is not None:
        with distributed.Client(scheduler, set_as_default=False) as joined:
            yield joined, n_threads or 1
        return
    cpus = checks.n_threads(None)
    n_workers = n_workers or max(1, cpus // 2)
    with (
        distributed.LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,  # the kernels have threads of their own
            processes=True,
            preload=["venire.distributed._preload"],
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as started,
    ):
        yield started, n_threads or max(1, cpus // n_workers)
