"""``venire audit``: what is odd about a file of comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from venire._core.version import version
from venire.cli import _options as opt
from venire.cli._command import Command, option
from venire.cli._means import Means
from venire.cli._options import MODEL
from venire.cli._progress import Steps
from venire.cli._report import Report
from venire.cli._taken import with_taken
from venire.data.recognition import Given
from venire.diagnostics import audit, glance
from venire.ratings.fit import Fit

__all__ = ["Audit", "oddities"]


_UNFOLDED = 1 << 30  # the terminal folds


@dataclass(frozen=True, kw_only=True)
class Audit(Command):
    """Say what is odd about a file of comparisons, and what to do about it.

    Columns that no option names are found by their names and by what stands in them.

    Rows are counted from 1, the header not counted.

    Exit code 0: done; 1: the data, or a grave finding with --strict; 2: usage.
    """

    file: opt.Source
    columns: Given = opt.comparisons(without=("group", "half_life", "at"))
    order_effect: bool = option(False, "That being first helps is known and fitted.", MODEL)
    n_threads: int | None = opt.threads()
    means: Means
    output: Path | None = opt.output("Write the findings: FORMATS.")
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        self.means.only("memory", "strict")

    def do(self, steps: Steps) -> Report:
        """Read all columns, and look."""
        with steps(f"auditing {self.file}"):
            found = audit(
                self.file.opened(), order_effect=self.order_effect, memory=self.means.memory,
                n_threads=self.n_threads,
                progress=steps.rows, **self.columns.named,
            )  # fmt: skip
        facts = {
            "venire": version(),
            "file": str(self.file),
            "n_comparisons": found.n_comparisons,
            "n_items": found.n_items,
            "grave": len(found.grave),
            "findings": [_document(f) for f in found],
        }
        failure = ""
        if self.means.strict and found.grave:
            failure = f"{self.file}: {len(found.grave):,} grave: " + ", ".join(
                dict.fromkeys(f.name for f in found.grave)
            )
        report = Report(
            found.summary(_UNFOLDED).split("\n"),
            facts=facts,
            files={"output": found.columns()},
            failure=failure,
        )
        return with_taken(report, self.file, found.taken)


def _document(finding: object) -> dict[str, object]:
    """A finding for JSON; numbers that are not finite are null."""
    return {name: _plain(value) for name, value in vars(finding).items()}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def oddities(fit: Fit, order_effect: bool, most: int = 2) -> list[str]:
    """The gravest of what a quick look finds odd, for the notes of a fit."""
    odd = [f for f in glance(fit, order_effect=order_effect).odd if f.name not in _SAID]
    return [f"{f} (venire audit says more)" for f in odd[:most]]


# What a fit says of its graph by itself, where it matters.
_SAID = ("components", "never compared", "undefeated", "winless", "one way", "single opponent")
