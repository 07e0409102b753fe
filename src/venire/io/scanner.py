"""One way to tables: whatever a source is, its columns by name, piece by piece.

``Scanner(source)`` finds out what the files are and how they are written; `names` and `sample` say
what they hold, `tables` reads columns of them, and `place` says where a row stands.

=============================  ==================================================================
a file that                    is read by
=============================  ==================================================================
begins with ``PAR1``           `Parquet`
begins with ``ARROW1``         `Arrow`, and so does what is called .arrow or .feather
is a zip file with a workbook  `Excel`
begins with ``{`` or ``[``     `Json`, and so does what is called .json or .jsonl
is any other text              `Csv`
=============================  ==================================================================
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from typing import Any

from venire._core.remote import without_secrets
from venire.io._errors import DataError, readable
from venire.io.dialects import Dialect
from venire.io.sources import File, ending_of, found_in
from venire.io.tables import Format, Tables

__all__ = ["Dialect", "Scanner", "columns_in", "line_of_row"]

_BY_NAME = {".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow",
            ".ipc": "arrow", ".arrows": "arrow", ".csv": "csv", ".tsv": "tsv", ".jsonl": "json",
            ".ndjson": "json", ".json": "json"}  # fmt: skip
_READERS = {"parquet": ("_columnar", "Parquet"), "arrow": ("_columnar", "Arrow"),
            "excel": ("_excel", "Excel"), "json": ("_json", "Json"), "csv": ("_csv", "Csv"),
            "tsv": ("_csv", "Csv")}  # fmt: skip
_BY_START = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow",
             b"\xd0\xcf\x11\xe0": "excel"}  # fmt: skip
_COLUMNS = 8  # names that an error says
_WORKBOOKS = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}  # what they are zip files of


class Scanner:
    """Tables of a source.

    Parameters
    ----------
    source : path-like, binary file, or list of them
        Files, folders, globs, URLs, or "-" for standard input. Columns are found by name in each
        file; in a folder all files of known formats are read, those below it too.
    dialect : Dialect, optional
        How text files are written; by default that is found out.

    Attributes
    ----------
    path : str
        What the source is called in errors that are about no row.
    files : list of File
    roots : list of path-like
        What the source names: paths of files and folders.

    Raises
    ------
    DataError
        If there is no such file.

    Examples
    --------
    >>> import io
    >>> from venire.io import Scanner
    >>> scanner = Scanner(io.BytesIO(b"home;away;goals\\nx;y;1,5\\n"))
    >>> scanner.names, scanner.sample(), scanner.notes
    (['home', 'away', 'goals'], {'home': ['x'], 'away': ['y'], 'goals': ['1.5']}, \
("delimiter ';'", 'decimal comma'))
    """

    def __init__(self, source: Any, dialect: Dialect | None = None) -> None:
        found = found_in(source, dialect)
        self.files, self._passed = found.files, found.notes
        single = isinstance(source, (str, os.PathLike))
        several = ", ".join(file.name for file in self.files[:3]) + ", ..." * (len(self.files) > 3)
        self.path = without_secrets(source) if single and source != "-" else several
        many = source if isinstance(source, (list, tuple)) else [source]
        self.roots = [one for one in many if isinstance(one, (str, os.PathLike))]
        self._formats: dict[int, Format] = {}
        self._samples: dict[int, dict[str, list[Any]]] = {}
        self._starts: list[int] = []  # number of rows before each file that was opened

    def format(self, number: int = 0) -> Format:
        """The reader of one of the files."""
        if number not in self._formats:
            file = self.files[number]
            with readable(file.name):
                found = _format_of(file)
            if len(self.files) > 64:  # do not hold on to thousands of open files
                return found
            self._formats[number] = found
        return self._formats[number]

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns."""
        return self.format().names

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found out of the dialect rather than told, and which files were passed over;
        complete once all is read."""
        found = (n for one in self._formats.values() for n in one.notes)
        return (*dict.fromkeys(found), *self._passed)

    def sample(self, n: int = 1000) -> dict[str, list[Any]]:
        """Values of all columns in some rows, the first among them; n of them at most."""
        if n not in self._samples:
            with readable(self.files[0].name):
                self._samples[n] = self.format().sample(n)
        return dict(self._samples[n])

    def tables(
        self,
        names: Mapping[str, str],
        labels: Sequence[str],
        most: int | None = None,
        row_groups: range | None = None,
    ) -> Tables:
        """Read columns.

        Parameters
        ----------
        names : mapping of str to str
            The column to read for each argument.
        labels : sequence of str
            Those of the arguments that hold labels.
        most : int, optional
            Rows of a piece at most.
        row_groups : range, optional
            Only these parts of a Parquet file.

        Raises
        ------
        DataError
            If a file is of no known format or lacks a column; or, from the pieces, if it is broken.
        """
        counts: list[int] = []
        texts = []
        known = True
        types: list[Mapping[str, Any]] = []
        for number, file in reversed([*enumerate(self.files)]):
            with readable(file.name):
                first = self._opened(number, names, labels, most, row_groups)
            known = known and first.n_rows is not None
            counts.append(first.n_rows or 0)
            texts.append(first.is_text)
            types.insert(0, {} if first.is_text else first.types)
        told = {names[argument] for argument in labels if argument in names}
        self._require_kinds(types, told)
        as_text = told if any(texts) and not all(texts) else set()
        pieces = self._pieces(first, names, labels, most, row_groups)
        if as_text:
            pieces = (_with_texts(piece, as_text) for piece in pieces)
        n_rows = sum(counts) if known else None
        return Tables(pieces, n_rows, any(texts), first.types if len(self.files) == 1 else {})

    def _pieces(
        self,
        first: Tables,
        names: Mapping[str, str],
        labels: Sequence[str],
        most: int | None,
        row_groups: range | None,
    ) -> Iterator[Any]:
        done = 0
        self._starts = []
        for number, file in enumerate(self.files):
            self._starts.append(done)
            with _as_it_was(file), readable(file.name):
                tables = first
                if number:
                    tables = self.format(number).tables(names, labels, most, row_groups)
                for piece in tables.pieces:
                    yield piece
                    done += piece.num_rows

    def require_alike(self, names: Mapping[str, str], labels: Sequence[str]) -> None:
        """Refuse files that are no one table, before their rows are read.

        Parameters
        ----------
        names : mapping of str to str
            The column to read for each argument.
        labels : sequence of str
            Those of the arguments that hold labels.

        Raises
        ------
        DataError
            If one is of no known format, lacks a column that the first has, or holds text where
            another holds numbers.
        """
        types: list[Mapping[str, Any]] = []
        for number, file in enumerate(self.files):
            with readable(file.name):
                found = self._opened(number, names, labels, None, None)
            types.append({} if found.is_text else found.types)
        self._require_kinds(types, {names[a] for a in labels if a in names})

    def _require_kinds(self, types: Sequence[Mapping[str, Any]], names: set[str]) -> None:
        """Refuse labels that are text in one file and numbers in another: of a text file, whose
        labels become either, there are no types."""
        if not all(types):
            return
        for name in sorted(names):
            told = [(_kind(t[name]), _inner(t[name])) for t in types]
            both = [(*one, file) for one, file in zip(told, self.files, strict=True) if one[0]]
            for kind, one, file in both[1:]:
                if kind != both[0][0]:
                    reason = f"holds values of type {one}, but {both[0][2].name} holds {both[0][1]}"
                    raise DataError(file.name, reason, column=name, cure="write them alike")

    def _opened(
        self,
        number: int,
        names: Mapping[str, str],
        labels: Sequence[str],
        most: int | None,
        row_groups: range | None,
    ) -> Tables:
        """One of the files, opened to be read; what it lacks is said beside what others have."""
        file = self.files[number]
        with _as_it_was(file):
            form = self.format(number)
            try:
                tables = form.tables(names, labels, most, row_groups)
            except DataError as error:
                if number and "there is no column" in error.reason:
                    raise self._differs(number, error) from None
                raise
        return tables

    def _differs(self, number: int, error: DataError) -> DataError:
        """The error of a file that lacks a column: how its columns differ from the first file's."""
        here, there = self.format(number).names, self.names
        only = [f"{name!r}" for name in here if name not in there]
        lost = [f"{name!r}" for name in there if name not in here]
        text = f"{error.reason.partition(';')[0]}, which {self.files[0].name} has"
        more = [f"only there: {', '.join(lost[:_COLUMNS])}"] if len(lost) > 1 else []
        more += [f"only here: {', '.join(only[:_COLUMNS])}"] if only else []
        return DataError(
            self.files[number].name, "; ".join([text, *more]), cure="give each file by itself, or "
            "write their columns alike",
        )  # fmt: skip

    def place(self, position: int) -> tuple[File, int]:
        """File and row, from 0, of a row of the tables that were read last."""
        which = max(bisect_right(self._starts, position) - 1, 0)
        return self.files[which], position - (self._starts[which] if self._starts else 0)


