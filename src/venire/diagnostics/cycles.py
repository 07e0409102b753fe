"""Check of cycles: items that beat each other in a ring more often than chance makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence, Pairs
from venire.diagnostics._finding import FINE, GRAVE, WORTH, Finding, listed, odds_of
from venire.diagnostics._solve import log_sum_tail, log_tail

__all__ = ["cycles"]

Floats = NDArray[np.float64]
MOST_ITEMS = 400  # of those with the most opponents, where there are more
_STRONG = 1.7  # standard errors that each pair of a ring lies from the fit
_EDGES = 1_000
_MANY = 1e6  # games from which a binomial is a normal variable
_FAR = 0.03  # share of triads beyond what is expected


def cycles(e: Evidence) -> Iterator[Finding]:
    """The share of intransitive triads against what the fit expects; and the surest ring.

    Triads and their expectation after Kendall and Babington Smith 1940, doi:10.2307/2332613.
    """
    p, n = e.pairs, len(e.items)
    if n < 3:
        return
    met = np.bincount(p.first, minlength=n) + np.bincount(p.second, minlength=n)
    chosen = np.arange(n)
    if n > MOST_ITEMS:
        chosen = np.sort(np.argsort(-met, kind="stable")[:MOST_ITEMS])
    place = np.full(n, -1)
    place[chosen] = np.arange(len(chosen))
    keep = np.flatnonzero((place[p.first] >= 0) & (place[p.second] >= 0))
    i, j, k = place[p.first[keep]], place[p.second[keep]], len(chosen)

    def square(up: Any, down: Any) -> Floats:
        out = np.zeros((k, k))
        out[i, j], out[j, i] = up, down
        return out

    def rings(a: Floats) -> float:
        return float(np.einsum("ij,ji->", a @ a, a)) / 3.0

    half = p.mass[keep] / 2.0
    won = square(p.score[keep] > half, p.score[keep] < half)
    decided = rings(won + won.T) / 2.0
    if decided < 1.0:
        return
    seen = rings(won) / decided
    up, down = _majorities(p, keep)
    due = square(up, down)
    two = due @ due
    expected = rings(due) / max(rings(due + due.T) / 2.0, 1e-300)
    # Variance: of each pair's part, what the two others are held at their mean; and of the rest.
    back, forth = two[j, i], two[i, j]
    mean = up * back + down * forth
    variance = float(np.sum(up * back**2 + down * forth**2 - mean**2)) + rings(due)
    z = (seen - expected) * decided / np.sqrt(max(variance, 1e-12))
    log_p = float(log_sum_tail(z)) if z > 0.0 else 0.0
    numbers = {"share": seen, "expected": expected, "triads": decided, "z": z, "log_p": log_p}
    said = (
        f"{seen:.1%} of {decided:,.0f} triads are rings (a beats b beats c beats a); chance would "
        f"make {expected:.1%}"
    )
    many = seen - expected >= _FAR and seen >= 1.3 * expected
    found = False
    if z > 4.0 and many and (seen - expected) * decided >= 3.0:
        found = True
        yield Finding(
            "cycles", GRAVE if z > 6.0 else WORTH, f"{said} (z = {z:.1f}).", numbers, {},
            "No ranking tells such results: strength depends on whom an item meets. Look at the "
            "pairs that fit worst, or rate by kind of task.", (seen - expected) * 20.0,
        )  # fmt: skip
    ring = _surest(p, keep, square, chosen, decided)
    if ring is not None:
        found = True
        items, log_p = ring
        names = tuple(e.items[list(items)].tolist())
        yield Finding(
            "cycles", GRAVE,
            f"{' beats '.join(listed([x]) for x in (*names, names[0]))}, each far more often than "
            f"strengths allow ({odds_of(log_p)}, corrected for all triads).",
            {**numbers, "log_p": log_p}, {"items": names},
            "No order of the three tells this: look at these pairs, or say so beside the ranking.",
            min(-log_p / 50.0, 3.0),
        )  # fmt: skip
    if not found:
        yield Finding("cycles", FINE, f"{said}.", numbers)


def _majorities(p: Pairs, keep: NDArray[Any]) -> tuple[Floats, Floats]:
    """Chances that first, and second, get more than half of the points of a pair."""
    from scipy.special import bdtr, bdtrc, ndtr

    m, mean, tie = p.mass[keep], p.expected[keep], p.expected_tie[keep]
    sd = np.sqrt(np.maximum(p.variance[keep], 1e-12))
    step = np.where(tie > 0.0, 0.25, np.where(m % 2 == 0.0, 0.5, 0.0))  # 0 between numbers
    up, down = ndtr((mean - m / 2.0 - step) / sd), ndtr((m / 2.0 - step - mean) / sd)
    plain = (tie == 0.0) & (m == np.floor(m)) & (p.tie[keep] == 0.0) & (m < _MANY)
    k = np.floor(m[plain] / 2.0)
    share = np.clip(mean[plain] / m[plain], 0.0, 1.0)
    up[plain] = bdtrc(k, m[plain].astype(int), share)
    down[plain] = bdtr(np.ceil(m[plain] / 2.0) - 1.0, m[plain].astype(int), share)
    one = (m < 1.5) & ~plain
    up[one], down[one] = ((mean - tie / 2.0) / m)[one], (1.0 - (mean + tie / 2.0) / m)[one]
    return up, down


def _surest(
    p: Pairs, keep: NDArray[Any], square: Any, chosen: NDArray[Any], triads: float
) -> tuple[tuple[int, int, int], float] | None:
    """The ring whose three results are least probable together, if it is beyond chance.

    Three probabilities are put together as Fisher did; all three must be small by themselves.
    """
    z, share = p.z[keep], p.score[keep] / p.mass[keep]
    tail = log_tail(p.score[keep], p.mass[keep], p.expected[keep]) - np.log(2.0)
    far = np.abs(z) >= _STRONG
    wins = square(far & (z > 0) & (share > 0.5), far & (z < 0) & (share < 0.5)) > 0
    cost = square(tail, tail)
    best: tuple[float, tuple[int, int, int]] | None = None
    a, b = np.nonzero(wins)
    for at in np.argsort(cost[a, b], kind="stable")[:_EDGES]:
        i, j = int(a[at]), int(b[at])
        third = np.flatnonzero(wins[j] & wins[:, i])
        if len(third):
            total = cost[i, j] + cost[j, third] + cost[third, i]
            k = int(np.argmin(total))
            if best is None or total[k] < best[0]:
                best = float(total[k]), (i, j, int(third[k]))
    if best is None:
        return None
    h = -best[0]
    log_p = min(-h + np.log1p(h + h * h / 2.0) + np.log(2.0 * triads), 0.0)
    if log_p >= np.log(1e-4):
        return None
    i, j, k = best[1]
    return (int(chosen[i]), int(chosen[j]), int(chosen[k])), float(log_p)
