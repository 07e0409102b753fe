"""With what means a command does its work: memory, and where it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import typer

from venire.cli._command import misused, option

__all__ = ["Means"]

_RUN = "Resources"
_NOT_HERE = {
    "memory": "this command holds all rows in memory",
    "workers": "this command runs in one process",
    "scheduler": "this command runs in one process",
}


def _memory(text: str) -> int:
    from venire._core.memory import bytes_of  # help does without

    try:
        return bytes_of(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a size like 512M or 4G") from None


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a run may use; what comes out does not depend on it."""

    memory: int | None = option(
        None,
        "Memory to get by with, as in 512M or 4G. Default: groups 4G, else what it takes.",
        _RUN,
        metavar="SIZE",
        parser=_memory,
    )
    workers: int | None = option(
        None, "Do it in so many processes on this machine.", _RUN, min=1,
    )  # fmt: skip
    scheduler: str | None = option(
        None, "Do it on the Dask cluster with this scheduler, as in tcp://host:8786.", _RUN,
        metavar="ADDRESS",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if self.workers is not None and self.scheduler is not None:
            misused("--workers", "--workers starts a cluster, --scheduler joins one")

    @property
    def executor(self) -> int | str | None:
        """What functions take as `executor`."""
        return self.workers if self.scheduler is None else self.scheduler

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """The same, once for all that a command does; None: this process."""
        if self.executor is None:
            yield None
            return
        from venire._core.executor import opened

        with opened(self.executor) as tasks:
            yield tasks

    def only(self, *names: str) -> None:
        """Refuse what a command can make nothing of: all that is not among these names."""
        for name, reason in _NOT_HERE.items():
            if name not in names and getattr(self, name) is not None:
                misused(f"--{name}", reason)
