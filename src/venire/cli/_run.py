"""``venire fit``: read, fit, report; every failure that is the user's to mend is a message."""

from __future__ import annotations

import shlex
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from rich.console import Console

from venire import io
from venire.cli import _bootstrap
from venire.cli._errors import Refused
from venire.cli._progress import Steps, progress
from venire.data.columns import Columns
from venire.errors import NotIdentifiedError, NotIdentifiedWarning
from venire.priors import GaussianPrior

if TYPE_CHECKING:
    from venire.data.comparisons import Comparisons
    from venire.ratings.fit import Fit
    from venire.resampling import Bootstrap

__all__ = ["Options", "Outcome", "run"]

WEAK_PRECISION = 0.01  # standard deviation 10 on the scale of theta: odds of 22,000 to 1
_EXAMPLES = 5


@dataclass(frozen=True)
class Options:
    """What the user asked for, checked as far as it can be without the data."""

    file: Path
    first: str
    second: str
    columns: dict[str, Any]
    mapping: dict[str, str] | None
    model: str
    order_effect: bool
    prior: float | Literal["auto", "none"]
    components: str
    method: str
    tol: float
    max_iter: int | None
    threads: int | None
    bootstrap: int | None
    bootstrap_scheme: str
    seed: int
    level: float
    scale: str | None
    top: int
    errors: bool
    output: Path | None
    json: bool
    quiet: bool
    command: list[str]


@dataclass(frozen=True)
class Outcome:
    """A fit and what is to be said about it."""

    fit: Fit
    prior_reason: str  # "", "asked for", "no finite fit without it"
    notes: list[str] = field(default_factory=list)
    determined: np.ndarray | None = None  # where only the prior keeps some ratings finite
    bootstrap: Bootstrap | None = None


def run(options: Options) -> int:
    """Do it; returns the exit code."""
    stderr = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        if options.output is not None:
            io.check_writable(options.output)
        with progress(stderr, options.quiet, estimate=options.bootstrap is not None) as steps:
            comparisons = _read(options, steps)
            outcome = _fit(options, comparisons, steps)
            if options.bootstrap is not None:
                outcome = _bootstrap.add(options, outcome, steps)
            from venire.cli import _report

            with steps("standard errors" if options.errors else "ratings"):
                report = _report.make(options, outcome)
            if options.output is not None:
                with steps(f"writing {options.output}"):
                    io.write_table(report.table, options.output, metadata=report.metadata())
        for note in report.notes:
            stderr.print(f"venire: {note}", markup=False)
        if options.json:
            report.print_json(sys.stdout)
        elif not options.quiet:
            report.print_table()
    except (io.DataError, Refused) as error:
        stderr.print(f"venire: {error}", markup=False)
        return getattr(error, "code", 1)
    except MemoryError as error:
        stderr.print(f"venire: not enough memory: {error}", markup=False)
        return 1
    except KeyboardInterrupt:
        stderr.print("venire: interrupted", markup=False)
        return 130
    return 0


def _read(options: Options, steps: Steps) -> Comparisons:
    with steps(f"reading {options.file}"):
        try:
            return io.read_comparisons(
                options.file,
                Columns(
                    first=options.first,
                    second=options.second,
                    mapping=options.mapping,
                    **options.columns,
                ),
                n_threads=options.threads,
                progress=steps.rows,
            )
        except io.DataError:
            raise
        except (ValueError, TypeError) as error:
            raise Refused(f"{options.file}: {error}", 1) from None


