"""A folder of parts, by tasks: which task needs what, and what it does.

Each unit (a file, or some row groups of one) is scanned for its groups. Groups that are in one unit
alone are fitted where it is read, and only the fits move; the rows of groups that are spread over
units move to the task that writes their part. Parts are cut by the data alone.
"""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from venire._core.executor import Executor
from venire.batch.engine import Found, Tell, fit_batches
from venire.batch.job import Batch
from venire.batch.kept import DROPPED, Finished, tally_of
from venire.batch.plan import Plan, Work, pieces
from venire.batch.scan import Counts, Scan, stream
from venire.batch.source import ids_of
from venire.batch.tally import Tally, added
from venire.data.coding import Encoder
from venire.io import TableWriter
from venire.io.units import cut

__all__ = ["ROW", "Part", "Share", "finished", "fit_whole_groups", "named_part", "rows_of_part",
           "spread_groups", "split", "split_up", "write_parts"]  # fmt: skip

_PARTS, _SMALL, _LARGE = 64, 1 << 16, 1 << 22  # number of parts to aim at; rows of one
ROW = "\0row"  # column of the rows' numbers within their file


class Share(NamedTuple):
    """What all tasks have in common once the parts are cut."""

    work: Work
    starts: np.ndarray  # first group of each part
    folder: str
    metadata: dict[str, str]

    def part_of(self, labels: np.ndarray) -> np.ndarray:
        """The part that each group goes to."""
        return np.searchsorted(self.starts, labels, side="right") - 1


class Part(NamedTuple):
    """What was written."""

    name: str
    first: Any
    last: Any
    tally: Tally

    def facts(self) -> dict[str, Any]:
        """What the summary says of it."""
        return {
            "name": self.name,
            "first_group": self.first,
            "last_group": self.last,
            "n_groups": self.tally.n_groups,
            "n_items": self.tally.n_items,
        }


