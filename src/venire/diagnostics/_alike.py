"""Numbers of rows: equal for rows that are equal in the columns that count."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._store import Column, Store, by_key, mixed

if TYPE_CHECKING:
    from venire.diagnostics._records import Block

__all__ = ["Signatures", "Signs"]

Numbers = NDArray[np.uint64]
_NUMBERED = re.compile(
    r"(^|[_\W])(id|uid|uuid|guid|index|idx|key|row|no|nr|num|number)$|^unnamed|^$", re.I
)


class Signatures:
    """Adds up the further columns of a table, piece by piece.

    Parameters
    ----------
    names : mapping of str to str
        The column of each argument that is known: those are told apart by their codes.
    store : Store
        Where a number of each row is kept.
    """

    def __init__(self, names: Mapping[str, Any], store: Store) -> None:
        self._known = {name for argument, name in names.items() if argument != "date"}
        self._store = store
        self._total = Column(store, np.uint64)
        self._numbering: dict[str, Column] = {}
        self._further: list[str] = []

    def add(self, columns: Mapping[str, Any], kept: Any = None) -> None:
        """The next rows: all columns of the table; `kept` are those that stay."""
        n = len(next(iter(columns.values())))
        total = np.zeros(n, np.uint64)
        for name, column in columns.items():
            if name in self._known:
                continue
            values = _values(column)
            if _NUMBERED.search(str(name)):
                if name not in self._numbering:
                    self._numbering[name] = Column(self._store, np.uint64)
                self._numbering[name].add(values if kept is None else values[kept])
                continue
            if name not in self._further:
                self._further.append(name)
            total ^= _told_apart(values, self._further.index(name))
        self._total.add(total if kept is None else total[kept])

    @property
    def n_rows(self) -> int:
        """Rows that were added."""
        return len(self._total)

    def finish(self, cluster: str, *, one_score: bool) -> Signs:
        """What tells copies among the rows that were added.

        A column that numbers the rows makes no row another; one that is called so but has few
        values is a column like others.

        Parameters
        ----------
        cluster : str
            The column of clusters, if there is one.
        one_score : bool
            All have the same score: then who stands first is an answer.
        """
        further = list(self._further)
        beside = []
        for name, column in self._numbering.items():
            if not _all_distinct(column, self._store.room):
                beside.append((column, 1_000 + len(further)))
                further.append(name)
        names = ([cluster] if cluster else []) + list(map(str, further))
        return Signs(self._total, beside, bool(further), tuple(names), one_score)


class Signs:
    """Numbers of rows, of what says that they are copies.

    Attributes
    ----------
    further : tuple of str
        Columns that are looked at besides items and score.
    has_occasion : bool
        Some are neither items, nor clusters, nor who won.
    """

    def __init__(
        self,
        total: Column,
        beside: list[tuple[Column, int]],
        has_occasion: bool,
        further: tuple[str, ...],
        one_score: bool,
    ) -> None:
        self._total, self._beside = total, beside
        self.has_occasion, self.further, self._one_score = has_occasion, further, one_score

    def of(self, block: Block) -> tuple[Numbers, Numbers, Numbers]:
        """Numbers that are equal for rows that are equal in every column; in every column but those
        that say who won; and in every column but items and who won.
        """
        total = self._total.read(block.start, block.stop)
        for column, place in self._beside:
            total = total ^ _told_apart(column.read(block.start, block.stop), place)
        if block.records.has("cluster"):
            total = total ^ _told_apart(_values(block.cluster), 2_000)
        asked: list[Any] = [block.first, block.second]
        answers = [block.score]
        if self._one_score:
            low = asked[0] < asked[1]
            asked = [np.minimum(*asked), np.maximum(*asked)]
            answers = [np.where(low, block.score, 1.0 - block.score)]
        asked += [x for x in (block.order, block.mass) if x is not None]
        answers += [x for x in (block.tie,) if x is not None]
        occasion = question = total
        for place, values in enumerate([*asked, *answers]):
            if place == len(asked):
                question = total
            total = total ^ _told_apart(_values(values), 3_000 + place)
        return total, question, occasion


def _all_distinct(column: Column, room: int) -> bool:
    def rows() -> Iterator[tuple[Numbers]]:
        yield from ((x,) for x in column.blocks(1 << 18))

    for (x,) in by_key(rows, len(column), room):
        x = np.sort(x)
        if (x[1:] == x[:-1]).any():
            return False
    return True


def _told_apart(values: Numbers, column: int) -> Numbers:
    """The same values of two columns are as good as random to each other, and so are neighbours."""
    with np.errstate(over="ignore"):
        told: Numbers = mixed(mixed(values) + np.uint64(column))
    return told


def _values(column: Any) -> Numbers:
    """A number for each value, equal for equal ones."""
    if hasattr(column, "to_pylist"):
        return _of_arrow(column)
    if hasattr(column, "to_numpy"):
        column = column.to_numpy()
    x = np.asarray(column)
    if x.dtype.kind == "f":
        return (x.astype(np.float64) + 0.0).view(np.uint64)
    if x.dtype.kind in "biu":
        return x.astype(np.int64).view(np.uint64) if x.dtype.kind != "u" else x.astype(np.uint64)
    if x.dtype.kind in "mM":
        return x.astype(np.int64).view(np.uint64)
    return _hashed(x.tolist())


def _of_arrow(column: Any) -> Numbers:
    """The same of an Arrow column: of a dictionary, or of text that recurs, by its entries."""
    import pyarrow as pa

    chunks = getattr(column, "chunks", [column])
    if len(chunks) != 1:
        parts = [_of_arrow(chunk) for chunk in chunks]
        return np.concatenate(parts) if parts else np.empty(0, np.uint64)
    (column,), kind = chunks, chunks[0].type
    if pa.types.is_dictionary(kind):
        codes = column.indices
        entries = np.append(_of_arrow(column.dictionary), _NOTHING)
        at = codes.fill_null(len(entries) - 1) if codes.null_count else codes
        return entries[at.to_numpy(zero_copy_only=False)]
    if pa.types.is_temporal(kind) and kind.bit_width == 64:
        column, kind = column.view(pa.int64()), pa.int64()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        absent = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
        x = _values((column.fill_null(0) if column.null_count else column).to_numpy(False))
        return x if absent is None else np.where(absent, _NOTHING, x)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        recurs = _recurs(column)
        return _of_arrow(column.dictionary_encode()) if recurs else _hashed(column.to_pylist())
    return _hashed(column.to_pylist())


def _recurs(column: Any) -> bool:
    """Whether text looks as if it stood there several times."""
    return len(column) > _SOME and len(column[:_SOME].unique()) < _SOME // 2


_SOME = 2_000
_NOTHING = np.uint64(0xD6E8FEB86659FD93)


def _hashed(values: list[Any]) -> Numbers:
    try:
        found = np.fromiter(map(hash, values), np.int64, len(values))
        found[[k for k, value in enumerate(values) if value is None]] = _NOTHING.view(np.int64)
    except TypeError:  # lists and mappings
        found = np.fromiter((hash(repr(x)) for x in values), np.int64, len(values))
    return found.view(np.uint64)
