"""Gold labels: what is known of some pairs, as one number per pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire._core.foreign import local
from venire.data.coding import encode_one
from venire.data.lookup import Lookup

if TYPE_CHECKING:
    from venire.data.votes._votes import Votes

__all__ = ["gold_of"]

_RULE = "must be the share that first got: 1, 0 or 0.5, or between (not a vote of 1, 0 and -1)"


def gold_of(votes: Votes, gold: Any) -> NDArray[np.float64]:
    """Share that each pair's first item truly got; NaN where it is not known.

    Parameters
    ----------
    votes : Votes
    gold : mapping, tuple of arrays, or array_like of shape (n_pairs,)
        Mapping: label of a pair, or (first, second), or (group, first, second), to the share of
        first. Tuple: the same in columns, the shares last. Array: a share for each pair in the
        order of `votes`, NaN where it is not known. A pair named as (b, a) is turned.

    Raises
    ------
    ValueError
        If a pair is unknown, has two values, or a value is outside [0, 1].
    TypeError
        If `gold` has another form.
    """
    names = votes.names
    width = 1 if names.pairs is not None else 2 if names.groups is None else 3
    if isinstance(gold, Mapping):
        keys = list(gold)
        columns = [keys] if width == 1 else _columns(keys, width)
        return _placed(votes, columns, _numbers(list(gold.values())))
    if isinstance(gold, tuple):
        words = ("pair", "first, second", "group, first, second")[width - 1]
        if len(gold) != width + 1:
            reason = f"must have the columns {words} and share, has {len(gold)}"
            fail("gold", reason, kind=TypeError)
        values = _numbers(gold[-1])
        columns = [
            _labels(c, f"gold: {word}") for c, word in zip(gold, words.split(", "), strict=False)
        ]
        for column, word in zip(columns, words.split(", "), strict=False):
            if len(column) != len(values):
                reason = f"has {len(column)} labels, but there are {len(values)} shares"
                fail(f"gold: {word}", reason)
        return _placed(votes, columns, values)
    values = _numbers(gold)
    if values.shape != (votes.n_pairs,):
        fail("gold", f"has shape {values.shape}, but there are {votes.n_pairs} pairs")
    _check(values, known=False)
    return values


def _labels(x: Any, name: str) -> list[Any]:
    """A column of labels as Python's own values."""
    items, codes = encode_one(checks.column(x, name), name)
    return items[codes].tolist()


def _numbers(x: Any) -> NDArray[np.float64]:
    x = local(x, "gold")
    if isinstance(x, (str, bytes, set, frozenset)) or not isinstance(x, Iterable):
        reason = "must be a mapping of pairs to shares, a tuple of columns, or one share per pair"
        fail("gold", reason, value=x, kind=TypeError)
    values = np.array(checks.numeric(x, "gold"), dtype=np.float64)
    if values.ndim != 1:
        fail("gold", f"must be one-dimensional, has {values.ndim} dimensions")
    return values


def _check(values: NDArray[np.float64], known: bool) -> None:
    good = (values >= 0.0) & (values <= 1.0)
    if not known:
        good |= np.isnan(values)
    if not good.all():
        at = int(np.argmin(good))
        fail("gold", _RULE, at, values[at])


def _columns(keys: list[Any], width: int) -> list[list[Any]]:
    for at, key in enumerate(keys):
        if not isinstance(key, tuple) or len(key) != width:
            words = "(first, second)" if width == 2 else "(group, first, second)"
            fail("gold", f"a pair must be named as {words}", at, key)
    return [list(c) for c in zip(*keys, strict=True)] or [[] for _ in range(width)]


def _codes(labels: NDArray[Any], wanted: list[Any]) -> NDArray[np.int64]:
    """Place of each wanted label among the labels, -1 where it is not there."""
    return Lookup(labels).places(np.fromiter(map(_plain, wanted), object, len(wanted)))


def _plain(x: Any) -> Any:
    return x.item() if isinstance(x, np.generic) else x


def _placed(
    votes: Votes, columns: list[list[Any]], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    _check(values, known=True)
    names = votes.names
    n = len(values)
    turned = np.zeros(n, bool)
    if names.pairs is not None:
        at = _codes(names.pairs, columns[0])
    else:
        assert names.items is not None
        assert names.second is not None
        a, b = (_codes(names.items, c) for c in columns[-2:])
        known = (a >= 0) & (b >= 0)
        major, turned = np.minimum(a, b), a > b
        if names.groups is not None:
            group = _codes(names.groups, columns[0])
            known &= group >= 0
            major = major + group * np.int64(len(names.items))
        minor = np.maximum(a, b)
        all_major = names.major()
        left = np.searchsorted(all_major, major, "left")
        right = np.searchsorted(all_major, major, "right")
        at = np.full(n, -1, np.int64)
        for k in np.flatnonzero(known).tolist():
            here = names.second[left[k] : right[k]]
            place = int(np.searchsorted(here, minor[k]))
            if place < len(here) and here[place] == minor[k]:
                at[k] = left[k] + place
    if n and (at < 0).any():
        bad = int(np.argmax(at < 0))
        label = tuple(_plain(c[bad]) for c in columns)
        fail("gold", "is not among the pairs", bad, label[0] if len(label) == 1 else label)
    out = np.full(votes.n_pairs, np.nan)
    shares = np.where(turned, 1.0 - values, values)
    out[at[::-1]] = shares[::-1]  # the first of several
    if n and (out[at] != shares).any():
        bad = int(np.argmax(out[at] != shares))
        label = tuple(_plain(c[bad]) for c in columns)
        fail("gold", "a pair has two different shares", bad, label[0] if len(label) == 1 else label)
    return out
