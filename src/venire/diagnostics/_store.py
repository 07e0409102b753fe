"""Columns of numbers, in memory or in a temporary file, that are read in stretches; and rows
brought together by a key, in parts that fit into memory."""

from __future__ import annotations

import math
import os
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.io import DataError

__all__ = ["ROOM", "Column", "Store", "by_key", "in_parts", "mixed", "total"]

ROOM = 1 << 30  # bytes of rows that are held in memory unless something else is said
_MOST_PARTS = 1 << 12
_UNIT = float(1 << 24)
_P, _Q = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)

Arrays = tuple[NDArray[Any], ...]


def mixed(x: Any) -> Any:
    """64 bits of which neighbours are as good as random to each other."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * _Q
        return (x ^ (x >> np.uint64(27))) * _P


def total(x: NDArray[np.float64]) -> float:
    """The sum in units of 2**-24, which is the same in any order and however rows are parted."""
    units = np.rint(x * _UNIT)
    if np.abs(units).sum() >= 2.0**62:  # more than integers hold
        return math.fsum(units) / _UNIT
    return int(units.astype(np.int64).sum()) / _UNIT


class Store:
    """Where the pieces of columns are: in memory, until they are more than `room` bytes.

    The temporary file has no name, so that nothing is left behind, whatever ends the process.
    """

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self._held = 0
        self._pieces: list[_Piece] = []
        self._file: _File | None = None
        self._end = 0

    def put(self, x: NDArray[Any]) -> _Piece:
        """Take over a piece."""
        piece = _Piece(np.ascontiguousarray(x))
        if self._file is None:
            self._pieces.append(piece)
            self._held += x.nbytes
            if self._held <= self.room:
                return piece
            self._file = _File()
            for one in self._pieces:
                self._write(one)
            self._pieces = []
        else:
            self._write(piece)
        return piece

    def _write(self, piece: _Piece) -> None:
        assert piece.array is not None
        assert self._file is not None
        data: Any = memoryview(piece.array.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        try:
            while data:
                n = os.pwrite(self._file.fd, data, self._end)
                data, self._end = data[n:], self._end + n
        except OSError as error:
            reason = f"the temporary file cannot be written: {error.strerror or error}"
            raise DataError(_folder(), reason) from None
        piece.at, piece.file, piece.array = self._end - piece.nbytes, self._file, None


def _folder() -> str:
    return os.environ.get("TMPDIR") or tempfile.gettempdir()


class _File:
    """A file without a name, which is gone when nobody needs it any more."""

    def __init__(self) -> None:
        try:
            with tempfile.TemporaryFile(dir=_folder()) as file:
                self.fd = os.dup(file.fileno())
        except OSError as error:
            raise DataError(_folder(), f"no temporary file: {error.strerror}") from None
        weakref.finalize(self, os.close, self.fd)


class _Piece:
    """A stretch of a column."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array: NDArray[Any] | None = array
        self.dtype, self.shape, self.nbytes = array.dtype, array.shape, array.nbytes
        self.at = 0
        self.file: _File | None = None

    def read(self, start: int, stop: int) -> NDArray[Any]:
        if self.array is not None:
            return self.array[start:stop]
        assert self.file is not None
        row = self.nbytes // max(self.shape[0], 1)
        size, at = (stop - start) * row, self.at + start * row
        out = bytearray(size)
        view, done = memoryview(out), 0
        while done < size:
            n = os.preadv(self.file.fd, [view[done:]], at + done)
            if not n:
                raise DataError(_folder(), "the temporary file was cut off")
            done += n
        return np.frombuffer(out, self.dtype).reshape(stop - start, *self.shape[1:])


class _Same:
    """A stretch of a column in which all rows say the same."""

    def __init__(self, array: NDArray[Any], n: int) -> None:
        self._array, self._n = array.copy(), n

    def read(self, start: int, stop: int) -> NDArray[Any]:
        return np.repeat(self._array, stop - start)


