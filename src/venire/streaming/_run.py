"""Fits of many groups on one machine, in bounded memory."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from venire._checks import BadTypeError, BadValueError
from venire._frames import Rows
from venire.io import DataError, TableWriter, _tables_in, check_writable
from venire.io._assemble import LABELS, located, rows_of
from venire.io._table_writer import CsvStream
from venire.priors import GaussianPrior
from venire.streaming._job import Fitted, Job, Tally
from venire.streaming._plan import Plan, cut, resident, row_bytes
from venire.streaming._scan import Scan, common_types, merged, scan
from venire.streaming._source import Source

__all__ = ["GroupsSummary", "fit_files", "fit_groups", "label_types", "run"]

DEFAULT_MEMORY = 4 << 30
_MOST = 1 << 20  # rows that are read at a time
_LEAST = 1 << 14

Progress = Callable[[str, int, int], None]
Path = str | os.PathLike[str]


@dataclass(frozen=True)
class GroupsSummary:
    """What came of the fits of many groups.

    Attributes
    ----------
    n_groups, n_items, n_rows : int
    counts : dict of str to int
        Number of groups of each status.
    examples : dict of str to list
        The first few groups of each status.
    notes : list of str
        What the caller should know.
    seconds : float
    parts : list of str
        The files that were written.
    """

    n_groups: int
    n_items: int
    n_rows: int
    counts: dict[str, int]
    examples: dict[str, list[Any]]
    seconds: float
    notes: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def converged(self) -> bool:
        """Whether every group has a converged fit."""
        return set(self.counts) <= {"converged"}


def fit_groups(
    source: Path,
    output: Path | BinaryIO,
    *,
    group: str,
    first: str,
    second: str,
    outcome: str | None = None,
    mapping: Mapping[Any, Any] | None = None,
    score: str | None = None,
    first_score: str | None = None,
    second_score: str | None = None,
    win: str | None = None,
    loss: str | None = None,
    tie: str | None = None,
    weight: str | None = None,
    order: str | None = None,
    neutral: str | None = None,
    model: str = "bradley-terry",
    prior: GaussianPrior | None = GaussianPrior(0.01),
    order_effect: bool = False,
    shared: bool = False,
    tol: float = 1e-9,
    max_iter: int | None = None,
    errors: bool = True,
    scale: str | None = None,
    memory: int = DEFAULT_MEMORY,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> GroupsSummary:
    """Fit the groups of a file or a folder, reading and writing part by part.

    Parameters
    ----------
    source : path-like
        A file as for `venire.io.read_grouped`, or a folder of Parquet files.
    output : path-like or binary file
        As for `venire.io.write_table`; the file appears whole or not at all. An open file gets
        CSV as the fits go on.
    group, first, second : str
        Columns of labels.
    outcome, mapping, score, first_score, second_score, win, loss, tie, weight, order, neutral
        As for `venire.io.read_grouped`.
    model, prior, order_effect, shared, tol, max_iter
        As for `venire.fit_groups`. ``shared=True`` needs all groups in memory together.
    errors : bool, default True
        Write standard errors.
    scale : {"logit", "probit", "erf", "elo"}, optional
        Write a further column of this name: theta in that unit.
    memory : int, default 4 GiB
        Bytes that the process may need, about; see the notes.
    n_threads : int, optional
    progress : callable, optional
        Called with what is going on ("reading", "sorting", "fitting"), how much of it is done and
        how much there is, in rows or groups.

    Returns
    -------
    GroupsSummary

    Raises
    ------
    DataError
        If a file cannot be read or written or holds a bad value.
    ValueError
        If options do not go together.

    Notes
    -----
    The table has the columns group, item, theta, standard_error, n_comparisons and status, sorted
    by group, then by item; it does not depend on `memory`, nor on the order of the rows.

    Parquet and Arrow files are read twice: first the column of groups (and the outcomes, if they
    come without a mapping), then batches of consecutive groups. Rows in any order but that of their
    groups are sorted into a temporary file in ``$TMPDIR`` or else beside the output, about as large
    as the columns in use. Memory grows with the number of groups, about 100 bytes each, and with
    the largest batch; a group that needs more than `memory` is fitted all the same, and text files
    (CSV, JSON) are read whole. Both are said in the summary's notes.

    Examples
    --------
    >>> from venire.streaming import fit_groups
    >>> done = fit_groups(
    ...     "votes/", "ratings.parquet", group="query", first="a", second="b", score="p"
    ... )  # doctest: +SKIP
    """
    job = Job(
        {
            "group": group, "first": first, "second": second, "outcome": outcome,
            "mapping": mapping, "score": score, "first_score": first_score,
            "second_score": second_score, "win": win, "loss": loss, "tie": tie, "weight": weight,
            "order": order, "neutral": neutral,
        },
        model, prior, order_effect, shared, tol, max_iter, errors, scale,
    )  # fmt: skip
    return run(job, source, output, memory=memory, n_threads=n_threads, progress=progress)


def run(
    job: Job,
    source: Path,
    output: Path | BinaryIO,
    *,
    memory: int = DEFAULT_MEMORY,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> GroupsSummary:
    """Do a job; see `fit_groups`."""
    start = time.monotonic()
    if isinstance(output, (str, os.PathLike)):
        check_writable(output)
    files = _tables_in.files_of(source)
    notes: list[str] = []
    tally = Tally()
    tell = progress or (lambda what, done, total: None)
    if len(files) == 1 and not _tables_in.comes_in_pieces(files[0]):
        fits, schema, n_rows = _fit_text(files[0], job, memory, n_threads, tell, notes)
    else:
        fits, schema, n_rows = _fit_pieces(
            source, files, job, memory, _folder(output), n_threads, tell, notes
        )
    metadata = {"venire": json.dumps(job.facts())}
    with (
        TableWriter(output, schema, metadata=metadata)
        if isinstance(output, (str, os.PathLike))
        else CsvStream(output, schema)
    ) as writer:
        for fitted in fits:
            tally.add(fitted)
            writer.write(fitted.table)
    parts = [os.fspath(output)] if isinstance(output, (str, os.PathLike)) else []
    seconds = time.monotonic() - start
    return GroupsSummary(
        tally.n_groups, tally.n_items, n_rows, tally.counts, tally.examples, seconds, notes, parts
    )


def _folder(output: Path | BinaryIO) -> str:
    """Where temporary files go: a place as large as the output's, not perhaps a memory disk."""
    if os.environ.get("TMPDIR") or not isinstance(output, (str, os.PathLike)):
        return os.environ.get("TMPDIR") or os.getcwd()
    return os.path.dirname(os.path.abspath(output))


