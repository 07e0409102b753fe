"""``venire groups``: a fit of each group of a file or a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from venire import io
from venire._core.tables import DOCUMENTS
from venire._native.grouped import STATUSES
from venire.batch import GroupsSummary, Replicates, fit_files
from venire.batch.plan import DEFAULT_MEMORY
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, misused, option
from venire.cli._fit import shown
from venire.cli._means import Means
from venire.cli._options import MODEL, prior_of
from venire.cli._progress import Steps
from venire.cli._report import Picture, Place, Report, some
from venire.cli._taken import with_taken
from venire.cli._terminal import standard_output
from venire.cli._work import set_aside
from venire.data.recognition import Given
from venire.errors import NotIdentifiedError
from venire.io import DataError
from venire.models import model_of

__all__ = ["Groups"]

_WORDS = ("determined", "status")


@dataclass(frozen=True, kw_only=True)
class Groups(Command):
    """Rate the items of each group by itself: one fit for each query, topic or league.

    Columns that no option names are found by their names and by what stands in them.

    Exit code 0: done, whatever came of the single groups; 1: the data (the message names file,
    row and column), or --strict; 2: usage; 3: a job is done, but for what was set aside.
    """

    source: opt.Source
    columns: Given = opt.comparisons(without=("cluster", "covariates", "half_life", "at"))
    model: opt.Model
    prior: str = opt.prior("0.01", "none: groups without a finite fit get none.", "none")
    shared: bool = option(
        False,
        "One order effect and one tie parameter for all groups, which are then fitted in memory "
        "together.",
        MODEL,
    )
    stopping: opt.Stopping
    replicates: opt.Replicates
    level: float = opt.level()
    means: Means
    shown: opt.Shown
    errors: str = opt.errors("also where it is wrong; of hard votes")
    interval: str | None = opt.interval(None)
    output: Path | None = opt.output(
        "Write the ratings: FORMATS; with --workers or --scheduler a folder of Parquet files. "
        "Default: CSV to standard output.",
        Place(stdout=True),
    )
    plot: Path | None = opt.plot("the ratings in the groups with the most comparisons; needs -o")
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        self.model.check(self.columns)
        if self.plot is not None and self.output is None:
            misused("--plot", "draws what was written: add -o FILE")
        readable = self.output is None or self.output.suffix.lower()[1:] not in DOCUMENTS
        if self.plot is not None and not readable:
            misused("--plot", "draws what was written: let -o be .csv or .parquet, not for people")
        apart = self.means.executor is not None
        if apart and self.output is None:
            misused("--output", "name a folder")
        if self.means.job is not None and self.output is None:
            misused("--output", "name what a job is to write")
        if self.means.job is not None and self.shared:
            misused("--shared", "is one fit of all groups: a job has no parts to keep")
        if apart and self.shared:
            misused("--shared", "needs all groups in one process")
        opt.check_interval(self.interval, self.errors, self.replicates.n_resamples is not None)
        if self.interval is not None and self.errors == "none":
            misused("--interval", "goes by errors: leave out --errors none")
        if self.interval not in (None, "wald") and self.shared:
            misused("--interval", f"{self.interval} goes by group: leave out --shared")
        if self.shared and self.shown.anchor is not None:
            misused("--anchor", "groups that share parameters have no errors of differences")
        if self.shared and self.errors == "robust":
            misused("--errors robust", "goes by group: leave out --shared")
        shareable = self.model.order_effect or model_of(self.model.model).tie is not None
        if self.shared and not shareable:
            reason = "there is nothing to share: add --order-effect or a model with ties"
            misused("--shared", reason)

    def do(self, steps: Steps) -> Report:
        """Fit, and count what came of it."""
        try:
            with steps("reading"):
                done = self._fit(steps)
        except (DataError, NotIdentifiedError):
            raise
        except ValueError as error:  # options that do not go together
            raise Refused(str(error), 2) from None
        failure = ""
        if self.means.strict and not done.converged:
            n_bad = done.n_groups - done.counts.get("converged", 0)
            failure = (
                f"{n_bad:,} of {done.n_groups:,} groups have no converged fit, and --strict was "
                "given."
            )
        files = {}
        if self.plot is not None:
            with steps("reading what was written"):
                files["plot"] = Picture(self._written(done))
        code, notes = 1, [f"{note}." for note in done.notes]
        if done.failures:
            said, failure = set_aside(done.failures)
            code, notes = 3, [*notes, *said]
        report = Report(self._said(done), notes, files=files, failure=failure, code=code)
        return with_taken(report, self.source, done.taken)

    def _fit(self, steps: Steps) -> GroupsSummary:
        draws, stopping = self.replicates, self.stopping
        bootstrap = None
        if draws.n_resamples is not None:
            bootstrap = Replicates(draws.n_resamples, draws.scheme, draws.seed, self.level)
        anchor = self.shown.anchor
        return fit_files(
            self.source.opened(),
            standard_output() if self.output is None else self.output,
            self.columns.named,
            executor=self.means.executor,
            memory=self.means.memory or DEFAULT_MEMORY,
            n_threads=stopping.n_threads,
            progress=steps.stage,
            job=self.means.job,
            strict=self.means.strict,
            model=self.model.model,
            order_effect=self.model.order_effect,
            prior=prior_of(self.prior),
            shared=self.shared,
            tol=stopping.tol,
            max_iter=stopping.max_iter,
            errors=opt.errors_of(self.errors),
            interval=self.interval,
            level=self.level,
            scale=self.shown.unit,
            anchor=None if anchor is None else anchor.item,
            at=None if anchor is None else anchor.at,
            bootstrap=bootstrap,
        )

    def _written(self, done: GroupsSummary) -> dict[str, np.ndarray]:
        """The columns of the output that a picture needs: fits are not kept."""
        names = ["group", "item", self.shown.unit or "theta", "n_comparisons", *_WORDS]
        table = io.read_table(done.parts, dict(zip(names, names, strict=True)), names[:2])
        columns = {name: np.asarray(column) for name, column in table.columns.items()}
        columns["determined"] = columns["determined"].astype(str)
        columns["determined"] = np.char.lower(columns["determined"]) == "true"  # text, or not
        return columns

    def _said(self, done: GroupsSummary) -> list[str]:
        prior = prior_of(self.prior)
        told = "no prior" if prior is None else f"prior {shown(prior)}"
        lines = [
            f"{self.model.model}, {told}: {done.n_groups:,} groups, {done.n_items:,} items, "
            f"{done.n_rows:,} rows in {done.seconds:.1f} s"
        ]
        width = max(len(f"{count:,}") for count in done.counts.values())
        for status in sorted(done.counts, key=lambda s: (STATUSES.index(s), s)):
            count = done.counts[status]
            lines.append(f"{count:>{width + 2},} {status}: {some(done.examples[status], count)}")
        return lines
