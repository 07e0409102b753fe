"""Tables to files, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from venire import _files
from venire.io._errors import DataError

__all__ = ["about", "arrow_table", "check_writable", "format_of", "write_table"]

Path = str | os.PathLike[str]

_FORMATS = {
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow",
    ".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
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
    format_of(path)
    with about(path):
        _files.check_writable(path)


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
    path: Path,
    *,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a table, whole or not at all: to a file beside `path`, which then takes its place.

    Parameters
    ----------
    table : mapping of str to array_like of shape (n,)
        NaN, and what is masked in a masked array, becomes a null.
    path : path-like
        ``.parquet``, ``.arrow``, ``.feather``, ``.csv``, ``.json`` (one array of objects) or
        ``.jsonl`` (one object a line).
    metadata : mapping of str to str, optional
        Kept in the schema of Parquet and Arrow files; the others have no place for it.

    Raises
    ------
    DataError
        If the name ends in none of these, or the file cannot be written.

    Examples
    --------
    >>> from venire.io import write_table
    >>> write_table({"item": ["a", "b"], "theta": [0.5, -0.5]}, "ratings.csv")  # doctest: +SKIP
    """
    kind = format_of(path)
    with about(path), _files.whole(path) as part:
        _WRITERS[kind](table, part, metadata)


def arrow_table(table: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> Any:
    """Columns as a pyarrow Table, NaN and what is masked as nulls."""
    import pyarrow as pa

    arrays = {}
    for name, column in table.items():
        array = np.asarray(column)
        if np.ma.isMaskedArray(column):
            arrays[name] = pa.array(array, mask=np.ma.getmaskarray(column))
        elif array.dtype.kind in "OUT":
            arrays[name] = pa.array(array.tolist())
        else:
            arrays[name] = pa.array(array, from_pandas=array.dtype.kind == "f")
    out = pa.table(arrays)
    return out.replace_schema_metadata(dict(metadata)) if metadata else out


def _write_parquet(table: Mapping[str, Any], path: str, metadata: Mapping[str, str] | None) -> None:
    import pyarrow.parquet as pq

    pq.write_table(arrow_table(table, metadata), path)


def _write_arrow(table: Mapping[str, Any], path: str, metadata: Mapping[str, str] | None) -> None:
    import pyarrow as pa

    data = arrow_table(table, metadata)
    with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, data.schema) as writer:
        writer.write_table(data)


def _write_csv(table: Mapping[str, Any], path: str, metadata: Mapping[str, str] | None) -> None:
    import pyarrow.csv as pc

    pc.write_csv(arrow_table(table), path, pc.WriteOptions(quoting_style="needed"))


def _records(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows as dicts of plain Python values, NaN as None."""
    columns = []
    for column in table.values():
        array = column if np.ma.isMaskedArray(column) else np.asarray(column)
        values = array.tolist()
        if array.dtype.kind == "f":
            values = [v if np.isfinite(v) else None for v in values]
        columns.append(values)
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def _write_json(table: Mapping[str, Any], path: str, metadata: Mapping[str, str] | None) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(_records(table), file, ensure_ascii=False, indent=1, allow_nan=False)
        file.write("\n")


def _write_jsonl(table: Mapping[str, Any], path: str, metadata: Mapping[str, str] | None) -> None:
    with open(path, "w", encoding="utf-8") as file:
        for record in _records(table):
            file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


_WRITERS = {
    "parquet": _write_parquet,
    "arrow": _write_arrow,
    "csv": _write_csv,
    "json": _write_json,
    "jsonl": _write_jsonl,
}
