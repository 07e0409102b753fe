"""The first look at a file: which groups it holds, how many rows of each, and in what order."""

from __future__ import annotations

import operator
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from venire._core.checks import BadValueError
from venire.batch.job import Job
from venire.data.coding import Encoded, Encoder
from venire.data.frames import sift
from venire.data.outcomes import Survey, survey
from venire.data.series import Labels, kept
from venire.data.sifting import placed
from venire.io import DataError, Scanner
from venire.io.assemble import LABELS, about_rows, are_integers
from venire.io.sources import File
from venire.io.units import Unit, cast, plain_type

__all__ = [
    "Counts",
    "Merging",
    "Scan",
    "label_types",
    "labels_of",
    "merged",
    "scan",
    "settled",
    "stream",
    "units_of",
]

Path = str | os.PathLike[str]


class Counts(NamedTuple):
    """Sorted distinct labels of groups, and how many rows each has."""

    labels: np.ndarray
    rows: np.ndarray  # int64


def units_of(files: Sequence[File], names: dict[str, str], most: int) -> list[Unit]:
    """Files, none of them cut; text labels that all are integers are read as such.

    Raises
    ------
    DataError
        If a file cannot be read, or lacks a column.
    """
    import pyarrow as pa

    asked = [("group",), ("first", "second")]
    texts = []
    for file in files:
        tables = Scanner(file).tables(names, LABELS, most)
        texts.append(tables.is_text)
        if not tables.is_text:
            kinds = {argument: plain_type(tables.types[names[argument]]) for argument in LABELS
                     if argument in names}  # fmt: skip
            asked = [one for one in asked if all(pa.types.is_integer(kinds[a]) for a in one)]
        elif asked:
            some = {argument: names[argument] for one in asked for argument in one}
            for piece in Scanner(file).tables(some, LABELS, most).pieces:
                asked = [one for one in asked if all(_is_whole(piece[names[a]]) for a in one)]
                if not asked:
                    break
    whole = frozenset(names[argument] for one in asked for argument in one)
    return [
        Unit(file, whole=whole if is_text else frozenset(), number=(number,))
        for number, (file, is_text) in enumerate(zip(files, texts, strict=True))
    ]


def _is_whole(column: Any) -> bool:
    """Whether all texts of a column are integers."""
    values = getattr(column, "dictionary", None)
    return are_integers(t for t in (column if values is None else values).to_pylist() if t)


class Scan(NamedTuple):
    """What is known of one unit."""

    unit: Unit
    n_rows: int
    groups: Counts
    in_order: bool  # the rows are sorted by group
    dropped: dict[str, int]  # rows without a group, which are left out, by reason
    survey: Survey | None  # of the outcomes, where only the whole column says how to read them
    types: dict[str, Any]  # Arrow type of each column, dictionaries as what they hold

    def brief(self) -> Scan:
        """The same with the first and the last group only: what the order of the files needs."""
        labels, rows = self.groups
        ends = [0, -1] if len(labels) else []
        return self._replace(groups=Counts(labels[ends], rows[ends]))


def scan(
    unit: Unit,
    job: Job,
    most: int,
    n_threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    whole: bool = False,
) -> Scan:
    """Read the column of groups, `most` rows at a time, and no other if none is needed.

    Where there are outcomes, they and the labels of the items are read as well; all columns are
    where rows lack a group (`whole`), which only the other columns allow.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or a group is missing.
    """
    names = job.names
    wanted: Sequence[str] = ["group"]
    if whole:
        wanted = list(names)
    elif job.asks_reading:
        wanted = ["group", "first", "second", "outcome"]
    dropped: Counter[str] = Counter()
    n_rows, in_order, last = 0, True, None
    groups = Merging()
    found: Survey | None = None
    with about_rows(unit.path, names, lambda at: (unit.path, unit.start + n_rows + at)):
        types = {name: plain_type(kind) for name, kind in unit.tables(names, 1).types.items()}
        some = {argument: names[argument] for argument in wanted}
        for piece in unit.tables(some, most).pieces:
            labels, every = labels_of(piece[names["group"]], n_threads)
            codes = every[every >= 0]
            if len(codes) < len(every):
                if not whole:
                    return scan(unit, job, most, n_threads, progress, whole=True)
                dropped += _without_group(piece, every < 0, job)
            if len(codes):
                groups.add(Counts(labels, np.bincount(codes, minlength=len(labels))))
                in_order = in_order and (last is None or last <= labels[codes[0]])
                in_order = in_order and bool((codes[1:] >= codes[:-1]).all())
                last = labels[codes[-1]]
            if job.asks_reading:
                pair = Labels(("first", "second"), n_threads)
                pair.add(piece[names["first"]], piece[names["second"]])
                items, (a, b) = pair.finish()
                sides = Encoded(items, a), Encoded(items, b)
                more = survey(piece[names["outcome"]], job.terms, *sides)
                found = more if found is None else found + more
            n_rows += len(every)
            if progress is not None:
                progress(len(every))
    return Scan(unit, n_rows, groups.total(), in_order, dict(dropped), found, types)


