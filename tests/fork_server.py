"""A process that has loaded everything, and runs each command in a fork of its own, to be killed.

Reads jobs from standard input and writes what became of them, a JSON document a line each. It fits
nothing itself, so that it has no threads when it forks.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path


def save(source: str, target: str) -> int:
    """A call of Python's interface that writes."""
    import venire as vn

    vn.resampling.Bootstrap.load(source).save(target)
    return 0


def _child(job):
    os.chdir(job["folder"])
    out = os.open(os.devnull, os.O_RDWR)
    os.dup2(out, 1)
    errors = os.open(job["errors"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(errors, 2)
    code = 99
    try:
        from venire.cli import main

        name, *rest = job["command"]
        code = save(*rest) if name == "@save" else main(job["command"])
        atexit._run_exitfuncs()
        Path(f"{job['errors']}.modules").write_text(json.dumps([*sys.modules]))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:
        os.write(2, repr(error).encode())
    os._exit(code)


def _parts(folder):
    from venire._core import disk

    return any(disk.is_part(name) for _, _, names in os.walk(folder) for name in names)


def run(job):
    """Return the exit code (minus a signal's number) and the seconds it took."""
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _child(job)
    number = job.get("signal")
    if number is not None:
        end = start + job["delay"]
        if job["at_part"]:  # wait for a file that is being written
            limit = start + 20.0
            while time.monotonic() < limit and not _parts(job["folder"]):
                if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    break
            end = time.monotonic() + job["delay"]
        while time.monotonic() < end:
            time.sleep(min(1e-3, max(end - time.monotonic(), 0.0)))
        os.kill(pid, number)  # a child that has ended waits to be asked for
    _, status = os.waitpid(pid, 0)
    seconds = time.monotonic() - start
    if number is None:  # what that one needed, the next ones shall find loaded
        for name in json.loads(Path(f"{job['errors']}.modules").read_text()):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    return os.waitstatus_to_exitcode(status), seconds


def serve():
    """Load what commands use, and do what is asked."""
    os.environ["MPLBACKEND"] = "Agg"
    from venire.cli import _app  # noqa: F401

    print(json.dumps("ready"), flush=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(Path(__file__).parent))
    serve()