def rows_of_part(n_rows: int) -> int:
    """Rows of comparisons behind one part at most, unless a group has more."""
    return min(max(n_rows // _PARTS, _SMALL), _LARGE)


# ---- which task needs what ----------------------------------------------------------------------


def write_parts(tasks: Executor, found: Found, share: Share, tell: Tell) -> list[Part]:
    """Have all groups fitted, and the parts written to a folder."""
    n_parts, n_groups = len(share.starts), len(found.groups.labels)
    fitted: list[list[Any]] = [[] for _ in range(n_parts)]
    moved: list[list[Any]] = [[] for _ in range(n_parts)]
    files: list[list[str]] = [[] for _ in range(n_parts)]
    pending: list[Any] = []
    gains: list[int] = []  # groups that are fitted once the task is done
    spread, late = spread_groups(found.scans)
    for k, (one, here) in enumerate(zip(found.scans, spread, strict=True)):
        part_of = share.part_of(one.groups.labels)
        if not here.all():
            fits = tasks.submit("fit", k, fit_whole_groups, found.tasks[k], here, share)
            pending.append(fits)
            gains.append(int((~here).sum()))
            for part in np.unique(part_of[~here]).tolist():
                fitted[part].append(tasks.submit("fits", (k, part), operator.getitem, fits, part))
        if here.any():
            rows = tasks.submit("split", k, split, found.tasks[k], here, share)
            for part in np.unique(part_of[here]).tolist():
                moved[part].append(tasks.submit("rows", (k, part), operator.getitem, rows, part))
                files[part].append(one.unit.path)
    n_first = len(pending)
    gains += np.bincount(share.part_of(late), minlength=n_parts).tolist()
    for part in range(n_parts):
        needs = fitted[part], moved[part], files[part]
        pending.append(tasks.submit("write", part, finish, part, *needs, share))
    del fitted, moved, needs  # a result that nobody asks for any more is let go
    parts: dict[int, Part] = {}
    n_fitted = 0
    tell("fitting", 0, n_groups)
    for at, result in tasks.completed(pending, keep=n_first):
        n_fitted += gains[at]
        tell("fitting", n_fitted, n_groups)
        if at >= n_first:
            parts[at - n_first] = result
    return [parts[part] for part in range(n_parts)]


def spread_groups(scans: Sequence[Scan]) -> tuple[list[np.ndarray], np.ndarray]:
    """Which groups of each unit are in others too, and the labels of all that are."""
    encoder = Encoder(("group",), n_threads=1)
    for one in scans:
        encoder.add(one.groups.labels)
    labels, (codes,) = encoder.finish()
    again = np.bincount(codes) > 1
    ends = np.cumsum([len(one.groups.labels) for one in scans])
    return np.split(again[codes], ends[:-1]), labels[again]


# ---- tasks --------------------------------------------------------------------------------------


def fit_whole_groups(one: Scan, spread: np.ndarray, share: Share) -> dict[int, Any]:
    """Fit the groups that are in this unit alone.

    Parameters
    ----------
    one : Scan
        The unit.
    spread : ndarray of bool
        Which of its groups are in other units too.
    share : Share

    Returns
    -------
    dict of int to pyarrow Table
        The fits that go to each part.
    """
    groups = Counts(one.groups.labels[~spread], one.groups.rows[~spread])
    plan = Plan(groups, cut(groups.rows, share.work.room()))
    folder = os.environ.get("TMPDIR") or os.getcwd()
    tables: dict[int, list[Any]] = {}
    dropped: dict[str, int] = {}
    for part in np.unique(share.part_of(groups.labels)).tolist():
        tables[part] = [share.work.schema.empty_table()]
    for fitted in fit_batches([one], plan, share.work, folder):
        dropped = added(dropped, fitted.dropped)
        if not len(fitted.groups):
            continue
        whole = _together(fitted.tables())
        parts = share.part_of(fitted.groups)
        ends = np.cumsum(fitted.n_items)
        for part in np.unique(parts).tolist():
            here = np.flatnonzero(parts == part)
            start, stop = ends[here[0]] - fitted.n_items[here[0]], ends[here[-1]]
            tables[part].append(whole.slice(start, stop - start))
    out = {part: _together(some) for part, some in tables.items()}
    part = next(iter(out))  # one of them tells what was left out
    return out | {part: out[part].replace_schema_metadata({DROPPED: json.dumps(dropped)})}


def split(one: Scan, spread: np.ndarray, share: Share) -> dict[int, Any]:
    """The rows of this unit that belong to groups which are in other units too.

    Returns
    -------
    dict of int to pyarrow Table
        The rows that go to each part, with their numbers in the file.
    """
    tables: dict[int, list[Any]] = {}
    for part, table in split_up(one, spread, share):
        tables.setdefault(part, []).append(table)
    return {part: _together(some) for part, some in tables.items()}


def split_up(one: Scan, spread: np.ndarray, share: Share) -> Iterator[tuple[int, Any]]:
    """The same piece by piece, each of one part, in the order of the rows."""
    import pyarrow as pa

    work = share.work
    groups = Counts(one.groups.labels[spread], one.groups.rows[spread])
    parts, starts = np.unique(share.part_of(groups.labels), return_index=True)
    plan = Plan(groups, starts)
    row = one.unit.start
    for piece in stream([one.unit], work.job.names, pieces(work.memory), work.types):
        ids = ids_of(piece, plan, work)
        columns = {f.name: piece[f.name].cast(work.types[f.name]) for f in piece.schema}
        columns[ROW] = pa.array(np.arange(row, row + piece.num_rows))
        whole = pa.table(columns)
        for batch in np.unique(ids[ids >= 0]).tolist():
            yield int(parts[batch]), whole.take(pa.array(np.flatnonzero(ids == batch)))
        row += piece.num_rows


def finish(
    part: int, fitted: Sequence[Any], rows: Sequence[Any], files: Sequence[str], share: Share
) -> Part:
    """Fit the groups of a part that are spread over files, and write the part; see `finished`."""
    one = finished(fitted, rows, files, share)
    name = named_part(part)
    path = os.path.join(share.folder, name)
    with TableWriter(path, share.work.schema, metadata=share.metadata) as out:
        out.write(one.table)
    tally, first, last = tally_of(one, share.work.n_threads)
    return Part(name, first, last, tally)


def named_part(part: int) -> str:
    """The name of a file of the output."""
    return f"part-{part:05d}.parquet"


def finished(
    fitted: Sequence[Any], rows: Sequence[Any], files: Sequence[str], share: Share
) -> Finished:
    """All groups of a part, in order.

    Parameters
    ----------
    fitted : sequence of pyarrow Table
        Fits that were made where the files are.
    rows : sequence of pyarrow Table
        Rows of the other groups, from each of the `files`.
    files : sequence of str
    share : Share
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    def place(position: int) -> tuple[str, int]:
        for path, table in zip(files, rows, strict=True):
            if position < table.num_rows:
                return path, table[ROW][position].as_py()
            position -= table.num_rows
        raise IndexError(position)

    work = share.work
    tables = [table.replace_schema_metadata() for table in fitted]
    dropped: dict[str, int] = {}
    for one in fitted:
        dropped = added(dropped, json.loads((one.schema.metadata or {}).get(DROPPED, b"{}")))
    if rows:
        late = work.fit(Batch(rows, work.source, place))
        tables += late.tables()
        dropped = added(dropped, late.dropped)
    table = pa.concat_tables(tables or [work.schema.empty_table()])
    if len(tables) > 1:
        table = table.take(pc.sort_indices(table["group"]))  # which is stable
    return Finished(table, dropped)


def _together(tables: Iterable[Any]) -> Any:
    """One table of its own memory: a slice would travel with all that it was cut from."""
    import pyarrow as pa

    return pa.concat_tables(tables).combine_chunks()
