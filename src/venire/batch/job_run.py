"""A call of `fit_files` whose work is kept in a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from venire._core import checks, remote
from venire._core.executor import opened
from venire._core.jobs import JobFolder
from venire._core.recorded import Recorded
from venire.batch.engine import Found
from venire.batch.files import Means, Run, chosen_columns, metadata_of, summary_facts
from venire.batch.folder import output_folder, publish
from venire.batch.job import Job
from venire.batch.jobs import (
    KINDS,
    check_inputs,
    folder_of,
    kept_parts,
    left_of,
    result_of,
    summary_of,
    tables_of,
    units_kept,
    without,
)
from venire.batch.parts import Part, Share, rows_of_part
from venire.batch.plan import pieces
from venire.batch.tally import GroupsSummary, Tally
from venire.data.taken import Taken
from venire.io import DataError, Scanner, TableWriter
from venire.io.assemble import LABELS
from venire.io.units import cut

__all__ = ["as_job"]


def as_job(
    job: Any,
    scanner: Scanner,
    columns: Any,
    means: Means,
    options: Mapping[str, Any],
    *,
    strict: bool = False,
) -> GroupsSummary:
    """Begin a job, or go on with it, to its end; see `fit_files`."""
    if not isinstance(job, (str, os.PathLike)):
        checks.fail("job", "must name a folder", value=job, kind=TypeError)
    if not isinstance(means.output, (str, os.PathLike)):
        checks.fail("output", "of a job must be named", value=means.output, kind=TypeError)
    if options.get("shared"):
        checks.fail("shared", "is one fit of all groups: a job has no parts to keep", value=True)
    begun, said = time.monotonic(), list[str]()
    plan = {"columns": columns, **options, "rows_per_part": means.rows_per_part,
            "dialect": [file.dialect for file in scanner.files[:1]]}  # fmt: skip
    with folder_of(job, "groups", plan, scanner, strict=strict, tell=said.append) as folder:
        done = summary_of(folder)
        if done is not None:
            return done
        folder.note()
        done = _Going(folder, scanner, columns, means, options).to_the_end()
        check_inputs(scanner, folder)
        folder.end(done.parts, result_of(done))
    notes = [*done.notes, *(f for f in said if not f.startswith("set aside"))]
    return replace(done, notes=notes, seconds=time.monotonic() - begun)


class _Going:
    """A job that is at work."""

    def __init__(
        self,
        folder: JobFolder,
        scanner: Scanner,
        columns: Any,
        means: Means,
        options: Mapping[str, Any],
    ) -> None:
        self.folder, self.scanner, self.given = folder, scanner, columns
        self.options = options

        def tell(what: str, done: int, total: int) -> None:
            folder.stage(what, done, total, "groups" if what == "fitting" else "rows")
            means.tell(what, done, total)

        self.means = replace(means, tell=tell)

    def to_the_end(self) -> GroupsSummary:
        """Do what is not done, and write the output."""
        folder, scanner, means = self.folder, self.scanner, self.means
        while True:
            left = left_of(scanner, folder)
            try:
                chosen = chosen_columns(left, self.given)
                job = Job(chosen.columns, **self.options)
                left.require_alike(job.names, LABELS)
                break
            except DataError as error:
                without(scanner, folder, error)
        means.check(job, scanner)
        with opened(means.executor) as inner:
            tasks = Recorded(inner, folder)
            tasks.keep(KINDS)
            memory, _ = tasks.limits(means.memory, means.n_threads)
            units = units_kept(scanner, folder, job.names, pieces(memory))
            found = Run(job, scanner, means).look(tasks, units)
            most = means.rows_per_part or rows_of_part(found.n_rows)
            most = min(most, found.work.room())
            starts = tasks.here("cut", 0, _starts, found, most)
            share = Share(found.work, starts, str(folder.folder), metadata_of(found.work.job))
            parts, lost = kept_parts(tasks, found, share, means.tell)
            done = self._written(tasks, found.without(*lost), parts, share)
        taken = Taken(
            columns=job.columns, n_rows=done.n_rows, dropped=done.dropped, notes=left.notes
        )
        return replace(done, taken=chosen.said(taken))

    def _written(
        self, tasks: Recorded, found: Found, parts: list[Part], share: Share
    ) -> GroupsSummary:
        """Put the output together."""
        tally = Tally(dropped=found.dropped)
        for part in parts:
            tally.merge(part.tally)
        job, output = found.work.job, self.means.output
        notes = job.notes(tally)
        tables = tables_of(tasks, len(parts), share.work.schema)
        if not tasks.apart:
            with TableWriter(output, share.work.schema, metadata=share.metadata) as out:
                for table in tables:
                    out.write(table)
            paths = [remote.url_of(output) or os.path.abspath(remote.local(output))]
        else:
            with output_folder(output, self.scanner.roots) as staging:
                for part, table in zip(parts, tables, strict=True):
                    path = os.path.join(staging, part.name)
                    with TableWriter(path, share.work.schema, metadata=share.metadata) as out:
                        out.write(table)
                facts = summary_facts(job, tally, found.n_rows, parts)
                publish(staging, [part.name for part in parts], facts)
            place = os.path.abspath(remote.local(output))
            paths = [os.path.join(place, part.name) for part in parts]
        failures = [str(one) for one in self.folder.failures()]
        return GroupsSummary(
            **vars(tally), n_rows=found.n_rows, notes=notes, parts=paths, failures=failures
        )


def _starts(found: Found, most: int) -> Any:
    """The first group of each part."""
    return found.groups.labels[cut(found.groups.rows, most)]