def _fit_text(
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
        rows = rows_of(tables.pieces, job.arguments, is_text=tables.is_text, n_threads=n_threads)
    except DataError:
        raise
    except (BadValueError, BadTypeError) as error:
        raise located(path, error, job.names) from None
    except _tables_in.unreadable() as error:
        raise _tables_in.unreadable_error(path, error) from None
    if rows is None:
        raise DataError(path, "holds no rows")
    if resident() > memory:
        notes.append(
            "a text file is read whole, which needs more than the memory given; a Parquet file "
            "is read part by part"
        )
    kinds = {"O": pa.string(), "u": pa.uint64(), "i": pa.int64()}
    assert rows.group is not None
    types = [kinds[labels.items.dtype.kind] for labels in (rows.group, rows.first)]
    schema = job.schema(*types)

    def fits(rows: Rows) -> Iterator[Fitted]:
        yield _fit_rows(rows, job, schema, n_threads, progress, lambda at: (path, at), path)

    return fits(rows), schema, len(rows)


def _fit_rows(
    rows: Rows,
    job: Job,
    schema: Any,
    n_threads: int | None,
    progress: Progress,
    place: Callable[[int], tuple[Path, int]],
    source: Path,
    done: int = 0,
    total: int = 0,
) -> Fitted:
    try:
        comparisons = job.aggregate(rows, n_threads)
    except (ValueError, TypeError) as error:
        raise located(source, error, job.names, place) from None
    del rows

    def tell(n: int, of: int) -> None:
        progress("fitting", done + n, total or of)

    return job.fit(comparisons, schema, n_threads, tell)


def _fit_pieces(
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
    most = int(np.clip(memory // 2000, _LEAST, _MOST))
    scans, seen = [], 0

    def tell(n: int) -> None:
        nonlocal seen
        seen += n
        progress("reading", seen, 0)

    for path in files:
        scans.append(scan(path, job, most, n_threads, tell))
    job, types = settled(scans, job, source)
    n_rows = sum(one.n_rows for one in scans)
    groups = merged([one.groups for one in scans])
    per_row = row_bytes(job, types)
    room = max(int((memory - resident()) / per_row) - 2 * most, _LEAST)
    if job.shared:
        plan = Plan(groups, np.zeros(1, np.int64))
        if n_rows > room:
            notes.append("parameters that all groups share need all rows in memory together")
    else:
        plan = Plan(groups, cut(groups.rows, room))
    large = np.flatnonzero(groups.rows > room)
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
            return one.path, at

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

        progress("fitting", done, total)
        try:
            rows = rows_of(pieces, job.arguments, n_threads=n_threads)
        except DataError:
            raise
        except (BadValueError, BadTypeError) as error:
            raise located(source, error, job.names, place) from None
        if rows is None:
            raise DataError(source, "has changed while it was read")
        yield _fit_rows(
            rows, job, schema, n_threads, progress, place, source, done, total
        )
        del rows
        done += int(n_groups[batch])
    progress("fitting", total, total)

