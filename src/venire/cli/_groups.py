"""``venire groups``: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from venire.batch import Replicates
from venire.cli import _options
from venire.cli._groups_run import Options, run
from venire.cli._options import (
    DATA,
    MODEL,
    OUT,
    check_columns,
    check_level,
    check_output,
    check_tol,
    column,
    parse_mapping,
    parse_prior,
)
from venire.models import DEFAULT

__all__ = ["groups"]

_RUN = "Resources"


def groups(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A folder of Parquet files, or a file: Parquet, Arrow or Feather, which are read "
            "part by part; CSV, TSV or JSON lines (also .gz), which are read whole.",
        ),
    ],
    group: Annotated[str, column("--group", "Label of the group.", DATA)],
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
    model: _options.ModelName = DEFAULT,
    order_effect: _options.OrderEffect = False,
    prior: Annotated[
        str,
        typer.Option(
            metavar="FLOAT|none",
            help="Precision of a normal prior on the log-strengths. none: groups without a finite "
            "fit get none.",
            rich_help_panel=MODEL,
        ),
    ] = "0.01",
    shared: Annotated[
        bool,
        typer.Option(
            "--shared",
            help="One order effect and one tie parameter for all groups, which are then fitted "
            "in memory together.",
            rich_help_panel=MODEL,
        ),
    ] = False,
    tol: _options.Tol = 1e-9,
    max_iter: _options.MaxIter = None,
    bootstrap: Annotated[
        int | None,
        typer.Option(
            "--bootstrap",
            min=2,
            metavar="N",
            help="Add errors and intervals from N replicates of each group, and how many have no "
            "finite fit.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    bootstrap_scheme: _options.BootstrapScheme = "multinomial",
    seed: _options.Seed = 0,
    level: _options.Level = 0.95,
    threads: _options.Threads = None,
    memory: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="Memory to get by with, as in 512M or 4G. The output does not depend on it.",
            rich_help_panel=_RUN,
        ),
    ] = "4G",
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Fit in so many processes on this machine; SOURCE is Parquet, the output a "
            "folder.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Fit on the Dask cluster with this scheduler, as in tcp://host:8786.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    scale: Annotated[
        Literal["logit", "probit", "erf", "elo"] | None,
        typer.Option(help="Add a column with theta in this unit.", rich_help_panel=OUT),
    ] = None,
    errors: _options.Errors = True,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with code 1 if a group has no converged fit; the output is written.",
            rich_help_panel=OUT,
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the ratings: .parquet, .arrow, .csv, .json or .jsonl; with --workers or "
            "--scheduler a folder of Parquet files. Default: CSV to standard output.",
            rich_help_panel=OUT,
        ),
    ] = None,
    quiet: _options.Quiet = False,
) -> None:
    """Rate the items of each group by itself: one fit for each query, topic or league.

    Exit code 0: done, whatever came of the single groups; 1: the data (the message names file,
    row and column), or --strict; 2: usage.
    """
    columns = {
        "outcome": outcome, "score": score, "first_score": first_score,
        "second_score": second_score, "win": win, "loss": loss, "tie": tie, "weight": weight,
        "order": order, "neutral": neutral,
    }  # fmt: skip
    check_columns(columns, mapping is not None, order_effect)
    check_tol(tol)
    check_level(level)
    check_output(source, output)
    apart = workers is not None or scheduler is not None
    if workers is not None and scheduler is not None:
        raise typer.BadParameter(
            "--workers starts a cluster, --scheduler joins one", param_hint="--workers"
        )
    if apart and output is None:
        raise typer.BadParameter("name a folder", param_hint="--output")
    if apart and shared:
        raise typer.BadParameter("needs all groups in one process", param_hint="--shared")
    if shared and not order_effect and model not in ("davidson", "rao-kupper"):
        raise typer.BadParameter(
            "there is nothing to share: add --order-effect or a model with ties",
            param_hint="--shared",
        )
    precision = parse_prior(prior, auto=False)
    code = run(
        Options(
            source=source,
            columns={"group": group, "first": first, "second": second} | columns,
            mapping=None if mapping is None else parse_mapping(mapping),
            model=model,
            order_effect=order_effect,
            prior=precision if isinstance(precision, float) else None,
            shared=shared,
            tol=tol,
            max_iter=max_iter,
            threads=threads,
            memory=_options.parse_memory(memory),
            workers=workers,
            scheduler=scheduler,
            scale=scale,
            errors=errors,
            replicates=None
            if bootstrap is None
            else Replicates(bootstrap, bootstrap_scheme, seed, level),
            strict=strict,
            output=output,
            quiet=quiet,
        )
    )
    if code:
        raise typer.Exit(code)