def labels_of(column: Any, n_threads: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Labels of groups, and the code of each row, -1 where there is none."""
    labels = Labels(("group",), n_threads)
    labels.add(column)
    items, (codes,) = labels.finish()
    return items, codes


def _without_group(piece: Any, rows: np.ndarray, job: Job) -> Counter[str]:
    """Count the rows without a group by why they are left out; refuse them if they must not be."""
    data = {argument: piece[name] for argument, name in job.names.items()}
    data |= {a: Encoded(*labels_of(data[a], 1)) for a in LABELS if a in data}
    with placed(np.flatnonzero(rows)):
        found = sift({a: kept(x, rows) for a, x in data.items()}, job.columns, job.terms)
        if found is None or found.refused is not None:
            raise (found and found.refused) or BadValueError("group", "a value is missing (null)")
    return Counter(found.dropped)


class Merging:
    """Counts that come one after the other, added up before they take much more than their sum."""

    def __init__(self) -> None:
        self._parts: list[Counts] = []

    def add(self, part: Counts) -> None:
        """Add the counts of a further piece or file."""
        self._parts.append(part)
        if sum(len(p.labels) for p in self._parts[1:]) > len(self._parts[0].labels):
            self._parts = [merged(self._parts)]

    def total(self) -> Counts:
        """The counts of all."""
        return merged(self._parts)


def stream(
    units: Sequence[Unit], names: dict[str, str], most: int, types: dict[str, Any]
) -> Iterator[Any]:
    """The record batches of all units, their columns of these types."""

    for unit in units:
        for piece in unit.tables(names, most).pieces:
            batch: Any = piece
            if any(plain_type(f.type) != types[f.name] for f in batch.schema):
                with about_rows(unit.path, names):
                    batch = cast(batch, types)
            yield batch


def merged(parts: Sequence[Counts]) -> Counts:
    """The counts of several files or pieces together."""
    parts = [part for part in parts if len(part.labels)]
    if not parts:
        return Counts(np.empty(0, np.int64), np.empty(0, np.int64))
    if len(parts) == 1:
        return parts[0]
    encoder = Encoder(("group",), n_threads=1)
    for part in parts:
        encoder.add(part.labels)
    labels, (codes,) = encoder.finish()
    rows = np.zeros(len(labels), np.int64)
    np.add.at(rows, codes, np.concatenate([part.rows for part in parts]))
    return Counts(labels, rows)


def settled(scans: Sequence[Scan], job: Job, source: Path) -> tuple[Job, dict[str, Any]]:
    """The job, and the types of its columns, as all files together decide them.

    Raises
    ------
    DataError
        If there is no row, no common type, or outcomes can be read in two ways or in none.
    """
    full = [one for one in scans if one.n_rows]
    if not full:
        raise DataError(source, "holds no rows")
    if not any(len(one.groups.labels) for one in full):
        raise DataError(source, "holds no row that has a group")

    def place(at: int) -> tuple[File, int]:
        for one in full:
            if at < one.n_rows:
                break
            at -= one.n_rows
        return one.unit.path, one.unit.start + at

    if job.asks_reading:
        surveys = [one.survey for one in full if one.survey is not None]
        with about_rows(source, job.names, place):
            whole = reduce(operator.add, surveys)
            reading = whole.reading(terms=job.terms)
        job = job.read_as(reading, whole.notes(reading, job.terms))
    return job, _common_types(full)


def label_types(types: dict[str, Any], job: Job) -> tuple[Any, Any]:
    """Arrow types of the groups and the items in the output.

    They follow from the files' columns alone: unsigned labels stay so whatever their values.
    """
    import pyarrow as pa

    def of(*arguments: str) -> Any:
        kinds = [types[job.names[argument]] for argument in arguments]
        if not all(pa.types.is_primitive(kind) for kind in kinds):
            return pa.string()
        return pa.uint64() if all(kind == pa.uint64() for kind in kinds) else pa.int64()

    return of("group"), of("first", "second")


def _common_types(scans: Sequence[Scan]) -> dict[str, Any]:
    """The type of each column that holds the values of all files.

    Raises
    ------
    DataError
        If there is none, with the file and the column that stands out.
    """
    import pyarrow as pa

    common = dict(scans[0].types)
    for one in scans[1:]:
        for name, kind in one.types.items():
            if kind == common[name]:
                continue
            schemas = [pa.schema([("x", common[name])]), pa.schema([("x", kind)])]
            try:
                common[name] = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                raise DataError(
                    one.unit.path,
                    f"holds values of type {kind}, but {scans[0].unit.path.name} holds "
                    f"{common[name]}",
                    column=name,
                ) from None
    return common
