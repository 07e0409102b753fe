"""The commands, by name. A command is a class in a module of its own: see `venire.cli._command`."""

from __future__ import annotations

from typing import Annotated

import typer

from venire.cli._audit import Audit
from venire.cli._command import adapted
from venire.cli._consensus import Consensus
from venire.cli._distill import Ask, Init, ReportRounds, Tell, Train, Withdraw
from venire.cli._fit import Bootstrap, Fit
from venire.cli._groups import Groups
from venire.cli._rate import Rate
from venire.cli._simulate import Simulate
from venire.cli._version import version

__all__ = ["app"]

_ABOUT = "Ratings from paired comparisons and consensus of votes, with their uncertainty."
COMMANDS = {
    "fit": Fit,
    "bootstrap": Bootstrap,
    "groups": Groups,
    "audit": Audit,
    "consensus": Consensus,
    "rate": Rate,
    "simulate": Simulate,
    "distill": {
        "init": Init,
        "ask": Ask,
        "tell": Tell,
        "withdraw": Withdraw,
        "train": Train,
        "report": ReportRounds,
    },
}
FOLDERS = {
    "distill": "Teachers' votes, targets, a student, and the next pairs, round by round. The state "
    "is in a folder; teachers are elsewhere.",
}


def _app(name: str, about: str, commands: dict) -> typer.Typer:
    app = typer.Typer(
        name=name,
        help=about,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    for word, command in commands.items():
        if isinstance(command, dict):
            app.add_typer(_app(word, FOLDERS[word], command))
        else:
            app.command(word)(adapted(command))
    return app


app = _app("venire", _ABOUT, COMMANDS)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"venire {version()}")
        raise typer.Exit


@app.callback(help=_ABOUT)
def venire(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Called before every command."""
