"""Check of copies: rows that are equal in every column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, MOST, WORTH, Finding, listed
from venire.diagnostics._records import Records
from venire.diagnostics._solve import log_tail
from venire.diagnostics._store import by_key, total

__all__ = ["duplicates"]

_SURE = np.log(1e-6)


def duplicates(e: Evidence) -> Iterator[Finding]:
    """Rows that are equal in every column, more than chance makes of equal questions."""
    r = e.records
    if r is None or r.signs is None or not r.signs.further:
        return
    n, columns = len(r), listed(r.signs.further, 4)
    if not _again(r):
        text = f"no row is equal to another in all columns ({columns} among them)."
        yield Finding("duplicated rows", FINE, text, {"rows": 0})
        return
    found = _counted(e, r)
    same, again, agree = found.same, found.again, found.agree
    log_p = float(log_tail(same, again, agree)) if same > agree else 0.0
    # Those that differ were asked again; so many of the equal ones were, too.
    natural = min((again - same) * agree / max(again - agree, 1e-9), float(same))
    # So many would meet if on each occasion a pair were drawn anew.
    pairs = e.pairs.mass / e.pairs.mass.sum()
    has_occasion = r.signs.has_occasion
    chance = (_meetings(r) if has_occasion else 0.0) * float(pairs @ pairs)
    copies = has_occasion and same >= 0.9 * again and chance < 0.1 * found.met
    share = (same - natural) / n
    numbers = {"rows": same, "expected": natural, "share": same / n, "log_p": log_p}
    said = (
        f"{same:,} rows ({same / n:.2%}) repeat another row in every column ({columns} among "
        f"them); {natural:,.0f} would by chance"
    )
    if log_p > np.log(1e-3) and not (copies and same >= 2):
        text = (
            f"{same:,} rows repeat another row in every column ({columns} among them), as few as "
            f"chance makes ({natural:,.0f})."
        )
        yield Finding("duplicated rows", FINE, text, numbers)
        return
    # A voter who answers alike again is no copy; nor are many answers to one question.
    few = natural < (0.6 if has_occasion else 0.2) * same and again < 0.5 * n
    grave = share >= 0.01 and few and (log_p < _SURE or (copies and same >= 5))
    places = ", ".join(f"{e.place(j)} (as {e.place(i)})" for i, j in found.twice[:3])
    yield Finding(
        "duplicated rows", GRAVE if grave else WORTH, f"{said}: rows {places}"
        + (f" and {same - 3:,} more." if same > 3 else "."),
        numbers, {"rows": tuple(j for _, j in found.twice)},
        "Copies make errors too small and shift ratings: remove them (each row once).",
        12.0 + share * 5.0,
    )  # fmt: skip


class _Copies(NamedTuple):
    """Rows that repeat another, and what chance would make."""

    same: int
    again: float  # rows whose question was asked before
    agree: float  # of those, if every answer were given anew
    met: float  # pairs of rows with the same question
    twice: list[tuple[int, int]]  # the first rows that repeat an earlier one, each behind that one


def _again(r: Records) -> bool:
    """Whether any row is equal to another."""
    signs = r.signs
    assert signs is not None
    for (alike,) in by_key(lambda: ((signs.of(b)[0],) for b in r.blocks()), len(r), r.room):
        alike = np.sort(alike)
        if (alike[1:] == alike[:-1]).any():
            return True
    return False


def _counted(e: Evidence, r: Records) -> _Copies:
    signs = r.signs
    assert signs is not None
    tied = e.fit.tie is not None

    def rows() -> Iterator[tuple[NDArray[np.generic], ...]]:
        for block in r.blocks():
            alike, asked, _ = signs.of(block)
            _, mean, _, tie = e.chances(block)
            yield (asked, alike, block.rows, mean, *((tie,) if tied else ()))

    same, again, agree, met = 0, 0.0, 0.0, 0.0
    twice: list[tuple[int, int]] = []
    for asked, alike, row, mean, *tie in by_key(rows, len(r), r.room, row_bytes=40):
        by = np.argsort(alike, kind="stable")
        equal = np.flatnonzero(alike[by[1:]] == alike[by[:-1]])
        same += len(equal)
        later = row[by[equal + 1]]
        few = np.argsort(later, kind="stable")[:MOST]
        twice += [(int(row[by[equal[k]]]), int(later[k])) for k in few]
        twice = sorted(twice, key=lambda x: x[1])[:MOST]
        which, size = _groups(asked)
        mean = mean[which]
        if not tied:  # a tie is a row's own outcome, whatever the model says
            even, left = np.full_like(mean, e.tie_share), 1.0 - e.tie_share
            chances = np.stack([mean * left, even, (1.0 - mean) * left])
        else:
            even = tie[0][which]
            chances = np.stack([mean - even / 2.0, even, 1.0 - mean - even / 2.0])
        distinct = (1.0 - (1.0 - np.clip(chances, 0.0, 1.0)) ** size).sum(axis=0)
        again += total(size - 1.0)
        agree += total(size - distinct)  # if every answer were given anew
        met += total(0.5 * size * (size - 1.0))
    return _Copies(same, again, agree, met, twice)


def _meetings(r: Records) -> float:
    """Pairs of rows with the same occasion."""
    signs = r.signs
    assert signs is not None
    found = 0.0
    for (occasion,) in by_key(lambda: ((signs.of(b)[2],) for b in r.blocks()), len(r), r.room):
        _, size = _groups(occasion)
        found += total(0.5 * size * (size - 1.0))
    return found


def _groups(x: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """An entry of each group of equal ones, and the sizes, of groups of two or more."""
    by = np.argsort(x, kind="stable")
    at = np.flatnonzero(np.r_[True, x[by[1:]] != x[by[:-1]]])
    size = np.diff(np.r_[at, len(x)])
    return by[at[size > 1]], size[size > 1].astype(np.float64)
