"""The error of a file."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["DataError"]


class DataError(ValueError):
    """A file cannot be used.

    Attributes
    ----------
    path : str
    row : int or None
        First bad row, counted from 1, header not counted.
    line : int or None
        Its line in a text file.
    column : str or None
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        reason: str,
        *,
        row: int | None = None,
        line: int | None = None,
        column: str | None = None,
    ) -> None:
        where = [] if row is None else [f"row {row}" + (f" (line {line})" if line else "")]
        if column is not None:
            where.append(f"column {column!r}")
        super().__init__(
            ": ".join([os.fspath(path), *([", ".join(where)] if where else []), reason])
        )
        self.path, self.row, self.line, self.column = os.fspath(path), row, line, column
        self._reason = reason

    def __reduce__(self) -> Any:  # an error of a worker reaches the caller whole
        arguments = (self.path, self._reason, self.row, self.line, self.column)
        return _rebuilt, (type(self), *arguments)


def _rebuilt(
    kind: type[DataError],
    path: str,
    reason: str,
    row: int | None,
    line: int | None,
    column: str | None,
) -> DataError:
    return kind(path, reason, row=row, line=line, column=column)
