"""What a command is, how it becomes one of the shell's, and how it is run.

A command is a frozen dataclass: its fields are its arguments and options, its docstring is its
help, and `do` does it and returns a `Report`::

    top: int = option(20, "Rows to print.", OUT, min=0)

A field whose type is a dataclass stands for the fields of that one: options that several commands
have are written once, and the columns of a table are options as they are. `adapted` makes of the
class the function that typer wants, and `run` is the one way in which a command ends: a report, or
a message and an exit code.
"""

from __future__ import annotations

import inspect
import math
import shlex
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, get_args, get_origin, get_type_hints

import typer

from venire._core.checks import BadInput, nearest
from venire._core.remote import without_secrets
from venire.cli._progress import Steps, progress
from venire.cli._report import Place, Report
from venire.cli._terminal import Screen
from venire.cli._work import at_work
from venire.errors import ConvergenceWarning, NotIdentifiedWarning, StateError
from venire.io import DataError

__all__ = [
    "MISSING",
    "Command",
    "Refused",
    "adapted",
    "argument",
    "block",
    "misused",
    "option",
    "run",
]


class Command(ABC):
    """Base of the commands."""

    quiet: bool = False
    json: bool = False
    words: tuple[str, ...] = ()  # what was typed, set by `run`
    job_of = ""  # what a job is called that keeps what its tasks give; empty: it has none

    @abstractmethod
    def do(self, steps: Steps) -> Report:
        """Do it; `steps` shows how far it is."""


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
class Block:
    """How the fields of a dataclass are set into a command.

    Parameters
    ----------
    without, needs : tuple of str
        Fields that are left out, and that must be given.
    defaults : mapping of str to object
        Other defaults than those of the dataclass.
    of : type, optional
        The dataclass, where the field is no such itself but is made of it and what was typed; then
        nothing must be given.
    typed : mapping of str to (type, dict)
        Fields that are typed otherwise than they are kept: the type that typer sees, and what its
        option has to say of it.
    """

    without: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    of: type | None = None
    typed: Mapping[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)


def block(**how: Any) -> Any:
    """A field whose own fields are options; see `Block`."""
    return field(metadata={"block": Block(**how)})


def option(
    default: Any,
    says: str | None,
    topic: str | None = None,
    *flags: str,
    place: Place | None = None,
    choices: tuple[str, ...] = (),
    also: Mapping[str, str] | None = None,
    **more: Any,
) -> Any:
    """A field that is an option.

    Parameters
    ----------
    default : object
        MISSING: it must be given.
    says, topic : str or None
        Its help, and the panel of the help that it stands in.
    *flags : str
        Default: the name of the field; of a bool, to make it true.
    place : Place, optional
        It names a file, and is shown as FILE.
    choices : tuple of str
        Words of which it is one, where they stand in a table.
    also : mapping of str to str
        Other words for some of them, for the message that refuses them.
    **more
        For `typer.Option`.
    """
    more = more if place is None else {"metavar": "FILE", **more}
    about: dict[str, Any] = {"says": says, "topic": topic, "flags": flags, "place": place}
    about |= {"choices": choices, "also": also}
    return field(default=default, metadata={**about, "more": more})


def argument(metavar: str, says: str, place: Place | None = None, *, default: Any = MISSING) -> Any:
    """A field that is an argument by position; MISSING: it must be given."""
    return field(default=default, metadata={"says": says, "place": place, "argument": metavar})


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _members(kind: type, how: Block) -> Iterator[tuple[str, Any, Mapping[str, Any], Any]]:
    """Name, type, metadata and default of the fields as they are set in."""
    kind = how.of or kind
    hints = get_type_hints(kind)
    for one in fields(kind):
        if one.name in how.without:
            continue
        hint = one.metadata.get("typed", hints[one.name])
        hint, more = how.typed.get(one.name, (hint, {}))
        about = {**one.metadata, **more}
        default = how.defaults.get(one.name, one.default)
        if how.of is not None and default is MISSING:
            hint, default = hint | None, None
        if one.name in how.needs:
            hint, default = next(t for t in get_args(hint) if t is not type(None)), MISSING
        if is_dataclass(hint):
            about.setdefault("block", Block())
        yield one.name, hint, about, default


