"""The commands and their options. What they do is in modules of their own."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from venire.cli._consensus import consensus
from venire.cli._run import Options, run
from venire.cli._version import version

__all__ = ["app"]

app = typer.Typer(
    name="venire",
    help="Ratings from paired comparisons and consensus of votes, with their uncertainty.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

_WHO, _DATA, _MODEL, _OUT = "Who won (one way)", "Further columns", "Model", "Output"


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"venire {version()}")
        raise typer.Exit


@app.callback()
def venire(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Ratings from paired comparisons and consensus of votes, with their uncertainty."""


def _column(flag: str, help: str, panel: str) -> typer.models.OptionInfo:
    return typer.Option(flag, metavar="COLUMN", help=help, rich_help_panel=panel)


@app.command()
def fit(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV, TSV or JSON lines (also .gz), Parquet, Arrow or Feather.",
        ),
    ],
    first: Annotated[str, _column("--first", "Label of the first item.", _DATA)],
    second: Annotated[str, _column("--second", "Label of the second item.", _DATA)],
    outcome: Annotated[
        str | None,
        _column("--outcome", "Words (first, second, tie, ...), 1/0.5/0 or the winner.", _WHO),
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            metavar="V=SCORE,...",
            help="What the outcomes mean, as in H=1,D=0.5,A=0 or H=first,D=tie,A=second.",
            rich_help_panel=_WHO,
        ),
    ] = None,
    score: Annotated[
        str | None, _column("--score", "Share that first got, 0 to 1; 0.5 is a tie.", _WHO)
    ] = None,
    first_score: Annotated[
        str | None, _column("--first-score", "Points of first: more than second wins.", _WHO)
    ] = None,
    second_score: Annotated[
        str | None, _column("--second-score", "Points of second.", _WHO)
    ] = None,
    win: Annotated[str | None, _column("--win", "Number of wins of first.", _WHO)] = None,
    loss: Annotated[str | None, _column("--loss", "Number of losses of first.", _WHO)] = None,
    tie: Annotated[str | None, _column("--tie", "Number of ties.", _WHO)] = None,
    weight: Annotated[
        str | None, _column("--weight", "How many comparisons a row stands for.", _DATA)
    ] = None,
    order: Annotated[
        str | None,
        _column("--order", "+1 first had the order advantage, -1 second had, 0 neither.", _DATA),
    ] = None,
    neutral: Annotated[
        str | None, _column("--neutral", "True where nobody had the order advantage.", _DATA)
    ] = None,
    model: Annotated[
        Literal["bradley-terry", "thurstone", "davidson", "rao-kupper"],
        typer.Option(help="The last two model ties.", rich_help_panel=_MODEL),
    ] = "bradley-terry",
    order_effect: Annotated[
        bool,
        typer.Option(
            "--order-effect", help="Fit an advantage of being first.", rich_help_panel=_MODEL
        ),
    ] = False,
    prior: Annotated[
        str,
        typer.Option(
            metavar="auto|none|FLOAT",
            help="Precision of a normal prior on the log-strengths. auto: none if the data "
            "determine a fit, else 0.01, which is said. none: refuse instead.",
            rich_help_panel=_MODEL,
        ),
    ] = "auto",
    components: Annotated[
        Literal["weak", "strong"],
        typer.Option(
            help="strong: fit each strongly connected component by itself.",
            rich_help_panel=_MODEL,
        ),
    ] = "weak",
    method: Annotated[
        Literal["auto", "newton", "mm"], typer.Option(rich_help_panel=_MODEL)
    ] = "auto",
    tol: Annotated[
        float, typer.Option(help="Largest relative residual.", rich_help_panel=_MODEL)
    ] = 1e-9,
    max_iter: Annotated[int | None, typer.Option(min=1, rich_help_panel=_MODEL)] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Default: all CPUs.", rich_help_panel=_MODEL)
    ] = None,
    level: Annotated[
        float, typer.Option(help="Level of the intervals.", rich_help_panel=_OUT)
    ] = 0.95,
    scale: Annotated[
        Literal["logit", "elo"] | None,
        typer.Option(help="Unit of the table; default: the model's own.", rich_help_panel=_OUT),
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Rows to print.", rich_help_panel=_OUT)] = 20,
    errors: Annotated[
        bool,
        typer.Option(
            " /--no-errors",
            help="Leave out the standard errors.",
            show_default=False,
            rich_help_panel=_OUT,
        ),
    ] = True,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write all ratings: .parquet, .arrow, .csv, .json or .jsonl.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON document instead.", rich_help_panel=_OUT),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print only warnings.", rich_help_panel=_OUT),
    ] = False,
) -> None:
    """Rate the items of a file of comparisons.

    Exit code 0: done; 1: the data (the message names file, row and column, or says why no fit
    exists); 2: usage.
    """
    columns = {
        "outcome": outcome, "score": score, "first_score": first_score,
        "second_score": second_score, "win": win, "loss": loss, "tie": tie, "weight": weight,
        "order": order, "neutral": neutral,
    }  # fmt: skip
    _check_columns(columns, mapping is not None, order_effect)
    if not 0.0 < level < 1.0:
        raise typer.BadParameter("must lie between 0 and 1", param_hint="--level")
    if not tol > 0.0:
        raise typer.BadParameter("must be > 0", param_hint="--tol")
    if json and quiet:
        raise typer.BadParameter("--json and --quiet contradict each other", param_hint="--quiet")
    if output is not None and file.exists() and output.exists() and os.path.samefile(file, output):
        raise typer.BadParameter("is the input file", param_hint="--output")
    options = Options(
        file=file,
        first=first,
        second=second,
        columns={name: column for name, column in columns.items() if column is not None},
        mapping=None if mapping is None else _mapping(mapping),
        model=model,
        order_effect=order_effect,
        prior=_prior(prior),
        components=components,
        method=method,
        tol=tol,
        max_iter=max_iter,
        threads=threads,
        level=level,
        scale=scale,
        top=top,
        errors=errors,
        output=output,
        json=json,
        quiet=quiet,
        command=["venire", *(sys.argv[1:] if context.obj is None else context.obj)],
    )
    code = run(options)
    if code:
        raise typer.Exit(code)


