"""``venire report``: a file of comparisons or votes as a page to read and send around."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from venire import io
from venire._core.remote import without_secrets
from venire._core.version import version
from venire.cli import _options as opt
from venire.cli._command import MISSING, Command, Refused, misused, option
from venire.cli._fit import Fit
from venire.cli._means import Means
from venire.cli._options import OUT, prior_of
from venire.cli._progress import Steps
from venire.cli._rate import Rate
from venire.cli._report import PAGE, Report
from venire.cli._taken import with_taken
from venire.cli._weighing import Weighing
from venire.data.columns import Columns, VoteColumns
from venire.data.rankings.columns import GivenRankings
from venire.data.recognition import Given, role_of
from venire.data.taken import Taken
from venire.errors import ConvergenceWarning, NotIdentifiedWarning
from venire.io.choosing import chosen_in
from venire.priors import EVIDENCE

if TYPE_CHECKING:
    from venire.diagnostics import Audit

__all__ = ["ReportPage"]

_SHARED = tuple(f.name for f in fields(VoteColumns) if f.name in {g.name for g in fields(Columns)})


class Made(NamedTuple):
    """What goes on the page: results by the names of their tabs, and what to know of them."""

    results: Mapping[str, Any]
    notes: list[str]
    taken: Taken | None
    audited: Audit | bool = True


@dataclass(frozen=True, kw_only=True)
class ReportPage(Command):
    """Make a page of a file of comparisons, votes or rankings: leaderboard, pictures, audit.

    One HTML file that needs nothing else: it opens from a mail, without a network, and prints.

    Columns that no option names are found by their names and by what stands in them. With --group
    each group has a leaderboard of its own; with --by one for each category, beside that of all.

    Exit code 0: done; 1: the data (the message names file, row and column); 2: usage.
    """

    file: opt.Source
    output: Path = option(MISSING, "Write the page: .html.", OUT, "-o", "--output", place=PAGE)
    title: str = option("Leaderboard", "Of the page.", OUT, metavar="TEXT")
    columns: Given = opt.comparisons()
    votes: Given = opt.votes(without=(*_SHARED, "by"))
    rankings: GivenRankings = opt.rankings()
    by: str | None = opt.column(None, "Categories: a tab for each, beside one of all.", "Items")
    weighing: Weighing
    model: opt.Model
    prior: str = opt.auto_prior()
    prior_by: str | None = opt.prior_by()
    stopping: opt.Stopping
    replicates: opt.Replicates
    draws: int | None = opt.draws()
    level: float = opt.level()
    shown: opt.Shown
    errors: str | None = option(
        None,
        "fisher: as the model says. robust: also where it is wrong; of votes, by prompt. none: "
        "left out, much faster. Default: robust of votes, else fisher.",
        OUT,
        choices=opt.ERRORS,
    )
    audit: bool = option(
        True, "Say what is odd about the file (it is read once more).", OUT, "--audit/--no-audit"
    )
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        self._fit()  # refuses what does not go together
        grouped = self.by is not None or self.columns.group is not None
        if grouped and self.rankings:
            misused("--group" if self.by is None else "--by", "rankings have a single leaderboard")
        if grouped and self.replicates.n_resamples is not None:
            misused("--bootstrap", "is of one fit: leave out --by and --group")
        if grouped and self.prior_by is not None:
            misused("--prior-by", "is of one fit: leave out --by and --group")
        if grouped and self.draws is not None:
            misused("--draws", "are of one fit: leave out --by and --group")

    def _fit(self) -> Fit:
        return Fit(
            file=self.file, columns=self.columns, rankings=self.rankings,
            model=self.model, prior=self.prior, prior_by=self.prior_by,
            stopping=self.stopping, replicates=self.replicates, draws=self.draws, level=self.level,
            shown=self.shown, errors=self.errors or "fisher", means=Means(),
        )  # fmt: skip

    def do(self, steps: Steps) -> Report:
        """Read, rate, look, and make the page."""
        from venire import pages

        scanner = self.file.opened()
        named = {**self.columns.named, **self.votes.named, **self.rankings.named}
        role = role_of(scanner.sample, "auto", named)
        if role == "votes":
            made = self._of_votes(scanner, named, steps)
        elif role == "rankings":
            made = self._of_rankings(scanner, steps)
        else:
            made = self._of_comparisons(scanner, role, steps)
        first = next(iter(made.results.values()))
        with steps("making the page"):
            page = pages.report(
                made.results if len(made.results) > 1 else first,
                title=self.title,
                level=self.level,
                errors="auto" if self.errors is None else opt.errors_of(self.errors),
                audited=self.audit and made.audited,
                notes=made.notes,
                command=self.words,
            )
        assert page is not None
        size = f"{len(page.encode()) / 1e6:.1f} MB"
        facts = {
            "venire": version(),
            "file": str(self.file),
            "page": str(self.output),
            "bytes": len(page.encode()),
            "tabs": list(made.results),
        }

        def write(part: str) -> None:
            Path(part).write_text(page, encoding="utf-8", newline="\n")

        said = [f"{without_secrets(self.output)}: {size}, opens in any browser"]
        report = Report(said, made.notes, facts, files={"output": write})
        return with_taken(report, self.file, made.taken)

    def _of_comparisons(self, scanner: io.Scanner, role: str, steps: Steps) -> Made:
        named = dict(self.columns.named)
        threads = self.stopping.n_threads
        more: dict[str, Any] = {"n_threads": threads, "progress": steps.rows}
        if role == "groups" and self.by is None:
            with steps(f"reading {self.file}"):
                groups = io.read_grouped(scanner, **more, **named)
            return Made({"": self._groups(groups, steps)}, [], groups.taken)
        with steps(f"reading {self.file}"):
            comparisons = io.read_comparisons(scanner, **more, **named)
        fitted = self._fit().fitted(comparisons, steps)
        one = fitted.fit if fitted.replicates is None else fitted.replicates
        results: dict[str, Any] = {"all": one.rescale(**self.shown.among(fitted.fit.items))}
        if self.by is not None:
            with steps(f"reading {self.file} by {self.by}"):
                groups = io.read_grouped(scanner, group=self.by, **more, **named)
            results[f"by {self.by}"] = self._groups(groups, steps)
        looked: Audit | bool = self.audit
        if self.audit:
            from venire.diagnostics import audit

            with steps(f"auditing {self.file}"):
                looked = audit(
                    scanner, order_effect=self.model.order_effect, n_threads=threads, **named
                )
        return Made(results, fitted.notes, comparisons.taken, looked)

    def _of_rankings(self, scanner: io.Scanner, steps: Steps) -> Made:
        ask = self._fit()
        observed = ask.read(scanner, steps)
        fitted = ask.fitted(observed, steps)
        one = fitted.fit if fitted.replicates is None else fitted.replicates
        shown = one.rescale(**self.shown.among(fitted.fit.items))
        return Made({"": shown}, fitted.notes, observed.taken, False)

    def _groups(self, groups: Any, steps: Steps) -> Any:
        from venire.ratings import fit_groups

        typed = EVIDENCE if self.prior == "auto" else self.prior
        with steps("fitting groups"), warnings.catch_warnings():
            for category in (ConvergenceWarning, NotIdentifiedWarning):  # the page says so
                warnings.simplefilter("ignore", category)
            fit = fit_groups(
                groups, prior=prior_of(typed),
                **vars(self.model), **vars(self.stopping),
            )  # fmt: skip
        return fit.rescale(**self.shown.among(fit.items))

    def _of_votes(self, scanner: io.Scanner, named: dict[str, Any], steps: Steps) -> Made:
        if self.prior_by is not None:
            misused("--prior-by", "is of comparisons")
        if self.replicates.n_resamples is not None:
            misused("--bootstrap", "is of comparisons: errors of votes go by prompt")
        if self.draws is not None:
            misused("--draws", "are of comparisons: errors of votes go by prompt")
        if self.by is not None:
            named["by"] = self.by
        columns = chosen_in(scanner, VoteColumns, None, named).columns
        given = Given(VoteColumns, named)
        if columns.group is not None:
            ask = Rate(
                file=self.file, columns=given, rankings=self.rankings, weighing=self.weighing,
                model=self.model.model,
                prior=self.prior, n_threads=self.stopping.n_threads, shown=self.shown,
                errors=self.errors or "robust", means=Means(),
            )  # fmt: skip
            rated, notes, taken = ask.rated(steps)
            return Made({"": rated.rescale(**self.shown.among(rated.items))}, notes, taken)
        return self._of_panel(scanner, given, steps)

    def _of_panel(self, scanner: io.Scanner, given: Given, steps: Steps) -> Made:
        """Votes without prompts: the pairs, and their items where they are known."""
        from venire.panel import consensus

        with steps(f"reading {self.file}"):
            votes, gold = io.read_votes(
                scanner, strength=self.weighing.strength, n_threads=self.stopping.n_threads,
                progress=steps.rows, **given.named,
            )  # fmt: skip
        gold = self.weighing.known(votes, gold)
        with steps("combining"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is among the notices
            try:
                q = consensus(
                    votes, gold=gold, **self.weighing.how, n_threads=self.stopping.n_threads
                )
            except ValueError as error:
                raise Refused(f"{self.file}: {error}") from None
        if votes.items is None:
            return Made({"": q}, [], votes.taken)
        fitted = self._fit().fitted(q.to_comparisons(), steps)
        fit = fitted.fit.rescale(**self.shown.among(fitted.fit.items))
        return Made({"items": fit, "pairs": q}, fitted.notes, votes.taken)
