"""Units added up by workers: their sums stay there, and are folded there.

=====  ==========================================================================================
task   what it does
=====  ==========================================================================================
sums   reads a unit and adds it up
split  cuts the sums of a unit into pieces, by the labels of the cells
fold   merges the k-th pieces of some units, in their order, into the fold of those before
=====  ==========================================================================================

The last folds, which have no cell in common, come here and are put together. A cell is summed in
the order of the units, as in one process: the same bits, of soft scores too. A piece moves once,
and a fold stays where it is, or moves with it. A worker holds what it reads, the pieces of about an
eighth of the units, or of 16, and its share of the folds; and this process all cells once.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from venire._core.executor import Executor, SetAside
from venire.io.units import Unit

__all__ = ["folded"]

_PIECES = 8  # that sums are cut into
_STEPS, _LEAST = 8, 16  # folds one after the other, about; units of one, at least


def folded(
    tasks: Executor,
    function: Callable[[Unit, Any], Any],
    units: Sequence[Unit],
    how: Any,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Any:
    """The sums of all units.

    Parameters
    ----------
    tasks : Executor
        With workers of its own.
    function : callable
        Sums of a unit, and of how it is read; of top level.
    units : sequence of Unit
    how : How
        `empty()` has no rows, and `restored(piece)` is what `split` of sums gave.
    tell : callable
        Called with how many units are read, and how many there are.
    """
    memory, n_threads = tasks.limits(how.memory or 0, how.n_threads)
    own = how.within(memory or None, n_threads)
    shared = tasks.share("how", 0, own)
    n_pieces = min(_PIECES, len(units))
    read: list[Any] = []
    pieces: list[list[Any]] = [[] for _ in range(n_pieces)]
    folds: list[Any] = [None] * n_pieces
    step = max(_LEAST, -(-len(units) // _STEPS))
    for k, unit in enumerate(units):
        sums = tasks.submit("sums", unit.number or k, function, unit.absolute(), shared)
        read.append(sums)
        cut = tasks.submit("split", k, split, sums, n_pieces)
        for at, some in enumerate(pieces):
            some.append(tasks.submit("piece", (k, at), operator.getitem, cut, at))
        if (k + 1) % step == 0 or k + 1 == len(units):
            for at, some in enumerate(pieces):
                folds[at] = tasks.submit("fold", (k, at), fold, folds[at], some, shared)
            pieces = [[] for _ in range(n_pieces)]
    del sums, cut, some, pieces  # a result that nobody asks for any more is let go
    total, n_read = how.empty(), 0
    pending, folds = [*read, *folds], []
    read.clear()
    n_units = len(units)
    for at, found in tasks.completed(pending, n_units):
        pending[at] = None
        if at < n_units:
            n_read += 1
            tell(n_read, n_units)
        elif not isinstance(found, SetAside):
            total.merge(found)
        del found
    return total


def split(sums: Any, n: int) -> list[Any]:
    """The pieces of some sums; None: of a unit that is done without."""
    return sums.split(n) if hasattr(sums, "split") else [None] * n


def fold(before: Any, pieces: Sequence[Any], how: Any) -> Any:
    """Pieces of the same number, merged into those before."""
    total = how.empty()
    if before is not None:
        total.merge(before)
    for piece in pieces:
        if piece is not None:
            total.merge(how.restored(piece))
    return total