def _literal(hint: Any) -> tuple[str, ...]:
    """The words of a Literal, or of one that may be left out."""
    inner = [one for one in (hint, *get_args(hint)) if get_origin(one) is Literal]
    return get_args(inner[0]) if inner else ()


def _number(kind: type, how: Mapping[str, Any]) -> Callable[[Any], Any]:
    """A reader of numbers from `min` to `max`, as typed or as they are."""
    least, most = how.get("min", -math.inf), how.get("max", math.inf)
    name = "a whole number" if kind is int else "a number"

    def parse(text: Any) -> Any:
        try:
            value = kind(text)
        except (ValueError, OverflowError):
            raise typer.BadParameter(f"{text!r} is not {name}") from None
        if not least <= value <= most and (least > -math.inf or most < math.inf):
            bounds = f">= {least}" if most == math.inf else f"from {least} to {most}"
            raise typer.BadParameter(f"{text} is not {name} {bounds}")
        return value

    return parse


def _chosen(
    words: tuple[str, ...], also: Mapping[str, str] | None
) -> Callable[[str | None], str | None]:
    """A check of a word that may be left out."""

    def check(word: str | None) -> str | None:
        if word is not None and word not in words:
            near = nearest(word, words, also)
            raise typer.BadParameter(
                f"{word!r} is not one of {', '.join(words)}" + (f"; {near}" if near else "")
            )
        return word

    return check


def _parameters(kind: type, how: Block) -> Iterator[inspect.Parameter]:
    """The options as typer wants them."""
    for name, hint, about, default in _members(kind, how):
        if "block" in about:
            yield from _parameters(hint, about["block"])
            continue
        if "argument" in about:
            info: Any = typer.Argument(metavar=about["argument"], help=about["says"])
        else:
            flags = about.get("flags") or (_flag(name),)
            more = about.get("more", {"metavar": "COLUMN"})  # what says nothing of it is a column
            words = about.get("choices") or _literal(hint)
            number = next((t for t in (int, float) if t in (hint, *get_args(hint))), None)
            if number and "parser" not in more:
                more = {"metavar": number.__name__.upper(), "parser": _number(number, more), **more}
                more = {k: x for k, x in more.items() if k not in ("min", "max")}
            if words:
                hint = str | None if default is None else str
                more = {
                    "metavar": "|".join(words),
                    "callback": _chosen(words, about.get("also")),
                    **more,
                }
            info = typer.Option(*flags, help=about["says"], rich_help_panel=about["topic"], **more)
        yield inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if default is MISSING else default,
            annotation=Annotated[hint, info],
        )


def _built(kind: type, how: Block, given: Mapping[str, Any]) -> Any:
    """The dataclass of what was typed; what it refuses is a misuse."""
    arguments = {
        name: _built(hint, about["block"], given) if "block" in about else given[name]
        for name, hint, about, _ in _members(kind, how)
    }
    try:
        return kind(**arguments) if how.of is None else kind(how.of, arguments)
    except BadInput as error:
        named = {name: about.get("flags") for name, _, about, _ in _members(kind, how)}
        misused((named.get(error.argument) or [_flag(error.argument)])[0], error.nameless)


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
        one.name: (getattr(command, one.name), place)
        for one in fields(command)  # type: ignore[arg-type]
        if (place := one.metadata.get("place")) is not None
    }


def _inputs(command: Command) -> list[Path]:
    """The files and folders that the command's source names."""
    values = (getattr(command, one.name) for one in fields(command))  # type: ignore[arg-type]
    return [path for value in values for path in getattr(value, "inputs", ())]


