"""Votes as they are given to a constructor: numbers, or whatever a column of votes may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail

__all__ = ["SIGNED", "hard_votes", "require_clear"]

#: The mapping of votes that are known to be 1, 0 and -1.
SIGNED = {1: 1, 0: 0, -1: -1}
_BLOCK = 1 << 15


def hard_votes(vote: Any, mapping: Mapping[Any, Any] | None, **labels: Any) -> Any:
    """Numbers as they are; words, the winners' labels and what a mapping explains as 1, 0 and -1.

    Parameters
    ----------
    vote : array_like of shape (n,), or None
    mapping : mapping, optional
        As in `VoteColumns`.
    **labels : array_like
        `first` and `second`, where there are such.
    """
    if mapping is not None and vote is None:
        checks.fail("mapping", "explains the values of vote: give vote as well", kind=TypeError)
    if vote is None or ((not mapping or mapping == SIGNED) and not _is_words(vote)):
        return vote
    from venire.data.outcomes import Terms
    from venire.data.votes.frame import Run, signed

    terms = Terms(mapping, signed=True)
    pair = {a: x for a, x in labels.items() if a in ("first", "second") and x is not None}
    column = checks.column(vote, "vote")
    sized = {a: x for a, x in pair.items() if hasattr(x, "__len__")}  # the others: later
    checks.columns(**sized, vote=column, may_be_empty=True)
    run = Run.of("vote", column, pair, terms)
    if not run.keep.all():
        checks.fail("vote", "a value is missing", int(np.argmin(run.keep)))
    return signed([run], terms)[0]


def _is_words(vote: Any) -> bool:
    """Whether a column holds words or truth values."""
    if isinstance(vote, (list, tuple)):
        return any(issubclass(kind, (str, bool, np.bool_)) for kind in set(map(type, vote)))
    kind = getattr(getattr(vote, "dtype", None), "kind", "")
    if kind in tuple("iuf"):
        return False
    if kind in tuple("bUT"):
        return True
    words = ("str", "bool", "categ", "object", "large_str", "enum", "dictionary")
    return str(getattr(vote, "dtype", getattr(vote, "type", ""))).lower().startswith(words)


def require_clear(
    vote: NDArray[np.int8] | None, given: Any, mapping: Mapping[Any, Any] | None
) -> None:
    """Refuse votes that were given as 0 and 1 alone: 0 may be a tie, or a loss written so."""
    if vote is None or mapping is not None or _is_words(given):
        return
    at, wins = -1, False
    for start in range(0, len(vote), _BLOCK):
        part = vote[start : start + _BLOCK]
        if (part < 0).any():
            return
        if at < 0 and not part.all():
            at = start + int(np.argmin(part != 0))
        wins = wins or bool((part > 0).any())
    if at >= 0 and wins:
        reason = "may be a tie (votes are 1, 0, -1) or a loss: no vote is -1"
        cure = 'give a mapping, as {1: "first", 0: "tie"} or {1: "first", 0: "second"}'
        fail("vote", reason, at, 0, cure=cure)
