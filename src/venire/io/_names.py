"""Names of the columns of a file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping

from venire.io._formats import Path, as_text, format_of, readable

__all__ = ["columns_in"]


def columns_in(path: Path) -> list[str]:
    """Names of the columns of a file.

    Raises
    ------
    DataError
        If the file does not exist or cannot be read.
    """

    readers: Mapping[str, Callable[[Path], list[str]]] = {
        "parquet": _parquet_names, "arrow": _arrow_names, "json": _json_names,
    }  # fmt: skip
    with readable(path, ValueError):
        kind = format_of(path)
        if kind in readers:
            return readers[kind](path)
        with as_text(path) as file:
            return next(csv.reader(file, delimiter="\t" if kind == "tsv" else ","), [])


def _parquet_names(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    return pq.read_schema(path).names


def _arrow_names(path: Path) -> list[str]:
    import pyarrow.feather

    return pyarrow.feather.read_table(path, memory_map=True).column_names


def _json_names(path: Path) -> list[str]:
    import json

    with as_text(path) as file:
        text = file.read() if file.read(64).lstrip().startswith("[") else ""
        if text:
            file.seek(0)
            records = json.load(file)
            return list(records[0]) if records else []
        file.seek(0)
        return list(json.loads(next(file, "{}")))
