"""What was read from the folder of a loop, checked against what was read before it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.distillation._ledger import ANSWERED, CLOSED, PENDING, SOFT, Ledger
from venire.distillation._settings import Settings
from venire.distillation._store import Part
from venire.distillation._universe import Universe

__all__ = ["check"]


def check(
    part: Part, universe: Universe, settings: Settings, ledger: Ledger, n_rounds: int
) -> None:
    """Raise ValueError if a part, which has its columns, cannot follow what is in the book."""
    table = part.table
    if part.kind == "items":
        raise ValueError("there are items in the first part already")
    if part.kind == "asks":
        for side in ("group", "second_group"):
            _within(table, side, 0, universe.n_groups - 1)
        _within(table, "first", 0, universe.sizes[table["group"]] - 1)
        _within(table, "second", 0, universe.sizes[table["second_group"]] - 1)
        same = (table["group"] == table["second_group"]) & (table["first"] == table["second"])
        _all("second", ~same, "is the item itself", table["second"])
        _within(table, "round", 1, n_rounds)
    elif part.kind == "requests":
        _within(table, "ask", 0, ledger.n_asks - 1)
        _within(table, "teacher", 0, len(settings.teachers) - 1)
        if ("state" in table) != ("vote" in table):
            raise ValueError("there is one of the columns state and vote")
        if "state" in table:
            state = table["state"]
            _all("state", np.isin(state, (PENDING, ANSWERED, CLOSED)), "is none", state)
            _votes(table, state == ANSWERED)
    elif part.kind == "answers":
        _within(table, "request", 0, ledger.n_requests - 1)
        _votes(table, np.ones(len(table["vote"]), bool))
    elif part.kind == "closed":
        _within(table, "request", 0, ledger.n_requests - 1)
    elif part.kind == "predictions":
        prediction = table["prediction"]
        if len(prediction) != universe.n_items:
            raise ValueError(f"there are {len(prediction)} predictions of {universe.n_items} items")
        _all("prediction", ~np.isinf(prediction), "must be finite or nan", prediction)


def _votes(table: Any, answered: NDArray[np.bool_]) -> None:
    vote = table["vote"]
    _within(table, "vote", -1, SOFT)
    chances = [name for name in ("win", "tie", "loss") if name in table]
    if len(chances) not in (0, 3):
        raise ValueError(f"of the columns win, tie and loss there is only {', '.join(chances)}")
    soft = answered & (vote == SOFT)
    if not chances:
        _all("vote", ~soft, "must have probabilities", vote)
        return
    for name in chances:
        x = table[name]
        _all(name, (x >= 0.0) & (x <= 1.0), "must be between 0 and 1", x)
    total = sum(table[name] for name in chances)
    _all("win", (np.abs(total - 1.0) < 1e-3) | ~soft, "must be 1 with tie and loss", total)


def _within(table: Any, name: str, low: int, high: Any) -> None:
    x = table[name]
    _all(name, (x >= low) & (x <= high), "is none that there is", x)


def _all(name: str, good: Any, rule: str, x: Any) -> None:
    if not np.all(good):
        at = int(np.argmin(good))
        checks.fail(name, rule, at, x[at])
