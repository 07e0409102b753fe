"""``venire bench``: functions of this package beside their twins and whatever peers are there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path
from typing import Any, Literal

from venire import bench, io
from venire._core import disk
from venire._core.checks import nearest
from venire._core.version import version
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, argument, misused, option
from venire.cli._options import OUT
from venire.cli._progress import Steps
from venire.cli._report import Grid, Picture, Report

__all__ = ["Bench"]

_WORK = "What is timed"
_FILES = ("bench.csv", "skipped.csv", "bench.svg")


@dataclass(frozen=True, kw_only=True)
class Bench(Command):
    """Time this package beside its twins in NumPy and plain Python, and whatever peers are there.

    Peers: scikit-learn, SciPy, statsmodels, choix, evalica, crowd-kit, arch, arena-rank; the extra
    [bench] brings them. Those that are not installed, or would need minutes, are said.

    Exit code 0: done; 1: an unwritable file; 2: usage.
    """

    workloads: list[str] | None = argument(
        "WORKLOAD", f"{', '.join(bench.WORKLOADS)}. Default: all.", default=None
    )
    size: Literal["quick", "full"] = option(
        "quick", "A minute for all, or the sizes that the package is made for.", _WORK
    )
    n_threads: int | None = opt.threads(_WORK)
    output: Path | None = option(
        None, f"Write {', '.join(_FILES[:-1])} and, with Matplotlib, {_FILES[-1]} to this folder.",
        OUT, "-o", "--output", metavar="FOLDER",
    )  # fmt: skip
    plot: Path | None = opt.plot("how many times our seconds the others take")
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        for name in self.workloads or ():
            if name not in bench.WORKLOADS:
                cure = nearest(name, bench.WORKLOADS) or ", ".join(bench.WORKLOADS)
                misused("WORKLOAD", f"{name!r} is none: {cure}")

    def do(self, steps: Steps) -> Report:
        """Ask everybody who is there."""
        if self.output is not None:
            if not self.output.is_dir():
                raise Refused(f"-o: there is no folder {self.output}")
            for name in _FILES:
                disk.check_writable(self.output / name)
        asked = count()
        with steps("timing"):
            found = bench.run(
                self.workloads, size=self.size, n_threads=self.n_threads,
                progress=lambda what, who: steps.stage(
                    "timing", next(asked), 0, f"times; now {who}, {what}"
                ),
            )  # fmt: skip
        tables = {"times": found.to_frame("dict"), "skipped": found.skipped_frame("dict")}
        notes = [] if self.output is None else self._written(found, tables)
        facts = {"venire": version(), "size": found.size, "n_threads": found.n_threads}
        return Report(_said(found), notes, facts, tables, {"plot": Picture(found)})

    def _written(self, found: bench.Benchmark, tables: dict[str, Any]) -> list[str]:
        """Write the folder; what should be known of that."""
        assert self.output is not None
        for name, table in zip(_FILES, tables.values(), strict=False):
            io.write_table(table, self.output / name)
        try:
            figure = found.plot().figure
        except ImportError as error:
            return [f"no {_FILES[-1]}: {error}"]
        with disk.whole(self.output / _FILES[-1]) as part:
            figure.savefig(part, format="svg", metadata={"Date": None})
        return []


def _said(found: bench.Benchmark) -> list[str | Grid]:
    columns: dict[str, list[str]] = {
        "function": [], "solver": [], "seconds": [], "times ours": [], "difference": [],
    }  # fmt: skip
    for (function, n, of), some in groupby(found.timed, lambda r: (r.function, r.n, r.of)):
        rows, size = list(some), f"{n:,} {of}"
        heads = [function, f"  {size}"] if len(rows) > 1 else [f"{function}: {size}"]
        for k, row in enumerate(rows):
            known = not math.isnan(row.difference)
            line = (
                heads[k] if k < len(heads) else "",
                row.solver,
                f"{row.seconds:.3g}{' *' if row.scaled else ''}",
                row.times,
                f"{row.difference:.0e}" if known else "-",
            )
            for name, cell in zip(columns, line, strict=True):
                columns[name].append(cell)
    said: list[str | Grid] = [
        f"{found.size} size; venire on {found.n_threads} threads, least time of some calls",
        Grid(columns, ["function", "solver"], spare=["difference"]),
    ]
    if any(row.scaled for row in found.timed):
        said.append("*: timed on a part, and scaled up")
    said.append("difference: from what venire returns; -: another estimate, or drawn at random")
    for why, skipped in groupby(sorted(found.skipped, key=lambda s: s.why), lambda s: s.why):
        names = ", ".join(dict.fromkeys(f"{s.solver} ({s.function}, {s.n:,})" for s in skipped))
        said.append(f"not asked, {why}: {names}")
    return said
