"""Rows of votes, checked, become a table: labels coded, votes and probabilities made canonical."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire.data import coding
from venire.data.coding import Encoded
from venire.data.columns import VoteColumns
from venire.data.taken import Taken
from venire.data.votes.strata import Strata, stratified
from venire.data.votes.table import PairNames, Table, joined

__all__ = [
    "TOLERANCE",
    "VoteRows",
    "checked_rows",
    "read_probabilities",
    "read_votes",
    "refuse_vote",
    "table_of",
]

TOLERANCE = 1e-6  # how far the three probabilities of a row may be from adding up to 1
_MAX_ROWS = 2**28  # of a native call, which cannot be interrupted
_SMALL = 1 << 17
_BLOCK = 1 << 15
_DENSE = 4  # times as many items of groups as rows: as many as need no codes of their own
_NO_COLUMNS = ("n", "strength", "pairs", "strata", "n_read", "dropped", "notes")
_RULE = "must be 1 (first), -1 (second) or 0 (a tie)"


class VoteRows(NamedTuple):
    """Columns of `n` rows: labels as they came, the rest canonical.

    `pair`, or `first` and `second` (and `group`), say what was judged; `vote` (int8), or
    `probabilities` (float64, n x 3) with `strength`, how.
    """

    n: int
    teacher: Any
    pair: Any = None
    first: Any = None
    second: Any = None
    group: Any = None
    vote: NDArray[np.int8] | None = None
    probabilities: NDArray[np.float64] | None = None
    strength: float = 1.0
    weight: NDArray[np.float64] | None = None
    swapped: NDArray[np.uint8] | None = None
    pairs: Any = None
    strata: Strata | None = None  # of rows that are read by category
    by: Any = None  # categories of rows that are a piece of more
    n_read: int = 0  # rows of the table that they come from, if any
    dropped: Mapping[str, int] = MappingProxyType({})  # rows of it that hold no vote, by reason
    notes: tuple[str, ...] = ()  # how votes were read

    def taken(self, columns: VoteColumns, *notes: str) -> Taken:
        """How the table was read that these are the rows of."""
        told = (*notes, *self.notes)
        return Taken(columns=columns, n_rows=self.n_read, dropped=dict(self.dropped), notes=told)

    def part(self, rows: slice) -> VoteRows:
        """Some of the rows."""
        cut = {
            name: value[rows]
            for name, value in self._asdict().items()
            if name not in _NO_COLUMNS and value is not None
        }
        return self._replace(n=len(cut["teacher"]), **cut)


def checked_rows(
    *,
    teacher: Any,
    pair: Any = None,
    first: Any = None,
    second: Any = None,
    group: Any = None,
    vote: Any = None,
    probabilities: Any = None,
    strength: Any = 1.0,
    weight: Any = None,
    swapped: Any = None,
    pairs: Any = None,
    by: Any = None,
) -> VoteRows:
    """Check everything but the labels; raises ValueError or TypeError.

    Categories that are coded for a piece of more rows are left as they are.
    """
    named = (
        {"pair": pair} if first is None and second is None else {"first": first, "second": second}
    )
    for name, column in (*named.items(), ("teacher", teacher)):
        if column is None:
            fail(name, "must be an array of labels", value=column, kind=TypeError)
    n, *labels, by, vote, weight, swapped = checks.columns(
        **named, teacher=teacher, group=group, by=by, vote=vote, weight=weight, swapped=swapped
    )
    named = dict(zip((*named, "teacher", "group"), labels, strict=True))
    strata = None
    if isinstance(by, Encoded) and by.interim:
        named["by"] = by
    elif by is not None:
        named["group"], strata = stratified(named["group"], by, n)
    if (vote is None) == (probabilities is None):
        raise TypeError("give one of vote and probabilities")
    votes = chances = None
    if vote is not None:
        votes = read_votes(vote, n)
    else:
        chances = read_probabilities(probabilities, n)
    rule = f"must be finite and > 0, at most {checks.LARGEST:g}"
    factor = checks.number(strength, "strength", rule, lambda x: 0.0 < x <= checks.LARGEST)
    weights = checks.weight(weight, n)
    if weights is not None and len(weights) != n:
        weights = np.full(n, weights[0])
    if weights is not None and all((weights[b] == 1.0).all() for b in _blocks(n)):
        weights = None
    return VoteRows(
        n, **named, vote=votes, probabilities=chances, strength=factor, weight=weights,
        swapped=None if swapped is None else _swapped(swapped, n), pairs=pairs, strata=strata,
    )  # fmt: skip


def read_votes(vote: Any, n: int) -> NDArray[np.int8]:
    """Votes as contiguous int8; those of an int8 array are checked as they are counted."""
    array = checks.rows(vote, n, "vote")
    if array.dtype == bool:
        fail("vote", f"{_RULE}, not true or false", kind=TypeError)
    if len(array) != n:
        array = np.full(n, array[0])
    if array.dtype != np.int8:
        votes = np.empty(n, np.int8)
        for b in _blocks(n):
            part = array[b]
            good = (part == 1) | (part == 0) | (part == -1)
            if not good.all():
                refuse_vote(array, b.start + int(np.argmin(good)))
            votes[b] = part
        return votes
    return np.require(array, requirements=["C", "A"])


def refuse_vote(vote: Any, at: int) -> NoReturn:
    """Refuse a vote that is not 1, 0 or -1."""
    value = vote[at]
    rule = _RULE
    if value == 0.5:
        rule += "; shares between 0 and 1 go into probabilities"
    fail("vote", rule, at, value)


def read_probabilities(x: Any, n: int) -> NDArray[np.float64]:
    """Rows of three probabilities (win, tie, loss of first) that add up to 1."""
    array = checks.numeric(x, "probabilities")
    if array.ndim != 2 or array.shape[1] != 3:
        fail(
            "probabilities",
            f"must have three columns (win, tie and loss of first), has shape {array.shape}",
        )
    if len(array) != n:
        fail("probabilities", f"has {len(array)} rows, but there are {n}")
    out = np.require(array, dtype=np.float64, requirements=["C", "A"])
    for b in _blocks(n):
        part = out[b]
        inside = (part >= 0.0) & (part <= 1.0)
        good = inside.all(axis=1) & (np.abs(part.sum(axis=1) - 1.0) <= TOLERANCE)
        if not good.all():
            at = int(np.argmin(good))
            if inside[at].all():
                rule = f"a row must add up to 1 (within {TOLERANCE:g})"
            else:
                rule = "must be between 0 and 1"
            fail("probabilities", rule, b.start + at, part[at].tolist())
    return out


def _swapped(x: Any, n: int) -> NDArray[np.uint8]:
    """Whether each row was shown in the other order, as 0 and 1."""
    array = checks.rows(x, n, "swapped")
    if len(array) != n:
        array = np.full(n, array[0])
    out = np.empty(n, np.uint8)
    for b in _blocks(n):
        part = array[b]
        good = (part == 0) | (part == 1)
        if not good.all():
            at = b.start + int(np.argmin(good))
            fail("swapped", "must be true or false", at, array[at])
        out[b] = part
    return out


# ---- labels ------------------------------------------------------------------------------------


def table_of(rows: VoteRows, n_threads: int) -> Table:
    """The cells of checked rows."""
    if rows.n > _MAX_ROWS:
        table = table_of(rows.part(slice(0, _MAX_ROWS)), n_threads)
        for start in range(_MAX_ROWS, rows.n, _MAX_ROWS):
            rest = table_of(rows.part(slice(start, start + _MAX_ROWS)), n_threads)
            table = joined(table, rest, n_threads)
        return table
    if rows.n < _SMALL:  # starting threads costs more than they save
        n_threads = 1
    teachers, coded = _teachers(rows.teacher, rows.n, n_threads)
    if rows.first is None:
        return _by_pair(rows, teachers, coded, n_threads)
    return _by_items(rows, teachers, coded, n_threads)


def _teachers(teacher: Any, n: int, n_threads: int) -> tuple[NDArray[Any], dict[str, Any]]:
    """Labels of the teachers, and what the native layer is told of the column."""
    if isinstance(teacher, np.ndarray) and teacher.dtype in (np.int8, np.int16):
        from venire._native import votes

        array = np.require(teacher, requirements=["C", "A"])
        low = int(np.iinfo(array.dtype).min)
        seen = votes.mark(array, low, n_threads)
        labels = np.flatnonzero(seen) + low
        if labels[0] == 0 and labels[-1] == len(labels) - 1:
            return labels, {"teacher": array}
        code = np.cumsum(seen, dtype=np.int32) - np.int32(1)
        return labels, {"teacher": array, "teacher_low": low, "teacher_code": code}
    labels, codes = coding.encode_one(teacher, "teacher", n_threads, n=n)
    return labels, {"teacher": codes}


def _by_pair(
    rows: VoteRows, teachers: NDArray[Any], coded: dict[str, Any], n_threads: int
) -> Table:
    labels, pair, low, n_pairs, found = None, rows.pair, 0, _guess(rows, len(teachers)), None
    if n_pairs:
        from venire._native.votes import OutOfRange

        with suppress(OutOfRange):
            found = _aggregate(rows, teachers, coded, n_threads, pair=pair, n_pairs=n_pairs)
    if found is None:
        labels, pair, low, n_pairs = _pairs(rows, n_threads)
        found = _aggregate(
            rows, teachers, coded, n_threads, pair=pair, pair_low=low, n_pairs=n_pairs
        )
    ptr, keys, _, columns = found
    if rows.pairs is not None:  # all of them, voted on or not
        sizes = np.zeros(n_pairs, np.int64)
        sizes[slice(len(ptr) - 1) if keys is None else keys.astype(np.int64)] = np.diff(ptr)
        ptr = np.concatenate([[0], np.cumsum(sizes)])
        return Table(PairNames(labels), teachers, ptr, columns, rows.n)
    ids = keys
    if keys is None:  # those that occur
        present = np.diff(ptr) > 0
        ids = np.arange(len(present))
        if not present.all():
            ids, ptr = np.flatnonzero(present), ptr[np.append(present, True)]
    ids = ids.astype(np.int64, copy=False)
    labels = ids + low if labels is None else labels[ids]
    return Table(PairNames(labels), teachers, ptr, columns, rows.n)


def _guess(rows: VoteRows, n_teachers: int) -> int:
    """A bound of the pair ids, from a sample; 0 where it is better to look at all of them.

    Ids that begin near 0 and are counted in a table need no pass of their own to find the range.
    """
    pair = rows.pair
    usable = isinstance(pair, np.ndarray) and pair.dtype == np.int32
    if not usable or not pair.flags.c_contiguous:
        return 0
    plain = rows.vote is not None and rows.weight is None and rows.swapped is None
    if not plain or rows.pairs is not None or rows.n < _SMALL or not pair.flags.aligned:
        return 0
    sample = pair[:: max(rows.n // 1024, 1)]
    low, high = int(sample.min()), int(sample.max())
    bound = high + high // 16 + 4096
    fits = bound * n_teachers <= 4 * rows.n and bound < _MAX_ROWS
    return bound if 0 <= low <= high // 4 and fits else 0


def _pairs(rows: VoteRows, n_threads: int) -> tuple[NDArray[Any] | None, Any, int, int]:
    """Labels (None: low, low + 1, ...), ids, lowest id and number of ids."""
    pair = rows.pair
    if rows.pairs is not None:
        encoder = coding.Encoder(("pair",), n_threads=n_threads)
        encoder.add(pair, n=rows.n)
        labels, (codes,) = encoder.finish(rows.pairs, name="pairs")
        order = np.argsort(labels, kind="stable")
        if not (order == np.arange(len(order))).all():
            rank = np.empty(len(order), np.int32)
            rank[order] = np.arange(len(order), dtype=np.int32)
            labels, codes = labels[order], rank[codes]
        return labels, codes, 0, len(labels)
    one = isinstance(pair, np.ndarray) and pair.ndim == 1
    if one and pair.dtype.kind in "iu" and pair.dtype != np.uint64:
        from venire._native.labels import value_range

        small = pair.dtype.itemsize < 4 or pair.dtype == np.int32
        array = np.require(pair, dtype=np.int32 if small else np.int64, requirements=["C", "A"])
        low, high = value_range(array, n_threads)
        if high - low < min(64 * rows.n + (1 << 20), 2**31 - 1):
            return None, array, int(low), int(high - low + 1)
    labels, codes = coding.encode_one(pair, "pair", n_threads, n=rows.n)
    return labels, codes, 0, len(labels)


def _by_items(
    rows: VoteRows, teachers: NDArray[Any], coded: dict[str, Any], n_threads: int
) -> Table:
    items, first, second = coding.encode(rows.first, rows.second, None, n_threads, n=rows.n)
    n_items = n_entities = len(items)
    groups = entities = None
    if rows.group is not None:  # items of different groups are different entities
        groups, group = coding.encode_one(rows.group, "group", n_threads, n=rows.n)
        n_entities = len(groups) * n_items
        if n_entities <= min(_DENSE * rows.n, 2**31 - 1):
            first, second = _entities(group, n_items, first, second)
        else:  # those that occur
            wide = group.astype(np.int64) * n_items
            entities, first, second = coding.encode(wide + first, wide + second, None, n_threads)
            n_entities = len(entities)
    from venire._native.votes import TooManyBits

    try:
        ptr, keys, bits, columns = _aggregate(
            rows, teachers, coded, n_threads, items=(items, entities),
            first=first, second=second, n_items=n_entities,
        )  # fmt: skip
        low, high = np.empty(len(keys), np.int32), np.empty(len(keys), np.int32)
        for b in _blocks(len(keys)):
            low[b] = keys[b] >> np.uint64(bits)
            high[b] = keys[b] & np.uint64((1 << bits) - 1)
        del keys
    except TooManyBits:
        low, high, ptr, columns = _by_codes(
            rows, teachers, coded, n_threads, (items, entities), first, second, n_entities
        )
    if groups is None:
        return Table(PairNames(None, items, low, high), teachers, ptr, columns, rows.n)
    home = np.empty(len(low), np.int32)
    for b in _blocks(len(low)):
        one, two = (x[b] if entities is None else entities[x[b]] for x in (low, high))
        home[b] = one // n_items
        low[b], high[b] = one % n_items, two % n_items
    names = PairNames(None, items, low, high, groups, home)
    return Table(names, teachers, ptr, columns, rows.n)


def _blocks(n: int) -> Iterator[slice]:
    """Parts of n rows that fit the cache, so that no temporary is as long as all of them."""
    return (slice(start, start + _BLOCK) for start in range(0, n, _BLOCK))


def _entities(
    group: NDArray[np.int32], n_items: int, first: NDArray[np.int32], second: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Items of different groups as different numbers."""
    out = np.empty(len(group), np.int32), np.empty(len(group), np.int32)
    for b in _blocks(len(group)):
        base = group[b] * np.int32(n_items)
        np.add(base, first[b], out=out[0][b])
        np.add(base, second[b], out=out[1][b])
    return out


