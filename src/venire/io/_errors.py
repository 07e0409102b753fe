"""The error of a file."""

from __future__ import annotations

import lzma
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from venire._core.extras import needs
from venire._core.failing import NO_VALUE, settling, worded
from venire._core.remote import without_secrets

__all__ = ["DataError", "readable"]


class DataError(ValueError):
    """A file cannot be used.

    It is put into words when it is shown, and reaches the caller whole from other processes.

    Attributes
    ----------
    path : str
    reason : str
        What is wrong with it, or with one of its values.
    row : int or None
        First bad row, counted from 1, header not counted.
    line : int or None
        Its line in a text file.
    column : str or None
    value : object
        What stands there, where one value is wrong.
    argument : str
        What the column says, as the argument of a reader.
    cure : str
        What to do about it; often empty.
    settles : tuple of dict
        Arguments of a reader, each of which settles it; often none.
    """

    path: str
    reason: str
    row: int | None
    line: int | None
    column: str | None
    value: Any
    argument: str
    cure: str
    settles: tuple[dict[str, Any], ...]

    def __init__(
        self,
        path: str | os.PathLike[str],
        reason: str,
        *,
        row: int | None = None,
        line: int | None = None,
        column: str | None = None,
        value: Any = NO_VALUE,
        argument: str = "",
        cure: str = "",
        settles: tuple[dict[str, Any], ...] = (),
    ) -> None:
        super().__init__(without_secrets(path), reason)
        self.path, self.reason = without_secrets(path), reason
        self.row, self.line, self.column = row, line, column
        self.value, self.argument, self.cure, self.settles = value, argument, cure, settles

    def __str__(self) -> str:
        cure = self.cure or settling(self.settles)
        where = [] if self.row is None else [f"row {self.row}"]
        if self.line:
            where[0] += f" (line {self.line})"
        if self.column is not None:
            where.append(f"column {self.column!r}")
        elif self.argument:
            where.append(self.argument)
        if not where:
            return f"{self.path}: {self.reason}" + (f"; {cure}" if cure else "")
        text = worded(", ".join(where), self.value, None, self.reason, cure)
        return f"{self.path}: {text}"


@contextmanager
def readable(path: str | os.PathLike[str], *more: type[Exception]) -> Iterator[None]:
    """What reading a broken file raises within is a DataError about it; `more`: that, too."""
    pa = needs("pyarrow", "a file")
    broken = (
        pa.ArrowException, OSError, EOFError, UnicodeError, zlib.error, lzma.LZMAError,
        zipfile.BadZipFile, RecursionError, *more,
    )  # fmt: skip
    try:
        yield
    except DataError:
        raise
    except broken as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str | os.PathLike[str], error: Exception) -> DataError:
    """The error of a broken file in the words of the package."""
    text = str(error.strerror if isinstance(error, OSError) and error.strerror else error)
    text = " ".join(text.split())
    if "magic bytes" in text or "Couldn't deserialize thrift" in text:
        text = f"is not a whole Parquet file; was it cut off? ({text})"
    elif isinstance(error, EOFError) or "Truncated compressed" in text or "end-of-stream" in text:
        text = f"is cut off: the compressed data end too early ({text})"
    elif isinstance(error, RecursionError):
        text = "is nested too deeply"
    elif isinstance(error, zlib.error | lzma.LZMAError):
        text = f"is damaged: the compressed data make no sense ({text})"
    else:
        text = f"cannot be read: {text}"
    return DataError(path, text)
