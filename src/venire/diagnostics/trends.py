"""Checks of time and of the order of rows: strengths that change, stretches that go against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, MOST, WORTH, Finding, further, listed, odds_of
from venire.diagnostics._ranks import Ranks
from venire.diagnostics._records import Records
from venire.diagnostics._solve import log_sum_tail

__all__ = ["stretches", "trends"]

_CERTAIN, _LIKELY = np.log(1e-4), np.log(1e-3)
FAR, APART = 0.5, 0.2  # logits from the first to the last comparison
_PARTS, _CELLS = 10, 2_000_000  # of the comparisons by date; parts of items that are looked at


def trends(e: Evidence) -> Iterator[Finding]:
    """Score tests of a strength that grows with time, or jumps, item by item.

    Time is the rank of a comparison among all, from -1 to 1; each item's is centred by what its
    comparisons tell. Of a line and all stretches of tenths of the comparisons that is said which
    is surer after what was looked at.
    """
    r = e.records
    for what, size in e.lost:
        if what == "dates":
            yield Finding(
                "time trend", WORTH,
                f"dates are not looked at: their texts are read together, which takes about "
                f"{size >> 20:,} MiB of memory.",
                {"bytes": size}, {}, "Give more memory, or write them as ISO 8601 or numbers.", 0.5,
            )  # fmt: skip
    if r is None or not r.has("date"):
        return
    ranks = Ranks(r)
    if ranks.n < 20 or ranks.n_times < 2:
        return
    n = len(e.items)
    sums = _sums(e, ranks)
    own = sums.know
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = sums.know_u / own
        pull = sums.pull_u - centre * sums.pull
        spread = sums.know_uu - own * centre**2
        slope = np.where(spread > 1e-9, pull / spread, 0.0)
        z = np.where(spread > 1e-9, pull / np.sqrt(np.maximum(spread, 1e-12)), 0.0)
    jump = (1.0 + np.abs(centre)) / np.sqrt(np.maximum(spread, 1e-9))  # of one comparison
    log_p = np.minimum(log_sum_tail(z, jump) + np.log(max(int((spread > 1e-9).sum()), 1)), 0.0)
    change, far = 2.0 * slope, np.abs(2.0 * slope)
    spell = np.zeros((n, 2), np.int64)
    if sums.parts is not None:
        step = _spells(*sums.parts)
        log_step = np.minimum(step.log_p + np.log(max(int((own > 1e-9).sum()), 1)), 0.0)
        better = log_step < log_p
        log_p, change = np.where(better, log_step, log_p), np.where(better, step.change, change)
        far, z = np.where(better, step.far, far), np.where(better, step.z, z)
        spread = np.where(better, step.know, spread)
        spell[better] = step.spell[better]
    by = np.argsort(log_p, kind="stable")
    odd = by[(log_p[by] < _LIKELY) & (far[by] >= APART) & (spread[by] > 1.0)]
    if not len(odd):
        text = f"no item's strength changes over the {ranks.n_times:,} times."
        yield Finding(
            "time trend", FINE, text, {"times": ranks.n_times, "log_p": float(log_p[by[0]])}
        )
        return
    k = int(odd[0])
    grave = log_p[k] < _CERTAIN and min(abs(change[k]), far[k]) >= FAR
    many = ", ".join(f"{listed([e.items[m]])} ({change[m]:+.2f})" for m in odd[1:4])
    numbers = {
        "items": len(odd), "change": float(change[k]), "z": float(z[k]), "log_p": float(log_p[k])
    }  # fmt: skip
    where: dict[str, Any] = {"items": tuple(e.items[odd[:MOST]].tolist())}
    begin, end = spell[k] / _PARTS
    said = _said(float(change[k]), begin, end)
    if end > 0.0:
        numbers |= {"begin": float(begin), "end": float(end)}
        if r.are_rows:
            where["rows"] = tuple(_inside(r, k, *sums.begin[spell[k]].tolist()))
    yield Finding(
        "time trend", GRAVE if grave else WORTH,
        f"{listed([e.items[k]])} {said} (z = {z[k]:+.1f}, "
        f"{odds_of(float(log_p[k]))}, corrected for {n:,} items)."
        + further(len(odd) - 1, "item", ("changes", "change"), f"surely, too: {many}"),
        numbers, where,
        "One rating stands for what changed: rate recent rows alone, or treat versions as items.",
        min(abs(float(z[k])) / 5.0, 5.0),
    )  # fmt: skip


class _Sums(NamedTuple):
    """Of each item: variance and residuals of its comparisons, and the same times u, and u twice;
    both by part; and when each part began."""

    know: np.ndarray
    know_u: np.ndarray
    know_uu: np.ndarray
    pull: np.ndarray
    pull_u: np.ndarray
    parts: tuple[np.ndarray, np.ndarray] | None
    begin: np.ndarray


def _sums(e: Evidence, ranks: Ranks) -> _Sums:
    n = len(e.items)
    up, down = np.zeros((2, 5, n))
    split = n * _PARTS <= _CELLS
    parts = np.zeros((2, 2, n * _PARTS if split else 0))
    begin = np.full(_PARTS + 1, np.inf)
    for rows in ranks.rows(e):
        variance, residual, u = rows.variance, rows.residual, rows.u
        terms = (variance, variance * u, variance * u * u, residual, residual * u)
        for at, total in ((rows.first, up), (rows.second, down)):
            for one, x in zip(total, terms, strict=True):
                np.add.at(one, at, x)
        part = np.minimum(((u + 1.0) * (_PARTS / 2.0)).astype(np.int64), _PARTS - 1)
        np.minimum.at(begin, part, rows.date)
        if split:
            for at, total in zip((rows.first, rows.second), parts, strict=True):
                place = at * np.int64(_PARTS) + part
                np.add.at(total[0], place, residual)
                np.add.at(total[1], place, variance)
    begin = np.minimum.accumulate(begin[::-1])[::-1]  # of an empty part: of the next
    of_parts = (
        (parts[0, 0] - parts[1, 0]).reshape(n, _PARTS),
        (parts[0, 1] + parts[1, 1]).reshape(n, _PARTS),
    ) if split else None  # fmt: skip
    return _Sums._make((*(up[:3] + down[:3]), *(up[3:] - down[3:]), of_parts, begin))


def _inside(r: Records, item: int, begin: float, end: float) -> list[int]:
    """The first rows, by date, of an item from one time to before another."""
    date, row = np.empty(0), np.empty(0, np.int64)
    for block in r.blocks():
        when = block.date
        here = np.flatnonzero(
            ((block.first == item) | (block.second == item)) & (when >= begin) & (when < end)
        )
        date, row = np.r_[date, when[here]], np.r_[row, block.rows[here]]
        by = np.argsort(date, kind="stable")[:MOST]
        date, row = date[by], row[by]
    return row.tolist()


def _said(change: float, begin: float, end: float) -> str:
    """How a strength changed, in words: as a line (`end` is 0), or between two shares of time."""
    stronger = "stronger" if change > 0 else "weaker"
    if end == 0.0:
        return f"grows {stronger}: by {change:+.2f} from the first to the last date, as a line"
    when = f"from {begin:.0%} to {end:.0%}" if end < 1.0 else f"in the last {1.0 - begin:.0%}"
    return f"is {stronger} by {change:+.2f} {when} of the comparisons, by date, than in the others"


class _Spells(NamedTuple):
    """Of each item, the stretch of time that differs most from its others: by how much, how surely
    (of all stretches), how far a line would have to lead to move as much, and what is known."""

    change: np.ndarray
    z: np.ndarray
    log_p: np.ndarray
    far: np.ndarray
    know: np.ndarray
    spell: np.ndarray  # the parts from the first to before the second


def _spells(pull: np.ndarray, know: np.ndarray) -> _Spells:
    """Score tests of a strength that is another during a stretch of time, of all stretches.

    A stretch that begins with the first part is the other way round that of the parts behind it.
    """
    zero = np.zeros((len(pull), 1))
    pulls, knows = (np.concatenate([zero, np.cumsum(x, axis=1)], axis=1) for x in (pull, know))
    change, z, log_p, far, spread = np.zeros((5, len(pull)))
    best = _Spells(change, z, log_p, far, spread, np.zeros((len(pull), 2), np.int64))
    spells = [(i, j) for i in range(1, _PARTS) for j in range(i + 1, _PARTS + 1)]
    total, all_ = pulls[:, -1], np.maximum(knows[:, -1], 1e-12)
    for i, j in spells:
        share = (knows[:, j] - knows[:, i]) / all_
        spread = all_ * share * (1.0 - share)
        root = np.sqrt(np.maximum(spread, 1e-9))
        move = pulls[:, j] - pulls[:, i] - share * total
        z = np.where(spread > 1e-9, move / root, 0.0)
        log_p = log_sum_tail(z, 1.0 / root) + np.log(len(spells))
        now = log_p < best.log_p
        change = np.where(now, move / np.maximum(spread, 1e-9), 0.0)
        far = np.abs(change) * np.sqrt(12.0 * np.maximum(share * (1.0 - share), 0.0))
        for old, new in zip(best, (change, z, log_p, far, spread), strict=False):
            old[now] = new[now]
        best.spell[now] = i, j
    return best


_STRETCHES, _LEAST = (50, 12), 60  # into which rows are cut, at most; rows of one


def stretches(e: Evidence) -> Iterator[Finding]:
    """Rows one after the other whose results go against those of the rest, as if turned round."""
    r = e.records
    if r is None or not r.are_rows or len(r) < 4 * _LEAST:
        return
    if r.is_sorted:
        return
    for n in sorted({min(len(r) // _LEAST, most) for most in _STRETCHES}, reverse=True):
        found = list(_turned(e, r, n))
        yield from found
        if found:
            return


def _turned(e: Evidence, r: Records, n: int) -> Iterator[Finding]:
    edge = np.linspace(0, len(r), n + 1).astype(np.int64)
    know, pull, cubes = np.zeros((3, n))
    for block in r.blocks():
        residual, variance, d = e.residuals(block)
        part = np.searchsorted(edge, block.rows, side="right") - 1
        np.add.at(know, part, variance * d * d)
        np.add.at(pull, part, residual * d)
        np.add.at(cubes, part, variance * np.abs(d) ** 3)
    know = np.maximum(know, 1e-12)
    slope = 1.0 + pull / know
    log_p = log_sum_tail((slope - 1.0) * np.sqrt(know), cubes / know**1.5)
    log_p += np.log(n * len(_STRETCHES))
    odd = np.flatnonzero((know > 1.0) & (slope < -0.3) & (log_p < _CERTAIN))
    if not len(odd):
        return
    runs = np.split(odd, np.flatnonzero(np.diff(odd) != 1) + 1)
    first, last = (int(edge[k]) for k in (runs[0][0], runs[0][-1] + 1))
    rows = int(sum(edge[run[-1] + 1] - edge[run[0]] for run in runs))
    share, least = rows / len(r), float(log_p[odd].min())
    yield Finding(
        "rows against", GRAVE if share >= 0.01 else WORTH,
        f"about rows {e.place(first)} to {e.place(last - 1)} go against the others, as if the two "
        f"sides, or their outcomes, were swapped ({odds_of(least)})."
        + further(len(runs) - 1, "such run", ("is", "are"), "there"),
        {"rows": rows, "share": share, "slope": float(slope[odd].min()), "log_p": least},
        {"rows": tuple(range(first, min(first + MOST, last)))},
        "Look at how these rows came in: another file, another version, another meaning?",
        10.0 + share * 5.0,
    )  # fmt: skip
