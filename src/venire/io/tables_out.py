"""Tables to files, whole or not at all: at once, or piece by piece."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from operator import methodcaller
from typing import Any, BinaryIO, NoReturn

import numpy as np

from venire._core import checks, disk
from venire._core.arrow import arrow_array, arrow_texts
from venire._core.checks import fail
from venire._core.extras import needs
from venire._core.tables import DOCUMENTS, Table
from venire.io._errors import DataError
from venire.scales import SCALES, Display

__all__ = [
    "TableWriter",
    "about",
    "arrow_table",
    "check_writable",
    "format_of",
    "records",
    "write_table",
]

_ROWS = 1 << 17  # rows of a Parquet row group or an Arrow batch: the file does not show the pieces
_MOST = 100_000  # rows of a document: nobody reads, and no browser shows, more
Path = str | os.PathLike[str]

_FORMATS = {
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow",
    ".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".md": "md", ".html": "html", ".tex": "tex",
}  # fmt: skip


def format_of(path: Path) -> str:
    """Format that the end of a name asks for."""
    ending = os.path.splitext(os.fspath(path))[1].lower()
    if ending not in _FORMATS:
        known = ", ".join(e for e in _FORMATS if e not in (".pq", ".ndjson"))
        raise DataError(path, f"the name of an output must end in one of {known}")
    return _FORMATS[ending]


def check_writable(path: Path) -> None:
    """Raise DataError if a table could not be written to `path`; leaves nothing behind."""
    if format_of(path) in ("md", "tex"):
        needs("tabulate", f"a file {os.path.splitext(path)[1]}")
    with about(path):
        disk.check_writable(path)


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Errors of the system are about the output `path`."""
    try:
        yield
    except OSError as error:
        reason = f"cannot be written: {error.strerror or error}"
        raise DataError(path, reason) from None


