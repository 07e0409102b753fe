"""Units: what files are cut into, by the data alone, and are read by one task each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

from venire._core.memory import release, resident
from venire.io._errors import DataError
from venire.io.assemble import LABELS, about_rows
from venire.io.scanner import Scanner
from venire.io.sources import File
from venire.io.tables import Tables

__all__ = [
    "Unit", "alone", "cast", "cut", "cut_up", "plain_type", "require_room", "rows_at_a_time",
    "unchanged", "units_of",
]  # fmt: skip

ROWS = 1 << 21  # rows of a file that are read by one task, unless a row group has more
_LEAST, _MOST = 1 << 14, 1 << 18  # rows that are read at a time
_OVERHEAD = 64 << 20  # buffers of the readers, and what allocators keep


class Unit(NamedTuple):
    """A file, or a run of row groups of a Parquet file."""

    path: File
    row_groups: range | None = None
    start: int = 0  # rows of the file before it
    whole: frozenset[str] = frozenset()  # columns of text whose labels are integers
    texts: frozenset[str] = frozenset()  # columns of labels that are text in other files
    number: tuple[int, ...] = ()  # of the file, and within it

    def absolute(self) -> Unit:
        """The same, found from everywhere."""
        return self._replace(path=self.path.absolute())

    def tables(
        self,
        names: Mapping[str, str],
        most: int,
        labels: Sequence[str] = LABELS,
        scanner: Scanner | None = None,
    ) -> Tables:
        """Open it, or what a scanner has opened of it, to read `most` rows at a time."""
        import pyarrow as pa

        tables = (scanner or Scanner(self.path)).tables(names, labels, most, self.row_groups)
        types = dict(tables.types)
        own = set(names.values())
        types |= dict.fromkeys(self.whole & own, pa.int64())
        types |= dict.fromkeys(self.texts & own, pa.string())
        if types == dict(tables.types):
            return tables
        return replace(tables, types=types, pieces=(cast(p, types) for p in tables.pieces))


def alone(scanner: Scanner) -> Scanner | None:
    """The scanner itself where it is of one file, which need not be opened again."""
    return scanner if len(scanner.files) == 1 else None


@contextmanager
def unchanged(unit: Unit) -> Iterator[None]:
    """A file that changes meanwhile is refused by name, whatever else is wrong with it then."""
    try:
        yield
    except DataError:
        unit.path.require_same()
        raise


def units_of(
    scanner: Scanner,
    names: Mapping[str, str],
    labels: Sequence[str],
    stored: Sequence[str] | None = None,
    times: int = 1,
) -> tuple[list[Unit], bool, int | None]:
    """What the files are cut into, whether some are text, and how many rows they have, if known.

    Parameters
    ----------
    scanner : Scanner
    names : mapping of str to str
        The column to read for each argument.
    labels : sequence of str
        Those of the arguments that hold labels: text in all files where they are so in one.
    stored : sequence of str, optional
        Those whose columns are coded as text where they are stored so; default: the labels.
    times : int
        As in `cut_up`.

    Raises
    ------
    DataError
        If a file cannot be read, lacks a column, or has values of another type than the others.
    """
    scanner.require_alike(names, labels)
    opened = []
    for number, file in enumerate(scanner.files):
        with about_rows(file, names):
            opened.append(scanner.format(number).tables(names, stored or labels, 1, None))
    texts = [tables.is_text for tables in opened]
    mixed = any(texts) and not all(texts)
    as_text = frozenset(names[a] for a in labels if a in names) if mixed else frozenset()
    units = []
    for number, (file, is_text) in enumerate(zip(scanner.files, texts, strict=True)):
        unit = Unit(file, texts=frozenset() if is_text else as_text, number=(number,))
        groups = [] if file.fd is not None else scanner.format(number).row_groups
        units += cut_up(unit, groups, times)
    counts = [tables.n_rows for tables in opened]
    return units, any(texts), None if None in counts else sum(n or 0 for n in counts)


def rows_at_a_time(memory: int | None, n_columns: int) -> int:
    """How many rows are read at a time, which changes no result."""
    if memory is None:
        return _MOST
    left = max(memory - resident() - _OVERHEAD, 0)
    return int(np.clip(left // (4 * (200 + 50 * n_columns)), _LEAST, _MOST))


class Growing(Protocol):
    """Sums of rows, and what they take."""

    @property
    def n_rows(self) -> int: ...
    @property
    def n_cells(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    def needed(self) -> int: ...


def require_room(unit: Unit, memory: int | None, sums: Growing, what: str) -> None:
    """Stop before there is no memory left for what rows add up to."""
    if memory is None or (resident() - sums.nbytes + sums.needed()) <= memory:
        return
    release()  # of which Arrow may hold some for later
    needed = resident() - sums.nbytes + sums.needed()
    if needed > memory:
        reason = (
            f"has more {what} than memory={memory >> 20:,} MiB can hold: after {sums.n_rows:,} "
            f"rows there are {sums.n_cells:,}, which need {(needed >> 20) + 1:,} MiB"
        )
        raise DataError(unit.path, reason, argument="memory")


def cut_up(unit: Unit, row_groups: Sequence[int] | None = None, times: int = 1) -> list[Unit]:
    """A file, cut where that gives several workers something to do: into stretches of so many times
    `ROWS` rows, unless a row group has more. `row_groups`: how many rows each has, where known."""
    most = times * ROWS
    if row_groups is None:
        row_groups = Scanner(unit.path).format().row_groups
    if sum(row_groups) <= most:
        return [unit._replace(number=(*unit.number, 0))]
    starts = [*cut(np.array(row_groups), most).tolist(), len(row_groups)]
    before = np.concatenate([[0], np.cumsum(row_groups)]).tolist()
    return [
        unit._replace(row_groups=range(start, stop), start=before[start], number=(*unit.number, k))
        for k, (start, stop) in enumerate(pairwise(starts))
    ]


def cut(rows: np.ndarray, most: int) -> np.ndarray:
    """Where to cut a sequence of groups so that each part has at most `most` rows.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_groups,)
    most : int
        A group with more rows is a part of its own.

    Returns
    -------
    ndarray of int64
        Position of each part's first group.

    Examples
    --------
    >>> import numpy as np
    >>> from venire.io.units import cut
    >>> cut(np.array([3, 3, 3, 9, 1, 1]), 6).tolist()
    [0, 2, 3, 4]
    """
    ends = np.cumsum(rows)
    starts, done = [0], 0
    while True:
        stop = int(np.searchsorted(ends, done + most, side="right"))
        stop = max(stop, starts[-1] + 1)
        if stop >= len(rows):
            return np.array(starts, np.int64)
        starts.append(stop)
        done = int(ends[stop - 1])


def cast(batch: Any, types: Mapping[str, Any]) -> Any:
    """A record batch, its columns of these types."""
    import pyarrow as pa

    return pa.record_batch(
        {f.name: _plain(batch[f.name], f.type, types[f.name]) for f in batch.schema}
    )


def _plain(column: Any, kind: Any, wanted: Any) -> Any:
    inner = plain_type(kind)
    return column if inner == wanted else column.cast(inner).cast(wanted)


def plain_type(kind: Any) -> Any:
    """An Arrow type, or that of the values if it is a dictionary."""
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind
