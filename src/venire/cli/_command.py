"""What a command is, how it becomes one of the shell's, and how it is run.

A command is a frozen dataclass: its fields are its arguments and options, in typer's own notation
(``Annotated[int, option("Rows to print.", OUT, min=0)] = 20``), its docstring is its help, and `do`
does it and returns a `Report`. A field whose type is a dataclass stands for the fields of that one,
so that options which several commands have are written once. `adapted` makes of the class the
function that typer wants, and `run` is the one way in which a command ends: a report, or a message
and an exit code.
"""

from __future__ import annotations

import inspect
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, get_args, get_origin, get_type_hints

import typer
from rich.console import Console

from venire._core.checks import BadTypeError, BadValueError
from venire.cli._progress import Steps, progress
from venire.cli._report import Place, Report
from venire.errors import ConvergenceWarning, NotIdentifiedWarning, StateError

__all__ = ["Block", "Choice", "Command", "Refused", "adapted", "misused", "option", "run"]


class Command:
    """Base of the commands."""

    quiet: bool = False
    json: bool = False

    def do(self, steps: Steps) -> Report:
        """Do it; `steps` shows how far it is."""
        raise NotImplementedError


class Refused(Exception):
    """The end of a run, with a message and an exit code other than 0.

    Parameters
    ----------
    message : str
    code : int
    instead : mapping of str to (str or None)
        Options with which the same command would do, or None where one has to go.
    """

    def __init__(
        self, message: str, code: int = 1, instead: Mapping[str, str | None] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.instead = instead or {}


def misused(flag: str, reason: str) -> NoReturn:
    """Refuse what was typed, before anything is done: exit code 2."""
    raise typer.BadParameter(reason, param_hint=repr(flag))


# ---- options ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """The words that an option takes, where they stand in a table."""

    of: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """How the fields of a dataclass are set into a command.

    Parameters
    ----------
    without, needs : tuple of str
        Fields that are left out, and that must be given.
    one_of : tuple of str
        Fields at least one of which must be given.
    instead : mapping of str to annotation
        Fields that are typed otherwise than they are kept.
    defaults : mapping of str to object
        Other defaults than those of the dataclass.
    metavars : mapping of str to str
        What stands for the value of a column, if not COLUMN.
    """

    without: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    instead: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    metavars: Mapping[str, str] = field(default_factory=dict)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def option(help: str | None, panel: str | None, *flags: str, **more: Any) -> Any:
    """An option in a panel of the help; `flags` and `more` are typer's."""
    return typer.Option(*flags, help=help, rich_help_panel=panel, **more)


@dataclass(frozen=True)
class _Member:
    """A field of a command or of a block."""

    name: str
    base: Any  # its type
    notes: tuple[Any, ...]  # what else its annotation says
    default: Any

    def note(self, kind: type) -> Any:
        return next((x for x in self.notes if isinstance(x, kind)), None)

    @property
    def block(self) -> Block | None:
        """How its own fields are set in, if it has such."""
        return (self.note(Block) or Block()) if is_dataclass(self.base) else None

    def parameter(self) -> inspect.Parameter:
        """As typer wants it."""
        choice = self.note(Choice)
        base: Any = self.base if choice is None else Literal[choice.of]
        kept = [x for x in self.notes if isinstance(x, typer.models.ParameterInfo)]
        return inspect.Parameter(
            self.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if self.default is MISSING else self.default,
            annotation=Annotated[(base, *kept)] if kept else base,
        )


def _members(kind: type, how: Block) -> Iterator[_Member]:
    """The fields as they are set in."""
    hints = get_type_hints(kind, include_extras=True)
    for one in fields(kind):
        if one.name in how.without:
            continue
        hint = how.instead.get(one.name, hints[one.name])
        base, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if "says" in one.metadata:  # a column
            says, topic = one.metadata["says"], one.metadata["topic"]
            metavar = how.metavars.get(one.name, "COLUMN")
            notes.append(option(says, topic, _flag(one.name), metavar=metavar))
        default = MISSING if one.name in how.needs else how.defaults.get(one.name, one.default)
        yield _Member(one.name, base, tuple(notes), default)


def _parameters(kind: type, how: Block) -> Iterator[inspect.Parameter]:
    for member in _members(kind, how):
        if member.block is None:
            yield member.parameter()
        else:
            yield from _parameters(member.base, member.block)


def _built(kind: type, how: Block, given: Mapping[str, Any]) -> Any:
    """The dataclass of what was typed; what it refuses is a misuse."""
    arguments = {
        m.name: given[m.name] if m.block is None else _built(m.base, m.block, given)
        for m in _members(kind, how)
    }
    if how.one_of and all(arguments[name] is None for name in how.one_of):
        raise typer.BadParameter(f"give one of {', '.join(map(_flag, how.one_of))}")
    try:
        return kind(**arguments)
    except (BadTypeError, BadValueError) as error:
        misused(_flag(error.argument), error.reason)


def adapted(kind: type[Command]) -> Callable[..., None]:
    """The function that typer makes a command of."""

    def call(context: typer.Context, **given: Any) -> None:
        command = _built(kind, Block(), given)
        if command.json and command.quiet:
            misused("--quiet", "--json and --quiet contradict each other")
        _check_places(command)
        typed = context.find_root().obj
        code = run(command, sys.argv[1:] if typed is None else typed)
        if code:
            raise typer.Exit(code)

    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    signature = inspect.Signature([context, *_parameters(kind, Block())])
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    call.__doc__ = kind.__doc__
    return call


# ---- a run --------------------------------------------------------------------------------------


def _places(command: Command) -> dict[str, tuple[Path | None, Place]]:
    """What the options that name files stand for."""
    return {
        m.name: (getattr(command, m.name), place)
        for m in _members(type(command), Block())
        if (place := m.note(Place)) is not None
    }


def _check_places(command: Command) -> None:
    """Refuse to write over what is read, or twice to one file."""
    taken: dict[Path, str] = {}
    for name, (path, place) in _places(command).items():
        if path is None:
            continue
        for other, what in taken.items() if not place.read else ():
            if path == other or (path.exists() and other.exists() and path.samefile(other)):
                misused(f"--{name}", f"is {what}")
        kind = "folder" if path.is_dir() else "file"
        taken[path] = f"the input {kind}" if place.read else f"the file of --{name}"


def run(command: Command, words: list[str]) -> int:
    """Do it, say what came of it, and return the exit code.

    Parameters
    ----------
    command : Command
    words : list of str
        What was typed after the program's name.
    """
    stderr = Console(stderr=True, highlight=False, soft_wrap=True)
    code = 1
    try:
        report, notes = _done(command, stderr)
        for note in notes:
            stderr.print(f"venire: {note}", markup=False)
        if command.json:
            report.print_json(notes)
        elif not command.quiet:
            taken = any(path is None and place.stdout for path, place in _places(command).values())
            report.print_text(stderr=taken)
        if not report.failure:
            return 0
        text = report.failure
    except BrokenPipeError:  # not ours to tell
        raise
    except KeyboardInterrupt:
        text, code = "interrupted", 130
    except MemoryError as error:
        text = f"not enough memory: {error}"
    except Refused as error:
        text, code = str(error), error.code
        if error.instead:
            text += f"\ntry: {_instead(words, error.instead)}"
    except OSError as error:
        where = "" if error.filename is None else f"{os.fspath(error.filename)}: "
        text = f"{where}{error.strerror or error}"
    except (ValueError, BadTypeError, StateError, ImportError) as error:
        text = str(error)
    stderr.print(f"venire: {text}", markup=False)
    return code


def _done(command: Command, stderr: Console) -> tuple[Report, list[str]]:
    """The report, its files written, and its notes with those of warnings on the way."""
    places = _places(command)
    for path, place in places.values():
        if path is not None:
            place.check(path)
    with warnings.catch_warnings(record=True) as caught, progress(stderr, command.quiet) as steps:
        warnings.simplefilter("ignore")
        for kind in (ConvergenceWarning, NotIdentifiedWarning):
            warnings.simplefilter("always", kind)
        report = command.do(steps)
        for name, what in report.files.items():
            path, place = places[name]
            if path is None:
                place.write_here(what)
            else:
                with steps(f"writing {path}"):
                    place.write(what, path, report.facts)
    return report, [*report.notes, *dict.fromkeys(str(w.message) for w in caught)]


def _instead(words: list[str], instead: Mapping[str, str | None]) -> str:
    """The command that was typed, with other options."""
    command = ["venire", *words]
    for flag in instead:
        command = [word for word in command if not word.startswith(f"{flag}=")]
        if flag in command:
            at = command.index(flag)
            del command[at : at + 2]
    more = [word for pair in instead.items() if pair[1] is not None for word in pair]
    return shlex.join([*command, *(str(word) for word in more)])
