"""Text that comes from data, as it is shown to people: in one line, and never executed."""

from __future__ import annotations

import unicodedata

__all__ = ["visible", "width"]

_JOINED = ("So", "Sk", "Lo", "Mn", "Mc")  # emoji, and letters of scripts that use joiners


def visible(text: str) -> str:
    """One line of `text` in which nothing moves the cursor, turns the direction or hides.

    Controls (C0, C1), line ends, directional marks, characters of no width and what is not
    assigned are shown as ``\\x1b``, ``\\n``, ``\\u202e``: an escape of what stands there. Joiners
    within emoji, and between letters of scripts that need them, stay.

    Examples
    --------
    >>> print(visible("a\\x1b[31mb\\tc"))
    a\\x1b[31mb\\tc
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or _is_harmless(text, at) else _escaped(c) for at, c in enumerate(text)
    )


def width(text: str) -> int:
    """Columns of a terminal that printable text takes."""
    if text.isascii():
        return len(text)
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF"
        else 0 if unicodedata.category(c) in ("Mn", "Me", "Cf")
        else 1
        for c in text
    )  # fmt: skip


def _is_harmless(text: str, at: int) -> bool:
    c = text[at]
    if unicodedata.category(c) == "Zs":
        return True
    around = (text[at - 1 : at], text[at + 1 : at + 2])
    joiner = c in "\u200c\u200d"
    return joiner and all(side and unicodedata.category(side) in _JOINED for side in around)


def _escaped(c: str) -> str:
    return c.encode("unicode_escape").decode("ascii")
