"""Workers: each entry in a process of its own, whose death or silence names the case.

The parent imports and forks, and never calls the package: its children inherit a clean state.
A worker writes the number of its case and the time into memory that both see, and sends faults
through a pipe. One that dies, or that stays with one case too long, is replaced by another that
goes on with the next case.
"""

from __future__ import annotations

import faulthandler
import json
import mmap
import os
import re
import resource
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from fuzz.case import PACKAGE, Fault, run_case

__all__ = ["Result", "run"]

HANG = 10.0  # seconds
ROOM = 6 << 30  # bytes of address space that a worker may take beyond what it starts with
_PLACE = struct.Struct("qd")


class Result(NamedTuple):
    """What a run found.

    Attributes
    ----------
    faults : dict
        The first fault of each kind and place.
    counts : Counter
        How often each was seen.
    n_cases : dict
        Cases by entry.
    reached : set of str
        What was called.
    """

    faults: dict[tuple[str, ...], Fault]
    counts: Counter[tuple[str, ...]]
    n_cases: dict[str, int]
    reached: set[str]


class _Worker:
    """A child that runs the cases of an entry from `seed` up to `stop`, or for some seconds."""

    def __init__(self, name: str, seed: int, stop: int | None, seconds: float) -> None:
        self.name, self.first, self.stop = name, seed, stop
        self.until = time.monotonic() + seconds
        self.folder = Path(tempfile.mkdtemp(prefix="venire-fuzz-"))
        self.shared = mmap.mmap(-1, _PLACE.size)
        self._mark(seed)
        self.pipe, end = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.pipe)
            self._work(end)
        os.close(end)
        self.text = b""
        self.late: tuple[int, float, float] | None = None

    # ---- in the child -------------------------------------------------------------------------

    def _work(self, pipe: int) -> None:
        status = 1
        try:
            os.setpgid(0, 0)
            log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            faulthandler.enable(open(self.folder / "crash", "wb"))  # noqa: SIM115
            stack = open(self.folder / "stack", "wb")  # noqa: SIM115
            faulthandler.register(signal.SIGUSR1, stack, all_threads=True)
            if "libasan" not in os.environ.get("LD_PRELOAD", ""):  # its shadow needs all of it
                size = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
                resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
            os.chdir(self.folder)
            self._cases(pipe)
            status = 0
        except BaseException:
            with open(self.folder / "log", "a") as file:
                traceback.print_exc(file=file)
        finally:
            os._exit(status)

    def _cases(self, pipe: int) -> None:
        reached: set[str] = set()
        seed = self.first
        seen: Counter[tuple[str, ...]] = Counter()
        while (self.stop is None or seed < self.stop) and time.monotonic() < self.until:
            self._mark(seed)
            faults, names = run_case(self.name, seed, self.folder)
            for fault in faults:
                seen[fault.key] += 1
                if seen[fault.key] == 1:
                    _send(pipe, {"fault": fault})
            if not names <= reached:
                _send(pipe, {"reached": sorted(names - reached)})
                reached |= names
            seed += 1
        _send(pipe, {"seed": seed, "seen": [[list(k), n] for k, n in seen.items()]})

    def _mark(self, seed: int) -> None:
        self.shared[:] = _PLACE.pack(seed, time.monotonic())

    # ---- in the parent ------------------------------------------------------------------------

    @property
    def place(self) -> tuple[int, float]:
        """The case at hand and when it began."""
        seed, began = _PLACE.unpack(self.shared[:])
        return seed, began

    def stuck(self, hang: float) -> bool:
        """Whether the case at hand takes too long, and not for want of a processor."""
        seed, began = self.place
        now, used = time.monotonic(), self._processor()
        if now - began < hang:
            return False
        if self.late is None or self.late[0] != seed:
            self.late = (seed, now, used)
        _, since, before = self.late
        idle = now - since > hang / 2 and used - before < 0.05
        return idle or used - before > hang / 2 or now - began > 10 * hang

    def _processor(self) -> float:
        """Seconds of processor time that it has had."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def read(self) -> list[dict[str, Any]] | None:
        """Messages that came; None at the end."""
        piece = os.read(self.pipe, 1 << 16)
        if not piece:
            return None
        *lines, self.text = (self.text + piece).split(b"\n")
        return [json.loads(line) for line in lines]

    def stack(self) -> str:
        """Where it is, by its own account."""
        try:
            os.kill(self.pid, signal.SIGUSR1)
        except ProcessLookupError:
            return ""
        time.sleep(0.3)
        return self._file("stack")

    def kill(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> int:
        """Its status, once its pipe is closed; nothing of it is left."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pipe)
        self.report = self._file("crash") + self._file("log")[-4000:]
        shutil.rmtree(self.folder, ignore_errors=True)
        return status

    def _file(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(errors="replace")
        except OSError:
            return ""


def run(
    names: list[str],
    *,
    seed: int = 0,
    cases: int | None = None,
    seconds: float = 60.0,
    workers: int = 2,
    hang: float = HANG,
    tell: Callable[[Fault], None] = lambda fault: None,
) -> Result:
    """Run entries.

    Parameters
    ----------
    names : list of str
        The entries.
    seed : int
        The first case of each; they are counted upwards.
    cases : int, optional
        Cases of each entry; by default as many as there is time for.
    seconds : float
        For all of them together.
    workers : int
        Processes at once.
    hang : float
        Seconds after which a case is a fault.
    tell : callable
        Called with each new fault.
    """
    result = Result({}, Counter(), dict.fromkeys(names, 0), set())
    share = seconds * min(workers, len(names)) / max(1, len(names))
    stop = None if cases is None else seed + cases
    waiting = [(name, seed, share) for name in names]
    busy: dict[int, _Worker] = {}
    hung: dict[int, str] = {}

    def add(fault: Fault) -> None:
        if fault.key not in result.faults:
            result.faults[fault.key] = fault
            tell(fault)

    while waiting or busy:
        while waiting and len(busy) < workers:
            worker = _Worker(*waiting[0][:2], stop, waiting[0][2])
            waiting.pop(0)
            busy[worker.pipe] = worker
        for pipe in select.select(list(busy), [], [], 0.2)[0]:
            worker = busy[pipe]
            messages = worker.read()
            for message in messages or ():
                if "fault" in message:
                    add(Fault(*message["fault"]))
                elif "reached" in message:
                    result.reached.update(message["reached"])
                else:
                    result.counts.update({tuple(k): n for k, n in message["seen"]})
                    result.n_cases[worker.name] += message["seed"] - worker.first
                    worker.stop = message["seed"]
            if messages is not None:
                continue
            del busy[pipe]
            last = worker.place[0]
            status = worker.end()
            if status == 0:
                continue
            fault = _death(worker.name, last, status, worker.report, hung.pop(pipe, ""))
            add(fault)
            result.counts[fault.key] += 1
            result.n_cases[worker.name] += last + 1 - worker.first
            left = worker.until - time.monotonic()
            if left > 0 and (stop is None or last + 1 < stop):
                waiting.insert(0, (worker.name, last + 1, left))
        for pipe, worker in busy.items():
            if pipe not in hung and worker.stuck(hang):
                hung[pipe] = worker.stack() or "(no stack)"
                worker.kill()
    return result


def _send(pipe: int, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(pipe, data) :]


def _death(name: str, seed: int, status: int, report: str, stack: str) -> Fault:
    """The fault of a worker that died."""
    kind = "hang" if stack else "crash"
    trace = stack or report
    frames = re.findall(r'File "([^"]+)", line (\d+) in (\S+)', trace)
    inside = [f for f in frames if f[0].startswith(PACKAGE)] or frames or [("?", "0", "?")]
    path, line, function = inside[0]
    code = os.waitstatus_to_exitcode(status)
    what = signal.Signals(-code).name if code < 0 else f"exit status {code}"
    asan = re.search(r"(ERROR: AddressSanitizer: \S+|runtime error: .*)", report)
    return Fault(
        kind,
        name,
        seed,
        "no answer" if stack else asan.group(1) if asan else what,
        f"{path.replace(PACKAGE + '/', '')}:{line} {function}",
        trace[-6000:],
    )
