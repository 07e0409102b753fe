"""The error of a file."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["DataError"]


class DataError(ValueError):
    """A file cannot be used.

    It is put into words when it is shown, and reaches the caller whole from other processes.

    Attributes
    ----------
    path : str
    reason : str
    row : int or None
        First bad row, counted from 1, header not counted.
    line : int or None
        Its line in a text file.
    column : str or None
    argument : str or None
        What the column was read as.
    value : object
        What was found there; None where it is not about a value.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        reason: str,
        *,
        row: int | None = None,
        line: int | None = None,
        column: str | None = None,
        argument: str | None = None,
        value: Any = None,
    ) -> None:
        self.path, self.reason = os.fspath(path), reason
        super().__init__(self.path, reason)
        self.row, self.line, self.column = row, line, column
        self.argument, self.value = argument, value

    def __str__(self) -> str:
        where = []
        if self.row is not None:
            where.append(f"row {self.row}" + (f" (line {self.line})" if self.line else ""))
        if self.column is not None:
            where.append(f"column {self.column!r}")
        return ": ".join([self.path, *([", ".join(where)] if where else []), self.reason])
