"""Data that a function wants, and what to say to who gives it something else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from venire._core import checks

__all__ = ["about_words", "wanted"]

_MADE = {
    "Comparisons": "Comparisons(first, second, score)",
    "Rankings": "Rankings([[best, ..., worst], ...])",
    "GroupedComparisons": "GroupedComparisons(group, first, second, score)",
    "Votes": "Votes(first, second, teacher, vote)",
}
_FITS = {
    "Comparisons": "fit_bradley_terry is for these",
    "Rankings": "fit_plackett_luce is for these",
    "GroupedComparisons": "fit_groups is for these",
    "Votes": "fit_votes is for these",
}


def wanted(x: Any, name: str, kind: type) -> None:
    """Refuse what is not of a class of data, and say how to come by one.

    Parameters
    ----------
    x : object
        What was given; a tuple of several arguments, too.
    name : str
    kind : {Comparisons, GroupedComparisons, Votes, Rankings}

    Raises
    ------
    TypeError
        If `x` is something else.
    """
    if isinstance(x, kind):
        return
    given, made = type(x).__name__, _MADE[kind.__name__]
    if given in _FITS:
        cure = _FITS[given]
        if (given, kind.__name__) == ("Votes", "Comparisons"):
            cure += "; read(path, as_='comparisons') makes a comparison of each row"
    elif isinstance(x, (str, os.PathLike)):
        cure = "read a file with venire.read(path)"
    elif hasattr(x, "columns") or hasattr(x, "column_names") or isinstance(x, dict):
        cure = f"say {kind.__name__}.from_frame(frame)"
    else:
        cure = f"say {made}"
    checks.fail(name, f"must be {kind.__name__}, got {given}", cure=cure, kind=TypeError)


@contextmanager
def about_words() -> Iterator[None]:
    """What is said of words where scores should be."""
    try:
        yield
    except checks.BadTypeError as error:
        error.cure = error.cure or "words are read by from_frame(..., outcome=)"
        raise
