"""``venire distill``: the round loop over files, one command for each thing that can be done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from venire import io
from venire._core.extras import needs
from venire.cli import _options as opt
from venire.cli._command import MISSING, Command, Refused, argument, misused, option
from venire.cli._options import OUT
from venire.cli._progress import Steps
from venire.cli._report import FILE, READ, Grid, Picture, Report
from venire.cli._taken import with_taken
from venire.data.rankings import Rankings
from venire.data.rankings.columns import RANKED, GivenRankings
from venire.data.series import floats
from venire.distillation import Distillation, Requests, Told
from venire.models import DEFAULT, HALF_TIES
from venire.priors import GaussianPrior

__all__ = ["Ask", "Init", "ReportRounds", "Tell", "Train", "Withdraw"]

_DATA, _DESIGN = "Data", "Design"

_SPARE = ("gain", "pending", "prior", "criterion", "its tau", "its nDCG", "cost so far", "asks",
          "votes", "student r2", "nDCG")  # fmt: skip
_CRITERIA = "How pairs are chosen; the last four are baselines."
_SHARES = "How asks are shared among groups."
_WORDS = "Words (first, second, tie, ...), 1/0/-1 or the winner."

Criterion = Literal["D", "A", "top", "uniform", "residual", "residual_corrected", "sd"]
Share = Literal["equal", "gain"]
Method = Literal["auto", "fit", "judges", "consensus", "uniform"]


def _folder() -> Any:
    return argument("FOLDER", "The folder of the loop.")


class Cost(NamedTuple):
    """What a vote of a teacher costs."""

    teacher: str
    price: float


def _cost(text: str) -> Cost:
    name, _, price = text.rpartition("=")
    try:
        if name:
            return Cost(name, float(price))
    except ValueError:
        pass
    raise typer.BadParameter(f"{text!r} is not TEACHER=COST")


@dataclass(frozen=True, kw_only=True)
class Init(Command):
    """Begin a loop: what there is to compare, and who votes."""

    folder: Path = argument("FOLDER", "A new or empty folder.")
    items: Path = argument("ITEMS", "One row per item: CSV, Parquet, ...", READ)
    group: str = opt.column(MISSING, "Label of the query or topic.", _DATA)
    item: str = opt.column(MISSING, "Label of the item.", _DATA)
    teacher: list[str] = option(MISSING, "Name of a teacher; repeat it.", _DATA)
    gold: str | None = opt.column(None, "What is known of the truth, for reports.", _DATA)
    cost: list[Cost] | None = option(
        None, "Of a vote; default 1. Repeat it.", _DATA, metavar="TEACHER=COST", parser=_cost
    )
    panel: int | None = option(
        None, "Teachers on each pair. Default: one, in rotation.", _DESIGN, min=1
    )
    degree: int = option(2, "Asks of each item at first.", _DESIGN, min=1)
    bridges: int = option(4, "Pairs across groups, a group.", _DESIGN, min=0)
    criterion: Criterion = option("D", _CRITERIA, _DESIGN)
    share: Share = option("equal", _SHARES, _DESIGN)
    steering: Literal["student", "none"] = option("student", "Whether the student steers.", _DESIGN)
    model: str = option(DEFAULT, None, _DESIGN, choices=HALF_TIES)
    prior: float = option(0.1, "Precision of the fits' prior.", _DESIGN, callback=opt.POSITIVE)
    method: Method = option("auto", "How teachers are weighed in the fits.", _DESIGN)
    gain: Literal["linear", "exponential"] = option("linear", "Gain of nDCG.", _DESIGN)
    top: int = option(10, "Items that nDCG looks at.", _DESIGN, min=1)
    seed: int = option(0, None, _DESIGN, min=0)
    quiet: bool = opt.quiet()

    def do(self, steps: Steps) -> Report:
        """Read the items, and make the folder."""
        names = {"group": self.group, "item": self.item}
        names |= {} if self.gold is None else {"gold": self.gold}
        with steps(f"reading {self.items}"):
            table = io.read_table(self.items, names, ["group", "item"])
        gold = None
        if self.gold is not None:
            gold = table.columns["gold"].to_numpy(zero_copy_only=False)
        settings = ("panel", "degree", "bridges", "criterion", "share", "steering", "model",
                    "method", "gain", "top")  # fmt: skip
        try:
            with Distillation(
                (table.columns["group"], table.columns["item"]),
                self.teacher,
                gold=gold,
                costs=dict.fromkeys(self.teacher, 1.0) | dict(self.cost or ()),
                prior=GaussianPrior(self.prior),
                folder=self.folder,
                rng=self.seed,
                **{name: getattr(self, name) for name in settings},
            ) as loop:
                return Report([f"{self.folder}: {loop!r}"])
        except (ValueError, TypeError) as error:
            if getattr(error, "argument", "") in names:
                raise table.located(error) from None
            raise


@dataclass(frozen=True, kw_only=True)
class Ask(Command):
    """Begin a round, and write what is to be asked: request, group, first, second, teacher."""

    folder: Path = _folder()
    budget: int | None = option(None, "Pairs. Default: as many as --degree says.", min=1)
    cost: float | None = option(None, "Instead: as many as this pays for.", min=0)
    pending: bool = option(False, "No new round: what was asked and has no answer.")
    teacher: str | None = option(None, "Write only the requests to this teacher.")
    criterion: Criterion | None = option(None, _CRITERIA, _DESIGN)
    share: Share | None = option(None, _SHARES, _DESIGN)
    n_threads: int | None = opt.threads(None)
    output: Path | None = opt.csv()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        if self.budget is not None and self.cost is not None:
            misused("--cost", "--budget and --cost contradict each other")
        if self.pending and (self.budget or self.cost or self.criterion or self.share):
            misused("--pending", "begins no round")

    def do(self, steps: Steps) -> Report:
        """Begin a round, or say again what is pending."""
        with Distillation.open(
            self.folder, read_only=self.pending, n_threads=self.n_threads
        ) as loop:
            if self.teacher is not None:
                loop.pending.of(self.teacher)  # refuses a stranger
            with steps("choosing pairs"):
                requests = loop.pending if self.pending else loop.ask(
                    budget=self.budget, cost=self.cost, criterion=self.criterion, share=self.share
                )  # fmt: skip
        chosen = requests if self.teacher is None else requests.of(self.teacher)
        return Report([_counted(chosen)], files={"output": chosen.to_frame("dict")})


def _counted(requests: Requests) -> str:
    n = int(np.count_nonzero(requests.bridge))
    bridges = f", {n:,} of them bridges" if n else ""
    return f"{len(requests):,} requests{bridges}, cost {requests.cost.sum():,g}"


@dataclass(frozen=True, kw_only=True)
class Tell(Command):
    """Take answers: in any order, late, in part, again. All of a file, or nothing of it."""

    folder: Path = _folder()
    votes: Path = argument(
        "VOTES", "One row per answer: request and vote. Or rankings of the items.", READ
    )
    rankings: GivenRankings = opt.rankings("group")
    teacher: str | None = opt.column(
        None, "Of rankings: who made them. Not needed where there is one teacher.", RANKED
    )
    request: str = opt.column("request", "Number of the request.", _DATA)
    vote: str = opt.column("vote", _WORDS, _DATA)
    mapping: dict[str, Any] | None = option(
        None, "What the votes mean, as in A=first,B=second.", _DATA, **opt.MEANINGS[1]["more"]
    )
    probabilities: tuple[str, str, str] | None = option(
        None, "Instead of --vote: columns of the probabilities that first wins, ties, loses.",
        _DATA, **opt.THREE[1]["more"],
    )  # fmt: skip
    replace: bool = option(False, "Let answers take the place of different ones.")
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        if self.mapping is not None and self.probabilities is not None:
            misused("--mapping", "explains the values of --vote")
        if self.rankings:
            by = next(iter(self.rankings.named))
            own = {"request": "request", "vote": "vote", "mapping": None, "probabilities": None}
            for name, default in own.items():
                if getattr(self, name) != default:
                    misused(f"--{name}", f"is of votes on pairs, and --{by} of rankings")
        elif self.teacher is not None:
            misused("--teacher", "is of rankings: name their columns")

    def do(self, steps: Steps) -> Report:
        """Read the answers, and take all of them or none."""
        if self.rankings:
            return self._ranked(steps)
        chances = {f"probabilities{k}": name for k, name in enumerate(self.probabilities or ())}
        names = {"request": self.request, **(chances or {"vote": self.vote})}
        with steps(f"reading {self.votes}"):
            table = io.read_table(self.votes, names)
        with Distillation.open(self.folder) as loop:
            try:
                told = loop.tell(
                    table.columns,
                    probabilities=[*chances] or None,
                    mapping=self.mapping,
                    replace=self.replace,
                )
            except (ValueError, TypeError) as error:
                raise table.located(error) from None
            return _taken_in(told, loop)

    def _ranked(self, steps: Steps) -> Report:
        """Take what rankings say of requests: of the pending ones, or with --replace of all."""
        with steps(f"reading {self.votes}"):
            found = io.read_rankings(self.votes, cluster=self.teacher, **self.rankings.named)
        with Distillation.open(self.folder) as loop:
            if found.groups is None and (n := len(np.unique(loop.items[0]))) > 1:
                misused("--group", f"names the column of groups: there are {n:,}")
            by = _makers(self.votes, found, loop, self.teacher)
            asked = loop.requests() if self.replace else loop.pending
            said = [asked.of(who).ranked(found.select(rows)) for who, rows in by.items()]
            told = loop.tell(
                *(np.concatenate(parts) for parts in zip(*said, strict=True)), replace=self.replace
            )
            return with_taken(_taken_in(told, loop), self.votes, found.taken)


def _taken_in(told: Told, loop: Distillation) -> Report:
    more = f", {told.replaced:,} replaced" if told.replaced else ""
    more += f", {told.late:,} of requests that were withdrawn" if told.late else ""
    return Report([
        f"{told.new:,} new answers, {told.repeated:,} known before{more}; "
        f"{len(loop.pending):,} requests are pending"
    ])  # fmt: skip


def _makers(
    source: Path, found: Rankings, loop: Distillation, column: str | None
) -> dict[Any, NDArray[np.int64]]:
    """Which of the rankings each teacher made."""
    known = {str(teacher): teacher for teacher in loop.teachers.tolist()}
    if column is None:
        if len(known) > 1:
            misused("--teacher", "names the column of those who ranked")
        return dict.fromkeys(known.values(), np.arange(found.n_rankings))
    out = {}
    for k, label in enumerate(found.clusters.tolist()):
        if str(label) not in known:
            names = ", ".join(map(repr, known))
            raise Refused(
                f"{source}, column {column!r} = {label!r}: is not one of the teachers ({names})"
            )
        out[known[str(label)]] = np.flatnonzero(found.cluster == k)
    return out


@dataclass(frozen=True, kw_only=True)
class Withdraw(Command):
    """Go on without a teacher, and write the requests that others get in its place."""

    folder: Path = _folder()
    teacher: str = option(MISSING, "Who has stopped answering.")
    reassign: bool = option(True, "Ask others instead, or nobody.", None, "--reassign/--drop")
    output: Path | None = opt.csv()
    quiet: bool = opt.quiet()

    def do(self, steps: Steps) -> Report:
        """Close the teacher's requests."""
        with Distillation.open(self.folder) as loop:
            requests = loop.withdraw(self.teacher, reassign=self.reassign)
        said = f"{self.teacher} is not asked again; {_counted(requests)} in its place"
        return Report([said], files={"output": requests.to_frame("dict")})


