"""``venire distill``: what each command does; failures that are the user's to mend are messages."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rich.console import Console

from venire import io
from venire._core import disk
from venire.cli import _pictures
from venire.cli._errors import Refused
from venire.cli._progress import Steps, progress
from venire.data.series import floats
from venire.distillation import Distillation, Requests
from venire.errors import ConvergenceWarning, NotIdentifiedWarning, StateError
from venire.io.tables_out import about
from venire.priors import GaussianPrior

__all__ = ["Answers", "Asking", "Charting", "Creation", "Training", "Withdrawal", "run"]


class Command(Protocol):
    """Arguments of a command, and how to carry it out."""

    @property
    def quiet(self) -> bool:
        """Print only warnings."""

    def do(self, steps: Steps) -> str:
        """Do it; returns what to print."""


def run(command: Command) -> int:
    """Do it; returns the exit code."""
    stderr = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            for kind in (ConvergenceWarning, NotIdentifiedWarning):
                warnings.simplefilter("always", kind)
            with progress(stderr, command.quiet) as steps:
                said = command.do(steps)
        for text in dict.fromkeys(str(w.message) for w in caught):
            stderr.print(f"venire: {text}", markup=False)
        if said and not command.quiet:
            taken = getattr(command, "output", "") is None  # by the table
            to = stderr if taken else Console(highlight=False, soft_wrap=True)
            to.print(said, markup=False)
    except (io.DataError, Refused, StateError, ValueError, TypeError, ImportError) as error:
        stderr.print(f"venire: {error}", markup=False)
        return getattr(error, "code", 1)
    except OSError as error:
        stderr.print(f"venire: {error.filename or ''}: {error.strerror or error}", markup=False)
        return 1
    except MemoryError as error:
        stderr.print(f"venire: not enough memory: {error}", markup=False)
        return 1
    except KeyboardInterrupt:
        stderr.print("venire: interrupted", markup=False)
        return 130
    return 0


def _write(table: dict[str, Any], output: Path | None) -> None:
    """To a file, or as CSV to standard output."""
    sys.stdout.flush()
    io.write_table(table, output or sys.stdout.buffer)


def _check(*paths: Path | None) -> None:
    """Refuse before anything is changed what could not be written."""
    for path in paths:
        if path is not None:
            io.check_writable(path)


@dataclass(frozen=True)
class Creation:
    """``venire distill init``."""

    folder: Path
    items: Path
    group: str
    item: str
    gold: str | None
    teachers: list[str]
    costs: dict[str, float]
    prior: float
    settings: dict[str, Any]
    quiet: bool

    def do(self, steps: Steps) -> str:
        """Read the items, and make the folder."""
        names = {"group": self.group, "item": self.item}
        if self.gold is not None:
            names["gold"] = self.gold
        with steps(f"reading {self.items}"):
            table = io.read_table(self.items, names, ["group", "item"])
        gold = None
        if self.gold is not None:
            gold = table.columns["gold"].to_numpy(zero_copy_only=False)
        costs = {t: self.costs.get(t, 1.0) for t in self.teachers} | self.costs
        try:
            with Distillation(
                (table.columns["group"], table.columns["item"]),
                self.teachers,
                gold=gold,
                costs=costs,
                prior=GaussianPrior(self.prior),
                folder=self.folder,
                **self.settings,
            ) as loop:
                return f"{self.folder}: {loop!r}"
        except (ValueError, TypeError) as error:
            if getattr(error, "argument", "") in names:
                raise table.located(error) from None
            raise


@dataclass(frozen=True)
class Asking:
    """``venire distill ask``."""

    folder: Path
    options: dict[str, Any]
    pending: bool
    teacher: str | None
    threads: int | None
    output: Path | None
    quiet: bool

    def do(self, steps: Steps) -> str:
        """Begin a round, or say again what is pending."""
        _check(self.output)
        with Distillation.open(self.folder, read_only=self.pending, n_threads=self.threads) as loop:
            if self.teacher is not None:
                loop.pending.of(self.teacher)  # refuses a stranger
            with steps("choosing pairs"):
                requests = loop.pending if self.pending else loop.ask(**self.options)
            chosen = requests if self.teacher is None else requests.of(self.teacher)
            _write(chosen.to_frame("dict"), self.output)
            return _counted(chosen)


def _counted(requests: Requests) -> str:
    n = int(np.count_nonzero(requests.bridge))
    bridges = f", {n:,} of them bridges" if n else ""
    return f"{len(requests):,} requests{bridges}, cost {requests.cost.sum():,g}"


@dataclass(frozen=True)
class Answers:
    """``venire distill tell``."""

    folder: Path
    votes: Path
    request: str
    vote: str
    mapping: dict[str, Any] | None
    probabilities: tuple[str, str, str] | None
    replace: bool
    quiet: bool

    def do(self, steps: Steps) -> str:
        """Read the answers, and take all of them or none."""
        names = {"request": self.request}
        if self.probabilities is None:
            names["vote"] = self.vote
        else:
            names |= {f"probabilities{k}": name for k, name in enumerate(self.probabilities)}
        with steps(f"reading {self.votes}"):
            table = io.read_table(self.votes, names)
        stated = None if self.probabilities is None else [f"probabilities{k}" for k in range(3)]
        with Distillation.open(self.folder) as loop:
            try:
                told = loop.tell(
                    table.columns, probabilities=stated, mapping=self.mapping, replace=self.replace
                )
            except (ValueError, TypeError) as error:
                raise table.located(error) from None
            more = f", {told.replaced:,} replaced" if told.replaced else ""
            more += f", {told.late:,} of requests that were withdrawn" if told.late else ""
            return (
                f"{told.new:,} new answers, {told.repeated:,} known before{more}; "
                f"{len(loop.pending):,} requests are pending"
            )


@dataclass(frozen=True)
class Withdrawal:
    """``venire distill withdraw``."""

    folder: Path
    teacher: str
    reassign: bool
    output: Path | None
    quiet: bool

    def do(self, steps: Steps) -> str:
        """Close the teacher's requests."""
        _check(self.output)
        with Distillation.open(self.folder) as loop:
            requests = loop.withdraw(self.teacher, reassign=self.reassign)
            _write(requests.to_frame("dict"), self.output)
            return f"{self.teacher} is not asked again; {_counted(requests)} in its place"


