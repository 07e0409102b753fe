"""Ballots of votes: which items, shown to whom, checked and numbered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks

__all__ = ["MOST", "Ballots", "counts", "integers", "numbers", "position", "tag", "turn"]

POSITIONS, GROUPS = 20, 20  # bits of an item's number: its position, its group
TEACHER_AT = POSITIONS + GROUPS  # the bits above hold the teacher (16), and then what is drawn
PURPOSE_AT = TEACHER_AT + 16
MOST = 1 << POSITIONS  # items of a group, and groups
MOST_RUNS = 1 << 23
BLOCK = 1 << 15


def numbers(group: NDArray[np.int64], position: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for each item that does not depend on what else there is."""
    return (group << POSITIONS) + position


def position(number: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Group and position of items by number."""
    return number >> POSITIONS, number & (MOST - 1)


@dataclass(frozen=True)
class Ballots:
    """Items by number (group, position), teachers and runs; all int64 of one length."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    teacher: NDArray[np.int64]
    run: NDArray[np.int64]

    @classmethod
    def read(
        cls,
        n_items: NDArray[np.int64],
        n_teachers: int,
        group: Any,
        first: Any,
        second: Any,
        teacher: Any,
        second_group: Any,
        run: Any,
    ) -> Ballots:
        """Arguments of `World.vote`, checked."""
        group = checks.column(group, "group")
        other = group if second_group is None else second_group
        columns = {
            "group": group, "first": first, "second": second, "teacher": teacher,
            "second_group": other, "run": run,
        }  # fmt: skip
        g, i, j, t, h, r = integers(columns)
        _within(g, len(n_items), "group")
        _within(h, len(n_items), "second_group")
        _within(i, n_items[g], "first")
        _within(j, n_items[h], "second")
        _within(t, n_teachers, "teacher")
        _within(r, MOST_RUNS, "run")
        one, two = numbers(g, i), numbers(h, j)
        checks.every(one != two, "second", "is the same item as first", j)
        return cls(one, two, t, r)

    def blocks(self) -> list[Ballots]:
        columns = (self.first, self.second, self.teacher, self.run)
        return [
            Ballots(*(column[start : start + BLOCK] for column in columns))
            for start in range(0, len(self.first), BLOCK)
        ]


def tag(purpose: int, teacher: Any = None) -> Any:
    """The upper bits of a counter."""
    word = np.uint64(purpose << PURPOSE_AT)
    return word if teacher is None else word | (teacher.astype(np.uint64) << np.uint64(TEACHER_AT))


def integers(columns: dict[str, Any]) -> list[NDArray[np.int64]]:
    """The columns as int64 of one length."""
    n = 1
    arrays = []
    for name, column in columns.items():
        array = checks.integers(column, name)
        if array.ndim > 1:
            checks.fail(name, f"must be one-dimensional, has {array.ndim} dimensions")
        if array.ndim == 1:
            if n not in (1, len(array)) and len(array) != 1:
                checks.fail(name, f"has {len(array)} rows, but there are {n} requests")
            n = len(array) if n == 1 else n
        arrays.append(array)
    return [np.broadcast_to(a.astype(np.int64), (n,)) for a in arrays]


def _within(x: NDArray[np.int64], end: Any, name: str) -> None:
    end = np.broadcast_to(end, x.shape)
    bad = np.flatnonzero((x < 0) | (x >= end))
    if len(bad):
        checks.fail(name, f"must be between 0 and {end[bad[0]] - 1}", int(bad[0]), x[bad[0]])


def turn(run: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Upper bits of the other counter: the run."""
    return run.astype(np.uint64) << np.uint64(TEACHER_AT)


def counts(n_groups: int, n_items: Any) -> NDArray[np.int64]:
    """Items of each group, checked."""
    n_groups = checks.whole(n_groups, "n_groups", 1, MOST)
    found = checks.integers(n_items, "n_items")
    if found.ndim and found.shape != (n_groups,):
        checks.fail("n_items", f"has shape {found.shape}, but there are {n_groups} groups")
    found = np.broadcast_to(found, (n_groups,))
    good = (found >= 1) & (found <= MOST)
    checks.every(good, "n_items", f"must be between 1 and {MOST:,}", found)
    return found.astype(np.int64)
