"""``venire simulate``: what a budget of votes buys, before it is paid for."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer
from rich.table import Table

from venire import io
from venire._core.checks import BadTypeError, BadValueError
from venire.cli._command import Command, Refused, misused, option
from venire.cli._options import OUT, Json, Level, Quiet, output, seed, threads
from venire.cli._progress import Steps
from venire.cli._report import PICTURE, TABLE, Report, grid, number
from venire.cli._version import version
from venire.simulate import PRESETS, Plan, Teachers, plan, teachers

__all__ = ["Simulate"]

_ASK, _TEACH, _WORLD = "What is asked", "Teachers", "World"
_HEADS = {"tau": "tau", "ndcg": "nDCG@10", "nmse": "1 - r²", "student_r2": "student r²"}


def _listed(of: Callable[[str], Any], kind: str) -> Callable[[str], list[Any]]:
    """A reader of values with commas between them."""

    def parse(text: str) -> list[Any]:
        out = []
        for part in text.split(","):
            try:
                out.append(of(part.strip()))
            except ValueError:
                raise typer.BadParameter(f"{part.strip()!r} is not {kind}") from None
        return out

    return parse


def _digits(word: str) -> int:
    return int(word if word.isdigit() else "")


class Target(NamedTuple):
    """A quality to reach."""

    measure: str
    value: float


def _target(text: str) -> Target:
    name, equals, value = text.partition("=")
    if not equals or name.strip() not in _HEADS:
        known = ", ".join(_HEADS)
        raise typer.BadParameter(f"{text!r} is not MEASURE=VALUE; measures: {known}")
    return Target(name.strip(), _listed(float, "a number")(value)[0])


@dataclass(frozen=True, kw_only=True)
class Simulate(Command):
    """Plan a budget of votes: the quality to expect against votes and their cost, by simulation.

    Exit code 0: done; 1: an unreadable or unwritable file, bad teachers; 2: usage.
    """

    groups: Annotated[int, option("Groups (queries).", _ASK, min=1)] = 40
    items: Annotated[int, option("Items a group.", _ASK, min=3)] = 50
    degrees: Annotated[
        Sequence[int] | None,
        option(
            "Asks an item has taken part in after each round. Default: 2,4,6,8.", _ASK,
            metavar="D,D,...", parser=_listed(_digits, "a whole number"),
        ),
    ] = None  # fmt: skip
    degree: Annotated[
        int | None,
        option("The last of the degrees, with --rounds of equal size.", _ASK, min=2),
    ] = None
    rounds: Annotated[int | None, option(None, _ASK, min=1)] = None
    design: Annotated[
        Literal["uniform", "adaptive", "both"],
        option("Cycles, or where the votes so far and a student say.", _ASK),
    ] = "both"
    criterion: Annotated[Literal["D", "A", "top"], option("Of the adaptive design.", _ASK)] = "D"
    panel: Annotated[
        bool,
        option("Put each pair to all teachers, or to one in turn.", _ASK, "--panel/--rotation"),
    ] = False
    pattern: Annotated[
        Sequence[str] | None,
        option(
            "The rotation, by names; one that stands there twice is asked twice as often.", _ASK,
            metavar="NAME,...", parser=_listed(str, "a name"),
        ),
    ] = None  # fmt: skip
    teachers: Annotated[
        str,
        option(
            f"{', '.join(PRESETS)}; or a .csv, .json or .toml file.", _TEACH, metavar="PRESET|FILE"
        ),
    ] = "usual"
    costs: Annotated[
        Sequence[float] | None,
        option(
            "Price of a vote of each teacher, instead of the preset's or the file's.", _TEACH,
            metavar="C,C,...", parser=_listed(float, "a number"),
        ),
    ] = None  # fmt: skip
    shared_error: Annotated[
        float | None,
        option("Error that all teachers share, in units of theta.", _TEACH, min=0.0),
    ] = None
    ambiguous: Annotated[
        float | None,
        option("Share of pairs that nobody can tell apart.", _TEACH, min=0.0, max=1.0),
    ] = None
    world: Annotated[
        Literal["normal", "retrieval"],
        option("Strengths of items: normal, or a tenth far better than the rest.", _WORLD),
    ] = "normal"
    student: Annotated[
        Literal["useful", "useless"], option("Whether features tell the strength.", _WORLD)
    ] = "useful"
    seeds: Annotated[int, option("Simulated worlds.", _WORLD, min=1)] = 8
    seed: Annotated[int, seed("Of them all.", _WORLD)] = 0
    n_threads: Annotated[int | None, threads(_WORLD)] = None
    target: Annotated[
        Target | None,
        option(
            "Also say what reaches it, as in tau=0.7, ndcg=0.8 or student_r2=0.5.", OUT,
            metavar="MEASURE=VALUE", parser=_target,
        ),
    ] = None  # fmt: skip
    level: Level = 0.95
    output: Annotated[Path | None, output("Write the table"), TABLE] = None
    plot: Annotated[
        Path | None, option("Draw it: .png, .svg, .pdf.", OUT, metavar="FILE"), PICTURE
    ] = None
    measure: Annotated[
        Literal["tau", "nmse", "ndcg", "student_r2"], option("What --plot draws.", OUT)
    ] = "tau"
    against: Annotated[Literal["votes", "cost"], option("Of --plot.", OUT)] = "votes"
    json: Json = False
    quiet: Quiet = False

    def __post_init__(self) -> None:
        if (last := self.after[-1]) >= self.items:
            misused("--degrees", f"{last} is not below the number of items, {self.items}")
        if self.panel and self.pattern is not None:
            misused("--pattern", "a panel asks all teachers")

    @property
    def after(self) -> list[int]:
        """Degrees after each round."""
        if self.degrees is None:
            last, n = self.degree or 8, self.rounds or 4
            if last % n or last // n < 2:
                rule = (
                    f"{last} asks an item in {n} rounds: not a whole number of at least 2 a round"
                )
                misused("--rounds", rule)
            return list(range(last // n, last + 1, last // n))
        if self.degree is not None or self.rounds is not None:
            misused("--degrees", "give it, or --degree and --rounds")
        if self.degrees[0] < 2 or any(b <= a for a, b in pairwise(self.degrees)):
            misused("--degrees", "must increase, from 2 or more")
        return list(self.degrees)

    def do(self, steps: Steps) -> Report:
        """Ask simulated teachers in simulated worlds."""
        judges = self._judges()
        with steps("simulating"):
            found = self._plan(judges, steps)
        facts, table = self._facts(found), found.to_frame("dict")
        files: dict[str, Any] = {"output": table}
        if self.plot is not None:
            from venire import plots

            files["plot"] = plots.plot_plan(found, measure=self.measure, against=self.against)
        return Report(self._said(found, facts), (), facts, {"rounds": table}, files)

    def _judges(self) -> Teachers:
        """A preset or a file's, with what the options change."""
        shared = {"shared_error": self.shared_error, "ambiguous": self.ambiguous}
        if self.teachers in PRESETS:
            given = {name: value for name, value in shared.items() if value is not None}
            judges = replace(teachers(self.teachers), **given)
        elif os.path.splitext(self.teachers)[1]:
            judges = io.read_teachers(self.teachers, **shared)
        else:
            known = ", ".join(PRESETS)
            raise Refused(f"--teachers: {self.teachers!r} is neither a file nor one of {known}", 2)
        try:
            return judges if self.costs is None else replace(judges, cost=self.costs)
        except (BadValueError, BadTypeError) as error:
            raise Refused(f"--costs: {error.reason}", 2) from None

    def _plan(self, judges: Teachers, steps: Steps) -> Plan:
        pattern = None
        if self.pattern is not None:
            at = {name: k for k, name in enumerate(judges.names.tolist())}
            unknown = [name for name in self.pattern if name not in at]
            if unknown:
                raise Refused(f"--pattern: no teacher is named {unknown[0]!r}: {', '.join(at)}", 2)
            pattern = [at[name] for name in self.pattern]
        return plan(
            self.groups,
            self.items,
            self.after,
            teachers=judges,
            panel=self.panel,
            pattern=pattern,
            design=("uniform", "adaptive") if self.design == "both" else (self.design,),
            criterion=self.criterion,
            kind=self.world,
            student=self.student,
            n_seeds=self.seeds,
            level=self.level,
            rng=self.seed,
            n_threads=self.n_threads,
            progress=lambda done, total: steps.stage("simulating", done, total, "worlds"),
        )

    def _facts(self, found: Plan) -> dict[str, Any]:
        judges = found.teachers
        asked = ("panel", "pattern", "criterion", "world", "student", "seeds", "seed", "level")
        each = ("names", "sharpness", "order_bias", "own_error", "cost", "failure")
        facts: dict[str, Any] = {
            "venire": version(),
            "groups": self.groups,
            "items": self.items,
            "degrees": self.after,
            "designs": list(found.design),
            **{name: getattr(self, name) for name in asked},
            "teachers": {name: getattr(judges, name).tolist() for name in each}
            | {"shared_error": judges.shared_error, "ambiguous": judges.ambiguous},
        }
        if self.target is not None:
            measure, value = self.target

            def needed(design: str, unit: str) -> float | None:
                return number(found.needed(value, measure, design=design, unit=unit))

            units = ("degree", "votes", "cost")
            facts["target"] = {
                "measure": measure,
                "value": value,
                "reached": {d: {unit: needed(d, unit) for unit in units} for d in found.design},
            }
        return facts

    def _said(self, found: Plan, facts: dict[str, Any]) -> list[str | Table]:
        how = "each pair to all" if self.panel else "each pair to one, in rotation"
        known = f" with {100 * found.level:g} % intervals" if found.n_seeds > 1 else ""
        said: list[str | Table] = [
            f"{self.groups:,} groups of {self.items:,} items, {len(found.teachers)} teachers, "
            f"{how}; means of {found.n_seeds} simulated worlds{known}",
            _rows(found),
        ]
        for design, reached in facts.get("target", {}).get("reached", {}).items():
            goal = f"{_HEADS[facts['target']['measure']]} {facts['target']['value']:g}, {design}: "
            said.append(goal + (
                "not reached" if reached["votes"] is None
                else f"{reached['votes']:,.0f} votes, cost {reached['cost']:,.6g}, degree "
                f"{reached['degree']:.3g}"
            ))  # fmt: skip
        return said


def _rows(found: Plan) -> Table:
    n_designs, n_rounds = len(found.design), len(found.degree)
    columns = {
        "design": [design for design in found.design for _ in range(n_rounds)],
        "degree": [str(degree) for degree in found.degree.tolist()] * n_designs,
        "votes": [f"{x:,.0f}" for x in found.votes.mean(axis=-1).ravel()],
        "cost": [f"{x:,.6g}" for x in found.cost.mean(axis=-1).ravel()],
    }
    for measure, head in _HEADS.items():
        mean, half = (x.ravel() for x in found.interval(measure))
        columns[head] = [
            f"{m:.3f}" + ("" if math.isnan(h) else f" ± {h:.3f}")
            for m, h in zip(mean, half, strict=True)
        ]
    return grid(columns, ["design"], sections=n_rounds)
