"""What was read from the folder of a loop, checked against what was read before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.distillation._ledger import ANSWERED, CHANCES, CLOSED, PENDING, SOFT
from venire.distillation._store import Part, Table

if TYPE_CHECKING:
    from venire.distillation._state import State

__all__ = ["check"]


def check(part: Part, state: State) -> None:
    """Raise ValueError if a part, which has its columns, cannot follow what is in the state."""
    table, universe, ledger = part.table, state.universe, state.ledger
    requests = {"request": (0, ledger.n_requests)}
    bounds: dict[str, dict[str, tuple[int, int]]] = {  # of columns: from, to before
        "asks": {
            "group": (0, universe.n_groups), "second_group": (0, universe.n_groups),
            "round": (1, state.n_rounds + 1),
        },
        "requests": {"ask": (0, ledger.n_asks), "teacher": (0, len(state.settings.teachers)),
                     "state": (PENDING, CLOSED + 1), "vote": (-1, SOFT + 1)},
        "answers": requests | {"vote": (-1, SOFT + 1)},
        "closed": requests,
        "predictions": {},
    }  # fmt: skip
    if part.kind not in bounds:
        raise ValueError("there are items in the first part already")
    for name, (low, end) in bounds[part.kind].items():
        if name in table:
            _within(table, name, low, end)
    if part.kind == "asks":
        _within(table, "first", 0, universe.sizes[table["group"]])
        _within(table, "second", 0, universe.sizes[table["second_group"]])
        same = (table["group"] == table["second_group"]) & (table["first"] == table["second"])
        checks.every(~same, "second", "is the item itself", table["second"])
    elif part.kind == "requests":
        if ("state" in table) != ("vote" in table):
            raise ValueError("there is one of the columns state and vote")
        if "state" in table:
            _answers(table, table["state"] == ANSWERED)
    elif part.kind == "answers":
        _answers(table, np.ones(len(table["vote"]), bool))
    elif part.kind == "predictions":
        prediction = table["prediction"]
        if len(prediction) != universe.n_items:
            raise ValueError(f"there are {len(prediction)} predictions of {universe.n_items} items")
        checks.every(~np.isinf(prediction), "prediction", "must be finite or nan", prediction)


def _answers(table: Table, answered: NDArray[np.bool_]) -> None:
    chances = [name for name in CHANCES if name in table]
    if len(chances) not in (0, 3):
        raise ValueError(f"of the columns win, tie and loss there is only {', '.join(chances)}")
    soft = answered & (table["vote"] == SOFT)
    if not chances:
        checks.every(~soft, "vote", "must have probabilities", table["vote"])
        return
    for name in chances:
        x = table[name]
        checks.every((x >= 0.0) & (x <= 1.0), name, "must be between 0 and 1", x)
    total = sum(table[name] for name in chances)
    good = (np.abs(total - 1.0) < 1e-3) | ~soft
    checks.every(good, "win", "must be 1 with tie and loss", total)


def _within(table: Table, name: str, low: int, end: Any) -> None:
    x = table[name]
    checks.every((x >= low) & (x < end), name, "is none that there is", x)
