"""What a path is: a file of which format, or a folder of Parquet files."""

from __future__ import annotations

import csv
import gzip
import io as _io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from venire._core.extras import needs
from venire.io._errors import DataError

__all__ = [
    "as_text",
    "comes_in_pieces",
    "compression",
    "files_of",
    "format_of",
    "rows_of_groups",
    "readable",
]

Path = str | os.PathLike[str]
_GZIP = b"\x1f\x8b"


def files_of(path: Path) -> list[str]:
    """The file itself, or the Parquet files of a folder, by name.

    Files and folders below it whose names begin with a dot or an underscore are passed over.

    Raises
    ------
    DataError
        If a folder holds no Parquet file.
    """
    if not os.path.isdir(path):
        return [os.fspath(path)]
    found = []
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(name for name in inner if name[0] not in "._")
        files = (n for n in names if n[0] not in "._" and n.lower().endswith((".parquet", ".pq")))
        found += [os.path.join(folder, name) for name in files]
    if not found:
        raise DataError(path, "the folder holds no Parquet file")
    return sorted(found)


def format_of(path: Path) -> str:
    """Format of a file: parquet, arrow, csv, tsv or json; DataError if it is none of them."""
    name = os.fspath(path).lower()
    if not os.path.exists(path):
        raise DataError(path, "there is no such file")
    if os.path.isdir(path):
        raise DataError(path, "is a folder, not a file")
    with open(path, "rb") as file:
        start = file.read(6)
    if not start:
        raise DataError(path, "is empty")
    stem = name[:-3] if name.endswith(".gz") else name
    by_name = {
        ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow",
        ".ipc": "arrow", ".arrows": "arrow", ".csv": "csv", ".tsv": "tsv", ".jsonl": "json",
        ".ndjson": "json", ".json": "json",
    }.get(os.path.splitext(stem)[1])  # fmt: skip
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"ARROW1"):
        return "arrow"
    if by_name is not None:
        return by_name
    with readable(path), as_text(path) as file:
        head = file.read(1024)
    if "\0" in head:
        raise DataError(path, "is in no format known here")
    return "json" if head[:64].lstrip().startswith(("{", "[")) else "csv"


def comes_in_pieces(path: Path) -> bool:
    """Whether a file can be read part by part; text files cannot."""
    return format_of(path) in ("parquet", "arrow")


def rows_of_groups(path: Path) -> list[int]:
    """Number of rows of each row group of a Parquet file; empty for other files."""
    if format_of(path) != "parquet":
        return []
    import pyarrow.parquet as pq

    with readable(path):
        meta = pq.read_metadata(path)
    return [meta.row_group(k).num_rows for k in range(meta.num_row_groups)]


@contextmanager
def readable(path: Path, *more: type[Exception]) -> Iterator[None]:
    """What reading a broken file raises within is a DataError about it; `more`: that, too."""
    pa = needs("pyarrow", "a file")
    broken = (
        pa.ArrowException, OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error,
        RecursionError, *more,
    )  # fmt: skip
    try:
        yield
    except DataError:
        raise
    except broken as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> DataError:
    """The error of a broken file in the words of the package."""
    text = str(error.strerror if isinstance(error, OSError) and error.strerror else error)
    text = " ".join(text.split())
    if "magic bytes" in text or "Couldn't deserialize thrift" in text:
        text = f"is not a whole Parquet file; was it cut off? ({text})"
    elif "Truncated compressed" in text or "end-of-stream" in text:
        text = f"is cut off: the compressed data end too early ({text})"
    elif isinstance(error, RecursionError):
        text = "is nested too deeply"
    elif isinstance(error, zlib.error):
        text = f"is damaged: the compressed data make no sense ({text})"
    else:
        text = f"cannot be read: {text}"
    return DataError(path, text)


def compression(path: Path) -> str | None:
    """What a file is compressed with, as pyarrow calls it."""
    with open(path, "rb") as file:
        return "gzip" if file.read(2) == _GZIP else None


def as_text(path: Path) -> TextIO:
    """A file, compressed or not, as lines of text."""
    opener: Any = gzip.open if compression(path) else open
    raw = opener(path, "rb")
    return _io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
