"""How many CPUs this process may use: its affinity, and the quotas of its control groups."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

__all__ = ["cpu_quota", "usable_cpus"]


def usable_cpus() -> int:
    """CPUs that this process may run on, as the scheduler and its control groups have it; >= 1."""
    if hasattr(os, "sched_getaffinity"):
        cpus = len(os.sched_getaffinity(0))
    else:
        cpus = os.cpu_count() or 1
    return max(1, min(cpus, cpu_quota() or cpus))


@cache
def cpu_quota(root: str = "/") -> int | None:
    """CPUs' worth of time that the control groups of this process grant, rounded up.

    The least of its own group and of all groups that it lies in, of either version of Linux's
    control groups; None where nothing limits it. Read once.

    Parameters
    ----------
    root : str
        Where the files are looked for; for tests.
    """
    try:
        groups = (Path(root) / "proc/self/cgroup").read_text().splitlines()
        mounts = (Path(root) / "proc/self/mountinfo").read_text().splitlines()
    except (OSError, UnicodeError):
        return None
    limits = (_granted(Path(root) / folder.lstrip("/")) for folder in _folders(groups, mounts))
    return min((limit for limit in limits if limit is not None), default=None)


def _granted(folder: Path) -> int | None:
    """CPUs' worth of time that one group grants; None: no limit of its own."""
    told = _words(folder / "cpu.max")  # version 2, else 1
    if not told:
        told = _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us")
    if len(told) != 2 or not (told[0].isdecimal() and told[1].isdecimal() and int(told[1])):
        return None  # "max" and -1 are no limits
    return max(1, math.ceil(int(told[0]) / int(told[1])))


def _folders(groups: list[str], mounts: list[str]) -> Iterator[str]:
    """Folders of the process's groups that can limit its CPUs, and of all groups around them."""
    for mount in mounts:
        own, _, other = mount.partition(" - ")
        fields, kind = own.split(), other.split()
        if len(fields) < 5 or len(kind) < 3 or kind[0] not in ("cgroup", "cgroup2"):
            continue
        if kind[0] == "cgroup" and "cpu" not in kind[2].split(","):
            continue
        top, point = PurePosixPath(fields[3]), PurePosixPath(fields[4])
        for group in groups:
            number, _, rest = group.partition(":")
            controllers, _, name = rest.partition(":")
            ours = number == "0" if kind[0] == "cgroup2" else "cpu" in controllers.split(",")
            if not ours:
                continue
            path = PurePosixPath(name)
            inside = path.relative_to(top) if path.is_relative_to(top) else PurePosixPath()
            if ".." in inside.parts:  # the group lies outside of what is mounted
                inside = PurePosixPath()
            yield str(point / inside)
            yield from (str(point / parent) for parent in inside.parents)


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except (OSError, UnicodeError):
        return []
