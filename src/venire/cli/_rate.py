"""``venire rate``: judges' votes over prompts, ratings of models."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from venire import io
from venire._core.checks import BadTypeError, BadValueError
from venire._core.version import version
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, misused, option
from venire.cli._fit import hence, told
from venire.cli._means import Means
from venire.cli._options import MODEL, OUT, prior_of
from venire.cli._progress import Steps
from venire.cli._ranked import ranked_votes
from venire.cli._report import (
    COUNTED,
    TABLE,
    Grid,
    Picture,
    Report,
    cells,
    measured,
    number,
    ranged,
)
from venire.cli._taken import with_taken
from venire.cli._weighing import Weighing
from venire.data.columns import VoteColumns
from venire.data.rankings.columns import GivenRankings
from venire.data.recognition import Given
from venire.data.taken import Taken
from venire.errors import ConvergenceWarning, NotIdentifiedError, NotIdentifiedWarning
from venire.io.choosing import chosen_in
from venire.models import DEFAULT, HALF_TIES
from venire.priors import EVIDENCE, GaussianPrior
from venire.targets import rate

if TYPE_CHECKING:
    from venire.data.votes import Votes
    from venire.targets import Rated

__all__ = ["Rate"]

_OF_CELL, _FIXED = 220, 24 << 20  # bytes that it takes for a judgment, and beside

_DRAWN = ("standard_error", "lower", "upper")

Tables = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rate(Command):
    """Rate models by the votes of judges over many prompts.

    Columns that no option names are found by their names and by what stands in them.

    Errors and intervals are by prompt: of what the same judges would say on other prompts.

    Exit code 0: done; 1: the data (the message names file, row and column); 2: usage.
    """

    job_of = "rate"
    file: opt.Source
    columns: Given = opt.votes(without=("pair",))
    rankings: GivenRankings = opt.rankings()
    weighing: Weighing
    model: str = option(DEFAULT, None, MODEL, choices=HALF_TIES)
    prior: str = opt.auto_prior("votes")
    n_threads: int | None = opt.threads()
    means: Means
    n_resamples: int | None = option(
        None, "Errors and intervals from N replicates that draw prompts.", MODEL, "--bootstrap",
        min=2, metavar="N",
    )  # fmt: skip
    seed: int = option(0, "Of the bootstrap's draws.", MODEL, min=0)
    level: float = opt.level()
    shown: opt.Shown
    top: int = option(20, "Models to print, of each category, and judges.", OUT, min=0)
    errors: str = opt.errors("by prompt", "as if votes were independent", "robust")
    output: Path | None = opt.output("Write all ratings: FORMATS.")
    teachers: Path | None = option(
        None, "Write the table of judges, in the same formats.", OUT, place=TABLE
    )
    plot: Path | None = opt.plot("the ratings, categories and judges")
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        resampled = self.n_resamples is not None
        apart = ("workers", "scheduler", "job")
        self.means.only(*(apart if resampled or not self.rankings else ()),
                        *(() if self.rankings else ("memory",)))  # fmt: skip
        if self.columns.is_complete:
            self.weighing.check(self.columns.gold)
        if self.n_resamples is not None and self.errors != "robust":
            misused("--errors", "--bootstrap has errors of its own")
        opt.check_plot(self.plot, self.errors)

    def do(self, steps: Steps) -> Report:
        """Read, rate, and look at the judges."""
        rated, notes, taken = self.rated(steps)
        rated = rated.rescale(**self.shown.among(rated.items))
        with steps("errors"):
            table = self._table(rated, steps)
            teachers = rated.teachers_frame("dict", level=self.level)
        notes += [notice.text for notice in rated.warnings]
        facts = self._facts(rated)
        tables = {"ratings": table, "teachers": teachers}
        said = self._said(rated, facts, table, teachers)
        picture = Picture(rated, {"level": self.level, "errors": self.errors})
        files = {"output": table, "teachers": teachers, "plot": picture}
        report = Report(said, notes, facts, tables, files)
        return with_taken(report, self.file, taken)

    def rated(self, steps: Steps) -> tuple[Rated, list[str], Taken | None]:
        """The ratings of the file, what to know of them, and how it was read."""
        with steps(f"reading {self.file}"):
            votes, gold, taken = steps.work.read(self.file, lambda one: self._read(one, steps))
        self.means.require(_OF_CELL * votes.n_cells + _FIXED, "rating")
        with steps("rating"), warnings.catch_warnings():
            for kind in (ConvergenceWarning, NotIdentifiedWarning):  # among the notices
                warnings.simplefilter("ignore", kind)
            try:
                return *self._rated(votes, gold), taken
            except (BadValueError, BadTypeError) as error:
                raise Refused(f"{self.file}: {error}") from None

    def _read(self, scanner: io.Scanner, steps: Steps) -> tuple[Votes, Any, Taken | None]:
        """Votes, gold if there is any, and how they were read."""
        how: dict[str, Any] = {"n_threads": self.n_threads, "progress": steps.rows}
        if self.rankings:
            if self.columns.group is None:
                misused("--group", "names the column of prompts")
            ranked = ranked_votes(scanner, self.columns, self.rankings, **how)
            return ranked, None, ranked.taken
        chosen = chosen_in(scanner, VoteColumns, None, self.columns.named, grouped=True)
        columns = chosen.columns
        self.weighing.check(columns.gold)
        strength = self.weighing.strength
        how |= {"strength": strength, "memory": self.means.memory, "as_shown": True}
        votes, gold = io.read_votes(scanner, columns, executor=steps.work.executor, **how)
        gold = self.weighing.known(votes, gold)
        return votes, gold, None if votes.taken is None else chosen.said(votes.taken)

    def _rated(self, votes: Any, gold: Any) -> tuple[Rated, list[str]]:
        """With the prior that was asked for; "auto": what the data want, where none won't do."""

        def once(prior: GaussianPrior | None) -> Rated:
            return rate(
                votes,
                model=self.model,
                prior=prior,
                gold=gold,
                **self.weighing.how,
                n_threads=self.n_threads,
            )

        try:
            rated = once(prior_of(self.prior))
            bad = 0 if rated.by is None else int((~np.isfinite(rated.by.residual)).sum())
            if self.prior != "auto" or not bad:
                return rated, told(rated.fit)
            why = f"{bad:,} categories have no finite fit"
        except NotIdentifiedError as error:
            if self.prior != "auto":
                cure = {"--prior": EVIDENCE} if self.prior == "none" else {}
                raise Refused(f"{self.file}: {error}", instead=cure) from None
            why = str(error).rstrip(".")
        rated = once(prior_of(EVIDENCE))
        return rated, [hence(f"{why}.", rated.fit), *told(rated.fit)]

    def _table(self, rated: Rated, steps: Steps) -> Tables:
        """All models, best first, in the unit that was asked for."""
        table = rated.to_frame("dict", level=self.level, errors=opt.errors_of(self.errors))
        if self.n_resamples is not None:
            table |= self._drawn(rated, steps)
        n = len(table["item"])
        block = np.zeros(n, np.int64)
        if "category" in table:
            place = {label: k for k, label in enumerate(dict.fromkeys(table["category"].tolist()))}
            block = np.array([place[label] for label in table["category"].tolist()])
        part = table.get("component", block)
        order = np.lexsort((-table[rated.fit.rating], part, ~table["determined"], block))
        return {name: column[order] for name, column in table.items()}

    def _drawn(self, rated: Rated, steps: Steps) -> Tables:
        """Errors and intervals of the bootstrap, of all and of each category."""
        columns: dict[str, list[Any]] = {name: [] for name in _DRAWN}
        parts = [rated, *(rated[label] for label in rated.categories.tolist())]
        how = {"rng": self.seed, "n_threads": self.n_threads, "executor": steps.work.executor}
        for part in parts:
            try:
                b = part.bootstrap(self.n_resamples or 2, **how)
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
        prior = "" if f["prior"] is None else f", prior GaussianPrior({f['prior']:.4g})"
        said: list[str | Grid] = [
            f"{f['n_votes']:,} votes of {f['n_judges']:,} judges over {f['n_prompts']:,} prompts, "
            f"combined by {f['method']}: {f['n_comparisons']:,.0f} effective votes",
            f"{f['model']}{prior} of {f['n_models']:,} models; errors {how[f['errors']]}",
        ]
        if f["unit"]["anchor"] is not None:
            said.append(opt.anchored(f["unit"]))
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
    columns = {
        "judge": cells("{}", t["teacher"]),
        "judged": cells("{:,}", t["n_judgments"]),
        "weight": cells("{:.2f}", t["weight"]),
        "agreement with panel": ranged(t, "agreement"),
        "position bias": ranged(t, "position_bias", "position", "{:+.2f}"),
    }
    if "accuracy" in t:
        columns |= measured(t)
    return Grid(
        columns, ["judge"], spare=("judged", "by the model", COUNTED, "agreement with panel")
    )
