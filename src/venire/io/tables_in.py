"""Tables from files, piece by piece, by pyarrow; and where in a text file a row is."""

from __future__ import annotations

import csv
import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from venire.io._errors import DataError
from venire.io._formats import (
    Path,
    as_text,
    comes_in_pieces,
    compression,
    files_of,
    format_of,
    readable,
    rows_of_groups,
)

__all__ = [
    "Tables",
    "comes_in_pieces",
    "files_of",
    "joined",
    "line_of_row",
    "open_tables",
    "rows_of_groups",
    "readable",
]

_BLOCK = 1 << 22  # bytes of text looked at together
_ROWS = 1 << 20  # rows per piece, at least, where the format lets us choose
_NO_OBJECT = re.compile(rb"\n(?:\xef\xbb\xbf)?+\s*+([^{][^\n]{0,40})")  # a line of JSON
_DENSE = 4.0  # bytes a row below which a Parquet column of text is taken to be a dictionary


@dataclass(frozen=True)
class Tables:
    """An open file.

    Parameters
    ----------
    pieces : iterator of mapping of str to Arrow column
    n_rows : int
        0 if not known.
    is_text : bool
        The labels are text, whatever they look like.
    types : mapping of str to Arrow type
        Of the columns that were asked for; empty if only reading tells.
    """

    pieces: Iterator[Mapping[str, Any]]
    n_rows: int
    is_text: bool
    types: Mapping[str, Any]


def open_tables(
    path: Path,
    names: Mapping[str, str],
    labels: Sequence[str],
    most: int | None = None,
    row_groups: range | None = None,
) -> Tables:
    """Open a file of any known format.

    Parameters
    ----------
    path : path-like
    names : mapping of str to str
        The column to read for each argument.
    labels : sequence of str
        Those of the arguments that hold labels.
    most : int, optional
        Rows of a piece at most; text files come whole all the same.
    row_groups : range, optional
        Only these row groups of a Parquet file.

    Raises
    ------
    DataError
        If the file does not exist, is of no known format, or lacks a column; or, from the pieces,
        if it is broken.
    """
    with readable(path):
        tables = _opened(path, names, labels, most, row_groups)
    return replace(tables, pieces=_read(path, tables.pieces))


def _read(path: Path, pieces: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    with readable(path):
        yield from pieces


def _opened(
    path: Path,
    names: Mapping[str, str],
    labels: Sequence[str],
    most: int | None,
    row_groups: range | None,
) -> Tables:
    kind = format_of(path)
    wanted = list(dict.fromkeys(names.values()))
    texts = list(dict.fromkeys(names[a] for a in (*labels, "outcome") if a in names))
    if kind == "parquet":
        return _parquet(path, names, wanted, texts, most, row_groups)
    if kind == "arrow":
        return _arrow(path, names, wanted, most)
    if kind == "json":
        return _json(path, names, wanted)
    return _csv(path, names, wanted, texts, "\t" if kind == "tsv" else ",")


def joined(parts: list[Any]) -> Any:
    """The pieces of a column as one."""
    import pyarrow as pa

    chunks = [chunk for part in parts for chunk in getattr(part, "chunks", [part])]
    types = list(dict.fromkeys(chunk.type for chunk in chunks))
    if len(types) > 1:  # a dictionary in one row group, plain text in another; numbers of two kinds
        plain = [t.value_type if pa.types.is_dictionary(t) else t for t in types]
        one = pa.unify_schemas([pa.schema([("", t)]) for t in plain], promote_options="permissive")
        chunks = [chunk.cast(one.field(0).type) for chunk in chunks]
    return pa.chunked_array(chunks)


def _require(path: Path, names: Mapping[str, str], present: list[str]) -> None:
    """Refuse a file that lacks a column, or has it twice."""
    for name in names.values():
        if present.count(name) == 1:
            continue
        if name in present:
            raise DataError(path, "there are two columns of this name", column=name)
        near = difflib.get_close_matches(name, present, 1)
        hint = f"did you mean {near[0]!r}?" if near else "there are " + ", ".join(present[:30])
        raise DataError(path, f"there is no column {name!r}; {hint}")


def _parquet(
    path: Path,
    names: Mapping[str, str],
    wanted: list[str],
    texts: list[str],
    most: int | None,
    row_groups: range | None,
) -> Tables:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, memory_map=True)
    _require(path, names, file.schema_arrow.names)
    meta = file.metadata
    if texts:
        _require_sound(file, texts)
    dictionaries = [
        name for name in texts if _is_dictionary(meta, file.schema_arrow.names.index(name))
    ]
    if dictionaries:
        file = pq.ParquetFile(path, memory_map=True, read_dictionary=dictionaries)

    def pieces() -> Iterator[Mapping[str, Any]]:
        if most is not None:
            yield from file.iter_batches(most, row_groups=row_groups, columns=wanted)
            return
        groups, rows = [], 0
        for group in range(meta.num_row_groups):
            groups.append(group)
            rows += meta.row_group(group).num_rows
            if rows >= _ROWS or group == meta.num_row_groups - 1:
                yield file.read_row_groups(groups, columns=wanted)
                groups, rows = [], 0

    schema = file.schema_arrow
    types = {name: schema.field(name).type for name in wanted}
    return Tables(pieces(), meta.num_rows, False, types)