def _by_codes(
    rows: VoteRows,
    teachers: NDArray[Any],
    coded: dict[str, Any],
    n_threads: int,
    items: tuple[Any, Any],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    n_items: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], dict[str, Any]]:
    """Very many items and teachers: pairs get ids first."""
    same = np.flatnonzero(first == second)
    if len(same):
        _refuse_self(items, first, int(same[0]))
    flip = first > second
    low, high = np.minimum(first, second), np.maximum(first, second)
    pairs, pair = coding.encode_one(low * np.int64(n_items) + high, "first", n_threads)
    turned = rows._replace(
        vote=None if rows.vote is None else np.where(flip, -rows.vote, rows.vote).astype(np.int8),
        probabilities=None
        if rows.probabilities is None
        else np.where(flip[:, None], rows.probabilities[:, ::-1], rows.probabilities),
        swapped=None if rows.swapped is None else rows.swapped ^ flip.astype(np.uint8),
    )
    ptr, keys, _, columns = _aggregate(
        turned, teachers, coded, n_threads, pair=pair, n_pairs=len(pairs)
    )
    if keys is not None:
        pairs = pairs[keys.astype(np.int64)]
    return (pairs // n_items).astype(np.int32), (pairs % n_items).astype(np.int32), ptr, columns


def _aggregate(
    rows: VoteRows,
    teachers: NDArray[Any],
    coded: dict[str, Any],
    n_threads: int,
    items: tuple[Any, Any] | None = None,
    **pairs: Any,
) -> Any:
    from venire._native import votes

    try:
        return votes.aggregate(
            n_teachers=len(teachers),
            n_threads=n_threads,
            vote=rows.vote,
            probability=rows.probabilities,
            strength=rows.strength,
            weight=rows.weight,
            swapped=rows.swapped,
            **coded,
            **pairs,
        )
    except votes.BadRow as error:
        at = int(error.args[0])
        if items is not None and pairs["first"][at] == pairs["second"][at]:
            _refuse_self(items, pairs["first"], at)
        refuse_vote(rows.vote, at)


def _refuse_self(items: tuple[Any, Any], first: NDArray[np.int32], at: int) -> NoReturn:
    labels, entities = items
    code = first[at] if entities is None else entities[first[at]]
    fail("second", "an item cannot be compared with itself", at, labels[code % len(labels)])
