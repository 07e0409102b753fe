"""The commands, by name. A command is a class in a module of its own: see `venire.cli._command`."""

from __future__ import annotations

import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from venire._core.checks import nearest
from venire.cli._audit import Audit
from venire.cli._command import adapted
from venire.cli._consensus import Consensus
from venire.cli._distill import Ask, Init, ReportRounds, Tell, Train, Withdraw
from venire.cli._fit import Bootstrap, Fit
from venire.cli._groups import Groups
from venire.cli._rate import Rate
from venire.cli._report_page import ReportPage
from venire.cli._simulate import Simulate
from venire.cli._terminal import Screen
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
    "report": ReportPage,
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
_SETTINGS = {"help_option_names": ["-h", "--help"]}
FOLDERS = {
    "distill": "Teachers' votes, targets, a student, and the next pairs, round by round. The state "
    "is in a folder; teachers are elsewhere.",
}


class Shell(TyperGroup):
    """Commands by name. What is typed wrongly is said in a line, as all that goes wrong is."""

    def main(self, *arguments: Any, **more: Any) -> NoReturn:
        """Run one of them, and leave with its exit code."""
        try:
            code = super().main(*arguments, **more | {"standalone_mode": False})
        except typer.Abort:
            Screen(sys.stderr).line("venire: interrupted")
            code = 130
        except _Misuse as error:
            code = error.exit_code
            _say(error)
        raise SystemExit(code if isinstance(code, int) else 0)


#: What the parser of the command line raises of what was typed, in whatever package it lives.
_Misuse: Any = typer.BadParameter.__bases__[0]


def _say(error: Any) -> None:
    """What is wrong with what was typed, and where to read on."""
    screen, where = Screen(sys.stderr), error.ctx.command_path if error.ctx else "venire"
    text = str(error.format_message())
    if not text or type(error).__name__ == "NoArgsIsHelpError":  # the help was all
        sys.stderr.write(text and f"{text}\n")
        return
    missing = getattr(error, "option_name", None)
    if missing and error.ctx is not None and getattr(error, "possibilities", None) is not None:
        known = [flag for one in error.ctx.command.params for flag in one.opts]
        near = nearest(missing, known)
        text = f"there is no option {missing}" + (f"; {near}" if near else "")
    if type(error).__name__ == "MissingParameter" and error.param.param_type_name == "argument":
        name = error.param.metavar.strip(".")
        text = f"name a {name}, as in: {where} {_EXAMPLES.get(where, '...')}"
    screen.line(f"venire: {text.rstrip('.')}")
    screen.line(f"try: {where} --help", whole=True)


_EXAMPLES = {
    "venire fit": "results.csv",
    "venire bootstrap": "results.csv",
    "venire groups": "results.parquet",
    "venire consensus": "votes.csv",
    "venire rate": "votes.csv",
    "venire audit": "results.csv",
    "venire report": "results.csv -o report.html",
    "venire distill init": "loop items.csv",
    "venire distill tell": "loop votes.csv",
}


def _app(name: str, about: str, commands: dict) -> typer.Typer:
    app = typer.Typer(
        name=name,
        help=about,
        cls=Shell,
        context_settings=_SETTINGS,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    for word, command in commands.items():
        if isinstance(command, dict):
            app.add_typer(_app(word, FOLDERS[word], command))
        else:
            app.command(word, context_settings=_SETTINGS)(adapted(command))
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
