"""Names of columns: when two are the same but for their spelling, and which one was meant."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["key", "listed", "nearest"]


def key(name: object) -> str:
    """A name without case, accents, blanks and signs."""
    plain = unicodedata.normalize("NFKD", str(name).casefold())
    return "".join(c for c in plain if c.isalnum())


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
    shown = [show(n) for n in names] or ["no others"]
    return ", ".join(shown[:limit]) + (", ..." if len(shown) > limit else "")
