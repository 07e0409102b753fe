"""Checks of the fit: pairs whose results, or whose ties, no strengths explain; cycles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, MOST, WORTH, Finding, further, listed, odds_of
from venire.diagnostics._solve import log_sum_tail, log_tail

__all__ = ["overall", "pairs", "ties"]

Floats = NDArray[np.float64]
_CERTAIN, _LIKELY = np.log(1e-4), np.log(1e-2)  # corrected for the number of pairs
FAR, APART = 0.1, 0.05  # share of points beside what is expected: grave, worth knowing
ENOUGH = 5.0  # games of a pair for the overall test


class Extremes(NamedTuple):
    """Entries that are not by chance, the least probable first."""

    at: NDArray[np.int64]
    log_p: Floats  # corrected for the number of entries
    off: Floats  # share of the mass beside what is expected

    def which(self, log_p: float, off: float) -> Extremes:
        """Those that are less probable, and further off."""
        keep = (self.log_p < log_p) & (np.abs(self.off) >= off)
        return Extremes(self.at[keep], self.log_p[keep], self.off[keep])


def _extremes(score: Any, mass: Floats, mean: Any) -> Extremes:
    count, mean = np.log(max(len(mass), 1)), np.clip(mean, 1e-12 * mass, (1.0 - 1e-12) * mass)
    # KL is at most chi squared: the others cannot be improbable.
    far = (score - mean) ** 2 * mass > (count - _LIKELY) * mean * (mass - mean)
    at = np.flatnonzero(far)
    score, mass, mean = np.clip(score[at], 0.0, mass[at]), mass[at], mean[at]
    log_p = np.minimum(log_tail(score, mass, mean) + count, 0.0)
    off = (score - mean) / mass
    by = np.lexsort((-np.abs(off), log_p))
    return Extremes(at[by], log_p[by], off[by]).which(_LIKELY, 0.0)


def pairs(e: Evidence) -> Iterator[Finding]:
    """Pairs with results far from what the strengths of their items say."""
    p = e.pairs
    far = _extremes(p.score, p.mass, p.expected)
    sure, odd = far.which(_CERTAIN, FAR), far.which(_LIKELY, APART)
    if not len(odd.at):
        text = (
            "no pair lies further from its items' strengths than chance takes the furthest of "
            f"{len(p):,}."
        )
        yield Finding("lack of fit by pair", FINE, text, {"pairs": 0})
        return
    which = sure if len(sure.at) else odd
    k, off, log_p = int(which.at[0]), float(which.off[0]), float(which.log_p[0])
    ends = [int(p.first[k]), int(p.second[k])][:: 1 if off > 0 else -1]
    i, j = (listed([e.items[x]]) for x in ends)
    got, due = (x if off > 0 else p.mass[k] - x for x in (p.score[k], p.expected[k]))
    yield Finding(
        "lack of fit by pair", GRAVE if len(sure.at) else WORTH,
        f"{i} got {got:,.4g} of {p.mass[k]:,.4g} points against {j} where their strengths say "
        f"{due:,.4g} ({odds_of(log_p)}, corrected for {len(p):,} pairs)."
        + further(len(which.at) - 1, "pair", ("is", "are"), "improbable, too"),
        {"pairs": len(which.at), "observed": float(got / p.mass[k]),
         "expected": float(due / p.mass[k]), "z": float(abs(p.z[k])), "log_p": log_p},
        {"pairs": tuple(e.named(int(p.first[m]), int(p.second[m])) for m in which.at[:MOST])},
        "Look at the rows of this pair: results entered the wrong way round, or one item that "
        "suits the other. One number an item does not tell such pairs.",
        min(-log_p / 50.0, 5.0) + len(which.at) / len(p),
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
    own = np.bincount(p.first, p.tie, n) + np.bincount(p.second, p.tie, n)
    due = np.bincount(p.first, p.expected_tie, n) + np.bincount(p.second, p.expected_tie, n)
    met = np.flatnonzero(e.games > 0)
    own, due, games = own[met], due[met], e.games[met]
    found = False
    for what, far, mass, seen, said, named in (
        ("item", _extremes(own, games, due), games, own, due, lambda k: e.items[met[k]]),
        ("pair", _extremes(p.tie, p.mass, p.expected_tie), p.mass, p.tie, p.expected_tie,
         lambda k: e.named(int(p.first[k]), int(p.second[k]))),
    ):  # fmt: skip
        odd = far.which(np.log(1e-3), 0.08)
        if not len(odd.at):
            continue
        found = True
        k, log_p, off = int(odd.at[0]), float(odd.log_p[0]), float(abs(odd.off[0]))
        yield Finding(
            "ties", GRAVE if off >= 0.2 and log_p < np.log(1e-6) else WORTH,
            f"the {what} {listed([named(k)])} has {seen[k]:,.4g} ties in {mass[k]:,.4g} games "
            f"where {said[k]:,.4g} are expected ({odds_of(log_p)}, corrected for {len(mass):,} "
            f"{what}s)." + further(len(odd.at) - 1, what, ("is", "are"), "improbable, too"),
            {"tie_share": e.tie_share, "observed": float(seen[k] / mass[k]),
             "expected": float(said[k] / mass[k]), "log_p": log_p},
            {f"{what}s": tuple(named(int(m)) for m in odd.at[:MOST])},
            "Look at these rows: results not played out, or a word that was read as a tie?",
            off * 3.0 + (what == "item"),
        )  # fmt: skip
    if not found:
        text = f"{e.tie_share:.1%} ties, spread over the pairs as the model says."
        yield Finding("ties", FINE, text, {"tie_share": e.tie_share})
