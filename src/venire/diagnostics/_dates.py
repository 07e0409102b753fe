"""Times as they are written, as numbers in order."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.data.coding import encode_one
from venire.data.series import plain
from venire.diagnostics._store import Column, Store

__all__ = ["Moments", "moments"]

_DAY = re.compile(r"\s*(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})(?:[T ]+(.*))?$")
_ENOUGH = 0.9  # of the labels must be read


def moments(column: Any) -> NDArray[np.float64] | None:
    """A number for each time; nan where there is none; None where the column holds no times."""
    if hasattr(column, "to_pylist"):
        if (found := _of_arrow(column)) is not None:
            return found
        x = np.asarray(column.to_pylist() if _is_text(column) else _unboxed(column))
    else:
        x = np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)
    if x.dtype.kind in "biuf":
        return x.astype(np.float64)
    if x.dtype.kind == "M":
        return np.where(np.isnat(x), np.nan, x.astype("datetime64[us]").astype(np.float64))
    values = x.tolist()
    missing = np.array([v is None or v != v or v == "" for v in values], bool)
    texts = ["" if gone else str(v) for v, gone in zip(values, missing, strict=True)]
    labels, codes = encode_one(plain(np.array(texts, object)), "date")
    read = _read([str(label) for label in labels.tolist()])
    out = read[codes]
    out[missing] = np.nan
    known = np.isfinite(out).sum()
    return out if known >= _ENOUGH * max((~missing).sum(), 1) else None


class Moments:
    """The same of a column that comes in pieces.

    Text is kept by its distinct values, and read as a whole at the end; where they are too many,
    and all so far are numbers, or times of ISO 8601, it is read as such from there on.

    Parameters
    ----------
    store : Store

    Attributes
    ----------
    lost : int
        Bytes that it would have taken to hold the texts, where they are too many and of no form
        that tells by itself; else 0.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._column = Column(store, np.float64)
        self._codes: Column | None = None  # of texts
        self._labels: dict[str, int] = {"": 0}
        self._way: Callable[[list[str]], NDArray[np.float64]] | None = None
        self.lost = 0

    def add(self, column: Any, keep: Any = None) -> None:
        """The next rows, or those of them that stay."""
        if self.lost:
            return
        found = _of_arrow(column)
        if found is not None and self._codes is None:
            self._column.add(found if keep is None else found[keep])
            return
        labels, codes = _coded(column)
        codes = codes if keep is None else codes[keep]
        if self._way is not None:
            try:
                self._column.add(self._way(labels)[codes])
            except ValueError:
                self._give_up(len(labels))
            return
        if self._codes is None:
            self._codes = Column(self._store, np.float64)
            for x in self._column.blocks(_BLOCK):  # numbers before, in another file
                self._put([repr(v) for v in x.tolist()], np.arange(len(x)))
        self._put(labels, codes)
        if len(self._labels) * _TEXT > self._store.room // 4:
            self._read_on()

    def _put(self, labels: list[str], codes: NDArray[np.int64]) -> None:
        known = self._labels
        place = np.array([known.setdefault(text, len(known)) for text in labels], np.int32)
        assert self._codes is not None
        self._codes.add(place[codes])

    def _read_on(self) -> None:
        """Read what there is as numbers, or as ISO times, and go on so."""
        assert self._codes is not None
        for way in (_as_numbers, _as_times):
            try:
                table = way(list(self._labels))
            except ValueError:
                continue
            self._codes.place = table
            for x in self._codes.blocks(_BLOCK):
                self._column.add(x)
            self._codes, self._labels, self._way = None, {"": 0}, way
            return
        self._give_up(len(self._labels))

    def _give_up(self, n: int) -> None:
        self.lost = 8 * max(n, len(self._labels)) * _TEXT
        self._labels, self._codes = {"": 0}, None

    def finish(self) -> Column | None:
        """A number for each row; None where the column holds no times."""
        if self.lost:
            return None
        if self._codes is None:
            return self._column
        table = _read(list(self._labels))
        count = np.zeros(len(table), np.int64)
        self._codes.place = np.arange(len(table))
        for codes in self._codes.blocks(_BLOCK):
            np.add.at(count, codes, 1)
        table[0] = np.nan
        known = count[np.isfinite(table)].sum()
        self._codes.place = table
        return self._codes if known >= _ENOUGH * max(count[1:].sum(), 1) else None


