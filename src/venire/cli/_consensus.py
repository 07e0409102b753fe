"""``venire consensus``: its options, checked as far as they can be without the data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from venire.cli._run_consensus import Options, run

__all__ = ["consensus"]

_DATA, _VOTES, _METHOD, _OUT = "Who judged what", "Votes (one way)", "Method", "Output"
_WORDS = ("first", "second", "tie", "win", "loss", "draw", "1", "0", "-1")


def _column(flag: str, help: str, panel: str) -> typer.models.OptionInfo:
    return typer.Option(flag, metavar="COLUMN", help=help, rich_help_panel=panel)


def consensus(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV, TSV or JSON lines (also .gz), Parquet, Arrow or Feather.",
        ),
    ],
    teacher: Annotated[str, _column("--teacher", "Label of who voted.", _DATA)],
    first: Annotated[
        str | None, _column("--first", "Label of the first item; with --second.", _DATA)
    ] = None,
    second: Annotated[str | None, _column("--second", "Label of the second item.", _DATA)] = None,
    pair: Annotated[
        str | None, _column("--pair", "Label of the pair, instead of its two items.", _DATA)
    ] = None,
    group: Annotated[
        str | None, _column("--group", "Label of the query or topic of the items.", _DATA)
    ] = None,
    vote: Annotated[
        list[str] | None,
        _column(
            "--vote",
            "Words (first, second, tie, A, B, ...), 1/0/-1 or the winner. Repeat it for runs of "
            "one judgment that stand side by side.",
            _VOTES,
        ),
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            metavar="V=VOTE,...",
            help="What the votes mean, as in 1=first,0=second. Also of --gold.",
            rich_help_panel=_VOTES,
        ),
    ] = None,
    probabilities: Annotated[
        tuple[str, str, str] | None,
        typer.Option(
            metavar="WIN TIE LOSS",
            help="Columns of the probabilities that first wins, ties, loses.",
            rich_help_panel=_VOTES,
        ),
    ] = None,
    strength: Annotated[
        float,
        typer.Option(help="Votes that a row of probabilities is worth.", rich_help_panel=_VOTES),
    ] = 1.0,
    swapped: Annotated[
        str | None,
        _column(
            "--swapped",
            "True where second was shown first; or the --vote column whose runs all were.",
            _DATA,
        ),
    ] = None,
    weight: Annotated[str | None, _column("--weight", "How much a row counts.", _DATA)] = None,
    gold: Annotated[
        str | None,
        _column("--gold", "The truth, in the words of --vote, or a share of first.", _DATA),
    ] = None,
    method: Annotated[
        Literal["uniform", "variance", "precision", "reliability", "correlated", "stacked"],
        typer.Option(help="The last one learns from --gold.", rich_help_panel=_METHOD),
    ] = "reliability",
    use_gold: Annotated[
        bool,
        typer.Option(
            "--use-gold/--keep-gold",
            help="Hold the votes to the gold, or keep it to judge the result (default, but for "
            "stacked).",
            rich_help_panel=_METHOD,
        ),
    ] = False,
    converge: Annotated[
        bool,
        typer.Option(
            "--converge", help="Weigh until nothing moves, not once.", rich_help_panel=_METHOD
        ),
    ] = False,
    rho: Annotated[
        float | None,
        typer.Option(
            help="Correlation of the teachers' errors. Default: from --gold, else 0.3.",
            rich_help_panel=_METHOD,
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Default: all CPUs.", rich_help_panel=_METHOD)
    ] = None,
    level: Annotated[
        float, typer.Option(help="Level of the intervals.", rich_help_panel=_OUT)
    ] = 0.95,
    top: Annotated[int, typer.Option(min=0, help="Teachers to print.", rich_help_panel=_OUT)] = 100,
    pairs: Annotated[
        int,
        typer.Option("--pairs", min=0, help="Least certain pairs to print.", rich_help_panel=_OUT),
    ] = 5,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the table of pairs: .parquet, .arrow, .csv, .json or .jsonl.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    teachers: Annotated[
        Path | None,
        typer.Option(
            "--teachers",
            metavar="FILE",
            help="Write the table of teachers, in the same formats.",
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
    """Combine teachers' votes into one probability for each pair, and say whom to believe.

    Exit code 0: done; 1: the data (the message names file, row and column); 2: usage.
    """
    votes = vote or []
    _check(first, second, pair, group, votes, probabilities, mapping, swapped)
    if method == "stacked" and gold is None:
        raise typer.BadParameter("learns from --gold", param_hint="--method stacked")
    if use_gold and gold is None:
        raise typer.BadParameter("needs --gold", param_hint="--use-gold")
    if not 0.0 < level < 1.0:
        raise typer.BadParameter("must lie between 0 and 1", param_hint="--level")
    if rho is not None and not 0.0 <= rho <= 1.0:
        raise typer.BadParameter("must lie between 0 and 1", param_hint="--rho")
    if not strength > 0.0:
        raise typer.BadParameter("must be > 0", param_hint="--strength")
    if json and quiet:
        raise typer.BadParameter("--json and --quiet contradict each other", param_hint="--quiet")
    for flag, path in (("--output", output), ("--teachers", teachers)):
        if path is not None and file.exists() and path.exists() and os.path.samefile(file, path):
            raise typer.BadParameter("is the input file", param_hint=flag)
    if output is not None and output == teachers:
        raise typer.BadParameter("is the file of --output", param_hint="--teachers")
    columns = {
        "teacher": teacher, "first": first, "second": second, "pair": pair, "group": group,
        "vote": votes or None, "probabilities": probabilities, "swapped": swapped,
        "weight": weight, "gold": gold,
    }  # fmt: skip
    code = run(
        Options(
            file=file,
            columns={name: column for name, column in columns.items() if column is not None},
            mapping=None if mapping is None else _mapping(mapping),
            strength=strength,
            method=method,
            use_gold=use_gold or method == "stacked",
            converge=converge,
            rho=rho,
            threads=threads,
            level=level,
            top=top,
            pairs=pairs,
            output=output,
            teachers=teachers,
            json=json,
            quiet=quiet,
        )
    )
    if code:
        raise typer.Exit(code)


def _check(
    first: str | None,
    second: str | None,
    pair: str | None,
    group: str | None,
    vote: list[str],
    probabilities: tuple[str, str, str] | None,
    mapping: str | None,
    swapped: str | None,
) -> None:
    """Refuse options that say twice, by half, or not at all, what was judged and how."""
    if (first is None) != (second is None):
        raise typer.BadParameter("--first and --second go together", param_hint="what was judged")
    if (first is None) == (pair is None):
        raise typer.BadParameter(
            "give --first and --second, or --pair", param_hint="what was judged"
        )
    if group is not None and pair is not None:
        raise typer.BadParameter("goes with --first and --second", param_hint="--group")
    if bool(vote) == (probabilities is not None):
        raise typer.BadParameter("give --vote or --probabilities", param_hint="the votes")
    if len(set(vote)) < len(vote):
        raise typer.BadParameter("the same column twice is no second run", param_hint="--vote")
    if mapping is not None and not vote:
        raise typer.BadParameter("explains the values of --vote", param_hint="--mapping")


def _mapping(text: str) -> dict[str, str | int]:
    """``1=first,0=second`` as a dict."""
    out: dict[str, str | int] = {}
    for part in text.split(","):
        value, equals, target = part.rpartition("=")
        word = target.strip().lower()
        if not equals or not value.strip() or value.strip() in out:
            problem = "is given twice" if value.strip() in out else "is not of the form VALUE=VOTE"
            raise typer.BadParameter(f"{part.strip()!r} {problem}", param_hint="--mapping")
        if word not in _WORDS:
            raise typer.BadParameter(
                f"{target.strip()!r} is neither first, second nor tie (or 1, -1, 0)",
                param_hint="--mapping",
            )
        out[value.strip()] = int(word) if word.lstrip("-").isdigit() else word
    return out
