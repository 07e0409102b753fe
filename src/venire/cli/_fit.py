"""``venire fit``: its options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from venire.cli import _options
from venire.cli._options import (
    MODEL,
    OUT,
    check_columns,
    check_level,
    check_output,
    check_tol,
    parse_mapping,
    parse_prior,
)
from venire.cli._run import Options, run

__all__ = ["fit"]


def fit(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV, TSV or JSON lines (also .gz), Parquet, Arrow or Feather.",
        ),
    ],
    first: _options.First,
    second: _options.Second,
    outcome: _options.OutcomeColumn = None,
    mapping: _options.Mapping = None,
    score: _options.Score = None,
    first_score: _options.FirstScore = None,
    second_score: _options.SecondScore = None,
    win: _options.Win = None,
    loss: _options.Loss = None,
    tie: _options.Tie = None,
    weight: _options.Weight = None,
    order: _options.Order = None,
    neutral: _options.Neutral = None,
    cluster: _options.Cluster = None,
    model: _options.ModelName = "bradley-terry",
    order_effect: _options.OrderEffect = False,
    prior: Annotated[
        str,
        typer.Option(
            metavar="auto|none|FLOAT",
            help="Precision of a normal prior on the log-strengths. auto: none if the data "
            "determine a fit, else 0.01, which is said. none: refuse instead.",
            rich_help_panel=MODEL,
        ),
    ] = "auto",
    components: Annotated[
        Literal["weak", "strong"],
        typer.Option(
            help="strong: fit each strongly connected component by itself.",
            rich_help_panel=MODEL,
        ),
    ] = "weak",
    method: Annotated[
        Literal["auto", "newton", "mm"], typer.Option(rich_help_panel=MODEL)
    ] = "auto",
    tol: _options.Tol = 1e-9,
    max_iter: _options.MaxIter = None,
    threads: _options.Threads = None,
    bootstrap: _options.Replicates = None,
    bootstrap_scheme: _options.BootstrapScheme = "multinomial",
    seed: _options.Seed = 0,
    level: _options.Level = 0.95,
    scale: Annotated[
        Literal["logit", "elo"] | None,
        typer.Option(help="Unit of the table; default: the model's own.", rich_help_panel=OUT),
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Rows to print.", rich_help_panel=OUT)] = 20,
    errors: _options.Errors = True,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write all ratings: .parquet, .arrow, .csv, .json or .jsonl.",
            rich_help_panel=OUT,
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON document instead.", rich_help_panel=OUT),
    ] = False,
    quiet: _options.Quiet = False,
) -> None:
    """Rate the items of a file of comparisons.

    Exit code 0: done; 1: the data (the message names file, row and column, or says why no fit
    exists); 2: usage.
    """
    columns = {
        "outcome": outcome, "score": score, "first_score": first_score,
        "second_score": second_score, "win": win, "loss": loss, "tie": tie, "weight": weight,
        "order": order, "neutral": neutral,
        "cluster": cluster,
    }  # fmt: skip
    check_columns(columns, mapping is not None, order_effect)
    check_level(level)
    check_tol(tol)
    if cluster is not None and bootstrap is None:
        raise typer.BadParameter("says what is resampled: add --bootstrap", param_hint="--cluster")
    if json and quiet:
        raise typer.BadParameter("--json and --quiet contradict each other", param_hint="--quiet")
    check_output(file, output)
    options = Options(
        file=file,
        first=first,
        second=second,
        columns={name: column for name, column in columns.items() if column is not None},
        mapping=None if mapping is None else parse_mapping(mapping),
        model=model,
        order_effect=order_effect,
        prior=parse_prior(prior),
        components=components,
        method=method,
        tol=tol,
        max_iter=max_iter,
        threads=threads,
        bootstrap=bootstrap,
        bootstrap_scheme=bootstrap_scheme,
        seed=seed,
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