@dataclass(frozen=True)
class Training:
    """``venire distill train``."""

    folder: Path
    features: Path | None
    group: str
    item: str
    use: list[str] | None
    student: str
    folds: int
    seed: int
    model: Path | None
    threads: int | None
    output: Path | None
    quiet: bool

    def do(self, steps: Steps) -> str:
        """Fit targets, and a student if there are features."""
        _check(self.output)
        if self.model is not None:
            with about(self.model):
                disk.check_writable(self.model)
        with Distillation.open(
            self.folder, read_only=self.features is None, n_threads=self.threads
        ) as loop:
            said = ""
            if self.features is not None:
                frame, located = self._read(steps)
                with steps("fitting the student"):
                    try:
                        fitted = loop.fit_student(
                            _student(self.student, self.seed), frame, folds=self.folds
                        )
                    except ValueError as error:
                        raise (located(error) if hasattr(error, "argument") else error) from None
                r2 = loop.report()["student_r2"][-1]
                said = f"{self.student}: r2 {r2:.3g} on groups that it did not see; "
                if self.model is not None:
                    import joblib

                    with about(self.model), disk.whole(self.model) as part:
                        joblib.dump(fitted, part)
            with steps("fitting targets"):
                targets = loop.targets()
            table = targets.to_frame("dict")
            if loop.predictions is not None:
                table["prediction"] = loop.predictions[loop.order]
            _write(table, self.output)
            return f"{said}{len(targets):,} targets, {targets.n_unknown:,} of them unknown"

    def _read(self, steps: Steps) -> tuple[dict[str, Any], Any]:
        assert self.features is not None
        with steps(f"reading {self.features}"):
            present = io.columns_in(self.features)
            used = self.use or [n for n in present if n not in (self.group, self.item)]
            for taken in {"group", "item"} & set(used):
                raise io.DataError(self.features, "no feature may have this name", column=taken)
            names = {"group": self.group, "item": self.item} | {f"x {n}": n for n in used}
            table = io.read_table(self.features, names, ["group", "item"])
            frame = {}
            for argument, column in table.columns.items():
                name = table.names[argument] if argument.startswith("x ") else argument
                try:
                    frame[name] = floats(column, argument) if name != argument else column
                except (ValueError, TypeError) as error:
                    raise table.located(error) from None
        renamed = {f"features {n}": n for n in used}
        renamed |= {"features group": self.group, "features item": self.item}
        return frame, table._replace(names=renamed).located


def _student(name: str, seed: int) -> Any:
    """A scikit-learn regressor; those that need it see standardised features."""
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import LinearRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if name == "forest":
        return RandomForestRegressor(200, min_samples_leaf=3, random_state=seed)
    if name == "boosting":
        return HistGradientBoostingRegressor(random_state=seed)
    return make_pipeline(StandardScaler(), Ridge(3.0) if name == "ridge" else LinearRegression())


@dataclass(frozen=True)
class Charting:
    """``venire distill report``."""

    folder: Path
    beside: list[Path]
    plot: Path | None
    measure: str | None
    preview: bool
    threads: int | None
    table: Path | None
    quiet: bool

    def do(self, steps: Steps) -> str:
        """The report as text; its table and its picture to files."""
        _check(self.table)
        if self.plot is not None:
            _pictures.check(self.plot)
        reports = {}
        for folder in (self.folder, *self.beside):
            with (
                steps(f"reading {folder}"),
                Distillation.open(folder, read_only=True, n_threads=self.threads) as loop,
            ):
                reports[str(folder)] = loop.report(preview=self.preview)
        if self.table is not None:
            io.write_table(reports[str(self.folder)].to_frame("dict"), self.table)
        if self.plot is not None:
            from venire import plots

            _pictures.write(plots.plot_quality(reports, measure=self.measure), self.plot)
        if len(reports) == 1:
            return str(reports[str(self.folder)])
        return "\n".join(f"{name}\n{report}\n" for name, report in reports.items())
