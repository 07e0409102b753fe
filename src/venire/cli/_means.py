"""With what means a command does its work: memory, and where it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from venire.cli._command import Refused, misused, option

__all__ = ["Means"]

_RUN = "Resources"
_NOT_HERE = {
    "memory": "this command holds all rows in memory",
    "workers": "this command runs in one process",
    "scheduler": "this command runs in one process",
    "job": "this command has no parts to keep",
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

    job: Path | None = option(
        None,
        "Keep what is done in this folder: the same command goes on where it was ended. What "
        "cannot be read is set aside (exit code 3).",
        _RUN,
        metavar="FOLDER",
    )
    strict: bool = option(
        False,
        "Put up with nothing: exit code 1, of groups if one has no converged fit, of an audit if a "
        "finding is grave; a job ends at the first part that cannot be read.",
        _RUN,
    )

    def __post_init__(self) -> None:
        if self.workers is not None and self.scheduler is not None:
            misused("--workers", "--workers starts a cluster, --scheduler joins one")

    @property
    def executor(self) -> int | str | None:
        """What functions take as `executor`."""
        return self.workers if self.scheduler is None else self.scheduler

    def require(self, needed: float, doing: str) -> None:
        """Refuse what takes about so many bytes more, if that is more than there may be."""
        if self.memory is None:
            return
        from venire._core.memory import release, resident

        release()
        whole = resident() + int(needed)
        if whole > self.memory:
            least = f"{(whole >> 20) + 1}M"
            raise Refused(
                f"--memory: {doing} needs about {whole >> 20:,} MiB, and there are "
                f"{self.memory >> 20:,}",
                instead={"--memory": least},
            )

    def only(self, *names: str) -> None:
        """Refuse what a command can make nothing of: all that is not among these names."""
        for name, reason in _NOT_HERE.items():
            if name not in names and getattr(self, name) is not None:
                misused(f"--{name}", reason)
        if self.strict and "strict" not in names and self.job is None:
            misused("--strict", "is of a job: add --job FOLDER")
