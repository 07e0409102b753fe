"""Checks of rows: what stands there twice, what was left out, what weighs most."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence, Records
from venire.diagnostics._finding import FINE, GRAVE, MOST, WORTH, Finding, listed
from venire.diagnostics._solve import log_tail

__all__ = ["blocks", "dropped", "duplicates", "weights"]

_PARTLY, _MOSTLY = 0.1, 0.5  # of rows dropped
_HEAVY = 0.2
_SURE = np.log(1e-6)
_CERTAIN = 25.0  # nats: a block that recurs by chance is this improbable, corrected for all places


def dropped(e: Evidence) -> Iterator[Finding]:
    """Rows that say nothing."""
    lost = sum(e.dropped.values())
    if not e.n_rows:
        return
    share = lost / e.n_rows
    why = ", ".join(f"{count:,} {reason}" for reason, count in e.dropped.items())
    text = f"{lost:,} of {e.n_rows:,} rows were left out{': ' if why else ''}{why}."
    gravity = GRAVE if share > _MOSTLY else WORTH if share > _PARTLY else FINE
    yield Finding(
        "rows dropped", gravity, text, {"rows": lost, "share": share}, {},
        "" if gravity == FINE else "Are they missing at random? If not, ratings lean to the rest.",
        share * 5.0,
    )  # fmt: skip


def weights(e: Evidence) -> Iterator[Finding]:
    """A row, or a pair, that is most of the data."""
    r = e.records
    weight = None if r is None or not r.are_rows or len(r) < 20 else r.weights
    if r is not None and weight is not None:
        total = float(weight.sum())
        k = int(np.argmax(weight))
        share = float(weight[k]) / total
        kish = total**2 / float(weight @ weight) / len(r)
        if share >= _HEAVY or kish < 0.05:
            yield Finding(
                "weights", GRAVE if share >= _HEAVY else WORTH,
                f"row {e.place(k)} ({listed([e.named(int(r.first[k]), int(r.second[k]))])}) weighs "
                f"{weight[k]:,.4g} of {total:,.6g}, {share:.0%} of all; the {len(r):,} rows are "
                f"worth {kish * len(r):,.0f} of equal weight.",
                {"share": share, "effective_rows": kish * len(r)}, {"rows": (k,)},
                "Is it a weight, and of this row? Another column, or a total, reads like one.",
                12.0 + share * 5.0,
            )  # fmt: skip
            return
        yield Finding("weights", FINE, f"no row weighs more than {share:.1%} of all.")
    p = e.pairs
    k = int(np.argmax(p.mass))
    share = float(p.mass[k] / p.mass.sum())
    if share > 0.5 and len(p) >= 5:
        yield Finding(
            "one pair", WORTH,
            f"the pair {listed([e.named(int(p.first[k]), int(p.second[k]))])} is {share:.0%} of "
            "all comparisons.",
            {"share": share}, {"pairs": (e.named(int(p.first[k]), int(p.second[k])),)},
            "It says next to nothing of the other items.", share,
        )  # fmt: skip


def duplicates(e: Evidence) -> Iterator[Finding]:
    """Rows that are equal in every column, more than chance makes of equal questions."""
    r = e.records
    if r is None or r.alike is None or r.asked is None or not r.further:
        return
    n = len(r)
    same = n - _distinct(r.alike)
    columns = listed(r.further, 4)
    if not same:
        text = f"no row is equal to another in all columns ({columns} among them)."
        yield Finding("duplicated rows", FINE, text, {"rows": 0})
        return
    which, size = _groups(r.asked)
    mean, tie = e.record_chances[1][which], e.record_chances[3][which]
    if e.fit.tie is None:  # a tie is a row's own outcome, whatever the model says
        tie, left = np.full_like(mean, e.tie_share), 1.0 - e.tie_share
        chances = np.stack([mean * left, tie, (1.0 - mean) * left])
    else:
        chances = np.stack([mean - tie / 2.0, tie, 1.0 - mean - tie / 2.0])
    distinct = (1.0 - (1.0 - np.clip(chances, 0.0, 1.0)) ** size).sum(axis=0)
    again = float((size - 1.0).sum())
    agree = float((size - distinct).sum())  # if every answer were given anew
    log_p = float(log_tail(same, again, agree)) if same > agree else 0.0
    # Those that differ were asked again; so many of the equal ones were, too.
    natural = min((again - same) * agree / max(again - agree, 1e-9), float(same))
    # So many would meet if on each occasion a pair were drawn anew.
    met, pairs = 0.5 * float(size @ (size - 1.0)), e.pairs.mass / e.pairs.mass.sum()
    _, at_once = (None, np.zeros(0)) if r.occasion is None else _groups(r.occasion)
    chance = 0.5 * float(at_once @ (at_once - 1.0)) * float(pairs @ pairs)
    copies = r.occasion is not None and same >= 0.9 * again and chance < 0.1 * met
    share = (same - natural) / n
    twice = _twins(r.alike)
    numbers = {"rows": same, "expected": natural, "share": same / n, "log_p": log_p}
    said = (
        f"{same:,} rows ({same / n:.2%}) repeat another row in every column ({columns} among "
        f"them); {natural:,.0f} would by chance"
    )
    if log_p > np.log(1e-3) and not (copies and same >= 2):
        yield Finding("duplicated rows", FINE, f"{said}.", numbers)
        return
    # A voter who answers alike again is no copy; nor are many answers to one question.
    few = natural < (0.6 if r.occasion is not None else 0.2) * same and again < 0.5 * n
    grave = share >= 0.01 and few and (log_p < _SURE or (copies and same >= 5))
    places = ", ".join(f"{e.place(j)} (as {e.place(i)})" for i, j in twice[:3])
    yield Finding(
        "duplicated rows", GRAVE if grave else WORTH, f"{said}: rows {places}"
        + (f" and {same - 3:,} more." if same > 3 else "."),
        numbers, {"rows": tuple(int(j) for _, j in twice)},
        "Copies make errors too small and shift ratings: remove them (each row once).",
        12.0 + share * 5.0,
    )  # fmt: skip


def _groups(x: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """An entry of each group of equal ones, and the sizes, of groups of two or more."""
    by = np.argsort(x, kind="stable")
    at = np.flatnonzero(np.r_[True, x[by[1:]] != x[by[:-1]]])
    size = np.diff(np.r_[at, len(x)])
    return by[at[size > 1]], size[size > 1].astype(np.float64)


def _distinct(x: NDArray[np.uint64]) -> int:
    x = np.sort(x)
    return int(np.count_nonzero(x[1:] != x[:-1])) + (len(x) > 0)


def _twins(x: NDArray[np.uint64]) -> list[tuple[int, int]]:
    """The first rows that repeat an earlier one, each with that one."""
    by = np.argsort(x, kind="stable")
    again = np.flatnonzero(x[by[1:]] == x[by[:-1]])
    later = by[again + 1]
    few = np.argsort(later, kind="stable")[:MOST]
    return [(int(by[again[k]]), int(later[k])) for k in few]


def blocks(e: Evidence) -> Iterator[Finding]:
    """A run of rows that comes again, and rows each followed by its copy."""
    r = e.records
    if r is None or not r.are_rows or len(r) < 40:
        return
    key = _results(e, r)
    found = False
    run = _recurring(e, key)
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
    echo = _echoes(e, r, key)
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


_P, _Q = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


def _results(e: Evidence, r: Records) -> NDArray[np.uint64]:
    """A number of each row's pair and of what came of it, whoever of the two stands first."""
    flip = r.first > r.second
    key = np.where(flip, 1.0 - r.score, r.score)
    key *= 1e6
    mixed = key.astype(np.uint64)
    mixed += e.pair_of_record.view(np.uint64) * _P
    mixed ^= mixed >> np.uint64(29)
    mixed *= _Q
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _told(e: Evidence, which: NDArray[np.int64]) -> NDArray[np.float64]:
    """How improbable the outcomes of these rows were, in nats; one rare outcome is not many."""
    r = e.records
    assert r is not None
    _, mean, _, tie = (x[which] for x in e.record_chances)
    share = tie if e.fit.tie is not None else np.full(len(which), e.tie_share)
    score, left = r.score[which], 1.0 - share
    chance = np.where(score == 0.5, share, np.where(score > 0.5, mean * left, (1.0 - mean) * left))
    return -np.log(np.clip(chance, 0.2, 1.0))


