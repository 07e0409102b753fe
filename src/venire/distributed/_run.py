"""The driver: which task needs what."""

from __future__ import annotations

import json
import operator
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from venire.data.coding import Encoder
from venire.data.columns import Columns
from venire.distributed import _tasks
from venire.distributed._cluster import connected
from venire.distributed._output import OutputFolder
from venire.io import DataError, _tables_in
from venire.priors import GaussianPrior
from venire.streaming._engine import DEFAULT_MEMORY, label_types, settled
from venire.streaming._job import WEAK_PRIOR, Job, Tally
from venire.streaming._plan import cut
from venire.streaming._run import GroupsSummary
from venire.streaming._scan import Scan, Unit, merged

__all__ = ["fit_groups", "run"]

_MOST = 1 << 20  # rows that a task reads at a time
_UNIT = 1 << 21  # rows of a file that are read by one task, unless a row group has more
_PARTS, _SMALL, _LARGE = 64, 1 << 16, 1 << 22  # number of parts to aim at; rows of one

Progress = Callable[[str, int, int], None]
Path = str | os.PathLike[str]


def fit_groups(
    source: Path,
    output: Path,
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
    prior: GaussianPrior | None = WEAK_PRIOR,
    order_effect: bool = False,
    tol: float = 1e-9,
    max_iter: int | None = None,
    errors: bool = True,
    scale: str | None = None,
    client: Any = None,
    scheduler: str | None = None,
    n_workers: int | None = None,
    memory: int = DEFAULT_MEMORY,
    rows_per_part: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> GroupsSummary:
    """Fit the groups of a folder of Parquet files on a Dask cluster.

    Parameters
    ----------
    source : path-like
        A folder of Parquet files, or one file. Every worker must see it, and the place of the
        output, under the same path.
    output : path-like
        A folder, which appears whole or not at all: ``part-00000.parquet`` and so on, in the order
        of the groups, and ``_summary.json``. An output of an earlier run is replaced.
    group, first, second : str
        Columns of labels.
    outcome, mapping, score, first_score, second_score, win, loss, tie, weight, order, neutral
        As for `venire.io.read_grouped`.
    model, prior, order_effect, tol, max_iter
        As for `venire.fit_groups`.
    errors, scale
        As for `venire.streaming.fit_groups`.
    client : distributed.Client, optional
        The cluster to use; it is left open.
    scheduler : str, optional
        Or the address of its scheduler, as in ``tcp://host:8786``.
    n_workers : int, optional
        Or how many processes to start on this machine; default: one for each two CPUs.
    memory : int, default 4 GiB
        Bytes that a worker may need for one task, about. Local processes share it.
    rows_per_part : int, optional
        Rows of comparisons behind one part at most, unless a group has more; default: 1/64 of all,
        but 65,536 to 4,194,304.
    n_threads : int, optional
        Threads of a task; default: the CPUs shared among local processes, 1 on another's cluster.
    progress : callable, optional
        As for `venire.streaming.fit_groups`.

    Returns
    -------
    GroupsSummary

    Raises
    ------
    DataError
        If a file cannot be read or written or holds a bad value; the message names file, row and
        column, whichever worker found it. If workers die again and again.
    ImportError
        If Dask is not installed.
    OSError
        If no scheduler answers.

    Notes
    -----
    Each file (a large one in several stretches of row groups) is scanned for its groups. Those that
    are in one place only are fitted by the worker that reads it, and only the fits move; the rows
    of groups that are spread over files move to the worker that writes their part. Tasks depend on
    their arguments and the files alone: the parts
    are those of `venire.streaming.fit_groups`, bit for bit at one instruction set, for any number
    of workers, and if workers die on the way.

    A worker holds the largest batch of a file (see `memory`), the fits and moved rows that wait for
    their part, and one part.

    Examples
    --------
    >>> from venire.distributed import fit_groups
    >>> done = fit_groups(
    ...     "votes/", "ratings/", group="query", first="a", second="b", score="p", n_workers=4
    ... )  # doctest: +SKIP
    """
    columns = Columns(
        group=group, first=first, second=second, outcome=outcome, mapping=mapping, score=score,
        first_score=first_score, second_score=second_score, win=win, loss=loss, tie=tie,
        weight=weight, order=order, neutral=neutral,
    )  # fmt: skip
    job = Job(
        columns.of_groups(),
        model, prior, order_effect, False, tol, max_iter, errors, scale,
    )  # fmt: skip
    return run(
        job, source, output, client=client, scheduler=scheduler, n_workers=n_workers,
        memory=memory, rows_per_part=rows_per_part, n_threads=n_threads, progress=progress,
    )  # fmt: skip


def run(
    job: Job,
    source: Path,
    output: Path,
    *,
    client: Any = None,
    scheduler: str | None = None,
    n_workers: int | None = None,
    memory: int = DEFAULT_MEMORY,
    rows_per_part: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> GroupsSummary:
    """Do a job; see `fit_groups`."""
    start = time.monotonic()
    files = _tables_in.files_of(source)
    if not _tables_in.comes_in_pieces(files[0]):
        raise DataError(source, "is a text file; a cluster reads Parquet files")
    units = [unit for file in files for unit in _units(os.path.abspath(file))]
    tell = progress or (lambda what, done, total: None)
    with (
        OutputFolder(output, source) as folder,
        connected(client, scheduler, n_workers, n_threads) as (active, threads),
    ):
        if client is None and scheduler is None:
            memory //= max(len(active.nthreads()), 1)
        work = _Work(active, job, source, memory, threads, tell)
        try:
            parts, n_rows = work.done(units, folder.staging, rows_per_part)
        finally:
            work.forget()
        tally = Tally()
        for part in parts:
            tally.merge(part.tally)
        facts = job.facts() | {
            "n_groups": tally.n_groups,
            "n_items": tally.n_items,
            "n_rows": n_rows,
            "counts": tally.counts,
            "parts": [_described(part) for part in parts],
        }
        written = folder.publish([part.name for part in parts], facts)
    seconds = time.monotonic() - start
    return GroupsSummary(
        tally.n_groups, tally.n_items, n_rows, tally.counts, tally.examples, seconds, [], written
    )


def _described(part: _tasks.Part) -> dict[str, Any]:
    def plain(label: Any) -> Any:
        return label.item() if isinstance(label, np.generic) else label

    return {
        "name": part.name,
        "first_group": plain(part.first),
        "last_group": plain(part.last),
        "n_groups": part.tally.n_groups,
        "n_items": part.tally.n_items,
    }


class _Work:
    """The tasks of one run on a cluster."""

    def __init__(
        self, client: Any, job: Job, source: Path, memory: int, n_threads: int, tell: Progress
    ) -> None:
        self._client, self._job, self._source = client, job, source
        self._memory, self._threads, self._tell = memory, n_threads, tell
        self._token = secrets.token_hex(4)  # results of another run are not taken for ours
        self._pending: list[Any] = []  # futures that are not done

    def done(
        self, units: Sequence[Unit], folder: str, rows_per_part: int | None
    ) -> tuple[list[_tasks.Part], int]:
        """Have everything fitted and written to the folder; the parts and the number of rows."""
        most = int(np.clip(self._memory // 2000, 1 << 14, _MOST))
        futures = [
            self._submit("scan", k, _tasks.scan, unit, self._job, most, self._threads)
            for k, unit in enumerate(units)
        ]
        found: dict[int, Scan] = {}
        for at, one in self._completed(futures):
            found[at] = one
            self._tell("reading", sum(scan.n_rows for scan in found.values()), 0)
        scans = [found[at] for at in range(len(units))]
        job, types = settled(scans, self._job, self._source)
        groups = merged([one.groups for one in scans])
        n_rows = int(groups.rows.sum())
        if rows_per_part is None:
            rows_per_part = min(max(n_rows // _PARTS, _SMALL), _LARGE)
        share = _tasks.Share(
            job, types, job.schema(*label_types(scans, job)),
            groups.labels[cut(groups.rows, rows_per_part)], most, self._memory, self._threads,
        )  # fmt: skip
        return self._fit(scans, futures, share, folder, len(groups.labels)), n_rows

    def _fit(
        self,
        scans: Sequence[Scan],
        scanned: Sequence[Any],
        share: _tasks.Share,
        folder: str,
        n_groups: int,
    ) -> list[_tasks.Part]:
        futures: list[Any] = []
        gains: list[int] = []  # groups that are fitted once the future is done
        n_parts = len(share.part_starts)
        fitted: list[list[Any]] = [[] for _ in range(n_parts)]
        moved: list[list[Any]] = [[] for _ in range(n_parts)]
        origins: list[list[str]] = [[] for _ in range(n_parts)]
        late: list[list[Any]] = [[] for _ in range(n_parts)]  # labels of spread groups
        for k, (one, spread) in enumerate(zip(scans, _spread(scans), strict=True)):
            apart = np.isin(one.groups.labels, spread)
            if not apart.all():
                whole = self._submit("fit", k, _tasks.fit_whole_groups, scanned[k], spread, share)
                futures.append(whole)
                gains.append(int((~apart).sum()))
                for part in np.unique(share.part_of(one.groups.labels[~apart])).tolist():
                    fitted[part].append(
                        self._submit("fits", (k, part), operator.getitem, whole, part)
                    )
            if len(spread):
                rows = self._submit("split", k, _tasks.split, scanned[k], spread, share)
                parts = share.part_of(spread)
                for part in np.unique(parts).tolist():
                    moved[part].append(
                        self._submit("rows", (k, part), operator.getitem, rows, part)
                    )
                    origins[part].append(one.unit.path)
                    late[part].append(spread[parts == part])
        n_first = len(futures)
        metadata = {"venire": json.dumps(self._job.facts())}
        for part in range(n_parts):
            futures.append(
                self._submit(
                    "write", part, _tasks.finish, f"part-{part:05d}.parquet", fitted[part],
                    moved[part], origins[part], share, folder, metadata,
                )
            )  # fmt: skip
            gains.append(len(np.unique(np.concatenate(late[part]))) if late[part] else 0)
        del fitted, moved  # a result that nobody asks for any more is let go
        parts_done: dict[int, _tasks.Part] = {}
        n_fitted = 0
        self._tell("fitting", 0, n_groups)
        for at, result in self._completed(futures, keep=n_first):
            n_fitted += gains[at]
            self._tell("fitting", n_fitted, n_groups)
            if at >= n_first:
                parts_done[at - n_first] = result
        return [parts_done[part] for part in range(n_parts)]

    def _submit(self, what: str, which: Any, task: Callable[..., Any], *arguments: Any) -> Any:
        key = f"{what}-{self._token}-{which}"
        return self._client.submit(task, *arguments, key=key, pure=False)

    def _completed(self, futures: Sequence[Any], keep: int = 0) -> Iterator[tuple[int, Any]]:
        """Position and result of each future as it is done; None for those before `keep`.

        What is done is let go, so that the workers need not hold what nobody asks for.
        """
        from distributed import KilledWorker, as_completed

        position = {future.key: at for at, future in enumerate(futures)}
        self._pending = list(futures)
        waiting = as_completed(self._pending, loop=self._client.loop)
        del futures
        try:
            for future in waiting:
                at = position[future.key]
                self._pending[at] = None
                failed = future.status != "finished"
                result = future.result() if failed or at >= keep else None
                del future
                yield at, result
        except KilledWorker as error:
            raise DataError(
                self._source,
                f"workers died again and again over one task ({error.task}); have they enough "
                "memory?",
            ) from None

    def forget(self) -> None:
        """Ask for nothing any more: what has not begun is dropped by the scheduler."""
        for future in self._pending:
            if future is not None:
                future.release()
        self._pending = []


def _units(path: str) -> list[Unit]:
    """A file, cut where that gives several workers something to do."""
    rows = _tables_in.rows_of_groups(path)
    if sum(rows) <= _UNIT:
        return [Unit(path)]
    starts = [*cut(np.array(rows), _UNIT).tolist(), len(rows)]
    before = np.concatenate([[0], np.cumsum(rows)]).tolist()
    return [Unit(path, range(a, b), before[a]) for a, b in pairwise(starts)]


def _spread(scans: Sequence[Scan]) -> list[np.ndarray]:
    """For each unit the groups that it shares with others."""
    encoder = Encoder(("group",), n_threads=1)
    for one in scans:
        encoder.add(one.groups.labels)
    _, (codes,) = encoder.finish()
    again = np.bincount(codes)[codes] > 1
    ends = np.cumsum([len(one.groups.labels) for one in scans])
    return [
        one.groups.labels[again[end - len(one.groups.labels) : end]]
        for one, end in zip(scans, ends, strict=True)
    ]
