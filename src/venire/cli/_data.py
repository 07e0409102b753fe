"""``venire data``: the files of the examples, from the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venire._core import disk
from venire._core.failing import BadInput
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, argument, misused, option
from venire.cli._options import OUT
from venire.cli._progress import Steps
from venire.cli._report import Grid, Report
from venire.datasets import DataSet, describe, names

__all__ = ["Data"]


@dataclass(frozen=True, kw_only=True)
class Data(Command):
    """List the data sets that come with the package, or write some of them as CSV files.

    Each is of one sort of data that the package takes, and has a command that reads it.

    Exit code 0: done; 1: a file that is there, or cannot be written; 2: usage.
    """

    sets: list[str] | None = argument("NAME", "Which. Default: list them.", default=None)
    output: Path = option(Path(), "Folder to write to.", OUT, "-o", "--output", metavar="FOLDER")
    overwrite: bool = option(False, "Replace files that are there.", OUT)
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        for name in self.sets or ():
            try:
                describe(name)
            except BadInput as error:
                misused("NAME", f"{name!r} {error.reason}; {error.cure}")

    def do(self, steps: Steps) -> Report:
        """List them, or write."""
        chosen = [describe(name) for name in dict.fromkeys(self.sets or names())]
        if not self.sets:
            columns = {
                "name": [d.name for d in chosen],
                "rows": [f"{d.n_rows:,}" for d in chosen],
                "what": [d.description for d in chosen],
                "source": [d.source.partition(",")[0] for d in chosen],
            }
            grid = Grid(columns, ["name", "what", "source"])
            said: list[str | Grid] = [grid, "venire data NAME writes NAME.csv"]
            return Report(said, tables={"datasets": _table(chosen)})
        if not self.output.is_dir():
            raise Refused(f"-o: there is no folder {self.output}")
        places = {d: self.output / f"{d.name}.csv" for d in chosen}
        there = [str(p) for d, p in places.items() if p.exists() and not _same(d.path, p)]
        if there and not self.overwrite:
            some = f"{', '.join(there)}: there already, and not the same"
            raise Refused(f"{some}; --overwrite replaces it", instead={"--overwrite": ""})
        for one, place in places.items():
            disk.check_writable(place)
            with steps(f"writing {place}"), disk.whole(place) as part:
                Path(part).write_bytes(one.path.read_bytes())
        lines = [line for d, place in places.items() for line in _said(d, place)]
        written = {**_table(chosen), "file": [str(place) for place in places.values()]}
        return Report(lines, tables={"datasets": written})


def _same(one: Path, other: Path) -> bool:
    """Whether a file is there as it would be written."""
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _said(one: DataSet, place: Path) -> list[str]:
    return [f"{place}: {one.n_rows:,} rows, {one.description}", f"try: {one.command}"]


def _table(chosen: list[DataSet]) -> dict[str, list[Any]]:
    """The rows for JSON."""
    keys = ("name", "n_rows", "holds", "description", "source", "command")
    return {key: [getattr(d, key) for d in chosen] for key in keys}
