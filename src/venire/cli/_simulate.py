"""``venire simulate``: what a budget of votes buys, before it is paid for."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import typer

from venire import io
from venire._core.checks import BadInput
from venire._core.version import version
from venire.cli import _options as opt
from venire.cli._command import Command, Refused, misused, option
from venire.cli._options import OUT, listed
from venire.cli._progress import Steps
from venire.cli._report import Grid, Picture, Report, number
from venire.simulate import PRESETS, Plan, Teachers, plan, teachers

__all__ = ["Simulate"]

_ASK, _TEACH, _WORLD = "What is asked", "Teachers", "World"
_HEADS = {"tau": "tau", "ndcg": "nDCG@10", "nmse": "1 - r²", "student_r2": "student r²"}


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
    return Target(name.strip(), listed(float, "a number")(value)[0])


@dataclass(frozen=True, kw_only=True)
class Simulate(Command):
    """Plan a budget of votes: the quality to expect against votes and their cost, by simulation.

    Exit code 0: done; 1: an unreadable or unwritable file, bad teachers; 2: usage.
    """

    groups: int = option(40, "Groups (queries).", _ASK, min=1)
    items: int = option(50, "Items a group.", _ASK, min=3)
    degrees: Sequence[int] | None = option(
        None, "Asks an item has taken part in after each round. Default: 2,4,6,8.", _ASK,
        metavar="D,D,...", parser=listed(_digits, "a whole number"),
    )  # fmt: skip
    degree: int | None = option(
        None, "The last of the degrees, with --rounds of equal size.", _ASK, min=2
    )
    rounds: int | None = option(None, None, _ASK, min=1)
    design: Literal["uniform", "adaptive", "both"] = option(
        "both", "Cycles, or where the votes so far and a student say.", _ASK
    )
    criterion: Literal["D", "A", "top"] = option("D", "Of the adaptive design.", _ASK)
    panel: bool = option(
        False, "Put each pair to all teachers, or to one in turn.", _ASK, "--panel/--rotation"
    )
    pattern: Sequence[str] | None = option(
        None, "The rotation, by names; one that stands there twice is asked twice as often.",
        _ASK, metavar="NAME,...", parser=listed(str, "a name"),
    )  # fmt: skip
    teachers: str = option(
        "usual", f"{', '.join(PRESETS)}; or a .csv, .json or .toml file.", _TEACH,
        metavar="PRESET|FILE",
    )  # fmt: skip
    costs: Sequence[float] | None = option(
        None, "Price of a vote of each teacher, instead of the preset's or the file's.", _TEACH,
        metavar="C,C,...", parser=listed(float, "a number"),
    )  # fmt: skip
    shared_error: float | None = option(
        None, "Error that all teachers share, in units of theta.", _TEACH, min=0.0
    )
    ambiguous: float | None = option(
        None, "Share of pairs that nobody can tell apart.", _TEACH, min=0.0, max=1.0
    )
    world: Literal["normal", "retrieval"] = option(
        "normal", "Strengths of items: normal, or a tenth far better than the rest.", _WORLD
    )
    student: Literal["useful", "useless"] = option(
        "useful", "Whether features tell the strength.", _WORLD
    )
    seeds: int = option(8, "Simulated worlds.", _WORLD, min=1)
    seed: int = option(0, "Of them all.", _WORLD, min=0)
    n_threads: int | None = opt.threads(_WORLD)
    target: Target | None = option(
        None, "Also say what reaches it, as in tau=0.7, ndcg=0.8 or student_r2=0.5.", OUT,
        metavar="MEASURE=VALUE", parser=_target,
    )  # fmt: skip
    level: float = opt.level()
    output: Path | None = opt.output("Write the table: FORMATS.")
    plot: Path | None = opt.plot("the quality against votes")
    measure: Literal["tau", "nmse", "ndcg", "student_r2"] = option("tau", "What --plot draws.", OUT)
    against: Literal["votes", "cost"] = option("votes", "Of --plot.", OUT)
    json: bool = opt.json()
    quiet: bool = opt.quiet()

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
        facts, table = self._facts(found), found.to_frame("dict", level=self.level)
        how = {"measure": self.measure, "against": self.against, "level": self.level}
        files = {"output": table, "plot": Picture(found, how)}
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
        except BadInput as error:
            error.argument = "--costs"
            raise Refused(str(error), 2) from None

    def _plan(self, judges: Teachers, steps: Steps) -> Plan:
        rotation = None
        if self.pattern is not None:
            at = {name: k for k, name in enumerate(judges.names.tolist())}
            unknown = [name for name in self.pattern if name not in at]
            if unknown:
                raise Refused(f"--pattern: no teacher is named {unknown[0]!r}: {', '.join(at)}", 2)
            rotation = [at[name] for name in self.pattern]
        return plan(
            self.groups,
            self.items,
            self.after,
            teachers=judges,
            panel=self.panel,
            rotation=rotation,
            design=("uniform", "adaptive") if self.design == "both" else (self.design,),
            criterion=self.criterion,
            law=self.world,
            student=self.student,
            n_seeds=self.seeds,
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

    def _said(self, found: Plan, facts: dict[str, Any]) -> list[str | Grid]:
        how = "each pair to all" if self.panel else "each pair to one, in rotation"
        known = f" with {100 * self.level:g} % intervals" if found.n_seeds > 1 else ""
        said: list[str | Grid] = [
            f"{self.groups:,} groups of {self.items:,} items, {len(found.teachers)} teachers, "
            f"{how}; means of {found.n_seeds} simulated worlds{known}",
            _rows(found, self.level),
        ]
        for design, reached in facts.get("target", {}).get("reached", {}).items():
            goal = f"{_HEADS[facts['target']['measure']]} {facts['target']['value']:g}, {design}: "
            said.append(goal + (
                "not reached" if reached["votes"] is None
                else f"{reached['votes']:,.0f} votes, cost {reached['cost']:,.6g}, degree "
                f"{reached['degree']:.3g}"
            ))  # fmt: skip
        return said


def _rows(found: Plan, level: float) -> Grid:
    n_designs, n_rounds = len(found.design), len(found.degree)
    columns = {
        "design": [design for design in found.design for _ in range(n_rounds)],
        "degree": [str(degree) for degree in found.degree.tolist()] * n_designs,
        "votes": [f"{x:,.0f}" for x in found.votes.mean(axis=-1).ravel()],
        "cost": [f"{x:,.6g}" for x in found.cost.mean(axis=-1).ravel()],
    }
    for measure, head in _HEADS.items():
        mean, half = (x.ravel() for x in found.interval(measure, level=level))
        columns[head] = [
            f"{m:.3f}" + ("" if math.isnan(h) else f" ± {h:.3f}")
            for m, h in zip(mean, half, strict=True)
        ]
    spare = (_HEADS["student_r2"], _HEADS["nmse"], "cost", _HEADS["ndcg"])
    return Grid(columns, ["design"], n_rounds, spare)