@dataclass(frozen=True, kw_only=True)
class Train(Command):
    """Fit targets and a student; write targets, errors, weights and predictions held out."""

    folder: Path = _folder()
    features: Path | None = option(
        None, "One row per item, with its group, item and numbers. Default: write targets only.",
        _DATA, place=READ,
    )  # fmt: skip
    group: str = opt.column("group", "Of the features.", _DATA)
    item: str = opt.column("item", "Of the features.", _DATA)
    use: list[str] | None = opt.column(None, "A feature; repeat it. Default: all others.", _DATA)
    student: Literal["ridge", "linear", "forest", "boosting"] = option("ridge", "The learner.")
    folds: int = option(5, "Parts of the groups, held out in turn.", min=2)
    seed: int = option(0, "Of the learner.", min=0)
    model: Path | None = option(
        None, "Write the fitted student (joblib, which is a pickle).", OUT, place=FILE
    )
    n_threads: int | None = opt.threads(None)
    output: Path | None = opt.csv()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        if self.features is None and (self.model is not None or self.use):
            misused("--model" if self.model else "--use", "needs --features")

    def do(self, steps: Steps) -> Report:
        """Fit targets, and a student if there are features."""
        said, files = "", {}
        with Distillation.open(
            self.folder, read_only=self.features is None, n_threads=self.n_threads
        ) as loop:
            if self.features is not None:
                fitted = self._fit(loop, self.features, steps)
                r2 = loop.report()["student_r2"][-1]
                said = f"{self.student}: r2 {r2:.3g} on groups that it did not see; "
                if self.model is not None:
                    joblib = needs("joblib", "--model")
                    files["model"] = lambda part: joblib.dump(fitted, part)
            with steps("fitting targets"):
                targets = loop.targets()
            table = targets.to_frame("dict")
            if loop.predictions is not None:
                table["prediction"] = loop.predictions[loop.order]
        said += f"{len(targets):,} targets, {targets.n_unknown:,} of them unknown"
        return Report([said], files=files | {"output": table})

    def _fit(self, loop: Distillation, features: Path, steps: Steps) -> Any:
        student = _student(self.student, self.seed)
        with steps(f"reading {features}"):
            frame, located = self._read(features)
        with steps("fitting the student"):
            try:
                return loop.fit_student(student, frame, folds=self.folds)
            except ValueError as error:
                raise (located(error) if hasattr(error, "argument") else error) from None

    def _read(self, path: Path) -> tuple[dict[str, Any], Any]:
        """The columns, and what says where in the file an error is."""
        used = self.use or [n for n in io.columns_in(path) if n not in (self.group, self.item)]
        for taken in {"group", "item"} & set(used):
            raise io.DataError(path, "no feature may have this name", column=taken)
        names = {"group": self.group, "item": self.item} | {f"x {n}": n for n in used}
        table = io.read_table(path, names, ["group", "item"])
        frame = {name: table.columns[name] for name in ("group", "item")}
        for name in [x for x in names if x not in frame]:
            try:
                frame[table.names[name]] = floats(table.columns[name], name)
            except (ValueError, TypeError) as error:
                raise table.located(error) from None
        renamed = {f"features {n}": n for n in used}
        renamed |= {"features group": self.group, "features item": self.item}
        return frame, table._replace(names=renamed).located


