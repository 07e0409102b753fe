"""Tables to files, whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from venire._core import checks, disk
from venire._core.checks import fail
from venire.io._errors import DataError

__all__ = [
    "about",
    "arrow_table",
    "check_writable",
    "format_of",
    "records",
    "write_csv",
    "write_table",
]

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
    with about(path), disk.whole(path) as part:
        _WRITERS[kind](table, part, metadata)


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


def arrow_table(table: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> Any:
    """Columns as a pyarrow Table, NaN and what is masked as nulls."""
    import pyarrow as pa

    arrays = {}
    for name, array in _columns(table).items():
        try:
            if np.ma.isMaskedArray(array):
                arrays[name] = pa.array(np.asarray(array), mask=np.ma.getmaskarray(array))
            elif array.dtype.kind in "OUT":
                arrays[name] = pa.array(array.tolist())
            else:
                arrays[name] = pa.array(array, from_pandas=array.dtype.kind == "f")
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
            _unwritable(name, error)
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


def write_csv(
    table: Mapping[str, Any], path: Any, metadata: Mapping[str, str] | None = None
) -> None:
    """To a file of this name, or one that is open; the metadata have no place there."""
    import pyarrow.csv as pc

    pc.write_csv(arrow_table(table), path, pc.WriteOptions(quoting_style="needed"))


def records(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows as dicts of plain Python values, NaN as None."""
    columns = []
    for name, array in _columns(table).items():
        values = [v.item() if isinstance(v, np.generic) else v for v in array.tolist()]
        values = [None if isinstance(v, float) and not math.isfinite(v) else v for v in values]
        for at, value in enumerate(values):
            if not (value is None or isinstance(value, (str, bool, int, float))):
                reason = "must be text, a number or a truth value"
                fail(f"table[{name!r}]", reason, at, value, kind=TypeError)
        columns.append(values)
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def _write_json(table: Mapping[str, Any], path: str, metadata: Mapping[str, str] | None) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(records(table), file, ensure_ascii=False, indent=1, allow_nan=False)
        file.write("\n")


def _write_jsonl(table: Mapping[str, Any], path: str, metadata: Mapping[str, str] | None) -> None:
    with open(path, "w", encoding="utf-8") as file:
        for record in records(table):
            file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


_WRITERS = {
    "parquet": _write_parquet,
    "arrow": _write_arrow,
    "csv": write_csv,
    "json": _write_json,
    "jsonl": _write_jsonl,
}
