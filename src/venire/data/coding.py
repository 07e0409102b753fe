"""Labels to codes: positions of every row's label in the sorted list of distinct labels.

Labels are integers or text; text sorts by code point. Columns may come from NumPy, Python lists,
pandas, Polars, PyArrow, or whatever has the Arrow C data interface; none of those libraries is
imported here.

==================================  ==============================================================
labels                              how they are coded
==================================  ==============================================================
integers, range <= number of rows   presence table, then a look-up (ids that are 0 ... n - 1 and
                                    int32 are returned as they are)
other integers, text                hash tables of distinct keys, one per thread, over the column's
                                    own buffers; the keys are then sorted together
dictionaries (categoricals)         the dictionary's entries alone go through the tables
==================================  ==============================================================

The answer does not depend on the number of threads, nor on how a column is cut into chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from venire._core.checks import fail
from venire._core.checks import n_threads as _n_threads
from venire.data.dates import DATED, labelled

__all__ = ["Encoded", "Encoder", "encode", "encode_one"]

_SMALL = 1 << 16  # rows below which one thread does it; also the range that is always "narrow"


@dataclass(frozen=True)
class Encoded:
    """Labels that are coded already: row i has the label ``items[codes[i]]``.

    Parameters
    ----------
    items : ndarray
        Distinct labels (int64, uint64 or object array of str).
    codes : ndarray of int32, shape (n,)
    interim : bool
        The rows are a piece of more, over whose labels so far, in no order, the codes stand; a row
        without a label has -1.
    """

    items: np.ndarray
    codes: np.ndarray
    interim: bool = False

    def __len__(self) -> int:
        return len(self.codes)


def encode(
    first: Any,
    second: Any,
    items: Any = None,
    n_threads: int | None = None,
    *,
    n: int | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Code two columns of labels over one list of items.

    Parameters
    ----------
    first, second : array_like of shape (n,)
        Integer or text labels (module docstring), or both `Encoded`.
    items : array_like of shape (n_items,), optional
        The items, distinct; the codes are positions in it as given. Default: the sorted distinct
        labels that occur.
    n_threads : int, optional
    n : int, optional
        How many rows there must be.

    Returns
    -------
    items : ndarray of int64 (uint64 if some label needs it), or object array of str
    first_codes, second_codes : ndarray of int32, C-contiguous
        `first` itself if it is int32 and holds exactly the ids 0 ... n_items - 1.

    Raises
    ------
    TypeError
        If labels are neither integers nor text, or both occur.
    ValueError
        If a label is missing (null), is a number with a fraction, or is not among `items`; if
        `items` holds a label twice; if there are not n rows.
    """
    coded = isinstance(first, Encoded) and isinstance(second, Encoded)
    if coded and first.items is second.items:
        _same_rows(("first", "second"), (len(first), len(second)), n)
        if items is None:
            return first.items, first.codes, second.codes
        given = _Given(items)
        codes = given.recode(first.items, [first.codes, second.codes], ("first", "second"))
        return given.items, codes[0], codes[1]
    encoder = Encoder(n_threads=n_threads)
    encoder.add(first, second, n=n)
    found, codes = encoder.finish(items)
    return found, codes[0], codes[1]


