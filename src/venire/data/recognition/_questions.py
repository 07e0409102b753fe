"""Questions: errors that say what to write."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from venire._core.checks import BadValueError
from venire.data.recognition._names import key

__all__ = ["COLUMN", "listed", "nearest", "refuse"]

COLUMN = "COLUMN"  # stands for a name that only the author of the table knows


def refuse(
    argument: str, reason: str, settles: Iterable[Mapping[str, Any]] = (), cure: str = ""
) -> NoReturn:
    """Raise the question, with the arguments each of which answers it."""
    error = BadValueError(argument, reason, cure=cure)
    error.settles = tuple(dict(answer) for answer in settles)
    raise error


def nearest(name: Any, names: Sequence[Any]) -> tuple[Any, str]:
    """The name that is like one that does not exist, None if none is; and what to say of it."""
    alike = [n for n in names if key(n) == key(name)]
    if not alike:
        by_text = {str(n): n for n in names}
        close = difflib.get_close_matches(str(name), list(by_text), 1)
        alike = [by_text[text] for text in close]
    if alike:
        return alike[0], f"did you mean {alike[0]!r}?"
    return None, f"there are {listed(names, 20, repr)}" if names else "there are no columns"


def listed(names: Iterable[Any], limit: int = 12, show: Any = str) -> str:
    """The first few names."""
    shown = [show(n) for n in names]
    return ", ".join(shown[:limit]) + (", ..." if len(shown) > limit else "")
