"""The commands, by name. A command is a class in a module of its own: see `venire.cli._command`."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any, NamedTuple, NoReturn

import typer
from typer.core import TyperGroup

from venire._core.version import version
from venire.cli._terminal import Screen

__all__ = ["app"]


class Named(NamedTuple):
    """A command that is loaded when it is called."""

    place: str  # module of this package, and class
    says: str  # the first line of its docstring
    example: str = "..."  # what is typed after its name


_ABOUT = "Ratings from paired comparisons and consensus of votes, with their uncertainty."
_BEGIN = """Begin with a file of your own, or with one that venire data battles writes:

venire fit battles.csv

venire fit battles.csv --plot ratings.png

venire report battles.csv -o report.html"""
COMMANDS = {
    "fit": Named(
        "_fit:Fit", "Rate the items of a file of comparisons, or of rankings.", "results.csv"
    ),
    "bootstrap": Named(
        "_fit:Bootstrap",
        "Rate the items of a file of comparisons, with intervals from a bootstrap.",
        "results.csv",
    ),
    "groups": Named(
        "_groups:Groups",
        "Rate the items of each group by itself: one fit for each query, topic or league.",
        "results.parquet",
    ),
    "path": Named(
        "_path:Paths",
        "Rate the items of a file of dated comparisons in each month, year or week.",
        "results.csv --step month",
    ),
    "audit": Named(
        "_audit:Audit",
        "Say what is odd about a file of comparisons, and what to do about it.",
        "results.csv",
    ),
    "consensus": Named(
        "_consensus:Consensus",
        "Combine teachers' votes into one probability for each pair, and say whom to believe.",
        "votes.csv",
    ),
    "gold": Named(
        "_gold:Gold",
        "Say which pairs to label by hand; then, with --labels, what the labels say.",
        "votes.csv -o gold.csv",
    ),
    "rate": Named(
        "_rate:Rate", "Rate models by the votes of judges over many prompts.", "votes.csv"
    ),
    "judges": Named(
        "_judges:Judges",
        "Fit each judge's sharpness and position bias to its votes, together with the ratings.",
        "votes.csv",
    ),
    "report": Named(
        "_report_page:ReportPage",
        "Make a page of a file of comparisons, votes or rankings: leaderboard, pictures, audit.",
        "results.csv -o report.html",
    ),
    "status": Named(
        "_status:JobStatus",
        "Say how far the job in a folder is, what could not be read, and where the output is.",
        "run",
    ),
    "simulate": Named(
        "_simulate:Simulate",
        "Plan a budget of votes: the quality to expect against votes and their cost, by "
        "simulation.",
    ),
    "data": Named(
        "_data:Data",
        "List the data sets that come with the package, or write some of them as CSV files.",
        "battles",
    ),
    "bench": Named(
        "_bench:Bench",
        "Time this package beside its twins in NumPy and plain Python, and whatever peers are "
        "there.",
        "arena",
    ),
    "distill init": Named(
        "_distill:Init", "Begin a loop: what there is to compare, and who votes.", "loop items.csv"
    ),
    "distill ask": Named(
        "_distill:Ask",
        "Begin a round, and write what is to be asked: request, group, first, second, teacher.",
    ),
    "distill tell": Named(
        "_distill:Tell",
        "Take answers: in any order, late, in part, again. All of a file, or nothing of it.",
        "loop votes.csv",
    ),
    "distill withdraw": Named(
        "_distill:Withdraw",
        "Go on without a teacher, and write the requests that others get in its place.",
    ),
    "distill train": Named(
        "_distill:Train",
        "Fit targets and a student; write targets, errors, weights and predictions held out.",
    ),
    "distill report": Named(
        "_distill:ReportRounds",
        "Votes, cost and quality, round by round. Changes nothing, and may run beside the others.",
    ),
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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was typed: only now is it loaded, and are its options made."""
        name, command, rest = super().resolve_command(ctx, args)
        known = COMMANDS.get(" ".join([*_path(ctx), str(name)]))
        return name, command if known is None else _loaded(str(name), known.place), rest


#: What the parser of the command line raises of what was typed, in whatever package it lives.
_Misuse: Any = typer.BadParameter.__bases__[0]


def _path(context: Any) -> list[str]:
    """The words that were typed to get there, after the program's name."""
    return [] if context.parent is None else [*_path(context.parent), context.info_name]


def _say(error: Any) -> None:
    """What is wrong with what was typed, and where to read on."""
    screen, where = Screen(sys.stderr), error.ctx.command_path if error.ctx else "venire"
    text = str(error.format_message())
    if not text or type(error).__name__ == "NoArgsIsHelpError":  # the help was all
        sys.stderr.write(text and f"{text}\n")
        return
    missing = getattr(error, "option_name", None)
    if missing and error.ctx is not None and getattr(error, "possibilities", None) is not None:
        from venire._core.failing import nearest

        known = [flag for one in error.ctx.command.params for flag in one.opts]
        near = nearest(missing, known)
        text = f"there is no option {missing}" + (f"; {near}" if near else "")
    if type(error).__name__ == "MissingParameter" and error.param.param_type_name == "argument":
        name = error.param.metavar.strip(".")
        text = f"name a {name}, as in: {where} {COMMANDS[' '.join(_path(error.ctx))].example}"
    screen.line(f"venire: {text.rstrip('.')}")
    screen.line(f"try: {where} --help", whole=True)


def _group(name: str, about: str, end: str | None = None) -> typer.Typer:
    return typer.Typer(
        name=name,
        help=about,
        epilog=end,
        cls=Shell,
        context_settings=_SETTINGS,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )


def _loaded(name: str, place: str) -> Any:
    """The command itself."""
    from venire.cli._command import adapted

    module, _, kind = place.partition(":")
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
    command = getattr(import_module(f"venire.cli.{module}"), kind)
    alone.command(name, context_settings=_SETTINGS)(adapted(command))
    return typer.main.get_command(alone)


app = _group("venire", _ABOUT, _BEGIN)
_FOLDERS = {name: _group(name, about) for name, about in FOLDERS.items()}
for _words, _command in COMMANDS.items():
    _folder, _, _name = _words.rpartition(" ")
    (_FOLDERS[_folder] if _folder else app).command(_name, help=_command.says)(lambda: None)
for _one in _FOLDERS.values():
    app.add_typer(_one)


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
