"""``venire simulate``: simulate, report."""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from venire import io
from venire._core.checks import BadInput
from venire.cli import _pictures
from venire.cli._errors import Refused
from venire.cli._progress import progress
from venire.cli._version import version
from venire.simulate import PRESETS, Plan, Teachers, plan, teachers

if TYPE_CHECKING:
    from venire.cli._progress import Steps

__all__ = ["Options", "run"]

_WIDE = 160
_HEADS = {"tau": "tau", "ndcg": "nDCG@10", "nmse": "1 - r²", "student_r2": "student r²"}


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    groups: int
    items: int
    degrees: list[int]
    designs: tuple[str, ...]
    criterion: str
    panel: bool
    pattern: list[str] | None
    teachers: str
    costs: list[float] | None
    shared_error: float | None
    ambiguous: float | None
    world: str
    student: str
    seeds: int
    seed: int
    threads: int | None
    target: tuple[str, float] | None
    level: float
    output: Path | None
    plot: Path | None
    measure: str
    against: str
    json: bool
    quiet: bool


def run(options: Options) -> int:
    """Do it; returns the exit code."""
    stderr = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        if options.output is not None:
            io.check_writable(options.output)
        if options.plot is not None:
            _pictures.check(options.plot)
        judges = _teachers(options)
        with progress(stderr, options.quiet) as steps:
            with steps("simulating"):
                found = _simulate(options, judges, steps)
            table, facts = found.to_frame("dict", level=options.level), _facts(options, found)
            if options.output is not None:
                io.write_table(table, options.output, metadata={"venire": json.dumps(facts)})
            if options.plot is not None:
                _draw(options, found)
        if options.json:
            rows = [
                {name: _plain(value) for name, value in zip(table, row, strict=True)}
                for row in zip(*(np.asarray(c).tolist() for c in table.values()), strict=True)
            ]
            json.dump(facts | {"rounds": rows}, sys.stdout, indent=1, allow_nan=False)
            sys.stdout.write("\n")
        elif not options.quiet:
            _show(options, found, facts)
    except (io.DataError, Refused) as error:
        stderr.print(f"venire: {error}", markup=False)
        return getattr(error, "code", 1)
    except MemoryError as error:
        stderr.print(f"venire: not enough memory: {error}", markup=False)
        return 1
    except KeyboardInterrupt:
        stderr.print("venire: interrupted", markup=False)
        return 130
    return 0


def _teachers(options: Options) -> Teachers:
    """A preset or a file's, with what the options change."""
    shared = {"shared_error": options.shared_error, "ambiguous": options.ambiguous}
    if options.teachers in PRESETS:
        given = {name: value for name, value in shared.items() if value is not None}
        judges = replace(teachers(options.teachers), **given)
    elif os.path.splitext(options.teachers)[1]:
        judges = io.read_teachers(options.teachers, **shared)
    else:
        known = ", ".join(PRESETS)
        raise Refused(f"--teachers: {options.teachers!r} is neither a file nor one of {known}", 2)
    if options.costs is None:
        return judges
    try:
        return replace(judges, cost=options.costs)
    except BadInput as error:
        error.argument = "--costs"
        raise Refused(str(error), 2) from None


def _simulate(options: Options, judges: Teachers, steps: Steps) -> Plan:
    pattern = None
    if options.pattern is not None:
        at = {name: k for k, name in enumerate(judges.names.tolist())}
        unknown = [name for name in options.pattern if name not in at]
        if unknown:
            raise Refused(f"--pattern: no teacher is named {unknown[0]!r}: {', '.join(at)}", 2)
        pattern = [at[name] for name in options.pattern]
    try:
        return plan(
            options.groups, options.items, options.degrees, teachers=judges, panel=options.panel,
            rotation=pattern, design=options.designs, criterion=options.criterion,
            law=options.world, student=options.student, n_seeds=options.seeds,
            rng=options.seed, n_threads=options.threads,
            progress=lambda done, total: steps.stage("simulating", done, total),
        )  # fmt: skip
    except ValueError as error:  # nobody answers; odd degrees of odd groups
        raise Refused(str(error), 1) from None


def _draw(options: Options, found: Plan) -> None:
    assert options.plot is not None
    from venire import plots

    axes = plots.plot_plan(found, measure=options.measure, against=options.against)
    _pictures.write(axes, options.plot)


def _plain(x: Any) -> Any:
    return None if isinstance(x, float) and not math.isfinite(x) else x


def _facts(options: Options, found: Plan) -> dict[str, Any]:
    judges = found.teachers
    facts: dict[str, Any] = {
        "venire": version(),
        "groups": options.groups,
        "items": options.items,
        "degrees": options.degrees,
        "designs": list(found.design),
        "panel": options.panel,
        "pattern": options.pattern,
        "criterion": options.criterion,
        "world": options.world,
        "student": options.student,
        "seeds": options.seeds,
        "seed": options.seed,
        "level": options.level,
        "teachers": {
            name: getattr(judges, name).tolist()
            for name in ("names", "sharpness", "order_bias", "own_error", "cost", "failure")
        }
        | {"shared_error": judges.shared_error, "ambiguous": judges.ambiguous},
    }
    if options.target is not None:
        measure, value = options.target
        facts["target"] = {
            "measure": measure,
            "value": value,
            "reached": {
                design: {
                    unit: _plain(found.needed(value, measure, design=design, unit=unit))
                    for unit in ("degree", "votes", "cost")
                }
                for design in found.design
            },
        }
    return facts


def _show(options: Options, found: Plan, facts: dict[str, Any]) -> None:
    """Print it for people."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE)
    how = "each pair to all" if options.panel else "each pair to one, in rotation"
    console.print(Text(
        f"{options.groups:,} groups of {options.items:,} items, {len(found.teachers)} teachers, "
        f"{how}; means of {found.n_seeds} simulated worlds"
        + (f" with {100 * options.level:g} % intervals" if found.n_seeds > 1 else "")
    ))  # fmt: skip
    out = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    out.add_column("design")
    for head in ("degree", "votes", "cost", *_HEADS.values()):
        out.add_column(head, justify="right", no_wrap=True)
    intervals = {measure: found.interval(measure, level=options.level) for measure in _HEADS}
    for d, design in enumerate(found.design):
        for k, degree in enumerate(found.degree.tolist()):
            cells = [
                f"{mean[d, k]:.3f}" + ("" if math.isnan(half[d, k]) else f" ± {half[d, k]:.3f}")
                for mean, half in intervals.values()
            ]
            out.add_row(
                design, str(degree), f"{found.votes[d, k].mean():,.0f}",
                f"{found.cost[d, k].mean():,.6g}", *cells,
                end_section=k + 1 == len(found.degree),
            )  # fmt: skip
    console.print(out)
    for design, reached in facts.get("target", {}).get("reached", {}).items():
        measure, value = options.target or ("", 0.0)
        goal = f"{_HEADS[measure]} {value:g}, {design}: "
        if reached["votes"] is None:
            console.print(Text(f"{goal}not reached"))
        else:
            console.print(Text(
                f"{goal}{reached['votes']:,.0f} votes, cost {reached['cost']:,.6g}, degree "
                f"{reached['degree']:.3g}"
            ))  # fmt: skip
