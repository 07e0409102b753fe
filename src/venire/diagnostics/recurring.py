"""Check of recurrence: a run of rows that comes again, and rows each followed by its copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, MOST, Finding
from venire.diagnostics._records import BLOCK, Block, Records
from venire.diagnostics._store import Column, Store, by_key

__all__ = ["blocks"]

Numbers = NDArray[np.uint64]
_CERTAIN = 25.0  # nats: a block that recurs by chance is this improbable, corrected for all places
_P, _Q = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


def blocks(e: Evidence) -> Iterator[Finding]:
    """A run of rows that comes again, and rows each followed by its copy."""
    r = e.records
    if r is None or not r.are_rows or len(r) < 40:
        return
    found = False
    run = _recurring(e, r)
    if run is not None:
        found = True
        start, again, length, total = run
        yield Finding(
            "repeated block", GRAVE,
            f"rows {e.place(again)} to {e.place(again + length - 1)} are rows {e.place(start)} to "
            f"{e.place(start + length - 1)} once more, pair by pair with the same winners"
            + (f"; {total:,} rows repeat so." if total > length else "."),
            {"rows": total, "share": total / len(r)},
            {"rows": tuple(range(again, min(again + length, again + MOST)))},
            "A file, or a part of it, was put together twice: keep one.", 12.0 + total / len(r),
        )  # fmt: skip
    echo = _echoes(e, r)
    if echo is not None:
        found = True
        share, rows = echo
        yield Finding(
            "rows doubled", GRAVE,
            f"{share:.0%} of the rows are followed by a row of the same pair, in the same order, "
            "with the same outcome, far more often than chance would have it.",
            {"share": share, "rows": share * len(r)}, {"rows": rows},
            "Each row seems to be written twice: keep one.", 12.0 + share,
        )  # fmt: skip
    if not found:
        yield Finding("repeated block", FINE, "no run of rows comes twice.")


def _results(e: Evidence, block: Block) -> Numbers:
    """A number of each row's pair and of what came of it, whoever of the two stands first."""
    key = np.where(block.first > block.second, 1.0 - block.score, block.score)
    key *= 1e6
    mixed = key.astype(np.uint64)
    mixed += block.pair(len(e.items)).view(np.uint64) * _P
    mixed ^= mixed >> np.uint64(29)
    mixed *= _Q
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _told(e: Evidence, block: Block) -> NDArray[np.float64]:
    """How improbable the outcomes of these rows were, in nats; one rare outcome is not many."""
    _, mean, _, tie = e.chances(block)
    share = tie if e.fit.tie is not None else np.full(len(block), e.tie_share)
    score, left = block.score, 1.0 - share
    chance = np.where(score == 0.5, share, np.where(score > 0.5, mean * left, (1.0 - mean) * left))
    return -np.log(np.clip(chance, 0.2, 1.0))


# ---- runs that come again -----------------------------------------------------------------------


class _Windows(NamedTuple):
    """Stretches of `width` rows one after the other."""

    e: Evidence
    r: Records
    width: int
    need: float

    def __len__(self) -> int:
        return len(self.r) - self.width + 1

    def numbers(self) -> Iterator[tuple[Numbers, int, Block]]:
        """A number of each, by doubling; the first row; and the rows of these and their ends."""
        for start in range(0, len(self), BLOCK):
            stop = min(start + BLOCK, len(self)) + self.width - 1
            block = self.r.stretch(start, stop)
            roll, step = _results(self.e, block), 1
            while step < self.width:
                roll = (roll[:-step] * _P) ^ (roll[step:] + (roll[:-step] >> np.uint64(31)))
                step *= 2
            yield roll, start, block

    def told(self) -> Iterator[tuple[Numbers, NDArray[np.int64]]]:
        """The numbers, and twice the first row, and one more where the rows tell enough and few
        of them repeat the one before."""
        width = self.width
        for roll, start, block in self.numbers():
            key, n = _results(self.e, block), len(roll)
            total = np.cumsum(np.r_[0.0, _told(self.e, block)])
            calm = np.cumsum(np.r_[0, key[1:] == key[:-1]])
            enough = total[width : width + n] - total[:n] >= self.need
            enough &= calm[width - 1 : width - 1 + n] - calm[:n] < width // 4
            yield roll, 2 * np.arange(start, start + n) + enough


