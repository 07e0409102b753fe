"""``venire distill``: the round loop over files, one command for each thing that can be done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from venire.cli._consensus import _mapping
from venire.cli._options import column
from venire.cli._run_distill import (
    Answers,
    Asking,
    Charting,
    Creation,
    Training,
    Withdrawal,
    run,
)
from venire.models import HALF_TIES

__all__ = ["app"]

app = typer.Typer(
    name="distill",
    help="Teachers' votes, targets, a student, and the next pairs, round by round. The state is in "
    "a folder; teachers are elsewhere.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

_DATA, _DESIGN, _OUT = "Data", "Design", "Output"

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the loop.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write .parquet, .arrow, .csv, .json or .jsonl. Default: CSV to standard output.",
        rich_help_panel=_OUT,
    ),
]
Criterion = Annotated[
    Literal["D", "A", "top", "uniform", "residual", "residual_corrected", "sd"] | None,
    typer.Option(
        help="How pairs are chosen; the last four are baselines.", rich_help_panel=_DESIGN
    ),
]
Share = Annotated[
    Literal["equal", "gain"] | None,
    typer.Option(help="How asks are shared among groups.", rich_help_panel=_DESIGN),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only warnings.", rich_help_panel=_OUT)
]
Threads = Annotated[int | None, typer.Option(min=1, help="Default: all CPUs.")]


def _finish(code: int) -> None:
    if code:
        raise typer.Exit(code)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.")],
    items: Annotated[
        Path, typer.Argument(metavar="ITEMS", help="One row per item: CSV, Parquet, ...")
    ],
    group: Annotated[str, column("--group", "Label of the query or topic.", _DATA)],
    item: Annotated[str, column("--item", "Label of the item.", _DATA)],
    teacher: Annotated[
        list[str], typer.Option(help="Name of a teacher; repeat it.", rich_help_panel=_DATA)
    ],
    gold: Annotated[
        str | None, column("--gold", "What is known of the truth, for reports.", _DATA)
    ] = None,
    cost: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEACHER=COST", help="Of a vote; default 1. Repeat it.", rich_help_panel=_DATA
        ),
    ] = None,
    panel: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Teachers on each pair. Default: one, in rotation.",
            rich_help_panel=_DESIGN,
        ),
    ] = None,
    degree: Annotated[
        int, typer.Option(min=1, help="Asks of each item at first.", rich_help_panel=_DESIGN)
    ] = 2,
    bridges: Annotated[
        int, typer.Option(min=0, help="Pairs across groups, a group.", rich_help_panel=_DESIGN)
    ] = 4,
    criterion: Criterion = None,
    share: Share = None,
    steering: Annotated[
        Literal["student", "none"],
        typer.Option(help="Whether the student steers.", rich_help_panel=_DESIGN),
    ] = "student",
    model: Annotated[
        Literal[HALF_TIES],  # type: ignore[valid-type]
        typer.Option(rich_help_panel=_DESIGN),
    ] = "bradley-terry",
    prior: Annotated[
        float, typer.Option(help="Precision of the fits' prior.", rich_help_panel=_DESIGN)
    ] = 0.1,
    gain: Annotated[
        Literal["linear", "exponential"],
        typer.Option(help="Gain of nDCG.", rich_help_panel=_DESIGN),
    ] = "linear",
    top: Annotated[
        int, typer.Option(min=1, help="Items that nDCG looks at.", rich_help_panel=_DESIGN)
    ] = 10,
    seed: Annotated[int, typer.Option(min=0, rich_help_panel=_DESIGN)] = 0,
    quiet: Quiet = False,
) -> None:
    """Begin a loop: what there is to compare, and who votes."""
    if not prior > 0.0:
        raise typer.BadParameter("must be > 0", param_hint="--prior")
    settings = {
        "panel": panel, "degree": degree, "bridges": bridges, "criterion": criterion or "D",
        "share": share or "equal", "steering": steering, "model": model, "gain": gain, "top": top,
        "rng": seed,
    }  # fmt: skip
    _finish(
        run(Creation(folder, items, group, item, gold, teacher, _costs(cost or []), prior,
                     settings, quiet))
    )  # fmt: skip


def _costs(given: list[str]) -> dict[str, float]:
    out = {}
    for text in given:
        name, equals, value = text.rpartition("=")
        try:
            out[name] = float(value)
        except ValueError:
            equals = ""
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not TEACHER=COST", param_hint="--cost")
    return out


@app.command()
def ask(
    folder: Folder,
    budget: Annotated[
        int | None,
        typer.Option(min=1, help="Pairs. Default: as many as --degree says."),
    ] = None,
    cost: Annotated[
        float | None, typer.Option(min=0, help="Instead: as many as this pays for.")
    ] = None,
    pending: Annotated[
        bool,
        typer.Option("--pending", help="No new round: what was asked and has no answer."),
    ] = False,
    teacher: Annotated[
        str | None, typer.Option(help="Write only the requests to this teacher.")
    ] = None,
    criterion: Criterion = None,
    share: Share = None,
    threads: Threads = None,
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Begin a round, and write what is to be asked: request, group, first, second, teacher."""
    if budget is not None and cost is not None:
        raise typer.BadParameter("--budget and --cost contradict each other", param_hint="--cost")
    if pending and (budget or cost or criterion or share):
        raise typer.BadParameter("begins no round", param_hint="--pending")
    options = {"budget": budget, "cost": cost, "criterion": criterion, "share": share}
    _finish(run(Asking(folder, options, pending, teacher, threads, output, quiet)))