class Column:
    """Numbers of rows, in pieces.

    Parameters
    ----------
    store : Store
    dtype : dtype
        Of what is read; pieces are kept as small as they can be.
    """

    def __init__(self, store: Store, dtype: Any = np.float64) -> None:
        self.dtype = np.dtype(dtype)
        self._store = store
        self._pieces: list[_Piece | _Same] = []
        self._ends: list[int] = [0]
        self.place: NDArray[Any] | None = None  # what the numbers stand for

    def __len__(self) -> int:
        return self._ends[-1]

    def add(self, x: Any) -> None:
        """Add rows."""
        x = np.asarray(x)
        if len(x):
            one = x.ndim == 1 and len(x) > 1 and bool(x[0] == x[-1]) and bool((x == x[0]).all())
            piece = _Same(x[:1], len(x)) if one else self._store.put(_small(x))
            self._pieces.append(piece)
            self._ends.append(len(self) + len(x))

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The rows from `start` to before `stop`."""
        k = int(np.searchsorted(self._ends, start, side="right")) - 1
        parts = []
        while start < stop:
            first, last = self._ends[k], self._ends[k + 1]
            end = min(stop, last)
            parts.append(self._whole(self._pieces[k].read(start - first, end - first)))
            start, k = end, k + 1
        if not parts:
            return np.empty(0, self.dtype)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _whole(self, x: NDArray[Any]) -> NDArray[Any]:
        if self.place is not None:
            return self.place[x]
        if x.dtype == np.uint8 and self.dtype == np.float64:
            return _HALVES[x]
        return x.astype(self.dtype, copy=False)

    def blocks(self, size: int) -> Iterator[NDArray[Any]]:
        """All rows, so many at a time."""
        for start in range(0, len(self), size):
            yield self.read(start, min(start + size, len(self)))


_HALVES = np.arange(256) / 2.0


def _small(x: NDArray[Any]) -> NDArray[Any]:
    """Numbers as bytes, where all are 0, 1/2 or 1."""
    if x.dtype != np.float64 or x.ndim != 1:
        return x
    twice = x + x
    with np.errstate(invalid="ignore"):
        small = twice.astype(np.uint8)
    return small if bool((small == twice).all() and small.max() <= 2) else x


def by_key(
    rows: Callable[[], Iterable[Arrays]], n_rows: int, room: int, *, row_bytes: int = 8
) -> Iterator[Arrays]:
    """Rows in parts, those with the same key in one part, in the order in which they come.

    Parameters
    ----------
    rows : callable
        Gives rows, in blocks: their keys, uint64, and whatever else.
    n_rows : int
        How many there are, about.
    room : int
        Bytes that a part and the work on it may need.
    row_bytes : int
        Of a row with its key.
    """
    n_parts = min(-(-3 * n_rows * row_bytes // max(room, 1)), _MOST_PARTS)
    if n_parts <= 1:
        blocks = list(rows())
        if blocks:
            yield tuple(np.concatenate(x) for x in zip(*blocks, strict=True))
        return
    shift = np.uint64(64 - int(n_parts - 1).bit_length())

    def placed() -> Iterator[Arrays]:
        for block in rows():
            yield mixed(block[0]) >> shift, *block

    for columns in in_parts(placed(), 1 << (64 - int(shift))):
        yield tuple(column.read(0, len(column)) for column in columns)


def in_parts(rows: Iterable[Arrays], n_parts: int) -> Iterator[list[Column]]:
    """Rows in parts on disk, in the order in which they come.

    Parameters
    ----------
    rows : iterable of tuple of ndarray
        Blocks: the part of each row, below `n_parts`, and columns.
    n_parts : int
    """
    store = Store(0)
    parts: list[list[Column] | None] = [None] * n_parts
    for part, *block in rows:
        part = part.astype(np.uint16)
        by = np.argsort(part, kind="stable")
        edge = np.searchsorted(part[by], np.arange(n_parts + 1))
        block = [x[by] for x in block]
        for k in np.flatnonzero(edge[1:] > edge[:-1]).tolist():
            columns = parts[k]
            if columns is None:
                columns = parts[k] = [Column(store, x.dtype) for x in block]
            for column, x in zip(columns, block, strict=True):
                column.add(x[edge[k] : edge[k + 1]])
    yield from (columns for columns in parts if columns is not None)
