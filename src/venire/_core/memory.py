"""Memory of this process: how much it may have, and has."""

from __future__ import annotations

import os
import re

__all__ = ["bytes_of", "release", "resident"]

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def bytes_of(text: str | int) -> int:
    """A size in bytes: a number, or a number with K, M, G or T.

    Examples
    --------
    >>> from venire._core.memory import bytes_of
    >>> bytes_of("1.5G"), bytes_of("512 MB"), bytes_of(1000)
    (1610612736, 536870912, 1000)
    """
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(?:i?B)?\s*", str(text), re.I)
    size = 0 if found is None else int(float(found[1]) * _UNITS[found[2].upper()])
    if size <= 0:
        raise ValueError(f"memory must be a size like 512M or 4G, got {text!r}")
    return size


def resident() -> int:
    """Memory that this process holds now, in bytes."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):  # not Linux
        return 200 << 20


def release() -> None:
    """Give memory that Arrow keeps for later back to the system."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
