"""Who is asked: teachers in rotation or in panels, what they cost, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core.arrays import first_seen
from venire.distillation._ledger import Ledger
from venire.distillation._settings import Settings

__all__ = ["affordable", "assign", "prices", "stand_ins"]


def _in_turn(settings: Settings, active: Sequence[bool]) -> NDArray[np.int16]:
    """Positions of the teachers of one period of the rotation that are still there."""
    turns = settings.positions(settings.rotation or settings.teachers)
    return np.array([t for t in turns if active[t]], np.int16)


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
    if named:
        table = np.array([t for t in settings.positions(settings.panel) if active[t]], np.int16)  # type: ignore[arg-type]
    else:
        table = _in_turn(settings, active)
    if not len(table):
        raise ValueError("no teacher is left: all those to be asked were withdrawn")
    if named:
        return np.broadcast_to(table, (len(turn), len(table)))
    k = min(settings.votes_per_ask, len(table))
    return table[(turn[:, None] + np.arange(k)) % len(table)]


def stand_ins(
    settings: Settings, active: Sequence[bool], ledger: Ledger, closed: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """New requests (ask, teacher) in place of closed ones.

    Each goes to the next active teacher in turn who is not on that ask already; an ask that all of
    them are on gets none.
    """
    pattern = np.array(list(dict.fromkeys(_in_turn(settings, active).tolist())), np.int16)
    ask = ledger.ask[closed]
    teacher = np.full(len(closed), -1, np.int16)
    n = len(settings.teachers)
    there = np.isin(ledger.ask, ask)
    taken = ledger.ask[there] * n + ledger.teacher[there]
    turn = np.arange(len(closed))
    for shift in range(len(pattern)):
        left = np.flatnonzero(teacher < 0)
        candidate = pattern[(turn[left] + shift) % len(pattern)]
        key = ask[left] * n + candidate
        # two closed requests of one ask may want one teacher
        free = first_seen(key) & ~np.isin(key, taken)
        teacher[left[free]] = candidate[free]
        taken = np.concatenate([taken, key[free]])
    done = teacher >= 0
    return ask[done], teacher[done]


def prices(settings: Settings, teachers: NDArray[np.int16]) -> NDArray[np.float64]:
    """What each ask costs."""
    return settings.prices[teachers].sum(axis=1)


def affordable(
    settings: Settings, teachers: NDArray[np.int16], rank: NDArray[Any], group: NDArray[Any],
    cost: float,
) -> NDArray[np.int64]:  # fmt: skip
    """The asks that `cost` pays for, lowest ranks first: positions, ascending."""
    order = np.lexsort((group, rank))
    paid = np.cumsum(prices(settings, teachers)[order]) <= cost * (1 + 1e-12)
    return np.sort(order[paid])
