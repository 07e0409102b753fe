"""Which columns of a source are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from venire._core.checks import BadValueError
from venire.data import recognition
from venire.data.columns import Columns, VoteColumns
from venire.data.recognition import Chosen
from venire.io.assemble import located
from venire.io.scanner import Dialect, Scanner

__all__ = ["chosen_in", "opened"]


def opened(source: Any, dialect: Dialect | None) -> Scanner:
    """A scanner of the source, or the scanner that it is."""
    if isinstance(source, Scanner):
        return source
    return Scanner(source) if dialect is None else Scanner(source, dialect)


def chosen_in(
    scanner: Scanner,
    role: type[Columns] | type[VoteColumns],
    columns: Columns | VoteColumns | None,
    named: Mapping[str, Any],
    *,
    grouped: bool = False,
) -> Chosen:
    """The columns that a caller named, and those that are found; DataError if two readings fit."""
    try:
        return recognition.chosen(role, columns, named, scanner.sample, grouped=grouped)
    except BadValueError as error:
        raise located(scanner.path, error, {}) from None
