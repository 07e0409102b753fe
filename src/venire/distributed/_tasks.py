"""What runs on the workers. Each task is a function of its arguments and of files that do not
change, so it may run twice, or again after its worker died, and gives the same result."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from venire._core.checks import BadTypeError, BadValueError
from venire.data.coding import encode_one
from venire.io import DataError, TableWriter
from venire.io.assemble import located, rows_of
from venire.streaming._engine import fit_files
from venire.streaming._job import Fitted, Job, Tally
from venire.streaming._plan import Plan, cut, room
from venire.streaming._scan import Counts, Scan, scan
from venire.streaming._source import ids_of, stream

__all__ = ["Part", "Share", "finish", "fit_whole_groups", "scan", "split"]

_ROW = "\0row"  # column of the rows' numbers within their file


class Share(NamedTuple):
    """What all tasks of a run have in common."""

    job: Job
    types: dict[str, Any]  # Arrow type of each column
    schema: Any  # of the output
    part_starts: np.ndarray  # first group of each part
    most: int  # rows that are read at a time
    memory: int  # bytes that a task may need
    n_threads: int

    def part_of(self, labels: np.ndarray) -> np.ndarray:
        """The part that each group goes to."""
        return np.searchsorted(self.part_starts, labels, side="right") - 1


class Part(NamedTuple):
    """What was written."""

    name: str
    first: Any
    last: Any
    tally: Tally


def fit_whole_groups(one: Scan, spread: np.ndarray, share: Share) -> dict[int, Any]:
    """Fit the groups that are in this unit alone.

    Parameters
    ----------
    one : Scan
        The unit.
    spread : ndarray
        Labels of its groups that are in other units too.
    share : Share

    Returns
    -------
    dict of int to pyarrow Table
        The fits that go to each part.
    """
    mine = ~np.isin(one.groups.labels, spread)
    groups = Counts(one.groups.labels[mine], one.groups.rows[mine])
    fitting = room(share.memory, share.job, share.types, share.most)
    plan = Plan(groups, cut(groups.rows, fitting))
    fits = fit_files(
        [one], share.job, plan, share.types, share.schema, most=share.most,
        folder=os.environ.get("TMPDIR") or os.getcwd(), n_threads=share.n_threads,
        progress=lambda what, done, total: None, source=one.unit.path,
    )  # fmt: skip
    tables: dict[int, list[Any]] = {}
    for fitted in fits:
        whole = _together([*fitted.tables()])
        parts = share.part_of(fitted.groups)
        ends = np.cumsum(fitted.n_items)
        for part in np.unique(parts).tolist():
            here = np.flatnonzero(parts == part)
            start, stop = ends[here[0]] - fitted.n_items[here[0]], ends[here[-1]]
            tables.setdefault(part, []).append(whole.slice(start, stop - start))
    return {part: _together(some) for part, some in tables.items()}


def split(one: Scan, spread: np.ndarray, share: Share) -> dict[int, Any]:
    """The rows of this unit that belong to groups which are in other units too.

    Returns
    -------
    dict of int to pyarrow Table
        The rows that go to each part, with their numbers in the file.
    """
    import pyarrow as pa

    parts, starts = np.unique(share.part_of(spread), return_index=True)
    plan = Plan(Counts(spread, np.ones(len(spread), np.int64)), starts)
    tables: dict[int, list[Any]] = {}
    row = one.unit.start
    for piece in stream([one.unit], share.job.names, share.most, share.types):
        ids = ids_of(piece, share.job, plan, share.n_threads)
        columns = {f.name: piece[f.name].cast(share.types[f.name]) for f in piece.schema}
        columns[_ROW] = pa.array(np.arange(row, row + piece.num_rows))
        whole = pa.table(columns)
        for batch in np.unique(ids[ids >= 0]).tolist():
            rows = whole.take(pa.array(np.flatnonzero(ids == batch)))
            tables.setdefault(int(parts[batch]), []).append(rows)
        row += piece.num_rows
    return {part: _together(some) for part, some in tables.items()}


def finish(
    name: str,
    fitted: Sequence[Any],
    rows: Sequence[Any],
    files: Sequence[str],
    share: Share,
    folder: str,
    metadata: dict[str, str],
) -> Part:
    """Fit the groups of a part that are spread over files, and write the part.

    Parameters
    ----------
    name : str
        File name of the part.
    fitted : sequence of pyarrow Table
        Fits that were made where the files are.
    rows : sequence of pyarrow Table
        Rows of the other groups, from each of the `files`.
    files : sequence of str
    share : Share
    folder : str
    metadata : dict of str to str
        Of the Parquet file.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    tables = [*fitted]
    if rows:
        tables += _fit_rows(rows, files, share).tables()
    table = pa.concat_tables(tables)
    if len(tables) > 1:
        table = table.take(pc.sort_indices(table["group"]))  # which is stable
    labels, codes = encode_one(table["group"], "group", share.n_threads)
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    status = np.array(table["status"].take(pa.array(first)).to_pylist())
    tally = Tally()
    tally.add(labels, status, table.num_rows)
    with TableWriter(os.path.join(folder, name), share.schema, metadata=metadata) as out:
        out.write(table)
    return Part(name, labels[0], labels[-1], tally)


def _fit_rows(rows: Sequence[Any], files: Sequence[str], share: Share) -> Fitted:
    def place(position: int) -> tuple[str, int]:
        for path, table in zip(files, rows, strict=True):
            if position < table.num_rows:
                return path, table[_ROW][position].as_py()
            position -= table.num_rows
        raise IndexError(position)

    job = share.job
    try:
        checked = rows_of(rows, job.columns, reading=job.reading, n_threads=share.n_threads)
        if checked is None:
            raise DataError(files[0], "has changed while it was read")
        comparisons = job.aggregate(checked, share.n_threads)
    except DataError:
        raise
    except (BadValueError, BadTypeError, ValueError) as error:
        raise located(files[0], error, job.names, place) from None
    return job.fit(comparisons, share.schema, share.n_threads)


def _together(tables: Sequence[Any]) -> Any:
    """One table of its own memory: a slice would travel with all that it was cut from."""
    import pyarrow as pa

    return pa.concat_tables(tables).combine_chunks()