def _recurring(e: Evidence, r: Records) -> tuple[int, int, int, int] | None:
    """Where the longest block stands, where again, its length; and how many rows recur in all."""
    n = len(r)
    need = 2.0 * np.log(n) + _CERTAIN
    some = np.concatenate([_told(e, block) for block in r.every(max(n // 10_000, 1))])
    width = 1 << int(np.ceil(np.log2(max(need / max(float(some.mean()), 1e-6), 8.0))))
    if 2 * width > n:
        return None
    windows = _Windows(e, r, width, need)
    if not _any_again(windows):
        return None
    starts = np.zeros(n // 8 + 1, np.uint8)  # a bit for each row
    lags = Column(Store(r.room // 4), np.int64)
    for roll, row in by_key(windows.told, len(windows), r.room, row_bytes=16):
        by = np.argsort(roll, kind="stable")
        again = np.flatnonzero(roll[by[1:]] == roll[by[:-1]])
        earlier, later, enough = (
            row[by[again]] >> 1,
            row[by[again + 1]] >> 1,
            row[by[again + 1]] & 1,
        )
        keep = (later - earlier >= width) & (enough == 1)
        later = later[keep]
        np.bitwise_or.at(starts, later >> 3, (1 << (later & 7)).astype(np.uint8))
        lags.add(later - earlier[keep])
    if not len(lags):
        return None
    most = _most_often(lags, r.room)
    start, length = _longest(e, r, most)
    return start, start + most, length, max(_covered(starts, n, width), length)


def _any_again(windows: _Windows) -> bool:
    def rows() -> Iterator[tuple[Numbers]]:
        yield from ((roll,) for roll, _, _ in windows.numbers())

    for (roll,) in by_key(rows, len(windows), windows.r.room):
        roll = np.sort(roll)
        if (roll[1:] == roll[:-1]).any():
            return True
    return False


def _most_often(lags: Column, room: int) -> int:
    """The smallest of those that are there most often."""
    best = (0, 0)

    def rows() -> Iterator[tuple[Numbers]]:
        yield from ((x.view(np.uint64),) for x in lags.blocks(BLOCK))

    for (lag,) in by_key(rows, len(lags), room):
        values, counts = np.unique(lag.view(np.int64), return_counts=True)
        k = int(np.argmax(counts))
        best = min(best, (-int(counts[k]), int(values[k])))
    return best[1]


def _longest(e: Evidence, r: Records, lag: int) -> tuple[int, int]:
    """The first of the longest runs of rows that are those so many behind: start and length."""
    best, begun = (0, 0), -1
    for start in range(0, len(r) - lag, BLOCK):
        stop = min(start + BLOCK, len(r) - lag)
        here, there = (_results(e, r.stretch(start + x, stop + x)) for x in (0, lag))
        equal = np.r_[begun >= 0, here == there, False]
        turns = np.flatnonzero(equal[1:] != equal[:-1]).tolist()  # the last: the block's end
        for at in turns:
            if begun < 0:
                begun = start + at
            elif at < stop - start:
                best = max(best, (start + at - begun, -begun))
                begun = -1
    if begun >= 0:
        best = max(best, (len(r) - lag - begun, -begun))
    return -best[1], best[0]


def _covered(starts: NDArray[np.uint8], n: int, width: int) -> int:
    """Rows that one of the windows holds that begin there."""
    found, last = 0, -width
    for at in range(0, n, BLOCK):
        row = np.arange(at, min(at + BLOCK, n))
        bits = np.unpackbits(starts[at >> 3 : (at + BLOCK) >> 3 if at + BLOCK < n else None],
                             bitorder="little")[: len(row)]  # fmt: skip
        near = np.maximum.accumulate(np.where(bits == 1, row, last))
        found += int(np.count_nonzero(row - near < width))
        last = int(near[-1])
    return found


# ---- rows that are followed by their copy -------------------------------------------------------


def _echoes(e: Evidence, r: Records) -> tuple[float, tuple[int, ...]] | None:
    """Share of the rows that the next one copies, if that is no doing of how the file is sorted."""
    beside, copies, together = 0, 0, 0
    some: list[int] = []
    for same, equal, start in _neighbours(e, r):
        beside, copies = beside + int(same[0].sum()), copies + int(equal.sum())
        together += int(same[1].sum())
        if len(some) < MOST:
            some += (start + np.flatnonzero(equal)[: MOST - len(some)]).tolist()
    runs = len(r) - together
    if r.is_sorted or beside < 20 or beside < 0.02 * len(r) or runs < 1.5 * len(e.pairs):
        return None
    again = 0.0  # about: of the outcome again
    for same, _, start in _neighbours(e, r):
        which = np.flatnonzero(same[0])
        block = r.stretch(start + 1, start + 1 + len(same[0])).take(which)
        again += float(np.exp(-_told(e, block)).sum())
    chance = again / beside
    z = (copies - chance * beside) / np.sqrt(max(chance * (1.0 - chance) * beside, 1e-9))
    if copies < 0.95 * beside or z < 6.0:
        return None
    return copies / len(r), tuple(some)


def _neighbours(e: Evidence, r: Records) -> Iterator[tuple[Any, NDArray[np.bool_], int]]:
    """Of rows and the next one: whether they are of one pair, in one order, and simply of one pair;
    whether with one outcome; and the first of the rows."""
    for start in range(0, len(r) - 1, BLOCK):
        block = r.stretch(start, min(start + BLOCK + 1, len(r)))
        pair, key = block.pair(len(e.items)), _results(e, block)
        together = pair[1:] == pair[:-1]
        same = together & (block.first[1:] == block.first[:-1]) if e.has_order else together
        yield (same, together), same & (key[1:] == key[:-1]), start
