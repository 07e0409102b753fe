"""Numbers of rows: equal for rows that are equal in the columns that count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Signatures"]

Numbers = NDArray[np.uint64]
_P, _Q = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_NUMBERED = re.compile(
    r"(^|[_\W])(id|uid|uuid|guid|index|idx|key|row|no|nr|num|number)$|^unnamed|^$", re.I
)


class Signatures:
    """Adds up the further columns of a table, piece by piece.

    Parameters
    ----------
    names : mapping of str to str
        The column of each argument that is known: those are told apart by their codes.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._known = {name for argument, name in names.items() if argument != "date"}
        self._parts: list[Numbers] = []
        self._numbering: dict[str, list[Numbers]] = {}
        self._further: list[str] = []

    def add(self, columns: Mapping[str, Any]) -> None:
        """The next rows: all columns of the table."""
        n = len(next(iter(columns.values())))
        total = np.zeros(n, np.uint64)
        for name, column in columns.items():
            if name in self._known:
                continue
            values = _values(column)
            if _NUMBERED.search(str(name)):
                self._numbering.setdefault(name, []).append(values)
                continue
            if name not in self._further:
                self._further.append(name)
            total ^= _told_apart(values, self._further.index(name))
        self._parts.append(total)

    @property
    def n_rows(self) -> int:
        """Rows that were added."""
        return sum(map(len, self._parts))

    def finish(
        self, cluster: Any, asked: list[Any], answers: list[Any], kept: Any = None
    ) -> tuple[Numbers, Numbers, Numbers | None, tuple[str, ...]]:
        """`alike`, `asked`, `occasion` and `further` of `Records`.

        A column that numbers the rows makes no row another; one that is called so but has few
        values is a column like others.

        Parameters
        ----------
        cluster : ndarray or None
            A number of each row's cluster.
        asked, answers : list of ndarray
            What says who was compared, and who won.
        kept : ndarray of int, optional
            Which of the rows those are.
        """
        total = np.concatenate(self._parts)
        further = list(self._further)
        for name, parts in self._numbering.items():
            values = np.concatenate(parts)
            if not _all_distinct(values):
                total = total ^ _told_apart(values, 1_000 + len(further))
                further.append(name)
        total = total if kept is None else total[kept]
        if cluster is not None:
            total = total ^ _told_apart(_values(cluster), 2_000)
        occasion = total if further else None
        for place, values in enumerate([*asked, *answers]):
            if place == len(asked):
                question = total
            total = total ^ _told_apart(_values(values), 3_000 + place)
        return total, question, occasion, tuple(map(str, further))


def _all_distinct(x: Numbers) -> bool:
    x = np.sort(x)
    return not bool((x[1:] == x[:-1]).any())


def _told_apart(values: Numbers, column: int) -> Numbers:
    """The same values of two columns are as good as random to each other, and so are neighbours."""
    with np.errstate(over="ignore"):
        mixed: Numbers = _mixed(_mixed(values) + np.uint64(column))
    return mixed


def _mixed(x: Any) -> Any:
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * _Q
        return (x ^ (x >> np.uint64(27))) * _P


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
