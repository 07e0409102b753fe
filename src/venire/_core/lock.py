"""The right to write to a folder, held by one process at a time.

The system drops the lock when its process ends, however it ends. Where a file system has no locks,
what stands in the file decides: the process, the machine it runs on, and when it began.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from venire.errors import StateError

__all__ = ["LOCK", "Lock", "holder", "is_lock"]

LOCK = "lock"
_HELD = (errno.EWOULDBLOCK, errno.EACCES)
_HOLDER = re.compile(r"(process (?P<pid>\d+) on (?P<host>.*?)(, begun (?P<begun>\d+))?\n)?")
_TRIES, _PAUSE = 20, 0.01  # somebody may be looking whether there is a lock


class Lock:
    """A lock that is held until it is released.

    Raises
    ------
    StateError
        If another one has it; says who. If the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK
        try:
            self._file: Any = open(self.path, "a+", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise StateError(f"{folder}: cannot be written to: {error.strerror}") from None
        for left in reversed(range(_TRIES)):
            held = _taken(self._file, fcntl.LOCK_EX)
            if not held:
                break
            if left:
                time.sleep(_PAUSE)
        if held is None:  # no locks here
            held = _is_alive(_text(self._file))
        if held:
            who = _text(self._file).partition(", begun")[0].strip() or "another process"
            self._file.close()
            raise StateError(f"{folder}: is in use by {who}")
        self._file.truncate(0)
        begun = _begun(os.getpid())
        self._file.write(f"process {os.getpid()} on {socket.gethostname()}, begun {begun}\n")
        self._file.flush()

    def release(self) -> None:
        """Let others in."""
        if not self._file.closed:
            with suppress(OSError):  # a full disk: the lock goes all the same
                self._file.truncate(0)
            self._file.close()  # which drops the lock

    def __del__(self) -> None:
        if hasattr(self, "_file"):  # a copy in a child of a fork holds on to nothing
            self._file.close()


def holder(folder: Path) -> str:
    """Who holds the lock of a folder now, in words; empty: nobody."""
    try:
        with open(folder / LOCK, encoding="utf-8", errors="replace") as file:
            held = _taken(file, fcntl.LOCK_SH)
            text = _text(file)
            if held is None:
                held = _is_alive(text)
    except OSError:
        return ""
    return (text.partition(", begun")[0].strip() or "another process") if held else ""


def is_lock(path: Path) -> bool:
    """Whether a file is such a lock, held or not."""
    try:
        with open(path, encoding="utf-8") as file:
            return _HOLDER.fullmatch(file.read(300)) is not None
    except (OSError, ValueError):
        return False


def _taken(file: Any, how: int) -> bool | None:
    """Whether another process has the lock; None: there are none here."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError as error:
        return True if error.errno in _HELD else None
    return False


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read(300))


def _is_alive(text: str) -> bool:
    """Whether the process that a lock names runs; of another machine's it is not known."""
    found = _HOLDER.fullmatch(text)
    if found is None or found["pid"] is None:
        return False
    if found["host"] != socket.gethostname():
        return True
    pid, begun = int(found["pid"]), found["begun"]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is another user's
    return pid != os.getpid() and (begun is None or int(begun) == _begun(pid))


def _begun(pid: int) -> int:
    """When a process began, in ticks of its machine; 0: not known."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0