def _student(name: str, seed: int) -> Any:
    """A scikit-learn regressor; those that need it see standardised features."""
    needs("sklearn", "a student")
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import LinearRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if name == "forest":
        return RandomForestRegressor(200, min_samples_leaf=3, random_state=seed)
    if name == "boosting":
        return HistGradientBoostingRegressor(random_state=seed)
    return make_pipeline(StandardScaler(), Ridge(3.0) if name == "ridge" else LinearRegression())


@dataclass(frozen=True, kw_only=True)
class ReportRounds(Command):
    """Votes, cost and quality, round by round. Changes nothing, and may run beside the others."""

    folder: Path = _folder()
    beside: list[Path] | None = option(
        None, "Other loops to draw beside it; repeat it.", metavar="FOLDER"
    )
    plot: Path | None = opt.plot("quality against votes")
    measure: Literal["tau", "ndcg", "student_r2", "student_tau", "student_ndcg"] | None = option(
        None, "What to draw. Default: the first that is known."
    )
    preview: bool = option(False, "Also say what the next ask is expected to gain.")
    n_threads: int | None = opt.threads(None)
    output: Path | None = opt.output("Write the table: FORMATS.")
    quiet: bool = opt.quiet()

    def do(self, steps: Steps) -> Report:
        """The report as text; its table and its picture to files."""
        reports = {}
        for folder in (self.folder, *(self.beside or ())):
            with (
                steps(f"reading {folder}"),
                Distillation.open(folder, read_only=True, n_threads=self.n_threads) as loop,
            ):
                reports[str(folder)] = loop.report(preview=self.preview)
        said: list[str | Grid] = []
        for name, report in reports.items():
            said += [name] if len(reports) > 1 else []
            said += [Grid(report.shown(), spare=_SPARE), *report.remarks()]
        mine = reports[str(self.folder)]
        picture = Picture(reports, {"measure": self.measure})
        return Report(said, files={"output": mine.to_frame("dict"), "plot": picture})
