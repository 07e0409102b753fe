"""Options that several commands have, and what can be wrong with them before a file is read."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from venire.models import MODELS

WHO, DATA, MODEL, OUT = "Who won (one way)", "Further columns", "Model", "Output"


def column(flag: str, help: str, panel: str = DATA) -> typer.models.OptionInfo:
    """An option that names a column."""
    return typer.Option(flag, metavar="COLUMN", help=help, rich_help_panel=panel)


First = Annotated[str, column("--first", "Label of the first item.")]
Second = Annotated[str, column("--second", "Label of the second item.")]
OutcomeColumn = Annotated[
    str | None,
    column("--outcome", "Words (first, second, tie, ...), 1/0.5/0 or the winner.", WHO),
]
Mapping = Annotated[
    str | None,
    typer.Option(
        metavar="V=SCORE,...",
        help="What the outcomes mean, as in H=1,D=0.5,A=0 or H=first,D=tie,A=second.",
        rich_help_panel=WHO,
    ),
]
Score = Annotated[str | None, column("--score", "Share that first got, 0 to 1; 0.5 is a tie.", WHO)]
FirstScore = Annotated[
    str | None, column("--first-score", "Points of first: more than second wins.", WHO)
]
SecondScore = Annotated[str | None, column("--second-score", "Points of second.", WHO)]
Win = Annotated[str | None, column("--win", "Number of wins of first.", WHO)]
Loss = Annotated[str | None, column("--loss", "Number of losses of first.", WHO)]
Tie = Annotated[str | None, column("--tie", "Number of ties.", WHO)]
Weight = Annotated[str | None, column("--weight", "How many comparisons a row stands for.")]
Order = Annotated[
    str | None,
    column("--order", "+1 first had the order advantage, -1 second had, 0 neither."),
]
Neutral = Annotated[str | None, column("--neutral", "True where nobody had the order advantage.")]
Cluster = Annotated[
    str | None,
    column("--cluster", "What is resampled together: user, judge, query. With --bootstrap."),
]
ModelName = Annotated[
    Literal[MODELS],  # type: ignore[valid-type]
    typer.Option(help="The last two model ties.", rich_help_panel=MODEL),
]
OrderEffect = Annotated[
    bool,
    typer.Option("--order-effect", help="Fit an advantage of being first.", rich_help_panel=MODEL),
]
Tol = Annotated[float, typer.Option(help="Largest relative residual.", rich_help_panel=MODEL)]
MaxIter = Annotated[int | None, typer.Option(min=1, rich_help_panel=MODEL)]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Default: all CPUs.", rich_help_panel=MODEL)
]
Errors = Annotated[
    bool,
    typer.Option(
        " /--no-errors",
        help="Leave out the standard errors.",
        show_default=False,
        rich_help_panel=OUT,
    ),
]
Replicates = Annotated[
    int | None,
    typer.Option(
        "--bootstrap",
        min=2,
        metavar="N",
        help="Errors and intervals, of ranks too, from N replicates. Ctrl-C keeps what is done.",
        rich_help_panel=MODEL,
    ),
]
BootstrapScheme = Annotated[
    Literal["multinomial", "poisson", "bayesian"],
    typer.Option("--bootstrap-scheme", help="How replicates are drawn.", rich_help_panel=MODEL),
]
Seed = Annotated[int, typer.Option(min=0, help="Of the bootstrap's draws.", rich_help_panel=MODEL)]
Level = Annotated[float, typer.Option(help="Level of the intervals.", rich_help_panel=OUT)]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only warnings.", rich_help_panel=OUT)
]


def check_level(level: float) -> None:
    """Refuse a level outside (0, 1)."""
    if not 0.0 < level < 1.0:
        raise typer.BadParameter("must lie between 0 and 1", param_hint="--level")


def check_tol(tol: float) -> None:
    """Refuse a tolerance that is not positive."""
    if not tol > 0.0:
        raise typer.BadParameter("must be > 0", param_hint="--tol")


def check_output(source: Path, output: Path | None) -> None:
    """Refuse to write over what is read."""
    if output is None or not source.exists() or not output.exists():
        return
    if os.path.samefile(source, output):
        what = "folder" if source.is_dir() else "file"
        raise typer.BadParameter(f"is the input {what}", param_hint="--output")


def check_columns(columns: dict[str, str | None], mapped: bool, order_effect: bool) -> None:
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


def parse_mapping(text: str) -> dict[str, str]:
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


def parse_prior(text: str, auto: bool = True) -> float | Literal["auto", "none"]:
    """Precision of the prior, "auto" (where that is an answer) or "none"."""
    word = text.strip().lower()
    if word == "auto" and auto:
        return "auto"
    if word == "none":
        return "none"
    try:
        precision = float(word)
    except ValueError:
        precision = math.nan
    if not (math.isfinite(precision) and precision > 0.0):
        raise typer.BadParameter(
            f"{text!r} is neither {'auto, ' if auto else ''}none nor a precision > 0",
            param_hint="--prior",
        )
    return precision


def parse_memory(text: str) -> int:
    """A size in bytes."""
    from venire.batch.plan import bytes_of

    try:
        return bytes_of(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a size like 512M or 4G", param_hint="--memory"
        ) from None