def _check_places(command: Command) -> None:
    """Refuse to write over what is read, or twice to one file."""
    taken = {
        path: f"the input {'folder' if path.is_dir() else 'file'}" for path in _inputs(command)
    }
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
    words = [without_secrets(word) for word in words]  # they are printed
    object.__setattr__(command, "words", ("venire", *words))
    stderr, code, instead = Screen(sys.stderr), 1, list[str]()
    try:
        report = _done(command)
        notes = [report.taken] if report.taken and not command.quiet else []
        for note in (notes := [*notes, *report.notes]):
            stderr.line(f"venire: {note}")
        if command.json:
            report.print_json(notes)
        elif not command.quiet:
            taken = any(path is None and place.stdout for path, place in _places(command).values())
            report.print_text(stderr=taken)
        if not report.failure:
            return 0
        text, code = report.failure, report.code
    except BrokenPipeError:  # not ours to tell
        raise
    except KeyboardInterrupt:
        text, code = "interrupted", 130
    except MemoryError as error:
        text = f"not enough memory: {error}"
    except Refused as error:
        text, code = str(error), error.code
        if error.instead:
            instead = [_instead(words, error.instead)]
    except DataError as error:
        text = str(error)
        if error.settles:
            answers, error.settles = error.settles, ()
            text = str(error)
            instead = [
                _instead(words, {_flag(a): _typed(x) for a, x in b.items()}) for b in answers
            ]
    except OSError as error:
        where = "" if error.filename is None else f"{without_secrets(error.filename)}: "
        text = f"{where}{error.strerror or error}"
    except (ValueError, BadInput, StateError, ImportError) as error:
        text = str(error)
    stderr.line(f"venire: {text}")
    for line in instead:
        stderr.line(f"try: {line}", whole=True)
    return code


def _done(command: Command) -> Report:
    """The report, its files written; among its notes what was warned of on the way."""
    places = _places(command)
    for path, place in places.values():
        if path is not None:
            place.check(path)
    with (
        warnings.catch_warnings(record=True) as caught,
        progress(command.quiet) as steps,
        at_work(command, steps) as work,
    ):
        warnings.simplefilter("ignore")
        for kind in (ConvergenceWarning, NotIdentifiedWarning):
            warnings.simplefilter("always", kind)
        if (over := work.over()) is not None:
            return over
        steps.work = work
        try:
            report = command.do(steps)
        except KeyboardInterrupt:
            if not steps.interrupted:
                raise
            raise Refused(f"interrupted ({steps.interrupted})", 130) from None
        told = (*report.notes, *(str(w.message) for w in caught))
        report = replace(report, notes=[*dict.fromkeys(told)])
        return work.ended(report, _write(report, places, steps))


def _write(report: Report, places: Mapping[str, tuple[Path | None, Place]], steps: Steps) -> Any:
    """Write the files of a report, and return their paths."""
    files = dict(report.files)
    for name, what in files.items():  # before the first is written: a picture may be refused
        path, place = places[name]
        if path is not None and place.make is not None:
            with steps(f"drawing {without_secrets(path)}"):
                files[name] = place.make(what)
    for name, what in files.items():
        path, place = places[name]
        if path is None:
            place.write_here(what)
        else:
            with steps(f"writing {without_secrets(path)}"):
                place.write(what, path, report)
    return [str(places[name][0]) for name in files if places[name][0] is not None]


def _typed(value: Any) -> str:
    """A value as it is typed; of what is true, the flag says it all."""
    if isinstance(value, Mapping):
        names = (f'"{one}"' if "," in str(one) else str(one) for one in value)
        return ",".join(f"{one}={word}" for one, word in zip(names, value.values(), strict=True))
    return "" if value is True else str(value)


def _instead(words: list[str], instead: Mapping[str, str | None]) -> str:
    """The command that was typed, with other options."""
    command = ["venire", *words]
    for flag in instead:
        command = [word for word in command if not word.startswith(f"{flag}=")]
        if flag in command:
            at = command.index(flag)
            del command[at : at + 2]
    more = [str(word) for pair in instead.items() if pair[1] is not None for word in pair]
    return shlex.join([*command, *(word for word in more if word)])
