"""``venire simulate``: its options, checked as far as they can be without a simulation."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import typer

from venire.cli._run_simulate import Options, run

__all__ = ["simulate"]

_ASK, _TEACH, _WORLD, _OUT = "What is asked", "Teachers", "World", "Output"
_MEASURES = ("tau", "nmse", "ndcg", "student_r2")


def simulate(
    groups: Annotated[
        int, typer.Option(min=1, help="Groups (queries).", rich_help_panel=_ASK)
    ] = 40,
    items: Annotated[int, typer.Option(min=3, help="Items a group.", rich_help_panel=_ASK)] = 50,
    degrees: Annotated[
        str | None,
        typer.Option(
            metavar="D,D,...",
            help="Asks an item has taken part in after each round. Default: 2,4,6,8.",
            rich_help_panel=_ASK,
        ),
    ] = None,
    degree: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="The last of the degrees, with --rounds of equal size.",
            rich_help_panel=_ASK,
        ),
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, rich_help_panel=_ASK)] = None,
    design: Annotated[
        Literal["uniform", "adaptive", "both"],
        typer.Option(
            help="Cycles, or where the votes so far and a student say.", rich_help_panel=_ASK
        ),
    ] = "both",
    criterion: Annotated[
        Literal["D", "A", "top"],
        typer.Option(help="Of the adaptive design.", rich_help_panel=_ASK),
    ] = "D",
    panel: Annotated[
        bool,
        typer.Option(
            "--panel/--rotation",
            help="Put each pair to all teachers, or to one in turn.",
            rich_help_panel=_ASK,
        ),
    ] = False,
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="The rotation, by names; one that stands there twice is asked twice as often.",
            rich_help_panel=_ASK,
        ),
    ] = None,
    teachers: Annotated[
        str,
        typer.Option(
            metavar="PRESET|FILE",
            help="usual, independent, weak, ambiguous, wrong, one-sided, costly, failing; or a "
            ".csv, .json or .toml file.",
            rich_help_panel=_TEACH,
        ),
    ] = "usual",
    costs: Annotated[
        str | None,
        typer.Option(
            metavar="C,C,...",
            help="Price of a vote of each teacher, instead of the preset's or the file's.",
            rich_help_panel=_TEACH,
        ),
    ] = None,
    shared_error: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Error that all teachers share, in units of theta.",
            rich_help_panel=_TEACH,
        ),
    ] = None,
    ambiguous: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of pairs that nobody can tell apart.",
            rich_help_panel=_TEACH,
        ),
    ] = None,
    world: Annotated[
        Literal["normal", "retrieval"],
        typer.Option(
            help="Strengths of items: normal, or a tenth far better than the rest.",
            rich_help_panel=_WORLD,
        ),
    ] = "normal",
    student: Annotated[
        Literal["useful", "useless"],
        typer.Option(help="Whether features tell the strength.", rich_help_panel=_WORLD),
    ] = "useful",
    seeds: Annotated[
        int, typer.Option(min=1, help="Simulated worlds.", rich_help_panel=_WORLD)
    ] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of them all.", rich_help_panel=_WORLD)] = 0,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Default: all CPUs.", rich_help_panel=_WORLD)
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="MEASURE=VALUE",
            help="Also say what reaches it, as in tau=0.7, ndcg=0.8 or student_r2=0.5.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    level: Annotated[
        float, typer.Option(help="Level of the intervals.", rich_help_panel=_OUT)
    ] = 0.95,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the table: .parquet, .arrow, .csv, .json or .jsonl.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw it: .png, .svg, .pdf.", rich_help_panel=_OUT),
    ] = None,
    measure: Annotated[
        Literal["tau", "nmse", "ndcg", "student_r2"],
        typer.Option(help="What --plot draws.", rich_help_panel=_OUT),
    ] = "tau",
    against: Annotated[
        Literal["votes", "cost"], typer.Option(help="Of --plot.", rich_help_panel=_OUT)
    ] = "votes",
    json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON document instead.", rich_help_panel=_OUT),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only warnings.", rich_help_panel=_OUT)
    ] = False,
) -> None:
    """Plan a budget of votes: the quality to expect against votes and their cost, by simulation.

    Exit code 0: done; 1: an unreadable or unwritable file, bad teachers; 2: usage.
    """
    steps = _degrees(degrees, degree, rounds)
    if steps[-1] >= items:
        raise typer.BadParameter(
            f"{steps[-1]} is not below the number of items, {items}", param_hint="degrees"
        )
    if not 0.0 < level < 1.0:
        raise typer.BadParameter("must lie between 0 and 1", param_hint="--level")
    if json and quiet:
        raise typer.BadParameter("--json and --quiet contradict each other", param_hint="--quiet")
    if panel and pattern is not None:
        raise typer.BadParameter("a panel asks all teachers", param_hint="--pattern")
    code = run(
        Options(
            groups=groups,
            items=items,
            degrees=steps,
            designs=("uniform", "adaptive") if design == "both" else (design,),
            criterion=criterion,
            panel=panel,
            pattern=None if pattern is None else [x.strip() for x in pattern.split(",")],
            teachers=teachers,
            costs=None if costs is None else _numbers(costs, "--costs"),
            shared_error=shared_error,
            ambiguous=ambiguous,
            world=world,
            student=student,
            seeds=seeds,
            seed=seed,
            threads=threads,
            target=None if target is None else _target(target),
            level=level,
            output=output,
            plot=plot,
            measure=measure,
            against=against,
            json=json,
            quiet=quiet,
        )
    )
    if code:
        raise typer.Exit(code)


def _degrees(degrees: str | None, degree: int | None, rounds: int | None) -> list[int]:
    """Degrees after each round."""
    if degrees is not None and (degree is not None or rounds is not None):
        raise typer.BadParameter("give it, or --degree and --rounds", param_hint="--degrees")
    if degrees is None and degree is None and rounds is None:
        return [2, 4, 6, 8]
    if degrees is None:
        last, n = 8 if degree is None else degree, 4 if rounds is None else rounds
        if last % n or last // n < 2:
            raise typer.BadParameter(
                f"{last} asks an item in {n} rounds: not a whole number of at least 2 a round",
                param_hint="--rounds",
            )
        return list(range(last // n, last + 1, last // n))
    found = []
    for part in degrees.split(","):
        word = part.strip()
        if not word.isdigit():
            raise typer.BadParameter(f"{word!r} is not a whole number", param_hint="--degrees")
        found.append(int(word))
    if found[0] < 2 or any(b <= a for a, b in pairwise(found)):
        raise typer.BadParameter("must increase, from 2 or more", param_hint="--degrees")
    return found


def _numbers(text: str, flag: str) -> list[float]:
    out = []
    for part in text.split(","):
        try:
            out.append(float(part))
        except ValueError:
            raise typer.BadParameter(f"{part.strip()!r} is not a number", param_hint=flag) from None
    return out


def _target(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if not equals or name.strip() not in _MEASURES:
        known = ", ".join(_MEASURES)
        raise typer.BadParameter(
            f"{text!r} is not MEASURE=VALUE; measures: {known}", param_hint="--target"
        )
    return name.strip(), _numbers(value, "--target")[0]