def _inner(kind: Any) -> Any:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _kind(kind: Any) -> str:
    """What labels of an Arrow type are, as far as it tells."""
    import pyarrow as pa

    kind = _inner(kind)
    whole = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return "numbers" if whole else "" if pa.types.is_null(kind) else "text"


@contextmanager
def _as_it_was(file: File) -> Iterator[None]:
    """What is wrong with a file that changes while it is read is said to be that."""
    try:
        yield
    except GeneratorExit:
        raise
    except BaseException:
        file.require_same()
        raise
    file.require_same()


def line_of_row(file: File | str | os.PathLike[str], row: int) -> int | None:
    """Line, from 1, on which a row, from 0, of a file ends; None if it has no lines."""
    return Scanner(file).format().line_of_row(row)


def columns_in(source: Any, dialect: Dialect | None = None) -> list[str]:
    """Names of the columns of a source, as `Scanner` takes it.

    Raises
    ------
    DataError
        If a file does not exist or cannot be read.
    """
    return Scanner(source, dialect).names


def _with_texts(piece: Any, names: set[str]) -> Any:
    """A piece whose labels are text, as they are in other files."""
    import pyarrow as pa

    columns = {f.name: piece[f.name] for f in piece.schema}
    for name in names:
        kind = columns[name].type
        if not (pa.types.is_string(kind) or pa.types.is_dictionary(kind)):
            columns[name] = columns[name].cast(pa.string())
    return pa.table(columns)


def _format_of(file: File) -> Format:
    """The reader of a file.

    Raises
    ------
    DataError
        If it is of no known format.
    """
    what = _named(file)
    module, reader = _READERS[what]
    found = getattr(import_module(f"venire.io.{module}"), reader)
    return found(file, "\t") if what == "tsv" else found(file)


def _named(file: File) -> str:
    """The format of a file, by its first bytes and then by its name."""
    if file.compression() == "zip" and not _WORKBOOKS.isdisjoint(file.members()):
        return "excel"
    with file.open() as stream:
        head = stream.read(4096)
    if not head:
        raise DataError(file.name, "is empty")
    for start, what in _BY_START.items():
        if head.startswith(start):
            return what
    ending = ending_of(file.name)
    if ending in _BY_NAME:
        return _BY_NAME[ending]
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n")
    return "json" if text.startswith((b"{", b"[")) else "csv"
