"""Errors about arguments: one wording, and what they know of the argument, position and value."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

__all__ = ["BadTypeError", "BadValueError", "every", "fail", "told"]


class _Located:
    """What an error about one value knows: the argument, its position and the value."""

    argument: str = ""
    position: int | None = None
    value: Any = None
    reason: str = ""


class BadValueError(_Located, ValueError):
    """A value that is out of range; has ``argument``, ``position``, ``value`` and ``reason``."""


class BadTypeError(_Located, TypeError):
    """A value of a wrong type; has ``argument``, ``position``, ``value`` and ``reason``."""


_NO_VALUE = object()


def fail(
    argument: str,
    reason: str,
    position: int | None = None,
    value: Any = _NO_VALUE,
    *,
    kind: type[ValueError] | type[TypeError] = ValueError,
) -> NoReturn:
    """Raise the error about `argument`, worded in one way everywhere.

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
    kind : {ValueError, TypeError}
        Which of the two the error is.
    """
    where = "" if position is None else f" at position {position}"
    if value is _NO_VALUE:
        value, found, reads = None, where, reason
    else:
        if isinstance(value, np.generic):
            value = value.item()
        reads = f"{reason}, got {told(value)}"
        found = reads.removeprefix(reason) + where
    error: Any = (BadTypeError if kind is TypeError else BadValueError)(
        f"{argument}: {reason}{found}"
    )
    error.argument, error.position, error.value, error.reason = argument, position, value, reads
    raise error


def every(good: Any, argument: str, reason: str, values: Any) -> None:
    """Raise the error about the first value, in C order, where `good` is false; if there is one."""
    if not np.all(good):
        at = int(np.argmin(good))
        value = values[at] if isinstance(values, (list, tuple)) else np.ravel(values)[at]
        fail(argument, reason, at if np.ndim(good) else None, value)


def told(value: Any) -> str:
    """A value as its author would know it again: not pages of it, and no error of its own."""
    try:
        text = repr(value)
    except Exception:  # a repr that raises, a number of too many digits
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:200]}..."
