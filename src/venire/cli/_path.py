"""``venire path``: ratings over time from a file of dated comparisons."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import typer

from venire import io
from venire._core.remote import without_secrets
from venire._core.version import version
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, option
from venire.cli._fit import hence, why
from venire.cli._means import Means
from venire.cli._options import MODEL, OUT, prior_of
from venire.cli._progress import Steps
from venire.cli._report import Grid, Picture, Report, cells, number, parameter
from venire.cli._taken import with_taken
from venire.data.columns import Columns
from venire.data.recognition import Given, with_who_and_when
from venire.errors import ConvergenceWarning, NotIdentifiedError, NotIdentifiedWarning
from venire.io.choosing import chosen_in
from venire.priors import EVIDENCE, GaussianPrior
from venire.ratings import PathFit, fit_path
from venire.ratings.paths.periods import STEPS
from venire.scales import SCALES, Display

__all__ = ["Paths"]

_STEPS = f"{', '.join(STEPS)}, or a number of days"


def _step(text: str) -> Any:
    word = text.strip().lower()
    if word in STEPS:
        return word
    return _number(text, f"{text!r} is none of {_STEPS}", least=np.nextafter(0.0, 1.0))


def _walk(text: str) -> Any:
    word = text.strip().lower()
    reason = f"{text!r} is neither evidence nor a variance, as in 0.01"
    return word if word == EVIDENCE else _number(text, reason)


def _number(text: str, reason: str, least: float = 0.0) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not least <= value < np.inf:
        raise typer.BadParameter(reason)
    return value


@dataclass(frozen=True, kw_only=True)
class Paths(Command):
    """Rate the items of a file of dated comparisons in each month, year or week.

    All periods are fitted together: an item's rating moves from one to the next by a random walk.

    Columns that no option names are found by their names and by what stands in them.

    Exit code 0: done; 1: the data (the message names file, row and column, or says why no fit
    exists); 2: usage.
    """

    file: opt.Source
    columns: Given = opt.comparisons(without=("group", "cluster", "covariates", "half_life", "at"))
    step: Any = option("month", f"A period: {_STEPS}.", MODEL, metavar="STEP", parser=_step)
    walk: Any = option(
        EVIDENCE,
        "Variance of a rating's step from one period to the next; 0: one rating for all time. "
        "evidence: the one under which the comparisons are likeliest.",
        MODEL,
        metavar="evidence|FLOAT",
        parser=_walk,
    )
    model: opt.Model
    prior: str = opt.auto_prior()
    stopping: opt.Stopping
    means: Means
    level: float = opt.level()
    scale: str | None = option(
        None, "Unit of ratings, errors and intervals. Default: the model's own.", OUT,
        choices=SCALES,
    )  # fmt: skip
    top: int = option(20, "Rows to print.", OUT, min=0)
    output: Path | None = opt.output("Write the ratings of all periods: FORMATS.")
    plot: Path | None = opt.plot("the ratings over time")
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        self.means.only("workers", "scheduler")
        self.model.check(self.columns)

    def do(self, steps: Steps) -> Report:
        """Read, fit, and say where the items stand now."""
        scanner, named = self.file.opened(), dict(self.columns.named)
        if "date" not in named:
            chosen = with_who_and_when(chosen_in(scanner, Columns, None, named), scanner.sample)
            if chosen.columns.date is None:
                reason = "no column is called as dates are: name it with --date"
                raise Refused(f"{self.file}: {reason}")
            named["date"] = chosen.columns.date
        with steps(f"reading {self.file}"):
            comparisons = io.read_comparisons(
                scanner, executor=self.means.executor, n_threads=self.stopping.n_threads,
                progress=steps.rows, **named,
            )  # fmt: skip
        path, notes = self._fit(comparisons, steps)
        path = path.rescale(self.scale)
        with steps("standard errors"):
            report = self._report(path, notes)
        return with_taken(report, self.file, comparisons.taken)

    def _fit(self, comparisons: Any, steps: Steps) -> tuple[PathFit, list[str]]:
        """Fit with the prior that was asked for; "auto": by the evidence, where none won't do."""
        with steps("fitting"):
            try:
                return self._path(comparisons, prior_of(self.prior), steps)
            except NotIdentifiedError as error:
                if self.prior != "auto":
                    cure = {"--prior": EVIDENCE} if self.prior == "none" else {}
                    raise Refused(f"{self.file}: {error}", instead=cure) from None
                problem = error
        with steps("fitting with a prior"):
            try:
                path, notes = self._path(comparisons, prior_of(EVIDENCE), steps)
            except NotIdentifiedError as error:  # what is at fault is no strength
                raise Refused(f"{self.file}: {error}") from None
        return path, [hence(why(problem), path.static, "of first ratings "), *notes]

    def _path(
        self, comparisons: Any, prior: GaussianPrior | None, steps: Steps
    ) -> tuple[PathFit, list[str]]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            warnings.simplefilter("ignore", NotIdentifiedWarning)  # the report names components
            try:
                path = fit_path(
                    comparisons, step=self.step, walk=self.walk, prior=prior,
                    progress=steps.iteration, **vars(self.model), **vars(self.stopping),
                )  # fmt: skip
            except NotIdentifiedError:
                raise
            except ValueError as error:  # options that do not go together
                raise Refused(str(error), 2) from None
        return path, [str(one.message) for one in caught]

    def _report(self, path: PathFit, notes: list[str]) -> Report:
        summary = path.summary(self.level)
        latest = path.at(backend="dict", level=self.level)
        digits = Display(path.scale).digits
        form = f"{{:z.{digits}f}}"
        place = {label: k for k, label in enumerate(summary.columns["item"].tolist())}
        shown = {name: x[: self.top] for name, x in latest.items()}
        change = [
            float(summary.columns["change"][place[x]]) if x in place else np.nan
            for x in shown["item"].tolist()
        ]
        estimate = "estimate" if path.rating == "theta" else Display(path.scale).name
        grid = Grid(
            {
                "item": [str(x) for x in shown["item"].tolist()],
                estimate: cells(form, shown[path.rating]),
                "SE": cells(form, shown["standard_error"]),
                f"{self.level:.4g} interval": cells(
                    f"{form} .. {form}", shown["lower"], shown["upper"]
                ),
                "change": cells(form, np.array(change)),
                "since": shown["since"].tolist(),
            },
            ["item", "since"],
            spare=(f"{self.level:.4g} interval", "SE"),
        )
        said: list[str | Grid] = [*summary.header, *([grid] if self.top else [])]
        rest = len(latest["item"]) - self.top
        if rest > 0:
            where = f" in {without_secrets(self.output)}" if self.output else ""
            said.append(f"and {rest:,} more{where}")
        notes = [*notes, *path.notes]
        picture = Picture(path, {"level": self.level})
        return Report(
            said,
            notes,
            self._facts(path),
            {"ratings": latest},
            {"output": path.to_frame("dict", level=self.level), "plot": picture},
        )

    def _facts(self, path: PathFit) -> dict[str, Any]:
        own, found = path.parameter_errors(), path.evidence
        return {
            "venire": version(),
            "file": str(self.file),
            "model": path.model,
            "prior": None if path.prior is None else path.prior.precision,
            "evidence": None if path.static.evidence is None else path.static.evidence.to_dict(),
            "n_comparisons": path.static.n_comparisons,
            "n_items": len(path.items),
            "n_periods": len(path.periods),
            "step": path.step,
            "first_period": str(path.period_labels[0]),
            "last_period": str(path.period_labels[-1]),
            "walk": path.walk,
            "log_walk_sd": None if found is None else number(found.log_walk_sd),
            "walk_by": "asked for" if found is None else "evidence",
            "converged": bool(path.converged),
            "n_iter": int(path.n_iter),
            "residual": number(path.residual),
            "log_likelihood": number(path.log_likelihood),
            "order_effect": parameter(path.order_effect, own.order_effect),
            "tie": parameter(path.tie, own.tie),
            "unit": Display(path.scale).facts(),
            "level": self.level,
        }