def write_table(
    table: Mapping[str, Any],
    path: Path | BinaryIO,
    *,
    metadata: Mapping[str, str] | None = None,
    header: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> None:
    """Write a table, whole or not at all: to a file beside `path`, which then takes its place.

    Parameters
    ----------
    table : mapping of str to array_like of shape (n,)
        NaN, and what is masked in a masked array, becomes a null.
    path : path-like or binary file
        ``.parquet``, ``.arrow``, ``.feather``, ``.csv``, ``.json`` (one array of objects) or
        ``.jsonl`` (one object a line; infinities are null in JSON). An open file gets CSV. For
        people, of up to 100,000 rows: ``.md``, ``.html``, ``.tex``; what is text is escaped there.
    metadata : mapping of str to str, optional
        Kept in the schema of Parquet and Arrow files; the others have no place for it.
    header, notes : sequence of str
        Lines above and below the table, of documents for people.

    Raises
    ------
    DataError
        If the name ends in none of these, or the file cannot be written.

    Examples
    --------
    >>> from venire.io import write_table
    >>> write_table({"item": ["a", "b"], "theta": [0.5, -0.5]}, "ratings.csv")  # doctest: +SKIP
    """
    data = arrow_table(table)
    lines = {"header": header, "notes": notes}
    with TableWriter(path, data.schema, metadata=metadata, **lines) as out:
        out.write(data)


class TableWriter:
    """Writes a table that comes in pieces; the file appears when the block ends without an error.

    Parameters
    ----------
    path : path-like or binary file
        As for `write_table`. An open file gets CSV, each piece at once.
    schema : pyarrow.Schema
        Names and types of the columns.
    metadata, header, notes
        As for `write_table`.

    Raises
    ------
    DataError
        If the name has no known ending, or the file cannot be written.

    Notes
    -----
    The file depends on the rows only, not on how they are cut into pieces. It holds about 131,072
    rows in memory at a time.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from venire.io import TableWriter
    >>> with TableWriter(
    ...     "ratings.csv", pa.schema({"item": pa.string(), "theta": pa.float64()})
    ... ) as out:  # doctest: +SKIP
    ...     out.write({"item": ["a", "b"], "theta": [0.5, -0.5]})
    """

    def __init__(
        self,
        path: Path | BinaryIO,
        schema: Any,
        *,
        metadata: Mapping[str, str] | None = None,
        header: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> None:
        self._path, self._named = path, isinstance(path, (str, os.PathLike))
        self._kind = format_of(path) if isinstance(path, (str, os.PathLike)) else "csv"
        self._schema = schema.with_metadata(dict(metadata) if metadata else None)
        self._lines = (header, notes)
        self._waiting: list[Any] = []
        self._n_waiting = 0

    def __enter__(self) -> TableWriter:
        path: Any = self._path
        with self._about(), ExitStack() as stack:
            part = stack.enter_context(disk.whole(path)) if self._named else path
            if self._kind in DOCUMENTS:
                self._sink = _Document(part, self._schema, path, *self._lines)
            else:
                self._sink = _SINKS[self._kind](part, self._schema)
            stack.enter_context(_closing(self._sink))
            self._place = stack.pop_all()
        return self

    def write(self, table: Any) -> None:
        """Add rows: a pyarrow Table, or a mapping of str to array_like of shape (n,)."""
        import pyarrow as pa

        if not isinstance(table, pa.Table):
            table = arrow_table(table)
        self._waiting.append(table.select(self._schema.names).cast(self._schema))
        self._n_waiting += table.num_rows
        if not self._named or self._n_waiting >= _ROWS:
            self._flush(not self._named)

    def _flush(self, everything: bool) -> None:
        """Write what waits, in full row groups; `everything`: also the last, smaller one."""
        import pyarrow as pa

        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        stop = table.num_rows if everything else table.num_rows - table.num_rows % _ROWS
        with self._about():
            for start in range(0, stop, _ROWS):
                self._sink.write(table.slice(start, min(_ROWS, stop - start)).combine_chunks())
        self._waiting = [table.slice(stop).combine_chunks()]  # lets go of what is written
        self._n_waiting = table.num_rows - stop

    def __exit__(self, *error: Any) -> None:
        if error[0] is not None:
            self._place.__exit__(*error)
            return
        with self._about(), self._place:
            self._flush(True)

    def _about(self) -> Any:
        return about(self._path) if self._named else nullcontext()  # type: ignore[arg-type]


@contextmanager
def _closing(sink: Any) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(Exception):  # what matters is the error
            sink.close()
        raise
    sink.close()


# ---- formats ------------------------------------------------------------------------------------


def _columns(table: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The columns as arrays of one length; masked ones keep their masks."""
    if not isinstance(table, Mapping):
        fail("table", "must be a mapping of names to columns", value=table, kind=TypeError)
    out: dict[str, np.ndarray] = {}
    for name, column in table.items():
        if not isinstance(name, str):
            fail("table", "the name of a column must be text", value=name, kind=TypeError)
        about = f"table[{name!r}]"
        array = column if np.ma.isMaskedArray(column) else checks.array(column, about)
        if array.ndim != 1:
            fail(about, f"must be one-dimensional, has {array.ndim} dimensions")
        if out and len(array) != len(other := next(iter(out.values()))):
            fail(about, f"has {len(array)} rows, but the first column has {len(other)}")
        out[name] = array
    return out


def _unwritable(name: str, error: Exception) -> NoReturn:
    kind = TypeError if isinstance(error, TypeError) else ValueError
    reason = f"cannot be written as a column of one type ({error})"
    fail(f"table[{name!r}]", reason, kind=kind)


def arrow_table(table: Mapping[str, Any]) -> Any:
    """Columns as a pyarrow Table, NaN and what is masked as nulls."""
    pa = needs("pyarrow", "a file")
    arrays = {}
    for name, array in _columns(table).items():
        try:
            if np.ma.isMaskedArray(array):
                arrays[name] = arrow_array(np.asarray(array), np.ma.getmaskarray(array))
            elif array.dtype.kind in "OUT":
                values = array.tolist()
                texts = {str} <= {*map(type, values)} <= {str, type(None)}
                arrays[name] = arrow_texts(values) if texts else pa.array(values)
            else:
                arrays[name] = arrow_array(
                    array, np.isnan(array) if array.dtype.kind == "f" else None
                )
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
            _unwritable(name, error)
    return pa.table(arrays)


def records(table: Any) -> list[dict[str, Any]]:
    """The rows of a pyarrow Table, or of columns, for JSON; NaN and infinities are None."""
    if isinstance(table, Mapping):
        table = arrow_table(table)
    columns = [
        [None if isinstance(x, float) and not math.isfinite(x) else x for x in column]
        for column in map(methodcaller("to_pylist"), table.columns)
    ]
    names = table.column_names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


class _Parquet:
    def __init__(self, path: str, schema: Any) -> None:
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(path, schema)
        self.close = self._writer.close

    def write(self, table: Any) -> None:
        self._writer.write_table(table, row_group_size=_ROWS)


class _Arrow:
    def __init__(self, path: str, schema: Any) -> None:
        import pyarrow as pa

        self._file = pa.OSFile(path, "wb")
        self._writer = pa.ipc.new_file(self._file, schema)
        self.write = self._writer.write_table

    def close(self) -> None:
        with self._file:
            self._writer.close()


class _Csv:
    def __init__(self, path: str | BinaryIO, schema: Any) -> None:
        import pyarrow.csv as pc

        self._file = None if isinstance(path, str) else path
        options = pc.WriteOptions(quoting_style="needed")
        self._writer = pc.CSVWriter(path, schema, write_options=options)
        self.write = self._writer.write_table

    def close(self) -> None:
        self._writer.close()
        if self._file is not None:
            self._file.flush()


class _JsonLines:
    """An object a line; NaN and infinities are null."""

    def __init__(self, path: str, schema: Any) -> None:
        import pyarrow as pa

        for field in schema:
            known = pa.types.is_primitive(field.type) and not pa.types.is_temporal(field.type)
            if not (known or pa.types.is_string(field.type) or pa.types.is_null(field.type)):
                reason = f"must hold text, numbers or truth values, holds {field.type}"
                fail(f"table[{field.name!r}]", reason, kind=TypeError)
        self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115
        self.close = self._file.close

    def write(self, table: Any) -> None:
        for record in records(table):
            self._file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


class _Json(_JsonLines):
    """One array of objects."""

    def __init__(self, path: str, schema: Any) -> None:
        super().__init__(path, schema)
        self._begun = False
        self.close = self._end

    def write(self, table: Any) -> None:
        text = json.dumps(records(table), ensure_ascii=False, indent=1, allow_nan=False)
        self._file.write(("," if self._begun else "[") + text[1:-2])
        self._begun = True

    def _end(self) -> None:
        self._file.write("\n]\n" if self._begun else "[]\n")
        self._file.close()


class _Document:
    """A table for people; what is the same in all rows of a column of components is left out."""

    def __init__(
        self, path: str, schema: Any, name: Path, header: Sequence[str], notes: Sequence[str]
    ) -> None:
        self._path, self._name = path, name
        self._header, self._notes = header, notes
        self._columns: dict[str, list[Any]] = {column: [] for column in schema.names}

    def write(self, table: Any) -> None:
        for name, column in self._columns.items():
            column += table[name].to_pylist()
            if len(column) > _MOST:
                reason = f"is for people, and at most {_MOST:,} rows: take .csv or .parquet"
                raise DataError(self._name, reason)

    def close(self) -> None:
        if len(set(self._columns.get("component", [None]))) == 1:
            self._columns.pop("component", None)
        scale = next((name for name in SCALES if name in self._columns), "")
        digits = Display(scale).digits
        table = Table.of(self._header, self._columns, self._notes, top=_MOST, digits=digits)
        with open(self._path, "w", encoding="utf-8") as file:
            file.write(DOCUMENTS[format_of(self._name)](table).rstrip("\n") + "\n")


_SINKS: dict[str, Any] = {
    "parquet": _Parquet,
    "arrow": _Arrow,
    "csv": _Csv,
    "json": _Json,
    "jsonl": _JsonLines,
}
