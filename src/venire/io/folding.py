"""Units added up by workers: their sums stay there, and are folded there.

=====  ==========================================================================================
task   what it does
=====  ==========================================================================================
sums   reads some units, adds them up, and cuts the sums into pieces, by the labels of the cells
piece  one of these, of all units of the task
fold   merges the k-th pieces of some tasks, in their order, into the fold of those before
=====  ==========================================================================================

The last folds, which have no cell in common, come here and are put together. A cell is summed in
the order of the units, as in one process: the same bits, of soft scores too; where sums are exact
the units of a task are added up together. A piece moves once. A worker holds what it reads, the
pieces of about a quarter of the tasks, and its share of the folds; this process all cells once.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from venire._core.executor import Executor
from venire.io.units import Unit

__all__ = ["folded"]

_PIECES = 8  # that sums are cut into
_TASKS = 4  # that read, about, for each that is done at the same time

Function = Callable[..., Any]
Tell = Callable[[int, int], None]


class Bundle(NamedTuple):
    """The pieces of one number that a task gave, or what they were merged into."""

    pieces: list[Any]
    is_joined: bool  # units were added up together, as if sums were exact


def folded(
    tasks: Executor,
    function: Function,
    units: Sequence[Unit],
    how: Any,
    tell: Tell = lambda done, of: None,
) -> Any:
    """The sums of all units.

    Parameters
    ----------
    tasks : Executor
        With workers of its own.
    function : callable
        Sums of a unit, of how it is read, and of the rows before; of top level.
    units : sequence of Unit
    how : How
        `empty()` has no rows, `restored(piece)` is what `split` of sums gave, and `exact(sums)`
        says whether their order is all the same.
    tell : callable
        Called with how many units are read, and how many there are.
    """
    memory, n_threads = tasks.limits(how.memory or 0, how.n_threads)
    own = how.within(memory or None, n_threads)
    for joined in (not tasks.keeps, False):
        total, was_joined = _folded(tasks, function, units, own, tell, joined)
        if how.exact(total) or not was_joined:
            break  # else some sums were exact, and are not in the company of the others
    return total


def _folded(
    tasks: Executor, function: Function, units: Sequence[Unit], how: Any, tell: Tell, joined: bool
) -> tuple[Any, bool]:
    shared = tasks.share("how", 0, how)
    n, n_pieces = len(units), min(_PIECES, len(units))
    parts = np.array_split(np.arange(n), -(-n // -(-n // (_TASKS * tasks.at_once))))
    steps = np.array_split(np.arange(len(parts)), min(_TASKS, len(parts)))
    pending: list[Any] = []
    gains: list[int] = []  # units that are read once the task is done
    folds: list[Any] = [None] * n_pieces
    for k, step in enumerate(steps):
        pieces: list[list[Any]] = [[] for _ in range(n_pieces)]
        for part in step.tolist():
            some = [units[at].absolute() for at in parts[part].tolist()]
            if tasks.keeps:
                pending += [tasks.submit("sums", u.number, function, u, shared) for u in some]
                gains += [1] * len(some)
                cut = tasks.submit("split", part, split, pending[-len(some) :], n_pieces)
            else:
                cut = tasks.submit("sums", part, read, function, some, shared, n_pieces, joined)
                pending.append(cut)
                gains.append(len(some))
            for at, own in enumerate(pieces):
                own.append(tasks.submit("piece", (part, at), operator.getitem, cut, at))
        for at, own in enumerate(pieces):
            folds[at] = tasks.submit("fold", (k, at), fold, folds[at], own, shared)
    n_read, done = len(pending), 0
    pending += folds
    del folds, pieces, own, cut  # a result that nobody asks for any more is let go
    total, was_joined = how.empty(), False
    for at, found in tasks.completed(pending, n_read):
        pending[at] = None
        if at < n_read:
            done += gains[at]
            tell(done, n)
        else:
            total.merge(found.pieces[0])
            was_joined = was_joined or found.is_joined
        del found
    return total, was_joined


# ---- tasks --------------------------------------------------------------------------------------


def read(function: Function, units: Sequence[Unit], how: Any, n: int, joined: bool) -> list[Bundle]:
    """Units added up and cut into `n` pieces: together, if they may be and sums are exact."""
    first = function(units[0], how)
    if joined and len(units) > 1 and how.exact(first):
        for unit in units[1:]:
            function(unit, how, first)
            if not how.exact(first):
                return read(function, units, how, n, False)
        return split([first], n, True)
    return split([first, *(function(unit, how) for unit in units[1:])], n)


def split(sums: Sequence[Any], n: int, joined: bool = False) -> list[Bundle]:
    """Sums cut into pieces of `n` numbers; those of units that are done without have none."""
    cut = [one.split(n) for one in sums if hasattr(one, "merge")]
    return [Bundle([pieces[k] for pieces in cut], joined) for k in range(n)]


def fold(before: Bundle | None, bundles: Sequence[Bundle], how: Any) -> Bundle:
    """The pieces of one number, merged into those before."""
    total, joined = how.empty(), before is not None and before.is_joined
    if before is not None:
        total.merge(before.pieces[0])
    for bundle in bundles:
        joined = joined or bundle.is_joined
        for piece in bundle.pieces:
            if piece is not None:
                total.merge(how.restored(piece))
    return Bundle([total], joined)
