"""The way of every run: look at the files, plan, and fit batch by batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from venire._core.executor import Executor
from venire._core.memory import release
from venire.batch.job import Fitted, Job, added
from venire.batch.plan import Plan, Work, free, pieces
from venire.batch.scan import Counts, Merging, Scan, label_types, scan, settled
from venire.batch.source import Source
from venire.io.units import Unit, cut

__all__ = ["Found", "Tell", "fit_batches", "look", "planned", "with_precision"]

ENOUGH = 1 << 18  # rows of the groups, evenly spread, that choose the precision of the prior

Tell = Callable[[str, int, int], None]  # what is done, how much of it, and how much there is


class Found(NamedTuple):
    """What a first look at the files tells."""

    scans: list[Scan]  # in order; brief ones if they are used in this process
    tasks: list[Any]  # that gave them: arguments of tasks
    groups: Counts
    work: Work

    @property
    def n_rows(self) -> int:
        """Number of rows of all files."""
        return sum(one.n_rows for one in self.scans)

    @property
    def dropped(self) -> dict[str, int]:
        """Rows without a group, which are left out, by reason."""
        return reduce(added, (one.dropped for one in self.scans), {})


def look(
    tasks: Executor,
    units: Sequence[Unit],
    job: Job,
    source: str,
    memory: int,
    n_threads: int | None,
    tell: Tell,
) -> Found:
    """Count the rows of each group, and settle what only all files together tell.

    Raises
    ------
    DataError
        If a file cannot be read, lacks a column or holds bad labels or outcomes.
    """
    seen, groups = 0, Merging()
    found: dict[int, Scan] = {}

    def heard(n: int) -> None:
        nonlocal seen
        seen += n
        tell("reading", seen, 0)

    within = None if tasks.apart else heard
    pending = [
        tasks.submit("scan", k, scan, unit, job, pieces(memory), n_threads, within)
        for k, unit in enumerate(units)
    ]
    for at, one in tasks.completed(pending):
        groups.add(one.groups)
        found[at] = one if tasks.apart else one.brief()
        if tasks.apart:
            heard(one.n_rows)
        del one
    scans = [found[at] for at in range(len(units))]
    job, types = settled(scans, job, source)
    schema = job.schema(*label_types(types, job))
    work = Work(source, job, types, schema, memory, n_threads)
    return Found(scans, pending, groups.total(), work)


def with_precision(found: Found, folder: str | os.PathLike[str]) -> Found:
    """The same with a prior whose precision is a number, by the evidence where one is asked for.

    It is that of all groups, or where they are many of some of them: the same ones whatever the
    memory, and wherever the fits are done.
    """
    work, groups = found.work, found.groups
    prior = work.job.prior
    if prior is None or not prior.is_estimated or not len(groups.labels):
        return found
    every = max(1, -(-int(groups.rows.sum()) // ENOUGH))
    some = Counts(groups.labels[::every], groups.rows[::every])
    plan = Plan(some, np.zeros(1, np.int64), every == 1)
    batch = next(Source(found.scans, plan, work, folder).batches(lambda n: None))
    job = work.job.with_precision(work.job.comparisons(batch, work.n_threads), work.n_threads)
    release()
    return found._replace(work=work._replace(job=job))


def planned(found: Found) -> tuple[Plan, list[str]]:
    """All groups in batches that fit into memory, and what the caller should know."""
    work, groups, notes = found.work, found.groups, []
    memory, room = work.memory, work.room()
    if free(memory) < 0:
        notes.append(
            f"{memory >> 20:,} MiB is less than the process itself needs, about "
            f"{(memory - free(memory)) >> 20:,} MiB; batches are as small as they get"
        )
    if work.job.shared:
        if found.n_rows > room:
            notes.append("parameters that all groups share need all rows in memory together")
        return Plan(groups, np.zeros(1, np.int64), True), notes
    large = np.flatnonzero(groups.rows > room)
    if len(large):
        worst = large[np.argmax(groups.rows[large])]
        notes.append(
            f"{len(large)} group{'s' if len(large) > 1 else ''} alone may need more than the "
            f"memory given: {groups.labels[worst]} has {groups.rows[worst]:,} rows"
        )
    return Plan(groups, cut(groups.rows, room), True), notes


def fit_batches(
    scans: Sequence[Scan],
    plan: Plan,
    work: Work,
    folder: str | os.PathLike[str],
    tell: Tell = lambda what, done, total: None,
) -> Iterator[Fitted]:
    """Fit the groups of a plan, batch by batch; temporary files go to `folder`."""
    n_groups = plan.n_groups().tolist()
    total, n_rows = sum(n_groups), sum(one.n_rows for one in scans)
    done = sorted_out = 0

    def sorting(n: int) -> None:
        nonlocal sorted_out
        sorted_out += n
        tell("sorting", sorted_out, n_rows)

    def fitting(n: int, of: int) -> None:
        tell("fitting", done + n, total)

    batches = Source(scans, plan, work, folder).batches(sorting)
    for batch, n in zip(batches, n_groups, strict=True):
        fitting(0, n)
        yield work.fit(batch, fitting)
        done += n
        release()
    fitting(0, 0)
