"""Errors about arguments: objects that know what is wrong, in one wording where they are shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, NoReturn

import numpy as np

__all__ = [
    "NO_VALUE",
    "BadInput",
    "BadTypeError",
    "BadValueError",
    "alike",
    "every",
    "fail",
    "key",
    "nearest",
    "settling",
    "told",
    "worded",
]


class _Absent(Enum):
    NO_VALUE = "no value"


NO_VALUE = _Absent.NO_VALUE  # None is a value


class BadInput(Exception):
    """What is wrong with an argument.

    Who knows more of it on the way out, the column that an argument came from or where its rows
    stand, changes the attributes; nobody takes a message apart.

    Attributes
    ----------
    argument : str
    position : int or None
        First bad position, counted from 0.
    value : object
        The value found there; `NO_VALUE` if it says nothing.
    reason : str
        What it must be, or what is wrong with it.
    cure : str
        What to do about it; often empty.
    column : object
        The column that the argument came from; None if it came from none.
    settles : tuple of dict
        Arguments of the call each of which settles it, where that is known.
    """

    def __init__(
        self,
        argument: str,
        reason: str,
        position: int | None = None,
        value: Any = NO_VALUE,
        cure: str = "",
    ) -> None:
        super().__init__(argument, reason, position, value, cure)
        self.argument, self.reason, self.position = argument, reason, position
        self.value = value.item() if isinstance(value, np.generic) else value
        self.cure = cure
        self.column: Any = None
        self.settles: tuple[dict[str, Any], ...] = ()

    @property
    def nameless(self) -> str:
        """The error without the argument, for who calls it by another name."""
        words = worded("", self.value, None, self.reason, self.cure or settling(self.settles))
        return words.removeprefix(" = ").removeprefix(": ")

    def __str__(self) -> str:
        where = self.argument if self.position is None else f"{self.argument}[{self.position}]"
        cure = self.cure or settling(self.settles)
        return worded(where, self.value, self.column, self.reason, cure)


class BadValueError(BadInput, ValueError):
    """A value that is out of range."""


class BadTypeError(BadInput, TypeError):
    """A value of a wrong type."""


def fail(
    argument: str,
    reason: str,
    position: int | None = None,
    value: Any = NO_VALUE,
    *,
    cure: str = "",
    kind: type[ValueError] | type[TypeError] = ValueError,
) -> NoReturn:
    """Raise the error about `argument`, which reads ``argument[position] = value: reason; cure``.

    Parameters
    ----------
    argument : str
        Name of the argument.
    reason : str
        What it must be, or what is wrong with it.
    position : int, optional
        First bad position, counted from 0.
    value : object, optional
        The value found there.
    cure : str, optional
        What to do about it.
    kind : {ValueError, TypeError}
        Which of the two the error is.
    """
    error = BadTypeError if kind is TypeError else BadValueError
    raise error(argument, reason, position, value, cure)


def worded(where: str, value: Any, column: Any, reason: str, cure: str) -> str:
    """The words of an error: where it is, what stands there, and what it must be."""
    if value is not NO_VALUE:
        where += f" = {told(value)}"
    if column is not None:
        where += f" (column {column!r})"
    return f"{where}: {reason}" + (f"; {cure}" if cure else "")


def settling(answers: tuple[dict[str, Any], ...]) -> str:
    """Arguments each of which settles an error, as what to do about it."""
    said = (", ".join(f"{a}={value}" for a, value in answer.items()) for answer in answers)
    return f"say {', or '.join(said)}" if answers else ""


def every(good: Any, argument: str, reason: str, values: Any) -> None:
    """Raise the error about the first value, in C order, where `good` is false; if there is one."""
    if not np.all(good):
        at = int(np.argmin(good))
        value = values[at] if isinstance(values, (list, tuple)) else np.ravel(values)[at]
        fail(argument, reason, at if np.ndim(good) else None, value)


def nearest(word: Any, known: Iterable[str], also: Mapping[str, str] | None = None) -> str:
    """A question that names the known word that was meant, perhaps; else nothing.

    `also` are other words for known ones.
    """
    found = alike(word, {name: name for name in known} | dict(also or {}))
    return "" if found is None else f"did you mean {found!r}?"


def alike(word: Any, known: Mapping[str, Any]) -> Any:
    """What the known word stands for that is like `word`, but for its spelling; None: none is."""
    from difflib import get_close_matches

    if not isinstance(word, str) or len(word) > 100 or not key(word):
        return None
    words: dict[str, Any] = {}
    for name, meant in known.items():
        words.setdefault(key(name), meant)
    close = [key(word), *get_close_matches(key(word), words, 1)]
    return next((words[name] for name in close if name in words), None)


def key(name: object) -> str:
    """A name without case, accents, blanks and signs."""
    plain = unicodedata.normalize("NFKD", str(name).casefold())
    return "".join(c for c in plain if c.isalnum())


def told(value: Any) -> str:
    """A value as its author would know it again: not pages of it, and no error of its own."""
    try:
        text = repr(value)
    except Exception:  # a repr that raises, a number of too many digits
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:200]}..."