def _require_sound(file: Any, names: list[str]) -> None:
    """Read a row of each row group, so that a damaged one is an error.

    The metadata of a column that is damaged would end the process where they are only asked for.
    """
    for group in range(file.metadata.num_row_groups):
        next(file.iter_batches(1, row_groups=[group], columns=names, use_threads=False), None)


def _is_dictionary(meta: Any, index: int) -> bool:
    """Whether a column of text is stored as a dictionary throughout.

    The writer gives up on a dictionary that grows too large; the column is then larger than its
    indices would be, and reading it as a dictionary would be slow.
    """
    if meta.num_row_groups == 0 or meta.num_columns <= index:
        return False
    for group in range(meta.num_row_groups):
        column = meta.row_group(group).column(index)
        if column.physical_type != "BYTE_ARRAY" or "." in column.path_in_schema:
            return False
        if column.total_uncompressed_size > _DENSE * max(column.num_values, 1) + 65536:
            return False
    return True


def _arrow(path: Path, names: Mapping[str, str], wanted: list[str], most: int | None) -> Tables:
    import pyarrow as pa

    source = pa.memory_map(os.fspath(path))
    try:
        schema = pa.ipc.open_file(source).schema
        opener = pa.ipc.open_file
    except pa.ArrowInvalid:
        source.seek(0)
        schema = pa.ipc.open_stream(source).schema
        opener = pa.ipc.open_stream
    _require(path, names, schema.names)
    source.seek(0)
    options = pa.ipc.IpcReadOptions(included_fields=[schema.names.index(n) for n in wanted])
    reader = opener(source, options=options)

    def batches() -> Iterator[Any]:
        if opener is pa.ipc.open_file:
            for index in range(reader.num_record_batches):
                yield reader.get_batch(index)
        else:
            yield from reader

    def pieces() -> Iterator[Mapping[str, Any]]:
        for batch in batches():
            batch.validate(full=True)  # offsets and indices are as they stand in the file
            step = most or max(batch.num_rows, 1)
            for start in range(0, batch.num_rows, step):
                yield batch.slice(start, step)

    types = {name: schema.field(name).type for name in wanted}
    return Tables(pieces(), 0, False, types)


def _csv(
    path: Path, names: Mapping[str, str], wanted: list[str], texts: list[str], delimiter: str
) -> Tables:
    import pyarrow as pa
    import pyarrow.csv as pc

    with as_text(path) as file:
        header = next(csv.reader(file, delimiter=delimiter), [])
    _require(path, names, header)
    bad: list[Any] = []

    def note(row: Any) -> str:
        bad.append(row)
        return "error"

    parse = pc.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note)
    convert = pc.ConvertOptions(
        include_columns=wanted,
        column_types={name: pa.string() for name in texts},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )

    def pieces() -> Iterator[Mapping[str, Any]]:
        with pa.input_stream(os.fspath(path), compression=compression(path)) as stream:
            try:
                yield pc.read_csv(stream, parse_options=parse, convert_options=convert)
                return
            except pa.ArrowInvalid as error:
                if "UTF8" in str(error):
                    raise _undecodable(path, delimiter, header) from None
                if not bad:
                    raise
        raise _uneven(path, delimiter, len(header), bad[0])

    return Tables(pieces(), 0, True, {})


