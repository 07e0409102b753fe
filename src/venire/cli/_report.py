"""What a command says when it is done, and where it goes: text, JSON, tables and pictures."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

from venire import io
from venire._core import disk
from venire._core.extras import folder_of, needs
from venire.cli._terminal import Grid, Screen, escaped, standard_output
from venire.io import tables_out

__all__ = [
    "COUNTED",
    "CSV",
    "FILE",
    "PAGE",
    "PICTURE",
    "READ",
    "TABLE",
    "Grid",
    "Picture",
    "Place",
    "Report",
    "cells",
    "measured",
    "number",
    "parameter",
    "ranged",
    "some",
]

COUNTED = "accuracy, counted"
_EXAMPLES = 5
_PICTURES = (".png", ".svg", ".pdf")

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """What came of a command.

    Parameters
    ----------
    said : sequence of str and Grid
        For people: lines, and tables.
    notes : sequence of str
        What they should know, for standard error.
    facts : mapping
        Of the JSON document, and of the metadata of files.
    tables : mapping of str to columns
        Of the JSON document, where they are lists of records.
    files : mapping
        What the options that name outputs get: columns, or what the place of the option writes.
    failure : str
        Why the exit code is `code` all the same.
    code : int
    taken : str
        How the input was read: the first of the notes, unless the run is quiet.
    """

    said: Sequence[str | Grid] = ()
    notes: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Columns] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    code: int = 1
    taken: str = ""

    def print_text(self, *, stderr: bool) -> None:
        """For people; to standard error where standard output is taken."""
        screen = Screen(sys.stderr if stderr else sys.stdout)
        for part in self.said:
            if isinstance(part, Grid):
                screen.table(part)
            else:
                screen.line(part)

    def print_json(self, notes: Sequence[str]) -> None:
        """One document: the facts, the notes and the tables."""
        tables = {name: tables_out.records(table) for name, table in self.tables.items()}
        document = {**self.facts, "notes": list(notes), **tables}
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        sys.stdout.write(f"{escaped(text)}\n")


def number(x: float | None) -> float | None:
    """A number for JSON."""
    return float(x) if x is not None and math.isfinite(x) else None


def parameter(estimate: float | None, error: float | None) -> dict[str, float | None] | None:
    """A parameter beside the ratings, as documents have it."""
    if estimate is None:
        return None
    return {"estimate": float(estimate), "standard_error": number(error)}


def cells(form: str, *columns: Any) -> list[str]:
    """A line of text for each row; "-" where the first column is not known."""
    return [
        "-" if isinstance(row[0], float) and math.isnan(row[0]) else form.format(*row)
        for row in zip(*(column.tolist() for column in columns), strict=True)
    ]


def ranged(table: Columns, name: str, bounds: str = "", form: str = "{:.2f}") -> list[str]:
    """A column with its intervals, the columns `bounds`_lower and _upper, where they are known."""
    ends = (table[f"{bounds or name}_{end}"] for end in ("lower", "upper"))
    both = zip(cells(form, table[name]), cells("{:.2f} .. {:.2f}", *ends), strict=True)
    return [x if "-" in (x, span) else f"{x} ({span})" for x, span in both]


def measured(table: Columns) -> dict[str, list[str]]:
    """Accuracies of judges: as gold counts them, and as a model has them from the same labels."""
    columns = {COUNTED: ranged(table, "accuracy")}
    if not all(math.isnan(x) for x in table["model_accuracy"].tolist()):
        columns["by the model"] = cells("{:.2f}", table["model_accuracy"])
    return columns


def some(labels: Any, n: int | None = None) -> str:
    """The first few of `n` labels."""
    more = ", ..." if (len(labels) if n is None else n) > _EXAMPLES else ""
    return ", ".join(str(label) for label in labels[:_EXAMPLES]) + more


# ---- places -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """What an option that names a file stands for.

    Parameters
    ----------
    check : callable
        Refuses a path that could not be written.
    write : callable
        Writes what the report has for it, whole or not at all; gets the report, too.
    make : callable, optional
        Makes it of what the report has, before anything is written.
    read : bool
        The file is an input.
    stdout : bool
        Without the option standard output gets the table.
    """

    check: Callable[[Path], None] = lambda path: None
    write: Callable[[Any, Path, Report], None] = lambda what, path, report: None
    make: Callable[[Any], Any] | None = None
    read: bool = False
    stdout: bool = False

    def write_here(self, table: Columns) -> None:
        """Write to standard output, if that is where it goes."""
        if self.stdout:
            sys.stdout.flush()
            io.write_table(table, standard_output())


def _write_table(table: Columns, path: Path, report: Report) -> None:
    facts = {"venire": json.dumps(report.facts)} if report.facts else None
    lines = cast(list[str], [*takewhile(lambda part: isinstance(part, str), report.said)])
    if len(lines) == len(report.said):  # no table follows: what they say is in the file
        lines = lines[:1]
    io.write_table(table, path, metadata=facts, header=lines, notes=report.notes)


def _check_file(path: Path) -> None:
    with tables_out.about(path):
        disk.check_writable(path)


def _write_file(write: Callable[[str], None], path: Path, report: Report) -> None:
    with tables_out.about(path), disk.whole(path) as part:
        write(part)


def _check_picture(path: Path) -> None:
    if path.suffix.lower() not in _PICTURES:
        raise io.DataError(path, "the name of a picture must end in .png, .svg or .pdf")
    _check_file(path)
    needs("matplotlib", "--plot")


@dataclass(frozen=True)
class Picture:
    """What is drawn: a result, and options of its pictures."""

    result: Any
    options: Mapping[str, Any] = field(default_factory=dict)


# Whatever the user's own settings are: the same bytes every time, and no other program
_SETTINGS = {"svg.hashsalt": "venire", "text.usetex": False}
_DATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def _drawn(picture: Picture) -> Any:
    matplotlib = needs("matplotlib", "--plot")
    from venire.plots import overview

    with matplotlib.rc_context(_SETTINGS):
        return overview(picture.result, **picture.options)


def _write_picture(figure: Any, path: Path, report: Report) -> None:
    ending = path.suffix[1:].lower()

    def save(part: str) -> None:
        figure.savefig(part, dpi=200, format=ending, metadata=_DATED.get(ending))

    with needs("matplotlib", "--plot").rc_context(_SETTINGS):
        _write_file(save, path, report)


def _check_page(path: Path) -> None:
    if path.suffix.lower() not in (".html", ".htm"):
        raise io.DataError(path, "the name of a page must end in .html")
    _check_file(path)
    for library in ("jinja2", "itables", "matplotlib"):
        folder_of(library, "a page")


READ = Place(read=True)
TABLE = Place(io.check_writable, _write_table)
CSV = Place(io.check_writable, _write_table, stdout=True)
PICTURE = Place(_check_picture, _write_picture, _drawn)
FILE = Place(_check_file, _write_file)
PAGE = Place(_check_page, _write_file)
