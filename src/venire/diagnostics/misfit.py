"""Checks of the fit: pairs whose results, or whose ties, no strengths explain; cycles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, MOST, WORTH, Finding, listed, odds_of
from venire.diagnostics._solve import log_sum_tail, log_tail

__all__ = ["overall", "pairs", "ties"]

Floats = NDArray[np.float64]
_CERTAIN, _LIKELY = np.log(1e-4), np.log(1e-2)  # corrected for the number of pairs
FAR, APART = 0.1, 0.05  # share of points beside what is expected: grave, worth knowing
ENOUGH = 5.0  # games of a pair for the overall test


def _extremes(score: Any, mass: Floats, mean: Any) -> tuple[NDArray[Any], Floats, Floats]:
    """Entries by how improbable they are, the logs of their p corrected for their number."""
    log_p = log_tail(np.clip(score, 0.0, mass), mass, np.clip(mean, 1e-12 * mass, mass))
    off = (score - mean) / np.maximum(mass, 1e-300)
    log_p = np.minimum(log_p + np.log(max(len(log_p), 1)), 0.0)
    return np.lexsort((-np.abs(off), log_p)), log_p, off


def pairs(e: Evidence) -> Iterator[Finding]:
    """Pairs with results far from what the strengths of their items say."""
    p = e.pairs
    by, log_p, off = _extremes(p.score, p.mass, p.expected)
    sure = by[(log_p[by] < _CERTAIN) & (np.abs(off[by]) >= FAR)]
    odd = by[(log_p[by] < _LIKELY) & (np.abs(off[by]) >= APART)]
    if not len(odd):
        k = int(by[0])
        text = (
            "no pair lies further from its items' strengths than chance takes the furthest of "
            f"{len(p):,}."
        )
        yield Finding("lack of fit by pair", FINE, text, {"log_p": float(log_p[k])})
        return
    which = sure if len(sure) else odd
    k = int(which[0])
    i, j = int(p.first[k]), int(p.second[k])
    if p.score[k] < p.expected[k]:
        i, j = j, i
    got = max(p.score[k], p.mass[k] - p.score[k]) if off[k] == 0 else (
        p.score[k] if off[k] > 0 else p.mass[k] - p.score[k]
    )  # fmt: skip
    due = p.expected[k] if off[k] > 0 else p.mass[k] - p.expected[k]
    more = f" {len(which) - 1:,} more pairs are as improbable." if len(which) > 1 else ""
    yield Finding(
        "lack of fit by pair", GRAVE if len(sure) else WORTH,
        f"{listed([e.items[i]])} got {got:,.4g} of {p.mass[k]:,.4g} points against "
        f"{listed([e.items[j]])} where their strengths say {due:,.4g} ({odds_of(float(log_p[k]))}, "
        f"corrected for {len(p):,} pairs).{more}",
        {"pairs": len(which), "observed": float(got / p.mass[k]),
         "expected": float(due / p.mass[k]), "z": float(abs(p.z[k])), "log_p": float(log_p[k])},
        {"pairs": tuple(e.named(int(p.first[m]), int(p.second[m])) for m in which[:MOST])},
        "Look at the rows of this pair: results entered the wrong way round, or one item that "
        "suits the other. One number an item does not tell such pairs.",
        min(float(-log_p[k]) / 50.0, 5.0) + len(which) / len(p),
    )  # fmt: skip


def overall(e: Evidence) -> Iterator[Finding]:
    """Whether pairs scatter more, or less, around the fit than independent comparisons do."""
    p = e.pairs
    use = (p.variance >= 1.0) & (p.mass >= ENOUGH)
    free = int(use.sum())
    if free == 0:
        return
    # Each item that only such pairs tell takes one degree of freedom away.
    n = len(np.unique(np.concatenate([p.first[use], p.second[use]])))
    share = float(p.variance[use].sum() / max(p.variance.sum(), 1e-300))
    df = free - share * (n - 1)
    if df < 5.0:
        return
    square = float((p.z[use] ** 2).sum())
    ratio = square / df
    # Wilson and Hilferty 1931, doi:10.1073/pnas.17.12.684
    z = (ratio ** (1.0 / 3.0) - (1.0 - 2.0 / (9.0 * df))) / np.sqrt(2.0 / (9.0 * df))
    log_p = float(log_sum_tail(z))
    m = p.mass[use]
    excess = (p.score[use] - p.expected[use]) ** 2 - p.variance[use]
    typical = float(np.sqrt(max(np.sum(excess / m) / m.sum(), 0.0)))
    numbers = {"ratio": ratio, "degrees": df, "log_p": log_p, "typical_departure": typical}
    said = f"{ratio:.2f} times what independent comparisons would give ({odds_of(log_p)})"
    if ratio < 0.6 and log_p < np.log(1e-6) and not e.comparisons.cells.is_soft:
        if e.tie_share > 0.0 and e.fit.tie is None:
            return  # ties as half wins scatter less by themselves
        yield Finding(
            "scatter", WORTH, f"results of pairs scatter around the fit only {said}.", numbers, {},
            "They are more regular than chance: were they made, balanced, or averaged beforehand? "
            "Errors are then stated too large.", 1.0 / max(ratio, 0.05) / 10.0,
        )  # fmt: skip
    elif log_p < _CERTAIN and ratio > 1.3 and typical >= 0.02:
        grave = ratio >= 2.0 and typical >= 0.05 and log_p < np.log(1e-6)
        yield Finding(
            "scatter", GRAVE if grave else WORTH,
            f"results of pairs scatter around the fit {said}; a pair lies typically "
            f"{typical:.1%} of the points from what its items' strengths say.",
            numbers, {},
            "Comparisons are not independent (repeated rows, voters, occasions), or one number an "
            "item is too little: use robust errors by cluster, and look at pairs and cycles.",
            min(ratio, 20.0) / 5.0,
        )  # fmt: skip
    else:
        text = f"pairs scatter around the fit as independent comparisons do: {ratio:.2f}."
        yield Finding("scatter", FINE, text, numbers)


def ties(e: Evidence) -> Iterator[Finding]:
    """Pairs and items with more, or fewer, ties than the model of all says."""
    if not 0.0 < e.tie_share < 0.95 or e.comparisons.cells.is_soft or e.fit.tie is None:
        return
    p, n = e.pairs, len(e.items)
    numbers = {"tie_share": e.tie_share}
    found = False
    by_pair = _extremes(p.tie, p.mass, p.expected_tie)
    own = np.bincount(p.first, p.tie, n) + np.bincount(p.second, p.tie, n)
    due = np.bincount(p.first, p.expected_tie, n) + np.bincount(p.second, p.expected_tie, n)
    met = e.games > 0
    by_item = _extremes(own[met], e.games[met], due[met])
    at = np.flatnonzero(met)
    for what, worst, tail, away, mass, seen, said, named in (
        ("item", *by_item, e.games[met], own[met], due[met],
         lambda k: e.items[at[k]]),
        ("pair", *by_pair, p.mass, p.tie, p.expected_tie,
         lambda k: e.named(int(p.first[k]), int(p.second[k]))),
    ):  # fmt: skip
        odd = worst[(tail[worst] < np.log(1e-3)) & (np.abs(away[worst]) >= 0.08)]
        if not len(odd):
            continue
        found = True
        k = int(odd[0])
        far = abs(away[k]) >= 0.2 and tail[k] < np.log(1e-6)
        more = f" {len(odd) - 1:,} more {what}s are as improbable." if len(odd) > 1 else ""
        yield Finding(
            "ties", GRAVE if far else WORTH,
            f"the {what} {listed([named(k)])} has {seen[k]:,.4g} ties in {mass[k]:,.4g} games "
            f"where {said[k]:,.4g} are expected ({odds_of(float(tail[k]))}, corrected for "
            f"{len(mass):,} {what}s).{more}",
            {"tie_share": e.tie_share, "observed": float(seen[k] / mass[k]),
             "expected": float(said[k] / mass[k]), "log_p": float(tail[k])},
            {f"{what}s": tuple(named(int(m)) for m in odd[:MOST])},
            "Look at these rows: results not played out, or a word that was read as a tie?",
            float(abs(away[k])) * 3.0 + (what == "item"),
        )  # fmt: skip
    if not found:
        text = f"{e.tie_share:.1%} ties, spread over the pairs as the model says."
        yield Finding("ties", FINE, text, numbers)
