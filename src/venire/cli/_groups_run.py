"""``venire groups``: do it, and say what came of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from venire import io
from venire._native.grouped import STATUSES
from venire.batch import GroupsSummary, Replicates, fit_files
from venire.cli._progress import Steps, progress
from venire.data.columns import Columns
from venire.errors import NotIdentifiedError
from venire.priors import GaussianPrior

__all__ = ["Options", "run"]


@dataclass(frozen=True)
class Options:
    """What the user asked for, checked as far as it can be without the data."""

    source: Path
    columns: Mapping[str, Any]
    mapping: dict[str, str] | None
    model: str
    order_effect: bool
    prior: float | None
    shared: bool
    tol: float
    max_iter: int | None
    threads: int | None
    memory: int
    workers: int | None
    scheduler: str | None
    scale: str | None
    errors: bool
    replicates: Replicates | None
    strict: bool
    output: Path | None
    quiet: bool


def run(options: Options) -> int:
    """Do it; returns the exit code."""
    stderr = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with progress(stderr, options.quiet, estimate=True) as steps, steps("reading"):
            done = _fit(options, steps)
    except (io.DataError, NotIdentifiedError) as error:
        stderr.print(f"venire: {error}", markup=False)
        return 1
    except ImportError as error:
        if options.workers is None and options.scheduler is None:
            raise
        stderr.print(f"venire: {error}", markup=False)
        return 1
    except (OSError, TimeoutError) as error:  # no such scheduler
        stderr.print(f"venire: {options.scheduler or options.source}: {error}", markup=False)
        return 1
    except ValueError as error:  # options that do not go together
        stderr.print(f"venire: {error}", markup=False)
        return 2
    except MemoryError as error:
        stderr.print(f"venire: not enough memory: {error}", markup=False)
        return 1
    except KeyboardInterrupt:
        stderr.print("venire: interrupted", markup=False)
        return 130
    for note in done.notes:
        stderr.print(f"venire: {note}.", markup=False)
    if not options.quiet:
        to = stderr if options.output is None else Console(highlight=False, soft_wrap=True)
        for line in _summary(options, done):
            to.print(line, markup=False)
    if options.strict and not done.converged:
        n_bad = done.n_groups - done.counts.get("converged", 0)
        stderr.print(
            f"venire: {n_bad:,} of {done.n_groups:,} groups have no converged fit, and --strict "
            "was given.",
            markup=False,
        )
        return 1
    return 0


def _fit(options: Options, steps: Steps) -> GroupsSummary:
    output: Any = options.output if options.output is not None else sys.stdout.buffer
    return fit_files(
        options.source,
        output,
        Columns(**options.columns, mapping=options.mapping),
        executor=options.scheduler or options.workers,
        memory=options.memory,
        n_threads=options.threads,
        progress=steps.stage,
        model=options.model,
        prior=None if options.prior is None else GaussianPrior(options.prior),
        order_effect=options.order_effect,
        shared=options.shared,
        tol=options.tol,
        max_iter=options.max_iter,
        errors="fisher" if options.errors else None,
        scale=options.scale,
        bootstrap=options.replicates,
    )


def _summary(options: Options, done: GroupsSummary) -> list[str]:
    prior = "no prior" if options.prior is None else f"prior GaussianPrior({options.prior:g})"
    lines = [
        f"{options.model}, {prior}: {done.n_groups:,} groups, {done.n_items:,} items, "
        f"{done.n_rows:,} rows in {done.seconds:.1f} s"
    ]
    width = max(len(f"{count:,}") for count in done.counts.values())
    for status in sorted(done.counts, key=lambda s: (STATUSES.index(s), s)):
        count, some = done.counts[status], ", ".join(map(str, done.examples[status]))
        more = ", ..." if count > len(done.examples[status]) else ""
        lines.append(f"{count:>{width + 2},} {status}: {some}{more}")
    return lines
