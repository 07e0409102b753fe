"""A machine with other work: processes that keep every CPU busy, and times taken beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

import venire as vn

ROUNDS = 5
AT_LEAST = 0.1  # seconds of one time that is taken, many turns of the scheduler: short calls repeat

# Says that it runs, then spins for as long as the process that started it lives: the parent's
# number changes when the parent dies, however it does.
_SPIN = """
import os, sys
os.write(1, b"1")
while os.getppid() == int(sys.argv[1]):
    for _ in range(100_000):
        pass
"""


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set variables for a while."""
    old = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in old.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def usable_cpus() -> int:
    """What the package takes as the number of CPUs where no variable says otherwise."""
    with environment(VENIRE_NUM_THREADS="", OMP_NUM_THREADS=""):
        return vn.show_config("dict")["run"]["threads"]


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


@contextmanager
def busy_processes(n: int | None = None) -> Iterator[list[int]]:
    """Keep `n` spinning processes, by default one for each usable CPU but at least two.

    Yields their ids when all of them run. None outlives the block, nor this process.
    """
    command = [sys.executable, "-I", "-S", "-c", _SPIN, str(os.getpid())]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with ExitStack() as stack:
        started = []
        for _ in range(max(2, usable_cpus()) if n is None else n):
            process = subprocess.Popen(command, **pipes)
            stack.callback(_kill, process)
            started.append(process)
        for process in started:
            if process.stdout.read(1) != b"1":
                raise RuntimeError("a busy process did not start")
        yield [process.pid for process in started]


def one_thread(call: Callable[[], Any]) -> Callable[[], Any]:
    """`call` with one thread wherever the package is not told: ``n_threads=1`` of every function,
    those included that have no such argument."""

    def alone() -> Any:
        with environment(VENIRE_NUM_THREADS="1"):
            return call()

    return alone


def _seconds(call: Callable[[], Any]) -> float:
    """Of one call: the mean of as many as fill AT_LEAST."""
    n, start = 0, time.perf_counter()
    while (taken := time.perf_counter() - start) < AT_LEAST:
        call()
        n += 1
    return taken / n


def medians(calls: dict[str, Callable[[], Any]], rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of each call, in turn in every round, after one that is not counted."""
    for call in calls.values():
        call()
    times = [[_seconds(call) for call in calls.values()] for _ in range(rounds)]
    return dict(zip(calls, np.median(times, axis=0).tolist(), strict=True))