def encode_one(
    x: Any, name: str = "labels", n_threads: int | None = None, *, n: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Code one column: ``items, codes``, sorted distinct labels and int32 positions in them.

    Of groups and clusters dates and times are labels, too: text of ISO 8601. If `n` is given, it
    must have so many rows.
    """
    if isinstance(x, Encoded):
        _same_rows((name,), (len(x),), n)
        return x.items, x.codes
    encoder = Encoder((name,), n_threads=n_threads)
    encoder.add(labelled(x) if name in DATED else x, n=n)
    items, codes = encoder.finish()
    return items, codes[0]


class Encoder:
    """Codes columns that share their items and that may come in pieces.

    Parameters
    ----------
    names : tuple of str
        The arguments' names, for the messages.
    n_threads : int, optional

    Examples
    --------
    >>> from venire.data.coding import Encoder
    >>> encoder = Encoder()
    >>> encoder.add(["b", "c"], ["a", "a"])
    >>> encoder.add(["c"], ["b"])
    >>> items, (first, second) = encoder.finish()
    >>> items.tolist(), first.tolist(), second.tolist()
    (['a', 'b', 'c'], [1, 2, 2], [0, 0, 1])
    """

    def __init__(
        self, names: tuple[str, ...] = ("first", "second"), n_threads: int | None = None
    ) -> None:
        self.names = names
        self.n_threads: int = _n_threads(n_threads)
        # per column: pieces (array, owner), integers or codes of text; as in `put`
        self._pieces: list[list[tuple]] = [[] for _ in names]
        self._rows = [0] * len(names)
        self._kind: tuple[str, str] | None = None  # the kind of all, and the column that set it
        self._tables: Any = None
        self._mapped = False

    def add(self, *columns: Any, n: int | None = None) -> None:
        """Add rows, n of them if that is given: one array of labels for each name.

        Lengths are those of what was read: a column may not have known its own.
        """
        from venire.data._label_sources import read_column

        before = self._rows.copy()
        for which, column in enumerate(columns):
            read_column(self, which, column)
        rows = [now - then for now, then in zip(self._rows, before, strict=True)]
        _same_rows(self.names, rows, n)

    # what the readers of the sources call

    @property
    def tables(self) -> Any:
        """The tables of distinct texts, made at the first use."""
        if self._tables is None:
            from venire._native.labels import KeyTables

            self._tables = KeyTables(self.n_threads)
        return self._tables

    def threads(self, n: int) -> int:
        """How many threads read a piece of n rows."""
        return self.n_threads if n >= _SMALL else 1

    def put(
        self, which: int, kind: str, array: np.ndarray, owner: Any = None, mapped: bool = False
    ) -> None:
        """Take over a piece of column `which`: integers, or codes that the tables gave.

        `owner` is what the tables gave with the codes. `mapped`: they came through a dictionary,
        some of whose entries may not occur.
        """
        if not len(array):
            return
        name, row = self.names[which], self._rows[which]
        if self._kind is None:
            self._kind = (kind, name)
        elif kind != self._kind[0]:
            words = {"integer": "an integer", "text": "text"}
            fail(
                name,
                f"must all be of one type: here is {words[kind]}, but "
                f"{words[self._kind[0]]} in {self._kind[1]}",
                row,
                kind=TypeError,
            )
        self._pieces[which].append((array, owner))
        self._mapped |= mapped
        self._rows[which] += len(array)

    def row(self, which: int) -> int:
        """Number of rows of column `which` so far."""
        return self._rows[which]

    def finish(
        self, items: Any = None, *, name: str = "items"
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the items and each column's codes; nothing may be added afterwards.

        `items`, if they are given, are called `name` in errors.
        """
        given = None if items is None else _Given(items, name)
        if self._kind is None:
            found = np.empty(0, np.int64)
            codes = [np.empty(0, np.int32) for _ in self.names]
        elif self._kind[0] == "integer":
            columns = [
                _joined([array for array, _ in pieces], name=name_of)
                for name_of, pieces in zip(self.names, self._pieces, strict=True)
            ]
            self._pieces = []
            if given is not None and given.is_range:
                codes = _in_range(columns, len(given.items), self.names, name, self.n_threads)
                return given.items, codes
            found, codes = _code_integers(columns, self.names, self.n_threads)
        else:
            found, codes = self._finish_text()
        if given is None:
            return found, codes
        return given.items, given.recode(found, codes, self.names)

    def _finish_text(self) -> tuple[np.ndarray, list[np.ndarray]]:
        order = self.tables.rank()
        for pieces in self._pieces:
            for array, owner in pieces:
                self.tables.recode(array, owner)
        codes = [_joined([array for array, _ in pieces], np.int32) for pieces in self._pieces]
        self._pieces = []
        if self._mapped:  # a dictionary may have entries that no row uses
            seen = np.zeros(len(order), np.uint8)
            if not _mark(codes, 0, seen, self.n_threads):
                kept = np.cumsum(seen, dtype=np.int32) - np.int32(1)
                codes = [_take(c, 0, kept, self.n_threads) for c in codes]
                order = order[seen.astype(bool)]
        return self.tables.texts(order), codes


class _Given:
    """Items that the caller gave: distinct labels in the caller's order."""

    def __init__(self, items: Any, name: str = "items") -> None:
        encoder = Encoder((name,), n_threads=1)
        encoder.add(items)
        distinct, (codes,) = encoder.finish()
        if len(distinct) < len(codes):
            _, firsts = np.unique(codes, return_index=True)
            again = np.setdiff1d(np.arange(len(codes)), firsts)[0]
            fail(name, "holds a label twice", int(again), distinct[codes[again]])
        self.name = name
        self.items = distinct[codes]
        self.distinct = distinct
        self.position = np.empty(len(codes), np.int32)  # of each distinct label, in the items
        self.position[codes] = np.arange(len(codes), dtype=np.int32)
        n = len(codes)
        self.is_range = (
            n > 0 and self.items.dtype.kind == "i" and bool((self.items == np.arange(n)).all())
        )

    def recode(
        self, found: np.ndarray, codes: list[np.ndarray], names: tuple[str, ...]
    ) -> list[np.ndarray]:
        """Turn codes over `found` into positions in the items."""
        if len(found) == len(self.items) and (found == self.items).all():
            return codes
        if found.dtype == object or self.distinct.dtype == object:
            at = dict(zip(self.distinct.tolist(), self.position.tolist(), strict=True))
            where = np.array([at.get(label, -1) for label in found.tolist()], np.int32)
        elif len(self.distinct):
            near = np.searchsorted(self.distinct, found)
            near[near == len(self.distinct)] = 0
            where = np.where(self.distinct[near] == found, self.position[near], -1)
            where = where.astype(np.int32)
        else:
            where = np.full(len(found), -1, np.int32)
        if (where < 0).any():
            for name, column in zip(names, codes, strict=True):
                missing = np.flatnonzero(where[column] < 0)
                if len(missing):
                    row = int(missing[0])
                    fail(name, f"is not among {self.name}", row, found[column[row]])
        return [_take(column, 0, where, 1) for column in codes]


def _same_rows(names: Sequence[str], rows: Sequence[int], n: int | None) -> None:
    """Refuse columns that have not n rows, if n is given."""
    for name, own in zip(names, rows, strict=True):
        if n is not None and own != n:
            fail(name, f"has {own} rows, but there are {n}")


def _joined(arrays: list[np.ndarray], dtype: Any = np.int64, name: str = "labels") -> np.ndarray:
    """One array of the pieces of a column; the piece itself if there is one."""
    if len(arrays) == 1:
        return arrays[0]
    if not arrays:
        return np.empty(0, dtype)
    if {a.dtype.kind for a in arrays} == {"i", "u"}:  # NumPy would go to float64
        arrays = [a if a.dtype.kind == "i" else _signed(a, name) for a in arrays]
    return np.concatenate(arrays)


def _signed(x: np.ndarray, name: str) -> np.ndarray:
    """Unsigned integers as int64; one beyond its range is an error."""
    if len(x) and x.dtype.itemsize == 8 and x.max() > np.iinfo(np.int64).max:
        at = int(np.argmax(x > np.iinfo(np.int64).max))
        fail(name, "unsigned integers beyond 2**63 - 1 cannot be mixed with signed", at, x[at])
    return x.astype(np.int64)


def _code_integers(
    columns: list[np.ndarray], names: Sequence[str], n_threads: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Items and codes of integer columns, of any integer dtypes."""
    from venire._native.labels import value_range

    kinds = {c.dtype.kind for c in columns if len(c)}
    unsigned = False
    if any(c.dtype == np.uint64 and len(c) and c.max() > np.iinfo(np.int64).max for c in columns):
        if "i" in kinds:
            columns = [
                c if c.dtype.kind == "i" else _signed(c, name)
                for c, name in zip(columns, names, strict=True)
            ]
        unsigned = True
    arrays = [_canonical(c, unsigned) for c in columns]
    if not unsigned:
        ranges = [value_range(a, n_threads) for a in arrays if len(a)]
        low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
        if high - low < min(max(sum(map(len, arrays)), _SMALL), 2**31 - 1):
            seen = np.zeros(high - low + 1, np.uint8)
            if _mark(arrays, low, seen, n_threads):  # each of low ... high occurs
                items = np.arange(low, high + 1, dtype=np.int64)
                return items, [_shift(a, low, len(seen), n_threads) for a in arrays]
            items = np.flatnonzero(seen) + np.int64(low)
            table = np.cumsum(seen, dtype=np.int32)
            table -= 1
            return items, [_take(a, low, table, n_threads) for a in arrays]
    return _hash_integers(arrays, unsigned, n_threads)


def _hash_integers(
    arrays: list[np.ndarray], unsigned: bool, n_threads: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    from venire._native.labels import KeyTables

    threads = n_threads if sum(map(len, arrays)) >= _SMALL else 1
    tables = KeyTables(threads)
    columns = [tables.add_numbers(a.astype(np.int64, copy=False), threads) for a in arrays]
    order = tables.rank(2 if unsigned else 1)
    for codes, owner in columns:
        tables.recode(codes, owner)
    items = tables.numbers(order)
    return (items.view(np.uint64) if unsigned else items), [codes for codes, _ in columns]


def _canonical(x: np.ndarray, unsigned: bool) -> np.ndarray:
    """Integers as contiguous int32 or int64 (the bits of uint64 where `unsigned`)."""
    if unsigned:
        return np.require(x, dtype=np.uint64, requirements=["C", "A"]).view(np.int64)
    small = x.dtype.itemsize < 4 or x.dtype == np.int32
    return np.require(x, dtype=np.int32 if small else np.int64, requirements=["C", "A"])


def _mark(arrays: list[np.ndarray], low: int, seen: np.ndarray, n_threads: int) -> bool:
    """Mark the values that occur; whether all of the range do."""
    from venire._native.labels import mark

    marks = 0
    for array in arrays:
        if len(array) and marks < len(seen):
            marks = mark(array, low, seen, n_threads)
    return marks == len(seen)


def _shift(x: np.ndarray, low: int, size: int, n_threads: int) -> np.ndarray:
    """Codes that nobody changes: those of the caller, which another thread might, are copied."""
    from venire._native.labels import take

    fixed = not x.flags.writeable and x.base is None
    return x if fixed and low == 0 and x.dtype == np.int32 else take(x, low, None, n_threads, size)


def _take(x: np.ndarray, low: int, table: np.ndarray, n_threads: int) -> np.ndarray:
    from venire._native.labels import take

    return take(x, low, table, n_threads)


def _in_range(
    columns: list[np.ndarray], n: int, names: tuple[str, ...], given: str, n_threads: int
) -> list[np.ndarray]:
    """Codes where the items are 0 ... n - 1: the labels themselves, once they are checked."""
    from venire._native.labels import value_range

    codes = []
    for name, column in zip(names, columns, strict=True):
        big = column.dtype == np.uint64 and len(column) and column.max() >= n
        array = column if big else _canonical(column, False)
        if len(array):
            low, high = (0, n) if big else value_range(array, n_threads)
            if low < 0 or high >= n:
                at = int(np.argmax((column < 0) | (column >= n)))
                fail(name, f"is not among {given}", at, column[at])
        codes.append(_shift(array, 0, max(n, 1), n_threads))
    return codes