app.command()(consensus)


def _check_columns(columns: dict[str, str | None], mapped: bool, order_effect: bool) -> None:
    """Refuse options that say twice, by half, or not at all, who won."""
    ways = ("outcome", "score", "first_score", "win")
    used = [name for name in ways if columns[name] is not None]
    flags = [f"--{name.replace('_', '-')}" for name in (used or ways)]
    if len(used) != 1:
        need = f"give one of {', '.join(flags)}" if not used else f"{' and '.join(flags)} exclude"
        end = " to say who won" if not used else " each other"
        raise typer.BadParameter(need + end, param_hint="who won")
    for one, other in (("first_score", "second_score"), ("win", "loss")):
        if (columns[one] is None) != (columns[other] is None):
            names = f"--{one.replace('_', '-')} and --{other.replace('_', '-')}"
            raise typer.BadParameter(f"{names} go together", param_hint="who won")
    if columns["tie"] is not None and columns["win"] is None:
        raise typer.BadParameter("goes with --win and --loss", param_hint="--tie")
    if mapped and columns["outcome"] is None:
        raise typer.BadParameter("explains the values of --outcome", param_hint="--mapping")
    for name in ("order", "neutral"):
        if columns[name] is not None and not order_effect:
            raise typer.BadParameter(
                "says where the order effect applies: add --order-effect", param_hint=f"--{name}"
            )


def _mapping(text: str) -> dict[str, str]:
    """``H=1,D=0.5`` as a dict."""
    out: dict[str, str] = {}
    for part in text.split(","):
        value, equals, target = part.rpartition("=")
        if not equals or not value.strip() or value.strip() in out:
            problem = "is given twice" if value.strip() in out else "is not of the form VALUE=SCORE"
            raise typer.BadParameter(f"{part.strip()!r} {problem}", param_hint="--mapping")
        word = target.strip().lower()
        if word not in ("first", "second", "tie", "win", "loss", "draw"):
            try:
                valid = 0.0 <= float(word) <= 1.0
            except ValueError:
                valid = False
            if not valid:
                raise typer.BadParameter(
                    f"{target.strip()!r} is neither a score from 0 to 1 nor first, second or tie",
                    param_hint="--mapping",
                )
        out[value.strip()] = word
    return out


def _prior(text: str) -> float | Literal["auto", "none"]:
    """Precision of the prior, "auto" or "none"."""
    word = text.strip().lower()
    if word == "auto":
        return "auto"
    if word == "none":
        return "none"
    try:
        precision = float(word)
    except ValueError:
        precision = math.nan
    if not (math.isfinite(precision) and precision > 0.0):
        raise typer.BadParameter(
            f"{text!r} is neither auto, none nor a precision > 0", param_hint="--prior"
        )
    return precision
