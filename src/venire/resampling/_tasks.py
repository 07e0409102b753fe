"""Replicates as tasks of an executor, each a block of them (or of groups), whoever does it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from venire._core.executor import Executor
from venire.resampling._engine import LANES, Batch, engine_of
from venire.resampling._group_engine import GroupEngine, GroupReplicates
from venire.resampling._groups import joined, probabilities, statistics

__all__ = ["Shared", "grouped", "single"]

_TASKS = 64  # of a bootstrap, about


class Shared:
    """A fit that tasks resample; a process makes its engine once, for each of its threads.

    Parameters
    ----------
    make : callable
        Of the engine.
    *options
        Its arguments, but for the number of threads.
    """

    def __init__(self, make: Callable[..., Any], *options: Any) -> None:
        self._make, self._options = make, options
        self._engines: dict[tuple[int, int], Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_engines": {}}

    def engine(self, n_threads: int) -> Any:
        """The engine of this thread."""
        of = (threading.get_ident(), n_threads)
        if of not in self._engines:
            self._engines[of] = self._make(*self._options, n_threads)
        return self._engines[of]


def _single(fit: Any, scheme: str, key: Any, tol: float, unit: str, n_threads: int) -> Any:
    return engine_of(fit, scheme, key, tol, n_threads, unit)


def _groups(fit: Any, scheme: str, key: Any, tol: float, unit: str, n_threads: int) -> GroupEngine:
    return GroupEngine(fit, scheme, unit, key, tol, n_threads)


def single(tasks: Executor, b: Any, engine: Any, start: int, stop: int, tell: Any) -> list[Batch]:
    """The replicates start <= r < stop of a single fit, in blocks.

    Blocks are cut by the number of replicates alone, whatever the workers.
    """
    lanes = 1 if engine.inverse is None else LANES
    step = -(-(stop - start) // (_TASKS * lanes)) * lanes
    shared = tasks.share("fit", b.key, Shared(_single, b.fit, b.scheme, b.key, b.tol, engine.unit))
    _, n_threads = tasks.limits(0, b.n_threads if not tasks.apart else None)
    ranges = [(low, min(low + step, stop)) for low in range(start, stop, step)]
    pending = [
        tasks.submit("replicates", at, _replicates, shared, low, high, n_threads or 1)
        for at, (low, high) in enumerate(ranges)
    ]
    found: dict[int, Batch] = {}
    done = start
    for at, batch in tasks.completed(pending):
        found[at] = batch
        done += ranges[at][1] - ranges[at][0]
        if tell is not None:
            tell(done, stop)
    return [found[at] for at in range(len(ranges))]


def _replicates(shared: Shared, start: int, stop: int, n_threads: int) -> Batch:
    return shared.engine(n_threads).run(start, stop)


def grouped(tasks: Executor, b: Any, engine: GroupEngine, end: int, tell: Any) -> Any:
    """The replicates 0 <= r < end of all groups, a range of groups to each task.

    Returns
    -------
    dict, GroupReplicates or None
        What a `GroupedBootstrap` holds of them, and they themselves where they are kept.
    """
    keep, n_groups = b.keep == "draws", engine.g.n_groups
    shared = tasks.share("fit", b.key, Shared(_groups, b.fit, b.scheme, b.key, b.tol, b.unit))
    _, n_threads = tasks.limits(0, b.n_threads if not tasks.apart else None)
    ranges = list(engine.batches(end))
    pending = [
        tasks.submit("groups", at, _of_groups, shared, *own, end, b.levels, keep, n_threads or 1)
        for at, own in enumerate(ranges)
    ]
    draws = engine.room(end, 0, n_groups) if keep else None
    found: dict[int, Any] = {}
    done, offsets = 0, engine.g.offsets
    for at, (part, replicates) in tasks.completed(pending):
        start, stop = ranges[at]
        found[at] = part
        if draws is not None:
            items = slice(int(offsets[start]), int(offsets[stop]))
            to = draws.part(slice(0, end), items, slice(start, stop))
            for new, old in zip(to, replicates, strict=True):
                if new is not None:
                    new[:] = old
        done += stop - start
        if tell is not None:
            tell(done, n_groups)
    return joined([found[at] for at in range(len(ranges))]), draws


def _of_groups(
    shared: Shared,
    start: int,
    stop: int,
    end: int,
    levels: tuple[float, ...],
    keep: bool,
    n_threads: int,
) -> tuple[dict[str, Any], GroupReplicates | None]:
    engine = shared.engine(n_threads)
    new = engine.room(end, start, stop)
    engine.run(new, start, stop, 0, end)
    part = statistics(new, engine.g.offsets[start : stop + 1], probabilities(levels), n_threads)
    return part, new if keep else None