def _uneven(path: Path, delimiter: str, width: int, bad: Any) -> DataError:
    """The error about the first row that has not as many fields as the header."""
    with as_text(path) as file:
        reader = csv.reader(file, delimiter=delimiter)
        next(reader)
        for row, fields in enumerate((f for f in reader if f), 1):
            if len(fields) != width:
                reason = f"has {len(fields)} fields, but the header has {width}"
                return DataError(path, reason, row=row, line=reader.line_num)
    reason = f"a row has {bad.actual_columns} fields, but the header has {bad.expected_columns}"
    return DataError(path, reason)


def _undecodable(path: Path, delimiter: str, header: list[str]) -> DataError:
    """The error about the first field that is not UTF-8."""
    with as_text(path) as file:
        reader = csv.reader(file, delimiter=delimiter)
        for row, fields in enumerate(f for f in reader if f):
            for name, text in zip(header, fields, strict=False):
                if "\ufffd" in text:
                    reason = "is not UTF-8 text"
                    return DataError(path, reason, row=row, line=reader.line_num, column=name)
    return DataError(path, "is not UTF-8 text")


def _json(path: Path, names: Mapping[str, str], wanted: list[str]) -> Tables:
    import pyarrow as pa
    import pyarrow.json as pj

    with as_text(path) as file:
        is_array = file.read(64).lstrip().startswith("[")
    if is_array:
        import json

        with as_text(path) as file:
            try:
                table = pa.Table.from_pylist(json.load(file))
            except (ValueError, TypeError, AttributeError, OverflowError) as error:
                raise DataError(path, f"is no array of JSON objects: {error}") from None
    else:
        _require_objects(path)
        with pa.input_stream(os.fspath(path), compression=compression(path)) as stream:
            options = pj.ParseOptions(newlines_in_values=False)
            table = pj.read_json(stream, parse_options=options)
    _require(path, names, table.column_names)
    return Tables(iter([table.select(wanted)]), table.num_rows, False, {})


def _require_objects(path: Path) -> None:
    """Refuse JSON lines of which one is no object: pyarrow does not survive some of them."""
    import pyarrow as pa

    line, rest = 1, b""
    with pa.input_stream(os.fspath(path), compression=compression(path)) as stream:
        while block := stream.read(_BLOCK):
            whole, newline, rest = (rest + block).rpartition(b"\n")
            _require_object(path, whole, line)
            line += whole.count(b"\n") + len(newline)
    _require_object(path, rest, line)


def _require_object(path: Path, lines: bytes, number: int) -> None:
    """Refuse the lines, the first of which has this number, if one begins no object."""
    lines = b"\n" + lines  # then the search is for one byte, ten times as fast
    if bad := _NO_OBJECT.search(lines):
        line = number - 1 + lines.count(b"\n", 0, bad.start(1))
        found = bad[1].decode("utf-8", "replace").rstrip()
        raise DataError(path, f"line {line} is no JSON object: {found!r}")


def line_of_row(path: Path, position: int) -> int | None:
    """Line, from 1, on which the data row at `position`, from 0, ends; None if this is no text."""
    kind = format_of(path)
    with as_text(path) as file:
        if kind in ("csv", "tsv"):
            reader = csv.reader(file, delimiter="\t" if kind == "tsv" else ",")
            rows = (reader.line_num for fields in reader if fields)
            return next(islice(rows, position + 1, None), None)
        if kind == "json" and not file.read(64).lstrip().startswith("["):
            file.seek(0)
            lines = (number for number, line in enumerate(file, 1) if line.strip())
            return next(islice(lines, position, None), None)
    return None
