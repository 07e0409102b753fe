"""The fits themselves: rows read batch by batch, fitted, and handed on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from venire._core.checks import BadTypeError, BadValueError
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.rows import Rows
from venire.io import DataError, _tables_in
from venire.io.assemble import LABELS, located, rows_of
from venire.streaming._job import Fitted, Job
from venire.streaming._plan import LEAST, Plan, cut, free, release, room
from venire.streaming._scan import Merging, Scan, Unit, common_types, scan
from venire.streaming._source import Source

__all__ = ["DEFAULT_MEMORY", "fit_files", "fit_pieces", "fit_text", "label_types", "settled"]

DEFAULT_MEMORY = 4 << 30
_MOST = 1 << 20  # rows that are read at a time

Progress = Callable[[str, int, int], None]
Path = str | os.PathLike[str]


def fit_text(
    path: str,
    job: Job,
    memory: int,
    n_threads: int | None,
    progress: Progress,
    notes: list[str],
) -> tuple[Iterator[Fitted], Any, int]:
    """A file that is read whole."""
    import pyarrow as pa

    try:
        tables = _tables_in.open_tables(path, job.names, LABELS)
        rows = rows_of(
            tables.pieces,
            job.columns,
            reading=job.reading,
            is_text=tables.is_text,
            n_threads=n_threads,
        )
    except DataError:
        raise
    except (BadValueError, BadTypeError) as error:
        raise located(path, error, job.names) from None
    except _tables_in.unreadable() as error:
        raise _tables_in.unreadable_error(path, error) from None
    if rows is None:
        raise DataError(path, "holds no rows")
    if free(memory) < 0:
        notes.append(
            "a text file is read whole, which needs more than the memory given; a Parquet file "
            "is read part by part"
        )
    kinds = {"O": pa.string(), "u": pa.uint64(), "i": pa.int64()}
    assert rows.group is not None
    types = [kinds[labels.items.dtype.kind] for labels in (rows.group, rows.first)]
    schema = job.schema(*types)

    n_rows = rows.n
    waiting = [_aggregated(rows, job, n_threads, lambda at: (path, at), path)]
    del rows

    def fits() -> Iterator[Fitted]:
        yield job.fit(
            waiting.pop(), schema, n_threads, lambda n, total: progress("fitting", n, total)
        )

    return fits(), schema, n_rows


def _aggregated(
    rows: Rows,
    job: Job,
    n_threads: int | None,
    place: Callable[[int], tuple[Path, int]],
    source: Path,
) -> GroupedComparisons:
    try:
        return job.aggregate(rows, n_threads)
    except (ValueError, TypeError) as error:
        raise located(source, error, job.names, place) from None


def fit_pieces(
    source: Path,
    files: Sequence[str],
    job: Job,
    memory: int,
    folder: str,
    n_threads: int | None,
    progress: Progress,
    notes: list[str],
) -> tuple[Iterator[Fitted], Any, int]:
    """Files that are read twice: to see which groups there are, and to fit them."""
    most = int(np.clip(memory // 2000, LEAST, _MOST))
    scans, seen = [], 0

    def tell(n: int) -> None:
        nonlocal seen
        seen += n
        progress("reading", seen, 0)

    counts = Merging()
    for path in files:
        one = scan(Unit(path), job, most, n_threads, tell)
        counts.add(one.groups)
        scans.append(one.brief())
        del one
    job, types = settled(scans, job, source)
    n_rows = sum(one.n_rows for one in scans)
    groups = counts.total()
    del counts
    fitting = room(memory, job, types, most)
    if free(memory) < 0:
        notes.append(
            f"{memory >> 20:,} MiB is less than the process itself needs, about "
            f"{(memory - free(memory)) >> 20:,} MiB; batches are as small as they get"
        )
    if job.shared:
        plan = Plan(groups, np.zeros(1, np.int64), True)
        if n_rows > fitting:
            notes.append("parameters that all groups share need all rows in memory together")
    else:
        plan = Plan(groups, cut(groups.rows, fitting), True)
    large = np.flatnonzero(groups.rows > fitting)
    if len(large) and not job.shared:
        worst = large[np.argmax(groups.rows[large])]
        notes.append(
            f"{len(large)} group{'s' if len(large) > 1 else ''} alone may need more than the "
            f"memory given: {groups.labels[worst]} has {groups.rows[worst]:,} rows"
        )
    schema = job.schema(*label_types(scans, job))
    fits = fit_files(
        scans, job, plan, types, schema, most=most, folder=folder, n_threads=n_threads,
        progress=progress, source=source,
    )  # fmt: skip
    return fits, schema, n_rows


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
    if job.asks_reading:
        surveys = [one.survey for one in full if one.survey is not None]
        whole = surveys[0]
        for one in surveys[1:]:
            whole = whole + one

        def place(at: int) -> tuple[str, int]:
            for one in full:
                if at < one.n_rows:
                    break
                at -= one.n_rows
            return one.unit.path, one.unit.start + at

        try:
            job = job.read_as(whole.reading())
        except BadValueError as error:
            raise located(source, error, job.names, place) from None
    return job, common_types(full)


def label_types(scans: Sequence[Scan], job: Job) -> tuple[Any, Any]:
    """Arrow types of the groups and the items in the output.

    They follow from the files' columns alone: unsigned labels stay so whatever their values.
    """
    import pyarrow as pa

    types = common_types(scans)

    def of(*arguments: str) -> Any:
        kinds = [types[job.names[argument]] for argument in arguments]
        if not all(pa.types.is_primitive(kind) for kind in kinds):
            return pa.string()
        return pa.uint64() if all(kind == pa.uint64() for kind in kinds) else pa.int64()

    return of("group"), of("first", "second")


def fit_files(
    scans: Sequence[Scan],
    job: Job,
    plan: Plan,
    types: dict[str, Any],
    schema: Any,
    *,
    most: int,
    folder: str,
    n_threads: int | None,
    progress: Progress,
    source: Path,
) -> Iterator[Fitted]:
    """Fit the groups of a plan, batch by batch."""
    rows_in = Source(scans, job, plan, types, most=most, folder=folder, n_threads=n_threads)
    n_groups = plan.n_groups()
    total, n_rows, sorted_out = int(n_groups.sum()), sum(one.n_rows for one in scans), 0

    def sorting(n: int) -> None:
        nonlocal sorted_out
        sorted_out += n
        progress("sorting", sorted_out, n_rows)

    pieces: Iterable[Any]
    done = 0
    for batch, pieces in enumerate(rows_in.batches(sorting)):

        def place(position: int, batch: int = batch) -> tuple[str, int]:
            return rows_in.place(batch, position)

        def tell(n: int, of: int, done: int = done) -> None:
            progress("fitting", done + n, total)

        tell(0, total)
        try:
            rows = rows_of(pieces, job.columns, reading=job.reading, n_threads=n_threads)
        except DataError:
            raise
        except (BadValueError, BadTypeError) as error:
            raise located(source, error, job.names, place) from None
        if rows is None:
            raise DataError(source, "has changed while it was read")
        waiting = [_aggregated(rows, job, n_threads, place, source)]
        del rows
        yield job.fit(waiting.pop(), schema, n_threads, tell)  # nothing else holds on to it
        done += int(n_groups[batch])
        release()
    progress("fitting", total, total)
