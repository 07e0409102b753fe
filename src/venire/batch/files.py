"""Fits of files: the one public function."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Unpack

from venire._core import checks, remote
from venire._core.executor import Executor, opened
from venire._core.extras import needs
from venire.batch.engine import Found, Tell, fit_batches, look, planned, with_precision
from venire.batch.folder import check_folder, output_folder, publish
from venire.batch.job import FitOptions, GroupsSummary, Job, Tally
from venire.batch.parts import Share, rows_of_part, write_parts
from venire.batch.plan import DEFAULT_MEMORY, pieces
from venire.batch.scan import units_of
from venire.data.columns import Columns
from venire.data.taken import Taken
from venire.io import Dialect, Scanner, TableWriter, check_writable
from venire.io.assemble import LABELS
from venire.io.choosing import chosen_in
from venire.io.choosing import opened as opened_source
from venire.io.units import Unit, cut, cut_up

__all__ = ["fit_files"]

Path = str | os.PathLike[str]


def fit_files(
    source: Any,
    output: Path | BinaryIO,
    columns: Columns | Mapping[str, Any] | None = None,
    *,
    dialect: Dialect | None = None,
    executor: Any = None,
    memory: int = DEFAULT_MEMORY,
    rows_per_part: int | None = None,
    n_threads: int | None = None,
    progress: Tell | None = None,
    **options: Unpack[FitOptions],
) -> GroupsSummary:
    """Fit the groups of a file or a folder, reading and writing part by part.

    Parameters
    ----------
    source : path-like, binary file, or list of them
        As for `venire.io.Scanner`. With an executor every worker must see the files, and the place
        of the output, under the same path; only Parquet files are shared out in parts.
    output : path-like or binary file
        As for `venire.io.write_table`; the file appears whole or not at all. An open file gets
        CSV as the fits go on. With an executor, a folder: ``part-00000.parquet`` and so on, in the
        order of the groups, and ``_summary.json``. An output of an earlier run is replaced.
    columns : Columns, or mapping of str to str, optional
        The columns to read, `group` among them; or arguments of `Columns`. What is missing is found
        by the names of the columns and by what stands in them.
    dialect : Dialect, optional
        How text files are written; default: what their first rows say.
    executor : int, str, distributed.Client or Executor, optional
        Who does it: so many processes, which are started on this machine; the Dask cluster whose
        scheduler has this address, as in ``tcp://host:8786``; or the one of a client, which is
        left open. Default: this process.
    memory : int, default 4 GiB
        Bytes that the process, or a worker for one task, may need, about; see the notes. Processes
        that are started share it.
    rows_per_part : int, optional
        With an executor, rows of comparisons behind one part at most, unless a group has more;
        default: 1/64 of all, but 65,536 to 4,194,304.
    n_threads : int, optional
        Of this process, or of a task: by default processes that are started share the CPUs, and on
        another's cluster it is 1.
    progress : callable, optional
        Called with what is going on ("reading", "sorting", "fitting"), how much of it is done and
        how much there is, in rows or groups.
    model, prior, order_effect, shared, tol, max_iter : optional
        As for `venire.fit_groups`. ``shared=True`` needs all groups in memory together, and this
        process.
    errors : {"fisher", "robust", None}, default "fisher"
        Standard errors to write; None: none. Groups with soft votes have no robust ones.
    scale : {"logit", "probit", "erf", "elo"}, optional
        Write ratings, errors and intervals in this unit; the column of ratings is named by it, and
        else theta.
    anchor, at : label and float, optional
        As for `GroupedFit.rescale`, the label as it is written in the file: ratings, errors and
        intervals are those of the differences from this item. Null in groups without it.
    bootstrap : Replicates, optional
        Bootstrap each group, and write the errors and intervals that follow.

    Returns
    -------
    GroupsSummary

    Raises
    ------
    DataError
        If a file cannot be read or written or holds a bad value; the message names file, row and
        column, whichever worker found it.
    ValueError, TypeError
        If options are out of range, have a wrong type or do not go together.
    ImportError
        If a cluster is asked for, and Dask is not installed.
    OSError
        If no scheduler answers, or workers die again and again.

    Notes
    -----
    The table has the columns group, item, theta (or the scale), standard_error, n_comparisons,
    determined (see `Ratings.determined`) and status, then order_effect and tie, if there are such;
    it is sorted by group, then by item, and does not depend on `memory`, on the executor, or on
    workers that die on the way: the same bits at one instruction set.

    Files are read twice: first the column of groups (and the outcomes, if they
    come without a mapping), then batches of consecutive groups. Rows in any order but that of their
    groups are sorted into a temporary file in ``$TMPDIR`` or else beside the output, about as large
    as the columns in use. Memory grows with the number of groups, about 100 bytes each, and with
    the largest batch; a group that needs more than `memory` is fitted all the same, and the
    summary's notes say so.

    With an executor each file (a large one in several stretches of row groups) is a unit. Groups
    that are in one unit only are fitted by the worker that reads it, and only the fits move; the
    rows of groups that are spread over units move to the worker that writes their part. A worker
    holds the largest batch of a unit, the fits and moved rows that wait for their part, and one
    part.

    Examples
    --------
    >>> import venire as vn
    >>> columns = vn.Columns(group="query", first="a", second="b", score="p")  # doctest: +SKIP
    >>> done = vn.batch.fit_files("votes/", "ratings.parquet", columns)  # doctest: +SKIP
    >>> done = vn.batch.fit_files(
    ...     "votes/", "ratings/", columns, executor=4, model="thurstone"
    ... )  # doctest: +SKIP
    """
    needs("pyarrow", "a file")
    begun = time.monotonic()
    scanner = opened_source(source, dialect)
    if isinstance(columns, Mapping):
        chosen = chosen_in(scanner, Columns, None, columns, grouped=True)
    else:
        chosen = chosen_in(scanner, Columns, columns, {}, grouped=True)
    job = Job(chosen.columns, **options)
    scanner.require_alike(job.names, LABELS)
    checks.whole(memory, "memory", 1, None)
    checks.function(progress, "progress")
    if n_threads is not None:
        checks.n_threads(n_threads)
    if rows_per_part is not None:
        checks.whole(rows_per_part, "rows_per_part", 1, None)
    if executor is not None:
        if not isinstance(output, (str, os.PathLike)):
            checks.fail("output", "must name a folder", value=output, kind=TypeError)
        if job.shared:
            checks.fail("shared", "needs all groups in one process: leave executor out", value=True)
        check_folder(output, scanner.roots)
    elif isinstance(output, (str, os.PathLike)):
        check_writable(output)
    tell = progress or (lambda what, done, total: None)
    run = _Run(job, scanner, output, memory, n_threads, tell)
    with opened(executor) as tasks:
        done = run.to_folder(tasks, rows_per_part) if tasks.apart else run.to_file(tasks)
    taken = Taken(
        columns=job.columns, n_rows=done.n_rows, dropped=done.dropped, notes=scanner.notes
    )
    return replace(done, seconds=time.monotonic() - begun, taken=chosen.said(taken))


@dataclass(frozen=True)
class _Run:
    """A call: what is read and written, and with what means."""

    job: Job
    scanner: Scanner
    output: Any
    memory: int
    n_threads: int | None
    tell: Tell

    def look(self, tasks: Executor, units: Sequence[Unit]) -> Found:
        memory, n_threads = tasks.limits(self.memory, self.n_threads)
        found = look(tasks, units, self.job, self.scanner.path, memory, n_threads, self.tell)
        return with_precision(found, self._folder())

    def to_file(self, tasks: Executor) -> GroupsSummary:
        """Fit in this process; what is fitted is written at once."""
        memory, _ = tasks.limits(self.memory, self.n_threads)
        found = self.look(tasks, units_of(self.scanner.files, self.job.names, pieces(memory)))
        plan, notes = planned(found)
        fits = fit_batches(found.scans, plan, found.work, self._folder(), self.tell)
        schema, n_rows = found.work.schema, found.n_rows
        named = isinstance(self.output, (str, os.PathLike))
        tally = Tally(dropped=found.dropped)
        with TableWriter(self.output, schema, metadata=_metadata(found.work.job)) as writer:
            for fitted in fits:
                status, n_items = fitted.of_group["status"], int(fitted.n_items.sum())
                tally.add(fitted.groups, status, n_items, fitted.leading, fitted.dropped)
                for table in fitted.tables():
                    writer.write(table)
                del fitted  # before the next batch is read
            notes = [*notes, *found.work.job.notes(tally)]
        parts = [remote.url_of(self.output) or os.fspath(self.output)] if named else []
        return GroupsSummary(**vars(tally), n_rows=n_rows, notes=notes, parts=parts)

    def to_folder(self, tasks: Executor, rows_per_part: int | None) -> GroupsSummary:
        """Have tasks fit the groups and write parts."""
        memory, _ = tasks.limits(self.memory, self.n_threads)
        whole = units_of(self.scanner.files, self.job.names, pieces(memory))
        units = [unit for one in whole for unit in cut_up(one.absolute())]
        with output_folder(self.output, self.scanner.roots) as staging:
            found = self.look(tasks, units)
            starts = cut(found.groups.rows, rows_per_part or rows_of_part(found.n_rows))
            share = Share(
                found.work, found.groups.labels[starts], staging, _metadata(found.work.job)
            )
            parts = write_parts(tasks, found, share, self.tell)
            tally = Tally(dropped=found.dropped)
            for part in parts:
                tally.merge(part.tally)
            names, notes = [part.name for part in parts], found.work.job.notes(tally)
            summary = {
                "n_groups": tally.n_groups,
                "n_items": tally.n_items,
                "n_rows": found.n_rows,
                "counts": tally.counts,
                "parts": [part.facts() for part in parts],
            }
            publish(staging, names, found.work.job.facts() | summary)
        paths = [os.path.join(os.path.abspath(remote.local(self.output)), name) for name in names]
        return GroupsSummary(**vars(tally), n_rows=found.n_rows, notes=notes, parts=paths)

    def _folder(self) -> str:
        """Where temporary files go: a place as large as the output's, not perhaps a memory disk."""
        named = isinstance(self.output, (str, os.PathLike)) and not remote.url_of(self.output)
        if os.environ.get("TMPDIR") or not named:
            return os.environ.get("TMPDIR") or os.getcwd()
        return os.path.dirname(os.path.abspath(remote.local(self.output)))


def _metadata(job: Job) -> dict[str, str]:
    return {"venire": json.dumps(job.facts())}
