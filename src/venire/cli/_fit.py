"""``venire fit`` and ``venire bootstrap``: one fit of a file of comparisons."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from venire import io
from venire._core.tables import tally
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, block, misused, option
from venire.cli._fit_report import Fitted, report
from venire.cli._means import Means
from venire.cli._options import MODEL, OUT, prior_of
from venire.cli._progress import Steps
from venire.cli._report import FILE, READ, Report, some
from venire.cli._taken import with_taken
from venire.data.rankings import Rankings
from venire.data.rankings.columns import GivenRankings
from venire.data.recognition import Given, ranks_in_lists
from venire.errors import NotIdentifiedError, NotIdentifiedWarning
from venire.models import DEFAULT
from venire.priors import EVIDENCE, GaussianPrior

if TYPE_CHECKING:
    from venire.data.comparisons import Comparisons
    from venire.ratings.fit import Fit as Ratings
    from venire.resampling import Bootstrap as Draws

__all__ = ["Bootstrap", "Fit"]

FIXED = ("mm", "quasi-newton")  # methods that do not go with a prior by the evidence
_OF_PAIR, _FIXED = 220, 24 << 20  # bytes that replicates take for a pair, and beside
_FIRST, _STEP = 2, 0.5  # replicates of the first part; seconds that further parts take, about


@dataclass(frozen=True, kw_only=True)
class Fit(Command):
    """Rate the items of a file of comparisons, or of rankings.

    Columns that no option names are found by their names and by what stands in them.

    Ctrl-C during a bootstrap keeps the replicates that are done, unless workers do them.

    Exit code 0: done; 1: the data (the message names file, row and column, or says why no fit
    exists); 2: usage.
    """

    job_of = "fit"
    file: opt.Source
    columns: Given = opt.comparisons(without=("group",))
    rankings: GivenRankings = opt.rankings("group")
    model: opt.Model
    prior: str = opt.auto_prior()
    prior_by: str | None = opt.prior_by()
    components: Literal["weak", "strong"] = option(
        "weak", "strong: fit each strongly connected component by itself.", MODEL
    )
    method: Literal["auto", "newton", "mm", "quasi-newton"] = option(
        "auto", "The last one is of rankings.", MODEL
    )
    stopping: opt.Stopping
    means: Means
    update: Path | None = option(
        None, "A fit that --save wrote: FILE holds what is new, and model and prior are its own.",
        MODEL, place=READ,
    )  # fmt: skip
    replicates: opt.Replicates
    draws: int | None = opt.draws()
    level: float = opt.level()
    shown: opt.Shown
    top: int = option(20, "Rows to print.", OUT, min=0)
    errors: str = opt.errors("also where it is wrong, and by --cluster")
    interval: str = opt.interval("wald")
    output: Path | None = opt.output("Write all ratings: FORMATS.")
    save: Path | None = option(
        None, "Write the fit with its comparisons, for --update: .npz.", OUT, place=FILE
    )
    plot: Path | None = opt.plot("the ratings; with --bootstrap or --draws the ranks, too")
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        resampled = self.replicates.n_resamples is not None
        apart = ("workers", "scheduler", "job")
        self.means.only(*(apart if resampled or not self.rankings else ()),
                        *(() if self.rankings else ("memory",)))  # fmt: skip
        self.model.check(self.columns)
        if self.rankings:
            self._check_rankings()
        elif self.method == "quasi-newton":
            misused("--method", "quasi-newton is of rankings")
        if self.columns.cluster is not None and not resampled and self.errors != "robust":
            misused("--cluster", "says what errors go by: add --errors robust or --bootstrap")
        if self.columns.date is not None and self.columns.half_life is None:
            misused("--date", "says when: add --half-life")
        if self.prior_by is not None and self.prior == "none":
            misused("--prior-by", "is of a prior: leave out --prior none")
        own = (self.prior, self.prior_by, self.method, self.components, *vars(self.model).values())
        default = ("auto", None, "auto", "weak", *vars(opt.Model()).values())
        if self.update is not None and own != default:
            misused("--update", "goes on with model, prior and method of its fit: leave these out")
        if self.draws is not None and resampled:
            misused("--draws", "and --bootstrap are two ways to the same columns: leave one out")
        if self.draws is not None and self.errors == "none":
            misused("--draws", "goes by errors: leave out --errors none")
        opt.check_interval(self.interval, self.errors, resampled or self.draws is not None)
        opt.check_plot(self.plot, self.errors if not resampled else "bootstrap")

    def do(self, steps: Steps) -> Report:
        """Read, fit, draw replicates if they are wanted."""
        from venire.cli._audit import oddities  # help does without

        base = None
        if self.update is not None:
            from venire.ratings import Fit as Kept

            base = Kept.load(self.update)
        observed = steps.work.read(self.file, lambda scanner: self.read(scanner, steps, base))
        fitted = self.fitted(observed, steps, base)
        if not isinstance(observed, Rankings):
            odd = oddities(fitted.fit, fitted.fit.order_effect is not None)
            fitted = replace(fitted, notes=[*fitted.notes, *odd])
        with steps("ratings" if self.errors == "none" else "standard errors"):
            return with_taken(report(self, fitted), self.file, observed.taken)

    def _check_rankings(self) -> None:
        """Refuse what is of comparisons alone."""
        if set(self.rankings.named) == {"group"}:
            reason = "is of rankings: name their columns; venire groups takes comparisons"
            misused("--group", reason)
        if "group" in self.rankings.named and self.shown.anchor is not None:
            misused("--anchor", "groups have no item in common: leave out --group")
        for name in set(self.columns.named) - {*opt.RANKED_TOO}:
            flag = "covariate" if name == "covariates" else name.replace("_", "-")
            by = next(iter(self.rankings.named))
            misused(f"--{flag}", f"is of comparisons, and --{by} of rankings")
        if self.model.model != DEFAULT:
            misused("--model", "rankings are fitted by that of Plackett and Luce")
        if self.model.order_effect:
            misused("--order-effect", "is of comparisons")
        if self.prior_by is not None:
            misused("--prior-by", "is of comparisons")

    def read(
        self, scanner: io.Scanner, steps: Steps, base: Ratings | None = None
    ) -> Comparisons | Rankings:
        """Rankings where their columns were named, or a column holds lists; else comparisons."""
        how: dict[str, Any] = {"n_threads": self.stopping.n_threads, "progress": steps.rows}
        with steps(f"reading {self.file}"):
            named = self.columns.named
            if base is not None and getattr(base.comparisons, "half_life", None) is not None:
                named = {"half_life": base.comparisons.half_life} | named
            unnamed = set(named) <= {*opt.RANKED_TOO}
            if self.rankings or (unnamed and ranks_in_lists(scanner.sample())):
                return io.read_rankings(scanner, **how, **named, **self.rankings.named)
            how |= {"executor": steps.work.executor, "memory": self.means.memory}
            return io.read_comparisons(scanner, **how, **named)

    def fitted(
        self, comparisons: Comparisons | Rankings, steps: Steps, base: Ratings | None = None
    ) -> Fitted:
        """The fit, or `base` with these comparisons, and its replicates or draws if wanted."""
        if base is not None:
            fitted = _updated(base, comparisons, steps)
        else:
            fitted = self._fit(comparisons, steps)
        if self.draws is not None:
            return self._draws(fitted, self.draws, steps)
        if self.replicates.n_resamples is None:
            return fitted
        return self._bootstrap(fitted, self.replicates.n_resamples, steps)

    def _fit(self, comparisons: Comparisons | Rankings, steps: Steps) -> Fitted:
        """Fit with the prior that was asked for; "auto": by the evidence, where none won't do."""
        by = None if self.prior_by is None else self._leagues(comparisons, steps)
        try:
            with steps("fitting"):
                fit = self._one_fit(comparisons, prior_of(self.prior, by), steps)
            return Fitted(fit, "" if fit.prior is None else "asked for", told(fit))
        except NotIdentifiedError as error:
            if self.prior != "auto" or by is not None or self.method in FIXED:
                cure: dict[str, str | None] = {"--prior": EVIDENCE}
                if self.method in FIXED:
                    cure["--method"] = None
                if self.prior not in ("auto", "none"):
                    cure = {}
                if by is not None:
                    cure = {"--prior-by": None}
                raise Refused(f"{self.file}: {error}", instead=cure) from None
            problem = error
        try:
            with steps("fitting with a prior"):
                fit = self._one_fit(comparisons, prior_of(EVIDENCE), steps).core()
        except NotIdentifiedError as error:  # what is at fault is no strength: the prior is no cure
            raise Refused(f"{self.file}: {error}") from None
        note = f"{hence(why(problem), fit)} {_what_it_does(fit, problem)}"
        return Fitted(fit, "no finite fit without it", [note, *told(fit)])

    def _leagues(self, comparisons: Any, steps: Steps) -> list[str]:
        from venire.cli._leagues import leagues_in

        if isinstance(comparisons, Rankings):
            misused("--prior-by", "is of comparisons")
        with steps("reading leagues"):
            scanner = None if "-" in self.file.files else self.file.opened()
            return leagues_in(scanner, self.columns.named, str(self.prior_by), comparisons.items)

    def _one_fit(
        self, comparisons: Comparisons | Rankings, prior: GaussianPrior | None, steps: Steps
    ) -> Ratings:
        from venire.ratings import fit_model, fit_plackett_luce

        how: dict[str, Any] = {
            "prior": prior, "method": self.method, "components": self.components,
            "progress": steps.iteration, **vars(self.stopping),
        }  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotIdentifiedWarning)  # the report names components
            try:
                if isinstance(comparisons, Rankings):
                    return fit_plackett_luce(comparisons, **how)
                return fit_model(comparisons, **how, **vars(self.model))
            except NotIdentifiedError:
                raise
            except ValueError as error:  # options that do not go together
                raise Refused(str(error), 2) from None

    def _draws(self, fitted: Fitted, wanted: int, steps: Steps) -> Fitted:
        """Add draws from the normal approximation."""
        from venire import resampling

        with steps("draws"):
            drawn = resampling.sample(
                fitted.fit, wanted, rng=self.replicates.seed, errors=self.errors,
                progress=lambda done, of: steps.stage("draws", done, of, "draws"),
            )  # fmt: skip
        return replace(fitted, draws=drawn)

    def _bootstrap(self, fitted: Fitted, wanted: int, steps: Steps) -> Fitted:
        """Add replicates until all are done, or Ctrl-C."""
        from venire import resampling

        notes = list(fitted.notes)
        b: Draws | None = None
        own = fitted.fit.comparisons
        if not isinstance(own, Rankings) and steps.work.executor is None:
            needed = _OF_PAIR * own.n_pairs + 16 * wanted * own.n_items + _FIXED
            self.means.require(needed, "the bootstrap")
        with steps("bootstrap"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the result says the same
            try:
                if steps.work.executor is not None:
                    b = self._bootstrap_apart(fitted.fit, wanted, steps)
                part = min(_FIRST, wanted)
                while b is None or b.n_resamples < wanted:
                    started = time.perf_counter()
                    if b is None:
                        b = resampling.bootstrap(
                            fitted.fit,
                            part,
                            scheme=self.replicates.scheme,
                            rng=self.replicates.seed,
                            n_threads=self.stopping.n_threads,
                        )
                    else:
                        b = b.extend(part)
                    pace = part / max(time.perf_counter() - started, 1e-6)
                    part = max(1, min(int(pace * _STEP), 8 * part, wanted - b.n_resamples))
                    steps.stage("bootstrap", b.n_resamples, wanted, "replicates")
            except KeyboardInterrupt:
                if b is None or b.n_resamples - b.n_failed < 2:
                    raise
                notes.append(f"interrupted: {b.n_resamples:,} of {wanted:,} replicates were done")
            except ValueError as error:
                raise Refused(f"--bootstrap: {error}") from None
        if b.n_resamples - b.n_failed - b.n_unconverged < 2:
            raise Refused("--bootstrap: next to no replicate has a finite fit: use --prior")
        if b.unit == "cells":
            notes.append(
                "scores or weights are fractions: pairs were drawn again, not single comparisons"
            )
        trouble = {"have no finite fit": b.n_failed, "did not converge": b.n_unconverged}
        notes += [
            f"{count:,} of {b.n_resamples:,} replicates {what} and are left out"
            for what, count in trouble.items()
            if count
        ]
        return replace(fitted, notes=notes, bootstrap=b)

    def _bootstrap_apart(self, fit: Ratings, wanted: int, steps: Steps) -> Draws:
        """All replicates, by workers."""
        from venire import resampling

        return resampling.bootstrap(
            fit, wanted, scheme=self.replicates.scheme, rng=self.replicates.seed,
            n_threads=self.stopping.n_threads, executor=steps.work.executor,
            progress=lambda done, of: steps.stage("bootstrap", done, of, "replicates"),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Bootstrap(Fit):
    """Rate the items of a file of comparisons, with intervals from a bootstrap.

    The same as fit --bootstrap 1000.
    """

    job_of = "bootstrap"
    replicates: opt.Replicates = block(defaults={"n_resamples": 1000})


def _updated(base: Ratings, new: Comparisons | Rankings, steps: Steps) -> Fitted:
    """The fit of what `base` is of, and of `new`."""
    if isinstance(new, Rankings):
        misused("--update", "is of comparisons: rankings are fitted anew, all of them")
    with steps("updating the fit"), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotIdentifiedWarning)  # the report names components
        fit = base.update(new, progress=steps.iteration)
    added, before = tally(new.n_comparisons), tally(base.n_comparisons)
    note = f"{added} new comparisons were added to {before}"
    return Fitted(fit, "" if fit.prior is None else "that of the fit before", [note, *told(fit)])


def shown(prior: GaussianPrior | None) -> str:
    """A prior in a note."""
    if prior is None or isinstance(prior.precision, str):
        return "" if prior is None else f"GaussianPrior({prior.precision!r})"
    return f"GaussianPrior({prior.precision:.4g})"


def hence(reason: str, fit: Any, of: str = "") -> str:
    """What is said of a prior that was taken because it had to be; `of` what it is."""
    by = "" if fit.evidence is None else "its precision by the evidence of the data "
    note = (
        f"{reason} Hence the prior {shown(fit.prior)} {of}was used, {by}"
        "(--prior none refuses instead, --prior FLOAT sets another precision)."
    )
    return note


def told(fit: Any) -> list[str]:
    """What is to be said where the evidence has no maximum, or no mean of a league is known."""
    found = (fit.evidence, getattr(fit, "prior_means", None))
    return [one.note for one in found if one is not None and one.note]


def _what_it_does(fit: Ratings, problem: NotIdentifiedError) -> str:
    """What the prior adds to a fit that has no finite one without it."""
    known = fit.determined
    if known.all():
        if problem.n_components > 1:
            return "It decides how far the groups lie apart: see the intervals."
        return "It bounds what the data leave open: see the intervals."
    rest = fit.items[~known]
    n, them = (f"{len(rest):,} others", "them") if len(rest) > 1 else ("other", "it")
    return (
        f"The {known.sum():,} items of the largest group are ranked. The {n} ({some(rest)}) the "
        f"prior alone puts where the table has {them}: with no rank, last, and marked 'determined' "
        "= false in the output."
    )


def why(error: NotIdentifiedError) -> str:
    """Why there is no maximum-likelihood fit, with examples."""
    kinds = {"undefeated": "never lost", "winless": "never won", "isolated": "met nobody"}
    found = [
        f"{some(labels)} {what}" for kind, what in kinds.items() if (labels := getattr(error, kind))
    ]
    if not found or error.n_components < 2:
        return str(error).rstrip(".") + "."
    return (
        f"there is no finite maximum-likelihood fit: only within each of {error.n_components:,} "
        f"groups did every item beat every other, directly or in a chain ({'; '.join(found)})."
    )
