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
from venire.batch.job import FitOptions, Job
from venire.batch.parts import Part, Share, rows_of_part, write_parts
from venire.batch.plan import DEFAULT_MEMORY, pieces
from venire.batch.scan import units_of
from venire.batch.tally import GroupsSummary, Tally
from venire.data.columns import Columns
from venire.data.recognition import Chosen
from venire.data.taken import Taken
from venire.io import Dialect, Scanner, TableWriter, check_writable
from venire.io.assemble import LABELS
from venire.io.choosing import chosen_in
from venire.io.choosing import opened as opened_source
from venire.io.units import Unit, cut, cut_up

__all__ = ["Means", "Run", "chosen_columns", "fit_files", "metadata_of", "summary_facts"]

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
    job: Path | None = None,
    strict: bool = False,
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
    job : path-like, optional
        A folder that keeps what is done, so that the same call goes on where it was ended, however
        that was; see the guide to jobs. Files that cannot be read or hold a bad row are set aside.
    strict : bool, default False
        With a job: a file that would be set aside ends it.
    model, prior, order_effect, shared, tol, max_iter : optional
        As for `venire.fit_groups`. ``shared=True`` needs all groups in memory together, and this
        process.
    errors : {"fisher", "robust", None}, default "fisher"
        Standard errors to write; None: none. Groups with soft votes have no robust ones.
    interval : {"wald", "profile", "firth"}, optional
        Write bounds of the ratings, lower and upper: see `GroupedFit.interval`.
    level : float, default 0.95
        Of these.
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
    StateError
        If the folder of a job is in use, or of other options, inputs or versions, or is none.

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
    checks.whole(memory, "memory", 1, None)
    checks.function(progress, "progress")
    if n_threads is not None:
        checks.n_threads(n_threads)
    if rows_per_part is not None:
        checks.whole(rows_per_part, "rows_per_part", 1, None)
    means = Means(output, executor, memory, rows_per_part, n_threads, progress or _unheard)
    if job is not None:
        from venire.batch.job_run import as_job

        return as_job(job, scanner, columns, means, options, strict=strict)
    chosen = chosen_columns(scanner, columns)
    task = Job(chosen.columns, **options)
    scanner.require_alike(task.names, LABELS)
    means.check(task, scanner)
    run = Run(task, scanner, means)
    with opened(executor) as tasks:
        done = run.to_folder(tasks) if tasks.apart else run.to_file(tasks)
    taken = Taken(
        columns=task.columns, n_rows=done.n_rows, dropped=done.dropped, notes=scanner.notes
    )
    return replace(done, seconds=time.monotonic() - begun, taken=chosen.said(taken))


def _unheard(what: str, done: int, total: int) -> None:
    """Nobody asked how far it is."""


def chosen_columns(scanner: Scanner, columns: Columns | Mapping[str, Any] | None) -> Chosen:
    """The columns of comparisons in groups that are meant, or found."""
    if isinstance(columns, Mapping):
        return chosen_in(scanner, Columns, None, columns, grouped=True)
    return chosen_in(scanner, Columns, columns, {}, grouped=True)


@dataclass(frozen=True)
class Means:
    """Where it goes, and what it may use."""

    output: Any
    executor: Any
    memory: int
    rows_per_part: int | None
    n_threads: int | None
    tell: Tell

    def check(self, job: Job, scanner: Scanner) -> None:
        """Refuse an output that cannot be written, or means that do not go with the options."""
        output, named = self.output, isinstance(self.output, (str, os.PathLike))
        if self.executor is not None:
            if not named:
                checks.fail("output", "must name a folder", value=output, kind=TypeError)
            if job.shared:
                reason = "needs all groups in one process: leave executor out"
                checks.fail("shared", reason, value=True)
            check_folder(output, scanner.roots)
        elif named:
            check_writable(output)

    def folder(self) -> str:
        """Where temporary files go: a place as large as the output's, not perhaps a memory disk."""
        named = isinstance(self.output, (str, os.PathLike)) and not remote.url_of(self.output)
        if os.environ.get("TMPDIR") or not named:
            return os.environ.get("TMPDIR") or os.getcwd()
        return os.path.dirname(os.path.abspath(remote.local(self.output)))


@dataclass(frozen=True)
class Run:
    """A call: what is read and written, and with what means."""

    job: Job
    scanner: Scanner
    means: Means

    def look(self, tasks: Executor, units: Sequence[Unit]) -> Found:
        """Look at all units, and settle what only all of them together tell."""
        means = self.means
        memory, n_threads = tasks.limits(means.memory, means.n_threads)
        found = look(tasks, units, self.job, self.scanner.path, memory, n_threads, means.tell)
        return with_precision(tasks, found, means.folder())

    def to_file(self, tasks: Executor) -> GroupsSummary:
        """Fit in this process; what is fitted is written at once."""
        memory, _ = tasks.limits(self.means.memory, self.means.n_threads)
        found = self.look(tasks, units_of(self.scanner.files, self.job.names, pieces(memory)))
        plan, notes = planned(found)
        fits = fit_batches(found.scans, plan, found.work, self.means.folder(), self.means.tell)
        schema, n_rows = found.work.schema, found.n_rows
        named = isinstance(self.means.output, (str, os.PathLike))
        tally = Tally(dropped=found.dropped)
        with TableWriter(self.means.output, schema, metadata=metadata_of(found.work.job)) as writer:
            for fitted in fits:
                status, n_items = fitted.of_group["status"], int(fitted.n_items.sum())
                tally.add(fitted.groups, status, n_items, fitted.leading, fitted.dropped)
                for table in fitted.tables():
                    writer.write(table)
                del fitted  # before the next batch is read
            notes = [*notes, *found.work.job.notes(tally)]
        parts = [remote.url_of(self.means.output) or os.fspath(self.means.output)] if named else []
        return GroupsSummary(**vars(tally), n_rows=n_rows, notes=notes, parts=parts)

    def to_folder(self, tasks: Executor) -> GroupsSummary:
        """Have tasks fit the groups and write parts."""
        memory, _ = tasks.limits(self.means.memory, self.means.n_threads)
        whole = units_of(self.scanner.files, self.job.names, pieces(memory))
        units = [unit for one in whole for unit in cut_up(one.absolute())]
        with output_folder(self.means.output, self.scanner.roots) as staging:
            found = self.look(tasks, units)
            starts = cut(found.groups.rows, self.means.rows_per_part or rows_of_part(found.n_rows))
            share = Share(
                found.work, found.groups.labels[starts], staging, metadata_of(found.work.job)
            )
            parts = write_parts(tasks, found, share, self.means.tell)
            tally = Tally(dropped=found.dropped)
            for part in parts:
                tally.merge(part.tally)
            names, notes = [part.name for part in parts], found.work.job.notes(tally)
            publish(staging, names, summary_facts(found.work.job, tally, found.n_rows, parts))
        paths = [
            os.path.join(os.path.abspath(remote.local(self.means.output)), name) for name in names
        ]
        return GroupsSummary(**vars(tally), n_rows=found.n_rows, notes=notes, parts=paths)


def summary_facts(job: Job, tally: Tally, n_rows: int, parts: Sequence[Part]) -> dict[str, Any]:
    """What the summary in a folder of parts says."""
    return job.facts() | {
        "n_groups": tally.n_groups,
        "n_items": tally.n_items,
        "n_rows": n_rows,
        "counts": tally.counts,
        "parts": [part.facts() for part in parts],
    }


def metadata_of(job: Job) -> dict[str, str]:
    return {"venire": json.dumps(job.facts())}
