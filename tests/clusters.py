"""Executors and clusters that tests use."""

from __future__ import annotations

import pickle
import subprocess
import sys
from contextlib import contextmanager

from venire.batch import Executor

# A scheduler with one worker, all in one process: when that goes, nobody is left.
_ONE = """
import sys
sys.modules.update({name: None for name in sys.argv[1:]})
from distributed import LocalCluster
how = {"processes": False, "protocol": "tcp://", "dashboard_address": None}
with LocalCluster(n_workers=1, threads_per_worker=1, **how) as c:
    print(c.scheduler_address, flush=True)
    sys.stdin.read()
"""


class Travelling(Executor):
    """Does each task at once, in this process, on what is left of it after a journey; what comes
    back comes in the wrong order. Tasks are counted."""

    at_once = 3

    def __init__(self):
        self.done = []

    def limits(self, memory, n_threads):
        return memory, n_threads or 1

    def submit(self, name, which, task, *arguments):
        self.done.append(name)
        result = pickle.loads(pickle.dumps(task))(*pickle.loads(pickle.dumps(arguments)))
        return pickle.loads(pickle.dumps(result))

    def completed(self, pending, keep=0):
        yield from reversed([*enumerate(pending)])


@contextmanager
def alone(*missing):
    """The process of a cluster, and its address; its worker lacks some packages."""
    process = subprocess.Popen(
        [sys.executable, "-c", _ONE, *missing], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