def _recurring(e: Evidence, key: NDArray[np.uint64]) -> tuple[int, int, int, int] | None:
    """Where the longest block stands, where again, its length; and how many rows recur in all."""
    n = len(key)
    need = 2.0 * np.log(n) + _CERTAIN
    rate = float(_told(e, np.arange(0, n, max(n // 10_000, 1))).mean())
    width = 1 << int(np.ceil(np.log2(max(need / max(rate, 1e-6), 8.0))))
    if 2 * width > n:
        return None
    roll, step = key, 1
    while step < width:  # a number of `width` rows, by doubling
        roll = (roll[:-step] * _P) ^ (roll[step:] + (roll[:-step] >> np.uint64(31)))
        step *= 2
    if len(roll) == _distinct(roll):
        return None
    by = np.argsort(roll, kind="stable")
    again = np.flatnonzero(roll[by[1:]] == roll[by[:-1]])
    earlier, later = by[again], by[again + 1]
    total = np.cumsum(np.r_[0.0, _told(e, np.arange(n))])
    calm = np.cumsum(np.r_[0, key[1:] == key[:-1]])  # of rows that repeat the one before
    keep = (total[later + width] - total[later] >= need) & (later - earlier >= width)
    keep &= calm[later + width - 1] - calm[later] < width // 4
    later, lag = later[keep], (later - earlier)[keep]
    if not len(lag):
        return None
    values, counts = np.unique(lag, return_counts=True)
    most = int(values[np.argmax(counts)])
    equal = np.r_[False, key[most:] == key[:-most], False]  # padded: runs begin and end
    edge = np.flatnonzero(equal[1:] != equal[:-1])
    k = int(np.argmax(edge[1::2] - edge[::2]))
    start, length = int(edge[2 * k]), int(edge[2 * k + 1] - edge[2 * k])
    covered = np.zeros(n + 1, np.int64)
    np.add.at(covered, later, 1)
    np.add.at(covered, later + width, -1)
    covered_rows = int(np.count_nonzero(np.cumsum(covered)[:n]))
    return start, start + most, length, max(covered_rows, length)


def _echoes(
    e: Evidence, r: Records, key: NDArray[np.uint64]
) -> tuple[float, tuple[int, ...]] | None:
    """Share of the rows that the next one copies, if that is no doing of how the file is sorted."""
    same_pair = (r.first[1:] == r.first[:-1]) & (r.second[1:] == r.second[:-1])
    beside = int(same_pair.sum())
    runs = len(r) - int((e.pair_of_record[1:] == e.pair_of_record[:-1]).sum())
    if beside < 20 or beside < 0.02 * len(r) or runs < 1.5 * len(e.pairs):
        return None
    equal = same_pair & (key[1:] == key[:-1])
    copies = int(equal.sum())
    chance = float(
        np.exp(-_told(e, np.flatnonzero(same_pair) + 1)).mean()
    )  # about: of the outcome again
    z = (copies - chance * beside) / np.sqrt(max(chance * (1.0 - chance) * beside, 1e-9))
    if copies < 0.95 * beside or z < 6.0:
        return None
    return copies / len(r), tuple(np.flatnonzero(equal)[:MOST].tolist())