@app.command()
def tell(
    folder: Folder,
    votes: Annotated[
        Path, typer.Argument(metavar="VOTES", help="One row per answer: request and vote.")
    ],
    request: Annotated[str, column("--request", "Number of the request.", _DATA)] = "request",
    vote: Annotated[
        str,
        column("--vote", "Words (first, second, tie, ...), 1/0/-1 or the winner.", _DATA),
    ] = "vote",
    mapping: Annotated[
        str | None,
        typer.Option(
            metavar="V=VOTE,...",
            help="What the votes mean, as in A=first,B=second.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    probabilities: Annotated[
        tuple[str, str, str] | None,
        typer.Option(
            metavar="WIN TIE LOSS",
            help="Instead of --vote: columns of the probabilities that first wins, ties, loses.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let answers take the place of different ones.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Take answers: in any order, late, in part, again. All of a file, or nothing of it."""
    meaning = None if mapping is None else _mapping(mapping)
    _finish(run(Answers(folder, votes, request, vote, meaning, probabilities, replace, quiet)))


@app.command()
def withdraw(
    folder: Folder,
    teacher: Annotated[str, typer.Option(help="Who has stopped answering.")],
    reassign: Annotated[
        bool, typer.Option("--reassign/--drop", help="Ask others instead, or nobody.")
    ] = True,
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Go on without a teacher, and write the requests that others get in its place."""
    _finish(run(Withdrawal(folder, teacher, reassign, output, quiet)))


@app.command()
def train(
    folder: Folder,
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="One row per item, with its group, item and numbers. Default: write targets only.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    group: Annotated[str, column("--group", "Of the features.", _DATA)] = "group",
    item: Annotated[str, column("--item", "Of the features.", _DATA)] = "item",
    use: Annotated[
        list[str] | None, column("--use", "A feature; repeat it. Default: all others.", _DATA)
    ] = None,
    student: Annotated[
        Literal["ridge", "linear", "forest", "boosting"], typer.Option(help="The learner.")
    ] = "ridge",
    folds: Annotated[int, typer.Option(min=2, help="Parts of the groups, held out in turn.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of the learner.")] = 0,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the fitted student (joblib, which is a pickle).",
            rich_help_panel=_OUT,
        ),
    ] = None,
    threads: Threads = None,
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Fit targets and a student; write targets, errors, weights and predictions held out."""
    if features is None and (model is not None or use):
        raise typer.BadParameter("needs --features", param_hint="--model" if model else "--use")
    _finish(
        run(Training(folder, features, group, item, use, student, folds, seed, model, threads,
                     output, quiet))
    )  # fmt: skip


@app.command()
def report(
    folder: Folder,
    beside: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Other loops to draw beside it; repeat it."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw quality against votes: .png, .svg.", rich_help_panel=_OUT
        ),
    ] = None,
    measure: Annotated[
        Literal["tau", "ndcg", "student_r2", "student_tau", "student_ndcg"] | None,
        typer.Option(help="What to draw. Default: the first that is known."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Also say what the next ask is expected to gain.")
    ] = False,
    threads: Threads = None,
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
    quiet: Quiet = False,
) -> None:
    """Votes, cost and quality, round by round. Changes nothing, and may run beside the others."""
    _finish(run(Charting(folder, beside or [], plot, measure, preview, threads, output, quiet)))
