"""The way of every run: look at the files, plan, and fit batch by batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from venire._core.executor import Executor, SetAside
from venire._core.memory import release
from venire.batch.job import Fitted, Job
from venire.batch.plan import Plan, Work, free, pieces
from venire.batch.scan import Counts, Merging, Scan, label_types, scan, settled
from venire.batch.source import Source
from venire.batch.tally import added
from venire.io import DataError
from venire.io.units import Unit, cut

__all__ = ["Found", "Tell", "fit_batches", "look", "of_unit", "planned", "with_precision"]

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

    def without(self, *lost: int) -> Found:
        """The same without some of the units, of which all groups are known."""
        here = [k for k in range(len(self.scans)) if k not in lost]
        scans, tasks = [self.scans[k] for k in here], [self.tasks[k] for k in here]
        groups = Merging()
        for one in scans:
            groups.add(one.groups)
        return self._replace(scans=scans, tasks=tasks, groups=groups.total())


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
        tasks.submit("scan", unit.number or k, scan, unit, job, pieces(memory), n_threads, within)
        for k, unit in enumerate(units)
    ]
    for at, one in tasks.completed(pending):
        if isinstance(one, SetAside):
            continue
        one = one._replace(unit=units[at])
        found[at] = one if tasks.apart or tasks.keeps else one.brief()
        groups.add(one.groups)
        if within is None:
            heard(one.n_rows)
        del one
    while True:
        here = sorted(found)
        try:
            settled_job, types = settled([found[at] for at in here], job, source)
            break
        except DataError as error:
            bad = of_unit(error, [found[at].unit for at in here])
            if bad is None or not tasks.set_aside("scan", units[here[bad]].number, error):
                raise
            del found[here[bad]]
            groups = Merging()
            for one in found.values():
                groups.add(one.groups)
    schema = settled_job.schema(*label_types(types, settled_job))
    work = Work(source, settled_job, types, schema, memory, n_threads)
    scans, started = [found[at] for at in here], [pending[at] for at in here]
    return Found(scans, started, groups.total(), work)


def of_unit(error: DataError, units: Sequence[Unit]) -> int | None:
    """Which of these an error is about; None: about none of them alone."""
    here = [k for k, unit in enumerate(units) if unit.path.name == error.path]
    if error.row is not None:
        here = [k for k in here if units[k].start < error.row][-1:]
    return here[0] if len(here) == 1 else None


def with_precision(tasks: Executor, found: Found, folder: str | os.PathLike[str]) -> Found:
    """The same with a prior whose precision is a number, by the evidence where one is asked for.

    It is that of all groups, or where they are many of some of them: the same ones whatever the
    memory, and wherever the fits are done.
    """
    work, groups = found.work, found.groups
    prior = work.job.prior
    if prior is None or not prior.is_estimated or not len(groups.labels):
        return found
    try:
        precision, told = tasks.here("evidence", 0, _evidence, found, folder)
    except DataError as error:
        bad = of_unit(error, [one.unit for one in found.scans])
        if bad is None or not tasks.set_aside("scan", found.scans[bad].unit.number, error):
            raise
        return with_precision(tasks, found.without(bad), folder)
    if precision is None:
        return found
    job = work.job.at_precision(precision, told)
    return found._replace(work=work._replace(job=job))


def _evidence(found: Found, folder: str | os.PathLike[str]) -> tuple[float | None, tuple[str, ...]]:
    """The precision that the groups want, and what is to be said of it."""
    work, groups = found.work, found.groups
    every = max(1, -(-int(groups.rows.sum()) // ENOUGH))
    some = Counts(groups.labels[::every], groups.rows[::every])
    plan = Plan(some, np.zeros(1, np.int64), every == 1)
    batch = next(Source(found.scans, plan, work, folder).batches(lambda n: None))
    precision = work.job.precision_of(work.job.comparisons(batch, work.n_threads), work.n_threads)
    release()
    return precision


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
