"""Jobs killed at random moments, disks that are full, inputs that are corrupt: what came of it.

``python -m benchmarks.kills [--kills 100] [--kinds groups fit ...]`` runs a job of each kind in
processes of its own, kills each run with SIGKILL after a time drawn at random, starts it again, and
looks whether the output has the bytes that it has without a kill, and how many parts were done
twice. It prints a table; the exit code is 1 if anything came out otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from jobs_data import COMMANDS, lay_out  # noqa: E402

_COUNTED = "VENIRE_COUNTED"  # a file to which each task that is done adds its label


def _serve() -> None:
    """Do commands in forks, so that what is loaded is loaded once."""
    import json

    from venire._core import recorded
    from venire.cli import main

    plain = recorded.done

    def counted(folder, spec, task, *arguments):  # type: ignore[no-untyped-def]
        found = plain(folder, spec, task, *arguments)
        with open(os.environ[_COUNTED], "a") as file:
            file.write(f"{spec[2]}\n")
        return found

    recorded.done = counted
    main(["fit", "--help"])
    for line in sys.stdin:
        job = json.loads(line)
        os.environ[_COUNTED] = job["counted"]
        start = time.monotonic()
        pid = os.fork()
        if pid == 0:
            null = os.open(os.devnull, os.O_RDWR)
            errors = os.open(job["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(null, 1)
            os.dup2(errors, 2)
            os.chdir(job["folder"])
            code = 99
            with contextlib.suppress(BaseException):
                code = main(job["words"])
            os._exit(code)
        if job["after"] is not None:
            while time.monotonic() < start + job["after"]:
                if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    break
                time.sleep(1e-3)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        print("\0" + json.dumps([code, time.monotonic() - start]), flush=True)


class Server:
    """Runs commands in forks of a process that has loaded everything."""

    def __init__(self, errors: Path) -> None:
        self.errors = errors
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.kills", "--serve"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS.parent,
        )  # fmt: skip

    def __call__(
        self, words: list[str], folder: Path, counted: Path, after: float | None = None
    ) -> tuple[int, float]:
        """Exit code (minus the number of a signal) and seconds."""
        import json

        assert self._process.stdin is not None
        assert self._process.stdout is not None
        job = {"words": words, "folder": str(folder), "counted": str(counted), "after": after,
               "errors": str(self.errors)}  # fmt: skip
        print(json.dumps(job), file=self._process.stdin, flush=True)
        for line in self._process.stdout:
            if line.startswith("\0"):
                code, seconds = json.loads(line[1:])
                return code, seconds
        raise RuntimeError("the server is gone")

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def kills(name: str, n: int, server: Server, source: Path, seed: int = 0) -> dict[str, int | float]:
    """Kill a job of this kind n times, each time a new one, and let it go on.

    Returns
    -------
    dict
        "right": runs whose output has the bytes of one without a kill; "lost": the most parts that
        were done twice; and in what way runs ended.
    """
    words, files = COMMANDS[name]
    rng = np.random.default_rng(seed)
    counted = source / "counted"
    counted.touch()
    out = [source / file for file in files]
    plain, _ = server(words, source, counted)
    assert plain == 0, server.errors.read_text()
    want = [path.read_bytes() for path in out]
    job = [*words, "--job", "run"]
    seconds = np.inf
    for _ in range(2):
        _clean(source, out)
        code, took = server(job, source, counted)
        assert code == 0, server.errors.read_text()
        assert [path.read_bytes() for path in out] == want
        seconds = min(seconds, took)
    found: dict[str, int | float] = {"right": 0, "lost": 0, "killed": 0, "seconds": seconds}
    while found["killed"] < n:
        _clean(source, out)
        counted.write_text("")
        code, took = server(job, source, counted, rng.uniform(0.0, seconds))
        if code == 0:  # it was over before
            seconds = min(seconds, took)
            continue
        assert code in (0, -signal.SIGKILL), server.errors.read_text()
        found["killed"] += code != 0
        whole = [path.exists() and path.read_bytes() for path in out]
        assert all(x is False or x == y for x, y in zip(whole, want, strict=True))
        again, _ = server(job, source, counted)
        assert again == 0, server.errors.read_text()
        found["right"] += [path.read_bytes() for path in out] == want
        labels = counted.read_text().split()
        n_twice = len(labels) - len(set(labels))
        # the task that was at work left no label: it is the one that may be lost
        found["lost"] = max(found["lost"], n_twice + 1 if code else 0)
    _clean(source, out)
    return found


def _clean(source: Path, out: list[Path]) -> None:
    for path in out:
        path.unlink(missing_ok=True)
    shutil.rmtree(source / "run", ignore_errors=True)


def main() -> int:
    """Kill, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--kinds", nargs="*", default=list(COMMANDS), choices=list(COMMANDS))
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--serve", action="store_true")
    given = parser.parse_args()
    if given.serve:
        _serve()
        return 0
    bad = 0
    print(f"{'job':10} {'kills':>6} {'right':>6} {'parts lost':>11} {'seconds':>8}")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        lay_out(source, given.scale)
        server = Server(Path(folder) / "errors")
        for name in given.kinds:
            x = kills(name, given.kills, server, source)
            print(f"{name:10} {x['killed']:6} {x['right']:6} {x['lost']:11} {x['seconds']:8.2f}")
            bad += x["right"] != given.kills or x["lost"] > 1
        server.close()
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
