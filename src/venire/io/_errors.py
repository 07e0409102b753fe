"""The error of a file."""

from __future__ import annotations

import os
from typing import Any

from venire._core.failing import NO_VALUE, worded

__all__ = ["DataError"]


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
    """

    path: str
    reason: str
    row: int | None
    line: int | None
    column: str | None
    value: Any
    argument: str
    cure: str

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
    ) -> None:
        super().__init__(os.fspath(path), reason)
        self.path, self.reason = os.fspath(path), reason
        self.row, self.line, self.column = row, line, column
        self.value, self.argument, self.cure = value, argument, cure

    def __str__(self) -> str:
        where = [] if self.row is None else [f"row {self.row}"]
        if self.line:
            where[0] += f" (line {self.line})"
        if self.column is not None:
            where.append(f"column {self.column!r}")
        elif self.argument:
            where.append(self.argument)
        if not where:
            return f"{self.path}: {self.reason}" + (f"; {self.cure}" if self.cure else "")
        text = worded(", ".join(where), self.value, None, self.reason, self.cure)
        return f"{self.path}: {text}"