_BLOCK = 1 << 17
_TEXT = 150  # bytes of a text and its number


def _coded(column: Any) -> tuple[list[str], NDArray[np.int64]]:
    """Distinct texts of an Arrow column, and which one each row has; "" where it has none."""
    import pyarrow as pa

    chunks = getattr(column, "chunks", [column])
    column = chunks[0] if len(chunks) == 1 else pa.chunked_array(column).combine_chunks()
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    values = column.dictionary.to_pylist()
    texts = ["" if v is None or v != v else str(v) for v in values] + [""]
    codes = column.indices
    codes = codes.fill_null(len(texts) - 1) if codes.null_count else codes
    return texts, codes.to_numpy(zero_copy_only=False).astype(np.int64)


def _of_arrow(column: Any) -> NDArray[np.float64] | None:
    """Numbers of an Arrow column of numbers or times; None if it is of something else."""
    import pyarrow as pa

    chunks = getattr(column, "chunks", [column])
    if len(chunks) != 1:
        parts = [_of_arrow(chunk) for chunk in chunks]
        good = [x for x in parts if x is not None]
        return np.concatenate(good or [np.empty(0)]) if len(good) == len(parts) else None
    (column,), kind = chunks, chunks[0].type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        column = column.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False)
        column = column.view(pa.int64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        return None
    if not column.null_count:
        return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
    absent = column.is_null().to_numpy(zero_copy_only=False)
    found = column.fill_null(0).to_numpy(zero_copy_only=False)
    return np.where(absent, np.nan, found.astype(np.float64))


def _is_text(column: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(column.type) or pa.types.is_large_string(column.type)


def _unboxed(column: Any) -> Any:
    """An Arrow column as NumPy has it; pandas need not be installed."""
    import pyarrow as pa

    kind = column.type
    column = column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column
    return column.to_numpy(zero_copy_only=False)


def _read(labels: list[str]) -> NDArray[np.float64]:
    """ISO times, numbers, or days with the year at either end."""
    for way in (_as_numbers, _as_times):
        try:
            return way(labels)
        except ValueError:
            pass
    found = [_DAY.match(x) for x in labels]
    days = [[int(p) for p in m.groups()[:3]] for m in found if m]
    # Day before month unless some "day" says otherwise.
    months_first = any(d[1] > 12 for d in days) and not any(d[0] > 12 for d in days)
    out = np.full(len(labels), np.nan)
    for k, m in enumerate(found):
        if m is None:
            continue
        a, b, c = (int(p) for p in m.groups()[:3])
        year, month, day = (a, b, c) if a > 31 else (c, a, b) if months_first else (c, b, a)
        year += 0 if year > 99 else 2000 if year < 70 else 1900
        try:
            at = np.datetime64(f"{year:04d}-{month:02d}-{day:02d}").astype(np.float64)
        except ValueError:
            continue
        out[k] = at + _clock(m.group(4) or "")
    return out


def _as_numbers(labels: list[str]) -> NDArray[np.float64]:
    return np.array([float(x) if x else np.nan for x in labels])


def _as_times(labels: list[str]) -> NDArray[np.float64]:
    """Of ISO 8601."""
    iso = np.array([x.strip().removesuffix("Z") for x in labels], "datetime64[us]")
    return np.where(np.isnat(iso), np.nan, iso.astype(np.float64))


def _clock(text: str) -> float:
    """Share of the day."""
    parts = re.match(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?", text)
    if parts is None:
        return 0.0
    hours, minutes, seconds = (float(p or 0.0) for p in parts.groups())
    return (hours + (minutes + seconds / 60.0) / 60.0) / 24.0
