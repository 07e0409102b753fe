"""Fits of the groups of files as a job: what is done is kept, and what cannot be read set aside.

Units, parts and their tasks are those of `venire.batch.parts`. All units come first: a unit that
fails is left out of every part, as if the others were all there is. Then come the parts, and what
is written is put together from them.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from venire._core.executor import SetAside
from venire._core.job_documents import Failure, Plan
from venire._core.jobs import JobFolder
from venire._core.plain import plain
from venire._core.recorded import Recorded, fetch
from venire._core.version import version
from venire._native import build_info
from venire.batch.engine import Found, Tell
from venire.batch.kept import CUT, EVIDENCE, SCAN, fits, part, rows, tally_of
from venire.batch.parts import (
    ROW,
    Part,
    Share,
    finished,
    fit_whole_groups,
    named_part,
    split_up,
    spread_groups,
)
from venire.batch.plan import Work
from venire.batch.scan import Scan, units_of
from venire.batch.tally import GroupsSummary
from venire.io import DataError, Scanner
from venire.io import units as cutting
from venire.io.inputs import inputs_of
from venire.io.units import Unit, cut_up

__all__ = [
    "KINDS", "check_inputs", "folder_of", "kept_parts", "left_of", "result_of",
    "summary_of", "tables_of", "units_kept", "without",
]  # fmt: skip

KINDS = {"scan": SCAN, "cut": CUT, "evidence": EVIDENCE}


def folder_of(
    job: str | os.PathLike[str],
    kind: str,
    options: Mapping[str, Any],
    scanner: Scanner,
    *,
    strict: bool = False,
    tell: Any = None,
) -> JobFolder:
    """Begin a job, or go on with it.

    Raises
    ------
    StateError
        If the folder does not allow it; see `JobFolder`.
    """
    told = {name: plain(value) for name, value in options.items()}
    plan = Plan(kind, told, inputs_of(scanner.files), version(), build_info.dispatch())
    return JobFolder(job, plan, strict=strict, tell=tell or (lambda text: None))


def left_of(scanner: Scanner, folder: JobFolder) -> Scanner:
    """The files that are not set aside."""
    files = [file for k, file in enumerate(scanner.files) if not folder.failed("file", k)]
    if len(files) == len(scanner.files):
        return scanner
    if not files:
        raise DataError(scanner.path, "no file is left: all were set aside")
    return Scanner(files)


def check_inputs(scanner: Scanner, folder: JobFolder) -> None:
    """Refuse what changed while it was read."""
    for was, now in zip(folder.inputs, inputs_of(scanner.files), strict=True):
        if was != now:
            raise DataError(
                now.name, "has changed while it was read; name a new folder for the job"
            )


def without(scanner: Scanner, folder: JobFolder, error: DataError) -> Scanner:
    """The same without the file that an error is about; raises it where that is no cure."""
    bad = [k for k, file in enumerate(scanner.files) if file.name == error.path]
    if len(bad) != 1 or folder.strict or folder.settled or folder.failed("file", bad[0]):
        raise error
    folder.set_aside("file", bad[0], Failure(error.path, str(error), error.row, error.column))
    return left_of(scanner, folder)


def units_kept(scanner: Scanner, folder: JobFolder, names: dict[str, str], most: int) -> list[Unit]:
    """The units of all files that can be opened, by numbers that do not depend on the others."""
    number = {id(file): k for k, file in enumerate(scanner.files)}
    while True:
        files = left_of(scanner, folder).files
        try:
            whole = units_of(files, names, most)
            found = [one._replace(number=(number[id(one.path)],)) for one in whole]
            return [unit for one in found for unit in cut_up(one.absolute())]
        except DataError as error:
            without(scanner, folder, error)


# ---- units, and then parts ----------------------------------------------------------------------


def kept_parts(
    tasks: Recorded, found: Found, share: Share, tell: Tell
) -> tuple[list[Part], list[int]]:
    """Have all groups fitted and kept, part by part; and which units were set aside."""
    schema, work = share.work.schema, share.work
    tasks.keep({"fit": fits(schema), "split": rows(_rows_schema(work)), "part": part(schema)})
    units = [one.unit for one in found.scans]
    lost = {
        k
        for k, unit in enumerate(units)
        if tasks.folder.failed("fit", unit.number) or tasks.folder.failed("split", unit.number)
    }
    spread, _ = spread_groups(found.scans)
    pending: list[Any] = []
    of: list[int] = []
    fitted: dict[int, list[tuple[int, Any]]] = {p: [] for p in range(len(share.starts))}
    moved: dict[int, list[tuple[int, Any]]] = {p: [] for p in range(len(share.starts))}
    for k, (one, here, unit) in enumerate(zip(found.scans, spread, units, strict=True)):
        if (
            unit.row_groups is None and one.n_rows > cutting.ROWS
        ):  # its groups are fitted part by part
            here = np.ones(len(here), bool)
        part_of = share.part_of(one.groups.labels)
        kinds = (("fit", fit_unit, ~here, fitted), ("split", split_unit, here, moved))
        for name, task, wanted, out in kinds:
            if not wanted.any() or k in lost:
                continue
            node = tasks.submit(name, unit.number, task, found.tasks[k], unit, here, share)
            pending.append(node)
            of.append(k)
            for which in np.unique(part_of[wanted]).tolist():
                item = tasks.submit(f"{name}-of", (*unit.number, which), operator.getitem, node,
                                    which)  # fmt: skip
                out[which].append((k, item))
    n_rows, done = sum(found.scans[k].n_rows for k in of), 0
    tell("sorting", 0, n_rows)
    for at, result in tasks.completed(pending, keep=len(pending)):
        if isinstance(result, SetAside):
            lost.add(of[at])
        done += found.scans[of[at]].n_rows
        tell("sorting", done, n_rows)
    if len(lost) == len(units):
        raise DataError(work.source, "no part of it is left: all were set aside")
    tasks.folder.settle()
    wanted_parts = []
    for p in range(len(share.starts)):
        own = [item for k, item in fitted[p] if k not in lost]
        its = [(k, item) for k, item in moved[p] if k not in lost]
        paths = [units[k].path for k, _ in its]
        wanted_parts.append(
            tasks.submit("part", p, finished, own, [item for _, item in its], paths, share)
        )
    return _parts(tasks, wanted_parts, found.without(*lost), share, tell), sorted(lost)


def _parts(
    tasks: Recorded, pending: list[Any], found: Found, share: Share, tell: Tell
) -> list[Part]:
    """What is to be said of each part, once it is there."""
    n = np.bincount(share.part_of(found.groups.labels), minlength=len(pending))
    parts: dict[int, Part] = {}
    done = 0
    tell("fitting", 0, int(n.sum()))
    for at, one in tasks.completed(pending):
        tally, first, last = tally_of(one, share.work.n_threads)
        parts[at] = Part(named_part(at), first, last, tally)
        done += int(n[at])
        tell("fitting", done, int(n.sum()))
        del one
    return [parts[p] for p in range(len(pending))]


def tables_of(tasks: Recorded, n_parts: int, schema: Any) -> Iterator[Any]:
    """The tables of all parts, in order."""
    folder, kind = tasks.folder, part(schema)
    for p in range(n_parts):
        yield fetch(str(folder.path("part", p)), folder.label("part", p), kind, "table")


def fit_unit(one: Scan, unit: Unit, spread: np.ndarray, share: Share) -> dict[int, Any]:
    """Fit the groups that are in this unit alone."""
    return fit_whole_groups(one._replace(unit=unit), spread, share)


def split_unit(
    one: Scan, unit: Unit, spread: np.ndarray, share: Share
) -> Iterator[tuple[int, Any]]:
    """The rows that go to each part, checked: what is wrong with one is said of this unit."""
    work = share.work
    for which, table in split_up(one._replace(unit=unit), spread, share):
        work.job.check(table, unit.path, table[ROW], work.n_threads)
        yield which, table.select([*dict.fromkeys(work.job.names.values()), ROW])


def _rows_schema(work: Work) -> Any:
    import pyarrow as pa

    columns = dict.fromkeys(work.job.names.values())
    return pa.schema([(name, work.types[name]) for name in columns] + [(ROW, pa.int64())])


# ---- what came of it ----------------------------------------------------------------------------

_RESULT = {
    "n_groups": int, "n_items": int, "n_rows": int, "counts": dict, "examples": dict,
    "dropped": dict, "notes": list, "without": dict,
}  # fmt: skip


def result_of(done: GroupsSummary) -> dict[str, Any]:
    """A summary as the folder keeps it."""
    return {name: getattr(done, name) for name in _RESULT}


def summary_of(folder: JobFolder) -> GroupsSummary | None:
    """What came of a job that has ended, if what it wrote is still there."""
    before, result = folder.before, folder.before.result
    if not folder.is_done or any(
        type(result.get(name)) is not kind for name, kind in _RESULT.items()
    ):
        return None
    ended = f"the job in {folder.folder} has ended: nothing was done again"
    return GroupsSummary(
        **{name: result[name] for name in _RESULT} | {"notes": [*result["notes"], ended]},
        parts=[one[0] for one in before.output], seconds=before.seconds,
        failures=[str(one) for one in folder.failures()],
    )  # fmt: skip
