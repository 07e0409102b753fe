"""Tables to files, piece by piece, and still whole or not at all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, BinaryIO

from venire._core import disk
from venire.io.tables_out import about, arrow_table, format_of

__all__ = ["CsvStream", "TableWriter"]

_ROWS = 1 << 17  # rows of a Parquet row group or an Arrow batch: the file does not show the pieces

Path = str | os.PathLike[str]


class TableWriter:
    """Writes a table that comes in pieces; the file appears when the block ends without an error.

    Parameters
    ----------
    path : path-like
        As for `write_table`.
    schema : pyarrow.Schema
        Names and types of the columns.
    metadata : mapping of str to str, optional
        Kept in the schema of Parquet and Arrow files.

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
        self, path: Path, schema: Any, *, metadata: Mapping[str, str] | None = None
    ) -> None:
        self._path, self._metadata = path, metadata
        self._kind = format_of(path)
        self._schema = schema.with_metadata(dict(metadata) if metadata else None)
        self._waiting: list[Any] = []
        self._n_waiting = 0
        self._sink: Any = None
        self._place = disk.whole(path)

    def __enter__(self) -> TableWriter:
        with about(self._path):
            part = self._place.__enter__()
            try:
                self._sink = _SINKS[self._kind](part, self._schema)
            except BaseException:
                self._place.__exit__(*sys.exc_info())
                raise
        return self

    def write(self, table: Any) -> None:
        """Add rows: a pyarrow Table, or a mapping of str to array_like of shape (n,)."""
        import pyarrow as pa

        if not isinstance(table, pa.Table):
            table = arrow_table(table)
        table = table.select(self._schema.names).cast(self._schema)
        self._waiting.append(table)
        self._n_waiting += table.num_rows
        if self._n_waiting >= _ROWS:
            self._flush(False)

    def _flush(self, everything: bool) -> None:
        """Write what waits, in full row groups; `everything`: also the last, smaller one."""
        import pyarrow as pa

        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        stop = table.num_rows if everything else table.num_rows - table.num_rows % _ROWS
        with about(self._path):
            for start in range(0, stop, _ROWS):
                self._sink.write(table.slice(start, min(_ROWS, stop - start)).combine_chunks())
        rest = table.slice(stop).combine_chunks()  # lets go of what is written
        self._waiting, self._n_waiting = [rest], rest.num_rows

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            with suppress(Exception):  # what matters is `error`
                self._sink.close()
            self._place.__exit__(kind, error, trace)
            return
        with about(self._path):
            try:
                self._flush(True)
                self._sink.close()
            except BaseException:
                self._place.__exit__(*sys.exc_info())
                raise
            self._place.__exit__(None, None, None)


class CsvStream:
    """Writes a table that comes in pieces to an open binary file, as CSV and at once."""

    def __init__(self, file: BinaryIO, schema: Any) -> None:
        self._file, self._schema = file, schema

    def __enter__(self) -> CsvStream:
        self._sink = _Csv(self._file, self._schema)
        return self

    def write(self, table: Any) -> None:
        """Add the rows of a pyarrow Table."""
        self._sink.write(table.select(self._schema.names))

    def __exit__(self, *about: object) -> None:
        self._sink.close()
        self._file.flush()


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

        options = pc.WriteOptions(quoting_style="needed")
        self._writer = pc.CSVWriter(path, schema, write_options=options)
        self.write, self.close = self._writer.write_table, self._writer.close


class _Text:
    def __init__(self, path: str, schema: Any) -> None:
        self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115
        self._n = 0

    def close(self) -> None:
        self._file.close()


class _Json(_Text):
    """One array of objects, laid out as `write_table` does."""

    def write(self, table: Any) -> None:
        text = json.dumps(table.to_pylist(), ensure_ascii=False, indent=1, allow_nan=False)
        self._file.write(("," if self._n else "[") + text[1:-2])
        self._n += table.num_rows

    def close(self) -> None:
        if not self._file.closed:
            self._file.write("\n]\n" if self._n else "[]\n")
        super().close()


class _JsonLines(_Text):
    def write(self, table: Any) -> None:
        for record in table.to_pylist():
            self._file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


_SINKS: dict[str, Any] = {
    "parquet": _Parquet,
    "arrow": _Arrow,
    "csv": _Csv,
    "json": _Json,
    "jsonl": _JsonLines,
}
