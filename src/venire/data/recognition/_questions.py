"""Questions: errors that say what to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from venire._core.checks import BadValueError
from venire.data.naming import listed

__all__ = ["COLUMN", "listed", "refuse"]

COLUMN = "COLUMN"  # stands for a name that only the author of the table knows


def refuse(
    argument: str, reason: str, settles: Iterable[Mapping[str, Any]] = (), cure: str = ""
) -> NoReturn:
    """Raise the question, with the arguments each of which answers it."""
    error = BadValueError(argument, reason, cure=cure)
    error.settles = tuple(dict(answer) for answer in settles)
    raise error
