"""Checks of the order: whether being first helps, or says who won."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, WORTH, Finding, listed, odds_of
from venire.diagnostics._solve import log_sum_tail

__all__ = ["constant", "order"]

LARGE = 0.53  # of the points at equal strength
SMALL = 0.02
_CERTAIN = np.log(1e-6)
_FEW = 20.0  # comparisons below which nothing is said of a constant outcome
_NEARLY = 0.98


def constant(e: Evidence) -> Iterator[Finding]:
    """One side always, or nearly always, won; or nothing but ties."""
    if e.tie_share > 0.95 and e.mass.sum() >= _FEW:
        yield Finding(
            "outcomes", GRAVE, f"{e.tie_share:.1%} of the comparisons are ties.",
            {"tie_share": e.tie_share}, {},
            "They tell no item from another: was the outcome read as it was meant?", 19.0,
        )  # fmt: skip
        return
    mass, points = e.advantage
    if mass < _FEW:
        return
    share = points / mass
    far = max(share, 1.0 - share)
    if far < _NEARLY:
        return
    side = "first" if share > 0.5 else "second"
    if e.declared:
        yield Finding("outcomes", FINE, "first is the winner of every row, as was said.")
    elif far == 1.0:
        yield Finding(
            "outcomes", WORTH,
            f"the {side} item won every row: the columns name winner and loser, or the outcome was "
            "not read.",
            {"first_share": share}, {},
            "If they name winner and loser all is well, and order tells nothing. If not, name the "
            "column that says who won.", 1.0,
        )  # fmt: skip
    else:
        yield Finding(
            "outcomes", GRAVE,
            f"the {side} item won {far:.1%} of all points: did you mean winner and loser?",
            {"first_share": share}, {},
            "Look at the rows where it did not: an outcome may be read the wrong way round.", 18.0,
        )  # fmt: skip


def order(e: Evidence) -> Iterator[Finding]:
    """Whether first wins more than second at equal strength."""
    gamma, error = e.order_z
    mass, points = e.advantage
    if not np.isfinite(error) or mass < _FEW or not 1.0 - _NEARLY <= points / mass <= _NEARLY:
        return
    log_p = float(log_sum_tail(gamma / error))
    chance = float(e.law(np.array([gamma]))[0][0])
    side = "first" if gamma > 0 else "second"
    even = max(chance, 1.0 - chance)
    numbers = {
        "estimate": gamma, "standard_error": error, "log_p": log_p,
        "share_at_equal_strength": chance, "share": points / mass,
    }  # fmt: skip
    said = f"{abs(gamma):.3f} (SE {error:.3f}, {odds_of(log_p)})"
    if log_p > np.log(1e-3) or abs(gamma) < SMALL:
        text = f"no sure effect of being first: {gamma:+.3f} (SE {error:.3f}, {odds_of(log_p)})."
        yield Finding("order effect", FINE, text, numbers)
        return
    known = f"at equal strength the {side} item gets {even:.1%} of the points: effect {said}."
    if e.order_effect:
        text = f"{known} The fit is told of it."
        yield Finding("order effect", FINE, text, numbers)
        return
    grave = even >= LARGE and log_p < _CERTAIN
    yield Finding(
        "order effect", GRAVE if grave else WORTH, known + _uneven(e), numbers, {},
        "Fit it (order_effect=True, --order-effect), or show each pair in both orders.",
        min(abs(gamma / error), 30.0) / 10.0 + abs(gamma),
    )  # fmt: skip


def _uneven(e: Evidence) -> str:
    """Which item was first most unevenly, if one was."""
    c, n = e.comparisons, len(e.items)
    ahead = e.mass * c.order
    balance = np.bincount(c.first, ahead, n) - np.bincount(c.second, ahead, n)
    ordered = e.mass * (c.order != 0)
    seen = np.bincount(c.first, ordered, n) + np.bincount(c.second, ordered, n)
    share = np.where(seen >= 10.0, balance / np.maximum(seen, 1.0), 0.0)
    k = int(np.argmax(np.abs(share)))
    if abs(share[k]) < 0.5:
        return ""
    often = (1.0 + share[k]) / 2.0
    return (
        f" {listed([e.items[k]])} was first in {often:.0%} of its games, so its rating is off most."
    )