def _fit(options: Options, comparisons: Comparisons, steps: Steps) -> Outcome:
    """Fit with the prior that was asked for; "auto" takes a weak one only where none will do."""
    precision = options.prior if isinstance(options.prior, float) else None
    try:
        with steps("fitting"):
            fit, notes = _one_fit(options, comparisons, precision, steps)
        return Outcome(fit, "" if precision is None else "asked for", notes)
    except NotIdentifiedError as error:
        if options.prior != "auto" or options.method == "mm":  # mm knows no prior
            raise Refused(_no_fit(options, error), 1) from None
        problem = error
    try:
        with steps("fitting with a weak prior"):
            fit, notes = _one_fit(options, comparisons, WEAK_PRECISION, steps)
    except NotIdentifiedError as error:  # what is at fault is no strength: the prior is no cure
        raise Refused(f"{options.file}: {error}", 1) from None
    determined, about = _determined(comparisons)
    note = (
        f"{_why(problem)} Hence the weak prior GaussianPrior({WEAK_PRECISION}) was used (--prior "
        f"none refuses instead, --prior FLOAT sets another precision). {about}"
    )
    return Outcome(fit, "no finite fit without it", [note, *notes], determined)


def _determined(comparisons: Comparisons) -> tuple[np.ndarray | None, str]:
    """Which items form the main group, whose ratings the data determine; and what to say of it.

    None where no group of items that beat each other holds at least half of them, or one all.
    """
    labels, sizes = comparisons.components("strong")
    inside = labels == np.argmax(sizes)
    others = [str(label) for label in comparisons.items[~inside][: _EXAMPLES + 1]]
    if inside.all():
        return None, "It bounds what the data leave open: see the intervals."
    if 2 * inside.sum() < len(inside) or inside.sum() < 2:
        return None, "It decides how far the groups lie apart: see the intervals."
    names = ", ".join(others[:_EXAMPLES]) + (", ..." if len(others) > _EXAMPLES else "")
    return inside, (
        f"The {inside.sum():,} items of the largest group are ranked; what the prior adds to them "
        f"is small. The other {(~inside).sum():,} ({names}) owe a finite rating to the prior: they "
        "have no rank, come last, and are marked 'determined' = false in the output."
    )


def _one_fit(
    options: Options, comparisons: Comparisons, precision: float | None, steps: Steps
) -> tuple[Fit, list[str]]:
    from venire.ratings import fit_model

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit = fit_model(
                comparisons,
                model=options.model,
                prior=None if precision is None else GaussianPrior(precision),
                order_effect=options.order_effect,
                method=options.method,
                tol=options.tol,
                max_iter=options.max_iter,
                n_threads=options.threads,
                progress=steps.iteration,
                components=options.components,
            )
        except NotIdentifiedError:
            raise
        except ValueError as error:  # options that do not go together
            raise Refused(str(error), 2) from None
    told = NotIdentifiedWarning  # the report names the components itself
    notes = [str(w.message) for w in caught if not issubclass(w.category, told)]
    return fit, notes


def _why(error: NotIdentifiedError) -> str:
    """Why there is no maximum-likelihood fit, with examples."""
    found = []
    for kind, what in (
        ("undefeated", "never lost"),
        ("winless", "never won"),
        ("isolated", "met nobody"),
    ):
        labels = getattr(error, kind)
        if labels:
            some = ", ".join(str(label) for label in labels[:_EXAMPLES])
            found.append(f"{some}{', ...' if len(labels) > _EXAMPLES else ''} {what}")
    if not found or error.n_components < 2:
        return str(error).rstrip(".") + "."
    return (
        f"there is no finite maximum-likelihood fit: only within each of {error.n_components:,} "
        f"groups did every item beat every other, directly or in a chain ({'; '.join(found)})."
    )


def _no_fit(options: Options, error: NotIdentifiedError) -> str:
    message = f"{options.file}: {error}"
    if isinstance(options.prior, float):
        return message
    command = list(options.command)
    for flag in ("--prior", *(["--method"] if options.method == "mm" else [])):
        command = [part for part in command if not part.startswith(f"{flag}=")]
        if flag in command:
            at = command.index(flag)
            del command[at : at + 2]
    return f"{message}\ntry: {shlex.join([*command, '--prior', str(WEAK_PRECISION)])}"
