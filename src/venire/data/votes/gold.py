"""Gold labels: what is known of some pairs, as one number per pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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

__all__ = ["PURPOSES", "Gold", "gold_for", "gold_of"]

#: What labels were chosen for, and what each may be used for.
PURPOSES: dict[str, tuple[str, ...]] = {
    "stack": ("stack",),
    "side": ("side",),
    "measure": ("measure", "stack", "side"),
}
USES = {
    "stack": "teach weights to method 'stacked'",
    "side": "say which of 'uniform' and 'reliability' to believe",
    "measure": "measure accuracies and the correlation of errors, and hold votes to them",
}
_RULE = "must be the share that first got: 1, 0 or 0.5, or between (not a vote of 1, 0 and -1)"


@dataclass(frozen=True, eq=False)
class Gold:
    """Labels of some pairs, and what they were chosen for.

    Labels of pairs that were drawn at random may serve for everything. Those of pairs that were
    chosen (`design_gold`) are no sample of all: accuracies and correlations of errors from them
    would be biased. With their purpose they go into `gold` of any call, and serve for what they may
    and nothing else.

    Attributes
    ----------
    labels : mapping, tuple of arrays, or array_like of shape (n_pairs,)
        Share that the pair's first item truly got, in any form that `consensus` takes.
    purpose : str, or array_like of str, default "measure"
        "stack", "side" or "measure", of all labels or of each: in the order of the mapping, of the
        columns, or of the pairs.

        ========= ==================================================================================
        "measure" drawn at random: for everything
        "stack"   chosen to be unlike each other: for weights of method "stacked", nothing else
        "side"    drawn from the pairs on which "uniform" and "reliability" take different sides:
                  for which of the two to believe, nothing else
        ========= ==================================================================================

    Raises
    ------
    ValueError
        If a purpose is unknown.

    Examples
    --------
    >>> import venire as vn
    >>> gold = vn.panel.Gold({("a", "b"): 1, ("b", "c"): 0}, "side")
    >>> gold.purpose
    'side'
    """

    labels: Any
    purpose: Any = "measure"

    def __post_init__(self) -> None:
        if isinstance(self.labels, Gold):
            fail("labels", "must be labels, not a Gold", kind=TypeError)
        if isinstance(self.purpose, str):
            checks.one_of(self.purpose, "purpose", tuple(PURPOSES))
            return
        if not isinstance(self.purpose, Iterable):
            reason = "must be 'stack', 'side' or 'measure', or one of these for each label"
            fail("purpose", reason, value=self.purpose, kind=TypeError)
        words = np.array(list(self.purpose), dtype=object)
        for at, word in enumerate(words.tolist()):
            if word not in PURPOSES:
                fail("purpose", f"must be one of {', '.join(PURPOSES)}", at, word)
        object.__setattr__(self, "purpose", words)


def _placed_gold(gold: Gold, votes: Votes) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Share and purpose of each pair of `votes`: NaN, and "", where there is no label."""
    shares = _shares(votes, gold.labels)
    if isinstance(gold.purpose, str):
        return shares, np.where(np.isnan(shares), "", gold.purpose)
    n = _size(gold.labels)
    if len(gold.purpose) != n:
        fail("purpose", f"has {len(gold.purpose)} words, but there are {n} labels")
    words = np.full(votes.n_pairs, "", dtype=object)
    for purpose in PURPOSES:  # the last is for most
        words[~np.isnan(_shares(votes, _part(gold.labels, gold.purpose == purpose)))] = purpose
    return shares, words


def _size(labels: Any) -> int:
    return len(labels[-1] if isinstance(labels, tuple) else labels)


def _part(labels: Any, where: NDArray[np.bool_]) -> Any:
    """Some of the labels, in the form that they have."""
    if isinstance(labels, Mapping):
        return {key: x for (key, x), keep in zip(labels.items(), where, strict=True) if keep}
    if isinstance(labels, tuple):
        kept = np.flatnonzero(where).tolist()
        return tuple([list(column)[k] for k in kept] for column in labels)
    return np.where(where, _numbers(labels), np.nan)


def gold_for(votes: Votes, gold: Any) -> dict[str, NDArray[np.float64]]:
    """By use ("measure", "stack", "side") the share of each pair, NaN where no label may serve.

    Parameters
    ----------
    votes, gold
        As in `gold_of`; labels without a purpose may serve for everything.
    """
    if not isinstance(gold, Gold):
        return dict.fromkeys(USES, _shares(votes, gold))
    shares, words = _placed_gold(gold, votes)
    found = {}
    for use in USES:
        may = np.isin(words.astype(str), [name for name, uses in PURPOSES.items() if use in uses])
        found[use] = np.where(may, shares, np.nan)
    return found


def gold_of(votes: Votes, gold: Any, use: str = "measure") -> NDArray[np.float64]:
    """Share that each pair's first item truly got; NaN where it is not known.

    Parameters
    ----------
    votes : Votes
    gold : Gold, mapping, tuple of arrays, or array_like of shape (n_pairs,)
        See `Gold` and `consensus`.
    use : {"measure", "stack", "side"}
        What for.

    Raises
    ------
    ValueError
        If a pair is unknown, has two values, or a value is outside [0, 1]; if labels were chosen
        for another purpose.
    TypeError
        If `gold` has another form.
    """
    if isinstance(gold, Gold):
        every, found = _placed_gold(gold, votes)[0], gold_for(votes, gold)[use]
        n = int((~np.isnan(every)).sum() - (~np.isnan(found)).sum())
        if n:
            reason = f"{n} labels were chosen for another purpose and may not {USES[use]}"
            fail("gold", f"{reason}: leave them out")
        return found
    return _shares(votes, gold)


def _shares(votes: Votes, gold: Any) -> NDArray[np.float64]:
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
