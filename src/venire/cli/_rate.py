"""``venire rate``: judges' votes over prompts, ratings of models."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from venire import io
from venire._core.checks import BadTypeError, BadValueError
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, block, misused, option
from venire.cli._fit import WEAK_PRECISION
from venire.cli._options import MODEL, OUT, VOTES, prior_of
from venire.cli._progress import Steps
from venire.cli._report import TABLE, Grid, Report, number
from venire.cli._taken import with_taken
from venire.cli._version import version
from venire.data.columns import VoteColumns
from venire.data.recognition import Given
from venire.errors import ConvergenceWarning, NotIdentifiedError, NotIdentifiedWarning
from venire.io.choosing import chosen_in
from venire.models import DEFAULT, HALF_TIES
from venire.panel import METHODS
from venire.priors import GaussianPrior
from venire.targets import rate

if TYPE_CHECKING:
    from venire.targets import Rated

__all__ = ["Rate"]

_METHOD = "Judges"
_DRAWN = ("standard_error", "lower", "upper")

Tables = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rate(Command):
    """Rate models by the votes of judges over many prompts.

    Errors and intervals are by prompt: of what the same judges would say on other prompts.

    Exit code 0: done; 1: the data (the message names file, row and column); 2: usage.
    """

    file: opt.Source
    columns: Given = block(
        of=VoteColumns,
        without=("pair",),
        typed={
            "vote": (list[str] | None, {}),
            "mapping": opt.MEANINGS,
            "probabilities": opt.THREE,
            "swapped": (str | None, {}),
        },
    )
    strength: float = option(
        1.0, "Votes that a row of probabilities is worth.", VOTES, callback=opt.POSITIVE
    )
    method: str = option(
        "reliability",
        "How judges are weighed. The last one learns from --gold.",
        _METHOD,
        choices=tuple(METHODS),
    )
    use_gold: bool = option(
        False,
        "Hold the votes to the gold, or keep it to judge the judges (default, but for stacked).",
        _METHOD,
        "--use-gold/--keep-gold",
    )
    rho: float | None = option(
        None, "Correlation of the judges' errors. Default: from --gold, else 0.3.", _METHOD,
        callback=opt.SHARE,
    )  # fmt: skip
    model: str = option(DEFAULT, None, MODEL, choices=HALF_TIES)
    prior: str = opt.prior(
        "auto",
        "auto: none if the votes determine a fit, else 0.01, which is said. none: refuse instead.",
        "auto",
        "none",
    )
    n_resamples: int | None = option(
        None, "Errors and intervals from N replicates that draw prompts.", MODEL, "--bootstrap",
        min=2, metavar="N",
    )  # fmt: skip
    seed: int = option(0, "Of the bootstrap's draws.", MODEL, min=0)
    n_threads: int | None = opt.threads()
    errors: Literal["robust", "fisher", "none"] = option(
        "robust", "By prompt, as if votes were independent, or none.", OUT
    )
    level: float = opt.level()
    shown: opt.Shown
    top: int = option(20, "Models to print, of each category, and judges.", OUT, min=0)
    output: Path | None = opt.output("Write all ratings: FORMATS.")
    teachers: Path | None = option(
        None, "Write the table of judges, in the same formats.", OUT, place=TABLE
    )
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        if self.method == "stacked" and self.columns.is_complete and self.columns.gold is None:
            misused("--method stacked", "learns from --gold")
        if self.n_resamples is not None and self.errors != "robust":
            misused("--errors", "--bootstrap has errors of its own")

    def do(self, steps: Steps) -> Report:
        """Read, rate, and look at the judges."""
        with steps(f"reading {self.file}"):
            scanner = self.file.opened()
            chosen = chosen_in(scanner, VoteColumns, None, self.columns.named, grouped=True)
            columns = chosen.columns
            if self.method == "stacked" and columns.gold is None:
                misused("--method stacked", "learns from --gold")
            votes, gold = io.read_votes(
                scanner,
                columns,
                strength=self.strength,
                n_threads=self.n_threads,
                progress=steps.rows,
                as_shown=True,
            )
            taken = None if votes.taken is None else chosen.said(votes.taken)
        with steps("rating"), warnings.catch_warnings():
            for kind in (ConvergenceWarning, NotIdentifiedWarning):  # among the notices
                warnings.simplefilter("ignore", kind)
            try:
                rated, notes = self._rated(votes, gold)
            except (BadValueError, BadTypeError) as error:
                raise Refused(f"{self.file}: {error}") from None
        rated = rated.rescale(**self.shown.among(rated.items))
        with steps("errors"):
            table = self._table(rated)
            teachers = rated.teachers_frame("dict", level=self.level)
        notes += [notice.text for notice in rated.warnings]
        facts = self._facts(rated)
        tables = {"ratings": table, "teachers": teachers}
        said = self._said(rated, facts, table, teachers)
        report = Report(said, notes, facts, tables, {"output": table, "teachers": teachers})
        return with_taken(report, self.file, taken)

    def _rated(self, votes: Any, gold: Any) -> tuple[Rated, list[str]]:
        """With the prior that was asked for; "auto": a weak one only where none will do."""

        def once(prior: GaussianPrior | None) -> Rated:
            return rate(
                votes,
                method=self.method,
                model=self.model,
                prior=prior,
                gold=gold,
                hold_to_gold=self.use_gold or self.method == "stacked",
                rho=self.rho,
                n_threads=self.n_threads,
            )

        try:
            rated = once(prior_of(self.prior))
            bad = 0 if rated.by is None else int((~np.isfinite(rated.by.residual)).sum())
            if self.prior != "auto" or not bad:
                return rated, []
            why = f"{bad:,} categories have no finite fit"
        except NotIdentifiedError as error:
            if self.prior != "auto":
                cure = {"--prior": str(WEAK_PRECISION)} if self.prior == "none" else {}
                raise Refused(f"{self.file}: {error}", instead=cure) from None
            why = str(error).rstrip(".")
        note = (
            f"{why}. Hence the weak prior GaussianPrior({WEAK_PRECISION}) was used (--prior none "
            "refuses instead, --prior FLOAT sets another precision)."
        )
        return once(GaussianPrior(WEAK_PRECISION)), [note]

    def _table(self, rated: Rated) -> Tables:
        """All models, best first, in the unit that was asked for."""
        errors = None if self.errors == "none" else self.errors
        table = rated.to_frame("dict", level=self.level, errors=errors)
        if self.n_resamples is not None:
            table |= self._drawn(rated)
        n = len(table["item"])
        block = np.zeros(n, np.int64)
        if "category" in table:
            place = {label: k for k, label in enumerate(dict.fromkeys(table["category"].tolist()))}
            block = np.array([place[label] for label in table["category"].tolist()])
        part = table.get("component", block)
        order = np.lexsort((-table[rated.fit.rating], part, ~table["determined"], block))
        return {name: column[order] for name, column in table.items()}

    def _drawn(self, rated: Rated) -> Tables:
        """Errors and intervals of the bootstrap, of all and of each category."""
        columns: dict[str, list[Any]] = {name: [] for name in _DRAWN}
        parts = [rated, *(rated[label] for label in rated.categories.tolist())]
        for part in parts:
            try:
                b = part.bootstrap(self.n_resamples or 2, rng=self.seed, n_threads=self.n_threads)
                lower, upper = b.interval(self.level).T
                found = (b.standard_errors(), lower, upper)
            except ValueError as error:
                raise Refused(f"--bootstrap: {error}") from None
            for name, column in zip(columns, found, strict=True):
                columns[name].append(column)
        return {name: np.concatenate(found) for name, found in columns.items()}

    def _facts(self, rated: Rated) -> dict[str, Any]:
        q, fit = rated.consensus, rated.fit
        return {
            "venire": version(),
            "file": str(self.file),
            "model": fit.model,
            "method": q.method,
            "prior": None if fit.prior is None else fit.prior.precision,
            "unit": fit.display.facts(),
            "n_votes": q.votes.n_votes,
            "n_models": len(rated.items),
            "n_prompts": rated.n_clusters,
            "n_judges": len(rated.teachers),
            "n_comparisons": fit.n_comparisons,
            "n_categories": len(rated.categories),
            "rho": q.rho,
            "rho_source": q.rho_source,
            "disputed": q.disputed,
            "converged": bool(fit.converged),
            "residual": number(fit.residual),
            "errors": "bootstrap" if self.n_resamples is not None else self.errors,
            "level": self.level,
            "warnings": [notice._asdict() for notice in rated.warnings],
        }

    # ---- for people ---------------------------------------------------------------------------

    def _said(
        self, rated: Rated, f: dict[str, Any], table: Tables, teachers: Tables
    ) -> list[str | Grid]:
        how = {
            "robust": "by prompt",
            "fisher": "as if votes were independent",
            "none": "left out",
            "bootstrap": f"from {self.n_resamples} replicates that draw prompts, seed {self.seed}",
        }
        prior = "" if f["prior"] is None else f", prior GaussianPrior({f['prior']:g})"
        said: list[str | Grid] = [
            f"{f['n_votes']:,} votes of {f['n_judges']:,} judges over {f['n_prompts']:,} prompts, "
            f"combined by {f['method']}: {f['n_comparisons']:,.0f} effective votes",
            f"{f['model']}{prior} of {f['n_models']:,} models; errors {how[f['errors']]}",
        ]
        if (unit := rated.fit.display).anchor is not None:
            said.append(f"{unit.words}; errors and intervals are of differences from it")
        if self.top > 0:
            shown, rest = self._shown(rated, table)
            said.append(shown)
            if rest:
                said.append(f"and {rest:,} more rows; -o FILE writes all")
            said.append(_judges({name: x[: self.top] for name, x in teachers.items()}))
            if len(teachers["teacher"]) > self.top:
                more = len(teachers["teacher"]) - self.top
                said.append(f"and {more:,} more judges; --teachers FILE writes all")
            if np.isfinite(teachers["position_bias"]).any() and self.columns.swapped is None:
                said.append(
                    "position bias: the first of a row was taken to be shown first (--swapped)"
                )
        return said

    def _shown(self, rated: Rated, table: Tables) -> tuple[Grid, int]:
        """The first models of each category, and the number of rows left out."""
        keep = np.arange(len(table["item"])) < self.top
        if "category" in table:
            labels = np.asarray(table["category"])
            new = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]]))
            start = np.repeat(new, np.diff(np.append(new, len(labels))))
            keep = np.arange(len(labels)) - start < self.top
        rows = {name: np.ma.asarray(column)[keep].tolist() for name, column in table.items()}
        display, rating = rated.fit.display, rated.fit.rating

        def numbers(name: str) -> list[str]:
            return ["-" if x is None or x != x else f"{x:z.{display.digits}f}" for x in rows[name]]

        columns = {} if "category" not in rows else {"category": rows["category"]}
        columns["rank"] = [str(x) if x else "-" for x in rows["rank"]]
        columns["model"] = [str(x) for x in rows["item"]]
        columns["estimate" if rating == "theta" else display.name] = numbers(rating)
        if "standard_error" in rows:
            columns["SE"] = numbers("standard_error")
            bounds = zip(numbers("lower"), numbers("upper"), strict=True)
            columns[f"{self.level:.4g} interval"] = [f"{a} .. {b}" for a, b in bounds]
        columns["votes"] = [f"{x:,.0f}" for x in rows["n_comparisons"]]
        columns["prompts"] = [f"{x:,}" for x in rows["n_prompts"]]
        spare = ("votes", "prompts", "SE", f"{self.level:.4g} interval")
        return Grid(columns, ["category", "model"], spare=spare), int((~keep).sum())


def _judges(t: Tables) -> Grid:
    """The judges, the heaviest first."""

    def ranged(form: str, name: str, low: str, high: str) -> list[str]:
        rows = zip(*(t[x].tolist() for x in (name, low, high)), strict=True)
        return ["-" if x[0] != x[0] else form.format(*x) for x in rows]

    columns = {
        "judge": [str(x) for x in t["teacher"].tolist()],
        "judged": [f"{x:,}" for x in t["n_judgments"].tolist()],
        "weight": [f"{x:.2f}" for x in t["weight"].tolist()],
        "agreement with panel": ranged(
            "{:.2f} ({:.2f} .. {:.2f})", "agreement", "agreement_lower", "agreement_upper"
        ),
        "position bias": ranged(
            "{:+.2f} ({:.2f} .. {:.2f})", "position_bias", "position_lower", "position_upper"
        ),
    }
    if "accuracy" in t:
        columns["accuracy"] = ranged(
            "{:.2f} ({:.2f} .. {:.2f})", "accuracy", "accuracy_lower", "accuracy_upper"
        )
    return Grid(columns, ["judge"], spare=("judged", "accuracy", "agreement with panel"))
