"""Which pairs come next, and who is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.distillation._ledger import ANSWERED, PENDING, Ledger
from venire.distillation._settings import Settings
from venire.distillation._universe import Universe

__all__ = ["Pairs", "assign", "live_asks", "reassign", "stacked"]


class Pairs(NamedTuple):
    """Pairs in the order shown, as positions; `rank` is each one's place within its group."""

    group: NDArray[Any]
    first: NDArray[Any]
    second_group: NDArray[Any]
    second: NDArray[Any]
    rank: NDArray[Any]

    def select(self, rows: Any) -> Pairs:
        """Some of them."""
        return Pairs(*(column[rows] for column in self))


def stacked(*parts: Pairs) -> Pairs:
    """One after the other."""
    return Pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def live_asks(ledger: Ledger, *, unanswered: bool = False) -> NDArray[np.int64]:
    """Asks within groups that count: with an answer, or still waiting for one.

    With `unanswered` only those that have no answer at all yet.
    """
    answered, pending = ledger.per_ask(ANSWERED), ledger.per_ask(PENDING)
    live = (answered == 0) & (pending > 0) if unanswered else (answered + pending) > 0
    return np.flatnonzero(live & ~ledger.bridge())


def assign(
    settings: Settings, active: Sequence[bool], group: NDArray[Any], position: NDArray[Any]
) -> NDArray[np.int16]:
    """Teachers of each ask, (n_asks, votes per ask).

    One teacher takes turns with the others: number (position + group) of the rotation, cyclically.
    A panel of k are the k that follow one another from there; a panel by name is the same always.

    Raises
    ------
    ValueError
        If no teacher is left.
    """
    turn = np.asarray(position, np.int64) + np.asarray(group, np.int64)
    named = isinstance(settings.panel, tuple)
    pattern = [t for t in (settings.panel if named else settings.rotation) if active[t]]  # type: ignore[union-attr]
    if not pattern:
        raise ValueError("no teacher is left: all those to be asked were withdrawn")
    table = np.array(pattern, np.int16)
    if named:
        return np.broadcast_to(table, (len(turn), len(table)))
    k = min(settings.votes_per_ask, len(table))
    return table[(turn[:, None] + np.arange(k)) % len(table)]


def reassign(
    settings: Settings, active: Sequence[bool], ledger: Ledger, closed: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """New requests (ask, teacher) in place of closed ones.

    Each goes to the next active teacher in turn who is not on that ask already; an ask that all of
    them are on gets none.
    """
    pattern = np.array([t for t in dict.fromkeys(settings.rotation) if active[t]], np.int16)
    ask = ledger.ask[closed]
    teacher = np.full(len(closed), -1, np.int16)
    if not len(pattern):
        return ask[:0], teacher[:0]
    n = len(settings.teachers)
    taken = ledger.ask[np.isin(ledger.ask, ask)] * n + ledger.teacher[np.isin(ledger.ask, ask)]
    turn = np.arange(len(closed))
    for shift in range(len(pattern)):
        left = np.flatnonzero(teacher < 0)
        candidate = pattern[(turn[left] + shift) % len(pattern)]
        key = ask[left] * n + candidate
        once = np.zeros(len(left), bool)  # two closed requests of one ask may want one teacher
        once[np.unique(key, return_index=True)[1]] = True
        free = once & ~np.isin(key, taken)
        teacher[left[free]] = candidate[free]
        taken = np.concatenate([taken, key[free]])
    done = teacher >= 0
    return ask[done], teacher[done]


def affordable(
    settings: Settings, teachers: NDArray[np.int16], rank: NDArray[Any], group: NDArray[Any],
    cost: float,
) -> NDArray[np.int64]:  # fmt: skip
    """The asks that `cost` pays for, lowest ranks first: positions, ascending."""
    each = np.array(settings.costs)[teachers].sum(axis=1)
    order = np.lexsort((group, rank))
    paid = np.cumsum(each[order]) <= cost * (1 + 1e-12)
    return np.sort(order[paid])


def ranks(universe: Universe, group: NDArray[Any]) -> NDArray[np.int64]:
    """Place of each row within its group, in the order of the rows."""
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], np.arange(universe.n_groups))
    out = np.empty(len(group), np.int64)
    out[order] = np.arange(len(group)) - start[group[order]]
    return out
